#!/usr/bin/env bash
# tidy_test.sh: every rule of tools/tidy.sh can fail. One violation of each kind is planted in a
# copy of the tree; each must be reported by its rule at its place, and must not have been before.
set -u
cd "$(dirname "$0")/../.." || exit 1
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
tar -cf - --exclude=./build --exclude=./.git . | tar -xf - -C "$copy"
mkdir -p "$copy/docs" "$copy/weights"

# The report of the copy as "rule place" lines.
report() {
    BUILD=$copy/build tools/tidy.sh "$copy" | awk '
        /^FAIL / { rule = $2; next }
        /^     / { sub(/^ +/, ""); sub(/: .*/, ""); print rule, $0 }'
}

expected=()
plant() { # rule file line; the text comes from standard input
    expected+=("$1 $2:$3")
    mkdir -p "$copy/$(dirname "$2")"
    cat >>"$copy/$2"
}

library() { # source: what is in build/libcleave.a
    mkdir -p "$copy/build"
    printf '%s\n' "$1" | "${CC:-cc}" -x c -c -o "$copy/build/planted.o" - &&
        rm -f "$copy/build/libcleave.a" && ar rcs "$copy/build/libcleave.a" "$copy/build/planted.o"
}

library 'static const char *const table[] = {"a"}; const char *cleave_f(int i) { return table[i]; }'
before=$(report)

plant includes kernels/planted_up.c 1 <<<'#include "runtime/cleave.h"'
plant includes runtime/planted_up.c 1 <<<'#include "host/audio.h"'
plant includes kernels/planted_libc.c 1 <<<'#include <stdlib.h>'
plant includes kernels/planted_local.c 1 <<<'#include "base.h"'
plant includes host/planted_inner.c 1 <<<'#include "kernels/ops.h"'
plant includes host/planted_cases.c 1 <<<'#include "kernels/cases.h"'
plant allocators kernels/planted_malloc.c 1 <<<'void *f(void) { return malloc(1); }'
plant allocators weights/planted_map.c 1 <<<'void *f(void) { return mmap(0, 1, 0, 0, 0, 0); }'
plant allocators runtime/planted_free.c 2 <<<'/* free (of charge) */
void f(void *p) { free(p); }'
plant prints runtime/planted_print.c 1 <<<'void f(void) { printf("x"); }'
plant prints kernels/planted_puts.c 1 <<<'void f(void) { puts("x"); }'
plant conditionals kernels/planted_if.c 1 <<<'#ifdef __AVX2__
#endif'
plant conditionals host/planted_elif.c 2 <<<'#ifdef __cplusplus
#elif defined(__linux__)
#endif'
plant ops kernels/planted_op/planted_op.h 1 </dev/null
expected[-1]='ops kernels/planted_op:1'
expected+=('ops kernels/ops.h:1' 'ops kernels/cases.c:1')
plant sizes tools/planted_function.c 72 < <(printf 'void f(void)\n{\n'; yes '' | head -69; echo '}')
plant sizes tools/planted_file.c 601 < <(yes '' | head -601)
plant sizes tests/planted_line.c 1 < <(printf '/* %095d */\n' 0)
plant sizes tools/planted_line.sh 1 < <(printf '# %099d\n' 0)
plant top_level planted_folder/file.txt 1 <<<'x'
expected[-1]='top_level planted_folder:1'
plant unfinished host/planted_todo.c 1 < <(printf '/* TO%s: finish */\n' DO)
plant unfinished docs/planted_todo.md 1 < <(printf 'FIX%s\n' ME)
plant links docs/planted_link.md 2 <<<'[a](../LICENSE) [b](https://example.org/)
[c](nowhere.md)'
plant commands docs/planted_make.md 2 < <(printf '\140make %s\140\n' check planted)
plant commands docs/planted_program.md 2 <<<'build/cleave
build/tools/planted'
plant shell tests/planted.sh 1 <<<'if true; then'
library 'int planted_name(void) { return 1; }
static int planted_global;
int *cleave_f(void) { return &planted_global; }'
expected+=("names $copy/build/libcleave.a:1" "globals $copy/build/libcleave.a:1")
after=$(report)

passed=0 failed=0
new=$(comm -13 <(sort -u <<<"$before") <(sort -u <<<"$after"))
for line in "${expected[@]}"; do
    # Places that hold no planted file of their own may have been reported before, for another
    # reason.
    if grep -qxF "$line" <<<"$new" ||
        { [[ $line != *planted* ]] && grep -qxF "$line" <<<"$after"; }; then
        passed=$((passed + 1))
    else
        echo "FAIL not caught: $line"
        failed=$((failed + 1))
    fi
done
# Nothing else may have been reported: a rule that fires at innocent lines is no rule.
while read -r line; do
    [ -z "$line" ] && continue
    printf '%s\n' "${expected[@]}" | grep -qxF "$line" && continue
    echo "FAIL reported without reason: $line"
    failed=$((failed + 1))
done <<<"$new"
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ]
