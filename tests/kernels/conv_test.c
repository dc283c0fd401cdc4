/* conv_test.c: a table of binary16 weights gives what a table of floats gives, to the bit. */
#include "kernels/conv/conv.h"
#include "kernels/cases.h"
#include "kernels/half.h"
#include "tests/test.h"
#include "tests/variants.h"

#include <stdlib.h>
#include <string.h>

/* Every finite value of binary16 as a weight, and inputs of one 1 among zeros: each weight is a
 * sum. An odd depth leaves weights that fill no vector. */
#define DEPTH  33
#define COUNT  0x10000
#define VALUES (COUNT / DEPTH * DEPTH)

static void every_half(void)
{
    static float weight[2][VALUES], in[DEPTH * DEPTH], out[VALUES];
    const variants all = variants_list();
    const int32_t channels = VALUES / DEPTH;
    cleave_conv_args args = {.in = in,
                             .out = out,
                             .in_channels = DEPTH,
                             .channels = channels,
                             .in_rows = 1,
                             .in_points = DEPTH,
                             .in_channel_stride = DEPTH,
                             .in_row_stride = DEPTH,
                             .out_rows = 1,
                             .out_points = DEPTH,
                             .out_channel_stride = DEPTH,
                             .out_row_stride = DEPTH,
                             .kernel_rows = 1,
                             .kernel_points = 1,
                             .stride_rows = 1,
                             .stride_points = 1,
                             .dilation = 1,
                             .uses = CLEAVE_CONV_HALF};

    /* The last values of each table are the first of the other. */
    for (int i = 0; i < VALUES; i++)
        for (int t = 0; t < 2; t++) {
            const uint16_t half = (uint16_t)(t ? COUNT - 1 - i : i);
            weight[t][i] = (half & 0x7C00) == 0x7C00 ? 0 : cleave_half_to_float(half);
        }
    for (int i = 0; i < DEPTH; i++)
        in[i * DEPTH + i] = 1;
    for (int v = 0; v < all.count; v++)
        for (int t = 0; t < 2; t++) {
            int wrong = 0;
            args.weight = weight[t];
            variant_run(&all.ops[v], CLEAVE_OP_CONV, &args, 0, cleave_conv_op.items(&args));
            for (int i = 0; i < VALUES; i++)
                wrong += out[i] != weight[t][i];
            if (wrong)
                TEST_FAIL("%s: %d of %d weights are others", all.ops[v].name, wrong, VALUES);
            else
                TEST_CHECK(1);
        }
}

static void run_case(const cleave_ops *ops, const cleave_conv_args *args)
{
    variant_run(ops, CLEAVE_OP_CONV, args, 0, cleave_conv_op.items(args));
}

/* One case from the list of the op, with binary16 weights, infinities among them, in both tables.
 */
static int same_on(const cleave_case *test)
{
    const variants all = variants_list();
    cleave_operand operand[CLEAVE_OPERANDS_MAX];
    float *memory[CLEAVE_OPERANDS_MAX] = {0}, *other;
    const int count = cleave_conv_op.operands(test->args.bytes, operand);
    const size_t out_bytes = operand[count - 1].bytes;
    cleave_conv_args args;
    int same = 0;

    memcpy(&args, test->args.bytes, sizeof args);
    for (int i = 0; i < count; i++) {
        memory[i] = variant_alloc(operand[i].bytes);
        test->fill(test, i, memory[i], (int64_t)(operand[i].bytes / sizeof(float)));
        memcpy((char *)&args + operand[i].field, &memory[i], sizeof memory[i]);
    }
    other = variant_alloc(out_bytes);
    memory[1][operand[1].bytes / sizeof(float) / 2] = cleave_half_to_float(0x7C00);
    memory[1][0] = cleave_half_to_float(0x8000);
    for (int v = 1; v < all.count; v++) {
        args.uses |= CLEAVE_CONV_HALF;
        args.out = memory[count - 1];
        memset(memory[count - 1], 0, out_bytes);
        run_case(&all.ops[v], &args);
        args.uses &= ~CLEAVE_CONV_HALF;
        args.out = other;
        memset(other, 0, out_bytes);
        run_case(&all.ops[v], &args);
        if (memcmp(memory[count - 1], other, out_bytes))
            TEST_FAIL("%s, %s: another result", all.ops[v].name, test->label);
        else
            same += TEST_CHECK(1);
    }
    for (int i = 0; i < count; i++)
        free(memory[i]);
    free(other);
    return same;
}

static void same_as_floats(void)
{
    cleave_case test;
    cleave_conv_args args;
    int same = 0;

    if (variants_list().count < 2) {
        test_skip("no vector variant on this processor");
        return;
    }
    for (int i = 0; cleave_cases[CLEAVE_OP_CONV](i, &test); i++) {
        memcpy(&args, test.args.bytes, sizeof args);
        if (args.uses & CLEAVE_CONV_HALF)
            same += same_on(&test);
    }
    test_passed_count(same);
}

/* The table is smaller by half of the weights' bytes, but for rows that fill up a tile. */
static void half_the_memory(void)
{
    const variants all = variants_list();
    cleave_conv_args args = {.in_channels = 64,
                             .channels = 64,
                             .in_rows = 1,
                             .in_points = 7,
                             .in_channel_stride = 7,
                             .in_row_stride = 7,
                             .out_rows = 1,
                             .out_points = 7,
                             .out_channel_stride = 7,
                             .out_row_stride = 7,
                             .kernel_rows = 1,
                             .kernel_points = 1,
                             .stride_rows = 1,
                             .stride_points = 1,
                             .dilation = 1};

    for (int v = 1; v < all.count; v++) {
        const cleave_kernel *const kernel = &all.ops[v].kernel[CLEAVE_OP_CONV];
        const size_t floats = kernel->prepared_bytes(&args);
        args.uses = CLEAVE_CONV_HALF;
        TEST_CHECK(floats - kernel->prepared_bytes(&args) == 64 * 64 * sizeof(uint16_t));
        args.uses = 0;
    }
}

int main(int argc, char **argv)
{
    const test_case cases[] = {
        {"every finite half", every_half},
        {"same as floats", same_as_floats},
        {"half the memory", half_the_memory},
    };

    return test_main(argc, argv, cases, 3);
}
