#!/usr/bin/env bash
# demucs_test.sh: separating with a model of the store: a tiny HTDemucs, imported from the
# checkpoint that the official packager wrote.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/e2e/lib.sh
checkpoint=$PWD/tests/golden/models/tiny_htdemucs.th
cd "$work" || exit 1

# separate FOLDER INPUT OPTION...: float stems without headers, quietly.
separate() { cleave separate "${@:2}" -o "$1" --format raw --bits float -q; }

frames=66150 # one and a half segments
cleave model import "$checkpoint" --name tiny
check "the checkpoint is imported" [ "$status" -eq 0 ]
cleave model import "$checkpoint" --name tiny32 --type f32
check "and in float32" [ "$status" -eq 0 ]
"$signal" make music 44100 2 "$frames" f32 >song.wav
"$signal" make music 44100 2 "$frames" raw:f32 >song.f32
raw2="--input-format f32le --input-rate 44100 --input-channels 2"

# ---- stems ----
cleave separate song.wav -n tiny --bits float
check "-n NAME: exit status 0" [ "$status" -eq 0 ]
check "four stems" [ "$(stems_of separated/tiny/song)" = "bass.wav drums.wav other.wav vocals.wav" ]
separate full song.wav -n tiny
full=full/tiny/song
for stem in drums bass other vocals; do
    read -r samples peak _ nans <<<"$("$signal" stats $full/$stem.raw)"
    check "$stem: as long as the song, numbers, not silent" \
        [ "$samples $nans" = "$((2 * frames)) 0" -a "$peak" != 0 ]
done
separate again song.wav -n tiny
check "the same bytes again" diff -r full again
separate wide song.wav -n tiny32
check "the same bytes from weights in float32" diff -r $full wide/tiny32/song
separate threads song.wav -n tiny -t 2
check "the same bytes with two threads" diff -r full threads
"$CLEAVE" separate - -n tiny -o piped --format raw --bits float -q <song.wav
check "the same bytes from a pipe" diff -r $full piped/tiny/stdin
# shellcheck disable=SC2086
separate raw song.f32 -n tiny $raw2
check "the same bytes from headerless PCM" diff -r full raw
mkdir album
for i in 1 2 3; do cp song.wav album/$i.wav; done
separate jobs album -n tiny -j 3
check "the same bytes from jobs that share the model" \
    test "$(cat jobs/tiny/{1,2,3}/vocals.raw | cmp - <(cat $full/vocals.raw{,}{,} | head -c \
        $((3 * 8 * frames)))) $status" = " 0"
separate some song.wav -n tiny --stems vocals,bass
check "--stems: those alone" [ "$(stems_of some/tiny/song)" = "bass.raw vocals.raw" ]
check "--stems: the same bytes" cmp -s $full/bass.raw some/tiny/song/bass.raw
separate two song.wav -n tiny --two-stems vocals
check "--two-stems: the stem is the same" cmp -s $full/vocals.raw two/tiny/song/vocals.raw
# Sums of three float32 stems, each rounded to 2^-24 of sizes near the peak.
near "--two-stems: no_vocals is the sum of the rest" 1e-6 two/tiny/song/no_vocals.raw \
    $full/drums.raw $full/bass.raw $full/other.raw
separate karaoke song.wav -n tiny --stems no_vocals
check "karaoke alone: everything but vocals" \
    cmp -s two/tiny/song/no_vocals.raw karaoke/tiny/song/no_vocals.raw
separate minus song.wav -n tiny --two-stems vocals --other-method minus
near "--other-method minus: the two sum to the song" 1e-6 song.f32 minus/tiny/song/vocals.raw \
    minus/tiny/song/no_vocals.raw
