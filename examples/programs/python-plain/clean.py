"""The protocol in plain Python: one request a line in, one answer a line out, in any order, until the input ends."""

import json
import sys


def clean(doc):
    if not isinstance(doc.get("text"), str):
        return {"error": {"message": "text is null", "retryable": False}}
    words = doc["text"].split()
    if not words:
        return {"skip": "no text"}
    return {"value": {**doc, "text": " ".join(words), "words": len(words)}}


for line in sys.stdin:
    request = json.loads(line)
    try:
        answer = clean(request["item"])
    except Exception as error:
        answer = {"error": {"message": repr(error)}}
    print(json.dumps({"id": request["id"], **answer}, ensure_ascii=False), flush=True)
