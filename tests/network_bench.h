/* network_bench.h: a network as a plan that tests run step by step, without an engine. */
#ifndef CLEAVE_TESTS_NETWORK_BENCH_H
#define CLEAVE_TESTS_NETWORK_BENCH_H

#include "runtime/models/models.h"
#include "runtime/plan.h"
#include "tests/bytes.h"

#define NETWORK_BENCH_TENSORS 4096

typedef struct network_bench {
    cleave_table table;
    cleave_model model;
    char stems[CLEAVE_STEMS_MAX][CLEAVE_NAME_BYTES];
    int64_t frames;
    int32_t channels;
    void *graph_memory, *arena_memory;
    cleave_graph graph;
    cleave_model_ports ports;
    cleave_plan plan;
    cleave_workers *workers;
} network_bench;

/* The graph of a weight file for segments of `frames`, of the stems whose bits are set. 1, or 0 and
 * a failure. */
int network_bench_open(network_bench *b, const test_bytes *file, int64_t frames, uint32_t stems);
void network_bench_close(network_bench *b);

/* Its plan for some kernels and threads, and its end. */
int network_bench_plan(network_bench *b, const cleave_ops *ops, int32_t threads);
void network_bench_unplan(network_bench *b);

/* Writes the synthetic track from `first` on into the input. */
void network_bench_input(const network_bench *b, int64_t first);

/* The stems of a network whose bits are set, for the synthetic track from its beginning on, by the
 * best kernels of this machine: *bytes of them, in malloc'ed memory. NULL with a failure. */
float *network_bench_stems(const test_bytes *file, int64_t frames, uint32_t stems, int32_t threads,
                           size_t *bytes);

#endif
