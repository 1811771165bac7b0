#!/usr/bin/env bash
# How large the binary is that is handed out, and what each crate costs in it.
#
#   benches/size.sh [BINARY] [--build]
#
# BINARY has its symbols, as `cargo build --profile dist` leaves it: target/dist/flowrun by default. Its size is measured with
# and without them. A function belongs to the crate of the type that it is for, else to that of its trait, else to where it is
# written; so what is generic of the standard library counts as `std`. C and C++ count by the beginning of their names,
# and `C: others` are mostly functions of SQLite whose names begin with no word of its own.
# With --build it also builds `release` and `dist` from empty folders, and prints the processor minutes: a quarter of an hour.
set -euo pipefail
cd "$(dirname "$0")/.."
binary=target/dist/flowrun build=
for word in "$@"; do
    case $word in
    --build) build=yes ;;
    *) binary=$word ;;
    esac
done
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# Symbols as "size kind name": what has no size, or takes no room in the file, is left out.
symbols() {
    nm -C -S -td --defined-only "$1" | awk '$2 ~ /^[0-9]+$/ && $2 > 0 && $3 !~ /^[bBnN]$/ {
        size = $2 + 0; kind = $3; sub(/^[^ ]+ [^ ]+ [^ ]+ /, ""); print size, kind, $0 }'
}

by_crate() {
    awk '
    # The crate of a path that may have signs of types before it, or nothing where it is of the language itself.
    function first(path) {
        while (sub(/^(\*const |\*mut |&mut |&|dyn |mut |\[|\(|<|impl |for<[^>]*> |unsafe |extern "C" )/, "", path)) {}
        if (path !~ /^[A-Za-z_][A-Za-z0-9_]*::/) return ""
        sub(/::.*/, "", path)
        return path ~ /^(core|alloc|std|hashbrown)$/ ? "" : path
    }
    # Where the `as` of `<T as Trait>` stands, outside of all brackets within T.
    function trait(path,   at, depth, sign) {
        for (at = 1; at <= length(path); at++) {
            sign = substr(path, at, 1)
            if (sign ~ /[<(\[]/) depth++
            else if (sign ~ /[>)\]]/ && substr(path, at - 1, 1) != "-") depth--
            else if (depth == 1 && substr(path, at, 4) == " as ") return substr(path, at + 4)
        }
        return ""
    }
    function native(name) {
        if (name ~ /^(lua|Luau|fastlua)|^(str|math|tbl|table|buffer|bit|utf8|vector|os|int)_|lua_State|Luau::|TString|Proto\*|Closure/) return "C++: Luau"
        if (name ~ /^(sqlite3|fts[35]|pcache|vdbe|btree|rtree|pager|json|unix|where|expr|select|yy|os[A-Z])/) return "C: SQLite"
        if (name ~ /^_?(ZSTD|HUF|FSE|HIST|ZDICT|COVER|FASTCOVER|XXH|ERR_|POOL|divsuf|sss|tr)/) return "C: zstd"
        if (name ~ /^(ring|ecp_|ec_|bn_|aes|aesni|ChaCha|chacha|sha[0-9]|gcm|ghash|x25519|fiat|p256|p384|nistz|vpaes|bsaes|limbs|LIMBS|OPENSSL)/) return "C: ring"
        if (name ~ /^(VP8|WebP|Predictor|DC|Transform|Upsample|Yuv|Argb)/) return "C: WebP"
        if (name ~ /^(std::|__gnu|__cxa|operator|void std|guard|typeinfo|vtable|non-virtual)/) return "C++: libstdc++"
        if (name ~ /^(anon\.|\.L|str\.|switch\.|CSWTCH|GCC_except|__unnamed)/) return "constants without a name"
        return "C: others"
    }
    {
        size = $1; kind = $2; name = $0; sub(/^[^ ]+ [^ ]+ /, "", name)
        sub(/^(core|std)::ptr::drop_in_place(::)?</, "", name)
        if (name ~ /^</) { crate = first(name); if (crate == "") crate = first(trait(name)); if (crate == "") crate = "std" }
        else if (name ~ /^(core|alloc|std|hashbrown)::/) crate = "std"
        else if (name ~ /::/ && name !~ /^Luau::|[(]/) { crate = first(name); if (crate == "") crate = "std" }
        else crate = native(name)
        if (kind ~ /[tTwWiI]/) code[crate] += size; else data[crate] += size
        all[crate] += size; total += size
    }
    END { for (crate in all) printf "%d\t%s\t%d\t%d\t%.1f\n", all[crate], crate, code[crate], data[crate], 100 * all[crate] / total }'
}

[[ -f $binary ]] || { echo "error: no $binary; build it with \`cargo build --profile dist\`, or name another binary" >&2; exit 2; }
strip -o "$folder/stripped" "$binary"
symbols "$binary" >"$folder/symbols"
[[ -s $folder/symbols ]] || { echo "error: $binary has no symbols" >&2; exit 2; }
echo "| file | MB |"
echo "|---|--:|"
for file in "$binary" "$folder/stripped"; do
    awk -v bytes="$(stat -c %s "$file")" -v name="$([[ $file == "$binary" ]] && echo "with symbols" || echo stripped)" \
        'BEGIN { printf "| %s | %.2f |\n", name, bytes / 1e6 }'
done
# Beside functions and data a file holds tables for unwinding and relocation, which belong to no symbol.
size -A -d "$folder/stripped" | awk '$2 > 300000 && $1 ~ /^\./ { printf "| section `%s` | %.2f |\n", $1, $2 / 1e6 }'
echo
echo "| crate | kB | code | data | % of what has a name |"
echo "|---|--:|--:|--:|--:|"
by_crate <"$folder/symbols" | sort -rn | awk -F'\t' '
    NR <= 60 { printf "| %s | %d | %d | %d | %s |\n", $2, $1 / 1000, $3 / 1000, $4 / 1000, $5; next }
    { count++; rest += $1; code += $3; data += $4; share += $5 }
    END { if (count) printf "| %d others | %d | %d | %d | %.1f |\n", count, rest / 1000, code / 1000, data / 1000, share }'

[[ $build ]] || exit 0
echo
echo "| build from nothing | processor minutes | minutes by the clock |"
echo "|---|--:|--:|"
for profile in release dist; do
    TIMEFORMAT='%U %S %R'
    times=$({ time CARGO_TARGET_DIR=$folder/$profile cargo build --locked --quiet --bin flowrun --profile "$profile" >&2; } 2>&1)
    awk -v profile="$profile" '{ printf "| %s | %.1f | %.1f |\n", profile, ($1 + $2) / 60, $3 / 60 }' <<<"${times##*$'\n'}"
    rm -rf "${folder:?}/$profile"
done
