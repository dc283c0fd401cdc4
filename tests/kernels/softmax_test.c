/* softmax_test.c: what every variant of softmax keeps: the sum, the input's offset, NaN, and itself
 * in place. */
#include "kernels/softmax/softmax.h"
#include "tests/test.h"
#include "tests/variants.h"

#include <math.h>
#include <string.h>

enum { K = 5, P = 2 * CLEAVE_SOFTMAX_BLOCK + 13 };

typedef struct scene {
    float in[K][P], factor[P], out[K][P];
    cleave_softmax_args args;
} scene;

static void scene_init(scene *s)
{
    memset(s, 0, sizeof *s);
    for (int n = 0; n < P; n++) {
        for (int k = 0; k < K; k++)
            s->in[k][n] = 8 * test_uniform(1 + (uint64_t)k, (uint64_t)n);
        s->factor[n] = 1.5f + test_uniform(9, (uint64_t)n);
    }
    s->args = (cleave_softmax_args){
        .in = s->in[0], .factor = s->factor, .out = s->out[0], .planes = K, .points = P};
}

static void scene_run(const scene *s, const cleave_ops *ops)
{
    TEST_CHECK(cleave_softmax_op.check(&s->args) == NULL);
    variant_run(ops, CLEAVE_OP_SOFTMAX, &s->args, 0, cleave_softmax_op.items(&s->args));
}

/* Planes sum to the factor, and relate as the exponentials of their inputs. */
static void shares_of_the_factor(void)
{
    static scene s;
    const variants all = variants_list();

    for (int v = 0; v < all.count; v++) {
        int wrong = 0;
        scene_init(&s);
        scene_run(&s, &all.ops[v]);
        for (int n = 0; n < P; n++) {
            const double factor = (double)s.factor[n], first = (double)s.out[0][n];
            double sum = 0;
            for (int k = 0; k < K; k++) {
                const double ratio = exp((double)s.in[k][n] - (double)s.in[0][n]);
                sum += (double)s.out[k][n];
                wrong += !(fabs((double)s.out[k][n] - first * ratio) <= 3e-6 * first * ratio);
            }
            wrong += !(fabs(sum - factor) <= 4e-7 * factor);
        }
        TEST_CHECK(wrong == 0);
    }
}

/* Logits at the ends of float32: the largest takes all, and NaN does not pass for a number. */
static void far_logits(void)
{
    static scene s;
    const variants all = variants_list();

    for (int v = 0; v < all.count; v++) {
        scene_init(&s);
        for (int n = 0; n < P; n++)
            for (int k = 0; k < K; k++)
                s.in[k][n] = k == n % K ? 3e38f : -3e38f;
        s.in[2][40] = NAN;
        scene_run(&s, &all.ops[v]);
        for (int n = 0; n < P; n++) {
            int wrong = 0;
            for (int k = 0; k < K; k++) {
                const float share = s.out[k][n] / s.factor[n];
                if (n == 40)
                    wrong += !isnan(share);
                else
                    wrong += !(fabsf(share - (float)(k == n % K)) <= 1e-7f);
            }
            TEST_CHECK(wrong == 0);
        }
    }
}

static void in_place(void)
{
    static scene s;
    static float apart[K][P];
    const variants all = variants_list();

    for (int v = 0; v < all.count; v++) {
        scene_init(&s);
        scene_run(&s, &all.ops[v]);
        memcpy(apart, s.out, sizeof apart);
        s.args.out = s.in[0];
        scene_run(&s, &all.ops[v]);
        TEST_CHECK(!memcmp(s.in, apart, sizeof apart));
    }
}

static void contract(void)
{
    static scene s;

    scene_init(&s);
    TEST_CHECK(cleave_softmax_op.check(&s.args) == NULL);
    s.args.planes = 0;
    TEST_CHECK(!strcmp(cleave_softmax_op.check(&s.args), "softmax: planes must be at least 1"));
    s.args.planes = K;
    s.args.points = 0;
    TEST_CHECK(!strcmp(cleave_softmax_op.check(&s.args), "softmax: points must be at least 1"));
    s.args.points = (int64_t)1 << 47;
    TEST_CHECK(strstr(cleave_softmax_op.check(&s.args), "at most 2^48") != NULL);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"shares_of_the_factor", shares_of_the_factor},
        {"far_logits", far_logits},
        {"in_place", in_place},
        {"contract", contract},
    };

    return test_main(argc, argv, cases, (int)(sizeof cases / sizeof cases[0]));
}
