/* bench_kernels.c: `cleave bench kernels`: every kernel on the shapes of the models, one thread.
 *
 * The one file of host/ that knows kernels (tools/tidy.awk): it measures them without an engine. */
#include "host/bench.h"

#include "host/commands.h"
#include "host/json.h"
#include "host/suggest.h"
#include "kernels/cases.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VARIANTS_MAX 8

/* Instruction sets, and the features whose kernels are theirs. */
static const struct {
    const char *name;
    uint32_t features;
} isas[] = {
    {"ref", 0},
    {"avx2", CLEAVE_CPU_AVX2},
    {"avx512", CLEAVE_CPU_AVX2 | CLEAVE_CPU_AVX512},
    {"neon", CLEAVE_CPU_NEON},
};
#define ISA_COUNT (sizeof isas / sizeof isas[0])

/* A step that is run alone. */
typedef struct lone_step {
    const cleave_op *op;
    cleave_kernel kernel;
    cleave_case test; /* whose arguments point into operand[] */
    void *operand[CLEAVE_OPERANDS_MAX];
    int operands;
    cleave_work work;
} lone_step;

/* Where the results go. */
typedef struct listing {
    const bench_options *options;
    uint32_t only; /* features of the one instruction set that was asked for... */
    int is_only;   /* ...if one was */
    char processor[TOPOLOGY_NAME_BYTES];
    measure_rates rates;
    FILE *csv;
    int32_t shown;
} listing;

int bench_isa_off(const char *isa, uint32_t *features_off, char message[CLEAVE_SENTENCE_BYTES])
{
    uint32_t here = cleave_cpu_features();
    char list[64] = "";
    for (size_t i = 0; i < ISA_COUNT; i++) {
        int is_here = (isas[i].features & ~here) == 0;
        if (strcmp(isas[i].name, isa) == 0) {
            *features_off = ~isas[i].features;
            return is_here || cleave_sentence(message, "this processor has no %s", isa);
        }
        size_t used = strlen(list);
        snprintf(list + used, sizeof list - used, "%s%s", i > 0 ? ", " : "", isas[i].name);
    }
    return cleave_sentence(message, "option \"--isa\" takes %s, not \"%.40s\"", list, isa);
}

static void fill(const cleave_case *test, int operand, float *data, int64_t count)
{
    if (test->fill != NULL) {
        test->fill(test, operand, data, count);
        return;
    }
    for (int64_t i = 0; i < count; i++) {
        data[i] = cleave_case_uniform((uint64_t)operand + 1, i);
    }
}

static void *aligned(size_t bytes)
{
    return aligned_alloc(CLEAVE_ALIGN_BYTES, cleave_align_up(bytes > 0 ? bytes : 1));
}

static void step_close(lone_step *s)
{
    for (int i = 0; i < s->operands; i++) {
        free(s->operand[i]);
    }
}

static int step_open(lone_step *s, const cleave_op *op, const cleave_case *test)
{
    cleave_operand operand[CLEAVE_OPERANDS_MAX];
    int ok = 1;
    *s = (lone_step){.op = op, .test = *test};
    s->operands = op->operands(test->args.bytes, operand);
    for (int i = 0; i < s->operands; i++) {
        s->operand[i] = aligned(operand[i].bytes);
        ok &= s->operand[i] != NULL;
    }
    for (int i = 0; ok && i < s->operands; i++) {
        fill(test, i, s->operand[i], (int64_t)(operand[i].bytes / sizeof(float)));
        memcpy(s->test.args.bytes + operand[i].field, &s->operand[i], sizeof(void *));
    }
    s->work.end = op->items(test->args.bytes);
    if (!ok) {
        step_close(s);
    }
    return ok;
}

static void run_step(void *context)
{
    lone_step *s = context;
    s->kernel.run(s->test.args.bytes, &s->work);
}

static int time_kernel(lone_step *s, const cleave_kernel *kernel, measure_times *times)
{
    const void *args = s->test.args.bytes;
    void *scratch = aligned(kernel->scratch_bytes != NULL ? kernel->scratch_bytes(args) : 0);
    void *prepared = aligned(kernel->prepared_bytes != NULL ? kernel->prepared_bytes(args) : 0);
    int ok = scratch != NULL && prepared != NULL;
    if (ok) {
        if (kernel->prepare != NULL) {
            kernel->prepare(args, prepared);
        }
        s->kernel = *kernel;
        s->work.scratch = scratch;
        s->work.prepared = prepared;
        measure_runs(run_step, s, times);
    }
    free(scratch);
    free(prepared);
    return ok;
}

static void print_kernel(listing *l, const bench_kernel *k)
{
    double bytes = k->bytes / k->times.median;
    double flops = k->flops / k->times.median;
    char ratio[16] = "";
    if (k->ratio > 0) {
        snprintf(ratio, sizeof ratio, "%.2f", k->ratio);
    }
    if (l->options->json) {
        json_print_bench_kernel(stdout, k);
    } else {
        printf("%-13s %-34s %-7s %10.1f %10.1f %7.2f %4.0f%% %8.2f %4.0f%% %8s\n", k->op, k->label,
               k->variant, 1e6 * k->times.median, 1e6 * k->times.p95, 1e-9 * bytes,
               100 * bytes / k->rates.bytes, 1e-9 * flops, 100 * flops / k->rates.flops, ratio);
    }
    fflush(stdout);
    if (l->csv != NULL) {
        fprintf(l->csv, "%s,%s,%s,%s,%d,%.3f,%.3f,%.3f,%.2f,%.2f,%.2f,%.2f,%s\n", k->processor,
                k->op, k->label, k->variant, k->times.runs, 1e6 * k->times.median,
                1e6 * k->times.p95, 1e6 * k->times.least, 1e-9 * flops, 1e-9 * bytes,
                1e-9 * k->rates.flops, 1e-9 * k->rates.bytes, ratio);
    }
    l->shown++;
}

