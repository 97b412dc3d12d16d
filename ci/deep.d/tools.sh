# What the steps of `ci/deep` have in common: their last line, and how they get what a machine lacks. To be sourced, with `property` set.
# shellcheck shell=bash

: "${property:?}"

held() {
    echo "RESULT held $property: $*"
    exit 0
}

short() {
    echo "RESULT short $property: $*"
    exit 1
}

skip() {
    echo "RESULT skipped $property: $*"
    exit 0
}

# The nightly toolchain, with these components. Which one is in `nightly`.
nightly=${FORESHOCK_NIGHTLY:-nightly}
need_nightly() {
    command -v rustup >/dev/null || skip "no rustup here, which would bring a nightly toolchain"
    if ! rustup run "$nightly" rustc --version; then
        rustup toolchain install "$nightly" --profile minimal --no-self-update || skip "rustup cannot install $nightly"
    fi
    local component
    for component in "$@"; do
        rustup component add --toolchain "$nightly" "$component" || skip "$nightly has no $component to be had"
    done
}

# A cargo subcommand that is no part of the toolchain: the one on the machine, or this version, built once into `target/tools`.
need_cargo_tool() {
    local tool=$1 version=$2 root=$PWD/target/tools
    export PATH=$root/bin:$PATH
    if ! command -v "$tool" >/dev/null; then
        cargo install --locked --root "$root" "$tool@$version" || skip "$tool $version cannot be installed"
    fi
    "$tool" "${tool#cargo-}" --version
}

# A program of the system is here, or comes with Debian's package of it. What the package starts as a service is stopped: a step starts what it needs by itself.
has_program() {
    local program=$1 package=$2 sudo=
    command -v "$program" >/dev/null && return 0
    [ "$(id -u)" -eq 0 ] || sudo="sudo -n"
    command -v apt-get >/dev/null && $sudo apt-get update -qq && $sudo apt-get install -qq -y --no-install-recommends "$package" || return 1
    if command -v systemctl >/dev/null; then $sudo systemctl disable --now "$package" || true; fi
}

# drill WHAT ARGUMENT...: short of WHAT unless the drill holds. A status of 2 is no verdict, as on a machine that is too busy: once more then.
drill() {
    local what=$1 tries=2 status
    shift
    while [ "$tries" -gt 0 ]; do
        status=0
        target/release/foreshock-drill "$@" || status=$?
        [ "$status" -eq 2 ] || break
        tries=$((tries - 1))
    done
    [ "$status" -ne 2 ] || short "the drill came to no verdict, twice"
    [ "$status" -eq 0 ] || short "$what"
}

need_program() { has_program "$@" || skip "no $1 here, and apt-get cannot install $2"; }
