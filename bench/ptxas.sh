#!/usr/bin/env bash
# ptxas.sh [BUILD]: what the assembler said about every CUDA kernel of a build: registers of a
# thread, bytes in local memory (the stack, and registers that had to go there), shared memory that
# is declared with a size. A line for each kernel and architecture, sorted, with tabs.
set -eu
cd "$(dirname "$0")/.."
build=${1:-build}
mapfile -t logs < <(find "$build/kernels" -name '*.cu.o.log' 2>/dev/null | sort)
if [ ${#logs[@]} -eq 0 ]; then
    echo "ptxas.sh: $build has no CUDA objects" >&2
    exit 1
fi
printf 'kernel\tarch\tregisters\tstack\tspill_stores\tspill_loads\tshared\n'
awk '
    function done() {
        if (name != "")
            printf "%s\t%s\t%d\t%d\t%d\t%d\t%d\n", name, arch, registers, stack, stores, loads,
                shared
        name = ""
    }
    function before(text, words,    i) { # the number in front of the words
        i = index(text, words)
        if (!i) return 0
        text = substr(text, 1, i - 1)
        sub(/.*[^0-9]/, "", text)
        return text + 0
    }
    /Compiling entry function/ {
        done()
        split($0, part, "\047")
        name = part[2]; arch = part[4]
        registers = stack = stores = loads = shared = 0
    }
    / bytes stack frame/ {
        stack = before($0, " bytes stack frame")
        stores = before($0, " bytes spill stores")
        loads = before($0, " bytes spill loads")
    }
    / registers/ { registers = before($0, " registers"); shared = before($0, " bytes smem") }
    END { done() }' "${logs[@]}" |
    c++filt | sed -E 's/^void //; s/\([^\t]*\)//; s/\(anonymous namespace\):://g' | sort
