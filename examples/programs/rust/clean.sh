#!/bin/sh
# Starts the program, from here or from where a build leaves it. `exec`: what flowrun starts and stops is the program itself.
for program in ./clean ../../../target/release/examples/clean-program ../../../target/debug/examples/clean-program; do
    if [ -x "$program" ]; then exec "$program"; fi
done
echo "build the program first: cargo build --release --example clean-program" >&2
exit 1
