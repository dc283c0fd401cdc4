#!/usr/bin/env bash
# spleeter_test.sh: separating with a model of Spleeter's kind: a tiny one of two instruments,
# imported from a TensorFlow checkpoint.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/e2e/lib.sh
golden=$PWD/tests/golden
cd "$work" || exit 1

# separate FOLDER INPUT OPTION...: float stems without headers, quietly.
separate() { cleave separate "${@:2}" -o "$1" --format raw --bits float -q; }
# Everything in the store, hidden files too.
stored() { find "$CLEAVE_MODELS_DIR" -mindepth 1 2>/dev/null | wc -l; }
# import_fails NAME WORDS PATH...: exit status 1, one sentence with the words, nothing stored.
import_fails() {
    local before
    before=$(stored)
    cleave model import "${@:3}"
    if [ "$status $(wc -l <stderr) $(stored)" = "1 1 $before" ] && grep -qE -- "$2" stderr; then
        pass "$1"
    else
        fail "$1" "exit status $status, $(stored) files, not $before: $(head -2 stderr)"
    fi
}

# ---- import ----
mkdir 2stems several empty lonely
for end in index data-00000-of-00001; do
    cp "$golden/spleeter/spleeter_tiny.$end" 2stems/model.$end
    cp 2stems/model.$end several/model-1.$end
    cp 2stems/model.$end several/model-2.$end
done
cp 2stems/model.index lonely
echo 'model_checkpoint_path: "model"' >2stems/checkpoint
echo graph >2stems/model.meta
cleave model import 2stems
check "a folder that is called 2stems" grep -q '^spleeter:2stems@' stdout
cleave model import 2stems/model.index --name byindex
check "an index" grep -q '^byindex@' stdout
check "no colon in a file's name" \
    test -f "$(echo "$CLEAVE_MODELS_DIR"/spleeter=2stems@*.weights)"
cleave model verify spleeter:2stems
check "model verify" [ "$status" -eq 0 ]
import_fails "a folder without a checkpoint" 'no file ends in .index' empty
import_fails "a folder of several" 'holds 2 checkpoints, "model-[12].index" and' several
import_fails "an index without its data" 'data, "model.data-00000-of-00001", is missing' lonely
import_fails "the data alone" 'import its index' 2stems/model.data-00000-of-00001
import_fails "another kind" 'of kind spleeter, not htdemucs' 2stems --kind htdemucs --name x
if has archives; then
    tar -czf mine.tar.gz 2stems
    cleave model import mine.tar.gz
    check "an archive" grep -q '^mine@' stdout
    cleave model import mine.tar.gz --name my:own --type f16
    check "an archive, with a name of its own, in binary16" grep -q '^my:own@' stdout
    cp mine.tar.gz 4stems.tar.gz
    import_fails "an archive that is not what its name says" \
        'SHA-256 begins with .* official spleeter:4stems with 3adb4a50' 4stems.tar.gz
    head -c 500000 mine.tar.gz >cut.tar.gz
    import_fails "an archive that is cut" 'truncated|Truncated' cut.tar.gz
    echo '<html>' >page.tar.gz
    import_fails "a page in place of an archive" 'is no tar archive' page.tar.gz
    mkdir linked
    ln -s /etc/passwd linked/model.index
    tar -cf linked.tar linked
    import_fails "an archive with a link" 'no file but a link' linked.tar
    tar -czf several.tgz several
    import_fails "an archive of several" 'holds 2 checkpoints' several.tgz
    tar -czf lonely.tgz lonely
    import_fails "an archive without data" 'is missing' lonely.tgz
    before=$(stored)
    # A file of more than 500 KiB ends the process by a signal, in the middle of the data.
    bash -c 'ulimit -f 500; exec "$@"' - "$CLEAVE" model import mine.tar.gz --name killed 2>stderr &
    wait $! 2>/dev/null
    check "killed while it unpacks, it leaves nothing" [ "$? $(stored)" = "153 $before" ]
