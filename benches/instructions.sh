#!/usr/bin/env bash
# Counts the instructions that flowrun spends on an item, with callgrind: those of a larger input less those of a smaller
# one, divided by the items between. The kernel's are not counted. One worker, nothing kept.
#
#   benches/instructions.sh FLOWRUN RIVAL [ROW…]
#
# RIVAL is the program of benches/rivals/rust, which makes the inputs. Rows: records filter wide text floats strings tables
# patterns json one; `one` is a whole run of one item. KEEP=FOLDER keeps what callgrind wrote of the larger inputs.
set -euo pipefail
flowrun=$(realpath "${1:?a binary to measure}")
rival=$(realpath "${2:?the program of benches/rivals/rust}")
shift 2
[[ $# -gt 0 ]] || set -- records filter wide text floats strings tables patterns json one
command -v valgrind >/dev/null || { echo "benches/instructions.sh needs valgrind" >&2; exit 1; }
cd "$(dirname "$0")"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# count NAME ARGUMENT…: instructions of one run.
count() {
  local profile=$folder/$1
  shift
  valgrind --tool=callgrind --callgrind-out-file="$profile" "$flowrun" -q --no-state "$@" \
    >"$folder/log" 2>&1 </dev/null || { cat "$folder/log" >&2; exit 1; }
  sed -n 's/^\(summary\|totals\): //p' "$profile" | head -1
}

declare -A input=([wide]=wide [text]=text [patterns]=text [floats]=numeric) step=([records]=sales [text]=clean)
declare -A few=([records]=20000 [filter]=20000 [wide]=5000 [floats]=10000 [json]=10000)
declare -A goal=([records]=6500 [wide]=12000 [one]=25000000)

printf '| work | instructions an item | goal |\n|---|--:|--:|\n'
for row; do
  if [[ $row == one ]]; then
    each=$(count one pipelines/one.yaml -p "output=$folder/out.jsonl")
  else
    small=${few[$row]:-2000} kind=${input[$row]:-records}
    large=$((3 * small))
    for lines in $small $large; do
      "$rival" gen "$kind" "$lines" "$folder/in.jsonl"
      counted[lines]=$(count "$row" "pipelines/$row.yaml" --set "${step[$row]:-work}.concurrency=1" \
        -p "input=$folder/in.jsonl" -p "output=$folder/out.jsonl")
    done
    each=$(((counted[large] - counted[small]) / (large - small)))
  fi
  [[ -z ${KEEP:-} ]] || cp "$folder/$row" "$KEEP/$row.callgrind"
  printf '| %s | %d | %s |\n' "$row" "$each" "${goal[$row]:+≤ ${goal[$row]}}"
done
