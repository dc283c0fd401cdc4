/* layer_norm_cases.c: blocks and their edges, means that are large, and the tokens of models. */
#include "kernels/cases.h"
#include "kernels/layer_norm/layer_norm.h"

#include <stdio.h>
#include <string.h>

typedef enum value_kind {
    SIGNAL,   /* uniform around 0.1 */
    CONSTANT, /* all channels alike: no variance, epsilon alone divides */
    OFFSET    /* 1000 +- 1 */
} value_kind;

static const char *const names[] = {"signal", "constant", "offset"};

static const struct {
    int32_t channels;
    int64_t tokens;
    int32_t has_add;
    value_kind values;
    uint32_t flags;
} shapes[] = {
    {1, 1, 0, SIGNAL, CLEAVE_CASE_SMALL},      {5, 17, 0, SIGNAL, CLEAVE_CASE_SMALL},
    {16, 15, 1, SIGNAL, CLEAVE_CASE_SMALL},    {17, 16, 0, SIGNAL, CLEAVE_CASE_SMALL},
    {31, 47, 0, SIGNAL, CLEAVE_CASE_SMALL},    {33, 48, 1, SIGNAL, CLEAVE_CASE_SMALL},
    {12, 49, 0, SIGNAL, CLEAVE_CASE_SMALL},    {3, 7, 1, CONSTANT, CLEAVE_CASE_SMALL},
    {40, 100, 0, OFFSET, CLEAVE_CASE_SMALL},   {512, 101, 1, OFFSET, 0},
    {384, 2688, 0, SIGNAL, CLEAVE_CASE_BENCH}, {512, 2688, 0, SIGNAL, CLEAVE_CASE_BENCH},
    {512, 2688, 1, SIGNAL, CLEAVE_CASE_BENCH}, {512, 1344, 0, SIGNAL, CLEAVE_CASE_BENCH},
};

static void fill(const cleave_case *test, int operand, float *data, int64_t count)
{
    const int constant = strstr(test->label, names[CONSTANT]) != NULL;
    const float centre = strstr(test->label, names[OFFSET]) ? 1000 : 0.1f;

    for (int64_t i = 0; i < count; i++) {
        const float u = cleave_case_uniform((uint64_t)operand + 1, i);
        data[i] = operand ? u : constant ? centre : centre + u;
    }
}

int cleave_layer_norm_cases(int index, cleave_case *out)
{
    cleave_layer_norm_args args = {0};

    if (index < 0 || index >= (int)(sizeof shapes / sizeof shapes[0]))
        return 0;
    args.channels = shapes[index].channels;
    args.tokens = shapes[index].tokens;
    args.has_add = shapes[index].has_add;
    args.epsilon = 1e-5f;

    memset(out, 0, sizeof *out);
    memcpy(out->args.bytes, &args, sizeof args);
    snprintf(out->label, sizeof out->label, "%s D%d N%lld%s", names[shapes[index].values],
             args.channels, (long long)args.tokens, args.has_add ? " +" : "");
    /* Roundings of the distance, the factor, the weighted and the added value, each 2^-24 at most
     * and of random sign. */
    out->limit = 0x1p-23;
    out->flags = shapes[index].flags;
    out->fill = fill;
    return 1;
}
