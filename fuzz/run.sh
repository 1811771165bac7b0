#!/bin/bash
# Runs each fuzz target for MINUTES, one after the other, and prints its executions: fuzz/run.sh MINUTES [TARGET…]
#
# Needs `cargo install cargo-fuzz`. The stable compiler does: coverage is an option of nightly ones, so RUSTC_BOOTSTRAP
# opens it; sanitizers are left out, since C++ libraries would have to be built with them. What is found lies in
# artifacts/TARGET; new inputs go to found/TARGET and leave corpus/ as it is.
set -eu
minutes=$1; shift
cd "$(dirname "$0")"
export RUSTC_BOOTSTRAP=1
[ $# -gt 0 ] || set -- $(ls corpus)
failed=0
for target; do
  mkdir -p "found/$target" artifacts
  log=$(mktemp)
  # A single input may take 20 s and 2 GB; whoever passes that has found something.
  if cargo fuzz run --sanitizer none "$target" "found/$target" "corpus/$target" -- \
      -max_total_time=$((minutes * 60)) -timeout=20 -rss_limit_mb=2048 -max_len=4096 -print_final_stats=1 > "$log" 2>&1; then
    verdict="nothing found"
  else
    verdict="FOUND, see artifacts/$target"; failed=1; tail -40 "$log"
  fi
  echo "$target: $(grep -oP 'number_of_executed_units: *\K\d+' "$log" || echo 0) executions in $minutes min, $verdict"
  rm -f "$log"
done
exit $failed
