/* conv_test.c: a table of binary16 weights gives what a table of floats gives, to the bit; what the
 * contract refuses; the reference's ends and dilation against formulas of their own; results that
 * lie in one tensor. */
#include "kernels/conv/conv.h"
#include "kernels/cases.h"
#include "kernels/half.h"
#include "tests/test.h"
#include "tests/variants.h"

#include <math.h>
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

/* A plan for rows of more points serves those of fewer: their scratch is no larger, and their table
 * the same. */
static void scratch_grows_with_points(void)
{
    const variants all = variants_list();
    cleave_case test;
    int right = 0;

    for (int i = 0; cleave_cases[CLEAVE_OP_CONV](i, &test); i++)
        for (int v = 0; v < all.count; v++) {
            const cleave_kernel *const kernel = &all.ops[v].kernel[CLEAVE_OP_CONV];
            cleave_conv_args args;
            size_t before = 0;
            int grows = 1;
            memcpy(&args, test.args.bytes, sizeof args);
            const size_t table = kernel->prepared_bytes(&args);
            for (args.out_points = 1; args.out_points < 1500; args.out_points++) {
                const size_t now = kernel->scratch_bytes ? kernel->scratch_bytes(&args) : 0;
                grows &= now >= before && kernel->prepared_bytes(&args) == table;
                before = now;
            }
            if (grows)
                right += TEST_CHECK(1);
            else
                TEST_FAIL("%s, %s", all.ops[v].name, test.label);
        }
    test_passed_count(right);
}

/* ---- the contract ---- */
#define POINTS 19

/* One channel and row, a kernel of one point. */
static cleave_conv_args small_args(void)
{
    return (cleave_conv_args){.in_channels = 1,
                              .channels = 1,
                              .in_rows = 1,
                              .in_points = POINTS,
                              .in_channel_stride = POINTS,
                              .in_row_stride = POINTS,
                              .out_rows = 1,
                              .out_points = POINTS,
                              .out_channel_stride = POINTS,
                              .out_row_stride = POINTS,
                              .kernel_rows = 1,
                              .kernel_points = 1,
                              .stride_rows = 1,
                              .stride_points = 1,
                              .dilation = 1};
}

static void refused(const cleave_conv_args *args, const char *what)
{
    const char *sentence = cleave_conv_op.check(args);

    if (!sentence || !strstr(sentence, what))
        TEST_FAIL("%s: %s", what, sentence ? sentence : "not refused");
    else
        TEST_CHECK(1);
}

static void refusals(void)
{
    cleave_conv_args args = small_args();

    TEST_CHECK(!cleave_conv_op.check(&args));
    args.act = CLEAVE_CONV_SIGMOID;
    args.uses = CLEAVE_CONV_RAW | CLEAVE_CONV_FACTOR | CLEAVE_CONV_NORM;
    TEST_CHECK(!cleave_conv_op.check(&args));
    args.uses = CLEAVE_CONV_RESIDUAL | CLEAVE_CONV_FACTOR;
    refused(&args, "FACTOR");
    args.uses = CLEAVE_CONV_NORM | CLEAVE_CONV_ROW_NORM;
    refused(&args, "NORM");
    args.uses = 0;
    args.act = CLEAVE_CONV_SIGMOID + 1;
    refused(&args, "act");
    args.act = CLEAVE_CONV_GLU;
    args.channels = 2;
    TEST_CHECK(!cleave_conv_op.check(&args));
    args.uses = CLEAVE_CONV_RAW;
    refused(&args, "RAW");
    args = small_args();
    args.transposed = 1;
    args.dilation = 2;
    refused(&args, "dilation");
}

/* The tensors that are used, in the order of the struct. */
static void operands(void)
{
    cleave_conv_args args = small_args();
    cleave_operand operand[CLEAVE_OPERANDS_MAX];

    args.uses = CLEAVE_CONV_NORM | CLEAVE_CONV_FACTOR | CLEAVE_CONV_RAW;
    TEST_CHECK(cleave_conv_op.operands(&args, operand) == 7);
    TEST_CHECK(operand[2].field == offsetof(cleave_conv_args, norm_scale));
    TEST_CHECK(operand[3].field == offsetof(cleave_conv_args, norm_shift));
    TEST_CHECK(operand[3].access == (CLEAVE_READ | CLEAVE_PREPARED));
    TEST_CHECK(operand[4].field == offsetof(cleave_conv_args, factor));
    TEST_CHECK(operand[5].field == offsetof(cleave_conv_args, raw));
    TEST_CHECK(operand[5].access == CLEAVE_WRITE && operand[6].access == CLEAVE_WRITE);
    args.uses = CLEAVE_CONV_RESIDUAL | CLEAVE_CONV_ROW_NORM;
    TEST_CHECK(cleave_conv_op.operands(&args, operand) == 5);
    TEST_CHECK(operand[2].field == offsetof(cleave_conv_args, row_norm));
    TEST_CHECK(operand[2].access == CLEAVE_READ);
    TEST_CHECK(operand[3].access == (CLEAVE_READ | CLEAVE_JOINED));
}

