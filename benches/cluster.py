#!/usr/bin/env python3
"""Measures steps on a real Slurm of three nodes, which `tests/slurm.sh` starts: `benches/cluster.py BINARY [PART…]`.

Parts, all of them where none is named:

first      from the start of a run to the first record of a worker, one item
items      20,000 items that take 10 ms, on 12 workers: time and jobs
tasks      the same, one task of an array for each of 500 items, or as many as the variable TASKS says: time and jobs
snakemake  the same, one job of Snakemake for each of 24 items, or as many as TASKS says; `snakemake` with its plugin for Slurm is looked
           for in PATH, and its jobs find the cluster by /etc/slurm/slurm.conf, which must not be there
skew       items of 137 s in all at the beginning of the input, 12 workers: time, and items that ran twice
overhead   processor time of coordinator and workers, 400,000 items of some 18 us in 8 parts, two at once, beside a run here
           by two threads; least of 7 in turns
"""

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
SLURM = os.path.join(HERE, "..", "tests", "slurm.sh")
STEPS = "steps:\n  rows: { read: rows.jsonl }\n  work: { from: rows, map: { concurrency: %s, lua: \"%s\" } }\n  save: { from: work, write: out.jsonl }\n"
SNAKEFILE = """rule all:
    input: expand("out/{i}.txt", i=range(int(config["items"])))
rule one:
    output: "out/{i}.txt"
    resources: mem_mb=100, runtime=10
    shell: "sleep 0.01; echo {wildcards.i} > {output}"
"""
LOOP = "local s = 0 for i = 1, 1500 do s = (s * 31 + i) % 1000003 end return { n = item.n, s = s }"


def project(folder, name, function, rows, more="", concurrency="1"):
    place = os.path.join(folder, name)
    os.mkdir(place)
    with open(os.path.join(place, "p.yaml"), "w") as file:
        file.write(STEPS % (concurrency, function) + more)
    with open(os.path.join(place, "rows.jsonl"), "w") as file:
        file.writelines(rows)
    return place


def on_slurm(binary, *settings):
    words = [binary, "p.yaml", "-q", "--on", "slurm", "--executor-set", "send_from=1"]
    for setting in settings:
        words += ["--executor-set", setting]
    return words


def jobs():
    shown = subprocess.run(["scontrol", "show", "job", "-o"], capture_output=True, text=True).stdout
    return sum("JobName=fr-" in line for line in shown.splitlines())


def timed(words, place):
    begun = time.monotonic()
    subprocess.run(words, cwd=place, check=True)
    return time.monotonic() - begun


def first(binary, folder):
    place = project(folder, "first", "return item.n", ['{"n":1}\n'])
    begun = time.monotonic()
    run = subprocess.Popen(on_slurm(binary), cwd=place)
    while not any(files for path, _, files in os.walk(place) if path.endswith("remote/done")):
        assert run.poll() is None, "it has ended before"
        time.sleep(0.005)
    print(f"first record after {time.monotonic() - begun:.2f} s")
    run.wait()


def items(binary, folder):
    rows = ['{"n":%d}\n' % n for n in range(1, 20_001)]
    place = project(folder, "items", "time.sleep(0.01) return item.n", rows)
    before = jobs()
    seconds = timed(on_slurm(binary, "workers=12", "commit=30s"), place)
    print(f"20,000 items of 10 ms on 12 workers: {seconds:.1f} s, {jobs() - before} jobs (16.7 s would be the least)")


def tasks(_, folder):
    script = "#!/bin/sh\nsleep 0.01\n"
    count = int(os.environ.get("TASKS", 500))
    words = ["sbatch", "--wait", f"--array=0-{count - 1}", "-o", "/dev/null", "--chdir", folder]
    begun = time.monotonic()
    subprocess.run(words, input=script, text=True, check=True, stdout=subprocess.DEVNULL)
    seconds = time.monotonic() - begun
    print(f"{count} items of 10 ms, a task each: {seconds:.1f} s, {count} jobs, {count / seconds:.0f} items a second")


