#!/usr/bin/env bash
# interrupt_test.sh: Ctrl-C ends a run within a second, with status 130 and no half file.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/e2e/lib.sh
checkpoint=$PWD/tests/golden/models/tiny_htdemucs.th
cd "$work" || exit 1
set -m # jobs get SIGINT as from a terminal

now_ms() { date +%s%3N; }

# Starts the program in the background, waits until it has opened outputs, sends the signal, and
# looks.
interrupted() { # name signal folder command...
    local name=$1 number=$2 folder=$3 began elapsed code problem= waited=0
    shift 3
    "$@" >"$work/stdout" 2>"$work/stderr" &
    local pid=$!
    while [ "$(find "$folder" -type f 2>/dev/null | wc -l)" -eq 0 ] && [ $waited -lt 200 ]; do
        sleep 0.05
        waited=$((waited + 1))
    done
    [ $waited -lt 200 ] || problem="no output appeared; "
    sleep 0.5
    began=$(now_ms)
    kill "-$number" "$pid" 2>/dev/null || problem+="it had ended; "
    wait "$pid"
    code=$?
    elapsed=$(($(now_ms) - began))
    [ "$code" -eq 130 ] || problem+="exit status $code; "
    is_sanitized || [ "$elapsed" -lt 1000 ] || problem+="took $elapsed ms; "
    [ "$(count_entries "$folder")" -eq 0 ] || problem+="left $(find "$folder" | tail -1); "
    if [ -z "$problem" ]; then
        pass "$name ($elapsed ms)"
    else
        fail "$name" "$problem$(tail -2 "$work/stderr")"
    fi
}

# A track that never ends: no machine is too fast for it. The feeder ends with its reader.
endless() { "$signal" make noise 44100 2 1000000000000 raw:s16; }
raw="--input-format s16le --input-rate 44100 --input-channels 2"
mkfifo stream
for format in wav flac; do
    if [ "$format" = flac ] && ! has libsndfile && ! has ffmpeg; then
        skip "SIGINT while writing flac" "no library writes it"
        continue
    fi
    endless >stream 2>/dev/null &
    # shellcheck disable=SC2086
    interrupted "SIGINT while writing $format" INT "out_$format" \
        "$CLEAVE" separate stream $raw -o "out_$format" --format "$format" -q
done
endless >stream 2>/dev/null &
# shellcheck disable=SC2086
interrupted "SIGTERM" TERM out_term "$CLEAVE" separate stream $raw -o out_term -q

"$CLEAVE" model import "$checkpoint" --name tiny >/dev/null
endless >stream 2>/dev/null &
# shellcheck disable=SC2086
interrupted "SIGINT in the first pass over a pipe" INT out_first \
    "$CLEAVE" separate stream $raw -n tiny -o out_first -q
"$CLEAVE" model remove tiny >/dev/null

# Blocked in a read: the pipe stays open and gives nothing more.
{ "$signal" make noise 44100 2 441000 raw:s16; sleep 5; } >stream 2>/dev/null &
feeder=$!
# shellcheck disable=SC2086
interrupted "SIGINT while a pipe is waited for" INT out_wait "$CLEAVE" separate stream $raw \
    -o out_wait -q
disown "$feeder"
kill -TERM -- "-$feeder" 2>/dev/null

# A second one does not wait for anything.
{ "$signal" make noise 44100 2 441000 raw:s16; sleep 5; } >stream 2>/dev/null &
feeder=$!
# shellcheck disable=SC2086
"$CLEAVE" separate stream $raw -o out_twice -q 2>stderr &
pid=$!
for _ in $(seq 200); do
    [ "$(find out_twice -type f 2>/dev/null | wc -l)" -gt 0 ] && break
    sleep 0.05
done
sleep 0.5
began=$(now_ms)
kill -INT "$pid"
sleep 0.1
kill -INT "$pid" 2>/dev/null
wait "$pid"
code=$?
elapsed=$(($(now_ms) - began))
is_sanitized && elapsed=0 # sanitizers take their time to exit
check "a second SIGINT exits at once ($elapsed ms)" [ "$code" -eq 130 -a "$elapsed" -lt 600 ]
check "and leaves nothing" [ "$(count_entries out_twice)" -eq 0 ]
disown "$feeder"
kill -TERM -- "-$feeder" 2>/dev/null

# A batch: finished tracks stay, the rest is not begun.
"$signal" make music 44100 2 44100 s16 >short.wav
endless >stream 2>/dev/null &
# shellcheck disable=SC2086
"$CLEAVE" separate short.wav stream -o out_batch -j 1 >stdout 2>stderr $raw &
pid=$!
for _ in $(seq 200); do
    [ -s out_batch/center/short/vocals.wav ] && [ "$(find out_batch -type f | wc -l)" -gt 2 ] &&
        break
    sleep 0.05
done
kill -INT "$pid"
wait "$pid"
check "a batch ends with 130" [ $? -eq 130 ]
left=$(find out_batch -type f | sort | tr '\n' ' ')
kept="out_batch/center/short/accompaniment.wav out_batch/center/short/vocals.wav "
check "what was finished stays, and only that" [ "$left" = "$kept" ]

# Old outputs stay as they were when a new run is interrupted.
mkdir -p out_old/center/stream
echo old >out_old/center/stream/vocals.wav
endless >stream 2>/dev/null &
# shellcheck disable=SC2086
"$CLEAVE" separate stream $raw -o out_old -q 2>stderr &
pid=$!
for _ in $(seq 200); do
    [ "$(find out_old -type f | wc -l)" -gt 1 ] && break
    sleep 0.05
done
kill -INT "$pid"
wait "$pid"
check "an interrupted run keeps the outputs of an older one" \
    [ "$(find out_old -type f) $(cat out_old/center/stream/vocals.wav)" = \
        "out_old/center/stream/vocals.wav old" ]
# A killed process cannot clean up; the next one that writes the same names does, but leaves alone
# what is being written.
killed() {
    endless >stream 2>/dev/null &
    # shellcheck disable=SC2086
    "$CLEAVE" separate stream $raw -o "$1" -q 2>/dev/null &
    local pid=$! waited=0
    while [ "$(find "$1" -name '.*.part-*' 2>/dev/null | wc -l)" -lt 2 ] && [ $waited -lt 200 ]; do
        sleep 0.05
        waited=$((waited + 1))
    done
    kill -"$2" "$pid"
    wait "$pid" 2>/dev/null
}
parts() { find "$1" -name '.*.part-*' | wc -l; }
killed out_killed KILL
left=$(parts out_killed)
"$signal" make noise 44100 2 44100 raw:s16 >stream &
# shellcheck disable=SC2086
"$CLEAVE" separate stream $raw -o out_killed -q
check "SIGKILL leaves temporaries, the next run of that name none" \
    [ "$left $(parts out_killed)" = "2 0" ]
touch "out_killed/center/stream/.vocals.wav.part-mine" \
    "out_killed/center/stream/.bass.wav.part-abcdefghij"
exec 9>"out_killed/center/stream/.vocals.wav.part-abcdefghij"
if flock 9 2>/dev/null; then
    "$signal" make noise 44100 2 44100 raw:s16 >stream &
    # shellcheck disable=SC2086
    "$CLEAVE" separate stream $raw -o out_killed -q
    check "what is locked, or called otherwise, stays" [ "$(parts out_killed)" = 3 ]
else
    skip "what is locked, or called otherwise, stays" "needs flock"
fi
exec 9>&-

finish
