#!/usr/bin/env bash
# process_test.sh: `cleave process` from file to file: codecs and their limits, alignment, rates,
# channels, depths, effects, presets, chain files, pipes, folders, figures, and what it refuses.
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
has_shape() { # name file expected
    local got
    got=$(shape "$2")
    if [ "$got" = "$3" ]; then pass "$1"; else fail "$1" "$2 is \"$got\", not \"$3\""; fi
}
# Headerless float32 by our reader, and by FFmpeg.
decode() { "$CLEAVE" process "$1" - --codec raw --bits float -q; }
decode_ffmpeg() { ffmpeg -nostdin -v error -i "$1" -f f32le -; }
peak_of() { "$signal" stats "$1" | cut -d' ' -f2; }
rms_of() { "$signal" stats "$1" | cut -d' ' -f3; }
db() { awk -v x="$1" 'BEGIN { printf "%.3f", 20 * log(x) / log(10) }'; }

# refuses NAME STATUS PATTERN ARGS...: the run ends with this status and one error line like the
# pattern; $work/out is as it was.
refuses() {
    local name=$1 expected=$2 pattern=$3 problem='' before
    shift 3
    before=$(cd "$work" && find out -type f -exec cksum {} + 2>/dev/null | sort)
    cleave process "$@"
    [ "$status" -eq "$expected" ] || problem="exit status $status, not $expected; "
    [ "$(errors | wc -l)" -eq 1 ] || problem+="$(errors | wc -l) error lines; "
    errors | grep -qE -- "$pattern" || problem+="no \"$pattern\"; "
    [ "$before" = "$(cd "$work" && find out -type f -exec cksum {} + 2>/dev/null | sort)" ] ||
        problem+="out has changed; "
    if [ -z "$problem" ]; then pass "$name"; else fail "$name" "$problem$(tail -2 stderr)"; fi
}

mkdir out
make_wav taps 44100 2 88200 s16 >song.wav
make_wav taps 44100 2 88200 f32 >float.wav
make_wav taps 44100 2 88200 raw:f32 >song.f32
make_wav taps 48000 2 96000 s16 >song48.wav

# ---- nothing asked for ----
cleave process song.wav out/same.wav
check "a copy: exit status 0" [ "$status" -eq 0 ]
same() { cmp -s <(decode "$1") <(decode "$2") && [ "$(shape "$1")" = "$(shape "$2")" ]; }
check "a copy is the same" same song.wav out/same.wav
cleave process float.wav out/float.wav
has_shape "float stays float" out/float.wav "wav pcm_f32le 44100 2 32 88200"
check "and its samples" cmp -s song.f32 <(decode out/float.wav)

# ---- depths ----
for depth in "16 pcm_s16le 16" "24 pcm_s24le 24" "32 pcm_s32le 32" "float pcm_f32le 32"; do
    read -r bits codec width <<<"$depth"
    cleave process song.wav out/depth.wav --bits "$bits" -q
    has_shape "--bits $bits" out/depth.wav "wav $codec 44100 2 $width 88200"
done

# ---- rates ----
for pair in "8000 44100" "384000 48000" "44100 384000" "192000 8000" "11025 22050" \
    "48000 44100"; do
    read -r from to <<<"$pair"
    make_wav music "$from" 1 "$from" s16 >rate.wav
    cleave process rate.wav out/rate.wav --rate "$to" -q
    has_shape "from $from to $to Hz" out/rate.wav "wav pcm_s16le $to 1 16 $to"
done
if has resampler; then
    make_wav taps 96000 2 192000 raw:f32 >fast.f32
    make_wav taps 96000 2 192000 f32 >fast.wav
    cleave process fast.wav out/slow.wav --rate 44100 -q
    decode out/slow.wav >slow.f32
    read -r late likeness <<<"$("$signal" lag 2 song.f32 slow.f32)"
    check "the rate's filter delays nothing" [ "$late" -eq 0 ]
    check "and keeps the sound" below 0.9999 "$likeness"
fi