/* ---- what follows a sum ---- */
static double activation(cleave_conv_act act, double u)
{
    switch (act) {
    case CLEAVE_CONV_GELU:
        return u * erfc(-u / sqrt(2)) / 2;
    case CLEAVE_CONV_RELU:
        return fmax(u, 0);
    case CLEAVE_CONV_LEAKY_RELU:
        return fmax(u, u / 5);
    case CLEAVE_CONV_ELU:
        return fmax(u, 0) + expm1(fmin(u, 0));
    case CLEAVE_CONV_SIGMOID:
        return 0.5 + 0.5 * tanh(u / 2);
    default:
        return u;
    }
}

/* Arguments far from 0 and so near that exp(u) - 1 would have lost them. */
static void ends(void)
{
    static const float weight = -1.5f, bias = 0.25f, norm_scale = 0.75f, norm_shift = -0.1875f;
    static const float scale = 3, table = -0.5f;
    const variants all = variants_list();
    float in[POINTS], factor[POINTS], out[POINTS], raw[POINTS];
    cleave_conv_args args = small_args();

    args.in = in, args.out = out, args.raw = raw, args.factor = factor;
    args.weight = &weight, args.bias = &bias, args.scale = &scale, args.table = &table;
    args.norm_scale = &norm_scale, args.norm_shift = &norm_shift;
    for (int i = 0; i < POINTS; i++) {
        in[i] = (i % 2 ? -4 : 4) * powf(0.25f, (float)i);
        factor[i] = 0.5f + (float)i;
    }
    for (int act = CLEAVE_CONV_LINEAR; act <= CLEAVE_CONV_SIGMOID; act++)
        for (int full = 0; full < 2 && act != CLEAVE_CONV_GLU; full++)
            for (int v = 0; v < all.count; v++) {
                double worst = 0;
                args.act = (cleave_conv_act)act;
                args.uses = full ? CLEAVE_CONV_BIAS | CLEAVE_CONV_NORM | CLEAVE_CONV_RAW |
                                       CLEAVE_CONV_SCALE | CLEAVE_CONV_TABLE | CLEAVE_CONV_FACTOR
                                 : 0;
                variant_run(&all.ops[v], CLEAVE_OP_CONV, &args, 0, cleave_conv_op.items(&args));
                for (int i = 0; i < POINTS; i++) {
                    const double sum = (double)weight * (double)in[i] + (full ? 0.25 : 0);
                    const double a = activation(args.act, full ? 0.75 * sum - 0.1875 : sum);
                    const double truth = full ? (double)factor[i] * (3 * a - 0.5) : a;
                    const double size = full ? (double)factor[i] * (3 * fabs(a) + 0.5) : fabs(a);
                    worst = fmax(worst, fabs((double)out[i] - truth) / size);
                    if (full)
                        worst = fmax(worst, fabs((double)raw[i] - sum) / (fabs(sum) + 0.25));
                }
                /* Units of binary32: 6 for GELU far below 0, fewer for the others. */
                if (!(worst < 6 * 0x1p-23))
                    TEST_FAIL("%s, act %d, full %d: %g", all.ops[v].name, act, full, worst);
                else
                    TEST_CHECK(1);
            }
}

/* A dilated kernel is a larger one with zeros between its weights. */
static void dilation(void)
{
    enum { rows = 7, points = 11, kernel = 3, dilation = 2, large = 5 };
    float in[rows * points], weight[kernel * kernel], spread[large * large] = {0};
    float out[2][rows * points];
    cleave_conv_args args = small_args();
    cleave_ops ops;

    cleave_ops_cpu(&ops, 0);
    for (int i = 0; i < rows * points; i++)
        in[i] = test_uniform(1, (uint64_t)i);
    for (int i = 0; i < kernel * kernel; i++) {
        weight[i] = test_uniform(2, (uint64_t)i);
        spread[i / kernel * dilation * large + i % kernel * dilation] = weight[i];
    }
    args.in = in;
    args.in_rows = args.out_rows = rows;
    args.in_points = args.in_row_stride = args.out_points = args.out_row_stride = points;
    args.in_channel_stride = args.out_channel_stride = (int64_t)rows * points;
    args.pad_rows = args.pad_points = large / 2;
    for (int i = 0; i < 2; i++) {
        args.weight = i ? spread : weight;
        args.kernel_rows = args.kernel_points = i ? large : kernel;
        args.dilation = i ? 1 : dilation;
        args.out = out[i];
        variant_run(&ops, CLEAVE_OP_CONV, &args, 0, cleave_conv_op.items(&args));
    }
    TEST_CHECK(!memcmp(out[0], out[1], sizeof out[0]));
}

