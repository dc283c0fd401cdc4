#!/usr/bin/env bash
# bad_input_test.sh: whatever is wrong with an input or an output is one sentence, an exit status
# and nothing left.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/e2e/lib.sh
cd "$work" || exit 1

# patch FILE OFFSET BYTES: writes over bytes, given as printf escapes.
patch() { printf "$3" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none; }

"$signal" make music 44100 2 44100 s16 >good.wav

# ---- inputs that are none ----
is_refused "a missing file" 1 'missing.wav: .*No such file' separate missing.wav
mkdir -p empty_folder
is_refused "a folder without audio" 1 'empty_folder: .*no audio' separate empty_folder
: >empty.wav
is_refused "an empty file" 1 'empty.wav: ' separate empty.wav
head -c 20 good.wav >header.wav
is_refused "half a header" 1 'header.wav: ' separate header.wav
echo "This is a text, not a song." >text.wav
is_refused "a text renamed to .wav" 1 'text.wav: ' separate text.wav
head -c 100000 /dev/urandom >random.mp3
is_refused "random bytes renamed to .mp3" 1 'random.mp3: ' separate random.mp3
mkfifo silent_pipe
( : >silent_pipe ) &
is_refused "a pipe that gives nothing" 1 'silent_pipe: ' separate silent_pipe
wait

odd=$'new\nline.wav'
cp text.wav "$odd"
is_refused "a newline in a name stays on the line" 1 '^cleave: new\\nline\.wav: [^.]*$' \
    separate "$odd"
long=$(printf 'x%.0s' $(seq 250)).wav
cp text.wav "$long"
is_refused "a name of 254 bytes is told once" 1 '^cleave: x{250}\.wav: [^.]*$' separate "$long"

# ---- truncated, or lying about the length ----
head -c 100000 good.wav >truncated.wav
is_refused "a truncated WAV" 1 'truncated.wav: ' separate truncated.wav
cp good.wav liar.wav
patch liar.wav 40 '\x00\x00\x00\x40'
patch liar.wav 4 '\x24\x00\x00\x40'
is_refused "a header that promises 1 GB" 1 'liar.wav: ' separate liar.wav
if command -v flac >/dev/null && { has libsndfile || has ffmpeg; }; then
    flac -s -o good.flac good.wav
    head -c $(($(stat -c %s good.flac) / 2)) good.flac >truncated.flac
    is_refused "a truncated FLAC" 1 'truncated.flac: ' separate truncated.flac
else
    skip "a truncated FLAC" "needs flac and a library that reads it"
fi
if command -v ffmpeg >/dev/null && has ffmpeg; then
    ffmpeg -v error -y -f s16le -ar 44100 -ac 2 -i good.wav -b:a 128k good.mp3 </dev/null
    head -c $(($(stat -c %s good.mp3) / 2)) good.mp3 >truncated.mp3
    is_refused "a truncated MP3" 1 'truncated.mp3: ' separate truncated.mp3
    ffmpeg -v error -y -i good.wav -c:a aac good.m4a </dev/null
    "$CLEAVE" separate - -o piped <good.m4a 2>stderr
    check "an M4A whose index is last, in a file on standard input" [ \
        "$? $(grep -c '^cleave: .*its index comes last' stderr)" = "0 0" ]
    "$CLEAVE" separate - -o piped < <(cat good.m4a) 2>stderr
    check "an M4A whose index is last, on a pipe" [ \
        "$? $(grep -c '^cleave: .*its index comes last' stderr)" = "1 1" ]
else
    skip "a truncated MP3" "needs FFmpeg"
    skip "an M4A whose index is last, in a file on standard input" "needs FFmpeg"
    skip "an M4A whose index is last, on a pipe" "needs FFmpeg"
fi

# ---- files that name other files: the target must not be opened ----
cp good.wav target.wav
printf '#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n%s\n#EXT-X-ENDLIST\n' "$work/target.wav" \
    >playlist.wav
printf 'ffconcat version 1.0\nfile target.wav\n' >concat.wav
printf "file '%s'\n" "$work/target.wav" >list.wav
printf '<?xml version="1.0"?><MPD><BaseURL>%s</BaseURL></MPD>\n' "$work/target.wav" >dash.wav
printf '[playlist]\nFile1=%s\n' "$work/target.wav" >pls.wav
printf 'v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nm=audio 5004 RTP/AVP 0\n' >sdp.wav
for kind in playlist concat list dash pls sdp; do
    is_refused "a $kind renamed to .wav" 1 "$kind.wav: " separate "$kind.wav"
    if command -v strace >/dev/null && ! is_sanitized && strace -o /dev/null true 2>/dev/null; then
        strace -f -e trace=open,openat,connect -o trace.txt "$CLEAVE" separate "$kind.wav" -o out \
            >/dev/null 2>&1
        if grep -q "$kind.wav" trace.txt && ! grep -qE 'target.wav|connect\(' trace.txt; then
            pass "a $kind opens no second file"
        else
            fail "a $kind opens no second file" "$(grep -E 'target|connect' trace.txt | head -1)"
        fi
    else
        skip "a $kind opens no second file" "cannot trace here"
    fi
