/* network_bench.c: a network as a plan. */
#include "tests/network_bench.h"

#include <stdlib.h>
#include <string.h>

#include "tests/signal.h"
#include "tests/test.h"
#include "tests/variants.h"

int network_bench_open(network_bench *b, const test_bytes *file, int64_t frames, uint32_t stems)
{
    static const float gains[1][CLEAVE_STEMS_MAX] = {{1, 1, 1, 1, 1, 1, 1, 1}};
    char message[CLEAVE_SENTENCE_BYTES];
    cleave_model_request request = {
        .segment_frames = frames, .network_count = 1, .networks = &b->table, .gains = gains};

    memset(b, 0, sizeof *b);
    b->frames = frames;
    if (!cleave_table_open(&b->table, file->data, file->used, message))
        return TEST_FAIL("%s", message);
    const cleave_family *const family = cleave_family_find(b->table.header->kind);
    if (!TEST_CHECK(family != NULL))
        return 0;
    if (!family->describe(&b->table, &b->model, b->stems, message))
        return TEST_FAIL("%s", message);
    request.rate_hz = b->model.info.rate_hz;
    request.channels = b->channels = b->model.info.channels_max;
    for (int32_t s = 0; s < b->model.info.stem_count; s++)
        if (stems >> s & 1)
            request.stems[request.stem_count++] = s;
    b->graph_memory = aligned_alloc(
        64, cleave_align_up(cleave_graph_bytes(NETWORK_BENCH_TENSORS, NETWORK_BENCH_TENSORS)));
    cleave_graph_init(&b->graph, b->graph_memory, NETWORK_BENCH_TENSORS, NETWORK_BENCH_TENSORS);
    b->model.build(&request, &b->graph, &b->ports);
    return b->graph.error.status == CLEAVE_OK || TEST_FAIL("%s", b->graph.error.message);
}

void network_bench_close(network_bench *b)
{
    free(b->graph_memory);
    b->graph_memory = NULL;
}

int network_bench_plan(network_bench *b, const cleave_ops *ops, int32_t threads)
{
    cleave_arena arena;
    cleave_error error;

    cleave_arena_init(&arena, NULL, 0);
    cleave_workers_init(&arena, threads);
    if (cleave_plan_init(&b->plan, &b->graph, ops, threads, &arena, &error) != CLEAVE_OK)
        return TEST_FAIL("%s", error.message);
    const size_t bytes = cleave_align_up(arena.used);
    b->arena_memory = aligned_alloc(64, bytes);
    if (!TEST_CHECK(b->arena_memory != NULL))
        return 0;
    cleave_arena_init(&arena, b->arena_memory, bytes);
    b->workers = cleave_workers_init(&arena, threads);
    return TEST_CHECK(cleave_plan_init(&b->plan, &b->graph, ops, threads, &arena, &error) ==
                      CLEAVE_OK) &&
           TEST_CHECK(cleave_workers_start(b->workers) == CLEAVE_OK);
}

void network_bench_unplan(network_bench *b)
{
    cleave_workers_stop(b->workers);
    free(b->arena_memory);
    b->workers = NULL;
    b->arena_memory = NULL;
}

void network_bench_input(const network_bench *b, int64_t first)
{
    float *const input = cleave_plan_data(&b->plan, b->ports.input);
    float *const stereo = malloc((size_t)(2 * b->frames) * sizeof *stereo);

    test_signal(first, b->frames, b->frames, stereo);
    memset(input, 0, (size_t)(b->channels * b->ports.stride) * sizeof *input);
    for (int32_t c = 0; c < b->channels && c < 2; c++)
        memcpy(input + c * b->ports.stride, stereo + c * b->frames,
               (size_t)b->frames * sizeof *input);
    free(stereo);
}

float *network_bench_stems(const test_bytes *file, int64_t frames, uint32_t stems, int32_t threads,
                           size_t *bytes)
{
    network_bench *const b = calloc(1, sizeof *b);
    const cleave_ops ops = variants_best();
    float *out = NULL;

    if (network_bench_open(b, file, frames, stems) && network_bench_plan(b, &ops, threads)) {
        network_bench_input(b, 0);
        cleave_plan_run(&b->plan, b->workers, &(const _Atomic int){0});
        *bytes = b->plan.tensor[b->ports.output].bytes;
        out = malloc(*bytes);
        memcpy(out, cleave_plan_data(&b->plan, b->ports.output), *bytes);
    }
    network_bench_unplan(b);
    network_bench_close(b);
    free(b);
    return out;
}
