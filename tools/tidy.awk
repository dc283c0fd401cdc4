# tidy.awk: the rules of tidy.sh that look at lines of source. Prints a line for each violation: the
# rule, a tab, file:line: and a sentence. Comments and strings are blanked where code is meant.

BEGIN {
    # A folder may include itself and what lies below it; tests/ and bench/ may include anything.
    level["kernels"] = 1; level["weights"] = 2; level["runtime"] = 3
    level["loader"] = 4; level["host"] = 5; level["tools"] = 6
    # Files of runtime/ that may call an allocator: cleave_open() makes the one allocation of an
    # engine, and the table of CUDA calls has the GPU's, of which an engine makes one of each kind.
    may_allocate["runtime/engine.c"] = 1
    may_allocate["runtime/cuda_api_cuda.c"] = 1
    # What host/ includes of the engine besides its public header: the benchmark of the kernels
    # calls them, and their cases, without an engine.
    may_reach["host/bench_kernels.c kernels/cases.h"] = 1
    # Conditionals that choose a line rather than a file, each with its reason.
    may_branch["kernels/base.h __CUDACC__"] = 1          # nvcc spells restrict otherwise
    may_branch["bench/bench_fft.c __x86_64__"] = 1       # names the processor in a result
    may_branch["bench/bench_fft.c __aarch64__"] = 1
    before = "(^|[^A-Za-z0-9_>.])"
    allocators = before "(malloc|calloc|realloc|reallocarray|free|mmap|alloca|strdup|strndup|" \
        "aligned_alloc|posix_memalign|cudaMalloc[A-Za-z]*)[ ]*\\("
    printers = before "(printf|vprintf|fprintf|vfprintf|dprintf|puts|fputs|putchar|putc|" \
        "fputc|perror|fwrite)[ ]*\\("
    unfinished = "(^|[^A-Za-z])(TO" "DO|FIX" "ME|XX" "X|HA" "CK)([^A-Za-z]|$)"
}

function report(rule, text) {
    printf "%s\t%s:%d: %s\n", rule, FILENAME, FNR, text
}

# Bytes of UTF-8 that continue a character are not columns.
function columns(text) {
    gsub(/[\200-\277]/, "", text)
    return length(text)
}

# The line without its comments and with empty strings; a block comment may go on in the next line.
function code_of(text,    out, start, i) {
    out = ""
    while (length(text)) {
        if (in_comment) {
            i = index(text, "*/")
            if (!i) return out
            text = substr(text, i + 2)
            in_comment = 0
        }
        if (!match(text, /"|'|\/\*|\/\//)) return out text
        start = substr(text, RSTART, 2)
        out = out substr(text, 1, RSTART - 1)
        text = substr(text, RSTART)
        if (start == "//") return out
        if (start == "/*") { in_comment = 1; text = substr(text, 3); continue }
        if (match(text, /^"([^"\\]|\\.)*"/) || match(text, /^'([^'\\]|\\.)*'/)) {
            out = out substr(text, 1, 1) substr(text, 1, 1)
            text = substr(text, RLENGTH + 1)
        } else {
            out = out substr(text, 1, 1)
            text = substr(text, 2)
        }
    }
    return out
}

function check_quoted(path,    to) {
    to = path
    sub(/\/.*/, "", to)
    if (!(folder in level)) return
    # Public headers lie side by side where they are installed, so they name each other bare.
    if (path == "cleave.h" && FILENAME ~ /^runtime\/cleave_[a-z]+\.h$/) return
    if (!(to in level))
        report("includes", "\"" path "\" is not a path from the top of a folder of the engine")
    else if (level[to] > level[folder])
        report("includes", folder "/ includes \"" path "\", which lies above it")
    else if (folder == "host" && level[to] < level["loader"] &&
             path !~ /^runtime\/cleave(_[a-z]+)?\.h$/ && !((FILENAME " " path) in may_reach))
        report("includes", "host/ sees of the engine its public headers only, not \"" path "\"")
}

# Kernels know the C library's headers of arithmetic only; files that never enter the library, the
# headers of the instruction sets and the detection of processors each have their own.
function check_system(name) {
    if (folder != "kernels" || name ~ /^(assert|math|stddef|stdint|string)\.h$/) return
    if (FILENAME ~ /(^|[_\/])cases\.c$/ && name == "stdio.h") return
    if (FILENAME ~ /\/simd_[a-z0-9]+\.h$/ && name ~ /^(immintrin|arm_neon)\.h$/) return
    if (FILENAME ~ /\/cpu_features_[a-z0-9_]+\.c$/ && name ~ /^(cpuid|sys\/auxv)\.h$/) return
    if (FILENAME ~ /\.cuh?$/ && name ~ /^(cuda|mma|cooperative_groups)[a-z0-9_]*(\.h)?$/) return
    report("includes", "kernels/ may not include <" name ">")
}

function check_include(text) {
    if (match(text, /^[ \t]*#[ \t]*include[ \t]*"[^"]*"/)) {
        sub(/^[^"]*"/, "", text); sub(/".*/, "", text)
        check_quoted(text)
    } else if (match(text, /^[ \t]*#[ \t]*include[ \t]*<[^>]*>/)) {
        sub(/^[^<]*</, "", text); sub(/>.*/, "", text)
        check_system(text)
    }
}

function check_branch(text,    names, count, i) {
    if (text !~ /^[ \t]*#[ \t]*(if|ifdef|ifndef|elif)([^a-z]|$)/) return
    sub(/^[ \t]*#[ \t]*[a-z]+/, "", text)
    gsub(/defined/, " ", text)
    gsub(/[^A-Za-z0-9_]/, " ", text)
    count = split(text, names, " ")
    for (i = 1; i <= count; i++) {
        if (names[i] ~ /^CLEAVE_[A-Z0-9_]*_(H|CUH)$/ || names[i] == "CLEAVE_H") continue
        if (names[i] == "__cplusplus" || ((FILENAME " " names[i]) in may_branch)) continue
        report("conditionals", "a conditional on " names[i] " is not on the list in tools/tidy.awk")
    }
}

FNR == 1 {
    if (previous != "" && last_line > 600)
        printf "sizes\t%s:%d: the file has %d lines, at most 600\n", previous, last_line, last_line
    folder = FILENAME
    sub(/\/.*/, "", folder)
    in_comment = 0
    body = 0
    is_source = FILENAME ~ /\.(c|h|cu|cuh|cpp)$/
    previous = is_source ? FILENAME : ""
}

{ last_line = FNR }

$0 ~ unfinished { report("unfinished", "unfinished work is written down elsewhere or done") }

(is_source || FILENAME ~ /\.(sh|awk)$/) && length($0) > 100 && columns($0) > 100 {
    report("sizes", "the line has " columns($0) " columns, at most 100")
}

!is_source { next }

{
    check_include($0)
    code = in_comment || $0 ~ /["'\/]/ ? code_of($0) : $0
    check_branch(code)
    if (folder ~ /^(kernels|weights|runtime)$/ && !(FILENAME in may_allocate) && code ~ allocators)
        report("allocators", "an allocator is called in " folder "/")
    if (code ~ printers && (folder in level) && level[folder] < level["host"])
        report("prints", folder "/ prints; only host/ and tools/ do")
    if (code ~ /^\{/) body = FNR
    if (code ~ /^\}/ && body) {
        if (FNR - body + 1 > 70)
            report("sizes", "the function that ends here has " FNR - body + 1 " lines, at most 70")
        body = 0
    }
}

END {
    if (previous != "" && last_line > 600)
        printf "sizes\t%s:%d: the file has %d lines, at most 600\n", previous, last_line, last_line
}
