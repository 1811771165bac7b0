"""Squeezes the white space of a document, counts its words, and leaves out documents without any."""

import flowrun


def clean(doc):
    if not isinstance(doc.get("text"), str):
        raise flowrun.Fail("text is null")
    words = doc["text"].split()
    if not words:
        raise flowrun.Skip("no text")
    return {**doc, "text": " ".join(words), "words": len(words)}


if __name__ == "__main__":
    flowrun.serve(clean)
