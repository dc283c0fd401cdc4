/* graph_test.c: a graph refuses what a model must not ask for, and says what. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/conv/conv.h"
#include "kernels/elementwise/elementwise.h"
#include "kernels/mix/mix.h"
#include "kernels/overlap_add/overlap_add.h"
#include "kernels/rearrange/rearrange.h"
#include "runtime/graph.h"
#include "tests/test.h"

#define TENSORS 100
#define STEPS   60

static cleave_graph graph;

static void fill_zero(void *data, size_t bytes, const void *context)
{
    (void)context;
    memset(data, 0, bytes);
}

/* x: input, k: constant, t: temporary, o: output, s: state; 100 values each. */
static struct {
    cleave_tensor x, k, t, o, s;
} some;

static void begin(void)
{
    static void *memory;

    if (!memory)
        memory = aligned_alloc(64, cleave_graph_bytes(TENSORS, STEPS));
    cleave_graph_init(&graph, memory, TENSORS, STEPS);
    some.x = cleave_graph_tensor_add(&graph, "x", 100, CLEAVE_TENSOR_INPUT);
    some.k = cleave_graph_constant(&graph, "k", 100, fill_zero, NULL, 0);
    some.t = cleave_graph_tensor_add(&graph, "t", 100, CLEAVE_TENSOR_TEMPORARY);
    some.o = cleave_graph_tensor_add(&graph, "o", 100, CLEAVE_TENSOR_OUTPUT);
    some.s = cleave_graph_tensor_add(&graph, "s", 100, CLEAVE_TENSOR_STATE);
    TEST_CHECK(graph.error.status == CLEAVE_OK);
}

/* out = a + b over `points` values. */
static void add(cleave_view a, cleave_view b, cleave_view out, int64_t points)
{
    const cleave_elementwise_args args = {
        .points = points, .x = 1, .y = 1, .kind = CLEAVE_ELEMENTWISE_ADD};
    const cleave_view operands[] = {a, b, out};

    cleave_graph_add(&graph, "sum", CLEAVE_OP_ELEMENTWISE, &args, operands, 3);
}

/* The graph must have failed so, with all of the words in its sentence, and stay as it is. */
static void refused(cleave_status status, const char *one, const char *two)
{
    cleave_error first = graph.error;
    const int32_t steps = graph.step_count;

    if (!TEST_CHECK(first.status == status && strstr(first.message, one) &&
                    strstr(first.message, two)))
        TEST_FAIL("status %d, \"%s\"", (int)first.status, first.message);
    add((cleave_view){some.x, 0}, (cleave_view){some.k, 0}, (cleave_view){some.t, 0}, 100);
    cleave_graph_fail(&graph, CLEAVE_SYSTEM, "another one");
    TEST_CHECK(cleave_graph_tensor_add(&graph, "late", 1, CLEAVE_TENSOR_TEMPORARY) == -1);
    TEST_CHECK(cleave_graph_constant(&graph, "late", 1, fill_zero, NULL, 0) == -1);
    TEST_CHECK(graph.step_count == steps);
    TEST_CHECK(!memcmp(&first, &graph.error, sizeof first));
}

static void accepted(void)
{
    begin();
    add((cleave_view){some.x, 0}, (cleave_view){some.k, 0}, (cleave_view){some.t, 0}, 100);
    add((cleave_view){some.t, 50}, (cleave_view){some.s, 50}, (cleave_view){some.o, 50}, 50);
    add((cleave_view){some.t, 0}, (cleave_view){some.t, 10}, (cleave_view){some.t, 20}, 10);
    add((cleave_view){some.t, 0}, (cleave_view){some.t, 10}, (cleave_view){some.t, 0}, 10);
    add((cleave_view){some.s, 0}, (cleave_view){some.t, 0}, (cleave_view){some.s, 0}, 100);
    TEST_CHECK(graph.error.status == CLEAVE_OK && graph.step_count == 5);
    TEST_CHECK(graph.tensor[some.t].first == 0 && graph.tensor[some.t].last == 4);
    TEST_CHECK(graph.tensor[some.o].first == 1 && graph.tensor[some.o].last == 1);
    TEST_CHECK(graph.step[1].offset[0] == 200 && graph.step[1].operand[2] == some.o);
}

