"""The three item functions in Python, for python.py and flowyml_map.py."""

import re

TAG = re.compile(r"<[^>]*>")
SPACE = re.compile(r"\s+")


def records(item):
    total = item["price"] * item["qty"]
    return {
        "id": item["id"],
        "name": item["name"],
        "country": item["country"],
        "total": total,
        "large": total > 1000,
    }


def text(item):
    return {"id": item["id"], "text": SPACE.sub(" ", TAG.sub("", item["text"])).lower()}


def numeric(item):
    x = item["x"]
    for i in range(1, 101):
        x = x * 0.99 + i
    return {"id": item["id"], "x": x}


WORK = {"records": records, "text": text, "numeric": numeric}
