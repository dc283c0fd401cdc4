#!/usr/bin/env bash
# compare_test.sh: `cleave compare` as a user runs it: folders, files, tables, JSON, what it says of
# files that do not belong together. The figures themselves are tested in tests/host and
# tests/runtime.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/e2e/lib.sh
${CC:-cc} -O1 -o "$signal" tests/e2e/signal.c -lm || exit 1
cd "$work" || exit 1

mkdir -p truth found
"$signal" make music 44100 2 100000 s16 >truth/vocals.wav
"$signal" make noise 44100 2 100000 s16 >truth/drums.wav
"$signal" make music 44100 2 100000 s16 >truth/mixture.wav
cp truth/vocals.wav found/vocals.wav
"$signal" make loud 44100 2 120000 f32 >found/drums.wav
echo "a note" >truth/notes.txt

# is_refused NAME STATUS WORDS ARGS...: one line on standard error that has the words.
is_refused() {
    local name=$1 code=$2 words=$3
    shift 3
    cleave "$@"
    if [ "$status" -eq "$code" ] && [ "$(errors | wc -l)" -eq 1 ] &&
        errors | grep -qF "$words"; then
        pass "$name"
    else
        fail "$name" "status $status: $(cat "$work/stderr")"
    fi
}

cleave compare truth found
check "two folders" [ "$status" -eq 0 ]
check "one row a stem, a mean and a head" [ "$(wc -l <"$work/stdout")" -eq 4 ]
check "a stem that is its reference" \
    grep -qE '^vocals +inf +inf +inf .* 1\.000 .* 0\.00 +1\.000$' "$work/stdout"
check "what has no partner is told" grep -q 'truth/mixture.wav: .* left out' "$work/stderr"
check "a difference in length is told" grep -q 'by up to 0.454 s' "$work/stderr"
cleave compare truth found -q --metrics rms,sdr
check "--metrics: the columns" grep -qE '^ +SDR +rms ref +rms est +est-ref$' "$work/stdout"
check "-q: nothing but the table" [ ! -s "$work/stderr" ]
cleave compare --metrics sdr truth/vocals.wav truth/drums.wav -- found/vocals.wav found/drums.wav
check "references, -- and estimates" [ "$(wc -l <"$work/stdout")" -eq 4 ]
cleave compare truth/vocals.wav truth/drums.wav
check "two files: no mean" [ "$(wc -l <"$work/stdout")" -eq 2 ]
if has json; then
    cleave compare truth found --json -q
    check "--json: one line" [ "$(wc -l <"$work/stdout")" -eq 1 ]
    check "--json: null for infinity" \
        grep -q '"estimate":"found/vocals.wav","sdr_db":null,.*"score":1.0}' "$work/stdout"
    check "--json: windows and the mean" grep -qE '"bss_windows":2,.*"mean":\{' "$work/stdout"
    cleave compare truth absent --json
    check "--json: a failure is an object" \
        grep -qE '^\{"error":\{"code":"unreadable","message":".*"\}\}$' "$work/stdout"
    check "--json: a failure has its status" [ "$status" -eq 1 ]
else
    cleave compare truth found --json
    check "--json is refused without its library" [ "$status" -eq 2 ]
fi

"$signal" make noise 48000 2 100000 s16 >rate.wav
"$signal" make noise 44100 1 100000 s16 >mono.wav
"$signal" make noise 44100 2 10000 s16 >short.wav
head -c 100000 truth/vocals.wav >cut.wav
mkdir -p empty
is_refused "another rate" 1 "rate.wav: it has 48000 Hz and 2 channels" \
    compare truth/drums.wav rate.wav
is_refused "other channels" 1 "mono.wav: it has 44100 Hz and 1" compare truth/drums.wav mono.wav
is_refused "another length" 1 "drums.wav: it is longer than short.wav" \
    compare truth/drums.wav short.wav
is_refused "a file that is cut" 1 "cut.wav" compare truth/vocals.wav cut.wav
is_refused "a file that is not there" 1 "absent.wav" compare truth/drums.wav absent.wav
is_refused "no audio" 1 "notes.txt" compare truth/drums.wav truth/notes.txt
is_refused "a folder and a file" 1 "truth is a folder, which is compared with one other folder" \
    compare truth truth/drums.wav
is_refused "a folder without partners" 1 "no audio file of the same name" compare truth empty
is_refused "standard input" 2 "not from standard input" compare - truth/drums.wav
is_refused "one word" 2 "compare needs two folders" compare truth
is_refused "an unknown metric" 2 "one of sdr, bss" compare truth found --metrics pesq

finish
