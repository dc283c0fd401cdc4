#!/usr/bin/env bash
# bench_gpu_test.sh: the programs that measure a GPU end with one clear sentence where there is
# none: on the executor, and in a build with CUDA on a machine without.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/e2e/lib.sh

says() { # sentence program [argument...]
    "${@:2}" >"$work/out" 2>"$work/err"
    local status=$?
    check "$2: exit status" [ "$status" -eq 1 ]
    check "$2: prints nothing else" [ ! -s "$work/out" ]
    check "$2: one sentence" [ "$(wc -l <"$work/err")" -eq 1 ]
    check "$2: says why" grep -q "$1" "$work/err"
}

found=0
for name in bench_gpu bench_ladder; do
    if [ -x "$BUILD/simt/$name" ]; then
        found=1
        says 'there is no GPU to measure: simt:0 executor has no speed' "$BUILD/simt/$name"
        CLEAVE_SIMT_DEVICES=0 says 'there is no GPU to measure: ' "$BUILD/simt/$name"
        "$BUILD/simt/$name" --none 2>"$work/err"
        check "$name: an option that is none" [ $? -eq 2 ]
    fi
    if [ -x "$BUILD/bench/$name" ] && ! "$BUILD/cleave" info | grep -q 'compute capability'; then
        found=1
        says 'there is no GPU to measure: ' "$BUILD/bench/$name"
    fi
done
[ "$found" -eq 1 ] || skip "bench_gpu" "this build has neither a C++ compiler nor nvcc"
finish
