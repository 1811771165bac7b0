"""The HTTP benchmark as a Python programmer would write it: a pool of a thousand threads over one of connections.

    python3 requests.py BASE REQUESTS OUT
"""

import json
import sys
from concurrent.futures import ThreadPoolExecutor

import urllib3


def main(base, requests, out):
    pool = urllib3.PoolManager(maxsize=1000, block=False)

    def ask(number):
        answer = pool.request("GET", f"{base}/{number}")
        if answer.status >= 400:
            raise RuntimeError(f"status {answer.status}")
        return json.dumps({"id": number, "ok": json.loads(answer.data)["ok"]}, separators=(",", ":"))

    with ThreadPoolExecutor(1000) as executor, open(out, "w", encoding="utf-8") as file:
        for line in executor.map(ask, range(1, requests + 1)):
            file.write(line + "\n")


main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