def snakemake(_, folder):
    count = int(os.environ.get("TASKS", 24))
    place = os.path.join(folder, "snakemake")
    os.mkdir(place)
    with open(os.path.join(place, "Snakefile"), "w") as file:
        file.write(SNAKEFILE)
    own = "/etc/slurm/slurm.conf"
    words = ["snakemake", "--config", f"items={count}", "--executor", "slurm", "--jobs", "12", "--quiet", "all"]
    words += ["--slurm-no-account", "--slurm-status-command", "squeue", "--slurm-init-seconds-before-status-checks", "5"]
    words += ["--latency-wait", "5", "--default-resources", "slurm_partition=main"]
    os.makedirs(os.path.dirname(own), exist_ok=True)
    os.symlink(os.environ["SLURM_CONF"], own)
    try:
        seconds = timed(words, place)
    finally:
        os.unlink(own)
    print(f"{count} items of 10 ms, a job of Snakemake each: {seconds:.1f} s, {count} jobs")


def skew(binary, folder):
    # 137 items of a second stand in the first of 24 parts; the others are of next to nothing.
    rows = ['{"n":%d}\n' % n for n in range(1, 24 * 137 + 1)]
    function = "exec.run({'sh', '-c', 'echo ' .. item.n .. ' >> ran'}) if item.n <= 137 then time.sleep(1) end return item.n"
    place = project(folder, "skew", function, rows, "permissions: { exec: [sh] }\n")
    seconds = timed(on_slurm(binary, "workers=12", "commit=5s"), place)
    ran = open(os.path.join(place, "ran")).read().split()
    print(f"137 s in the first part of 24, 12 workers: {seconds:.1f} s, {len(ran) - len(set(ran))} items ran twice")


def processor_seconds(words, place):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(words, cwd=place, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def watch(place, ended, used):
    """Notes what each worker has needed so far, until all is over: the last look is some hundredths of a second old."""
    tick = os.sysconf("SC_CLK_TCK")
    while not ended.is_set():
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/cmdline") as file:
                    words = file.read()
                if "\0worker\0" in words and place in words:
                    with open(f"/proc/{pid}/stat") as file:
                        fields = file.read().rsplit(")", 1)[1].split()
                    used[pid] = (int(fields[11]) + int(fields[12])) / tick
            except OSError:
                pass
        time.sleep(0.02)


def overhead(binary, folder):
    rows = ['{"n":%d}\n' % n for n in range(400_000)]
    place = project(folder, "overhead", LOOP, rows)
    here, sent = [], {"1s": [], "30s": []}
    for _ in range(7):
        here.append(processor_seconds([binary, "p.yaml", "-q", "--set", "work.concurrency=2"], place))
        for commit, seconds in sent.items():
            ended, used = threading.Event(), {}
            watcher = threading.Thread(target=watch, args=(place, ended, used))
            watcher.start()
            # Four workers are eight parts, and two of them run at once: as many as there are threads here.
            two = "extra=[--nodelist=n1, --cpus-per-task=2]"
            coordinator = processor_seconds(on_slurm(binary, "workers=4", f"commit={commit}", two), place)
            ended.set()
            watcher.join()
            seconds.append(coordinator + sum(used.values()))
    for commit, seconds in sent.items():
        ratio = min(seconds) / min(here)
        print(f"400,000 items, commit {commit}: {min(here):.2f} s of processor time here, {min(seconds):.2f} s on Slurm: {ratio:.3f}")


PARTS = {"first": first, "items": items, "tasks": tasks, "snakemake": snakemake, "skew": skew, "overhead": overhead}


def main():
    binary = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        cluster = os.path.join(folder, "slurm")
        os.environ["SLURM_CONF"] = os.path.join(cluster, "slurm.conf")
        subprocess.run([SLURM, "start", cluster, "MaxJobCount=50000", "MaxArraySize=40000"], check=True)
        try:
            for name in sys.argv[2:] or PARTS:
                if name == "snakemake" and not sys.argv[2:] and shutil.which(name) is None:
                    print("NOT RUN: there is no `snakemake`")
                    continue
                PARTS[name](binary, folder)
        finally:
            subprocess.run([SLURM, "stop", cluster], check=False)


if __name__ == "__main__":
    main()
