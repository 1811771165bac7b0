#!/usr/bin/env python3
"""Kills runs that split their output into many files, with SIGKILL, and checks what lies in the folder.

    benches/kill_split.py [KILLS] [BINARY]          100 kills of target/release/flowrun

Two inputs of different items and keys take turns. Half of the kills come at random moments, the other half while files
are being renamed, which the manifest tells. After each kill every file of the old state is there, or the manifest says
that files are moving; a file that flowrun did not write is as it was. After the next run that nobody kills all files are
those of the new state, byte for byte, and nothing else lies in the folder.
"""
import hashlib, os, pathlib, random, subprocess, sys, tempfile, time

ITEMS, KEYS = 60_000, 700
PIPELINE = """steps:
  rows: { read: in.jsonl }
  save:
    from: rows
    write: { path: "out/{key}/{part:03}.jsonl", by: item.key, rows: 40 }
"""

root = pathlib.Path(__file__).resolve().parent.parent
kills = int(sys.argv[1]) if len(sys.argv) > 1 else 100
binary = str(pathlib.Path(sys.argv[2]).resolve()) if len(sys.argv) > 2 else str(root / "target/release/flowrun")
random.seed(15)


def rows(state):
    """The lines of an input, and the files that they come to."""
    lines, parts, counts = [], {}, {}
    for number in range(ITEMS):
        key = f"{state if random.random() < 0.2 else ''}{random.randrange(KEYS)}"
        line = f'{{"key":"{key}","state":"{state}","n":{number}}}\n'
        at = counts[key] = counts.get(key, 0) + 1
        name = f"{key}/{(at - 1) // 40 + 1:03}.jsonl"
        parts[name] = parts.get(name, "") + line
        lines.append(line)
    return "".join(lines), parts


def digest(text):
    return hashlib.sha256(text if isinstance(text, bytes) else text.encode()).hexdigest()


def files(out):
    found = {}
    for folder, _, names in os.walk(out):
        for name in names:
            path = pathlib.Path(folder) / name
            found[str(path.relative_to(out))] = digest(path.read_bytes())
    return found


def is_moving(out):
    try:
        return '"moving": true' in (out / ".flowrun-files.json").read_text()
    except (FileNotFoundError, OSError):
        return False


states = {name: rows(name) for name in "ab"}
with tempfile.TemporaryDirectory() as folder:
    path = pathlib.Path(folder)
    out = path / "out"
    (path / "pipeline.yaml").write_text(PIPELINE)
    (out / "7").mkdir(parents=True)
    (out / "7" / "mine.jsonl").write_text("mine")

    def start(state):
        (path / "in.jsonl").write_text(states[state][0])
        words = [binary, "pipeline.yaml", "--no-state", "-q"]
        return subprocess.Popen(words, cwd=path, stdout=subprocess.DEVNULL)

    def check(state):
        assert start(state).wait() == 0
        found = files(out)
        found.pop(".flowrun-files.json")
        assert found.pop("7/mine.jsonl") == digest("mine"), "a foreign file was touched"
        expect = {name: digest(text) for name, text in states[state][1].items()}
        assert found == expect, f"{len(found)} files, {len(expect)} expected"

    began = time.time()
    check("a")
    took = time.time() - began
    state, within, missed = "a", 0, 0
    for kill in range(kills):
        other = "b" if state == "a" else "a"
        child = start(other)
        if kill % 2:
            while child.poll() is None and not is_moving(out):
                time.sleep(0.0005)
            time.sleep(random.uniform(0, 0.03))
        else:
            time.sleep(random.uniform(0, took))
        was_running = child.poll() is None
        child.kill()
        child.wait()
        missed += not was_running
        moving = is_moving(out)
        within += moving
        found = files(out)
        assert found["7/mine.jsonl"] == digest("mine"), "a foreign file was touched"
        if was_running and not moving and found.get(".flowrun-files.json"):
            kept = [all(found.get(name) == digest(text) for name, text in states[one][1].items()) for one in states]
            assert any(kept), "neither the old state nor the new one is whole"
        # Now and then the next run is killed as well, over the same input or the other one.
        if random.random() < 0.7:
            state = random.choice("ab")
            check(state)
    check("b")
print(f"{kills} kills, {within} of them while files were moving, {missed} too late: nothing lost, nothing foreign touched")
