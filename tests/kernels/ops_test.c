/* ops_test.c: the op table, what the contracts refuse, and the references against formulas of their
 * own. */
#include "kernels/cases.h"
#include "kernels/complex_mask/complex_mask.h"
#include "kernels/elementwise/elementwise.h"
#include "kernels/fft/fft.h"
#include "kernels/istft/istft.h"
#include "kernels/median/median_network.h"
#include "kernels/mix/mix.h"
#include "kernels/overlap_add/overlap_add.h"
#include "kernels/pair_sums/pair_sums.h"
#include "kernels/rearrange/rearrange.h"
#include "kernels/reduce/reduce.h"
#include "kernels/stft/stft.h"
#include "tests/test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void run_ref(int index, const void *args)
{
    const cleave_work work = {.begin = 0, .end = cleave_op_get(index)->items(args)};
    cleave_ops ops;

    cleave_ops_cpu(&ops, 0);
    TEST_CHECK(cleave_op_get(index)->check(args) == NULL);
    ops.kernel[index].run(args, &work);
}

static void table(void)
{
    const uint32_t features = cleave_cpu_features();
    cleave_ops ops;

    cleave_ops_cpu(&ops, features);
    TEST_CHECK(ops.name != NULL);
    for (int i = 0; i < CLEAVE_OP_COUNT; i++) {
        const cleave_op *op = cleave_op_get(i);
        if (!TEST_CHECK(op != NULL))
            continue;
        TEST_CHECK(op->args_bytes > 0 && op->args_bytes <= CLEAVE_ARGS_BYTES_MAX);
        TEST_CHECK(op->name && op->check && op->items && op->operands && op->cost);
        TEST_CHECK(ops.kernel[i].run != NULL);
        TEST_CHECK(!ops.kernel[i].prepare == !ops.kernel[i].prepared_bytes);
        TEST_CHECK(cleave_cases[i] != NULL);
    }
    cleave_ops_cpu(&ops, 0);
    TEST_CHECK(!strcmp(ops.name, "ref"));
    if (features & CLEAVE_CPU_AVX2) {
        cleave_ops_cpu(&ops, CLEAVE_CPU_AVX2);
        TEST_CHECK(!strcmp(ops.name, "avx2"));
        /* AVX-512 kernels may lean on AVX2 ones, so alone the bit selects nothing. */
        cleave_ops_cpu(&ops, CLEAVE_CPU_AVX512);
        TEST_CHECK(!strcmp(ops.name, "ref"));
    }
}

/* ---- contracts ---- */
/* A field of the arguments set to a value outside of its contract, and the name that the refusal
 * must give. */
typedef struct refusal {
    int op;
    size_t field, bytes;
    int64_t value;
    const char *name;
} refusal;

#define FIELD(type, field) offsetof(type, field), sizeof(((type *)0)->field)

#define HUGE_SIZE ((int64_t)1 << 48)

