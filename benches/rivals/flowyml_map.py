"""FlowyML's `map_task`, which flowrun is to replace, on the same work.

    python flowyml_map.py records|text|numeric IN OUT [CONCURRENCY]

Needs `pip install flowyml`. It takes a list and submits all of it at once, so the whole input and all results are in
memory: give it a tenth of the lines and compare items per second. Importing the package takes more than a second; that
is part of the time from start to exit, and also written to standard error so that it can be taken off.
"""

import json
import sys
import time

start = time.perf_counter()
from flowyml import map_task  # noqa: E402

imported = time.perf_counter() - start

from work import WORK  # noqa: E402


def main(kind, source, target, concurrency="4"):
    task = map_task(concurrency=int(concurrency))(WORK[kind])
    with open(source, encoding="utf-8") as lines:
        items = [json.loads(line) for line in lines]
    result = task(items)
    with open(target, "w", encoding="utf-8") as out:
        for value in result.successful_results:
            out.write(json.dumps(value, ensure_ascii=False))
            out.write("\n")
    print(f"import {imported:.3f}", file=sys.stderr)


if __name__ == "__main__":
    if len(sys.argv) not in (4, 5) or sys.argv[1] not in WORK:
        sys.exit(__doc__)
    main(*sys.argv[1:])
