#!/usr/bin/env bash
# separate_test.sh: `cleave separate` from file to stems: formats, names, rates, channels, depths,
# pipes, batches.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/e2e/lib.sh
cd "$work" || exit 1

make_wav() { "$signal" make "$@"; } # kind rate channels frames format

# Fields of `cleave probe`: container codec rate channels bits frames
shape() {
    "$CLEAVE" probe "$1" | awk '
        /^  container/ { c = $2 }
        /^  codec/ { k = $2 }
        /^  rate/ { r = $2 }
        /^  channels/ { n = $2 }
        /^  bits/ { b = $2 }
        /^  duration/ { for (i = 1; i < NF; i++) if ($(i + 1) == "frames)") f = $i }
        END { print c, k, r, n, b + 0, f + 0 }'
}
# The highest peak of float32 files.
highest() {
    for file in "$@"; do "$signal" stats "$file"; done | awk '{ print $2 }' | sort -g | tail -1
}
has_shape() { # name file expected
    local got
    got=$(shape "$2")
    if [ "$got" = "$3" ]; then pass "$1"; else fail "$1" "$2 is \"$got\", not \"$3\""; fi
}

make_wav music 44100 2 66150 s16 >song.wav

# ---- defaults ----
cleave separate song.wav
check "defaults: exit status 0" [ "$status" -eq 0 ]
has_shape "defaults: 16-bit WAV in separated/" separated/center/song/vocals.wav \
    "wav pcm_s16le 44100 2 16 66150"
has_shape "defaults: the accompaniment too" separated/center/song/accompaniment.wav \
    "wav pcm_s16le 44100 2 16 66150"
check "defaults: nothing else is written" [ "$(find separated -type f | wc -l)" -eq 2 ]
check "auto says what it chose and why, in one line" [ \
    "$(grep -c 'model center: ' "$work/stderr")" -eq 1 ]
check "nothing on standard output" [ ! -s "$work/stdout" ]
cp separated/center/song/vocals.wav first.wav
cleave separate song.wav -q
check "the same bytes again, and over old outputs" cmp -s first.wav separated/center/song/vocals.wav
check "-q is silent" [ ! -s "$work/stderr" ]
cleave separate song.wav -o threads -t 1
check "the same bytes with one thread" cmp -s first.wav threads/center/song/vocals.wav

LD_DEBUG=files "$CLEAVE" separate song.wav -o threads -q 2>loaded
if grep -q 'libm\.so' loaded; then
    check "WAV to WAV does not load FFmpeg" [ "$(grep -c libavformat loaded)" -eq 0 ]
else
    skip "WAV to WAV does not load FFmpeg" "the loader does not tell"
fi

# ---- depths, formats ----
for depth in "16 pcm_s16le 16" "24 pcm_s24le 24" "32 pcm_s32le 32" "float pcm_f32le 32"; do
    read -r bits codec width <<<"$depth"
    cleave separate song.wav -o depth --bits "$bits" -q
    has_shape "--bits $bits" depth/center/song/vocals.wav "wav $codec 44100 2 $width 66150"
done
cleave separate song.wav -o depth --int24 -q
has_shape "--int24" depth/center/song/vocals.wav "wav pcm_s24le 44100 2 24 66150"
cleave separate song.wav -o depth --float32 -q
has_shape "--float32" depth/center/song/vocals.wav "wav pcm_f32le 44100 2 32 66150"
make_wav music 44100 2 4410 s24 >deep.wav
cleave separate deep.wav -o depth --bits keep -q
has_shape "--bits keep" depth/center/deep/vocals.wav "wav pcm_s24le 44100 2 24 4410"
if has libsndfile || has ffmpeg; then
    cleave separate song.wav -o kinds --flac -q
    has_shape "--flac" kinds/center/song/vocals.flac "flac flac 44100 2 16 66150"
    cleave separate song.wav -o kinds --flac --bits 24 --compression 8 -q
    has_shape "--flac --bits 24" kinds/center/song/vocals.flac "flac flac 44100 2 24 66150"
else
    skip "--flac" "no library writes it"