else
    printf '\037\213' >mine.tgz
    import_fails "an archive, without its library" 'need the library libarchive' mine.tgz
fi

# ---- stems ----
frames=132300
"$signal" make music 44100 2 "$frames" f32 >song.wav
"$signal" make music 44100 2 "$frames" raw:f32 >song.f32
raw2="--input-format f32le --input-rate 44100 --input-channels 2"
cleave separate song.wav -n spleeter:2stems --bits float
check "-n spleeter:2stems: exit status 0" [ "$status" -eq 0 ]
check "two stems, in a folder without a colon" \
    [ "$(stems_of separated/spleeter-2stems/song)" = "accompaniment.wav vocals.wav" ]
cleave separate song.wav -n spleeter:2stems --filename '{model}.{stem}.{ext}' -o flat -q
check "{model} has no colon" [ -s flat/spleeter-2stems.vocals.wav ]
separate full song.wav -n spleeter:2stems
full=full/spleeter-2stems/song
for stem in vocals accompaniment; do
    read -r samples peak _ nans <<<"$("$signal" stats $full/$stem.raw)"
    check "$stem: as long as the song, numbers, not silent" \
        [ "$samples $nans" = "$((2 * frames)) 0" -a "$peak" != 0 ]
done
separate again song.wav -n byindex
check "the same bytes from the checkpoint by its index" diff -r $full again/byindex/song
if has archives; then
    separate again song.wav -n mine
    check "the same bytes from the archive" diff -r $full again/mine/song
fi
separate threads song.wav -n spleeter:2stems -t 2
check "the same bytes with two threads" diff -r full threads
"$CLEAVE" separate - -n spleeter:2stems -o piped --format raw --bits float -q <song.wav
check "the same bytes from a pipe" diff -r $full piped/spleeter-2stems/stdin
separate two song.wav -n spleeter:2stems --two-stems vocals
check "--two-stems vocals: vocals and no_vocals" \
    [ "$(stems_of two/spleeter-2stems/song)" = "no_vocals.raw vocals.raw" ]
check "--two-stems: the stem is the same" \
    cmp -s $full/vocals.raw two/spleeter-2stems/song/vocals.raw
check "--two-stems: the rest is the accompaniment" \
    cmp -s $full/accompaniment.raw two/spleeter-2stems/song/no_vocals.raw
separate karaoke song.wav -n spleeter:2stems --stems no_vocals
check "karaoke alone" cmp -s $full/accompaniment.raw karaoke/spleeter-2stems/song/no_vocals.raw
separate rest song.wav -n spleeter:2stems --stems accompaniment
check "--stems accompaniment" \
    cmp -s $full/accompaniment.raw rest/spleeter-2stems/song/accompaniment.raw
separate overlap song.wav -n spleeter:2stems --overlap 0
check "--overlap 0 is the default" diff -r full overlap
separate faded song.wav -n spleeter:2stems --overlap 0.25 --segment 1.5
check "--overlap reaches the engine" \
    test "$(cmp $full/vocals.raw faded/spleeter-2stems/song/vocals.raw)"

# ---- the band ----
separate wide song.wav -n spleeter:2stems-16kHz
check "-16kHz: two stems, in a folder of their own" \
    [ "$(stems_of wide/spleeter-2stems-16kHz/song)" = "accompaniment.raw vocals.raw" ]
check "-16kHz: other bytes" \
    test "$(cmp $full/vocals.raw wide/spleeter-2stems-16kHz/song/vocals.raw)"
version=$("$CLEAVE" model list | awk '$2 == "spleeter:2stems" { print $3 }')
separate wide song.wav -n "spleeter:2stems-16kHz@${version:0:6}"
check "-16kHz@VERSION" diff -r wide/spleeter-2stems-16kHz/song \
    "wide/spleeter-2stems-16kHz@$version/song"
