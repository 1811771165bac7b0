#!/usr/bin/env python3
"""Kills running flowrun processes with SIGKILL at random moments, resumes them, and checks what is promised.

    benches/kill.py [KILLS] [BINARY]          200 kills of target/release/flowrun

A pipeline of 2000 items is begun, killed, resumed, killed again … until it comes to its end; then the next is begun.
After each kill the items are noted whose results the journal holds. Checked are: the output is byte for byte that of
an undisturbed run; no item whose result was committed is called for again; and at most the items since the last commit
are. Calls are counted by what the function prints, which comes out as events.
"""
import json, pathlib, random, subprocess, sys, tempfile, time

PIPELINE = """steps:
  docs:
    read: in.jsonl
  work:
    from: docs
    map:
      concurrency: 16
      retries: 1
      lua: |
        print('call')
        time.sleep(0.004)
        if item.id % 10 == 0 then flow.skip('tens') end
        if item.id % 7 == 0 and ctx.attempt == 1 then error('flaky') end
        return { id = item.id, square = item.id * item.id }
  odd:
    from: work
    filter: item.id % 2 == 1
  save:
    from: odd
    write: out.jsonl
"""
ITEMS = 2000
WITHIN = 0.8
# A commit is at most 200 ms old, and takes some milliseconds itself; in that time 16 sleepers do so many items.
WINDOW = int(16 * 0.5 / 0.004)

root = pathlib.Path(__file__).resolve().parent.parent
kills = int(sys.argv[1]) if len(sys.argv) > 1 else 200
binary = str(pathlib.Path(sys.argv[2]).resolve()) if len(sys.argv) > 2 else str(root / "target/release/flowrun")


def project():
    folder = tempfile.TemporaryDirectory()
    path = pathlib.Path(folder.name)
    (path / "pipeline.yaml").write_text(PIPELINE)
    (path / "in.jsonl").write_text("".join(f'{{"id":{n}}}\n' for n in range(1, ITEMS + 1)))
    return folder, path


def flowrun(path, *words):
    return subprocess.run([binary, *words], cwd=path, capture_output=True, text=True)


def last_run(path):
    if not (path / ".flowrun").is_dir():
        return None
    runs = json.loads(flowrun(path, "runs", "--format", "json").stdout)
    return runs[0]["run"] if runs else None


def committed(path, run):
    lines = flowrun(path, "show", run, "work", "--results", "--format", "jsonl").stdout.splitlines()
    return {json.loads(line)["index"] for line in lines}


def called(path):
    found = set()
    events = path / "events.jsonl"
    for line in events.read_text().splitlines() if events.exists() else []:
        try:
            event = json.loads(line)
        except ValueError:
            continue  # the line in which the process was killed
        if event["event"] == "log":
            found.add(event["index"])
    return found


def begin(path):
    run = last_run(path)
    (path / "events.jsonl").unlink(missing_ok=True)
    words = ["resume", run] if run else ["pipeline.yaml"]
    return subprocess.Popen([binary, *words, "--events", "events.jsonl", "-q"], cwd=path)


folder, path = project()
assert flowrun(path, "pipeline.yaml", "--no-state").returncode == 0
expect = (path / "out.jsonl").read_bytes()

spent = finished = again = widest = 0
folder, path = project()
done, tried = set(), set()
while True:
    child = begin(path)
    if spent < kills:
        time.sleep(random.uniform(0, WITHIN))
    else:
        child.wait()
    was_running = child.poll() is None
    child.kill()
    code = child.wait()
    calls = called(path)
    twice = calls & done
    assert not twice, f"{len(twice)} committed items have run again, as {sorted(twice)[:5]}"
    again += len(calls & tried)
    widest = max(widest, len(calls & tried))
    tried |= calls
    if was_running:
        spent += 1
        run = last_run(path)
        done |= committed(path, run) if run else set()
        if spent % 20 == 0:
            print(f"{spent} kills, {finished} pipelines finished", flush=True)
        continue
    assert code == 0, f"exit code {code}"
    assert (path / "out.jsonl").read_bytes() == expect, f"the output differs in {path}"
    finished += 1
    if spent >= kills:
        break
    folder, path = project()
    done, tried = set(), set()

assert widest <= WINDOW, f"{widest} items were repeated after one kill, at most {WINDOW} may be"
print(f"{spent} kills, {finished} pipelines of {ITEMS} items finished, each byte for byte as undisturbed")
print(f"committed items that ran again: 0; others that ran again: {again}, at most {widest} after one kill")