fi
for kind in mp3 m4a opus ogg; do
    if ! has ffmpeg; then
        skip "--format $kind" "needs FFmpeg"
        continue
    fi
    cleave separate song.wav -o kinds --format "$kind" --bitrate 128 -q
    file=kinds/center/song/vocals.$kind
    read -r _ _ rate channels _ <<<"$(shape "$file")"
    expected=$((66150 * rate / 44100))
    bytes=$("$CLEAVE" separate "$file" -n identity -o - --format raw -q | wc -c)
    if [ "$status $channels $bytes" = "0 2 $((expected * 8))" ]; then
        pass "--format $kind, of exact length"
    else
        fail "--format $kind" \
            "status $status, $rate Hz, $channels channels, $((bytes / 8)) of $expected frames"
    fi
done

# ---- rates and channels ----
for rate in 8000 11025 16000 22050 32000 48000 88200 96000 176400 192000; do
    make_wav music "$rate" 2 "$((rate / 2 + 1))" s16 >"rate$rate.wav"
    cleave separate "rate$rate.wav" -o rates -q
    has_shape "$rate Hz stays" "rates/center/rate$rate/vocals.wav" \
        "wav pcm_s16le $rate 2 16 $((rate / 2 + 1))"
done
if has resampler; then
    for rate in 8000 48000 192000; do
        cleave separate song.wav -o rates --rate "$rate" -q
        has_shape "--rate $rate" rates/center/song/vocals.wav \
            "wav pcm_s16le $rate 2 16 $((66150 * rate / 44100))"
    done
else
    skip "--rate" "no resampler"
fi
for channels in 1 2 3 4 5 6 7 8; do
    make_wav music 16000 "$channels" 16000 s16 >"channels$channels.wav"
    cleave separate "channels$channels.wav" -o channels
    has_shape "$channels channels stay" "channels/center/channels$channels/vocals.wav" \
        "wav pcm_s16le 16000 $channels 16 16000"
    [ "$channels" = 1 ] && cp stderr mono.txt
done
check "mono: a warning that says why and what else" grep -q \
    'warning: .*cannot work on mono.*stereo' mono.txt
is_refused "center:naive refuses mono" 1 'needs two channels.*--model center' \
    separate channels1.wav -n center:naive

# ---- stems ----
cleave separate song.wav -o stems --stems drums,bass,vocals -q
check "--stems" [ "$(stems_of stems/center/song)" = "bass.wav drums.wav vocals.wav" ]
cleave separate song.wav -o two --two-stems vocals -q
check "--two-stems vocals" [ "$(stems_of two/center/song)" = "no_vocals.wav vocals.wav" ]
cleave separate song.wav -o other --two-stems vocals --other-method none -q
check "--other-method none" [ "$(stems_of other/center/song)" = "vocals.wav" ]
make_wav music 44100 2 66150 raw:f32 >mix.f32
make_wav music 44100 2 66150 f32 >float.wav
sums() { # name limit folder options...: float stems sum to the mixture within limit x its peak
    local name=$1 limit=$2 folder=$3 worst peak
    shift 3
    cleave separate float.wav -o "$folder" --format raw --bits float -q "$@"
    read -r worst peak <<<"$("$signal" residual mix.f32 "$folder"/center/float/*.raw)"
    if below "$worst" "$(awk -v p="$peak" -v l="$limit" 'BEGIN { print p * l }')"; then
        pass "$name"
    else
        fail "$name" "residual $worst of a peak of $peak"
    fi
}
# A float32 stem is rounded to 2^-24 of its size; a handful of these and of their sums stay below
# 1e-6.
sums "--other-method minus: the two sum to the mixture" 1e-6 minus --two-stems vocals \
    --other-method minus
sums "--conserve: the stems sum to the mixture" 1e-6 conserve --conserve
sums "--conserve with four stems" 1e-6 conserve4 --conserve --stems drums,bass,other,vocals
sums "--conserve with shifts and other segments" 1e-6 conserve2 --conserve --shifts 2 \
    --overlap 0.5 --segment 2.5