# ---- channels ----
for pair in "1 2" "2 1" "6 2" "2 6" "8 1" "1 8" "8 6" "7 2" "4 2" "3 5"; do
    read -r from to <<<"$pair"
    make_wav noise 44100 "$from" 4410 f32 >channels.wav
    cleave process channels.wav out/channels.wav --channels "$to" -q
    has_shape "from $from to $to channels" out/channels.wav "wav pcm_f32le 44100 $to 32 4410"
done
make_wav music 44100 2 4410 f32 >stereo.wav
decode stereo.wav >stereo.f32
"$signal" channels 2 1 stereo.f32 >mono.f32
cleave process stereo.wav out/mono.wav --channels 1 -q
decode out/mono.wav >mixed.f32
near "mono is the mean of left and right" 1e-6 mono.f32 mixed.f32
"$signal" channels 1 2 mono.f32 >twice.f32
cleave process out/mono.wav out/twice.wav --channels 2 -q
decode out/twice.wav >mixed.f32
near "stereo of mono is it twice" 1e-6 twice.f32 mixed.f32

# ---- codecs: encoded, decoded by FFmpeg and by us, and laid over the input ----
aligned() { # name file reference likeness decoder
    local late likeness frames
    "$5" "$2" >decoded.f32
    frames=$(($(stat -c %s decoded.f32) / 8))
    read -r late likeness <<<"$("$signal" lag 2 "$3" decoded.f32)"
    # FFmpeg 5 does not cut the last AAC frame where the edit list ends; the container says it.
    local more=$((frames - $(stat -c %s "$3") / 8)) most=0
    [ "$5:${2##*.}" = decode_ffmpeg:m4a ] && most=1023
    if [ "$late" = 0 ] && below "$4" "$likeness" && [ "$more" -ge 0 ] && [ "$more" -le $most ]; \
        then
        pass "$1"
    else
        fail "$1" "late by $late, likeness $likeness, $frames frames"
    fi
}
if has ffmpeg; then
    make_wav taps 48000 2 96000 raw:f32 >song48.f32
    for case in "mp3 --bitrate=192 0.99" "mp3 --quality=2 0.99" "m4a --bitrate=192 0.99" \
        "ogg --quality=6 0.99" "flac --quality=8 0.9999" "wav --bits=24 0.9999" \
            "opus --bitrate=160 0.99"; do
        read -r kind option likeness <<<"$case"
        source=song
        [ "$kind" = opus ] && source=song48
        cleave process "$source.wav" "out/coded.$kind" "$option" -q \
            --fx "gain:0;limiter:threshold=0"
        check "$kind $option: exit status 0" [ "$status" -eq 0 ]
        aligned "$kind $option by our reader" "out/coded.$kind" "$source.f32" "$likeness" decode
        if command -v ffmpeg >/dev/null; then
            aligned "$kind $option by FFmpeg" "out/coded.$kind" "$source.f32" "$likeness" \
                decode_ffmpeg
        else
            skip "$kind $option by FFmpeg" "ffmpeg is not installed"
        fi
    done
else
    skip "lossy codecs" "needs FFmpeg"
fi
if has libflac; then
    make_wav taps 96000 2 96000 s32 >deep.wav
    cleave process deep.wav out/deep.flac -q
    has_shape "flac of 32 bits" out/deep.flac "flac flac 96000 2 32 96000"
    check "which come back as they were" cmp -s <(decode deep.wav) <(decode out/deep.flac)
    check "through a pipe too" cmp -s <(decode deep.wav) \
        <("$CLEAVE" process deep.wav - --codec flac -q | "$CLEAVE" process - - --codec raw \
            --bits float -q)
    if command -v flac >/dev/null && flac --version | grep -qE ' 1\.([4-9]|[1-9][0-9])'; then
        check "flac 1.4 accepts them" flac -s -t out/deep.flac
    fi
else
    skip "flac of 32 bits" "needs libFLAC 1.4"
fi