static const refusal refusals[] = {
    {CLEAVE_OP_FFT, FIELD(cleave_fft_args, batch), 0, "batch"},
    {CLEAVE_OP_FFT, FIELD(cleave_fft_args, n), 7, "n must"},
    {CLEAVE_OP_FFT, FIELD(cleave_fft_args, n), 0, "n must"},
    {CLEAVE_OP_FFT, FIELD(cleave_fft_args, n), 131072, "n must"},
    {CLEAVE_OP_FFT, FIELD(cleave_fft_args, kind), 4, "kind"},
    {CLEAVE_OP_STFT, FIELD(cleave_stft_args, channels), 0, "channels"},
    {CLEAVE_OP_STFT, FIELD(cleave_stft_args, length), 0, "length"},
    {CLEAVE_OP_STFT, FIELD(cleave_stft_args, in_stride), 1, "in_stride"},
    {CLEAVE_OP_STFT, FIELD(cleave_stft_args, n), 15, "n must"},
    {CLEAVE_OP_STFT, FIELD(cleave_stft_args, hop), 0, "hop"},
    {CLEAVE_OP_STFT, FIELD(cleave_stft_args, start), -343980, "start"},
    {CLEAVE_OP_STFT, FIELD(cleave_stft_args, frames), 0, "frames"},
    {CLEAVE_OP_STFT, FIELD(cleave_stft_args, frames), 1000, "frames"},
    {CLEAVE_OP_STFT, FIELD(cleave_stft_args, bins), 2050, "bins"},
    {CLEAVE_OP_STFT, FIELD(cleave_stft_args, scale), 0x7FC00000, "scale"},
    {CLEAVE_OP_STFT, FIELD(cleave_stft_args, pad), 2, "pad"},
    {CLEAVE_OP_STFT, FIELD(cleave_stft_args, layout), 2, "layout"},
    {CLEAVE_OP_ISTFT, FIELD(cleave_istft_args, channels), 0, "channels"},
    {CLEAVE_OP_ISTFT, FIELD(cleave_istft_args, length), 0, "length"},
    {CLEAVE_OP_ISTFT, FIELD(cleave_istft_args, out_stride), 1, "out_stride"},
    {CLEAVE_OP_ISTFT, FIELD(cleave_istft_args, n), 22, "n must"},
    {CLEAVE_OP_ISTFT, FIELD(cleave_istft_args, hop), 5000, "hop"},
    {CLEAVE_OP_ISTFT, FIELD(cleave_istft_args, frames), 0, "frames"},
    {CLEAVE_OP_ISTFT, FIELD(cleave_istft_args, bins), 0, "bins"},
    {CLEAVE_OP_ISTFT, FIELD(cleave_istft_args, layout), -1, "layout"},
    {CLEAVE_OP_OVERLAP_ADD, FIELD(cleave_overlap_add_args, rows), 0, "rows"},
    {CLEAVE_OP_OVERLAP_ADD, FIELD(cleave_overlap_add_args, length), 0, "length"},
    {CLEAVE_OP_OVERLAP_ADD, FIELD(cleave_overlap_add_args, in_stride), 30, "in_stride"},
    {CLEAVE_OP_OVERLAP_ADD, FIELD(cleave_overlap_add_args, mean_stride), 30, "mean_stride"},
    {CLEAVE_OP_OVERLAP_ADD, FIELD(cleave_overlap_add_args, in_stride), HUGE_SIZE, "in_stride"},
    {CLEAVE_OP_OVERLAP_ADD, FIELD(cleave_overlap_add_args, mean_stride), HUGE_SIZE, "mean_stride"},
    {CLEAVE_OP_COMPLEX_MASK, FIELD(cleave_complex_mask_args, points), HUGE_SIZE, "points"},
    {CLEAVE_OP_MEDIAN, FIELD(cleave_median_args, batch), HUGE_SIZE, "batch"},
    {CLEAVE_OP_REDUCE, FIELD(cleave_reduce_args, rows), HUGE_SIZE, "rows"},
    {CLEAVE_OP_ELEMENTWISE, FIELD(cleave_elementwise_args, points), HUGE_SIZE + 1, "points"},
    {CLEAVE_OP_REARRANGE, FIELD(cleave_rearrange_args, size[0]), HUGE_SIZE, "size"},
    {CLEAVE_OP_REARRANGE, FIELD(cleave_rearrange_args, in_stride[0]), HUGE_SIZE, "in_stride"},
    {CLEAVE_OP_REARRANGE, FIELD(cleave_rearrange_args, out_stride[0]), HUGE_SIZE, "out_stride"},
    {CLEAVE_OP_MIX, FIELD(cleave_mix_args, in_stride), HUGE_SIZE, "in_stride"},
    {CLEAVE_OP_MIX, FIELD(cleave_mix_args, out_stride), HUGE_SIZE, "out_stride"},
    {CLEAVE_OP_COMPLEX_MASK, FIELD(cleave_complex_mask_args, stems), 0, "stems"},
    {CLEAVE_OP_COMPLEX_MASK, FIELD(cleave_complex_mask_args, channels), -1, "channels"},
    {CLEAVE_OP_COMPLEX_MASK, FIELD(cleave_complex_mask_args, mask_channels), 3, "mask_channels"},
    {CLEAVE_OP_COMPLEX_MASK, FIELD(cleave_complex_mask_args, points), 0, "points"},
    {CLEAVE_OP_MEDIAN, FIELD(cleave_median_args, batch), 0, "batch"},
    {CLEAVE_OP_MEDIAN, FIELD(cleave_median_args, rows), 0, "rows"},
    {CLEAVE_OP_MEDIAN, FIELD(cleave_median_args, points), -5, "points"},
    {CLEAVE_OP_MEDIAN, FIELD(cleave_median_args, taps), 4, "taps"},
    {CLEAVE_OP_MEDIAN, FIELD(cleave_median_args, taps), 0, "taps"},
    {CLEAVE_OP_MEDIAN, FIELD(cleave_median_args, taps), 65, "taps"},
    {CLEAVE_OP_MEDIAN, FIELD(cleave_median_args, taps), -1, "taps"},
    {CLEAVE_OP_MEDIAN, FIELD(cleave_median_args, axis), 2, "axis"},
    {CLEAVE_OP_REDUCE, FIELD(cleave_reduce_args, rows), 0, "rows"},
    {CLEAVE_OP_REDUCE, FIELD(cleave_reduce_args, points), 0, "points"},
    {CLEAVE_OP_REDUCE, FIELD(cleave_reduce_args, in_stride), 0, "in_stride"},
    {CLEAVE_OP_REDUCE, FIELD(cleave_reduce_args, kind), 6, "kind"},
    {CLEAVE_OP_REDUCE, FIELD(cleave_reduce_args, kind), -1, "kind"},
    {CLEAVE_OP_ELEMENTWISE, FIELD(cleave_elementwise_args, points), 0, "points"},
    {CLEAVE_OP_ELEMENTWISE, FIELD(cleave_elementwise_args, kind), CLEAVE_ELEMENTWISE_KINDS, "kind"},
    {CLEAVE_OP_ELEMENTWISE, FIELD(cleave_elementwise_args, x), 0x7FC00000, "x must"},
    {CLEAVE_OP_ELEMENTWISE, FIELD(cleave_elementwise_args, y), 0x7FC00000, "y must"},
    {CLEAVE_OP_REARRANGE, FIELD(cleave_rearrange_args, size[2]), 0, "size"},
    {CLEAVE_OP_REARRANGE, FIELD(cleave_rearrange_args, in_stride[1]), -1, "in_stride"},
    {CLEAVE_OP_REARRANGE, FIELD(cleave_rearrange_args, out_stride[3]), -1, "out_stride"},
    {CLEAVE_OP_REARRANGE, FIELD(cleave_rearrange_args, out_stride[3]), 0, "out_stride"},
    {CLEAVE_OP_MIX, FIELD(cleave_mix_args, inputs), 0, "inputs"},
    {CLEAVE_OP_MIX, FIELD(cleave_mix_args, inputs), 65, "inputs"},
    {CLEAVE_OP_MIX, FIELD(cleave_mix_args, outputs), 0, "outputs"},
    {CLEAVE_OP_MIX, FIELD(cleave_mix_args, outputs), 65, "outputs"},
    {CLEAVE_OP_MIX, FIELD(cleave_mix_args, length), 0, "length"},
    {CLEAVE_OP_MIX, FIELD(cleave_mix_args, in_stride), 6, "in_stride"},
    {CLEAVE_OP_MIX, FIELD(cleave_mix_args, out_stride), 6, "out_stride"},
    {CLEAVE_OP_PAIR_SUMS, FIELD(cleave_pair_sums_args, rows), 0, "rows"},
    {CLEAVE_OP_PAIR_SUMS, FIELD(cleave_pair_sums_args, rows), HUGE_SIZE, "rows"},
    {CLEAVE_OP_PAIR_SUMS, FIELD(cleave_pair_sums_args, points), 0, "points"},
    {CLEAVE_OP_PAIR_SUMS, FIELD(cleave_pair_sums_args, x_stride), 0, "x_stride"},
    {CLEAVE_OP_PAIR_SUMS, FIELD(cleave_pair_sums_args, y_stride), 0, "y_stride"},
    {CLEAVE_OP_PAIR_SUMS, FIELD(cleave_pair_sums_args, x_stride), HUGE_SIZE + 1, "x_stride"},
    {CLEAVE_OP_PAIR_SUMS, FIELD(cleave_pair_sums_args, y_stride), HUGE_SIZE + 1, "y_stride"},
};

