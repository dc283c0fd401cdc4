#!/usr/bin/env bash
# Effects beside those of FFmpeg and SoX, on the same programme, one thread each: processor time of
# the effect alone. For FFmpeg that is a run with the filter less a run with `anull`, as -benchmark
# tells it; for SoX the same with its `reverb`; ours is what bench_fx measures. Medians of
# ROUNDS (5) rounds, in which the two take turns.
#
#   bench/fx_peers.sh [SECONDS of the programme, 300]
set -eu
cd "$(dirname "$0")/.."
build=${BUILD:-build} rounds=${ROUNDS:-5} seconds=${1:-300}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
raw=(-f f32le -ar 44100 -ac 2 -i "$folder/programme.f32")
ffmpeg -v error -f lavfi -i "anoisesrc=d=$seconds:c=pink:r=44100:a=0.7" \
    -af "tremolo=f=0.2:d=0.9" -ac 2 -f f32le "$folder/programme.f32"
ffmpeg -v error -f lavfi -i "anoisesrc=d=2:r=44100:a=0.02" -ac 2 -c:a pcm_f32le \
    "$folder/response.wav"

filter() { # FFmpeg's filter: seconds of the processor
    ffmpeg -nostdin -v info -benchmark -threads 1 -filter_threads 1 -filter_complex_threads 1 \
        "${raw[@]}" "${@:2}" -filter_complex "$1" -f null - 2>&1 |
        awk -F'[=s ]+' '/^bench: utime/ { print $3 + $5 }'
}
whole() { # command: seconds of the processor, from start to exit
    local before after
    before=$(awk '{ print $16 + $17 }' /proc/$$/stat)
    "$@" >/dev/null
    after=$(awk '{ print $16 + $17 }' /proc/$$/stat)
    awk -v ticks=$((after - before)) -v hz="$(getconf CLK_TCK)" 'BEGIN { print ticks / hz }'
}
sox_reverb() { # with or without the effect
    whole sox -q -t raw -e floating-point -b 32 -r 44100 -c 2 "$folder/programme.f32" -n "$@"
}
ours() { # chain: ns a frame to seconds
    "$build/bench/bench_fx" --csv 1 --seconds "$seconds" --runs 1 --fx "$1" |
        awk -F, -v seconds="$seconds" '{ print $NF * 1e-9 * 44100 * seconds }'
}
median() {
    sort -g | awk '{ x[NR] = $1 } END { print x[int((NR + 1) / 2)] }'
}
line() { # title, our median, the peer's, its base
    awk -v title="$1" -v a="$2" -v b="$3" -v base="$4" -v seconds="$seconds" 'BEGIN {
        b -= base
        printf "| %s | %.3f | %.3f | %.1f | %.0f |\n", title, a, b, b / a, seconds / a }'
}
compare() { # our chain, FFmpeg's filter, further inputs
    : >"$folder/a"; : >"$folder/b"; : >"$folder/base"
    for _ in $(seq "$rounds"); do
        ours "$1" >>"$folder/a"
        filter "$2" "${@:3}" >>"$folder/b"
        filter anull >>"$folder/base"
    done
    line "\`${1:0:40}\` / \`${2:0:40}\`" "$(median <"$folder/a")" "$(median <"$folder/b")" \
        "$(median <"$folder/base")"
}

echo "| ours / theirs | ours, s | theirs, s | theirs ÷ ours | ours, × real time |"
echo "| --- | --- | --- | --- | --- |"
eight=60/-3,150/2,400/-2,1000/1,2500/2,6000/-1,10000/2,14000/1
compare "highpass:80" "highpass=f=80"
compare "eq:1000/3/1" "equalizer=f=1000:t=q:w=1:g=3"
theirs=
for band in ${eight//,/ }; do
    theirs+="${theirs:+,}equalizer=f=${band%/*}:t=q:w=1:g=${band#*/}"
done
compare "eq:${eight//,//1,}/1" "$theirs"
compare "compressor" "acompressor=threshold=0.1:ratio=4:attack=5:release=100"
compare "gate" "agate=threshold=0.003:ratio=10:attack=1:release=100"
compare "limiter:peak=sample" "alimiter=limit=0.89:attack=5:release=50:level=0"
compare "limiter" "alimiter=limit=0.89:attack=5:release=50:level=0"
compare "convolve" "[0:a][1:a]afir=minp=64:maxp=8192" -i "$folder/response.wav"
compare "convolve:latency=8192" "[0:a][1:a]afir" -i "$folder/response.wav"
compare "denoise" "afftdn"
compare "normalize:window=3" "loudnorm"
compare "reverb" "aecho=0.8:0.9:23|37|59|83:0.4|0.35|0.3|0.25"
: >"$folder/a"; : >"$folder/b"; : >"$folder/base"
for _ in $(seq "$rounds"); do
    whole "$build/cleave" analyze --input-format f32le --input-rate 44100 --input-channels 2 \
        "$folder/programme.f32" >>"$folder/a"
    filter "ebur128=peak=true" >>"$folder/b"
    filter anull >>"$folder/base"
done
line "\`cleave analyze\`, all / \`ebur128=peak=true\`" "$(median <"$folder/a")" \
    "$(median <"$folder/b")" "$(median <"$folder/base")"
if command -v sox >/dev/null; then
    : >"$folder/a"; : >"$folder/b"; : >"$folder/base"
    for _ in $(seq "$rounds"); do
        ours reverb >>"$folder/a"
        sox_reverb reverb >>"$folder/b"
        sox_reverb >>"$folder/base"
    done
    line "\`reverb\` / SoX \`reverb\`" "$(median <"$folder/a")" "$(median <"$folder/b")" \
        "$(median <"$folder/base")"
else
    echo "SoX is not installed: its reverb is not compared." >&2
fi
