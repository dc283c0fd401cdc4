#!/usr/bin/env bash
# bench_gpu_test.sh: the programs that measure a GPU end with one clear sentence where there is
# none: on the executor, and in a build with CUDA on a machine without. Songs from file to file are
# tried on the executor and on the CPU, so that what they are to show on a GPU is known to run.
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
# ---- songs ----
export TMPDIR=$work/songs
mkdir "$TMPDIR"
try() { # program [argument...]
    "$@" >"$work/out" 2>"$work/err"
    status=$?
    check "$*: leaves nothing behind" [ -z "$(ls "$TMPDIR")" ]
}

shares() { # description, of the rows of the table that was just written
    check "$1: exit status" [ "$status" -eq 0 ]
    check "$1: a table" "$BUILD/tools/plot_gpu" "$work/tried.csv"
    check "$1: every segment, and shares of the time" awk -F, '
        NR > 1 { rows++; if ($14 * $7 < 3.5e6 || $17 <= 0 || $18 < 0 || $19 <= 0 || $20 <= 0 ||
                             $17 + $18 > 1.001 || $19 > 1 || $20 > 1) bad = 1 }
        END { exit bad || rows != 2 }' "$work/tried.csv"
}

bench=$BUILD/simt/bench_gpu
if [ -x "$bench" ]; then
    try "$bench" --try center --results "$work"
    shares "songs on the executor"
    check "it says where it is tried" grep -q '^Tried on simt:0 executor: no figure' "$work/out"
    check "as many segments at a time as may be" grep -q ', batch 16: ' "$work/out"
    CLEAVE_SIMT_LOST_AT=200 try "$bench" --try center
    check "a GPU that is lost ends it" [ "$status" -eq 1 ]
    check "in a sentence" grep -q '^songs: simt:0 executor: ' "$work/out"
    export CLEAVE_SIMT_DEVICES=0 CLEAVE_MODELS_DIR=$work/models
    "$BUILD/cleave" model import tests/golden/models/tiny_htdemucs.th --name tiny >/dev/null
    check "a tiny network is there" [ $? -eq 0 ]
    try "$bench" --try tiny --results "$work"
    shares "songs on the CPU"
    try "$bench" --try none
    check "a model that is not there" [ "$status" -eq 1 ]
    check "is named" grep -q 'there is no model "none"' "$work/out"
fi
[ "$found" -eq 1 ] || skip "bench_gpu" "this build has neither a C++ compiler nor nvcc"
finish