# ---- tags and cover ----
if has ffmpeg && command -v ffmpeg >/dev/null; then
    ffmpeg -nostdin -v error -f lavfi -i color=red:s=64x64:d=0.04 -frames:v 1 cover.png
    ffmpeg -nostdin -v error -i song48.wav -i cover.png -map 0 -map 1 -c:v copy \
        -disposition:v attached_pic -metadata title=Morning -metadata artist='Ann Ä' \
        -metadata track=3 tagged.flac
    for case in flac:16 flac:32 mp3: m4a: ogg: opus:; do
        kind=${case%:*} bits=${case#*:}
        [ "$case" = flac:32 ] && ! has libflac && continue
        cleave process tagged.flac "out/tagged.$kind" ${bits:+--bits "$bits"} -q
        "$CLEAVE" probe "out/tagged.$kind" >probed
        if grep -q Morning probed && grep -q 'Ann Ä' probed && grep -qi 'cover.*png' probed; then
            pass "tags and cover in $kind $bits"
        else
            fail "tags and cover in $kind $bits" "$(cat probed)"
        fi
    done
fi

# ---- limits of the codecs ----
make_wav music 96000 2 9600 s16 >fast.wav
make_wav music 44100 6 4410 s16 >six.wav
make_wav music 22050 2 4410 s16 >low.wav
refuses "mp3 has no 96 kHz" 1 'mp3 has 8, .* not 96000 Hz; --rate 48000 or --auto-rate' fast.wav \
    out/a.mp3
refuses "opus is 48 kHz" 1 'opus has 48 kHz alone, not 44100' song.wav out/a.opus
refuses "mp3 has two channels" 1 'mp3 holds up to 2 channels, not 6; --channels 2' six.wav \
    out/a.mp3
refuses "mp3's bit rates" 1 'mp3 has constant bit rates of 128, .* not 200' song.wav out/a.mp3 \
    --bitrate 200
refuses "mp3's highest bit rate" 2 'mp3 takes 128 to 320 kbit/s, not 400' song.wav out/a.mp3 \
    --bitrate 400
refuses "mp3 at low rates" 1 'mp3 at 22050 Hz takes up to 160' low.wav out/a.mp3 --bitrate 192
refuses "aac's bit rates" 2 'aac takes 64 to 320 kbit/s, not 48' song.wav out/a.m4a --bitrate 48
refuses "opus' bit rates" 2 'opus takes 32 to 510 kbit/s, not 20' song48.wav out/a.opus \
    --bitrate 20
refuses "aac has no quality" 2 'aac has no quality to choose but a bit rate' song.wav out/a.m4a \
    --quality 2
refuses "flac's levels" 2 'flac takes a quality of 0 to 8, not 9' song.wav out/a.flac --quality 9
refuses "flac has no float" 2 'flac holds integers' song.wav out/a.flac --bits float
refuses "mp3 has no bits" 2 'mp3 has no bits a sample' song.wav out/a.mp3 --bits 24
refuses "wav has no bit rate" 2 'wav has no bit rate' song.wav out/a.wav --bitrate 192
refuses "the application is opus'" 2 'application is for opus, not for wav' song.wav out/a.wav \
    --application voip
refuses "the name and the codec" 2 'is the name of a wav file, and what is asked for is mp3' \
    song.wav out/a.wav --codec mp3
if has ffmpeg && has resampler; then
    cleave process fast.wav out/auto.mp3 --auto-rate
    has_shape "--auto-rate: 48 kHz for mp3" out/auto.mp3 "mp3 mp3 48000 2 0 4800"
    check "and says so" grep -q 'mp3 has no 96000 Hz, so it is written at 48000' stderr
    cleave process song.wav out/auto.opus --auto-rate -q
    has_shape "--auto-rate: 48 kHz for opus" out/auto.opus "ogg opus 48000 2 0 96000"
fi

# ---- effects ----
make_wav music 44100 2 44100 f32 >tone.wav
decode tone.wav >tone.f32
cleave process tone.wav out/gain.wav --fx "gain:-6"
decode out/gain.wav >gain.f32
"$signal" scale 0.501187234 tone.f32 >half.f32
near "a gain of -6 dB" 1e-6 half.f32 gain.f32
cleave process tone.wav out/joined.wav -x "gain:-2" -x "gain:-4" -q
decode out/joined.wav >joined.f32
near "effects of two options are joined" 1e-6 half.f32 joined.f32
within() { awk -v x="$1" -v y="$2" -v d="$3" 'BEGIN { exit !((x - y) ^ 2 <= d ^ 2) }'; }
cleave process tone.wav out/peak.wav --fx "normalize:target=-3,unit=peak" -q
decode out/peak.wav >p.f32
check "normalize by peak" within "$(db "$(peak_of p.f32)")" -3 0.001
cleave process tone.wav out/rms.wav --fx "gain:-10;normalize:target=-23,unit=rms;gain:-1" --json
decode out/rms.wav >r.f32
check "normalize by RMS, in the middle of a chain" within "$(db "$(rms_of r.f32)")" -24 0.01
check "which is told" grep -qE '"unit": ?"rms"' stdout
make_wav silence 44100 2 44100 s16 >quiet.wav
cleave process quiet.wav out/quiet.wav --fx "normalize:-16"
check "silence stays silent, with a warning" grep -q 'is silent, so normalize left it' stderr
cleave process tone.wav out/loud.wav --fx "gain:20" --bits 16
check "what is limited is told" grep -q 'samples exceed full scale' stderr
cleave process tone.wav out/late.wav --fx "limiter:threshold=0;fade:in=0.1,out=0.25" -q
decode out/late.wav >late.f32
"$signal" scale 1 tone.f32 | tail -c +160001 | head -c 80000 >middle.f32
tail -c +160001 late.f32 | head -c 80000 >faded.f32
near "a limiter delays nothing, and a fade counts from the start" 1e-4 middle.f32 faded.f32
tail -c 800 late.f32 >end.f32
check "a fade ends with the file" below "$(peak_of end.f32)" 0.002
cleave process - out/late.wav --fx "fade:out=0.25" <tone.wav
check "of a file that is piped too" [ "$status" -eq 0 ]
cleave process tone.wav out/room.wav --fx "reverb:wet=0.5" -q
has_shape "a reverb without its tail" out/room.wav "wav pcm_f32le 44100 2 32 44100"
cleave process tone.wav out/tail.wav --fx "reverb:wet=0.5" --tail -q
longer=$(shape out/tail.wav | cut -d' ' -f6)
check "and with it" [ "$longer" -gt 46000 ]
decode out/tail.wav >tail.f32
check "which begins alike" cmp -s <(decode out/room.wav) <(head -c 352800 tail.f32)
cleave process - out/piped.wav --fx "gain:-6" -q <tone.wav
check "standard input is the same" cmp -s out/gain.wav out/piped.wav
"$CLEAVE" process tone.wav - --fx "gain:-6" -q | cat >piped.wav
check "standard output is the same" cmp -s <(decode out/gain.wav) <(decode piped.wav)

# ---- bad effects ----
rm -rf out && mkdir out
refuses "an unknown effect" 2 'effect "compresor" is unknown; did you mean "compressor"' \
    song.wav out/a.wav --fx compresor
refuses "an unknown parameter" 2 'did you mean "threshold"' song.wav out/a.wav --fx \
    "limiter:treshold=-1"
refuses "a value out of range" 2 'gain: gain 600: must be' song.wav out/a.wav --fx "gain:600"
refuses "a value that is no number" 2 '"loud" is not a number' song.wav out/a.wav --fx "gain:loud"
refuses "a chain that is too long" 2 'at most 16 effects' song.wav out/a.wav --fx \
    "$(printf 'gain:0;%.0s' {1..17})"
refuses "a missing impulse response" 1 'nowhere.wav: cannot be opened' song.wav out/a.wav --fx \
    "convolve:nowhere.wav"
refuses "no impulse response" 1 'impulse response' song.wav out/a.wav --fx "convolve"
refuses "a band above half the rate" 1 'half of the sample rate' low.wav out/a.wav --fx \
    "eq:15000/3/1"
refuses "an unknown preset" 2 'did you mean "podcast"' song.wav out/a.wav --preset podcats
refuses "no output" 2 'needs an input and an output' song.wav
refuses "a missing input" 1 'cannot be opened' nothing.wav out/a.wav
printf '' >empty.wav
refuses "an empty file" 1 'empty.wav' empty.wav out/a.wav
make_wav music 44100 2 0 s16 >none.wav
refuses "a file without frames" 1 'no audio frames' none.wav out/a.wav
refuses "an unwritable folder" 1 'nowhere/a.wav: cannot be written' song.wav nowhere/a.wav
cp song.wav out/itself.wav
refuses "the input as output" 1 'would overwrite the input' out/itself.wav out/itself.wav
refuses "the input as output, by another name" 1 'would overwrite the input' out/itself.wav \
    ./out/../out/itself.wav
cp song.wav out/kept.wav
head -c 60000 song.wav >short.wav
refuses "a broken input leaves the old output" 1 'ends too early' short.wav out/kept.wav
cleave process song48.wav out/kept.wav -q
has_shape "an output is replaced" out/kept.wav "wav pcm_s16le 48000 2 16 96000"

# ---- several files, folders ----
mkdir -p album/disc
cp song.wav album/one.wav && cp song48.wav album/disc/two.wav
cleave process album folder -j 2
check "a folder: exit status 0" [ "$status" -eq 0 ]
check "a folder keeps its folders" same album/disc/two.wav folder/disc/two.wav
check "the closing line" grep -q '2 of 2 tracks processed' stderr
cleave process song.wav nothing.wav song48.wav several/ -q
check "one failure of three: exit status 1" [ "$status" -eq 1 ]
check "the others are there" [ -f several/song.wav ] && [ -f several/song48.wav ]
cleave process song.wav plain -q
check "a name without extension keeps the codec" same song.wav plain

# ---- chain files ----
if has yaml; then
    cat >chain.yaml <<END
effects:
  - gain: -6
  - eq:
      - {frequency: 100, gain: 0}
output: {bits: 24}
END
    cleave process tone.wav out/chain.wav --chain chain.yaml -q
    has_shape "a chain file" out/chain.wav "wav pcm_s24le 44100 2 24 44100"
    decode out/chain.wav >chain.f32
    near "does what it says" 1e-5 half.f32 chain.f32
    printf 'effects:\n  - gain: -6\n  - limiter: {threshold: -1, relese: 0.1}\n' >bad.yaml
    refuses "an unknown key names its line" 2 'bad.yaml:3: .*did you mean "release"' song.wav \
        out/a.wav --chain bad.yaml
    refuses "a missing chain file" 2 'absent.yaml: cannot be read' song.wav out/a.wav --chain \
        absent.yaml
else
    skip "chain files" "need libyaml"
fi

# ---- presets ----
if has ffmpeg; then
    cleave process song.wav out/mobile.m4a --preset mobile -q
    has_shape "mobile is AAC" out/mobile.m4a "mp4 aac 44100 2 0 88200"
    cleave process song.wav out/hifi.flac --preset hifi -q
    has_shape "hifi is FLAC" out/hifi.flac "flac flac 44100 2 16 88200"
    cleave process song.wav out/podcast.mp3 --preset podcast -q
    has_shape "podcast is MP3" out/podcast.mp3 "mp3 mp3 44100 2 0 88200"
    cleave process song.wav out/over.mp3 --preset podcast --bitrate 256 --json
    check "an option after a preset wins" grep -qE '"bitrate_kbps": ?256' stdout
    cleave process song.wav out/other.flac --preset podcast --codec flac -q
    has_shape "another codec drops the preset's bit rate" out/other.flac \
        "flac flac 44100 2 16 88200"
fi

# ---- figures ----
if has json; then
    cleave process song.wav out/stats.wav --fx "gain:-6" --stats --json
    for field in processing_time cpu_percent memory_bytes buffer_underruns buffer_overruns \
        quality_score realtime_factor snr_db; do
        check "--stats has $field" grep -qE "\"$field\": ?[0-9]" stdout
    done
    cleave process song.wav out/stats.wav --stats --json
    check "an untouched track has the quality 1" grep -qE '"quality_score": ?1\.0' stdout
    refuses "--json and a pipe" 2 'both want standard output' song.wav - --json
    cleave process nothing.wav out/a.wav --json
    check "an error in JSON" grep -qE '"code": ?"unreadable"' stdout
fi

finish
