/* bench_gpu.c: a GPU: what it can do at most, our kernels on the shapes of the models, the vendor's
 * libraries on the same work, whole networks, and songs from file to file.
 *
 *   bench_gpu [--device N] [--results FOLDER] [--seconds N] [WORD...]
 *   bench_gpu --try MODEL [--results FOLDER]
 *
 * WORD is a part of what a line begins with: "ceiling", "kernel conv", "peer", "network htdemucs
 * bf16", "songs". Results go to FOLDER/MACHINE.csv, too. After so many seconds nothing new begins.
 * --try separates short songs by an installed model without a GPU, to see that it works. */
#include "bench/gpu/gpu.h"
#include "bench/gpu/peer.h"
#include "bench/ladder/ladder.h"
#include "host/measure.h"
#include "kernels/conv/conv.h"

#include <stdlib.h>
#include <string.h>

#define DISTANCE_MAX 0.03 /* between what we and the vendor compute, in the coarsest format */

static void kernel_row(const gpu *g, int op, cleave_factors factors, const cleave_kernel *kernel,
                       const cleave_case *test)
{
    gpu_step s;

    gpu_step_open(g, &s, op, kernel, test);
    const gpu_row row = {.group = "kernel",
                         .name = s.op->name,
                         .test = test->label,
                         .precision = gpu_factors_name(factors),
                         .rated = factors,
                         .seconds = gpu_step_time(g, &s),
                         .cost = s.op->cost(test->args.bytes)};
    gpu_row_put(g, &row);
    gpu_step_close(g, &s);
}

/* The kernel of every op, then those that round their factors. */
static void kernels(const gpu *g, char **words, int count)
{
    cleave_ops exact = {0};

    g->api->ops(&exact, CLEAVE_FACTORS_FP32);
    for (int op = 0; op < CLEAVE_OP_COUNT; op++)
        for (int which = CLEAVE_FACTORS_FP32; which <= CLEAVE_FACTORS_FP16; which++) {
            cleave_ops ops = {0};
            cleave_case test;
            g->api->ops(&ops, (cleave_factors)which);
            if (!ops.kernel[op].run || (which && ops.kernel[op].run == exact.kernel[op].run))
                continue;
            for (int i = 0; cleave_cases[op](i, &test); i++) {
                char name[128];
                snprintf(name, sizeof name, "kernel %s %s %s", cleave_op_get(op)->name,
                         gpu_factors_name((cleave_factors)which), test.label);
                if ((test.flags & CLEAVE_CASE_BENCH) && gpu_wanted(g, name, words, count))
                    kernel_row(g, op, (cleave_factors)which, &ops.kernel[op], &test);
            }
        }
}

/* Ours, then the vendor's, into the same output: what they compute must be the same. */
static void peer_row(const gpu *g, int op, cleave_factors factors, const cleave_kernel *kernel,
                     const cleave_case *test)
{
    float *ours = NULL;
    gpu_peer peer;
    gpu_step s;

    gpu_step_open(g, &s, op, kernel, test);
    gpu_row row = {.group = "peer",
                   .name = s.op->name,
                   .test = test->label,
                   .precision = gpu_factors_name(factors),
                   .rated = factors,
                   .seconds = gpu_step_time(g, &s),
                   .cost = s.op->cost(test->args.bytes)};
    if (gpu_peer_open(&peer, op, s.test.args.bytes, factors, g->stream)) {
        (void)gpu_step_distance(g, &s, &ours);
        row.peer = peer.name;
        row.peer_seconds = gpu_time(g, peer.run, peer.self);
        const double distance = gpu_step_distance(g, &s, &ours);
        peer.close(peer.self);
        free(ours);
        if (distance <= DISTANCE_MAX)
            gpu_row_put(g, &row);
        else
            printf("%s %s: %s computes something else (distance %.3g), so there is no ratio\n",
                   row.name, row.test, peer.name, distance);
    }
    gpu_step_close(g, &s);
}

