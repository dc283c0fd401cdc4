#!/usr/bin/env bash
# cuda_build_test.sh: what nvcc made of the CUDA kernels, on a machine that may lack a GPU: no
# warning, no register in memory in any kernel, the figures that are written down, and the matrix
# instructions that are meant.
set -u
cd "$(dirname "$0")/../.." || exit 1
build=${BUILD:-build}
passed=0 failed=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

verdict() { # status sentence
    if [ "$1" -eq 0 ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAIL $2"
    fi
}

if ! bench/ptxas.sh "$build" >"$work/now.tsv" 2>/dev/null; then
    echo "skip CUDA: this build has no CUDA objects"
    echo "0 passed, 0 failed, 1 skipped"
    exit 0
fi

# Every source has been compiled for every architecture, without a word of complaint.
for source in kernels/*.cu kernels/*/*_cuda.cu; do
    log=$build/$source.o.log
    [ -s "$log" ] || [ "$source" = kernels/ops_cuda.cu ]
    verdict $? "$source: nvcc left no report"
    ! grep -iE 'warning|error' "$log"
    verdict $? "$source: nvcc warned"
done

# The same for what is measured beside them; the yardsticks are built where their libraries are.
for source in bench/ladder/*.cu bench/gpu/ceiling.cu bench/gpu/peer_*.cu; do
    log=$build/$source.o.log
    [ -s "$log" ] || [[ $source = bench/gpu/peer_* ]]
    verdict $? "$source: nvcc left no report"
    [ ! -e "$log" ] || ! grep -iE 'warning|error' "$log"
    verdict $? "$source: nvcc warned"
done

# kernel arch registers stack spill_stores spill_loads shared
spills=$(awk -F'\t' 'NR > 1 && $5 + $6 > 0 { print $1 " on " $2 }' "$work/now.tsv")
[ -z "$spills" ]
verdict $? "registers go to memory in: $spills"
for kernel in conv_tile_kernel conv_direct_kernel attention_kernel lstm_kernel; do
    grep -q "^$kernel" "$work/now.tsv"
    verdict $? "$kernel is not among the kernels"
done

# The table in the repository has been made by another version of the assembler perhaps, but of the
# same kernels.
cut -f 1,2 bench/results/ptxas.tsv >"$work/written"
cut -f 1,2 "$work/now.tsv" >"$work/made"
if [ "$(cut -f 2 "$work/made" | sort -u)" = "$(cut -f 2 "$work/written" | sort -u)" ]; then
    diff "$work/written" "$work/made"
    verdict $? "bench/results/ptxas.tsv is of other kernels than bench/ptxas.sh prints"
fi

# The matrix instructions, of each kernel by name: NAME must have PATTERN and nothing else of mma.
ptx() { # source
    "${NVCC:-nvcc}" -std=c++17 -O3 -I. -arch=compute_80 -ptx -o "$work/kernels.ptx" "$1"
    verdict $? "$1: no PTX"
    awk '/\.entry / { name = $0; sub(/.*\.entry /, "", name); sub(/\(.*/, "", name) }
         /^}/ { name = "" }
         name != "" && /mma\.sync|cp\.async\.c[ag]/ { print name "\t" $1 }' "$work/kernels.ptx" |
        sort -u | c++filt >"$work/used"
}

uses() { # kernel instruction
    grep -F "$1" "$work/used" | grep -qF "$2"
    verdict $? "$1 lacks $2"
}

uses_only() { # kernel instruction
    uses "$1" "$2"
    ! grep -F "$1" "$work/used" | grep mma.sync | grep -vF "$2"
    verdict $? "$1 has other matrix instructions than $2"
}

tf32=mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32
bf16=mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32
fp16=mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32
for source in conv attention; do
    ptx "kernels/$source/${source}_cuda.cu"
    uses_only "${source}_tensor<cleave_tf32" "$tf32"
    uses_only "${source}_tensor<cleave_bf16" "$bf16"
    uses_only "${source}_tensor<cleave_fp16" "$fp16"
    uses "${source}_float" cp.async.ca.shared.global
    ! grep -F "${source}_float" "$work/used" | grep mma.sync
    verdict $? "${source}_float has matrix instructions, which round"
done
! grep -qE '\b(atom|red)\.' "$work/kernels.ptx"
verdict $? "atomics"
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ]