/* One case on the kernel of every set of features, the reference first, or of the one asked for. */
static int list_case(listing *l, int index, const cleave_case *test)
{
    void (*seen[VARIANTS_MAX])(const void *, const cleave_work *);
    int seen_count = 0;
    lone_step s;
    double reference = 0;
    int ok = step_open(&s, cleave_op_get(index), test);
    if (!ok) {
        return 0;
    }
    const cleave_cost cost = s.op->cost(test->args.bytes);
    for (size_t i = 0; i < ISA_COUNT && ok; i++) {
        cleave_ops ops;
        int known = (isas[i].features & ~cleave_cpu_features()) != 0 ||
                    (l->is_only && isas[i].features != l->only);
        cleave_ops_cpu(&ops, isas[i].features & cleave_cpu_features());
        for (int k = 0; k < seen_count; k++) {
            known |= seen[k] == ops.kernel[index].run;
        }
        if (known) {
            continue;
        }
        seen[seen_count++] = ops.kernel[index].run;
        bench_kernel k = {.processor = l->processor,
                          .op = s.op->name,
                          .label = test->label,
                          .variant = ops.name,
                          .rates = l->rates,
                          .flops = cost.flops,
                          .bytes = cost.bytes};
        ok = time_kernel(&s, &ops.kernel[index], &k.times);
        if (ok) {
            reference = isas[i].features == 0 ? k.times.median : reference;
            k.ratio = reference / k.times.median;
            print_kernel(l, &k);
        }
    }
    step_close(&s);
    return ok;
}

static int is_wanted(const bench_options *options, const cleave_case *test)
{
    int wanted = options->name_count == 0;
    for (int32_t i = 0; i < options->name_count; i++) {
        wanted |= strstr(test->label, options->names[i]) != NULL;
    }
    return wanted && (test->flags & CLEAVE_CASE_BENCH) != 0;
}

/* The op that was asked for by name, or CLEAVE_OP_COUNT for all of them; -1 with a sentence. */
static int find_op(const char *name, char *message)
{
    const char *names[CLEAVE_OP_COUNT];
    if (name == NULL) {
        return CLEAVE_OP_COUNT;
    }
    for (int i = 0; i < CLEAVE_OP_COUNT; i++) {
        names[i] = cleave_op_get(i)->name;
        if (strcmp(names[i], name) == 0) {
            return i;
        }
    }
    const char *nearest = suggest_nearest(name, names, CLEAVE_OP_COUNT);
    cleave_sentence(message,
                    nearest != NULL ? "there is no op \"%.40s\"; did you mean \"%s\"?"
                                    : "there is no op \"%.40s\"; kernels/README.md lists them",
                    name, nearest);
    return -1;
}

static int list_cases(listing *l, int op, char *message)
{
    for (int i = 0; i < CLEAVE_OP_COUNT; i++) {
        cleave_case test;
        for (int k = 0; (op == i || op == CLEAVE_OP_COUNT) && cleave_cases[i](k, &test); k++) {
            if (is_wanted(l->options, &test) && !list_case(l, i, &test)) {
                return cleave_sentence(message, "no memory for %s %s", cleave_op_get(i)->name,
                                       test.label);
            }
        }
    }
    return l->shown > 0 || cleave_sentence(message, "no case of a kernel is called so: \"%.64s\"",
                                           l->options->name_count > 0 ? l->options->names[0] : "");
}

int bench_kernels_run(const bench_options *options, char message[CLEAVE_SENTENCE_BYTES])
{
    static const char titles[] = "machine,op,case,isa,runs,median_us,p95_us,least_us,gflop_s,gb_s,"
                                 "peak_gflop_s,copy_gb_s,ratio_to_ref";
    listing l = {.options = options, .is_only = options->isa != NULL};
    uint32_t off = 0;
    int op = find_op(options->op, message);
    if (op < 0 || (options->isa != NULL && !bench_isa_off(options->isa, &off, message))) {
        return EXIT_USAGE;
    }
    l.only = ~off;
    measure_processor(l.processor);
    if (!measure_machine(1, &l.rates)) {
        cleave_sentence(message, "no memory to copy");
        return EXIT_TRACK;
    }
    if (options->csv != NULL && (l.csv = bench_csv_open(options->csv, titles, message)) == NULL) {
        return EXIT_TRACK;
    }
    if (!options->json) {
        printf("%s, one thread: copy %.1f GB/s, multiply-add %.1f GFLOP/s\n", l.processor,
               1e-9 * l.rates.bytes, 1e-9 * l.rates.flops);
        printf("%-13s %-34s %-7s %10s %10s %7s %5s %8s %5s %8s\n", "op", "case", "isa", "median us",
               "p95 us", "GB/s", "", "GFLOP/s", "", "x ref");
    }
    int ok = list_cases(&l, op, message);
    if (l.csv != NULL && !bench_csv_close(l.csv, options->csv, message)) {
        ok = 0;
    }
    return ok ? EXIT_DONE : l.shown > 0 ? EXIT_TRACK : EXIT_USAGE;
}
