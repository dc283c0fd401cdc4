#!/usr/bin/env bash
# The public header alone in both languages, the program in docs/embedding.md, and what the engine
# asks of its surroundings. Ends with "N passed, N failed, N skipped".
set -u
cd "$(dirname "$0")/../.." || exit 1
build=${BUILD:-build}
[[ $build = /* ]] || build=$PWD/$build
library=$build/libcleave.a
header=$PWD/runtime
cc=${CC:-cc} cxx=${CXX:-c++}
passed=0 failed=0 skipped=0
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# check NAME COMMAND...: the command must succeed.
check() {
    local name=$1
    shift
    if "$@" >"$folder/log" 2>&1; then
        echo "ok   $name"
        passed=$((passed + 1))
    else
        echo "FAIL $name"
        head -20 "$folder/log"
        failed=$((failed + 1))
    fi
}

skip() {
    echo "skip $1"
    skipped=$((skipped + 1))
}

# A library that was built to be watched needs its watcher.
watcher=()
for pair in asan=address tsan=thread ubsan=undefined; do
    if nm "$library" 2>/dev/null | grep -q " U __${pair%%=*}_"; then
        watcher+=("-fsanitize=${pair##*=}")
    fi
done

# What a program is linked with, as the documentation says to ask.
read -ra links < <(make --no-print-directory -s BUILD="$build" links)

# ---- the header ----------------------------------------------------------------------------------
strict=(-Wall -Wextra -Werror -pedantic-errors -I"$header")
echo '#include "cleave.h"' >"$folder/header.c"
check "header: alone, C17" "$cc" -std=c17 "${strict[@]}" -fsyntax-only "$folder/header.c"
for path in "$header"/cleave_*.h; do
    name=$(basename "$path")
    echo "#include \"$name\"" >"$folder/part.c"
    cp "$folder/part.c" "$folder/part.cpp"
    check "$name: alone, C17" "$cc" -std=c17 "${strict[@]}" -fsyntax-only "$folder/part.c"
    if command -v "$cxx" >/dev/null 2>&1; then
        check "$name: alone, C++17" "$cxx" -std=c++17 "${strict[@]}" -fsyntax-only \
            "$folder/part.cpp"
    fi
done
cat >"$folder/program.cpp" <<'CPP'
#include "cleave.h"

int main()
{
    cleave_config config;
    cleave_memory need{};
    cleave_error error;

    cleave_config_default(&config);
    config.model = "identity";
    return cleave_need(&config, &need, &error) == CLEAVE_OK && need.host_bytes > 0 ? 0 : 1;
}
CPP
if command -v "$cxx" >/dev/null; then
    check "header: C++17" "$cxx" -std=c++17 "${strict[@]}" "${watcher[@]}" \
        -o "$folder/program" "$folder/program.cpp" "$library" "${links[@]}"
    check "header: a C++17 program runs" "$folder/program"
else
    skip "header: C++17 (no $cxx)"
fi

# ---- the programs of the page --------------------------------------------------------------
program() { # number
    awk -v number="$1" '/^```c$/ { inside = ++count == number; next }
        /^```/ { inside = 0 }
        inside' docs/embedding.md
}
program 1 >"$folder/example.c"
check "example: there is one" grep -q cleave_open "$folder/example.c"
check "example: compiles" "$cc" -std=c17 -O1 "${strict[@]}" "${watcher[@]}" -o "$folder/example" \
    "$folder/example.c" "$library" "${links[@]}"
head -c 1600000 /dev/zero | tr '\0' '\101' >"$folder/mix.f32" # 0x41414141 is 12.08
in_folder() {
    (cd "$folder" && ./example "$1" <"$2")
}
check "example: identity runs" in_folder identity mix.f32
check "example: identity gives the mixture" cmp "$folder/mix.f32" "$folder/mixture.f32"
check "example: center:naive runs" in_folder center:naive mix.f32
check "example: equal channels are all centre" cmp "$folder/mix.f32" "$folder/vocals.f32"
head -c 1600000 /dev/zero >"$folder/silence.f32"
check "example: and nothing else" cmp "$folder/silence.f32" "$folder/accompaniment.f32"
: >"$folder/empty.f32"
check "example: an empty track" in_folder identity empty.f32
check "example: gives empty stems" test ! -s "$folder/mixture.f32"
refuses() {
    ! in_folder centre mix.f32 2>"$folder/sentence" &&
        grep -q 'did you mean "center"' "$folder/sentence"
}
check "example: an unknown model is an error" refuses

program 2 >"$folder/weights.c"
check "weights: there is a program" grep -q cleave_normalize "$folder/weights.c"
check "weights: compiles" "$cc" -std=c17 -O1 "${strict[@]}" "${watcher[@]}" \
    -o "$folder/weights" "$folder/weights.c" "$library" "${links[@]}"
export CLEAVE_MODELS_DIR=$folder/models
check "weights: a tiny model" "$build/cleave" model import --name tiny \
    tests/golden/models/tiny_htdemucs.th
weights=$(find "$folder/models" -type f -size +100k | head -1)
with_weights() { # track: there must be as much of every stem as of it
    local stem
    (cd "$folder" && ./weights "$weights" "$1") || return 1
    for stem in drums bass other vocals; do
        [ "$(stat -c %s "$folder/$stem.f32")" -eq "$(stat -c %s "$folder/$1")" ] || return 1
    done
}
head -c 80000 "$folder/mix.f32" >"$folder/short.f32"
check "weights: stems of a track" with_weights short.f32
check "weights: stems of an empty track" with_weights empty.f32
damaged() {
    head -c 1000 "$weights" >"$folder/damaged"
    ! (cd "$folder" && ./weights damaged mix.f32 2>sentence) &&
        grep -q 'header says' "$folder/sentence"
}
check "weights: a damaged file is an error" damaged

awk '/^```c$/ { inside = 1; next } /^```/ { inside = 0 } inside' docs/realtime.md >"$folder/live.c"
check "real time: there is an example" grep -q cleave_live_process "$folder/live.c"
check "real time: compiles" "$cc" -std=c17 "${strict[@]}" -fsyntax-only "$folder/live.c"

# ---- effects, and a box of both ----------------------------------------------------------------
page() { # name: its C program, compiled
    awk '/^```c$/ { inside = 1; next } /^```/ { inside = 0 } inside' "docs/$1.md" >"$folder/$1.c"
    check "$1: there is a program" grep -q cleave_fx_process "$folder/$1.c"
    check "$1: compiles" "$cc" -std=c17 -O1 "${strict[@]}" "${watcher[@]}" -o "$folder/$1" \
        "$folder/$1.c" "$library" "${links[@]}"
}
page effects
bytes() { # command: how many it writes for the track
    "$@" <"$folder/mix.f32" 2>"$folder/sentence" | wc -c
}
goes_on() { # the reverberation ends after the track
    [ "$(bytes "$folder/effects")" -gt "$(stat -c %s "$folder/mix.f32")" ]
}
check "effects: runs, and the room sounds on" goes_on
page appliance
whole_blocks() {
    [ "$(bytes "$folder/appliance")" -eq $((1600000 / 2048 * 2048)) ] &&
        grep -q 'of 67108864 bytes' "$folder/sentence"
}
check "appliance: runs in its memory" whole_blocks

# ---- the engine's objects ------------------------------------------------------------------------
engine() {
    find "$build/kernels" "$build/runtime" -name '*.o' ! -name '*.cu.o' \
        -exec nm "$1" {} + 2>/dev/null |
        awk '/^[0-9a-f ]*[ ][A-Zuvw] / { print $NF }'
}
own_names() {
    engine --defined-only | sort -u >"$folder/names"
    grep -q '^cleave_open$' "$folder/names" && ! grep -v '^cleave_' "$folder/names"
}
forbidden='printf|puts|putchar|fprintf|fputs|fwrite|perror|exit|_exit|abort'
forbidden+='|stdout|stderr|fopen|open'
quiet() {
    engine --undefined-only | sort -u >"$folder/names"
    grep -q '^snprintf$\|^__snprintf_chk$' "$folder/names" &&
        ! grep -xE "$forbidden" "$folder/names"
}
if [ ${#watcher[@]} -eq 0 ]; then
    check "engine: its names begin with cleave_" own_names
    check "engine: prints nothing, opens nothing, ends nothing" quiet
else
    skip "engine: names (built to be watched)"
fi

echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
