#!/usr/bin/env bash
# Runs the test programs given and every script in tests/e2e/, and adds up what they counted.
# A program that dies, or that prints no closing line, is a failure. RUNNER is the command, if any,
# that runs programs of another machine; the scripts belong to this one and then stay out. ABSENT
# lists the tests that this build cannot have, which count as skipped.
set -u
cd "$(dirname "$0")/.." || exit 1
passed=0 failed=0 skipped=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT

run() { # program [runner...]
    echo "== $1"
    "${@:2}" "$1" 2>&1 | tee "$log"
    local status=${PIPESTATUS[0]} line
    line=$(grep -E '^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$' "$log" | tail -1)
    if [ -z "$line" ]; then
        echo "FAIL $1: no closing line (exit status $status)"
        failed=$((failed + 1))
        return
    fi
    read -r p _ f _ s _ <<<"$line"
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
    if [ "$status" -ne 0 ] && [ "$f" -eq 0 ]; then
        echo "FAIL $1: exit status $status"
        failed=$((failed + 1))
    fi
}

read -r -a runner <<<"${RUNNER:-}"
for program in "$@"; do
    run "$program" "${runner[@]}"
done
for script in tests/e2e/*_test.sh; do
    [ ${#runner[@]} -eq 0 ] && [ -e "$script" ] && run "$script"
done
for source in ${ABSENT:-}; do
    echo "skip $source: this build lacks its compiler"
    skipped=$((skipped + 1))
done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
