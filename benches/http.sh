#!/usr/bin/env bash
# Measures requests to a server on loopback that answers after 50 ms, a thousand at once: flowrun, Python with a thousand
# threads and urllib3, and xargs with curl. Prints requests a second, threads and peak memory beside the goals.
#
#   benches/http.sh                10,000 requests, three runs each
#   REQUESTS=500 RUNS=1 benches/http.sh
#   FLOWRUN=path/to/flowrun        the binary to measure; built when not given
#   REQUESTS_PYTHON                a Python that has urllib3; by default a virtual environment in benches/data
#
# Needs hyperfine, GNU time and python3; a rival that is not there is left out, which is said.
set -euo pipefail
[[ -z ${FLOWRUN:-} ]] || FLOWRUN=$(realpath "$FLOWRUN")
target=$(realpath -m "${CARGO_TARGET_DIR:-$(dirname "$0")/../target}")
cd "$(dirname "$0")"
: "${REQUESTS:=10000}" "${RUNS:=3}" "${PAUSE:=50}"

data=data out=data/out results=data/results
rival=$target/rival/release/rival
mkdir -p "$out" "$results"

say() { printf '== %s\n' "$*" >&2; }
for tool in hyperfine /usr/bin/time python3; do
  command -v "$tool" >/dev/null || { say "benches/http.sh needs $tool"; exit 1; }
done
ulimit -n "$(ulimit -Hn)"

say "building"
(cd rivals/rust && cargo build --quiet --release --target-dir "$target/rival")
if [[ -z ${FLOWRUN:-} ]]; then
  (cd .. && cargo build --quiet --release --target-dir "$target")
  FLOWRUN=$target/release/flowrun
fi

python=${REQUESTS_PYTHON:-$data/venv/bin/python}
if ! "$python" -c 'import urllib3' 2>/dev/null; then
  say "installing urllib3 into benches/data/venv"
  python=$data/venv/bin/python
  if ! { [[ -x $python ]] || python3 -m venv $data/venv; } || ! $data/venv/bin/pip install --quiet urllib3; then
    say "urllib3 cannot be installed: its row is left out"
    python=
  fi
fi

exec {server}< <(exec "$rival" serve "$PAUSE")
served=$!
trap 'kill "$served" 2>/dev/null || true' EXIT
read -r address <&"$server"
base=http://$address

flowrun=("$FLOWRUN" -q pipelines/http.yaml -p "base=$base" -p "requests=$REQUESTS")
commands=(-n flowrun "${flowrun[*]}")
[[ -z $python ]] || commands+=(-n "python, ThreadPoolExecutor(1000) + urllib3" "$python rivals/requests.py $base $REQUESTS $out/http.python.jsonl")
if command -v curl >/dev/null; then
  seq -f "$base/%.0f" "$REQUESTS" >"$data/http.urls"
  commands+=(-n "xargs -P 1000, curl" "xargs -a $data/http.urls -P 1000 -n 1 curl -sf -o /dev/null")
else
  say "no curl: its row is left out"
fi
hyperfine --shell=none --style=basic --warmup 1 --runs "$RUNS" --export-json "$results/http.json" "${commands[@]}" >&2
[[ $(wc -l <"$out/http.jsonl") == "$REQUESTS" ]] || { say "flowrun's output is not whole"; exit 1; }
[[ -z $python ]] || cmp "$out/http.jsonl" "$out/http.python.jsonl"
python3 threads.py "${flowrun[@]}" >"$results/http.threads"
/usr/bin/time -f %M -o "$results/http.kb" "${flowrun[@]}"

python3 - "$results" "$REQUESTS" <<'PYTHON'
import json, sys
from pathlib import Path

results, requests = Path(sys.argv[1]), int(sys.argv[2])
runs = json.loads((results / "http.json").read_text())["results"]
rates = {run["command"]: requests / run["min"] for run in runs}
print("| program | requests/s | flowrun is … times as fast |\n|---|--:|--:|")
for name, rate in rates.items():
    print(f"| {name} | {rate:,.0f} | {rates['flowrun'] / rate:.2f} |")
threads = int((results / "http.threads").read_text())
megabytes = int((results / "http.kb").read_text()) * 1024 / 1e6
rows = [
    ("requests/s", rates["flowrun"], "≥", 5000, rates["flowrun"] >= 5000),
    ("threads", threads, "≤", 16, threads <= 16),
    ("peak memory, MB", megabytes, "≤", 300, megabytes <= 300),
]
print("\n| what | measured | goal | |\n|---|--:|--:|---|")
for what, measured, sign, goal, good in rows:
    print(f"| {what} | {measured:,.0f} | {sign} {goal:,} | {'ok' if good else 'MISSED'} |")
sys.exit(0 if all(good for *_, good in rows) else 1)
PYTHON
