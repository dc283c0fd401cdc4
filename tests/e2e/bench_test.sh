#!/usr/bin/env bash
# bench_test.sh: `cleave bench`: what it prints, what it adds to files, what it refuses.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/e2e/lib.sh
cd "$work" || exit 1
quick=(bench model center:naive --segment 0.5 --runs 3 --threads 1)

# refuses NAME STATUS PATTERN ARGS...: one sentence like the pattern, and nothing printed.
refuses() {
    local name=$1 expected=$2 pattern=$3 problem=
    shift 3
    cleave "$@"
    [ "$status" -eq "$expected" ] || problem="exit status $status, not $expected; "
    [ "$(wc -l <"$work/stderr")" -eq 1 ] || problem+="$(wc -l <"$work/stderr") lines; "
    errors | grep -qE -- "$pattern" || problem+="no \"$pattern\"; "
    [ -s "$work/stdout" ] && problem+="printed something; "
    if [ -z "$problem" ]; then
        pass "$name"
    else
        fail "$name" "$problem$(tail -3 "$work/stderr")"
    fi
}

says() { grep -qE -- "$1" "$work/stdout"; }
# Lines of a file, and its columns if all lines have as many.
shape() { awk -F, '{ n[NF]++ } END { for (k in n) printf "%d x %d ", NR, k }' "$1"; }
between() { awk -v x="$1" -v low="$2" -v high="$3" 'BEGIN { exit !(x >= low && x <= high) }'; }

cleave "${quick[@]}" --steps --seconds 2
check "a model: exit status" [ "$status" -eq 0 ]
for line in machine model memory segment arithmetic traffic floor 'real time' track \
    'costliest steps' sums; do
    check "a model: $line" says "^$line "
done
check "a model: runs" says 'of 3 runs after 2'
check "a model: a step" says ' elementwise |  *mix '
cleave "${quick[@]}"
check "a model: no steps unless asked for" [ "$(grep -c 'costliest' "$work/stdout")" -eq 0 ]
cleave bench model center --segment 1 --runs 2 --threads 1 --steps=all
"$CLEAVE" bench model center --segment 1 --runs 2 --threads 1 --steps=4 >four
check "all steps in their order" [ "$(sed -n '/^steps/,/^$/p' "$work/stdout" | sed -n '2p' |
    awk '{ print $1 }')" = transform ]
check "four steps" [ "$(sed -n '/^costliest/,/^$/p' four | grep -c '^  ')" -eq 4 ]
check "the costliest first" awk '/^costliest/ { on = 1; last = 1e9; next } /^$/ { on = 0 }
    on { match($0, / [0-9]+\.[0-9][0-9][0-9] /); t = substr($0, RSTART) + 0
         if (t > last) bad = 1; last = t } END { exit bad }' four

cleave "${quick[@]}" --isa ref
check "the kernels of an instruction set" says ' cpu ref,'
for word in "help bench" "bench --help" "bench model -h" "bench help"; do
    # shellcheck disable=SC2086
    cleave $word
    check "cleave $word" says '^cleave bench model NAME'
done
cleave help
check "cleave help names it" says 'cleave bench'

# ---- files
"$CLEAVE" "${quick[@]}" --csv models.csv >/dev/null
"$CLEAVE" "${quick[@]}" --csv models.csv >/dev/null
check "a line for each measurement: $(shape models.csv)" [ "$(shape models.csv)" = "3 x 21 " ]
"$CLEAVE" "${quick[@]}" --steps --csv steps.csv >steps.txt
check "a line for each step: $(shape steps.csv)" [ "$(shape steps.csv | sed 's/.* x //')" = "15 " ]
check "the least of the steps are within the least of the segment" between \
    "$(awk -F, 'NR > 1 { s += $10 } END { print s }' steps.csv)" 1e-9 \
    "$(sed -n 's/^segment.*least \([^ ]*\) s.*/\1/p' steps.txt | awk '{ print 1.001 * $1 }')"
refuses "a file of other columns" 1 'steps.csv: has other columns' "${quick[@]}" --csv steps.csv
refuses "a file that cannot be written" 1 'nowhere/x.csv: cannot be written' \
    bench kernels --op mix --csv nowhere/x.csv

