/* bench_ladder.c: the rungs of bench/ladder/ on a GPU, on the shapes that are timed.
 *
 *   bench_ladder [--device N] [--results FOLDER] [--once] [RUNG...]
 *
 * RUNG is a part of a name: "gemm", "gemm 5", "gemm 5 bf16". --once launches each rung once on each
 * shape and times nothing: that is for profilers. Results go to FOLDER/MACHINE-ladder.csv, too. */
#include "bench/gpu/gpu.h"
#include "bench/ladder/ladder.h"

#include <stdlib.h>
#include <string.h>

static void run_case(const gpu *g, const ladder_rung *rung, const char *name,
                     const cleave_case *test, int once)
{
    cleave_ops ops = {0};
    gpu_step s;

    g->api->ops(&ops, rung->factors);
    gpu_step_open(g, &s, rung->op, rung->kernel ? rung->kernel : &ops.kernel[rung->op], test);
    if (once) {
        s.kernel.run(s.test.args.bytes, &s.work);
        gpu_check(g, g->api->last_error(), name);
        gpu_check(g, g->api->stream_synchronize(g->stream), name);
        printf("%s (%s), %s: launched once\n", name, rung->what, test->label);
    } else {
        const gpu_row row = {.group = "ladder",
                             .name = name,
                             .test = test->label,
                             .precision = gpu_factors_name(rung->factors),
                             .rated = rung->factors,
                             .seconds = gpu_step_time(g, &s),
                             .cost = s.op->cost(test->args.bytes)};
        gpu_row_put(g, &row);
    }
    gpu_step_close(g, &s);
}

int main(int argc, char **argv)
{
    const char *folder = NULL;
    const ladder_rung *rung;
    int32_t device = 0;
    int at = 1, once = 0, found = 0;
    gpu g;

    for (; at < argc && argv[at][0] == '-'; at++) {
        if (!strcmp(argv[at], "--once"))
            once = 1;
        else if (!strcmp(argv[at], "--device") && at + 1 < argc)
            device = atoi(argv[++at]);
        else if (!strcmp(argv[at], "--results") && at + 1 < argc)
            folder = argv[++at];
        else {
            fprintf(stderr, "bench_ladder: %s is no option\n", argv[at]);
            return 2;
        }
    }
    if (!gpu_open(&g, "bench_ladder", device, folder, "-ladder"))
        return 1;
    if (!once)
        gpu_ceilings_measure(&g);
    for (int index = 0; (rung = ladder_rung_at(index)); index++) {
        char name[LADDER_NAME_BYTES];
        cleave_case test;
        ladder_rung_name(rung, name);
        if (!gpu_wanted(&g, name, argv + at, argc - at))
            continue;
        found = 1;
        for (int i = 0; ladder_cases(rung->ladder, i, &test); i++)
            if (test.flags & CLEAVE_CASE_BENCH)
                run_case(&g, rung, name, &test, once);
    }
    gpu_close(&g);
    if (!found)
        fprintf(stderr, "bench_ladder: no rung has a name like that\n");
    return found ? 0 : 2;
}
