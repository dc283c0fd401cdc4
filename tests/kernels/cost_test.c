/* cost_test.c: the costs of the ops, against counting what their definitions do. */
#include "kernels/attention/attention.h"
#include "kernels/cases.h"
#include "kernels/conv/conv.h"
#include "kernels/fft/fft.h"
#include "kernels/gram/gram.h"
#include "kernels/istft/istft.h"
#include "kernels/lstm/lstm.h"
#include "kernels/stft/stft.h"
#include "tests/test.h"

#include <math.h>
#include <string.h>

/* Counted by loops over every output, so only of small shapes. */
#define COUNT_MAX 2e8

static void expect(const cleave_case *test, double counted, double flops)
{
    if (!TEST_CHECK(fabs(counted - flops) <= 1e-12 * counted))
        TEST_FAIL("%s: counted %.0f operations, cost says %.0f", test->label, counted, flops);
}

/* Products and sums of every output of the convolution, taps on padding left out. */
static double conv_direct(const cleave_conv_args *a)
{
    double count = 0;

    for (int64_t i = 0; i < a->out_rows; i++)
        for (int64_t j = 0; j < a->out_points; j++)
            for (int64_t r = 0; r < a->kernel_rows; r++)
                for (int64_t p = 0; p < a->kernel_points; p++) {
                    const int64_t row = i * a->stride_rows + r * a->dilation - a->pad_rows;
                    const int64_t point = j * a->stride_points + p * a->dilation - a->pad_points;
                    if (row >= 0 && row < a->in_rows && point >= 0 && point < a->in_points)
                        count += 2.0 * a->in_channels * a->channels;
                }
    return count;
}

/* Of the transposed one: each output looks for the inputs and taps that fall on it. */
static double conv_transposed(const cleave_conv_args *a)
{
    double count = 0;

    for (int64_t i = 0; i < a->out_rows; i++)
        for (int64_t j = 0; j < a->out_points; j++)
            for (int64_t r = 0; r < a->kernel_rows; r++)
                for (int64_t p = 0; p < a->kernel_points; p++) {
                    const int64_t row = i + a->pad_rows - r, point = j + a->pad_points - p;
                    if (row >= 0 && row % a->stride_rows == 0 &&
                        row / a->stride_rows < a->in_rows && point >= 0 &&
                        point % a->stride_points == 0 && point / a->stride_points < a->in_points)
                        count += 2.0 * a->in_channels * a->channels;
                }
    return count;
}

static void conv(void)
{
    cleave_case test;
    int counted = 0;

    for (int i = 0; cleave_conv_cases(i, &test); i++) {
        cleave_conv_args a;
        memcpy(&a, test.args.bytes, sizeof a);
        if ((double)a.out_rows * (double)a.out_points * a.kernel_rows * a.kernel_points > COUNT_MAX)
            continue;
        expect(&test, a.transposed ? conv_transposed(&a) : conv_direct(&a),
               cleave_conv_op.cost(&a).flops);
        counted++;
    }
    test_passed_count(counted);
}

static void attention(void)
{
    cleave_case test;
    int counted = 0;

    for (int i = 0; cleave_attention_cases(i, &test); i++) {
        cleave_attention_args a;
        double count = 0;
        memcpy(&a, test.args.bytes, sizeof a);
        for (int64_t h = 0; h < a.heads; h++)
            for (int64_t t = 0; t < a.queries; t++)
                for (int64_t s = 0; s < a.keys; s++)
                    count += 2.0 * a.width /* q k */ + 2.0 * a.width /* w v */;
        expect(&test, count, cleave_attention_op.cost(&a).flops);
        counted++;
    }
    test_passed_count(counted);
}

static void gram(void)
{
    cleave_case test;
    int counted = 0;

    for (int i = 0; cleave_gram_cases(i, &test); i++) {
        cleave_gram_args a;
        double count = 0;
        memcpy(&a, test.args.bytes, sizeof a);
        for (int64_t r = 0; r < a.rows; r++)
            for (int64_t s = 0; s <= r; s++)
                count += 2.0 * (double)a.points;
        expect(&test, count, cleave_gram_op.cost(&a).flops);
        counted++;
    }
    test_passed_count(counted);
}