# ---- clipping ----
make_wav loud 44100 2 66150 f32 >loud.wav
cleave separate loud.wav -o clip --conserve
check "rescale: told" grep -q 'scaled by one gain of 0\.' "$work/stderr"
cleave separate loud.wav -o clip --conserve --format raw -q
# int16 stems against the mixture in int16 at the gain that fits best: each stem is off by half a
# step, the mixture too, which is below 1e-4 in all.
cleave separate loud.wav -o whole -n identity --format raw --bits 16 --clip rescale -q
read -r worst gain <<<"$("$signal" fit whole/identity/loud/mixture.raw clip/center/loud/*.raw)"
check "rescale: the stems sum to the mixture times a gain" below "$worst" 0.0001
cleave separate loud.wav -o clip --format raw --bits float --clip rescale -q
peak=$(highest clip/center/loud/*.raw)
check "rescale: the loudest stem just reaches full scale" \
    awk -v p="$peak" 'BEGIN { exit !(p > 0.9999 && p <= 1) }'
cleave separate loud.wav -o clip --format raw --bits float -q
peak=$(highest clip/center/loud/*.raw)
check "float: nothing is scaled or limited" awk -v p="$peak" 'BEGIN { exit !(p > 1) }'
cleave separate loud.wav -o clip --format raw --bits float --clip clamp
peak=$(highest clip/center/loud/*.raw)
check "clamp limits to 1" [ "$peak" = 1 ]
check "clamp counts what it limits" grep -q 'warning: .* beyond full scale' "$work/stderr"
cleave separate song.wav -o quietly
check "no gain where nothing clips" test "$(grep -c 'scaled by one gain' "$work/stderr")" -eq 0

# ---- pipes ----
"$CLEAVE" separate - -o - --stems vocals -q <song.wav >piped.wav
has_shape "a WAV through pipes" piped.wav "wav pcm_f32le 44100 2 32 66150"
make_wav music 44100 2 66150 raw:s16 | "$CLEAVE" separate - -o - --format raw --bits float \
    --stems vocals -q \
    --input-format s16le --input-rate 44100 --input-channels 2 >piped.f32
cleave separate song.wav -o - --format raw --bits float --stems vocals -q
check "raw PCM through pipes is the file's stem" cmp -s piped.f32 "$work/stdout"
check "raw PCM through pipes has every frame" [ "$(stat -c %s piped.f32)" -eq $((66150 * 8)) ]
"$CLEAVE" separate - -o stdin -q <song.wav
check "a track from a pipe is called stdin" [ -s stdin/center/stdin/vocals.wav ]
broken() {
    "$CLEAVE" separate - -o - 2>broken.txt
    echo $? >broken.status
}
make_wav music 44100 2 4410000 s16 | broken | head -c 100 >/dev/null
check "a reader that goes away is an error of one line" \
    [ "$(cat broken.status) $(grep -c '^cleave: ' broken.txt)" = "1 1" ]

# ---- names ----
cleave separate song.wav -o names --filename '{stem}/{track}.{trackext}.{ext}' -q
check "--filename" [ -s names/center/vocals/song.wav.wav ]
cleave separate song.wav -o names --filename '{model}-{track}-{stem}.{ext}' -q
check "--filename with {model}" [ -s names/center-song-vocals.wav ]
mkdir -p a b "music/disc 1"
cp song.wav a/same.wav
cp song.wav b/same.wav
cleave separate a/same.wav b/same.wav -o twins
check "two tracks of one name are kept apart" \
    [ -s twins/center/same/vocals.wav -a -s "twins/center/same (2)/vocals.wav" ]
check "and this is told" grep -q 'same (2)' "$work/stderr"
odd=$'new\nline'
cp song.wav "$odd.wav"
cp song.wav ./-rf
long=$(printf 'x%.0s' $(seq 249))é
cp song.wav "$long.wav"
cleave separate "$odd.wav" -- -rf "$long.wav"
check "a newline, -rf and 255 bytes as names" [ "$status" -eq 0 ]
check "a newline in a name becomes _" [ -s "separated/center/new_line/vocals.wav" ]
check "-rf after -- is a file" [ -s "separated/center/-rf/vocals.wav" ]
check "the long name is cut, and ends in a hash" compgen -G \
    'separated/center/xxx*~????????/vocals.wav' >/dev/null
cleave separate ./-rf -o dotted -q
check "./-rf is a file" [ -s "dotted/center/-rf/vocals.wav" ]

# ---- folders and batches ----
cp song.wav music/one.wav
cp song.wav "music/disc 1/two.wav"
echo "no audio" >music/three.wav
echo "no audio" >music/notes.txt
cleave separate music -o batch -j 3
check "a folder: its folders too" [ -s batch/center/one/vocals.wav -a -s \
    "batch/center/disc 1/two/vocals.wav" ]
check "a bad file does not stop the rest, and is told" [ "$status $(errors | wc -l)" = "1 1" ]
check "the summary counts" grep -q '^2 of 3 tracks separated .* 1 failed' "$work/stderr"
check "a bad file leaves nothing" [ ! -e batch/center/three ]
for i in $(seq 9); do cp song.wav "a/n$i.wav"; done
cleave separate a -o jobs1 -j 1 -q
cleave separate a -o jobs4 -j 4 -q
check "the same bytes for any number of jobs" diff -r jobs1 jobs4

# ---- progress ----
if script -qec true /dev/null >/dev/null 2>&1; then # there is a pseudo-terminal to be had
    script -qec "'$CLEAVE' separate song.wav -o bar" /dev/null >bar.txt 2>&1
    check "a bar on a terminal: percent, speed, time left" grep -qE \
        '\[1/1\] song.wav .* %  [0-9.]+x  [0-9]+:[0-9]+ left' bar.txt
    script -qec "'$CLEAVE' separate song.wav -o bar -q" /dev/null >bar.txt 2>&1
    check "no bar with -q" [ ! -s bar.txt ]
else
    for what in "a bar on a terminal" "no bar with -q"; do
        skip "$what" "needs script and a pseudo-terminal"
    done
fi
cleave separate song.wav -o bar
check "no bar elsewhere" [ "$(grep -c 'left' "$work/stderr")" -eq 0 ]

# ---- JSON ----
if has json; then
    cleave separate song.wav missing.wav -o json --json -q
    check "--json: one object a line" [ "$(wc -l <"$work/stdout")" -eq 2 ]
    for field in model method reason stems seconds realtime_factor peak_bytes frames rate \
        channels warnings \
        quality; do
        check "--json: $field" grep -q "^{\"input\":\"song.wav\".*\"$field\":" "$work/stdout"
    done
    check "--json: paths by stem" grep -q '"stems":{"vocals":"json/center/song/vocals.wav"' \
        "$work/stdout"
    check "--json: the sum of the stems is the mixture" \
        grep -qE '"quality":\{"score":1\.0,"snr_db":1[0-9][0-9]\.' "$work/stdout"
    check "--json: no reference, no figures of stems" \
        [ "$(grep -c '"sdr_db"' "$work/stdout")" -eq 0 ]
    check "--json: a failure is an object" \
        grep -q '^{"input":"missing.wav","error":{"code":"unreadable","message":".*"}}$' \
            "$work/stdout"
    cleave separate song.wav -o json --json -q --stems vocals
    check "--json: quality is null when stems are missing" grep -q '"quality":null' "$work/stdout"
    cleave separate song.wav -o json --json -q --two-stems vocals --other-method minus
    check "--json: a stem and the rest are the mixture" \
        grep -qE '"quality":\{"score":1\.0,' "$work/stdout"
    cleave separate song.wav -o json
    check "a line tells the quality" grep -q 'quality of the sum 1\.000$' "$work/stderr"
    mkdir -p truth
    cp json/center/song/vocals.wav truth/vocals.wav
    cleave separate song.wav -o json --json --reference truth -q
    check "--reference: an estimate against itself" grep -qE '"vocals":[6-9][0-9]\.' "$work/stdout"
    check "--reference: null where there is none" grep -q '"accompaniment":null' "$work/stdout"
    check "--reference: all measures of a stem" \
        grep -qE '"references":\{"vocals":\{"score":(1\.0|0\.99[0-9]*),"snr_db":[6-9][0-9]\.' \
        "$work/stdout"
    check "--reference: the score of the sum as well" \
        grep -qE '"quality":\{"score":1\.0,' "$work/stdout"
    check "info --json" test "$("$CLEAVE" info --json | grep -c '"version":')" -eq 1
    check "models --json" test "$("$CLEAVE" models --json | grep -c '"name":"center"')" -eq 1
    check "probe --json" test "$("$CLEAVE" probe --json song.wav | grep -c '"rate":44100')" -eq 1
else
    cleave separate song.wav --json
    check "--json is refused without its library" [ "$status" -eq 2 ]
fi

# ---- tags ----
if has ffmpeg && command -v ffmpeg >/dev/null; then
    ffmpeg -v error -y -i song.wav -metadata title='A Title' -metadata artist='Someone' \
        tagged.flac </dev/null
    cleave separate tagged.flac -o tags --mp3 -q
    check "tags reach the stems" test \
        "$("$CLEAVE" probe tags/center/tagged/vocals.mp3 | grep -c 'A Title')" -eq 1
else
    skip "tags reach the stems" "needs FFmpeg"
fi
finish
