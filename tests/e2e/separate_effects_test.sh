#!/usr/bin/env bash
# separate_effects_test.sh: what `cleave separate` does to the mixture before and to the stems
# after.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/e2e/lib.sh
cd "$work" || exit 1

make_wav() { "$signal" make "$@"; } # kind rate channels frames format
decode() { "$CLEAVE" process "$1" - --codec raw --bits float -q; }
separate() { cleave separate "$@" --bits float; }
stem() { decode "$1/center/song/$2.wav"; }
frames_of() { echo $(($(stem "$1" vocals | wc -c) / 8)); }

make_wav music 44100 2 66150 f32 >song.wav
decode song.wav >song.f32
"$signal" scale 0.501187234 song.f32 >half.f32

separate song.wav -o plain -q
separate song.wav -o pre --pre "gain:-6" -q
check "--pre: exit status 0" [ "$status" -eq 0 ]
stem pre vocals >v.f32 && stem pre accompaniment >a.f32
near "--pre: the stems sum to the mixture with its effects" 1e-4 half.f32 v.f32 a.f32
cleave separate - -o piped --pre "gain:-6" -q --bits float <song.wav
check "--pre of a pipe is the same" cmp -s <(stem pre vocals) \
    <(decode piped/center/stdin/vocals.wav)

# Stems of which one is delayed by its effects stay aligned.
separate song.wav -o post --post vocals="gain:-6" -q
stem plain vocals >plain.f32 && stem post vocals >v.f32
"$signal" scale 0.501187234 plain.f32 >half.f32
near "--post of one stem" 1e-6 half.f32 v.f32
check "leaves the other as it is" cmp -s <(stem plain accompaniment) <(stem post accompaniment)
separate song.wav -o all --post "gain:-6" --post vocals="gain:0" -q
check "--post of all stems but one" cmp -s <(stem plain vocals) <(stem all vocals)
separate song.wav -o late --post vocals="limiter:threshold=0" -q
stem late vocals >v.f32 && stem late accompaniment >a.f32 && stem plain accompaniment >b.f32
check "a limiter that does nothing delays nothing" [ "$(stat -c %s v.f32)" -eq \
    "$(stat -c %s plain.f32)" ]
near "its stem is where it was" 1e-4 plain.f32 v.f32
near "and so are the others" 1e-6 b.f32 a.f32

# A second of silence, the song, half a second of silence.
{
    make_wav silence 44100 2 44100 raw:f32
    cat song.f32
    make_wav silence 44100 2 22050 raw:f32
} >long.f32
raw=(--input-format f32le --input-rate 44100 --input-channels 2)
cleave process long.f32 padded.wav "${raw[@]}" --bits float -q
mkdir -p trimmed && cp padded.wav trimmed/song.wav
separate trimmed/song.wav -o cut --trim-silence
check "--trim-silence leaves the song" [ "$(frames_of cut)" -le 66150 ]
check "all of it" [ "$(frames_of cut)" -ge 65700 ]
check "and tells" grep -q '1.00 s of silence cut off at the start, 0.50 s at the end' stderr
separate trimmed/song.wav -o margin --trim-silence=0.2 -q
more=$(($(frames_of margin) - $(frames_of cut)))
check "but for so many seconds" [ "$more" -eq 17640 ]
make_wav silence 44100 2 44100 f32 >song.wav
separate song.wav -o quiet --trim-silence
check "a silent track stays" [ "$(frames_of quiet)" -eq 44100 ]
cp padded.wav song.wav
separate song.wav -o loud --normalize=-20 --json
check "--normalize: exit status 0" [ "$status" -eq 0 ]
stem loud vocals >v.f32 && stem loud accompaniment >a.f32
decode padded.wav >padded.f32
"$CLEAVE" process padded.wav level.wav --fx "normalize:-20" -q
decode level.wav >level.f32
near "--normalize: the stems sum to the mixture at its level" 1e-4 level.f32 v.f32 a.f32

is_refused "--pre: an unknown effect" 2 'did you mean "gain"' separate song.wav --pre gian:1
is_refused "--post: an unknown effect" 2 'did you mean "gain"' separate song.wav \
    --post vocals=gian:1
is_refused "--post of a stem that is not written" 1 'for the stem "voice"' separate song.wav \
    --post voice=gain:1
is_refused "--post with a level of the whole track" 2 'a normalize with a window' separate \
    song.wav --post normalize:-16
is_refused "--normalize beyond all levels" 2 'from -70 to 0' separate song.wav --normalize=3
is_refused "--trim-silence of words" 2 'takes a number' separate song.wav --trim-silence=much
finish