separate conserve song.wav -n tiny --conserve
near "--conserve: the stems sum to the song" 1e-6 song.f32 conserve/tiny/song/*.raw
separate shifted song.wav -n tiny --shifts 2
separate shifted2 song.wav -n tiny --shifts 2
check "--shifts: the same bytes again" diff -r shifted shifted2
check "--shifts: other bytes than without" test "$(cmp $full/vocals.raw \
    shifted/tiny/song/vocals.raw)"
separate overlap song.wav -n tiny --overlap 0.5
check "--overlap reaches the engine" test "$(cmp $full/vocals.raw overlap/tiny/song/vocals.raw)"
separate segment song.wav -n tiny --segment 0.5
check "--segment reaches the engine" test "$(cmp $full/vocals.raw segment/tiny/song/vocals.raw)"

# ---- the track's level ----
"$signal" scale 0.01 song.f32 >quiet.f32
# shellcheck disable=SC2086
separate quiet quiet.f32 -n tiny $raw2
"$signal" scale 0.01 $full/vocals.raw >expected.f32
# 0.01 is no power of two, so every sample is rounded anew, and the network's rounding follows.
near "a track a hundred times quieter gives stems a hundred times quieter" 1e-3 expected.f32 \
    quiet/tiny/quiet/vocals.raw
"$signal" make silence 44100 2 "$frames" f32 >silence.wav
separate silence silence.wav -n tiny
read -r samples peak _ nans <<<"$("$signal" stats silence/tiny/silence/drums.raw)"
check "silence stays numbers" [ "$samples $nans" = "$((2 * frames)) 0" ]
"$signal" make music 44100 2 1 f32 >one.wav
separate one one.wav -n tiny
read -r samples _ _ nans <<<"$("$signal" stats one/tiny/one/drums.raw)"
check "a track of one frame" [ "$samples $nans" = "2 0" ]

# ---- channels ----
"$signal" make music 44100 1 "$frames" f32 >mono.wav
"$signal" make music 44100 1 "$frames" raw:f32 >mono.f32
"$signal" channels 1 2 mono.f32 >both.f32
separate mono mono.wav -n tiny
# shellcheck disable=SC2086
separate both both.f32 -n tiny $raw2
for stem in drums vocals; do
    "$signal" channels 2 1 both/tiny/both/$stem.raw >mean.f32
    check "mono: $stem is the mean of what two equal channels give" \
        cmp -s mean.f32 mono/tiny/mono/$stem.raw
done
"$signal" make music 44100 6 "$frames" f32 >six.wav
cleave separate six.wav -n tiny -o six --format raw --bits float
check "six channels: the first two, and this is told" grep -q 'takes the first 2 of 6' stderr
check "six channels: the stems are those of the first two" diff -r $full six/tiny/six
if has libsndfile || has ffmpeg; then
    cleave separate mono.wav -n tiny -o mono --mp3 -q
    check "a mono MP3" [ "$status" -eq 0 ]
    cleave separate six.wav -n tiny -o six --mp3 -q
    check "an MP3 of six channels, since the stems have two" [ "$status" -eq 0 ]
fi

# ---- rates ----
if has resampler; then
    for rate in 48000 22050; do
        count=$((rate * 3 / 2))
        "$signal" make music $rate 2 $count f32 >rate.wav
        separate rates rate.wav -n tiny
        read -r samples _ _ nans <<<"$("$signal" stats rates/tiny/rate/bass.raw)"
        check "$rate Hz: the stems have its rate and length" \
            [ "$samples $nans" = "$((2 * count)) 0" ]
        # The same, one step after the other: identity brings the song to 44100 Hz.
        separate steps rate.wav -n identity -r 44100
        # shellcheck disable=SC2086
        separate steps steps/identity/rate/mixture.raw -n tiny $raw2
        separate at44100 rate.wav -n tiny -r 44100
        # identity cross-fades, which rounds, and the network's rounding follows.
        near "$rate Hz: as if it had been resampled first" 1e-3 at44100/tiny/rate/bass.raw \
            steps/tiny/mixture/bass.raw
        cleave separate rate.wav -n tiny -o rates -q
        told=$("$CLEAVE" probe rates/tiny/rate/bass.wav | awk '/^  rate/ { print $2 }')
        check "$rate Hz: the file says its rate" test "$told" = $rate
    done
else
    skip "rates" "no resampler"
fi

# ---- a bag ----
cleave model import "$checkpoint" --name other
printf 'cleave-bag 1\nmodel tiny 1 0 0 0.5\nmodel other 0 1 1 0.5\n' >"$CLEAVE_MODELS_DIR/both.bag"
separate bag song.wav -n both
for stem in drums bass other; do
    check "a bag: $stem is that of its one network" cmp -s $full/$stem.raw bag/both/song/$stem.raw
done
near "a bag: vocals are the mean of two" 1e-6 $full/vocals.raw bag/both/song/vocals.raw
separate bag2 song.wav -n both --two-stems drums
near "a bag: no_drums is the sum of the rest" 1e-6 bag2/both/song/no_drums.raw \
    bag/both/song/{bass,other,vocals}.raw
printf 'cleave-bag 1\nmodel tiny\nmodel gone\n' >"$CLEAVE_MODELS_DIR/broken.bag"
is_refused "a bag without one of its models" 2 'needs model "gone", which is not installed' \
    separate song.wav -n broken
printf 'cleave-bag 1\nmodel tiny 1 1\n' >"$CLEAVE_MODELS_DIR/short.bag"
is_refused "a bag of other sources" 2 'has 2 sources, and its networks have 4' \
    separate song.wav -n short
rm "$CLEAVE_MODELS_DIR"/{broken,short}.bag

separate - song.wav -n both --two-stems bass
check "a pipe: the first of two stems" cmp -s stdout $full/bass.raw
separate - song.wav -n both
check "a pipe: the first of the model's" cmp -s stdout $full/drums.raw

# ---- names and files ----
version=$(cd "$CLEAVE_MODELS_DIR" && echo tiny@*.weights)
version=${version#tiny@} version=${version%.weights}
separate version song.wav -n "tiny@${version:0:5}"
check "-n NAME@VERSION" diff -r $full "version/tiny@$version/song"
cp "$CLEAVE_MODELS_DIR/tiny@$version.weights" "a model.weights"
separate file song.wav -n "./a model.weights"
check "-n FILE" diff -r $full "file/a model/song"
is_refused "a checkpoint as a file" 2 'no weight file.*cleave model import' \
    separate song.wav -n "$checkpoint"
is_refused "a file that is not there" 2 'nowhere/x.weights: cannot be opened' \
    separate song.wav -n nowhere/x.weights
head -c 1000 "a model.weights" >cut.weights
is_refused "a weight file that is cut" 2 'cut.weights: ' separate song.wav -n cut.weights
is_refused "a version that is not there" 2 'no model "tiny@00' separate song.wav -n tiny@00
is_refused "an official model that is not installed" 2 \
    'htdemucs_ft is not installed: "cleave model pull htdemucs_ft".*"cleave model import FILE"' \
    separate song.wav -n htdemucs_ft
is_refused "a misspelt official model" 2 'did you mean "htdemucs".*cleave model pull htdemucs' \
    separate song.wav -n htdemusc
is_refused "a misspelt installed model" 2 'did you mean "tiny"' separate song.wav -n tinny
is_refused "an unknown model: all names" 2 'auto, center.*both, other, tiny.*htdemucs \(to be' \
    separate song.wav -n zzzzzzzz
is_refused "a segment that is too long" 2 'at most 1 seconds' separate song.wav -n tiny --segment 2
is_refused "a stem that the model lacks" 2 'no stem "piano"' \
    separate song.wav -n tiny --stems piano
is_refused "a GPU that is not there" 2 'device cuda' separate song.wav -n tiny -d cuda:63
is_refused "-d gpu" 2 'did you mean "cuda"' separate song.wav -d gpu
cleave separate song.wav -n center:naive -o naive -q
check "no colon in a folder's name" [ -s naive/center-naive/song/vocals.wav ]

# ---- auto ----
cleave separate song.wav -o auto
check "auto: a bag before single models, and why" grep -q 'model both: installed' stderr
cleave model remove both
cleave separate song.wav -o auto
check "auto: then by name" grep -q 'model other: installed' stderr
cleave model import "$checkpoint" --name htdemucs
cleave separate song.wav mono.wav -o auto
check "auto: the official names first, for stereo and mono" \
    [ "$(grep -c 'model htdemucs: installed' stderr)" -eq 2 ]
cleave separate six.wav -o auto
check "auto: center for more channels, and why" grep -q 'model center: htdemucs would keep 2' stderr
cleave separate - -o - <song.wav
check "auto: center from pipe to pipe, and why" grep -q 'model center: .* whole track first' stderr
cleave separate song.wav -o auto --segment 2
check "auto: center where the segment is too long, and why" \
    grep -q 'model center: htdemucs is installed but cannot run' stderr
mv "$CLEAVE_MODELS_DIR" elsewhere
cleave separate song.wav -o auto
check "auto: center without any, and why" grep -q 'model center: no model with weights' stderr
mv elsewhere "$CLEAVE_MODELS_DIR"

# ---- what is told ----
check "models, model list: identity is for tests" \
    test "$({ "$CLEAVE" models && "$CLEAVE" model list; } | grep -c identity)" -eq 0
check "models: built in and installed" test "$("$CLEAVE" models | grep -cE '^(center|tiny) ')" -eq 2
check "models: accompaniment is a stem of center" \
    test "$("$CLEAVE" models | grep -A 1 '^center ' | grep -c 'stems:.*accompaniment')" -eq 1
check "model list: built in and installed" \
    test "$("$CLEAVE" model list | grep -cE '^\* (center|tiny) ')" -eq 2
check "model info: kind, stems, segment, parameters" test "$("$CLEAVE" model info tiny |
    grep -cE '^(kind +htdemucs|stems +drums, bass|segment +1 s|parameters +444616)')" -eq 4
# fails_with WORDS ARGS...: exit status 1, and one line on standard error that has the words.
fails_with() {
    "$CLEAVE" "${@:2}" 2>stderr
    [ "$? $(wc -l <stderr)" = "1 1" ] && grep -q "$1" stderr
}
check "model info of one to be pulled" \
    fails_with '"cleave model pull htdemucs_6s" brings it' model info htdemucs_6s
check "model remove of one that is built in" \
    fails_with 'model "center" is built in and has no file' model remove center
check "model import of a song" \
    fails_with 'no checkpoint: it begins neither as a zip archive' model import song.wav
printf '\200\002' >old.th
check "model import of an old checkpoint" \
    fails_with 'a bare pickle, as PyTorch before 1.6' model import old.th
check "model info of a model that is built in" test "$("$CLEAVE" model info center |
    grep -c '^version *built in')" -eq 1
if has json; then
    for threads in 1 2; do
        cleave separate song.wav -n tiny -o told --json -q -t $threads
        for bytes in engine_bytes buffer_bytes; do
            check "model info --memory: $bytes of $threads threads are what is used" \
                test "$("$CLEAVE" model info tiny --memory --json |
                    sed -E "s/.*(\{\"threads\":$threads,[^}]*\}).*/\1/" | number $bytes)" \
                -eq "$(number $bytes <stdout)"
        done
    done
    for field in '"model":"tiny"' "\"version\":\"$version\"" '"kind":"htdemucs"' '"networks":1' \
        '"method":"demucs"' '"realtime_factor":[0-9]' '"threads":2' '"output_channels":2'; do
        check "--json: $field" grep -q "$field" stdout
    done
    check "model list --json is one array" \
        test "$("$CLEAVE" model list --json | grep -cE '^\[.*"name":"tiny".*\]$')" -eq 1
    check "models --json" test "$("$CLEAVE" models --json | grep -c '"name":"tiny"')" -eq 1
else
    skip "--json" "this build has no jansson"
fi
mkdir -p truth
"$signal" make music 44100 2 "$((frames + 5))" f32 >truth/vocals.wav
"$signal" make music 44100 2 "$((frames - 5))" f32 >truth/bass.wav
cleave separate song.wav -n tiny -o scored --reference truth
check "--reference: another length is told" test "$(grep -cE \
    'warning: .*reference of (vocals is longer|bass is shorter)' stderr)" -eq 2
if script -qec true /dev/null >/dev/null 2>&1; then
    script -qec "'$CLEAVE' separate song.wav -n tiny -o bar" /dev/null >bar.txt 2>&1
    check "the first pass is told on a terminal" grep -q 'measuring its level' bar.txt
else
    skip "the first pass is told on a terminal" "needs script and a pseudo-terminal"
fi
finish
