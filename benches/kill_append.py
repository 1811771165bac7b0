#!/usr/bin/env python3
"""Kills runs that append with SIGKILL at random moments, resumes them, and checks that every row is there once.

    benches/kill_append.py [KILLS] [BINARY]   100 kills of target/release/flowrun

A pipeline that appends to a plain file, a compressed one and a table is begun, killed, resumed, killed again … until it comes to its
end; then the next one is begun on the same files. Half of the kills fall within the time in which a run appends. Checked after
each end: all of them hold the rows of every run that came to its end, each once and in order, behind one header. Checked after
each kill, when another process has looked at the files: no row is cut in two.
"""
import gzip, json, pathlib, random, sqlite3, subprocess, sys, tempfile, time

PIPELINE = """steps:
  in: { read: in.jsonl }
  plain: { from: in, write: { path: plain.csv, mode: append } }
  packed: { from: in, needs: plain, write: { path: packed.csv.gz, mode: append } }
  base: { from: in, needs: packed, write: { path: base.db, table: rows, mode: append } }
  late: { from: in, needs: base, map: return item }
  out: { from: late, write: out.jsonl }
"""
LOOK = """steps:
  none: { items: [] }
  plain: { from: none, write: { path: plain.csv, mode: append } }
  packed: { from: none, write: { path: packed.csv.gz, mode: append } }
"""
ROWS = 20000

root = pathlib.Path(__file__).resolve().parent.parent
kills = int(sys.argv[1]) if len(sys.argv) > 1 else 100
binary = str(pathlib.Path(sys.argv[2]).resolve()) if len(sys.argv) > 2 else str(root / "target/release/flowrun")
random.seed(7)


def rows(path):
    """The rows of a file without its header, or why it is not whole."""
    if not path.exists():
        return []
    data = path.read_bytes()
    text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode()
    assert not text or text.endswith("\n"), f"{path.name}: a row is cut in two"
    lines = text.split("\n")[:-1]
    assert not lines or lines[0] == "id,text", f"{path.name}: no header"
    assert lines.count("id,text") <= 1, f"{path.name}: two headers"
    return lines[1:]


def table(path):
    """How often each row stands in the table."""
    if not (path / "base.db").exists():
        return []
    base = sqlite3.connect(path / "base.db")
    try:
        return base.execute("SELECT count(*), min(c), max(c) FROM (SELECT count(*) AS c FROM rows GROUP BY id)").fetchone()
    except sqlite3.OperationalError:
        return []
    finally:
        base.close()


def listed(path):
    """All kept runs, the newest first."""
    shown = subprocess.run([binary, "runs", "--format", "json"], cwd=path, capture_output=True, text=True)
    return json.loads(shown.stdout)


def last(path):
    return listed(path)[0]


def start(path, *words):
    return subprocess.Popen([binary, *words, "-q"], cwd=path, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


with tempfile.TemporaryDirectory() as folder:
    path = pathlib.Path(folder)
    (path / "pipeline.yaml").write_text(PIPELINE)
    (path / "look.yaml").write_text(LOOK)
    batch = [f"{n},text {n}" for n in range(ROWS)]
    (path / "in.jsonl").write_text("".join(f'{{"id":{n},"text":"text {n}"}}\n' for n in range(ROWS)))
    begun = time.monotonic()
    process = start(path, "pipeline.yaml")
    assert process.wait() == 0, process.stderr.read().decode()
    takes = time.monotonic() - begun
    hits, within = 0, 0
    while hits < kills or last(path)["status"] != "succeeded":
        resume = last(path)["status"] != "succeeded"
        process = start(path, *(["resume"] if resume else ["pipeline.yaml"]))
        if hits < kills and hits % 2:
            # Within an append: its addition lies beside the file only then.
            while process.poll() is None and not list(path.glob(".flowrun-*.append")):
                pass
            time.sleep(random.random() * 0.002)
        elif hits < kills:
            time.sleep(random.random() * takes)
        else:
            process.wait()
        was_running = process.poll() is None
        within += was_running and bool(list(path.glob(".flowrun-*.append")))
        process.kill()
        _, said = process.communicate()
        assert was_running or process.returncode == 0, said.decode()
        hits += was_running
        look = start(path, "look.yaml", "--no-state")
        assert look.wait() == 0, look.stderr.read().decode()
        # Runs that came to their end, and each of these is a new beginning.
        ended = sum(run["status"] == "succeeded" for run in listed(path))
        is_over = last(path)["status"] == "succeeded"
        for name in ("plain.csv", "packed.csv.gz"):
            seen = rows(path / name)
            whole = [ended] if is_over else [ended, ended + 1]
            assert seen in [batch * count for count in whole], f"{name}: {len(seen)} rows after {ended} runs"
        times = [(ROWS, count, count) for count in whole]
        assert table(path) in times, f"base.db: {table(path)} after {ended} runs"
    print(f"{hits} kills, {within} of them within an append, {ended} runs came to their end: every row is there once")
