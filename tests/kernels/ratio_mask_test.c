/* ratio_mask_test.c: masks one by one, where the checker of cases looks at whole tensors. */
#include "kernels/ratio_mask/ratio_mask.h"
#include "tests/test.h"
#include "tests/variants.h"

#include <math.h>
#include <string.h>

enum { I = 5, F = 4099, B = F + 37 };

/* One frame of one channel. The imaginary plane of the mixture is twice the real one. */
typedef struct scene {
    float estimates[I][B];
    float in[2][B];
    float out[I][2][B];
    cleave_ratio_mask_args args;
} scene;

/* Magnitudes from 10^-decades to 10^decades, a tenth of them 0; a mixture of ones, so that the
 * result is the masks. */
static void scene_init(scene *s, float exponent, double decades)
{
    memset(s, 0, sizeof *s);
    for (int i = 0; i < I; i++)
        for (int f = 0; f < B; f++) {
            const double u = (double)test_uniform(1 + (uint64_t)i, (uint64_t)f);
            const int none = test_uniform(11 + (uint64_t)i, (uint64_t)f) > 0.8f;
            s->estimates[i][f] = none ? 0 : (float)pow(10, decades * u);
        }
    for (int f = 0; f < B; f++) {
        s->in[0][f] = 1;
        s->in[1][f] = 2;
    }
    s->args = (cleave_ratio_mask_args){
        .estimates = s->estimates[0],
        .in = s->in[0],
        .out = s->out[0][0],
        .instruments = I,
        .channels = 1,
        .frames = 1,
        .bins = B,
        .masked_bins = F,
        .stems = I,
        .stem = {3, 1, 4, 0, 2},
        .exponent = exponent,
    };
}

static void scene_run(scene *s, const cleave_ops *ops)
{
    TEST_CHECK(cleave_ratio_mask_op.check(&s->args) == NULL);
    variant_run(ops, CLEAVE_OP_RATIO_MASK, &s->args, 0, cleave_ratio_mask_op.items(&s->args));
}

/* M_i at a bin, from the definition. */
static double truth(const scene *s, int i, int f)
{
    const double p = (double)s->args.exponent, floor = (double)CLEAVE_RATIO_MASK_FLOOR;
    double sum = floor;

    for (int k = 0; k < I; k++)
        sum += pow((double)s->estimates[k][f], p);
    return (pow((double)s->estimates[i][f], p) + floor / I) / sum;
}

static double worst_mask(const scene *s)
{
    double worst = 0;

    for (int k = 0; k < I; k++)
        for (int f = 0; f < F; f++) {
            const double mask = truth(s, s->args.stem[k], f);
            if (mask < 0x1p-126)
                continue;
            const float near = (float)mask;
            const double ulp = (double)nextafterf(near, INFINITY) - (double)near;
            worst = fmax(worst, fabs((double)s->out[k][0][f] - mask) / ulp);
        }
    return worst;
}

/* Each mask by itself, large or small, in units in the last place. */
static void masks_are_accurate(void)
{
    static const struct {
        float exponent;
        double decades, limit;
    } rows[] = {{2, 6, 3}, {1, 6, 3}, {2, 37, 4}, {0.7f, 6, 5}, {2.5f, 6, 5}, {4, 37, 7}};
    static scene s;
    const variants all = variants_list();

    for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++)
        for (int v = 0; v < all.count; v++) {
            scene_init(&s, rows[r].exponent, rows[r].decades);
            scene_run(&s, &all.ops[v]);
            const double error = worst_mask(&s);
            if (!(error <= rows[r].limit))
                TEST_FAIL("%s, exponent %g: %.2f units in the last place", all.ops[v].name,
                          (double)rows[r].exponent, error);
            else
                TEST_CHECK(1);
        }
}

/* Nothing is lost of the mixture: not among loud estimates, not in silence, where shares are even.
 */
