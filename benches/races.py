#!/usr/bin/env python3
"""Races a second process against the walls around Lua code, and counts what got out.

    benches/races.py [FLOWRUN]

While a map opens `pics/…`, another process swaps the folder `pics` with a link to a folder outside, as fast as it can. Each
opening must reach the folder that was there when it was checked, or fail; what lies outside must never be read or written.
Prints for each function: openings, those that succeeded, those that got out (the goal is 0).
"""

import ctypes
import json
import multiprocessing
import os
import struct
import subprocess
import sys
import tempfile
import time
import zlib

READS, WRITES = 120_000, 8_000
AT_FDCWD, RENAME_EXCHANGE = -100, 2


def swap(first, second, stop):
    """Exchanges two names until it is told to stop."""
    libc = ctypes.CDLL(None, use_errno=True)
    count = 0
    while not stop.is_set():
        for _ in range(500):
            libc.renameat2(AT_FDCWD, first, AT_FDCWD, second, RENAME_EXCHANGE)
            count += 1
    # An even number leaves things as they were.
    if count % 2:
        libc.renameat2(AT_FDCWD, first, AT_FDCWD, second, RENAME_EXCHANGE)


def png(width, path):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, width, 8, 2, 0, 0, 0)
    pixels = zlib.compress((b"\0" + bytes(3 * width)) * width)
    with open(path, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b""))


def database(path, text):
    import sqlite3

    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS t (x)")
        connection.execute("INSERT INTO t VALUES (?)", (text,))


CASES = [
    ("fs.read", READS, "fs.read('pics/a.txt')", "value ~= 'inside'"),
    ("image.open", READS, "image.open('pics/a.png').width", "value ~= 8"),
    ("img:save", WRITES, "saved:save('pics/new-' .. item % 64 .. '.png')", "false"),
    ("sqlite.open", WRITES, "sqlite.open('pics/a.db'):one('SELECT x FROM t').x", "value ~= 'inside'"),
]


def race(binary, name, count, call, is_outside):
    with tempfile.TemporaryDirectory() as folder:
        root, outside = os.path.join(folder, "in"), os.path.join(folder, "outside")
        for place, text, width in [(os.path.join(root, "pics"), "inside", 8), (outside, "outside", 17)]:
            os.makedirs(place)
            png(width, os.path.join(place, "a.png"))
            with open(os.path.join(place, "a.txt"), "w") as file:
                file.write(text)
            database(os.path.join(place, "a.db"), text)
        png(8, os.path.join(root, "own.png"))
        os.symlink(outside, os.path.join(root, "link"))
        before = sorted(os.listdir(outside))
        with open(os.path.join(root, "p.yaml"), "w") as file:
            file.write(f"""x-allow: [unused_step]
steps:
  numbers:
    items: {{lua: 'local l = {{}} for i = 1, {count} do l[i] = i end return l'}}
  try:
    from: numbers
    map:
      concurrency: 1
      setup: local saved = image.open('own.png')
      lua: |
        local ok, value = pcall(function() return {call} end)
        return {{ ok = ok, out = ok and ({is_outside}) or false }}
  save: {{from: try, write: tried.jsonl}}
""")
        stop = multiprocessing.Event()
        names = [os.path.join(root, name).encode() for name in ("pics", "link")]
        other = multiprocessing.Process(target=swap, args=(*names, stop))
        other.start()
        time.sleep(0.2)
        began = time.monotonic()
        ran = subprocess.run([binary, os.path.join(root, "p.yaml"), "--no-state", "-q"], stdin=subprocess.DEVNULL)
        took = time.monotonic() - began
        stop.set()
        other.join()
        with open(os.path.join(root, "tried.jsonl")) as file:
            tried = [json.loads(line) for line in file]
        made = [one for one in sorted(os.listdir(outside)) if one not in before]
        succeeded = sum(one["ok"] for one in tried)
        out = sum(one["out"] for one in tried) + len(made)
        print(f"{name:<12} {len(tried):>8} openings {succeeded:>8} succeeded {out:>4} got out   {took:.1f} s")
        return out == 0 and ran.returncode == 0 and len(tried) == count


def main():
    binary = os.path.realpath(sys.argv[1] if len(sys.argv) > 1 else "target/release/flowrun")
    sys.exit(0 if all([race(binary, *case) for case in CASES]) else 1)


if __name__ == "__main__":
    main()