done

# ---- frames ----
"$signal" make music 44100 2 0 s16 >none.wav
is_refused "0 frames" 1 'none.wav: .*no audio' separate none.wav
stem_stats() { # folder stem: samples peak rms nans
    "$signal" stats "$1/$2.raw"
}
"$signal" make music 44100 2 1 s16 >one.wav
cleave separate one.wav -o one --format raw --bits float -q
check "1 frame gives 1 frame" [ "$status $(stat -c %s one/center/one/vocals.raw)" = "0 8" ]
for channels in 1 2; do
    "$signal" make silence 44100 "$channels" 44100 s16 >"silence.wav"
    cleave separate silence.wav -o silence --format raw --bits float -q
    read -r samples peak _ nans <<<"$(stem_stats silence/center/silence vocals)"
    check "silence gives silence, $channels channels" [ "$status $samples $peak $nans" = \
        "0 $((44100 * channels)) 0 0" ]
done
"$signal" make nan 44100 2 44100 f32 >nan.wav
cleave separate nan.wav -o nan --format raw --bits float
check "NaN, infinity and absurd samples are replaced" [ "$status" -eq 0 ]
check "and counted" grep -q 'warning: nan.wav: 3 samples' "$work/stderr"
read -r _ peak _ nans <<<"$(stem_stats nan/center/nan vocals)"
check "and none comes out" awk -v p="$peak" -v n="$nans" 'BEGIN { exit !(n == 0 && p < 10) }'

# ---- shapes beyond the limits ----
cp good.wav rate0.wav && patch rate0.wav 24 '\x00\x00\x00\x00'
is_refused "0 Hz" 1 'rate0.wav: declares a sample rate of 0 Hz' separate rate0.wav
cp good.wav rate2g.wav && patch rate2g.wav 24 '\x00\x94\x35\x77'
is_refused "2 GHz" 1 'rate2g.wav: ' separate rate2g.wav
"$signal" make music 44100 9 4410 s16 >nine.wav
is_refused "9 channels" 1 'nine.wav: .*9 channels' separate nine.wav
cp good.wav channels0.wav && patch channels0.wav 22 '\x00\x00'
is_refused "0 channels" 1 'channels0.wav: ' separate channels0.wav
"$signal" make music 44100 6 4410 s16 >six.wav
is_refused "6 channels as MP3" 1 'six.wav: .*6 channels.*mp3' separate six.wav --mp3

# ---- outputs ----
is_refused "raw PCM without its rate" 2 'input-rate' separate good.wav --input-format s16le
if command -v script >/dev/null; then
    script -qec "'$CLEAVE' separate good.wav -o -" /dev/null >terminal.txt 2>&1
    check "samples are not written to a terminal" grep -q 'terminal' terminal.txt
    check "but a sentence" [ "$(stat -c %s terminal.txt)" -lt 200 ]
else
    for what in "samples are not written to a terminal" "but a sentence"; do
        skip "$what" "needs script"
    done
fi
touch file_in_the_way
cleave separate good.wav -o file_in_the_way
check "a file where a folder must be" [ "$status $(errors | wc -l)" = "1 1" ]
locked=/proc/cleave # where not even root may make a folder
if ! is_root; then
    mkdir -p locked && chmod 500 locked
    locked=locked
fi
cleave separate good.wav -o "$locked"
check "an unwritable folder" [ "$status $(errors | wc -l)" = "1 1" ]
# A limit on the size of files stands for any write that fails half way.
for bits in 16 float; do
    (
        ulimit -f 100
        trap '' XFSZ
        "$CLEAVE" separate good.wav -o limited --bits "$bits" 2>stderr
        echo $? >status
    )
    check "a write that fails half way, --bits $bits" [ "$(cat status) $(errors | wc -l)" = "1 1" ]
    check "leaves nothing" [ "$(count_entries limited)" -eq 0 ]
