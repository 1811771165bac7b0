#!/usr/bin/env bash
# Measures flowrun against Pillow: JPEG of 1600 x 1200 to JPEG of 224 x 224, two at a time, and prints the ratio.
#
#   benches/images.sh              400 pictures, 5 runs each; a minute, and 150 MB in benches/data
#   COUNT=20 RUNS=1 benches/images.sh
#
#   FLOWRUN                        the binary to measure; built when not given
#   PILLOW_PYTHON                  a Python that has Pillow; by default a virtual environment in benches/data
#
# Needs python3. Both filter bicubically over the whole picture and write with quality 85. The sizes are compared at
# the end. The best of the runs counts: what is slower was disturbed.
set -euo pipefail
[[ -z ${FLOWRUN:-} ]] || FLOWRUN=$(realpath "$FLOWRUN")
target=$(realpath -m "${CARGO_TARGET_DIR:-$(dirname "$0")/../target}")
cd "$(dirname "$0")"
: "${COUNT:=400}" "${RUNS:=5}"

if [[ -z ${FLOWRUN:-} ]]; then
  (cd .. && cargo build --quiet --release --target-dir "$target")
  FLOWRUN=$target/release/flowrun
fi
python=${PILLOW_PYTHON:-data/venv/bin/python}
if ! "$python" -c 'import PIL' 2>/dev/null; then
  python=data/venv/bin/python
  [[ -x $python ]] || python3 -m venv data/venv
  data/venv/bin/pip install --quiet pillow
fi

pictures=data/images-$COUNT
"$python" rivals/pillow.py generate "$COUNT" "$pictures"
state=$(mktemp -d)
trap 'rm -rf "$state"' EXIT

# Seconds of the best of RUNS runs of a command.
best() {
  local best="" began took
  for _ in $(seq "$RUNS"); do
    began=$EPOCHREALTIME
    "$@" >"$state/said" 2>&1 || { cat "$state/said" >&2; return 1; }
    took=$(awk "BEGIN { print $EPOCHREALTIME - $began }")
    best=$(awk "BEGIN { b = \"$best\"; print (b == \"\" || $took < b) ? $took : b }")
  done
  echo "$best"
}

rm -rf data/out/images data/out/pillow
ours=$(best "$FLOWRUN" run pipelines/images.yaml -p "pictures=../$pictures/*.jpg")
theirs=$(best "$python" rivals/pillow.py resize "$pictures" data/out/pillow 2)

"$python" - data/out/images data/out/pillow "$COUNT" <<'PYTHON'
import sys
from pathlib import Path
from PIL import Image
ours, theirs, count = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
sizes = lambda folder: {path.name: Image.open(path).size for path in folder.glob("*.jpg")}
assert sizes(ours) == sizes(theirs) and len(sizes(ours)) == count, "the outputs differ"
PYTHON
awk "BEGIN { printf \"flowrun %.2f s (%.0f pictures/s), Pillow %.2f s (%.0f pictures/s): %.2f times as fast\n\", \
  $ours, $COUNT / $ours, $theirs, $COUNT / $theirs, $theirs / $ours }"
