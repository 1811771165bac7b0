#!/usr/bin/env bash
# Measures flowrun against programs that do the same work, and prints the ratios beside the goals.
#
#   benches/run.sh                 everything, full size: about half an hour and 5 GB in benches/data
#   QUICK=1 benches/run.sh         a hundredth of it, to see that it works
#   ONLY="records memory" benches/run.sh
#
# Parts: records text numeric cpu ten retry sleep memory. Sizes and programs can be set:
#   RECORDS TEXTS NUMBERS          lines of the three inputs
#   FLOWYML_RECORDS                lines for FlowyML, which holds all of them in memory
#   CPU_ITEMS MEMORY_SMALL MEMORY_LARGE RUNS
#   FLOWRUN                        the binary to measure; built when not given
#   FLOWYML_PYTHON                 a Python that has flowyml; by default a virtual environment in benches/data
#
# Needs hyperfine, GNU time and python3; without node or flowyml their rows are left out, which is said.
set -euo pipefail
[[ -z ${FLOWRUN:-} ]] || FLOWRUN=$(realpath "$FLOWRUN")
target=$(realpath -m "${CARGO_TARGET_DIR:-$(dirname "$0")/../target}")
cd "$(dirname "$0")"

if [[ -n ${QUICK:-} ]]; then
  : "${RECORDS:=20000}" "${TEXTS:=5000}" "${NUMBERS:=10000}" "${FLOWYML_RECORDS:=2000}" "${CPU_ITEMS:=2000}"
  : "${MEMORY_SMALL:=10000}" "${MEMORY_LARGE:=100000}" "${RUNS:=2}"
fi
: "${RECORDS:=2000000}" "${TEXTS:=500000}" "${NUMBERS:=2000000}" "${FLOWYML_RECORDS:=200000}" "${CPU_ITEMS:=20000}"
: "${MEMORY_SMALL:=1000000}" "${MEMORY_LARGE:=10000000}" "${RUNS:=5}"
: "${ONLY:=records text numeric cpu ten retry sleep memory}"

data=data out=data/out results=data/results
rival=$target/rival/release/rival
mkdir -p "$out" "$results"
rm -f "$results"/*

say() { printf '== %s\n' "$*" >&2; }
wanted() { [[ " $ONLY " == *" $1 "* ]]; }
need() {
  command -v "$1" >/dev/null && return
  printf 'benches/run.sh needs %s: %s\n' "$1" "$2" >&2
  exit 1
}

need hyperfine "apt-get install hyperfine, or cargo install hyperfine"
need /usr/bin/time "apt-get install time"
need python3 "apt-get install python3"

say "building"
(cd rivals/rust && cargo build --quiet --release --target-dir "$target/rival")
if [[ -z ${FLOWRUN:-} ]]; then
  (cd .. && cargo build --quiet --release --target-dir "$target")
  FLOWRUN=$target/release/flowrun
fi

node=$(command -v node || true)
[[ -n $node ]] || say "no node: its rows are left out"

flowyml=${FLOWYML_PYTHON:-$data/venv/bin/python}
if wanted records && ! "$flowyml" -c 'import flowyml' 2>/dev/null; then
  say "installing flowyml into benches/data/venv"
  flowyml=$data/venv/bin/python
  if ! { python3 -m venv $data/venv && $data/venv/bin/pip install --quiet flowyml; }; then
    say "flowyml cannot be installed: its row is left out"
    flowyml=
  fi
fi

# input KIND LINES [NAME]: makes the file unless it is there with that many lines.
input() {
  local file=$data/${3:-$1}.jsonl
  [[ -f $file.lines && $(<"$file.lines") == "$2" ]] && return
  say "generating $2 lines of $1"
  "$rival" gen "$1" "$2" "$file"
  echo "$2" >"$file.lines"
}

# measure NAME ARGUMENT...: hyperfine without a shell between.
measure() {
  local name=$1
  shift
  hyperfine --shell=none --style=basic --export-json "$results/$name.json" "$@" >&2
}

# against KIND LINES: flowrun and every rival on the same file, then their outputs compared.
against() {
  local kind=$1 file=$data/$1.jsonl commands=()
  input "$kind" "$2"
  commands+=(-n "rust, serde_json::Value" "$rival value $kind $file $out/$kind.value.jsonl")
  commands+=(-n "rust, typed structs" "$rival typed $kind $file $out/$kind.typed.jsonl")
  commands+=(-n "flowrun" "$FLOWRUN -q pipelines/$kind.yaml")
  [[ -z $node ]] || commands+=(-n "node, worker threads" "$node rivals/node.mjs $kind $file $out/$kind.node.jsonl")
  commands+=(-n "python, multiprocessing" "python3 rivals/python.py $kind $file $out/$kind.python.jsonl")
  measure "$kind" --warmup 1 --runs "$RUNS" "${commands[@]}"
  for name in typed flowrun ${node:+node} python; do
    "$rival" check "$out/$kind.value.jsonl" "$out/$kind.$name.jsonl"
  done
  echo "$2" >"$results/$kind.lines"
}

# peak FILE COMMAND...: peak resident memory in kB, as /usr/bin/time -v reports it.
peak() {
  local file=$1
  shift
  /usr/bin/time -v "$@" 2>"$file.log" || { cat "$file.log" >&2; exit 1; }
  sed -n 's/.*Maximum resident set size (kbytes): //p' "$file.log" >"$file"
}

wanted records && against records "$RECORDS"
if wanted records && [[ -n $flowyml ]]; then
  input records "$FLOWYML_RECORDS" records-flowyml
  measure flowyml --runs 2 -n "flowyml, map_task" \
    "$flowyml rivals/flowyml_map.py records $data/records-flowyml.jsonl $out/records.flowyml.jsonl"
  head -n "$FLOWYML_RECORDS" "$out/records.value.jsonl" >"$out/records.head.jsonl"
  "$rival" check "$out/records.head.jsonl" "$out/records.flowyml.jsonl"
  echo "$FLOWYML_RECORDS" >"$results/flowyml.lines"
fi
wanted text && against text "$TEXTS"
wanted numeric && against numeric "$NUMBERS"

if wanted cpu; then
  cpu="$FLOWRUN -q pipelines/cpu.yaml -p items=$CPU_ITEMS --set work.concurrency"
  measure cpu --warmup 1 --runs "$RUNS" -n "concurrency 1" "$cpu=1" -n "concurrency 2" "$cpu=2"
fi
wanted ten && measure ten --warmup 3 --runs 50 -n ten "$FLOWRUN -q pipelines/ten.yaml"
wanted retry && measure retry --warmup 1 --runs "$RUNS" -n retry "$FLOWRUN -q pipelines/retry.yaml"
if wanted sleep; then
  measure sleep --warmup 1 --runs "$RUNS" -n sleep "$FLOWRUN -q pipelines/sleep.yaml"
  python3 threads.py "$FLOWRUN" -q pipelines/sleep.yaml >"$results/sleep.threads"
fi
if wanted memory; then
  for size in small large; do
    lines=MEMORY_${size^^}
    input records "${!lines}" "records-$size"
    say "peak memory on ${!lines} lines"
    echo "${!lines}" >"$results/memory-$size.lines"
    peak "$results/memory-$size.kb" "$FLOWRUN" -q pipelines/records.yaml \
      -p "input=../$data/records-$size.jsonl" -p "output=../$out/memory.jsonl"
  done
fi

python3 table.py "$results"
