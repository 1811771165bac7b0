#!/usr/bin/env bash
# What a small file costs: a map that reads and writes many of them, processor seconds of this build beside another one's.
#
#   benches/files.sh FLOWRUN [OTHER]
#
# Runs both in turns, RUNS times each (7), over FILES files (100000), and prints the minimum of each and their ratio.
set -euo pipefail
here=$(realpath "${1:?a binary to measure}")
other=$(realpath "${2:-$1}")
: "${FILES:=100000}" "${RUNS:=7}"

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
mkdir in
for ((at = 1; at <= FILES; at++)); do printf 'text of file %d\n' "$at" >"in/$at.txt"; done
cat >p.yaml <<YAML
steps:
  numbers:
    items: {lua: 'local l = {} for i = 1, $FILES do l[i] = i end return l'}
  copy:
    from: numbers
    map:
      concurrency: auto
      lua: |
        local text = fs.read("in/" .. item .. ".txt")
        fs.write("out/" .. item .. ".txt", text:upper())
        return #text
  save: {from: copy, write: sizes.jsonl}
YAML

# Processor seconds, user and system, of one run.
seconds() {
  rm -rf out
  { TIMEFORMAT='%U %S'; time "$1" p.yaml --no-state -q </dev/null; } 2>&1 | awk '{ print $1 + $2 }'
}

for ((run = 0; run < RUNS; run++)); do
  seconds "$here" >>here.txt
  seconds "$other" >>other.txt
done
best() { sort -n "$1" | head -1; }
awk -v here="$(best here.txt)" -v other="$(best other.txt)" \
  'BEGIN { printf "this %.2f s, other %.2f s, ratio %.2f\n", here, other, here / other }'
