#!/usr/bin/env bash
# gpu.sh: the tests on a GPU, of a build with CUDA. `gpu.sh probe` only tells which GPU there is. If
# there is none: one sentence and exit status 1.
set -u
cd "$(dirname "$0")/.." || exit 1
BUILD=${BUILD:-build}
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

failed=0
RUNNER=env tests/run.sh "$BUILD"/tests/cuda/{table,kernels,engine}_test || failed=1

# The small cases again, with every access and every barrier looked at.
if command -v compute-sanitizer >/dev/null; then
    for tool in memcheck racecheck synccheck; do
        echo "== compute-sanitizer --tool $tool"
        CLEAVE_TEST_SMALL=1 compute-sanitizer --tool "$tool" --error-exitcode 9 \
            "$BUILD/tests/cuda/kernels_test" || failed=1
    done
    echo "== compute-sanitizer, engines"
    compute-sanitizer --tool memcheck --error-exitcode 9 \
        "$BUILD/tests/cuda/engine_test" identity center remembers || failed=1
else
    echo "compute-sanitizer is not here: the accesses of the kernels were not looked at"
fi
exit "$failed"
