#!/usr/bin/env bash
# demo.sh: makes the demo song, separates it with the model that needs no weights, and measures
# the stems. BUILD is where the programs lie; called by `make demo`.
set -eu
cd "$(dirname "$0")/.."
build=${BUILD:-build}
demo=$build/demo
song=$demo/song
log=$demo/log.txt

# separate OUTDIR [OPTION...]: separates the song, says how fast; $stems is then the stems' folder.
separate() {
    local out=$1 begin end
    shift
    rm -rf "$out"
    begin=$(date +%s%N)
    if ! "$build/cleave" separate "$song/mixture.wav" -o "$out" --model center "$@" -q \
        >"$log" 2>&1; then
        cat "$log" >&2
        echo "demo: the separation failed" >&2
        exit 1
    fi
    end=$(date +%s%N)
    stems=$(dirname "$(find "$out" -name vocals.wav | head -1)")
    awk -v ms=$(((end - begin) / 1000000)) -v seconds="$seconds" 'BEGIN {
        speed = seconds * 1000 / (ms ? ms : 1)
        printf "done in %.2f s, %.0f times as fast as it plays\n", ms / 1000, speed
    }'
}

table() {
    "$build/tools/evaluate" --reference "$song" --estimate "$stems" --mixture "$song/mixture.wav"
}

seconds=20
mkdir -p "$demo"
echo "Synthesising a song of $seconds s: voice, drums, bass, pad, electric piano, plucked strings."
"$build/tools/demo_song" "$song" --seconds "$seconds"
echo
printf 'Separating vocals from accompaniment ... '
separate "$demo/separated"
first=$stems
table
echo
printf 'Separating four stems ... '
separate "$demo/separated_4" --stems vocals,drums,bass,other
table
cat <<END

SDR is the quality in dB against the true stem, higher is better; "mixture" is what the untouched
song would score, and the gain is what the separation adds.

Listen to   $first/vocals.wav and accompaniment.wav
            $stems/
True stems  $song/
Try next    $build/cleave separate YOUR_SONG.mp3 -o separated
            $build/cleave separate --help
            $build/cleave model pull htdemucs   (the network Demucs)
            $build/cleave info
END