/* The case that each refusal starts from; a shape of more than one value on every axis. */
static const int starts[CLEAVE_OP_COUNT] = {
    [CLEAVE_OP_OVERLAP_ADD] = 3, [CLEAVE_OP_COMPLEX_MASK] = 1, [CLEAVE_OP_MEDIAN] = 8,
    [CLEAVE_OP_REDUCE] = 7,      [CLEAVE_OP_ELEMENTWISE] = 0,  [CLEAVE_OP_REARRANGE] = 2,
    [CLEAVE_OP_MIX] = 1,
};

static void contracts(void)
{
    const int count = (int)(sizeof refusals / sizeof refusals[0]);

    for (int i = 0; i < count; i++) {
        const refusal *r = &refusals[i];
        const cleave_op *op = cleave_op_get(r->op);
        cleave_case test;

        TEST_CHECK(cleave_cases[r->op](starts[r->op], &test));
        TEST_CHECK(op->check(test.args.bytes) == NULL);
        memcpy(test.args.bytes + r->field, &r->value, r->bytes); /* little-endian */
        const char *why = op->check(test.args.bytes);
        if (!why || !strstr(why, r->name) || strncmp(why, op->name, strlen(op->name)))
            TEST_FAIL("%s: %s = %lld gave \"%s\"", op->name, r->name, (long long)r->value,
                      why ? why : "no refusal");
    }
    test_passed_count(count);
}