separate zeros song.wav -n spleeter:2stems --mask-extension zeros
check "--mask-extension zeros is the model's own" diff -r full zeros
separate average song.wav -n spleeter:2stems --mask-extension average
check "--mask-extension average: other bytes" \
    test "$(cmp $full/vocals.raw average/spleeter-2stems/song/vocals.raw)"
# The masks of a bin sum to 1, in float32, and the transform is exact to its rounding.
near "--mask-extension average: the stems sum to the song" 1e-5 song.f32 \
    average/spleeter-2stems/song/*.raw
is_refused "--mask-extension for a model without masks" 2 \
    'mask_extension: model center has no network' \
    separate song.wav -n center --mask-extension average
is_refused "--mask-extension of another word" 2 'did you mean "average"' \
    separate song.wav --mask-extension averge
is_refused "-16kHz of a model that is not there" 2 \
    'spleeter:4stems-16kHz is not installed: "cleave model pull spleeter:4stems"' \
    separate song.wav -n spleeter:4stems-16kHz
is_refused "a misspelt wide form" 2 'did you mean "spleeter:2stems"' \
    separate song.wav -n spleeter:2stem
is_refused "a stem that the model lacks" 2 'no stem "piano"' \
    separate song.wav -n spleeter:2stems --stems piano
is_refused "a checkpoint in place of a model" 2 'no weight file.*cleave model import' \
    separate song.wav -n 2stems/model.index

# ---- channels, rates, lengths ----
"$signal" make music 44100 1 "$frames" f32 >mono.wav
"$signal" make music 44100 1 "$frames" raw:f32 >mono.f32
"$signal" channels 1 2 mono.f32 >both.f32
separate mono mono.wav -n spleeter:2stems
# shellcheck disable=SC2086
separate both both.f32 -n spleeter:2stems $raw2
"$signal" channels 2 1 both/spleeter-2stems/both/vocals.raw >mean.f32
check "mono: the mean of what two equal channels give" \
    cmp -s mean.f32 mono/spleeter-2stems/mono/vocals.raw
"$signal" make music 44100 6 "$frames" f32 >six.wav
cleave separate six.wav -n spleeter:2stems -o six --format raw --bits float
check "six channels: the first two, and this is told" grep -q 'takes the first 2 of 6' stderr
check "six channels: the stems are those of the first two" diff -r $full six/spleeter-2stems/six
"$signal" make silence 44100 2 "$frames" f32 >silence.wav
separate silence silence.wav -n spleeter:2stems
read -r samples peak _ nans <<<"$("$signal" stats silence/spleeter-2stems/silence/vocals.raw)"
check "silence stays silence" [ "$samples $nans" = "$((2 * frames)) 0" -a "$peak" = 0 ]
"$signal" make music 44100 2 1 f32 >one.wav
separate one one.wav -n spleeter:2stems
read -r samples _ _ nans <<<"$("$signal" stats one/spleeter-2stems/one/vocals.raw)"
check "a track of one frame" [ "$samples $nans" = "2 0" ]
if has resampler; then
    "$signal" make music 48000 2 96000 f32 >rate.wav
    separate rates rate.wav -n spleeter:2stems
    read -r samples _ _ nans <<<"$("$signal" stats rates/spleeter-2stems/rate/vocals.raw)"
    check "48000 Hz: the stems have its rate and length" [ "$samples $nans" = "192000 0" ]
else
    skip "rates" "no resampler"
fi

# ---- auto ----
chosen() { sed -nE 's/^.*model ([^ ]+): .*/\1/p' stderr; }
for name in byindex mine my:own; do "$CLEAVE" model remove $name >/dev/null 2>&1; done
cleave model import 2stems --name custom
cleave separate song.wav -o auto
check "auto: Spleeter without Demucs, and why" \
    grep -q 'model spleeter:2stems: no Demucs model is installed, and Spleeter comes next' stderr
