/* random_graph.h: random graphs of steps that are cheap to compute, for tests of plans. */
#ifndef CLEAVE_TESTS_RANDOM_GRAPH_H
#define CLEAVE_TESTS_RANDOM_GRAPH_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/elementwise/elementwise.h"
#include "kernels/overlap_add/overlap_add.h"
#include "runtime/plan.h"
#include "tests/test.h"

#define VALUES_MAX 300
#define GRAPHS     3000

#define TENSORS 400

static cleave_graph graph;
static uint64_t random_at;

static inline int64_t draw(int64_t count)
{
    const double u = (double)test_uniform(42, random_at++) * 0.5 + 0.5;

    return (int64_t)(u * (double)count);
}

static inline void begin(void)
{
    static void *memory;

    if (!memory)
        memory = aligned_alloc(64, cleave_graph_bytes(TENSORS, TENSORS));
    cleave_graph_init(&graph, memory, TENSORS, TENSORS);
}

static inline int64_t values(cleave_tensor tensor)
{
    return (int64_t)(graph.tensor[tensor].bytes / sizeof(float));
}

static inline void fill_constant(void *data, size_t bytes, const void *context)
{
    const uint64_t seed = *(const uint64_t *)context;

    for (size_t i = 0; i < bytes / sizeof(float); i++)
        ((float *)data)[i] = test_uniform(seed, i);
}

/* A view of `points` values that can be read: of a tensor that was written, an input, a state or a
 * constant; not of `except`. Tensor 0 is a constant that is large enough for all. */
static inline cleave_view readable(int64_t points, cleave_tensor except)
{
    for (int tries = 0; tries < 6; tries++) {
        const cleave_tensor tensor = (cleave_tensor)draw(graph.tensor_count);
        const cleave_graph_tensor *const t = &graph.tensor[tensor];
        const int filled = t->written || t->kind == CLEAVE_TENSOR_INPUT ||
                           t->kind == CLEAVE_TENSOR_CONSTANT || t->kind == CLEAVE_TENSOR_STATE;
        if (tensor != except && filled && values(tensor) >= points)
            return (cleave_view){tensor, draw(values(tensor) - points + 1)};
    }
    return (cleave_view){0, draw(VALUES_MAX - points + 1)};
}

/* Adds a step that writes all of `out`, or blends into it. */
static inline void add_step(cleave_tensor out)
{
    const int64_t points = values(out);
    const cleave_view a = readable(points, out), b = readable(points, out);
    const int can_blend =
        graph.tensor[out].written || graph.tensor[out].kind == CLEAVE_TENSOR_STATE;

    if (can_blend && draw(2)) {
        const cleave_overlap_add_args args = {
            .rows = 1, .length = points, .in_stride = points, .mean_stride = points};
        cleave_graph_add(&graph, "blend", CLEAVE_OP_OVERLAP_ADD, &args,
                         (cleave_view[]){a, b, {out, 0}}, 3);
    } else {
        const cleave_elementwise_args args = {
            .points = points, .x = 0.5f, .y = -0.25f, .kind = CLEAVE_ELEMENTWISE_ADD};
        cleave_graph_add(&graph, "add", CLEAVE_OP_ELEMENTWISE, &args,
                         (cleave_view[]){a, b, {out, 0}}, 3);
    }
}

static inline void random_graph(void)
{
    static const cleave_tensor_kind kinds[] = {CLEAVE_TENSOR_TEMPORARY, CLEAVE_TENSOR_TEMPORARY,
                                               CLEAVE_TENSOR_TEMPORARY, CLEAVE_TENSOR_TEMPORARY,
                                               CLEAVE_TENSOR_OUTPUT,    CLEAVE_TENSOR_STATE};
    const int64_t steps = 1 + draw(40);
    char label[CLEAVE_LABEL_BYTES];

    begin();
    for (uint64_t i = 0; i < 2; i++)
        cleave_graph_constant(&graph, "constant", VALUES_MAX, fill_constant, &i, sizeof i);
    for (int64_t i = draw(4); i >= 0; i--)
        cleave_graph_tensor_add(&graph, "input", 1 + draw(VALUES_MAX), CLEAVE_TENSOR_INPUT);
    for (int64_t i = 0; i < steps; i++) {
        cleave_tensor out = (cleave_tensor)draw(graph.tensor_count);
        const int again = graph.tensor[out].written && draw(4) == 0;
        snprintf(label, sizeof label, "tensor %d", (int)i);
        if (!again)
            out = cleave_graph_tensor_add(&graph, label, 1 + draw(VALUES_MAX), kinds[draw(6)]);
        if (draw(20)) /* else: a temporary that nobody uses */
            add_step(out);
        else if (!again)
            graph.tensor[out].kind = CLEAVE_TENSOR_TEMPORARY;
    }
    if (graph.error.status != CLEAVE_OK)
        TEST_FAIL("%s", graph.error.message);
}

/* Runs the graph with memory for every tensor of its own; data[i] is tensor i. */
static inline void run_apart(const cleave_ops *ops, float *const *data)
{
    for (int s = 0; s < graph.step_count; s++) {
        const cleave_graph_step *const step = &graph.step[s];
        const cleave_op *const op = cleave_op_get(step->op);
        cleave_operand operand[CLEAVE_OPERANDS_MAX];
        cleave_graph_step bound = *step;
        const cleave_work all = {.end = op->items(step->args.bytes)};
        op->operands(step->args.bytes, operand);
        for (int k = 0; k < step->operand_count; k++) {
            const float *const at = data[step->operand[k]] + step->offset[k] / sizeof(float);
            memcpy(bound.args.bytes + operand[k].field, &at, sizeof at);
        }
        ops->kernel[step->op].run(bound.args.bytes, &all);
    }
}

/* data[i], memory of its own for tensor i: what a constant or an input holds, else zeros. The
 * caller frees them. */
static inline void fill_apart(float **data)
{
    for (int i = 0; i < graph.tensor_count; i++) {
        data[i] = calloc(1, graph.tensor[i].bytes);
        if (graph.tensor[i].kind == CLEAVE_TENSOR_CONSTANT)
            graph.tensor[i].fill(data[i], graph.tensor[i].bytes, graph.tensor[i].fill_context);
        for (int64_t v = 0; graph.tensor[i].kind == CLEAVE_TENSOR_INPUT && v < values(i); v++)
            data[i][v] = test_uniform((uint64_t)i + 1000, (uint64_t)v);
    }
}

#endif
