#!/usr/bin/env bash
# gpu_test.sh: `cleave separate` on a GPU, for which the SIMT executor stands in: the same stems, a
# GPU that is not there, one that is lost.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/e2e/lib.sh
cd "$work" || exit 1

CLEAVE=$BUILD/simt/cleave
if [ ! -x "$CLEAVE" ]; then
    skip "the command on the executor" "this build has no C++ compiler"
    finish
fi
"$signal" make music 8000 2 12000 s16 >song.wav
"$signal" make noise 8000 2 9000 s16 >other.wav

# ---- the same stems ----
cleave separate song.wav -n center --segment 0.3 --float32 -d cpu -o cpu -q
cleave separate song.wav -n center --segment 0.3 --float32 -d cuda -o gpu -v
check "center on the GPU" [ "$status" -eq 0 ]
check "it says where it computes" grep -q 'simt:0 executor' "$work/stderr"
for stem in vocals accompaniment; do
    near "$stem as on the CPU" 1e-5 cpu/center/song/$stem.wav gpu/center/song/$stem.wav
done
identity="-n identity --segment 0.2"
cleave separate song.wav other.wav $identity -d cpu -o cpu -q
song=cpu/identity/song/mixture.wav other=cpu/identity/other/mixture.wav
check "identity on the CPU" [ -s "$song" ]
for batch in 1 3 16; do
    cleave separate song.wav $identity -d cuda:0 --batch "$batch" -o "b$batch" -q
    check "the same bytes, $batch segments at a time" \
        cmp -s "$song" "b$batch/identity/song/mixture.wav"
done
cleave separate song.wav -n identity -d cuda --batch 17
check "more than 16 at a time is refused" [ "$status" -eq 2 ]
"$CLEAVE" info >info
check "info lists the GPU" grep -q '^cuda  *simt:0 executor, compute capability' info
CLEAVE_SIMT_DEVICES=2 "$CLEAVE" info >info
check "info lists the second one" grep -q '^cuda:1  *simt:1 executor' info

# ---- several ----
export CLEAVE_SIMT_DEVICES=2
cleave separate song.wav other.wav $identity -d cuda:1 -j 2 -o both -v
check "two engines on the second GPU" [ "$status" -eq 0 ]
check "it is the second" grep -q 'simt:1 executor' "$work/stderr"
check "and not the first" [ "$(grep -c 'simt:0' "$work/stderr")" -eq 0 ]
check "both tracks have the same bytes" cmp -s "$song" both/identity/song/mixture.wav
check "and the other one" cmp -s "$other" both/identity/other/mixture.wav
cleave separate song.wav $identity -d cuda:2 -o refused
check "a third one is refused" [ "$status" -eq 2 ]
check "with the numbers there are" grep -q 'numbered 0 to 1' "$work/stderr"
unset CLEAVE_SIMT_DEVICES

# ---- too small ----
export CLEAVE_SIMT_MEMORY=4000
cleave separate song.wav other.wav $identity -j 1 -o small
check "too little memory: auto computes on the CPU" [ "$status" -eq 0 ]
check "too little memory: one sentence" [ "$(grep -c 'out of memory' "$work/stderr")" -eq 1 ]
check "too little memory: the stems are right" cmp -s "$song" small/identity/song/mixture.wav
cleave separate song.wav $identity -d cuda -o refused
check "too little memory: a GPU that was asked for is refused" [ "$status" -ne 0 ]
check "too little memory: in a sentence" grep -q 'simt:0 executor: .*out of memory' "$work/stderr"
check "too little memory: nothing is written" [ ! -e refused ]
unset CLEAVE_SIMT_MEMORY

# ---- not there ----
export CLEAVE_SIMT_DEVICES=0
cleave separate song.wav other.wav $identity -o none
check "no GPU: auto computes on the CPU" [ "$status" -eq 0 ]
check "no GPU: one sentence says so, once" [ "$(grep -c 'no GPU' "$work/stderr")" -eq 1 ]
check "no GPU: the stems are right" cmp -s "$song" none/identity/song/mixture.wav
cleave separate song.wav -n identity -d cuda -o refused
check "no GPU: asking for one is refused" [ "$status" -eq 2 ]
check "no GPU: in one line" [ "$(wc -l <"$work/stderr")" -eq 1 ]
check "no GPU: nothing is written" [ ! -e refused ]
"$CLEAVE" info >info
check "no GPU: info says why" grep -q '^cuda  *device cuda: no GPU can be used' info
unset CLEAVE_SIMT_DEVICES

# ---- lost, at any call ----
whole=0 anew=0 ended=0
for ((call = 1; call <= 300; call += 13)); do
    export CLEAVE_SIMT_LOST_AT=$call
    rm -rf lost asked
    cleave separate song.wav other.wav $identity --batch 2 -j 1 -o lost
    [ "$status" -eq 0 ] && cmp -s "$song" lost/identity/song/mixture.wav &&
        cmp -s "$other" lost/identity/other/mixture.wav && whole=$((whole + 1))
    grep -q 'separated anew by the CPU' "$work/stderr" && anew=$((anew + 1))
    cleave separate song.wav $identity --batch 2 -d cuda -o asked
    if [ "$status" -ne 0 ] && [ ! -e asked ] && [ "$(errors | wc -l)" -eq 1 ]; then
        ended=$((ended + 1))
    elif [ "$status" -eq 0 ] && cmp -s "$song" asked/identity/song/mixture.wav; then
        ended=$((ended + 1))
    fi
done
check "lost at any call: auto goes on with the CPU" [ "$whole" -eq 24 ]
check "lost in a track: it is separated anew, and said so" [ "$anew" -gt 3 ]
check "lost at any call: a GPU that was asked for: a sentence, nothing written" [ "$ended" -eq 24 ]
unset CLEAVE_SIMT_LOST_AT

finish
