#!/usr/bin/env bash
# analyze_test.sh: `cleave analyze` as a user runs it: known measures of known signals, faults where
# they were put, pictures, the report, records, and what it says of what it cannot do.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/e2e/lib.sh
page=$PWD/docs/analysis.md
header=$PWD/runtime
library=$BUILD/libcleave.a
read -ra links < <(make --no-print-directory -s BUILD="$BUILD" links)
cd "$work" || exit 1

"$signal" make tone 48000 2 480000 s24 >tone.wav
"$signal" make tone 48000 1 480000 f32 >mono.wav
"$signal" make faults 44100 2 441000 s16 >faults.wav
"$signal" make silence 44100 2 44100 s16 >silence.wav
"$signal" make noise 44100 2 88200 s16 >noise.wav
"$signal" make nan 44100 2 44100 f32 >nan.wav
"$signal" make tone 44100 2 0 s16 >none.wav
: >empty.wav
echo "a note" >note.txt
mkdir -p album/disc hollow
cp noise.wav album/one.wav
cp mono.wav album/disc/two.wav

# is_refused NAME STATUS WORDS ARGS...: one line on standard error that has the words.
is_refused() {
    local name=$1 code=$2 words=$3
    shift 3
    cleave "$@"
    if [ "$status" -eq "$code" ] && [ "$(errors | wc -l)" -eq 1 ] &&
        errors | grep -qF -- "$words"; then
        pass "$name"
    else
        fail "$name" "status $status: $(cat "$work/stderr")"
    fi
}

# is_near NAME FIELD VALUE TOLERANCE: a number of the last run's JSON.
is_near() {
    local found
    found=$(number "$2" <"$work/stdout")
    if awk -v x="$found" -v y="$3" -v t="$4" \
        'BEGIN { d = x - y; exit !(x ~ /^-?[0-9]/ && d <= t && -d <= t) }'; then
        pass "$1"
    else
        fail "$1" "$2 is $found, not $3"
    fi
}

# size_of FILE: width and height of a PNG, from its header.
size_of() { od -An -j16 -N8 -tu1 "$1" | awk '{ print $3 * 256 + $4, $7 * 256 + $8 }'; }
is_png() { [ "$(head -c 4 "$1" | tail -c 3)" = PNG ]; }

cleave analyze tone.wav mono.wav
check "two files" [ "$status" -eq 0 ]
check "the RMS of a tone" [ "$(grep -cE '^  RMS level +-20\.00 dBFS' "$work/stdout")" -eq 2 ]
check "its peak" [ "$(grep -cE '^  Peak +-16\.99 dBFS' "$work/stdout")" -eq 2 ]
check "its format" grep -qE '^  Format +wav, pcm_s24le \(s24\), 48000 Hz, 2 channels$' \
    "$work/stdout"
check "its duration" grep -qF '0:10.00 (10.000 s, 480000 frames)' "$work/stdout"