/* raw and out as channels of one tensor, as a network concatenates them, against two tensors. */
static void one_tensor(void)
{
    enum { channels = 9, rows = 4, points = 21, size = channels * rows * points };
    static float in[2 * rows * points], weight[channels * 2], norm[channels];
    static float apart[2][size], together[2 * size];
    const variants all = variants_list();
    cleave_conv_args args = small_args();

    for (int i = 0; i < 2 * rows * points; i++)
        in[i] = test_uniform(3, (uint64_t)i);
    for (int i = 0; i < channels * 2; i++)
        weight[i] = test_uniform(4, (uint64_t)i);
    for (int i = 0; i < channels; i++)
        norm[i] = test_uniform(5, (uint64_t)i);
    args.in = in, args.weight = weight, args.norm_scale = args.norm_shift = norm;
    args.in_channels = 2;
    args.channels = channels;
    args.in_rows = args.out_rows = rows;
    args.in_points = args.in_row_stride = args.out_points = args.out_row_stride = points;
    args.in_channel_stride = args.out_channel_stride = (int64_t)rows * points;
    args.uses = CLEAVE_CONV_RAW | CLEAVE_CONV_NORM;
    args.act = CLEAVE_CONV_ELU;
    for (int v = 0; v < all.count; v++) {
        args.raw = apart[0], args.out = apart[1];
        variant_run(&all.ops[v], CLEAVE_OP_CONV, &args, 0, cleave_conv_op.items(&args));
        args.raw = together, args.out = together + size;
        variant_run(&all.ops[v], CLEAVE_OP_CONV, &args, 0, cleave_conv_op.items(&args));
        TEST_CHECK(!memcmp(apart, together, sizeof together));
    }
}

/* A residual that the result replaces, against one that stays. */
static void residual_in_place(void)
{
    enum { channels = 9, rows = 3, points = 53, size = channels * rows * points };
    static float in[2 * rows * points], weight[2 * channels * 2], norm[rows * 4 * channels];
    static float residual[size], apart[size], in_place[size];
    const variants all = variants_list();
    cleave_conv_args args = small_args();

    for (int i = 0; i < 2 * rows * points; i++)
        in[i] = test_uniform(6, (uint64_t)i);
    for (int i = 0; i < 2 * channels * 2; i++)
        weight[i] = test_uniform(7, (uint64_t)i);
    for (int i = 0; i < rows * 4 * channels; i++)
        norm[i] = test_uniform(8, (uint64_t)i);
    for (int i = 0; i < size; i++)
        residual[i] = test_uniform(9, (uint64_t)i);
    args.in = in, args.weight = weight, args.row_norm = norm;
    args.in_channels = 2;
    args.channels = 2 * channels;
    args.in_rows = args.out_rows = rows;
    args.in_points = args.in_row_stride = args.out_points = args.out_row_stride = points;
    args.in_channel_stride = args.out_channel_stride = (int64_t)rows * points;
    args.uses = CLEAVE_CONV_RESIDUAL | CLEAVE_CONV_ROW_NORM;
    args.act = CLEAVE_CONV_GLU;
    for (int v = 0; v < all.count; v++) {
        args.residual = residual, args.out = apart;
        variant_run(&all.ops[v], CLEAVE_OP_CONV, &args, 0, cleave_conv_op.items(&args));
        args.residual = args.out = memcpy(in_place, residual, sizeof residual);
        variant_run(&all.ops[v], CLEAVE_OP_CONV, &args, 0, cleave_conv_op.items(&args));
        TEST_CHECK(!memcmp(apart, in_place, sizeof apart));
    }
}

int main(int argc, char **argv)
{
    const test_case cases[] = {
        {"every finite half", every_half},
        {"same as floats", same_as_floats},
        {"half the memory", half_the_memory},
        {"scratch grows with points", scratch_grows_with_points},
        {"refusals", refusals},
        {"operands", operands},
        {"what follows a sum", ends},
        {"dilation", dilation},
        {"results in one tensor", one_tensor},
        {"residual in place", residual_in_place},
    };

    return test_main(argc, argv, cases, (int)(sizeof cases / sizeof cases[0]));
}