/* ---- references ---- */
static void fill_uniform(float *x, int64_t count, uint64_t seed)
{
    for (int64_t i = 0; i < count; i++)
        x[i] = test_uniform(seed, (uint64_t)i);
}

static int compare_floats(const void *a, const void *b)
{
    const float x = *(const float *)a, y = *(const float *)b;

    return (x > y) - (x < y);
}

/* Position i of a signal reflected at -1/2 and count - 1/2, one reflection after the other. */
static int64_t reflected(int64_t i, int64_t count)
{
    while (i < 0 || i >= count)
        i = i < 0 ? -1 - i : 2 * count - 1 - i;
    return i;
}

static void median_is_the_middle_of_a_sort(void)
{
    enum { ROWS = 7, POINTS = 11 };
    static const int taps[] = {1, 3, 9, 17, 31, 63};
    float in[2 * ROWS * POINTS], out[2 * ROWS * POINTS], window[CLEAVE_MEDIAN_TAPS_MAX];
    cleave_median_args args = {.in = in, .out = out, .batch = 2, .rows = ROWS, .points = POINTS};
    int good = 0;

    fill_uniform(in, 2 * ROWS * POINTS, 1);
    for (int t = 0; t < 12; t++) {
        args.taps = taps[t / 2];
        args.axis = t % 2 ? CLEAVE_MEDIAN_ACROSS : CLEAVE_MEDIAN_ALONG;
        run_ref(CLEAVE_OP_MEDIAN, &args);
        for (int64_t p = 0; p < 2 * ROWS * POINTS; p++) {
            const int64_t image = p / (ROWS * POINTS) * ROWS * POINTS;
            const int64_t r = p / POINTS % ROWS, i = p % POINTS;
            for (int k = 0; k < args.taps; k++) {
                const int d = k - args.taps / 2;
                window[k] = t % 2 ? in[image + reflected(r + d, ROWS) * POINTS + i]
                                  : in[image + r * POINTS + reflected(i + d, POINTS)];
            }
            qsort(window, (size_t)args.taps, sizeof(float), compare_floats);
            good += TEST_CHECK(out[p] == window[args.taps / 2]);
        }
    }
    test_passed_count(good);
}

/* A network of comparisons that is right for all inputs of zeros and ones is right for all (Knuth
 * 3, 5.3.4, theorem Z). Random ones, and every median must be that of its window. */
