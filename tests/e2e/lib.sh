# lib.sh: what the end-to-end tests share. A script sources it, makes checks, and ends with
# `finish`.
#
#   $CLEAVE      the program            $signal  makes and measures samples (signal.c)
#   $work        a folder of its own    has LIBRARY: is it in this build?

BUILD=${BUILD:-build}
[[ $BUILD = /* ]] || BUILD=$PWD/$BUILD
CLEAVE=$BUILD/cleave
passed=0 failed=0 skipped=0
work=$(mktemp -d "${TMPDIR:-/tmp}/cleave-e2e-XXXXXX") || exit 1
work=$(cd "$work" && pwd -P)
signal=$work/signal
# The models of whoever runs the tests are not theirs.
export CLEAVE_MODELS_DIR=$work/models
trap 'rm -rf "$work"' EXIT

# A write that fails with EACCES as for any user; root may write everywhere.
is_root() { [ "$(id -u)" = 0 ]; }
is_sanitized() { grep -qE '__(asan|tsan|ubsan)_' "$CLEAVE"; }

pass() {
    echo "ok   $1"
    passed=$((passed + 1))
}

fail() { # name, detail
    echo "FAIL $1: ${2:-}"
    failed=$((failed + 1))
}

skip() { # name, reason
    echo "skip $1: $2"
    skipped=$((skipped + 1))
}

# check NAME COMMAND...: passes if the command succeeds.
check() {
    local name=$1
    shift
    if "$@"; then pass "$name"; else fail "$name" "$*"; fi
}

finish() {
    echo "$passed passed, $failed failed, $skipped skipped"
    [ "$failed" -eq 0 ] && [ $((passed + skipped)) -gt 0 ]
    exit
}

below() { awk -v x="$1" -v limit="$2" 'BEGIN { exit !(x <= limit) }'; }
stems_of() { (cd "$1" && echo *); }
# The number of a field of a JSON line on standard input.
number() { sed -E "s/.*\"$1\":([-0-9.e+]+).*/\1/"; }

# near NAME LIMIT MIX STEM...: |mix - sum of stems| stays below LIMIT x the mix's peak.
near() {
    local name=$1 limit=$2 worst peak
    shift 2
    read -r worst peak <<<"$("$signal" residual "$@")"
    if below "${worst:-1}" "$(awk -v p="${peak:-0}" -v l="$limit" 'BEGIN { print p * l }')"; then
        pass "$name"
    else
        fail "$name" "difference ${worst:-none}, peak ${peak:-none}"
    fi
}

has() { "$CLEAVE" info | grep "^$1 " | grep -qv 'not in this build'; }

# cleave ARGS...: runs it; its exit status in $status, its output in $work/stdout and $work/stderr.
cleave() {
    "$CLEAVE" "$@" >"$work/stdout" 2>"$work/stderr"
    status=$?
}

# Error lines that the last run printed.
errors() { grep '^cleave: ' "$work/stderr" | grep -v '^cleave: warning: '; }

# Files and folders under a folder that the run was to write to.
count_entries() { find "$1" -mindepth 1 2>/dev/null | wc -l; }

# is_refused NAME STATUS PATTERN ARGS...: the run ends with this status and one error line like
# the pattern, and leaves nothing in $work/out.
is_refused() {
    local name=$1 expected=$2 pattern=$3 problem=
    shift 3
    rm -rf "$work/out"
    cleave "$@" -o "$work/out"
    [ "$status" -eq "$expected" ] || problem="exit status $status, not $expected; "
    [ "$(errors | wc -l)" -eq 1 ] || problem+="$(errors | wc -l) error lines; "
    errors | grep -qE -- "$pattern" || problem+="no \"$pattern\"; "
    [ "$(count_entries "$work/out")" -eq 0 ] || problem+="left $(find "$work/out" | tail -1); "
    if [ -z "$problem" ]; then
        pass "$name"
    else
        fail "$name" "$problem$(tail -3 "$work/stderr")"
    fi
}

[ -x "$CLEAVE" ] || {
    fail "the program" "$CLEAVE is not built"
    finish
}
"${CC:-cc}" -O2 -D_GNU_SOURCE -o "$signal" tests/e2e/signal.c -lm || {
    fail "the signal tool" "does not compile"
    finish
}