# ---- kernels
cleave bench kernels --op mix --isa ref 'O2 L343980' --csv kernels.csv
check "kernels: exit status" [ "$status" -eq 0 ]
check "kernels: two cases, one instruction set" [ "$(grep -c '^mix .* ref ' "$work/stdout")" -eq 2 ]
check "kernels: a line each: $(shape kernels.csv)" [ "$(shape kernels.csv)" = "3 x 13 " ]

# ---- refusals
refuses "nothing to measure" 2 'model or kernels' bench
refuses "another thing" 2 'did you mean "model"' bench modle
refuses "no model" 2 'needs the name of a model' bench model
refuses "two models" 2 '"b" is another' bench model a b
refuses "an unknown model" 2 'there is no model "xyzzy"' bench model xyzzy
refuses "a misspelt model" 2 'did you mean "htdemucs"' bench model htdemcus
refuses "not installed" 2 'htdemucs is not installed.*--synthetic' bench model htdemucs
refuses "no file" 2 'nosuch.weights' bench model nosuch.weights
refuses "no synthetic form" 2 'only official models' bench model xyzzy --synthetic
refuses "an unknown option" 2 'did you mean "--threads"' bench model center --treads 2
refuses "an option of the other" 2 'unknown option "--op"' bench model center --op mix
refuses "threads" 2 '"--threads" takes a whole number' bench model center --threads many
refuses "precision" 2 '"--precision" takes fp32' bench model center --precision float7
refuses "no value" 2 '"--runs" needs a value' bench model center --runs
refuses "an unknown instruction set" 2 '"--isa" takes ref, avx2' bench model center --isa sse
refuses "an unknown op" 2 'no op "cnv"; did you mean "conv"' bench kernels --op cnv
refuses "an instruction set for kernels" 2 '"--isa" takes ref' bench kernels --isa mmx
refuses "a stem that is not there" 1 'stem "drum"' bench model center --stems drum

# ---- JSON
refuse_json() { refuses "JSON needs jansson" 2 jansson "${quick[@]}" --json; }
if ! has json; then
    refuse_json
    finish
fi
cleave "${quick[@]}" --json --steps --seconds 1
check "JSON: one line" [ "$(wc -l <"$work/stdout")" -eq 1 ]
for field in machine threads peak_gflop_s copy_gb_s model kind synthetic device precision rate \
    channels stems segment_seconds stride_seconds warmups runs median_seconds p95_seconds \
    least_seconds flops bytes gflop_s gb_s peak_share copy_share floor_seconds realtime_factor \
    engine_bytes peak_bytes track steps ops; do
    check "JSON: $field" says "\"$field\":"
done
"$CLEAVE" "${quick[@]}" --json >plain.json
median=$(number median_seconds <plain.json)
check "JSON: p95 is not below the median" below "$median" "$(number p95_seconds <plain.json)"
check "JSON: least is not above it" below "$(number least_seconds <plain.json)" "$median"
check "JSON: rates are of the median" between "$(awk -v f="$(number flops <plain.json)" \
    -v m="$median" -v g="$(number gflop_s <plain.json)" 'BEGIN { print f / m / 1e9 / g }')" \
    0.999 1.001
check "JSON: real time is stride over median" between "$(awk -v s="$(number stride_seconds \
    <plain.json)" -v m="$median" -v r="$(number realtime_factor <plain.json)" \
    'BEGIN { print s / m / r }')" 0.999 1.001
check "JSON: no steps unless asked for" [ "$(grep -c '"steps"' plain.json)" -eq 0 ]
"$CLEAVE" bench kernels --op mix --isa ref --json 'I8' >kernels.json
check "JSON: a kernel" [ "$(grep -c '"op":"mix","case":"I8 .*"isa":"ref".*"p95_seconds":' \
    kernels.json)" -eq 1 ]

# ---- an official model without its weights
if is_sanitized; then
    skip "synthetic weights" "a sanitizer takes minutes for a whole network"
else
    "$CLEAVE" bench model spleeter:2stems --synthetic --runs 1 --segment 3 --json >spleeter.json
    check "synthetic: Spleeter" grep -q '"kind":"spleeter","synthetic":true' spleeter.json
    check "synthetic: its arithmetic" between "$(number flops <spleeter.json)" 5e9 7e9
    check "synthetic: no file is left" [ -z "$(find "${TMPDIR:-/tmp}" -maxdepth 1 \
        -name '.cleave-nameless-*' 2>/dev/null)" ]
fi
finish