static void median_networks(void)
{
    static cleave_median_network network;
    float slot[CLEAVE_MEDIAN_SLOTS_MAX];
    int networks = 0;

    for (int taps = 3; taps <= CLEAVE_MEDIAN_TAPS_MAX; taps += 2)
        for (int group = 1; group <= CLEAVE_MEDIAN_GROUP_MAX && group <= (taps + 1) / 2;
             group *= 2) {
            cleave_median_network_make_group(&network, taps, group);
            TEST_CHECK(network.inputs == taps + group - 1);
            for (int trial = 0; trial < 200; trial++) {
                int ones = 0, wrong = 0;
                float in[CLEAVE_MEDIAN_INPUTS_MAX];
                for (int k = 0; k < network.inputs; k++)
                    in[k] = slot[k] = test_uniform((uint64_t)trial, (uint64_t)k) > 0;
                for (int k = 0; k < network.steps; k++) {
                    const cleave_median_step *s = &network.step[k];
                    const float low = fminf(slot[s->a], slot[s->b]);
                    const float high = fmaxf(slot[s->a], slot[s->b]);
                    if (s->kind != CLEAVE_MEDIAN_MAX)
                        slot[s->low] = low;
                    if (s->kind != CLEAVE_MEDIAN_MIN)
                        slot[s->high] = high;
                }
                for (int k = 0; k < taps - 1; k++)
                    ones += in[k] > 0;
                for (int w = 0; w < group; w++) {
                    ones += in[w + taps - 1] > 0;
                    wrong += slot[network.inputs + w] != (float)(ones > taps / 2);
                    ones -= in[w] > 0;
                }
                TEST_CHECK(!wrong && !memcmp(in, slot, sizeof(float) * (size_t)network.inputs));
            }
            networks++;
        }
    test_passed_count(networks);
}

static void mix_is_a_matrix_product(void)
{
    enum { INPUTS = 5, OUTPUTS = 3, LENGTH = 4099 };
    static float in[INPUTS][LENGTH + 1], out[OUTPUTS][LENGTH + 2];
    float matrix[OUTPUTS][INPUTS];
    const cleave_mix_args args = {.in = in[0],
                                  .matrix = matrix[0],
                                  .out = out[0],
                                  .inputs = INPUTS,
                                  .outputs = OUTPUTS,
                                  .length = LENGTH,
                                  .in_stride = LENGTH + 1,
                                  .out_stride = LENGTH + 2};

    fill_uniform(in[0], INPUTS * (LENGTH + 1), 2);
    fill_uniform(matrix[0], OUTPUTS * INPUTS, 3);
    run_ref(CLEAVE_OP_MIX, &args);
    for (int o = 0; o < OUTPUTS; o++)
        for (int n = 0; n < LENGTH; n++) {
            double sum = 0;
            for (int i = 0; i < INPUTS; i++)
                sum += (double)matrix[o][i] * (double)in[i][n];
            TEST_CHECK(fabs((double)out[o][n] - sum) <= 0x1p-24 * fabs(sum));
        }
}

static void reduce_keeps_all_digits(void)
{
    enum { POINTS = 1000003 };
    float *x = malloc(POINTS * sizeof *x), out[2];
    cleave_reduce_args args = {
        .in = x, .out = out, .rows = 1, .points = POINTS, .in_stride = POINTS};
    long double sum = 0, squares = 0, spread = 0, max = -2, max_abs = 0;

    for (int64_t i = 0; i < POINTS; i++) {
        x[i] = 100 + test_uniform(4, (uint64_t)i) * (i % 1000 == 0 ? 300 : 1);
        sum += x[i];
        squares += (long double)x[i] * x[i];
        max = x[i] > max ? x[i] : max;
        max_abs = fabsf(x[i]) > max_abs ? fabsf(x[i]) : max_abs;
    }
    for (int64_t i = 0; i < POINTS; i++)
        spread += (x[i] - sum / POINTS) * (x[i] - sum / POINTS);
    const long double expected[] = {sum, sum / POINTS, max, max_abs, squares, sum / POINTS};
    for (int kind = 0; kind <= CLEAVE_REDUCE_MEAN_STD; kind++) {
        args.kind = (cleave_reduce_kind)kind;
        run_ref(CLEAVE_OP_REDUCE, &args);
        TEST_CHECK(out[0] == (float)expected[kind]);
    }
    TEST_CHECK(out[1] == (float)sqrtl(spread / (POINTS - 1)));
    for (int64_t i = 0; i < POINTS; i++)
        x[i] = 0.1f;
    run_ref(CLEAVE_OP_REDUCE, &args);
    TEST_CHECK(out[0] == 0.1f && out[1] < 1e-9f);
    args.points = 1;
    run_ref(CLEAVE_OP_REDUCE, &args);
    TEST_CHECK(out[0] == 0.1f && out[1] == 0);
    free(x);
}

