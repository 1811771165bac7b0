#!/usr/bin/env bash
# Compares `exec.run` of a short program with `xargs`, four at once, in turns: the clock, and processor time an item with that of
# the programs themselves.
#
#   benches/exec.sh FLOWRUN [ITEMS] [ROUNDS]
set -euo pipefail
flowrun=$(realpath "${1:?a binary to measure}")
items=${2:-3000} rounds=${3:-3}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
seq "$items" >numbers.jsonl
program=$(type -P true)
cat >pipeline.yaml <<Y
permissions: { exec: [$program] }
steps:
  numbers: { read: numbers.jsonl }
  run:
    from: numbers
    map: { concurrency: 4, lua: 'return exec.run({ "$program" }).code' }
  save: { from: run, write: out.jsonl }
Y

# timed NAME COMMAND…: seconds by the clock, and milliseconds of processor time an item.
timed() {
  local name=$1
  shift
  /usr/bin/time -f '%e %U %S' -o times "$@" >/dev/null 2>log </dev/null || { cat log >&2; exit 1; }
  awk -v name="$name" -v items="$items" \
    '{ printf "%-8s %6.2f s  %5.2f ms of processor time an item\n", name, $1, ($2 + $3) / items * 1000 }' times
}

for _ in $(seq "$rounds"); do
  timed flowrun "$flowrun" pipeline.yaml --no-state -q
  [[ $(wc -l <out.jsonl) == "$items" ]] || { echo "items are missing" >&2; exit 1; }
  timed xargs bash -c "seq $items | xargs -P 4 -n 1 $program"
done
