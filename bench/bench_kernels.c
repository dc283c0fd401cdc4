/* bench_kernels.c: every kernel on the shapes of the models, one thread.
 *
 *   bench_kernels [--csv FILE] [NAME...]      NAME: part of an op's or case's name
 *
 * GB/s counts the traffic that cannot be avoided: each operand once. */
#include "bench/bench.h"
#include "kernels/cases.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct step {
    const cleave_op *op;
    cleave_kernel kernel;
    cleave_case test; /* whose arguments point into operand[] */
    void *operand[CLEAVE_OPERANDS_MAX];
    int operands;
    cleave_work work;
} step;

static void fill(const cleave_case *test, int operand, float *data, int64_t count)
{
    if (test->fill) {
        test->fill(test, operand, data, count);
        return;
    }
    for (int64_t i = 0; i < count; i++)
        data[i] = cleave_case_uniform((uint64_t)operand + 1, i);
}

static step step_new(const cleave_op *op, const cleave_case *test)
{
    step s = {.op = op, .test = *test};
    cleave_operand operand[CLEAVE_OPERANDS_MAX];

    s.operands = op->operands(test->args.bytes, operand);
    for (int i = 0; i < s.operands; i++) {
        s.operand[i] = bench_alloc(operand[i].bytes);
        fill(test, i, s.operand[i], (int64_t)(operand[i].bytes / sizeof(float)));
        memcpy(s.test.args.bytes + operand[i].field, &s.operand[i], sizeof(void *));
    }
    s.work.end = op->items(test->args.bytes);
    return s;
}

static void step_free(step *s)
{
    for (int i = 0; i < s->operands; i++)
        free(s->operand[i]);
}

static void run(void *context)
{
    step *s = context;

    s->kernel.run(s->test.args.bytes, &s->work);
}

static double kernel_seconds(step *s, const cleave_kernel *kernel)
{
    const void *args = s->test.args.bytes;
    void *scratch = bench_alloc(kernel->scratch_bytes ? kernel->scratch_bytes(args) : 0);
    void *prepared = bench_alloc(kernel->prepared_bytes ? kernel->prepared_bytes(args) : 0);

    if (kernel->prepare)
        kernel->prepare(args, prepared);
    s->kernel = *kernel;
    s->work.scratch = scratch;
    s->work.prepared = prepared;
    const double seconds = bench_median_seconds(run, s);
    free(scratch);
    free(prepared);
    return seconds;
}

/* One case on the kernel of every feature mask, the reference first. */
static void bench_case(int index, const cleave_case *test, FILE *csv)
{
    const uint32_t features = cleave_cpu_features();
    step s = step_new(cleave_op_get(index), test);
    void (*seen[8])(const void *, const cleave_work *);
    int seen_count = 0;
    double ref_seconds = 0;

    for (uint32_t mask = 0; mask <= features; mask++) {
        cleave_ops ops;
        int known = 0;
        if (mask & ~features)
            continue;
        cleave_ops_cpu(&ops, mask);
        for (int k = 0; k < seen_count; k++)
            known |= seen[k] == ops.kernel[index].run;
        if (known)
            continue;
        seen[seen_count++] = ops.kernel[index].run;

        const double seconds = kernel_seconds(&s, &ops.kernel[index]);
        if (mask == 0)
            ref_seconds = seconds;
        const cleave_cost cost = s.op->cost(test->args.bytes);
        const double bytes = cost.bytes / seconds, flops = cost.flops / seconds;
        printf("%-13s %-34s %-7s %10.1f %7.2f %4.0f%% %8.2f %4.0f%% %8.2f\n", s.op->name,
               test->label, ops.name, 1e6 * seconds, 1e-9 * bytes, 100 * bytes / bench_peak_bytes(),
               1e-9 * flops, 100 * flops / bench_peak_flops(), ref_seconds / seconds);
        if (csv)
            fprintf(csv, "%s,%s,%s,%s,%.1f,%.2f,%.2f,%.2f\n", bench_machine(), s.op->name,
                    test->label, ops.name, 1e6 * seconds, 1e-9 * bytes, 1e-9 * flops,
                    ref_seconds / seconds);
    }
    step_free(&s);
}

static int wanted(int names, char **name, const cleave_op *op, const cleave_case *test)
{
    for (int i = 0; i < names; i++)
        if (strstr(op->name, name[i]) || strstr(test->label, name[i]))
            return 1;
    return names == 0;
}

int main(int argc, char **argv)
{
    FILE *csv = NULL;
    int first = 1;

    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc > 1 && !strcmp(argv[1], "--csv")) {
        if (argc < 3 || !(csv = fopen(argv[2], "w"))) {
            fprintf(stderr, "bench_kernels: cannot write \"%s\"\n", argc < 3 ? "" : argv[2]);
            return 1;
        }
        fprintf(csv, "machine,op,case,variant,us,gb_s,gflop_s,ratio_to_ref\n");
        first = 3;
    }
    printf("%s, one thread: copy %.1f GB/s, multiply-add %.1f GFLOP/s\n", bench_machine(),
           1e-9 * bench_peak_bytes(), 1e-9 * bench_peak_flops());
    printf("%-13s %-34s %-7s %10s %7s %5s %8s %5s %8s\n", "op", "case", "variant", "us", "GB/s", "",
           "GFLOP/s", "", "x ref");
    for (int index = 0; index < CLEAVE_OP_COUNT; index++) {
        cleave_case test;
        for (int i = 0; cleave_cases[index](i, &test); i++)
            if ((test.flags & CLEAVE_CASE_BENCH) &&
                wanted(argc - first, argv + first, cleave_op_get(index), &test))
                bench_case(index, &test, csv);
    }
    if (csv && fclose(csv)) {
        fprintf(stderr, "bench_kernels: cannot write \"%s\"\n", argv[2]);
        return 1;
    }
    return 0;
}