static void rearrange_is_an_index_map(void)
{
    enum { A = 2, B = 3, C = 4, D = 5 };
    float in[A][B][C][D], out[D][B][A][C];
    const cleave_rearrange_args args = {.in = in[0][0][0],
                                        .out = out[0][0][0],
                                        .size = {A, B, C, D},
                                        .in_stride = {B * C * D, C * D, D, 1},
                                        .out_stride = {C, A * C, 1, B * A * C}};

    fill_uniform(in[0][0][0], A * B * C * D, 5);
    run_ref(CLEAVE_OP_REARRANGE, &args);
    for (int a = 0; a < A; a++)
        for (int b = 0; b < B; b++)
            for (int c = 0; c < C; c++)
                for (int d = 0; d < D; d++)
                    TEST_CHECK(out[d][b][a][c] == in[a][b][c][d]);
}

/* The formulas of elementwise.h at points where they are exact. */
static void elementwise_values(void)
{
    static const struct {
        cleave_elementwise_kind kind;
        float a, b[2], x, y, expected;
    } points[] = {
        {CLEAVE_ELEMENTWISE_AFFINE, 3, {0, 0}, 2, 1, 7},
        {CLEAVE_ELEMENTWISE_CLAMP, 3, {0, 0}, -1, 1, 1},
        {CLEAVE_ELEMENTWISE_CLAMP, -3, {0, 0}, -1, 1, -1},
        {CLEAVE_ELEMENTWISE_CLAMP, NAN, {0, 0}, -1, 1, -1},
        {CLEAVE_ELEMENTWISE_SQRT, 9, {0, 0}, 0, 0, 3},
        {CLEAVE_ELEMENTWISE_ADD, 3, {5, 0}, 2, -1, 1},
        {CLEAVE_ELEMENTWISE_MULTIPLY, 3, {5, 0}, 2, 0, 30},
        {CLEAVE_ELEMENTWISE_MIN, 3, {5, 0}, 0, 0, 3},
        {CLEAVE_ELEMENTWISE_MAX, 3, {5, 0}, 0, 0, 5},
        {CLEAVE_ELEMENTWISE_RATIO, 3, {5, 0}, 1, 0, 0.5f},
        {CLEAVE_ELEMENTWISE_MAGNITUDE, -3, {4, 0}, 0, 0, 5},
        {CLEAVE_ELEMENTWISE_POWER, -3, {4, 0}, 0, 0, 25},
        {CLEAVE_ELEMENTWISE_NORMALISE, 3, {1, 3}, 1, 0, 0.5f},
        {CLEAVE_ELEMENTWISE_DENORMALISE, 0.5f, {1, 3}, 1, 0, 3},
    };

    for (size_t i = 0; i < sizeof points / sizeof points[0]; i++) {
        float out = NAN;
        const cleave_elementwise_args args = {.a = &points[i].a,
                                              .b = points[i].b,
                                              .out = &out,
                                              .points = 1,
                                              .x = points[i].x,
                                              .y = points[i].y,
                                              .kind = points[i].kind};
        run_ref(CLEAVE_OP_ELEMENTWISE, &args);
        TEST_CHECK(out == points[i].expected);
    }
}

/* out may be a or b: every kind, in the tables of every feature mask, against the same run out of
 * place. */