static void lstm(void)
{
    cleave_case test;
    int counted = 0;

    for (int i = 0; cleave_lstm_cases(i, &test); i++) {
        cleave_lstm_args a;
        double count = 0;
        memcpy(&a, test.args.bytes, sizeof a);
        for (int direction = 0; direction < 2; direction++)
            for (int64_t frame = 0; frame < a.frames; frame++)
                for (int64_t step = 0; step < a.frame; step++)
                    for (int64_t gate = 0; gate < 4 * (int64_t)a.hidden; gate++)
                        count += 2.0 * a.hidden;
        expect(&test, count, cleave_lstm_op.cost(&a).flops);
        counted++;
    }
    test_passed_count(counted);
}

/* A transform of all frames is so many real transforms of one, and what the window takes. */
static void transforms(void)
{
    cleave_case test;
    int counted = 0;

    for (int i = 0; cleave_stft_cases(i, &test); i++) {
        cleave_stft_args a;
        memcpy(&a, test.args.bytes, sizeof a);
        const double frames = a.channels * (double)a.frames;
        const cleave_fft_args one = {.batch = 1, .n = a.n, .kind = CLEAVE_FFT_REAL_FORWARD};
        expect(&test, frames * (cleave_fft_op.cost(&one).flops + a.n),
               cleave_stft_op.cost(&a).flops);
        counted++;
    }
    for (int i = 0; cleave_istft_cases(i, &test); i++) {
        cleave_istft_args a;
        memcpy(&a, test.args.bytes, sizeof a);
        const double frames = a.channels * (double)a.frames;
        const cleave_fft_args one = {.batch = 1, .n = a.n, .kind = CLEAVE_FFT_REAL_INVERSE};
        expect(&test, frames * (cleave_fft_op.cost(&one).flops + 2 * a.n),
               cleave_istft_op.cost(&a).flops);
        counted++;
    }
    const cleave_fft_args known = {.batch = 3, .n = 1024, .kind = CLEAVE_FFT_COMPLEX_FORWARD};
    TEST_CHECK(cleave_fft_op.cost(&known).flops == 3 * 51200);
    test_passed_count(counted + 1);
}

/* The extents of the operands, what is read and written counted twice. */
static double extents(const cleave_op *op, const void *args)
{
    cleave_operand operand[CLEAVE_OPERANDS_MAX];
    const int count = op->operands(args, operand);
    double bytes = 0;

    for (int i = 0; i < count; i++)
        bytes += (double)operand[i].bytes *
                 (!!(operand[i].access & CLEAVE_READ) + !!(operand[i].access & CLEAVE_WRITE));
    return bytes;
}

/* No more bytes than the operands have, and all of them where tensors are dense: each op has such
 * cases. Less where rows have gaps, weights are of half the size, or a part is not looked at. */
static void traffic(void)
{
    int counted = 0;

    for (int index = 0; index < CLEAVE_OP_COUNT; index++) {
        const cleave_op *const op = cleave_op_get(index);
        cleave_case test;
        int all = 0;
        for (int i = 0; cleave_cases[index](i, &test); i++) {
            const cleave_cost cost = op->cost(test.args.bytes);
            const double bytes = extents(op, test.args.bytes);
            if (!TEST_CHECK(cost.bytes > 0 && cost.bytes <= bytes))
                TEST_FAIL("%s %s: %.0f bytes of %.0f", op->name, test.label, cost.bytes, bytes);
            TEST_CHECK(cost.flops >= 0);
            all += cost.bytes == bytes;
            counted++;
        }
        if (!TEST_CHECK(all > 0))
            TEST_FAIL("%s: no case moves all of its operands", op->name);
    }
    test_passed_count(counted);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"conv counts the taps that exist", conv},
        {"attention counts its two products", attention},
        {"gram counts a pair of rows once", gram},
        {"lstm counts the products with the state", lstm},
        {"stft and istft count transforms of fft", transforms},
        {"bytes are the operands, without gaps", traffic},
    };

    return test_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
