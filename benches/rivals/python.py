"""Python on two processes: `multiprocessing.Pool.imap` over the lines in chunks of 1000, results in input order.

    python3 python.py records|text|numeric IN OUT [WORKERS]
"""

import json
import sys
from functools import partial
from multiprocessing import Pool

from work import WORK


def process(kind, line):
    return json.dumps(WORK[kind](json.loads(line)), ensure_ascii=False)


def main(kind, source, target, workers="2"):
    with open(source, encoding="utf-8") as lines, open(target, "w", encoding="utf-8") as out:
        with Pool(int(workers)) as pool:
            for result in pool.imap(partial(process, kind), lines, chunksize=1000):
                out.write(result)
                out.write("\n")


if __name__ == "__main__":
    if len(sys.argv) not in (4, 5) or sys.argv[1] not in WORK:
        sys.exit(__doc__)
    main(*sys.argv[1:])
