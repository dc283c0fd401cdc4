/* attention_cases.c: tails of tiles, blocks and lanes, scores that overflow unless the largest is
 * taken off, and the shapes of models. */
#include "kernels/attention/attention.h"
#include "kernels/cases.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { PLAIN, LOCAL };
/* Scores of a deviation of 1; of 3000, up to 1e4; of one that rises with t to 10, so that each
 * block of keys rescales what was before. */
enum { MILD, HUGE_SCORES, RISING };

static const struct {
    int32_t heads, width, terms, local, scores;
    int64_t queries, keys, gap; /* gap: of a stride over its tokens */
    uint32_t flags;
} shapes[] = {
    {1, 1, 0, PLAIN, MILD, 1, 1, 0, CLEAVE_CASE_SMALL},
    {2, 3, 0, PLAIN, MILD, 17, 5, 0, CLEAVE_CASE_SMALL},
    {1, 8, 0, PLAIN, MILD, 1, 9, 3, CLEAVE_CASE_SMALL},
    {3, 15, 0, PLAIN, MILD, 16, 16, 0, CLEAVE_CASE_SMALL},
    {1, 17, 0, PLAIN, RISING, 49, 33, 1, CLEAVE_CASE_SMALL},
    {1, 4, 1, LOCAL, MILD, 1, 1, 0, CLEAVE_CASE_SMALL},
    {2, 5, 4, LOCAL, MILD, 23, 23, 2, CLEAVE_CASE_SMALL},
    {1, 6, 16, PLAIN, MILD, 11, 37, 0, CLEAVE_CASE_SMALL},
    {1, 7, 0, LOCAL, HUGE_SCORES, 9, 9, 0, CLEAVE_CASE_SMALL},
    /* More keys, queries and channels than a tile of the GPU has. */
    {2, 64, 0, PLAIN, MILD, 66, 140, 1, CLEAVE_CASE_SMALL},
    {1, 48, 0, PLAIN, RISING, 30, 130, 0, CLEAVE_CASE_SMALL},
    {1, 72, 2, LOCAL, MILD, 70, 70, 3, CLEAVE_CASE_SMALL},
    {1, 130, 0, PLAIN, MILD, 5, 65, 0, CLEAVE_CASE_SMALL},
    {2, 64, 0, PLAIN, MILD, 193, 131, 0, 0},
    {1, 48, 0, PLAIN, HUGE_SCORES, 385, 300, 5, 0},
    {1, 33, 0, PLAIN, RISING, 47, 520, 0, 0},
    {4, 48, 4, LOCAL, MILD, 261, 261, 0, 0},
    {1, 96, 2, LOCAL, RISING, 200, 200, 8, 0},
    {1, 200, 0, PLAIN, MILD, 64, 129, 0, 0},
    /* Of one head 384 queries, an item: what is left out is more of the same. */
    {1, 64, 0, PLAIN, MILD, 384, 2688, 0, CLEAVE_CASE_BENCH},
    {1, 64, 0, PLAIN, MILD, 384, 1344, 0, CLEAVE_CASE_BENCH},
    {1, 48, 0, PLAIN, MILD, 384, 2688, 0, CLEAVE_CASE_BENCH},
    {4, 48, 4, LOCAL, MILD, 336, 336, 0, CLEAVE_CASE_BENCH},
    {1, 96, 4, LOCAL, MILD, 474, 474, 0, CLEAVE_CASE_BENCH},
};

static void fill(const cleave_case *test, int operand, float *data, int64_t count)
{
    cleave_attention_args a;

    memcpy(&a, test->args.bytes, sizeof a);
    for (int64_t i = 0; i < count; i++)
        data[i] = cleave_case_uniform((uint64_t)operand + 1, i);
    /* Decays around -4: tens of keys count. */
    for (int64_t i = 0; i < count && a.terms && operand == 3; i++)
        data[i] = 3 * data[i] - 4;
}

static void fill_rising(const cleave_case *test, int operand, float *data, int64_t count)
{
    cleave_attention_args a;

    memcpy(&a, test->args.bytes, sizeof a);
    fill(test, operand, data, count);
    for (int64_t i = 0; i < count && operand == 1; i++)
        data[i] *= (float)(1 + i % a.kv_stride) / (float)a.keys;
}

int cleave_attention_cases(int index, cleave_case *out)
{
    static const double size[] = {[MILD] = 1, [RISING] = 10, [HUGE_SCORES] = 3000};
    cleave_attention_args a = {0};

    if (index < 0 || index >= (int)(sizeof shapes / sizeof shapes[0]))
        return 0;
    a.heads = shapes[index].heads;
    a.width = shapes[index].width;
    a.terms = shapes[index].terms;
    a.local = shapes[index].local;
    a.queries = shapes[index].queries;
    a.keys = shapes[index].keys;
    a.q_stride = a.out_stride = a.queries + shapes[index].gap;
    a.kv_stride = a.keys + shapes[index].gap;
    a.self_score = -100;
    /* The deviation of a sum of d products of values that are uniform in [-1, 1) is sqrt(d)/3. */
    a.scale = (float)(size[shapes[index].scores] * 3 / sqrt(a.width));

    memset(out, 0, sizeof *out);
    memcpy(out->args.bytes, &a, sizeof a);
    snprintf(out->label, sizeof out->label, "h%d d%d %lldx%lld%s%s", a.heads, a.width,
             (long long)a.queries, (long long)a.keys, a.local ? " local" : "",
             shapes[index].scores == MILD     ? ""
             : shapes[index].scores == RISING ? " rising"
                                              : " huge");
    /* An absolute error of a score is a relative one of its weight, and a sum of d products of the
     * size S rounds d times: 2^-24 S sqrt(d); a few roundings come after. */
    out->limit = 0x1p-24 * (3 + size[shapes[index].scores] * sqrt(a.width));
    out->flags = shapes[index].flags;
    out->fill = shapes[index].scores == RISING ? fill_rising : fill;
    return 1;
}