static void tensors_refused(void)
{
    static const unsigned char context[65];

    begin();
    TEST_CHECK(cleave_graph_tensor_add(&graph, "none", 0, CLEAVE_TENSOR_TEMPORARY) == -1);
    refused(CLEAVE_INVALID, "\"none\"", "0 values");
    begin();
    cleave_graph_tensor_add(&graph, "huge", INT64_MAX, CLEAVE_TENSOR_TEMPORARY);
    refused(CLEAVE_INVALID, "\"huge\"", "9223372036854775807");
    begin();
    cleave_graph_tensor_add(&graph, "negative", -1, CLEAVE_TENSOR_STATE);
    refused(CLEAVE_INVALID, "\"negative\"", "-1");
    begin();
    cleave_graph_constant(&graph, "wordy", 1, fill_zero, context, sizeof context);
    refused(CLEAVE_INVALID, "\"wordy\"", "65 bytes");
    begin();
    cleave_graph_constant(&graph, "hollow", 1, NULL, NULL, 0);
    refused(CLEAVE_INVALID, "\"hollow\"", "fills");
    begin();
    while (graph.tensor_count < TENSORS)
        cleave_graph_tensor_add(&graph, "many", 1, CLEAVE_TENSOR_TEMPORARY);
    TEST_CHECK(graph.error.status == CLEAVE_OK && !graph.full);
    cleave_graph_tensor_add(&graph, "last straw", 1, CLEAVE_TENSOR_TEMPORARY);
    TEST_CHECK(graph.full);
    refused(CLEAVE_INVALID, "\"last straw\"", "room for 100");
}

static void operands_refused(void)
{
    begin();
    const cleave_view x = {some.x, 0}, k = {some.k, 0}, t = {some.t, 0}, o = {some.o, 0};

    add((cleave_view){-1, 0}, k, t, 100);
    refused(CLEAVE_INVALID, "\"sum\": operand 0", "no tensor");
    begin();
    add(x, (cleave_view){graph.tensor_count, 0}, t, 100);
    refused(CLEAVE_INVALID, "operand 1", "no tensor");
    begin();
    add(x, k, t, 101);
    refused(CLEAVE_INVALID, "404 bytes", "\"x\" on, which has 100 values");
    begin();
    add(x, (cleave_view){some.k, 1}, t, 100);
    refused(CLEAVE_INVALID, "from value 1", "\"k\"");
    begin();
    add(x, (cleave_view){some.k, -1}, t, 10);
    refused(CLEAVE_INVALID, "from value -1", "\"k\"");
    begin();
    add(x, (cleave_view){some.k, INT64_MAX}, t, 10);
    refused(CLEAVE_INVALID, "from value 9223372036854775807", "\"k\"");
    begin();
    add(k, k, x, 100);
    refused(CLEAVE_INVALID, "\"x\"", "an input and cannot be written");
    begin();
    add(x, x, k, 100);
    refused(CLEAVE_INVALID, "\"k\"", "a constant and cannot be written");
    begin();
    add(x, t, o, 100);
    refused(CLEAVE_INVALID, "\"t\"", "read before any step writes it");
    begin();
    add(x, o, t, 100);
    refused(CLEAVE_INVALID, "\"o\"", "read before any step writes it");
}

static void overlaps_refused(void)
{
    begin();
    add((cleave_view){some.x, 0}, (cleave_view){some.k, 0}, (cleave_view){some.t, 0}, 100);
    add((cleave_view){some.t, 0}, (cleave_view){some.k, 0}, (cleave_view){some.t, 1}, 50);
    refused(CLEAVE_INVALID, "operands 0 and 2", "\"t\"");
    /* Only elementwise may work in place. */
    begin();
    add((cleave_view){some.x, 0}, (cleave_view){some.k, 0}, (cleave_view){some.t, 0}, 100);
    const cleave_rearrange_args copy = {
        .size = {1, 1, 1, 50}, .in_stride = {0, 0, 0, 1}, .out_stride = {0, 0, 0, 1}};
    cleave_graph_add(&graph, "apart", CLEAVE_OP_REARRANGE, &copy,
                     (cleave_view[]){{some.t, 0}, {some.t, 50}}, 2);
    TEST_CHECK(graph.error.status == CLEAVE_OK);
    cleave_graph_add(&graph, "in place", CLEAVE_OP_REARRANGE, &copy,
                     (cleave_view[]){{some.t, 0}, {some.t, 0}}, 2);
    refused(CLEAVE_INVALID, "\"in place\"", "operands 0 and 1 of rearrange overlap");
}

