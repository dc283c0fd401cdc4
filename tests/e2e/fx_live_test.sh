#!/usr/bin/env bash
# A chain of effects at the pace of a sound card, in blocks of 64 frames, while other threads keep
# all processors busy: nothing may be missing. CLEAVE_LIVE_SECONDS (10) is for how long; there are
# 40 blocks in hand, so that only what computes too long is late and not what wakes up late. Ends
# with "N passed, N failed, N skipped".
set -u
cd "$(dirname "$0")/../.." || exit 1
bench=${BUILD:-build}/bench/bench_fx
passed=0 failed=0 skipped=0
if [ -x "$bench" ]; then
    report=$("$bench" --live "${CLEAVE_LIVE_SECONDS:-10}" --block 64 --cushion 40 --load 2 2>&1)
    echo "$report"
    if grep -q '^underruns: 0, overruns: 0,' <<<"$report" && grep -q 'p99.9' <<<"$report"; then
        echo "ok   effects in real time: nothing is missing"
        passed=1
    else
        echo "FAIL effects in real time: something was late"
        failed=1
    fi
else
    echo "skip effects in real time: $bench is not built"
    skipped=1
fi
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
