#!/usr/bin/env bash
# Runs the test programs given and every script in tests/e2e/, and adds up what they counted.
# They run side by side, as many as there are processors, what takes long before what does not;
# those that look at a clock, or at the whole machine, before all others, one after the other. A
# program that dies, or that prints no closing line, is a failure. RUNNER is the command, if any,
# that runs programs of another machine; the scripts belong to this one and then stay out. ABSENT
# lists the tests that this build cannot have, which count as skipped.
set -u
cd "$(dirname "$0")/.." || exit 1
passed=0 failed=0 skipped=0
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
jobs_max=$(nproc 2>/dev/null || echo 1)

count() { # program status log
    local line
    line=$(grep -E '^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$' "$3" | tail -1)
    if [ -z "$line" ]; then
        echo "FAIL $1: no closing line (exit status $2)"
        failed=$((failed + 1))
        return
    fi
    read -r p _ f _ s _ <<<"$line"
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
    if [ "$2" -ne 0 ] && [ "$f" -eq 0 ]; then
        echo "FAIL $1: exit status $2"
        failed=$((failed + 1))
    fi
}

alone() { # program [runner...]
    echo "== $1"
    "${@:2}" "$1" 2>&1 | tee "$logs/alone"
    count "$1" "${PIPESTATUS[0]}" "$logs/alone"
}

# The number of a program is the name of its log, which is shown in one piece when it has ended; its
# exit status lies beside it.
beside() { # number program [runner...]
    "${@:3}" "$2" >"$logs/$1" 2>&1
    echo $? >"$logs/$1.status"
    {
        flock 9
        echo "== $2"
        cat "$logs/$1"
    } 9>"$logs/shown"
}

is_alone() { # program
    case $1 in
    */workers_test | */live*_test | */*ring_test | */networks_test | */profile_test) ;;
    */host/bench_test | */tests/cuda/* | */fx_live_test.sh | */bench_test.sh) ;;
    */interrupt_test.sh) ;;
    *) return 1 ;;
    esac
}

rank() { # program: in which order they begin
    case $1 in
    */tests/simt/*) echo 1 ;;
    */tests/models/*) echo 2 ;;
    tests/e2e/*) echo 3 ;;
    */tests/kernels/*) echo 4 ;;
    *) echo 5 ;;
    esac
}

read -r -a runner <<<"${RUNNER:-}"
[ ${#runner[@]} -gt 0 ] || set -- "$@" tests/e2e/*_test.sh
for program in "$@"; do
    ! is_alone "$program" || alone "$program" "${runner[@]}"
done
mapfile -t together < <(for program in "$@"; do
    is_alone "$program" || echo "$(rank "$program") $program"
done | sort -s -n -k 1,1 | cut -d ' ' -f 2-)
for number in "${!together[@]}"; do
    while [ "$(jobs -rp | wc -l)" -ge "$jobs_max" ]; do
        wait -n
    done
    beside "$number" "${together[$number]}" "${runner[@]}" &
done
wait
for number in "${!together[@]}"; do
    count "${together[$number]}" "$(cat "$logs/$number.status")" "$logs/$number"
done
for source in ${ABSENT:-}; do
    echo "skip $source: this build lacks its compiler"
    skipped=$((skipped + 1))
done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
