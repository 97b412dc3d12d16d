# The tests in a build with a sanitizer. To be sourced after `tools.sh`.
# shellcheck shell=bash

sanitized() {
    local sanitizer=$1 log target=x86_64-unknown-linux-gnu tests=(races threads lifecycle retirement limits collector_thread faults ends published_values)
    need_nightly rust-src
    log=$(mktemp)
    local build=(cargo "+$nightly" test -Zbuild-std --target "$target" --no-fail-fast)
    # Seeded bugs bring the plain memory by which ThreadSanitizer sees an order that atomic words alone would hide; none is switched on.
    # The oracle is thousands of generated cases of a part that is pure and without `unsafe`: minutes, and nothing for a sanitizer to see.
    local command=("${build[@]}" --lib)
    for name in "${tests[@]}"; do command+=(--test "$name"); done
    export RUSTFLAGS="-Zsanitizer=$sanitizer --cfg foreshock_seeded" CARGO_TARGET_DIR=target/$sanitizer
    cargo "+$nightly" fetch -Zbuild-std --target "$target" || skip "the crates of the standard library cannot be fetched"
    "${command[@]}" --no-run || short "the tests do not build with the sanitizer"
    {
        "${command[@]}" -- --skip cascade::oracle &&
            # Of the storms the one that comes from several threads.
            "${build[@]}" --test storm -- from_many_threads
    } 2>&1 | tee "$log" || short "$(reports "$log")"
    ! grep -q "WARNING: ThreadSanitizer\|ERROR: AddressSanitizer\|ERROR: LeakSanitizer" "$log" || short "$(reports "$log")"
    held "$(passed "$log") tests in $((${#tests[@]} + 2)) programs, no report, no suppression"
}

passed() { sed -n 's/^test result: [a-zA-Z]*\. \([0-9]*\) passed.*/\1/p' "$1" | awk '{ sum += $1 } END { print sum + 0 }'; }

reports() {
    echo "$(grep -c 'WARNING: ThreadSanitizer\|ERROR: AddressSanitizer\|ERROR: LeakSanitizer' "$1" || true) reports," \
        "$(sed -n 's/^test result: FAILED.* \([0-9]*\) failed.*/\1/p' "$1" | awk '{ sum += $1 } END { print sum + 0 }') tests failed"
}
