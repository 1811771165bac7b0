#!/bin/sh
# Installs flowrun for one user: downloads the binary for this machine, compares it with its checksum, and puts it into
# `~/.local/bin`. A binary that is there already is replaced at the end, or not at all.
#
#   install.sh [--prefix DIR] [--version VERSION]
#
# --prefix DIR       install into DIR/bin instead of ~/.local/bin
# --version VERSION  this version instead of the newest
#
# FLOWRUN_BASE_URL names another place that holds the files of one release: SHA256SUMS, and flowrun-linux-x86_64.gz or
# whichever this machine needs.
#
# Needs curl or wget, gzip, and sha256sum, shasum or openssl.

set -eu

repository=https://github.com/flowrun/flowrun
releases=$repository/releases
from_source="build it from source: cargo install --locked --git $repository"

main() {
    prefix=${HOME:-}/.local
    version=
    while [ $# -gt 0 ]; do
        case $1 in
        --prefix | --version)
            [ $# -gt 1 ] || fail "$1 needs a value" "install.sh [--prefix DIR] [--version VERSION]"
            if [ "$1" = --prefix ]; then prefix=$2; else version=${2#v}; fi
            shift 2
            ;;
        -h | --help)
            echo "install.sh [--prefix DIR] [--version VERSION]: installs flowrun into DIR/bin, or ~/.local/bin"
            return
            ;;
        *) fail "unknown argument $1" "install.sh [--prefix DIR] [--version VERSION]" ;;
        esac
    done
    [ "$prefix" != /.local ] || fail "HOME is not set" "say where to with --prefix DIR"

    if [ -n "${FLOWRUN_BASE_URL:-}" ]; then
        [ -z "$version" ] || fail "FLOWRUN_BASE_URL has one release, so --version has no meaning" "leave one of both out"
        base=${FLOWRUN_BASE_URL%/}
    elif [ -n "$version" ]; then
        base=$releases/download/v$version
    else
        base=$releases/latest/download
    fi

    file=flowrun-$(platform).gz
    choose_tools
    install_file "$prefix/bin"
}

# What the file of this machine is called.
platform() {
    os=$(uname -s)
    machine=$(uname -m)
    case $os in
    Linux) ;;
    *) fail "there is no binary for $os" "$from_source" ;;
    esac
    case $machine in
    x86_64 | amd64) echo linux-x86_64 ;;
    aarch64 | arm64) echo linux-aarch64 ;;
    *) fail "there is no binary for $machine" "$from_source" ;;
    esac
}

choose_tools() {
    if has curl; then
        fetch=fetch_by_curl
    elif has wget; then
        fetch=fetch_by_wget
    else
        fail "neither curl nor wget is installed" "install one of them"
    fi
    if has sha256sum; then
        digest=sha256sum
    elif has shasum; then
        digest="shasum -a 256"
    elif has openssl; then
        digest="openssl dgst -sha256 -r"
    else
        fail "no program that makes SHA-256 checksums is installed" "install sha256sum, shasum or openssl"
    fi
    has gzip || fail "gzip is not installed" "install it"
}

has() {
    command -v "$1" >/dev/null 2>&1
}

# What is secure stays so when the server sends the request on.
fetch_by_curl() {
    case $1 in
    https:*) curl --proto '=https' --tlsv1.2 -fsSL --retry 2 --connect-timeout 30 -o "$2" "$1" ;;
    *) curl -fsSL --retry 2 --connect-timeout 30 -o "$2" "$1" ;;
    esac
}

fetch_by_wget() {
    wget -q -t 3 -T 30 -O "$2" "$1"
}

download() {
    "$fetch" "$1" "$2" || fail "cannot download $1" "look at the address, and try again"
}

install_file() {
    bin=$1
    mkdir -p "$bin" 2>/dev/null || fail "cannot make the folder $bin" "choose another one with --prefix DIR"
    # Beside its place, so that the last step is a rename.
    work=$(mktemp -d "$bin/.flowrun-install.XXXXXX" 2>/dev/null) ||
        fail "cannot write into $bin" "choose another folder with --prefix DIR"
    trap 'rm -rf "$work"' EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM

    download "$base/SHA256SUMS" "$work/SHA256SUMS"
    expected=$(sed -n "s/^\([0-9a-f]\{64\}\) [ *]$file\$/\1/p" "$work/SHA256SUMS")
    [ -n "$expected" ] || fail "$base/SHA256SUMS has no checksum of $file" "this release has no binary for this machine"
    download "$base/$file" "$work/flowrun.gz"
    found=$($digest "$work/flowrun.gz")
    found=${found%% *}
    [ "$found" = "$expected" ] ||
        fail "$file has the checksum $found, and not $expected" "nothing was installed; try again, and report it if it stays so"

    gzip -dc "$work/flowrun.gz" >"$work/flowrun" || fail "cannot unpack $file" "look for room in $bin"
    chmod 755 "$work/flowrun"
    name=$("$work/flowrun" --version) ||
        fail "the binary does not run here" "$from_source"
    [ ! -d "$bin/flowrun" ] || fail "$bin/flowrun is a folder" "choose another place with --prefix DIR"
    mv -f "$work/flowrun" "$bin/flowrun" || fail "cannot replace $bin/flowrun" "choose another folder with --prefix DIR"

    echo "installed $name: $bin/flowrun"
    case ":${PATH:-}:" in
    *":$bin:"*) ;;
    *) echo "it is not on your path yet: export PATH=\"$bin:\$PATH\"" ;;
    esac
}

fail() {
    echo "error: $1" >&2
    echo "help: $2" >&2
    exit 1
}

# At the very end: a script that came in half does nothing.
main "$@"