if has json; then
    cleave analyze tone.wav --json
    check "--json: one line" [ "$(wc -l <"$work/stdout")" -eq 1 ]
    is_near "--json: RMS" rms_dbfs -20 0.01
    is_near "--json: crest factor of a sine" crest_db 3.01 0.02
    is_near "--json: loudness of both channels" integrated_lufs -17 0.1
    is_near "--json: the same all the time" momentary_max_lufs -17 0.1
    is_near "--json: and over 3 s" short_term_max_lufs -17 0.1
    is_near "--json: no loudness range" loudness_range_lu 0 0.1
    is_near "--json: true peak" true_peak_dbtp -16.99 0.1
    is_near "--json: equal channels" stereo_correlation 1 1e-4
    is_near "--json: the centroid of a tone" centroid_hz 997 10
    is_near "--json: duration" duration_s 10 1e-9
    is_near "--json: nothing clips" clipped_samples 0 0
    check "--json: no places" grep -qF '"clipping":{"count":0,"listed":[]}' "$work/stdout"
    cleave analyze mono.wav --json
    is_near "--json: loudness in mono" integrated_lufs -20 0.1
    check "--json: no correlation in mono" grep -qF '"stereo_correlation":null' "$work/stdout"

    cleave analyze faults.wav --json
    check "faults: clipping, when" grep -qE '"clipping":\{"count":1,"listed":\[\{"start_s":4\.0,' \
        "$work/stdout"
    check "faults: how much, and where" grep -qF \
        '"start_frames":176400,"duration_frames":3,"channel":0,"peak":' "$work/stdout"
    check "faults: silence" grep -qE '"silence":\{"count":1,"listed":\[\{"start_s":(2\.0|1\.99)' \
        "$work/stdout"
    is_near "faults: length of the silence" silence_s 0.5 0.03
    check "faults: a drop-out" grep -qE '"dropouts":\{"count":[1-9].*"start_s":(8\.0|7\.99)' \
        "$work/stdout"
    check "faults: a click" grep -qE '"clicks":\{"count":[1-9].*"start_s":(6\.0|5\.99)' \
        "$work/stdout"
    cleave analyze faults.wav --json --silence 0
    check "--silence 0: no silence" grep -qF '"silence":{"count":0' "$work/stdout"

    cleave analyze silence.wav --json
    check "silence: no level" grep -qF '"rms_dbfs":null' "$work/stdout"
    is_near "silence: all of it" silence_s 1 0.02
    cleave analyze nan.wav --json
    check "samples that are none are told" grep -q '3 samples were no numbers' "$work/stderr"
    is_near "and counted" replaced_samples 3 0

    cleave analyze tone.wav --records 0.5
    check "--records: one a half second" [ "$(wc -l <"$work/stdout")" -eq 20 ]
    fields=$(head -1 "$work/stdout" | grep -oE '"[a-z_]+":' | tr -d '":' | sort | tr '\n' ' ')
    check "--records: the fields" [ "$fields" = "clipping_detected dynamic_range \
frequency_spectrum peak_level rms_level signal_to_noise_ratio silence_detected timestamp " ]
    check "--records: RMS and time" grep -qE '"rms_level":0\.(1000|0999).*"timestamp":9\.5\}$' \
        "$work/stdout"
    cleave analyze faults.wav --records 0.5 --json
    check "--records --json: the file comes last" [ "$(wc -l <"$work/stdout")" -eq 21 ]
    check "--records: silence is detected" [ "$(grep -c '"silence_detected":true' \
        "$work/stdout")" -eq 1 ]
    check "--records: clipping is detected" [ "$(grep -c '"clipping_detected":true' \
        "$work/stdout")" -eq 1 ]
    "$signal" make tone 192000 1 2000 s16 >fast.wav
    is_refused "--records: too long for its rate" 1 "seconds at its rate of 192000 Hz, not 1" \
        analyze fast.wav --records 1
    is_refused "--records: a folder of two" 2 "--records takes one input, not 2" \
        analyze album --records 0.1

    cleave analyze tone.wav absent.wav mono.wav --json
    check "a file that fails does not stop the others" [ "$(wc -l <"$work/stdout")" -eq 3 ]
    check "its failure is an object" grep -qE \
        '^\{"input":"absent.wav","error":\{"code":"unreadable","message":"absent.wav: .*"\}\}$' \
        "$work/stdout"
    check "and the exit status" [ "$status" -eq 1 ]
else
    is_refused "--json is refused without its library" 2 jansson analyze tone.wav --json
    is_refused "and --records" 2 jansson analyze tone.wav --records 0.5
fi

"$CLEAVE" analyze - <tone.wav >"$work/stdout" 2>"$work/stderr"
check "standard input" grep -qE '^  RMS level +-20\.00' "$work/stdout"
"$signal" make tone 8000 1 80000 raw:s16 >tone.raw
cleave analyze tone.raw --input-format s16le --input-rate 8000 --input-channels 1
check "headerless PCM" grep -qE '^  RMS level +-20\.00' "$work/stdout"
cleave analyze album
check "a folder" [ "$(grep -cE '^album/(one|disc/two).wav$' "$work/stdout")" -eq 2 ]