/* Binary16 is as fast as bfloat16. */
static void peer_case(const gpu *g, int op, cleave_case *test, char **words, int count)
{
    cleave_ops exact = {0};

    g->api->ops(&exact, CLEAVE_FACTORS_FP32);
    for (int which = CLEAVE_FACTORS_FP32; which <= CLEAVE_FACTORS_BF16; which++) {
        cleave_ops ops = {0};
        char name[128];
        g->api->ops(&ops, (cleave_factors)which);
        snprintf(name, sizeof name, "peer %s %s %s", cleave_op_get(op)->name,
                 gpu_factors_name((cleave_factors)which), test->label);
        if ((which && ops.kernel[op].run == exact.kernel[op].run) ||
            !gpu_wanted(g, name, words, count))
            continue;
        peer_row(g, op, (cleave_factors)which, &ops.kernel[op], test);
    }
}

/* A step of ours does in one pass what a library has no call for: the comparison is of the bare
 * convolution. */
static int strip(int op, cleave_case *test)
{
    cleave_conv_args a;

    if (op != CLEAVE_OP_CONV)
        return 1;
    memcpy(&a, test->args.bytes, sizeof a);
    a.uses = 0;
    a.act = CLEAVE_CONV_LINEAR;
    memcpy(test->args.bytes, &a, sizeof a);
    test->fill = NULL;
    return !a.transposed && !cleave_op_get(op)->check(&a);
}

static void peers(const gpu *g, char **words, int count)
{
    static const int ops[] = {CLEAVE_OP_CONV, CLEAVE_OP_ATTENTION, CLEAVE_OP_STFT};
    static const char *const ladders[] = {"gemm", "conv", "attention", "stft"};
    static const int op_of[] = {CLEAVE_OP_CONV, CLEAVE_OP_CONV, CLEAVE_OP_ATTENTION,
                                CLEAVE_OP_STFT};
    cleave_case test;

    printf("%s\n%s\n", gpu_peer_toolkit_sentence(), gpu_peer_cudnn_sentence());
    for (int l = 0; l < 4; l++)
        for (int i = 0; ladder_cases(ladders[l], i, &test); i++)
            if (test.flags & CLEAVE_CASE_BENCH && strip(op_of[l], &test))
                peer_case(g, op_of[l], &test, words, count);
    for (int k = 0; k < 3; k++)
        for (int i = 0; cleave_cases[ops[k]](i, &test); i++)
            if (test.flags & CLEAVE_CASE_BENCH && strip(ops[k], &test))
                peer_case(g, ops[k], &test, words, count);
}

typedef struct options {
    const char *folder, *model; /* of --results, of --try */
    int32_t device;
    double seconds;
} options;

/* How many arguments were options; past the end if one is none. */
static int read_options(int argc, char **argv, options *o)
{
    int at = 1;

    for (; at + 1 < argc && argv[at][0] == '-'; at += 2) {
        if (!strcmp(argv[at], "--device"))
            o->device = atoi(argv[at + 1]);
        else if (!strcmp(argv[at], "--results"))
            o->folder = argv[at + 1];
        else if (!strcmp(argv[at], "--seconds"))
            o->seconds = atof(argv[at + 1]);
        else if (!strcmp(argv[at], "--try"))
            o->model = argv[at + 1];
        else
            break;
    }
    if (at < argc && argv[at][0] == '-') {
        fprintf(stderr, "bench_gpu: %s is no option\n", argv[at]);
        return argc + 1;
    }
    return at;
}

static int try_songs(gpu *g, const options *o)
{
    if (!gpu_open_to_try(g, "bench_gpu", o->device, o->folder))
        return 1;
    const int failed = !gpu_songs_try(g, o->model);
    gpu_close(g);
    return failed;
}

int main(int argc, char **argv)
{
    options o = {0};
    const int at = read_options(argc, argv, &o);
    gpu g;

    if (at > argc)
        return 2;
    if (o.model)
        return try_songs(&g, &o);
    if (!gpu_open(&g, "bench_gpu", o.device, o.folder, ""))
        return 1;
    g.end = o.seconds > 0 ? measure_seconds() + o.seconds : 0;
    gpu_ceilings_measure(&g);
    /* Networks first: if time runs out, single kernels are what can be done without. */
    gpu_networks(&g, argv + at, argc - at);
    gpu_songs(&g, argv + at, argc - at);
    peers(&g, argv + at, argc - at);
    kernels(&g, argv + at, argc - at);
    if (gpu_is_late(&g))
        printf("Stopped after %.0f seconds: some of the rows were left out.\n", o.seconds);
    gpu_close(&g);
    return 0;
}
