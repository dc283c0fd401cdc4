#!/usr/bin/env bash
# memory_test.sh: a track of any length takes the same memory, and its stems appear while it is
# read.
#
# An hour and two hours must peak alike; CLEAVE_TEST_24H=1 runs the whole day that they stand for,
# and says how fast.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/e2e/lib.sh
cd "$work" || exit 1
limit_bytes=200000000

# make_flac HOURS FILE: mono, 8 kHz, noise.
make_flac() {
    "$signal" make noise 8000 1 $(($1 * 3600 * 8000)) raw:s16 |
        flac -s -0 --endian=little --sign=signed --channels=1 --bps=16 --sample-rate=8000 -o "$2" -
}

# Peak memory of separating a file, in bytes, by its own account.
peak_of() {
    "$CLEAVE" separate "$1" -o out --json -q | sed 's/.*"peak_bytes":\([0-9]*\).*/\1/'
}

if is_sanitized; then
    skip "bounded memory" "a sanitizer keeps memory of its own"
    finish
fi
if ! has json || ! command -v flac >/dev/null || ! { has libsndfile || has ffmpeg; }; then
    skip "bounded memory" "needs jansson, flac and a library that reads it"
    finish
fi
make_flac 1 one.flac
make_flac 2 two.flac
one=$(peak_of one.flac)
two=$(peak_of two.flac)
check "one hour below $limit_bytes bytes: $one" [ "${one:-$limit_bytes}" -lt "$limit_bytes" ]
# An hour of 8 kHz mono is 115 MB as floats; keeping even a fiftieth of it would show.
check "two hours take what one takes: $two" [ "$((two - one))" -lt 2300000 ]
rm -rf out

# From a pipe that is held open, stems must be there before the end is.
mkfifo stream
{
    "$signal" make noise 8000 1 $((600 * 8000)) raw:s16
    touch given
    sleep 40
} >stream &
feeder=$!
"$CLEAVE" separate stream -o early --bits float -q --input-format s16le --input-rate 8000 \
    --input-channels 1 2>stderr &
reader=$!
for _ in $(seq 300); do
    bytes=$(find early -type f -printf '%s\n' 2>/dev/null | sort -n | tail -1)
    [ -e given ] && [ "${bytes:-0}" -gt 10000000 ] && break
    sleep 0.1
done
check "output grows while the input is open: ${bytes:-0} bytes" [ "${bytes:-0}" -gt 10000000 ]
kill "$feeder" 2>/dev/null
kill -TERM "$reader" 2>/dev/null
wait 2>/dev/null

if [ "${CLEAVE_TEST_24H:-0}" = 1 ]; then
    make_flac 24 day.flac
    "$CLEAVE" separate day.flac -o out --json -q >day.json
    peak=$(sed 's/.*"peak_bytes":\([0-9]*\).*/\1/' day.json)
    speed=$(sed 's/.*"realtime_factor":\([0-9]*\).*/\1/' day.json)
    check "a day below $limit_bytes bytes: $peak, at $speed times real time" \
        [ "${peak:-$limit_bytes}" -lt "$limit_bytes" ]
    check "a day has all its frames" \
        [ "$(stat -c %s out/center/day/vocals.wav)" -ge $((24 * 3600 * 8000 * 2)) ]
fi
finish