if has pictures; then
    cleave analyze tone.wav --spectrogram s.png --waveform w.png
    check "pictures are PNG" is_png s.png
    check "the spectrogram's size" [ "$(size_of s.png)" = "1368 582" ]
    check "the waveform is one, too" is_png w.png
    check "pictures are told" grep -qE '^  Spectrogram +s.png$' "$work/stdout"
    for scale in mel linear; do
        cleave analyze tone.wav --spectrogram $scale.png --scale $scale --range 120
        check "--scale $scale: another picture" [ "$(cmp -s s.png $scale.png; echo $?)" -eq 1 ]
    done
    cleave analyze tone.wav --waveform db.png --waveform-scale db
    check "--waveform-scale db: another picture" [ "$(cmp -s w.png db.png; echo $?)" -eq 1 ]
    cleave analyze album --spectrogram 'out/{track}.png' --waveform 'out/{track}-w.png'
    check "a picture for each track" [ "$(cd out && find . -type f | sort | tr '\n' ' ')" = \
        "./disc/two-w.png ./disc/two.png ./one-w.png ./one.png " ]
    is_refused "several inputs, one picture" 2 "needs {track}" analyze album --spectrogram x.png
    is_refused "a folder that is not there" 1 "no/x.png: cannot be written" \
        analyze tone.wav --spectrogram no/x.png
    is_refused "an input is not overwritten" 2 "would overwrite an input" \
        analyze tone.wav --spectrogram tone.wav
    cp noise.wav twin.png
    is_refused "nor one by its template" 1 "is an input" analyze twin.png --waveform '{track}.png'
    check "it is whole" cmp -s noise.wav twin.png
else
    is_refused "pictures are refused without their library" 2 libpng \
        analyze tone.wav --spectrogram x.png
fi

cleave analyze tone.wav absent.wav --report report.html
check "the report is written, whatever fails" [ "$status" -eq 1 ]
check "it has both files" grep -qF '<h2>absent.wav</h2>' report.html
check "and the measures" grep -qF 'Loudness, integrated' report.html
check "it needs nothing but itself" \
    [ "$(grep -cE 'https?:|<script|<link|url\(' report.html)" -eq 0 ]
check "nothing temporary is left" [ "$(find . -name '*.part-*' | wc -l)" -eq 0 ]
is_refused "a report that cannot be written" 1 "no/r.html: cannot be written" \
    analyze tone.wav --report no/r.html
is_refused "a report that is a folder" 1 "is a folder" analyze tone.wav --report album
mkfifo pipe
cat pipe >piped.html &
cleave analyze tone.wav --report pipe
wait $!
check "a report into a pipe" grep -qF '</html>' piped.html
if [ -w /dev/full ]; then
    is_refused "a full disk" 1 "No space left" analyze tone.wav --report /dev/full
fi

is_refused "no frames" 1 "none.wav: has no frames" analyze none.wav
is_refused "no bytes" 1 "empty.wav" analyze empty.wav
is_refused "no audio" 1 "note.txt" analyze note.txt
is_refused "a folder without audio" 1 "this folder has no audio files" analyze hollow
head -c 100000 tone.wav >cut.wav
is_refused "a file that is cut" 1 "cut.wav: ends too early" analyze cut.wav
is_refused "no input" 2 "analyze needs a file, a folder, or -" analyze
is_refused "a misspelt option" 2 'did you mean "--spectrogram"' analyze tone.wav --spectogram x
is_refused "a misspelt scale" 2 'did you mean "mel"' analyze tone.wav --scale mle
is_refused "a range too wide" 2 "a number from 20 to 180" analyze tone.wav --range 500

# The program in the documentation.
awk '/^```c/ { on = 1; next } /^```/ { on = 0 } on' "$page" >page.c
check "docs/analysis.md: its program compiles" "${CC:-cc}" -std=c17 -Wall -Wextra -Werror \
    -I"$header" page.c "$library" "${links[@]}" -o page
"$signal" make tone 44100 2 441000 raw:f32 >tone.f32
./page <tone.f32 >"$work/stdout"
check "docs/analysis.md: it runs" grep -qE '^10\.0 s: -17\.0 LUFS' "$work/stdout"

finish
