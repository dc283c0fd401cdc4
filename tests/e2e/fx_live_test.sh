#!/usr/bin/env bash
# A chain of effects at the pace of a sound card, in blocks of 64 frames, while other threads keep
# all processors busy: nothing may be missing. CLEAVE_LIVE_SECONDS (10) is for how long. There are
# 100 blocks in hand, so that what computes too long is late and not what wakes up late; on a shared
# machine even that happens, so one of three attempts has to be without a gap. Where the system
# refuses the real-time class there is no load. Ends with "N passed, N failed, N skipped".
set -u
cd "$(dirname "$0")/../.." || exit 1
bench=${BUILD:-build}/bench/bench_fx
passed=0 failed=0 skipped=0

attempt() {
    local play=("$bench" --live "${CLEAVE_LIVE_SECONDS:-10}" --block 64 --cushion 100)
    report=$("${play[@]}" --load 2 --fifo 50 2>&1) || report=$("${play[@]}" 2>&1)
    echo "$report"
    grep -q '^underruns: 0, overruns: 0,' <<<"$report" && grep -q 'p99.9' <<<"$report"
}

if [ ! -x "$bench" ]; then
    echo "skip effects in real time: $bench is not built"
    skipped=1
elif attempt || attempt || attempt; then
    echo "ok   effects in real time: nothing is missing"
    passed=1
else
    echo "FAIL effects in real time: something was late"
    failed=1
fi
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