/* The residual of a convolution may be its result, its input may not. */
static void a_joined_operand(void)
{
    cleave_conv_args args = {.in_channels = 1,
                             .channels = 1,
                             .in_rows = 1,
                             .in_points = 50,
                             .in_channel_stride = 50,
                             .in_row_stride = 50,
                             .out_rows = 1,
                             .out_points = 50,
                             .out_channel_stride = 50,
                             .out_row_stride = 50,
                             .kernel_rows = 1,
                             .kernel_points = 1,
                             .stride_rows = 1,
                             .stride_points = 1,
                             .dilation = 1,
                             .uses = CLEAVE_CONV_RESIDUAL};
    const cleave_view t = {some.t, 0}, weight = {some.k, 0};

    for (int64_t at = 0; at < 2; at++) {
        const cleave_view out = {some.t, at};
        begin();
        add((cleave_view){some.x, 0}, (cleave_view){some.k, 0}, t, 100);
        cleave_graph_add(&graph, "joined", CLEAVE_OP_CONV, &args,
                         (cleave_view[]){{some.x, 0}, weight, t, out}, 4);
        if (at)
            refused(CLEAVE_INVALID, "\"joined\"", "operands 2 and 3 of conv overlap");
        else
            TEST_CHECK(graph.error.status == CLEAVE_OK);
    }
    begin();
    add((cleave_view){some.x, 0}, (cleave_view){some.k, 0}, t, 100);
    cleave_graph_add(&graph, "joined", CLEAVE_OP_CONV, &args,
                     (cleave_view[]){t, weight, {some.x, 0}, t}, 4);
    refused(CLEAVE_INVALID, "\"joined\"", "operands 0 and 3 of conv overlap");
}

static void steps_refused(void)
{
    const cleave_mix_args bad = {.inputs = 0, .outputs = 1, .length = 1, .in_stride = 1};
    const cleave_elementwise_args args = {.points = 10, .kind = CLEAVE_ELEMENTWISE_ADD};

    begin();
    const cleave_view operands[] = {{some.x, 0}, {some.k, 0}, {some.t, 0}};
    cleave_graph_add(&graph, "mixing", CLEAVE_OP_MIX, &bad, operands, 3);
    refused(CLEAVE_INVALID, "\"mixing\": mix: ", "inputs");
    begin();
    cleave_graph_add(&graph, "odd", CLEAVE_OP_COUNT, &args, operands, 3);
    refused(CLEAVE_INVALID, "\"odd\"", "no op");
    begin();
    cleave_graph_add(&graph, "odd", -1, &args, operands, 3);
    refused(CLEAVE_INVALID, "\"odd\"", "no op");
    begin();
    cleave_graph_add(&graph, "short", CLEAVE_OP_ELEMENTWISE, &args, operands, 2);
    refused(CLEAVE_INVALID, "\"short\": elementwise takes 3 operands, not 2", "");
    begin();
    cleave_graph_fail(&graph, CLEAVE_UNSUPPORTED, "the model's own %d", 7);
    refused(CLEAVE_UNSUPPORTED, "the model's own 7", "");
    begin();
    while (graph.step_count < STEPS)
        add(operands[0], operands[1], operands[2], 100);
    TEST_CHECK(graph.error.status == CLEAVE_OK && !graph.full);
    add(operands[0], operands[1], operands[2], 100);
    TEST_CHECK(graph.full);
    refused(CLEAVE_INVALID, "\"sum\"", "room for 60");
}

