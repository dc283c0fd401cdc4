#!/usr/bin/env bash
# gpu.sh: the tests on a GPU, of a build with CUDA. `gpu.sh probe` only tells which GPU there is. If
# there is none: one sentence and exit status 1.
#
# First all cases of all kernels at full size, the rungs of bench/ladder, and whole engines against
# the CPU and the reference data; then the small cases again under each tool of compute-sanitizer. A
# tool that has not come to an end after SANITIZER_SECONDS is stopped, which is said and is no
# failure: what it had looked at was good, and check-gpu is to end within ten minutes.
set -u
cd "$(dirname "$0")/.." || exit 1
BUILD=${BUILD:-build}
SANITIZER_SECONDS=${SANITIZER_SECONDS:-40}
gpu=$("$BUILD/cleave" info | sed -n 's/^cuda  *//p')
case $gpu in
*'compute capability'*) ;;
*)
    echo "There is no GPU to test on: $gpu." >&2
    exit 1
    ;;
esac
echo "$gpu"
[ "${1:-}" = probe ] && exit 0

failed=0 stopped=
RUNNER=env tests/run.sh "$BUILD"/tests/cuda/{table,kernels,ladder,engine}_test || failed=1

# Every access, every barrier, every value that is read before it is written.
sanitize() { # tool program [case...]
    local status
    echo "== compute-sanitizer --tool $1 ${*:2}"
    CLEAVE_TEST_SMALL=1 timeout "$SANITIZER_SECONDS" compute-sanitizer --tool "$1" \
        --error-exitcode 9 "${@:2}" >"$log" 2>&1
    status=$?
    tail -n 40 "$log"
    if [ "$status" -eq 124 ] && ! grep '^=========' "$log" | grep -qv COMPUTE-SANITIZER; then
        stopped="$stopped $1"
    elif [ "$status" -ne 0 ]; then
        failed=1
    fi
}

log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! command -v compute-sanitizer >/dev/null; then
    echo "compute-sanitizer is not here: the accesses of the kernels were not looked at."
elif ! compute-sanitizer --tool memcheck "$BUILD/tests/cuda/table_test" >/dev/null 2>&1; then
    echo "compute-sanitizer does not run here: the accesses of the kernels were not looked at."
else
    for tool in memcheck racecheck initcheck synccheck; do
        sanitize "$tool" "$BUILD/tests/cuda/kernels_test"
    done
    sanitize memcheck "$BUILD/tests/cuda/ladder_test"
    sanitize racecheck "$BUILD/tests/cuda/ladder_test"
    sanitize memcheck "$BUILD/tests/cuda/engine_test" identity center remembers
    [ -z "$stopped" ] || echo "Stopped before the end, without a finding:$stopped."
fi
[ "$failed" -eq 0 ] && echo "Everything that was looked at on the GPU is good."
exit "$failed"
