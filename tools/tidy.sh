#!/usr/bin/env bash
# tidy.sh [DIR]: the rules of the house that a machine can check (docs/style.md), on the tree in
# DIR or this one.
#
# Prints "FAIL rule" and file:line with a sentence for each violation; the last line counts the
# rules. The rules about symbols need $BUILD/libcleave.a (BUILD=build) and are counted as skipped
# without it.
set -u
export LC_ALL=C
awk_rules=$(cd "$(dirname "$0")" && pwd)/tidy.awk
cd "${1:-$(dirname "$0")/..}" || exit 1
build=${BUILD:-build}
library=$build/libcleave.a
found=$(mktemp)
trap 'rm -f "$found"' EXIT

say() { # rule place sentence
    printf '%s\t%s: %s\n' "$@" >>"$found"
}

# What is in the repository or about to be; in a tree without a repository, every file but build
# products.
list_files() {
    if [ -e .git ] && git ls-files -co --exclude-standard 2>/dev/null; then
        return
    fi
    find . \( -path ./.git -o -path ./build \) -prune -o -type f -print | sed 's|^\./||'
}

mapfile -t files < <(list_files | sort -u | while read -r file; do
    [ -f "$file" ] && echo "$file"
done)

of_kind() { # regex: the files whose name matches
    printf '%s\n' "${files[@]}" | grep -E "$1"
}

check_lines() {
    local -a texts
    mapfile -t texts < <(of_kind '\.(c|h|cu|cuh|cpp|sh|awk|md|py)$|^Makefile$|^\.ci/')
    awk -f "$awk_rules" "${texts[@]}" >>"$found"
}

check_top_level() {
    local name
    printf '%s\n' "${files[@]}" | cut -d/ -f1 | sort -u | while read -r name; do
        case $name in
        Makefile | README.md | LICENSE | .*) ;;
        kernels | weights | runtime | loader | host | tools | tests | bench | docs) ;;
        *) say top_level "$name:1" "not one of the names of the top level" ;;
        esac
    done
}

# Every folder of kernels/ is an op: its files, its entry in the table, its list of cases.
check_ops() {
    local folder op file
    for folder in kernels/*/; do
        op=$(basename "$folder")
        for file in "$op.h" "${op}_ref.c" "${op}_cases.c" "$op.md"; do
            [ -f "$folder$file" ] || say ops "kernels/$op:1" "the op lacks $file"
        done
        grep -qE "\bCLEAVE_OP_${op^^}\b" kernels/ops.h ||
            say ops "kernels/ops.h:1" "no CLEAVE_OP_${op^^}"
        grep -qE "\bcleave_${op}_cases\b" kernels/cases.c 2>/dev/null ||
            say ops "kernels/cases.c:1" "the cases of $op are not listed"
    done
}

# Words of a document with their places: "file:line:word".
words() { # regex
    local -a pages
    mapfile -t pages < <(of_kind '\.md$')
    [ ${#pages[@]} -gt 0 ] && grep -noE "$1" "${pages[@]}" /dev/null
}

check_links() {
    local file line link target
    while IFS=: read -r file line link; do
        target=${link#*](}
        target=${target%)}
        target=${target%%#*}
        [ -z "$target" ] || [[ $target =~ ^[a-z]+: ]] && continue
        [ -e "$(dirname "$file")/$target" ] ||
            say links "$file:$line" "the link $target leads nowhere"
    done < <(words '\]\([^) ]+\)')
}

# `make X` in backquotes or at the start of a line of an example is a target of the Makefile.
check_targets() {
    local file line text target targets
    targets=" $(grep -oE '^[a-z][a-z0-9_ -]*:' Makefile | tr -d ':' | tr '\n' ' ') "
    while IFS=: read -r file line text; do
        target=$(sed -E 's/.*make +(-j[0-9]* +)?//' <<<"$text")
        [[ $targets == *" $target "* ]] ||
            say commands "$file:$line" "the Makefile has no target $target"
    done < <(words '(`|^ {0,4}|[;&] )make +(-j[0-9]* +)?[a-z][a-z0-9_-]*')
}

# build/NAME in a document is something that the Makefile makes.
check_programs() {
    local file line path source
    while IFS=: read -r file line path; do
        case $path in
        build/cleave | build/libcleave.a | build/simt/cleave | build/gpu) continue ;;
        build/gpu/*) path=build/${path#build/gpu/} ;; # the build of check-gpu and bench-gpu
        esac
        case $path in
        build/cleave) continue ;;
        build/asan* | build/ubsan* | build/tsan* | build/demo*) continue ;;
        build/tools/* | build/tests/* | build/bench/*) source=${path#build/}.c ;;
        build/simt/bench_*) source=bench/${path#build/simt/}.c ;;
        build/*.o) source=${path#build/} source=${source%.o}.c ;;
        *) source=/nonexistent ;;
        esac
        [ -f "$source" ] || say commands "$file:$line" "nothing builds $path"
    done < <(words 'build/[A-Za-z0-9_./-]*[A-Za-z0-9_]')
}

check_shell() {
    local file message
    while read -r file; do
        message=$(bash -n "$file" 2>&1) ||
            say shell "$file:1" "bash cannot parse it: ${message##*: }"
    done < <(of_kind '\.sh$|^\.ci/run$')
}

# Symbols that an embedder's linker sees. A sanitizer adds its own; a CUDA kernel's name is mangled.
check_names() {
    local symbol
    nm -gP --defined-only "$library" 2>/dev/null | awk 'NF >= 3 { print $1 }' | sort -u |
        grep -vE '^_?cleave_|^__odr_asan|^_Z.*cleave|^__(cuda|fatbin)|^DW\.ref\.' |
        while read -r symbol; do
            say names "$library:1" "the global symbol $symbol does not start with cleave_"
        done
}

# Objects that code could write to at run time. Constant tables of pointers lie in .data.rel.ro,
# which the loader seals; the CUDA runtime's registration has variables of its own.
check_globals() {
    local symbol
    objdump -t "$library" 2>/dev/null |
        awk 'NF > 4 && $(NF - 2) ~ /^\.(data|bss|tdata|tbss)/ && $(NF - 1) !~ /^0+$/ &&
            $(NF - 2) !~ /^\.data\.rel\.ro/ { print $NF }' |
        sort -u | grep -vE '^__|^_ZL[0-9]+__|__device_stub__|cudart' | while read -r symbol; do
        say globals "$library:1" "$symbol is a mutable global"
    done
}

failed=0 passed=0 skipped=0
conclude() { # rule
    if grep -q "^$1	" "$found"; then
        echo "FAIL $1"
        grep "^$1	" "$found" | cut -f2 | sed 's/^/     /'
        failed=$((failed + 1))
    else
        passed=$((passed + 1))
    fi
}

check_lines
check_top_level
check_ops
check_links
check_targets
check_programs
check_shell
for rule in includes allocators prints conditionals ops sizes top_level unfinished links \
    commands shell; do
    conclude "$rule"
done
if [ ! -f "$library" ]; then
    echo "skip names, globals: $library is not built"
    skipped=2
else
    check_names
    conclude names
    if nm "$library" 2>/dev/null | grep -qE ' U __(asan|ubsan|tsan)_'; then
        echo "skip globals: a sanitizer adds its own"
        skipped=1
    else
        check_globals
        conclude globals
    fi
fi
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