/* Weights are packed before anything runs: only constants can be. */
static void prepared_operands(void)
{
    const cleave_conv_args scale = {
        .in_channels = 1,
        .channels = 1,
        .in_rows = 1,
        .in_points = 100,
        .in_channel_stride = 100,
        .in_row_stride = 100,
        .out_rows = 1,
        .out_points = 100,
        .out_channel_stride = 100,
        .out_row_stride = 100,
        .kernel_rows = 1,
        .kernel_points = 1,
        .stride_rows = 1,
        .stride_points = 1,
        .dilation = 1,
    };

    begin();
    cleave_view operands[] = {{some.x, 0}, {some.k, 5}, {some.t, 0}};
    cleave_graph_add(&graph, "scale", CLEAVE_OP_CONV, &scale, operands, 3);
    TEST_CHECK(graph.error.status == CLEAVE_OK && !graph.tensor[some.k].read);
    add(operands[0], operands[1], operands[2], 90);
    TEST_CHECK(graph.error.status == CLEAVE_OK && graph.tensor[some.k].read);
    const cleave_tensor no_constants[] = {some.x, some.t, some.s};
    for (int i = 0; i < 3; i++) {
        begin();
        add((cleave_view){some.x, 0}, (cleave_view){some.k, 0}, (cleave_view){some.t, 0}, 100);
        operands[1].tensor = no_constants[i];
        operands[2].tensor = some.o;
        cleave_graph_add(&graph, "scale", CLEAVE_OP_CONV, &scale, operands, 3);
        refused(CLEAVE_INVALID, "step \"scale\": operand 1 of conv", "no constant");
    }
}

/* What is blended into must have been written; what is joined part by part need not. */
static void running_means(void)
{
    const cleave_overlap_add_args blend = {
        .rows = 1, .length = 100, .in_stride = 100, .mean_stride = 100};
    const cleave_rearrange_args every_other = {
        .size = {1, 1, 1, 50}, .in_stride = {0, 0, 0, 1}, .out_stride = {0, 0, 0, 2}};

    begin();
    const cleave_view operands[] = {{some.x, 0}, {some.k, 0}, {some.t, 0}};
    cleave_graph_add(&graph, "blend", CLEAVE_OP_OVERLAP_ADD, &blend, operands, 3);
    refused(CLEAVE_INVALID, "\"t\"", "read before any step writes it");
    begin();
    const cleave_view into_state[] = {{some.x, 0}, {some.k, 0}, {some.s, 0}};
    cleave_graph_add(&graph, "blend", CLEAVE_OP_OVERLAP_ADD, &blend, into_state, 3);
    TEST_CHECK(graph.error.status == CLEAVE_OK);
    begin();
    cleave_graph_add(&graph, "even", CLEAVE_OP_REARRANGE, &every_other,
                     (cleave_view[]){{some.x, 0}, {some.t, 0}}, 2);
    cleave_graph_add(&graph, "odd", CLEAVE_OP_REARRANGE, &every_other,
                     (cleave_view[]){{some.x, 50}, {some.t, 1}}, 2);
    TEST_CHECK(graph.error.status == CLEAVE_OK && graph.step_count == 2);
}

static void long_labels(void)
{
    static const char label[] = "a label that is much longer than the bytes a graph keeps for it";

    begin();
    const cleave_tensor tensor = cleave_graph_tensor_add(&graph, label, 1, CLEAVE_TENSOR_TEMPORARY);
    TEST_CHECK(tensor >= 0 && strlen(graph.tensor[tensor].label) == CLEAVE_LABEL_BYTES - 1);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"graph: what a model may do", accepted},
        {"graph: tensors that are refused", tensors_refused},
        {"graph: operands that are refused", operands_refused},
        {"graph: overlaps that are refused", overlaps_refused},
        {"graph: an operand that the result may replace", a_joined_operand},
        {"graph: steps that are refused", steps_refused},
        {"graph: operands that are prepared", prepared_operands},
        {"graph: blending and joining", running_means},
        {"graph: long labels", long_labels},
    };

    return test_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