cleave model import 2stems --name spleeter:5stems
cleave separate song.wav -o auto
check "auto: five stems before two" [ "$(chosen)" = spleeter:5stems ]
cleave model import 2stems --name spleeter:4stems
cleave separate song.wav -o auto
check "auto: four before five" [ "$(chosen)" = spleeter:4stems ]
cleave separate song.wav -o auto --mask-extension average
check "auto: with an option of Spleeter's" [ "$(chosen)" = spleeter:4stems ]
cleave separate six.wav -o auto
check "auto: center for more channels" [ "$(chosen)" = center ]
cleave separate song.wav -o auto --stems drums
check "auto: center where none has the stem, and why" \
    grep -q 'model center: spleeter:4stems is installed but cannot run (.*no stem "drums"' stderr
cleave separate - -o - <song.wav
check "auto: Spleeter from pipe to pipe" [ "$(chosen)" = spleeter:4stems ]
cleave model import "$golden/models/tiny_htdemucs.th" --name tiny
cleave separate song.wav -o auto
check "auto: Demucs before Spleeter" [ "$(chosen)" = tiny ]
cleave separate song.wav -o auto --stems accompaniment --mask-extension zeros
check "auto: Spleeter where Demucs cannot, and why" \
    grep -q 'model spleeter:4stems: tiny is installed but cannot run .* and Spleeter comes' stderr
cleave separate - -o - <song.wav
check "auto: from pipe to pipe Spleeter, since Demucs needs all of it" grep -q \
    'model spleeter:4stems: tiny needs to know the whole track first, and spleeter:4stems' stderr
is_refused "--mask-extension for Demucs" 2 'mask_extension: model tiny has no network' \
    separate song.wav -n tiny --mask-extension zeros

# ---- what is told ----
check "model info: kind, stems, segment, band" test "$("$CLEAVE" model info spleeter:2stems |
    grep -cE '^(kind +spleeter|stems +vocals, acc|segment +11.8886 s|what .*to 11.0 kHz)')" -eq 4
check "model info of a wide form" test "$("$CLEAVE" model info spleeter:2stems-16kHz |
    grep -cE '^(name +spleeter:2stems-16kHz$|what .*masks to 16.5 kHz)')" -eq 2
cleave model remove spleeter:2stems-16kHz
check "model remove of a wide form" grep -q 'no file of its own: it is "spleeter:2stems"' stderr
check "models" test "$("$CLEAVE" models | grep -c '^spleeter:2stems ')" -eq 1
cleave model pull spleeter:2stems-16kHz --mirror ftp:
check "model pull of a wide form says what is pulled" \
    grep -q 'spleeter:2stems-16kHz is spleeter:2stems' stderr
if has json; then
    cleave separate song.wav -n spleeter:2stems-16kHz -o told --json -q -t 2
    for field in '"model":"spleeter:2stems-16kHz"' "\"version\":\"$version\"" '"networks":1' \
        '"kind":"spleeter"' '"method":"spleeter"' \
        '"vocals":"told/spleeter-2stems-16kHz/song/vocals.wav"'; do
        check "--json: $field" grep -q "$field" stdout
    done
    for bytes in engine_bytes buffer_bytes; do
        check "model info --memory: $bytes are what is used" \
            test "$("$CLEAVE" model info spleeter:2stems-16kHz --memory --json |
                sed -E 's/.*(\{"threads":2,[^}]*\}).*/\1/' | number $bytes)" \
            -eq "$(number $bytes <stdout)"
    done
    check "model info --json: the name asked for, and a segment in seconds" test "$("$CLEAVE" \
        model info spleeter:2stems-16kHz --json |
        grep -cE '"name":"spleeter:2stems-16kHz",.*"segment":11\.88[0-9]*,"segment_max"')" -eq 1
else
    skip "--json" "this build has no jansson"
fi
finish
