/* true_peak_test.c: blocks of any size, and peaks of sines that no sample meets. */
#include "kernels/true_peak/true_peak.h"
#include "tests/stream_op.h"
#include "tests/test.h"
#include "tests/variants.h"

#include <math.h>
#include <stdlib.h>

#define FRAMES 9000

static float peaks[8];

static cleave_true_peak_args args_of(int64_t rows, int64_t factor)
{
    return (cleave_true_peak_args){
        .out = peaks, .rows = rows, .frames_max = FRAMES, .in_stride = FRAMES, .factor = factor};
}

static stream_op stream_of(cleave_true_peak_args *a)
{
    return (stream_op){.op = CLEAVE_OP_TRUE_PEAK,
                       .args = a,
                       .in_field = offsetof(cleave_true_peak_args, in),
                       .out_field = STREAM_OP_NO_OUT,
                       .block_field = offsetof(cleave_true_peak_args, block),
                       .state_field = offsetof(cleave_true_peak_args, state),
                       .in_rows = a->rows,
                       .in_stride = FRAMES,
                       .frames_max = FRAMES,
                       .state_floats = a->rows * CLEAVE_TRUE_PEAK_STATE_FLOATS};
}

/* The running maximum is in the state, which is what is compared. */
static void cuts(void)
{
    int good = 0;

    for (int64_t factor = 2; factor <= 4; factor += 2) {
        cleave_true_peak_args a = args_of(3, factor);
        const stream_op what = stream_of(&a);
        float *in = malloc(3 * FRAMES * sizeof *in);
        for (int k = 0; k < 3 * FRAMES; k++)
            in[k] = test_uniform((uint64_t)factor, (uint64_t)k);
        good += stream_op_check_cuts(&what, in, FRAMES, NULL);
        free(in);
    }
    test_passed_count(good);
}

/* A sine of amplitude 0.5 at so many samples a period, faded in and out so that it has no corners:
 * its peak, within what EBU Tech 3341 allows. */
static void sines(void)
{
    static const double periods[] = {4, 6, 8, 100};
    const variants all = variants_list();
    float *in = malloc(FRAMES * sizeof *in);
    int good = 0;

    for (int v = 0; v < all.count; v++)
        for (int64_t factor = 2; factor <= 4; factor += 2)
            for (int k = 0; k < 4; k++)
                for (int phase = 0; phase < 8; phase++) {
                    cleave_true_peak_args a = args_of(1, factor);
                    const stream_op what = stream_of(&a);
                    stream_run run;
                    for (int t = 0; t < FRAMES; t++)
                        in[t] = (float)(0.5 * fmin(1, fmin(t, FRAMES - t) / 1000.0) *
                                        sin(2 * M_PI * (t / periods[k] + phase / 16.0)));
                    stream_op_open(&run, &what, &all.ops[v]);
                    stream_op_push(&run, in, NULL, FRAMES, FRAMES, 0);
                    const double off = 20 * log10((double)run.state[0] / 0.5);
                    stream_op_close(&run);
                    if (off < 0.2 && off > (factor == 4 ? -0.4 : -0.7))
                        good += TEST_CHECK(1);
                    else
                        TEST_FAIL("%s x%d, period %g, phase %d / 16: off by %.2f dB",
                                  all.ops[v].name, (int)factor, periods[k], phase, off);
                }
    free(in);
    test_passed_count(good);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"cuts", cuts},
        {"sines", sines},
    };

    return test_main(argc, argv, cases, sizeof cases / sizeof *cases);
}