static void elementwise_in_place(void)
{
    enum { POINTS = 4099 };
    static float a[POINTS], b[POINTS], apart[POINTS], in_place[POINTS];
    const cleave_op *op = cleave_op_get(CLEAVE_OP_ELEMENTWISE);

    for (int i = 0; i < POINTS; i++) {
        a[i] = 1.5f + test_uniform(9, (uint64_t)i);
        b[i] = 1.5f + test_uniform(10, (uint64_t)i);
    }
    for (uint32_t mask = 0; mask <= cleave_cpu_features(); mask++)
        for (int kind = 0; kind < CLEAVE_ELEMENTWISE_KINDS; kind++) {
            cleave_elementwise_args args = {.a = a,
                                            .b = b,
                                            .out = apart,
                                            .points = POINTS,
                                            .x = 1,
                                            .y = 2,
                                            .kind = (cleave_elementwise_kind)kind};
            const cleave_work work = {.begin = 0, .end = op->items(&args)};
            cleave_ops ops;

            cleave_ops_cpu(&ops, mask & cleave_cpu_features());
            ops.kernel[CLEAVE_OP_ELEMENTWISE].run(&args, &work);
            args.out = in_place;
            args.a = memcpy(in_place, a, sizeof a);
            ops.kernel[CLEAVE_OP_ELEMENTWISE].run(&args, &work);
            TEST_CHECK(!memcmp(in_place, apart, sizeof apart));
            if (!cleave_elementwise_b_is_array(args.kind))
                continue;
            args.a = a;
            args.b = memcpy(in_place, b, sizeof b);
            ops.kernel[CLEAVE_OP_ELEMENTWISE].run(&args, &work);
            TEST_CHECK(!memcmp(in_place, apart, sizeof apart));
        }
}

static void complex_mask_scales_both_planes(void)
{
    enum { S = 2, C = 3, P = 5 };
    float in[C][2][P], mask[S][C][P], out[S][C][2][P];
    cleave_complex_mask_args args = {.in = in[0][0],
                                     .mask = mask[0][0],
                                     .out = out[0][0][0],
                                     .stems = S,
                                     .channels = C,
                                     .points = P};

    fill_uniform(in[0][0], C * 2 * P, 6);
    fill_uniform(mask[0][0], S * C * P, 7);
    for (int shared = 0; shared < 2; shared++) {
        args.mask_channels = shared ? 1 : C;
        run_ref(CLEAVE_OP_COMPLEX_MASK, &args);
        for (int s = 0; s < S; s++)
            for (int c = 0; c < C; c++)
                for (int p = 0; p < 2 * P; p++) {
                    const float m = shared ? mask[0][s][p % P] : mask[s][c][p % P];
                    TEST_CHECK(out[s][c][p / P][p % P] == m * in[c][p / P][p % P]);
                }
    }
}

/* What an identity model needs: segments that agree leave no trace, in the tables of every feature
 * mask. */
static void overlap_add_keeps_equal_segments(void)
{
    enum { LENGTH = 5375 };
    static float in[LENGTH], gain[LENGTH], mean[LENGTH];
    const cleave_overlap_add_args args = {.in = in,
                                          .gain = gain,
                                          .mean = mean,
                                          .rows = 1,
                                          .length = LENGTH,
                                          .in_stride = LENGTH,
                                          .mean_stride = LENGTH};
    const cleave_op *op = cleave_op_get(CLEAVE_OP_OVERLAP_ADD);
    const cleave_work work = {.begin = 0, .end = op->items(&args)};
    cleave_ops ops;

    fill_uniform(in, LENGTH, 8);
    for (uint32_t mask = 0; mask <= cleave_cpu_features(); mask++) {
        if (mask & ~cleave_cpu_features())
            continue;
        cleave_ops_cpu(&ops, mask);
        memset(mean, 0, sizeof mean);
        for (int segment = 1; segment < 5; segment++) {
            for (int n = 0; n < LENGTH; n++)
                gain[n] = 1 / (float)segment;
            ops.kernel[CLEAVE_OP_OVERLAP_ADD].run(&args, &work);
            TEST_CHECK(!memcmp(mean, in, sizeof in));
        }
    }
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"table", table},
        {"contracts", contracts},
        {"median_is_the_middle_of_a_sort", median_is_the_middle_of_a_sort},
        {"median_networks", median_networks},
        {"mix_is_a_matrix_product", mix_is_a_matrix_product},
        {"reduce_keeps_all_digits", reduce_keeps_all_digits},
        {"rearrange_is_an_index_map", rearrange_is_an_index_map},
        {"elementwise_values", elementwise_values},
        {"elementwise_in_place", elementwise_in_place},
        {"complex_mask_scales_both_planes", complex_mask_scales_both_planes},
        {"overlap_add_keeps_equal_segments", overlap_add_keeps_equal_segments},
    };

    return test_main(argc, argv, cases, (int)(sizeof cases / sizeof cases[0]));
}