static void masks_sum_to_one(void)
{
    static const float exponents[] = {1, 2, 3};
    static scene s;
    const variants all = variants_list();

    for (int v = 0; v < all.count; v++)
        for (int e = 0; e < 3; e++) {
            int wrong = 0;
            scene_init(&s, exponents[e], 37);
            for (int i = 0; i < I; i++)
                s.estimates[i][7] = 0;
            scene_run(&s, &all.ops[v]);
            for (int f = 0; f < F; f++) {
                double sum = 0;
                for (int k = 0; k < I; k++)
                    sum += (double)s.out[k][0][f];
                wrong += !(fabs(sum - 1) <= 4e-7);
            }
            for (int k = 0; k < I; k++)
                wrong += !(fabsf(s.out[k][1][7] - 2.0f / I) <= 1e-7f);
            if (wrong)
                TEST_FAIL("%s, exponent %g: %d wrong", all.ops[v].name, (double)exponents[e],
                          wrong);
            else
                TEST_CHECK(1);
        }
}

/* Above the masked bins: nothing at all, or the mean of those below. */
static void bins_above(void)
{
    static scene s;
    const variants all = variants_list();

    for (int v = 0; v < all.count; v++) {
        int wrong = 0;
        scene_init(&s, 2, 6);
        s.in[0][F] = INFINITY;
        scene_run(&s, &all.ops[v]);
        for (int k = 0; k < I; k++)
            for (int f = F; f < B; f++)
                wrong += s.out[k][0][f] != 0 || s.out[k][1][f] != 0;
        TEST_CHECK(wrong == 0);

        s.in[0][F] = 1;
        s.args.extension = CLEAVE_RATIO_MASK_AVERAGE;
        scene_run(&s, &all.ops[v]);
        for (int k = 0; k < I; k++) {
            double mean = 0;
            for (int f = 0; f < F; f++)
                mean += truth(&s, s.args.stem[k], f) / F;
            for (int f = F; f < B; f++)
                wrong += !(fabs((double)s.out[k][0][f] - mean) <= 1e-7 * mean) ||
                         s.out[k][1][f] != 2 * s.out[k][0][f];
        }
        TEST_CHECK(wrong == 0);
    }
}

static void refuses(const cleave_ratio_mask_args *args, const char *field)
{
    const char *why = cleave_ratio_mask_op.check(args);

    if (!why || !strstr(why, field) || strncmp(why, "ratio_mask: ", 12))
        TEST_FAIL("%s: \"%s\"", field, why ? why : "no refusal");
    else
        TEST_CHECK(1);
}

static void contract(void)
{
    static const float exponents[] = {0, -1, 4.5f, NAN, INFINITY};
    static scene s;

    scene_init(&s, 2, 1);
    const cleave_ratio_mask_args good = s.args;
    TEST_CHECK(cleave_ratio_mask_op.check(&good) == NULL);
    for (size_t i = 0; i < sizeof exponents / sizeof exponents[0]; i++) {
        s.args.exponent = exponents[i];
        refuses(&s.args, "exponent");
    }
    for (int wrong = 0; wrong < 2; wrong++) {
        s.args = good;
        s.args.instruments = wrong ? CLEAVE_RATIO_MASK_STEMS_MAX + 1 : 0;
        refuses(&s.args, "instruments");
        s.args = good;
        s.args.stems = wrong ? I + 1 : 0;
        refuses(&s.args, "stems");
        s.args = good;
        s.args.stem[I - 1] = wrong ? I : -1;
        refuses(&s.args, "stem");
        s.args = good;
        s.args.masked_bins = wrong ? B + 1 : 0;
        refuses(&s.args, "masked_bins");
        s.args = good;
        s.args.frames = wrong ? (int64_t)1 << 40 : 0;
        refuses(&s.args, "frames");
    }
    s.args = good;
    s.args.channels = 0;
    refuses(&s.args, "channels");
    s.args = good;
    s.args.extension = (cleave_ratio_mask_extension)2;
    refuses(&s.args, "extension");
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"masks_are_accurate", masks_are_accurate},
        {"masks_sum_to_one", masks_sum_to_one},
        {"bins_above", bins_above},
        {"contract", contract},
    };

    return test_main(argc, argv, cases, (int)(sizeof cases / sizeof cases[0]));
}