done
mkdir -p tiny
if is_root && mount -t tmpfs -o size=1m none tiny 2>/dev/null; then
    "$signal" make music 44100 2 441000 s16 >ten.wav
    for bits in 16 float; do
        cleave separate ten.wav -o tiny/out --bits "$bits"
        check "a full disk, --bits $bits" [ "$status $(errors | wc -l)" = "1 1" ]
        check "it says so" grep -qi 'no space' "$work/stderr"
        check "and leaves nothing" [ "$(count_entries tiny)" -eq 0 ]
    done
    umount tiny
else
    for what in "a full disk" "it says so" "and leaves nothing"; do
        skip "$what" "may not mount a small disk"
    done
fi
if [ -e /dev/full ]; then
    "$CLEAVE" separate good.wav -o - >/dev/full 2>stderr
    check "an output that takes nothing" [ "$? $(errors | wc -l)" = "1 1" ]
    "$CLEAVE" models >/dev/full 2>stderr
    check "the same for what is printed" [ "$? $(errors | wc -l)" = "1 1" ]
else
    for what in "an output that takes nothing" "the same for what is printed"; do
        skip "$what" "no /dev/full"
    done
fi
"$signal" make music 44100 2 1 s16 >short.wav
cleave separate short.wav -o same/open --format raw --clip clamp
"$CLEAVE" separate short.wav -v -o same/closed --format raw --clip clamp <&- >&- 2>&-
check "no sentence goes into a stem when standard error is closed" [ \
    "$? $(diff -r same/open same/closed | wc -l)" = "0 0" ]
"$CLEAVE" separate good.wav -o - >&- 2>stderr
check "a closed standard output" [ "$? $(grep -c '^cleave: ' stderr)" = "1 1" ]
mkdir -p same/center/song
cp good.wav same/center/song/vocals.wav
cleave separate same/center/song/vocals.wav -o same --filename 'song/{stem}.{ext}'
check "a stem that would overwrite its input" [ "$status $(errors | grep -c 'overwrite')" = "1 1" ]
check "the input is as it was" cmp -s good.wav same/center/song/vocals.wav

# ---- names ----
mkdir -p "deep/er"
cp good.wav "deep/..wav"
cp good.wav "deep/er/...wav"
(cd deep/er && cleave separate ../..wav ...wav -o ../../inside -q)
check "no name leaves the output folder" [ \
    "$(find . -name vocals.wav | grep -cv '^./\(inside\|one\|nan\|silence\|same\|piped\)')" -eq 0 ]
check "but every track is there" [ "$(find inside -name vocals.wav | wc -l)" -eq 2 ]
is_refused "a template that leaves the folder" 2 'below the output folder' separate good.wav \
    --filename '../{stem}'
is_refused "an unknown option" 2 'did you mean "--stems"' separate good.wav --stms vocals
is_refused "an unknown model" 2 'did you mean "center"' separate good.wav -n centre
is_refused "an unknown stem" 2 'did you mean "vocals"' separate good.wav --stems vocal
is_refused "an unknown command" 2 'did you mean "separate"' seprate good.wav
is_refused "where the options are listed" 2 '"cleave help separate" lists' separate good.wav \
    --quality best
is_refused "a name that is empty" 2 'is empty' separate good.wav ""
cleave model
check "no command for models" [ \
    "$status $(grep -c . "$work/stderr") $(errors | grep -c 'needs a command')" = "2 1 1" ]
is_refused "an unknown command for models" 2 'did you mean "import"' model imprt
is_refused "an unknown command for weight files" 2 'did you mean "inspect"' weights inspct
is_refused "an unknown option of import" 2 'did you mean "--name"' model import x --nam y
is_refused "a wrong type for import" 2 'takes f32 or f16' model import x --type f64
cleave model import
check "import of nothing" [ "$status $(errors | grep -c 'import needs a file')" = "2 1" ]
for words in "help model" "model --help" "model import --help"; do
    cleave $words
    check "$words" [ "$status $(grep -c '^cleave model import' "$work/stdout")" = "0 1" ]
done
is_refused "-rf as an option" 2 '-r' separate -rf good.wav
is_refused "standard input twice" 2 'once' separate - -
is_refused "a GPU that is not there" 2 'cuda' separate good.wav -d cuda:9

# ---- in a batch the rest goes on ----
cleave separate good.wav missing.wav text.wav truncated.wav -o batch
check "the good one of four is separated" [ -s batch/center/good/vocals.wav ]
check "each bad one is told once" [ "$status $(errors | wc -l)" = "1 3" ]
check "and leaves nothing" [ "$(find batch -mindepth 2 -maxdepth 2 | wc -l)" -eq 1 ]
finish
