/* normalize_cases.c: every kind and activation, sets of every shape, and the sizes of models. */
#include "kernels/cases.h"
#include "kernels/normalize/normalize.h"

#include <stdio.h>
#include <string.h>

#define GROUP    CLEAVE_NORMALIZE_GROUP
#define STANDARD CLEAVE_NORMALIZE_STANDARD
#define RESTORE  CLEAVE_NORMALIZE_RESTORE
#define LINEAR   CLEAVE_NORMALIZE_LINEAR
#define GELU     CLEAVE_NORMALIZE_GELU
#define GLU      CLEAVE_NORMALIZE_GLU
#define ALL      (CLEAVE_NORMALIZE_SCALE | CLEAVE_NORMALIZE_RESIDUAL)
#define SMALL    CLEAVE_CASE_SMALL
#define BENCH    CLEAVE_CASE_BENCH

typedef enum value_kind {
    SIGNAL,   /* uniform in [-1, 1) */
    CONSTANT, /* one value, without spread */
    OFFSET    /* 1000 +- 1 */
} value_kind;

static const char *const kinds[] = {"group", "standard", "restore"};
static const char *const acts[] = {"linear", "gelu", "glu"};
static const char *const values[] = {"", " constant", " offset"};

typedef struct shape {
    int32_t channels, groups, moment_channels;
    int64_t rows, points;
    int32_t per_row;
    int64_t gap; /* between channels of out */
    cleave_normalize_kind kind;
    cleave_normalize_act act;
    uint32_t uses;
    value_kind values;
    uint32_t flags;
} shape;

static const shape shapes[] = {
    {1, 1, 1, 1, 1, 0, 0, GROUP, LINEAR, 0, SIGNAL, SMALL},
    {4, 1, 4, 1, 17, 0, 0, GROUP, LINEAR, 0, SIGNAL, SMALL},
    {4, 4, 4, 3, 5, 0, 0, GROUP, LINEAR, CLEAVE_NORMALIZE_SCALE, SIGNAL, SMALL},
    {8, 4, 8, 2, 31, 1, 0, GROUP, GELU, 0, SIGNAL, SMALL},
    {5, 5, 5, 9, 16, 1, 0, GROUP, GELU, ALL, SIGNAL, SMALL},
    {6, 1, 6, 17, 33, 1, 0, GROUP, LINEAR, CLEAVE_NORMALIZE_RESIDUAL, SIGNAL, SMALL},
    {2, 1, 2, 1, 15, 0, 0, GROUP, GLU, 0, SIGNAL, SMALL},
    {8, 1, 8, 3, 65, 1, 0, GROUP, GLU, ALL, SIGNAL, SMALL},
    {8, 4, 8, 11, 63, 1, 0, GROUP, GLU, ALL, SIGNAL, SMALL},
    {6, 6, 6, 2, 7, 0, 0, GROUP, GLU, CLEAVE_NORMALIZE_RESIDUAL, SIGNAL, SMALL},
    {6, 3, 6, 2, 9, 1, 0, GROUP, GLU, CLEAVE_NORMALIZE_SCALE, SIGNAL, SMALL},
    {8, 1, 8, 9, 21, 1, 40, GROUP, GLU, ALL, SIGNAL, SMALL},
    {5, 1, 5, 2, 30, 0, 7, GROUP, GELU, CLEAVE_NORMALIZE_RESIDUAL, SIGNAL, SMALL},
    {3, 1, 3, 3, 6, 1, 1, GROUP, LINEAR, 0, SIGNAL, SMALL},
    {4, 2, 4, 3, 20, 1, 0, GROUP, LINEAR, 0, CONSTANT, SMALL},
    {4, 1, 4, 3, 20, 1, 0, GROUP, GELU, ALL, OFFSET, SMALL},
    {3, 1, 3, 2, 40, 0, 0, GROUP, LINEAR, 0, OFFSET, SMALL},
    {1, 1, 1, 1, 1, 0, 0, STANDARD, LINEAR, 0, SIGNAL, SMALL},
    {2, 1, 2, 1, 1, 0, 0, STANDARD, LINEAR, 0, SIGNAL, SMALL},
    {2, 1, 2, 3, 18, 0, 0, STANDARD, LINEAR, 0, OFFSET, SMALL},
    {1, 1, 1, 1, 1, 0, 0, RESTORE, LINEAR, 0, SIGNAL, SMALL},
    {6, 1, 2, 2, 19, 0, 0, RESTORE, LINEAR, 0, SIGNAL, SMALL},
    {3, 1, 4, 2, 8, 1, 0, RESTORE, LINEAR, CLEAVE_NORMALIZE_SCALE, SIGNAL, SMALL},
    {3, 1, 3, 1, 8193, 0, 0, GROUP, GELU, 0, SIGNAL, 0},
    {4, 1, 4, 3, 9000, 1, 0, GROUP, GLU, ALL, OFFSET, 0},
    {70, 1, 70, 20, 336, 1, 0, GROUP, GLU, ALL, SIGNAL, 0},
    {6, 1, 6, 512, 336, 1, 0, GROUP, GELU, 0, SIGNAL, BENCH},
    {48, 1, 48, 8, 336, 1, 0, GROUP, GELU, 0, SIGNAL, BENCH},
    {192, 1, 192, 128, 336, 1, 0, GROUP, GLU, ALL, SIGNAL, BENCH},
    {768, 1, 768, 8, 336, 1, 0, GROUP, GLU, ALL, SIGNAL, BENCH},
    {192, 1, 192, 1, 21499, 0, 0, GROUP, GLU, ALL, SIGNAL, BENCH},
    {512, 1, 512, 8, 336, 0, 0, GROUP, LINEAR, 0, SIGNAL, BENCH},
    {768, 4, 768, 1, 336, 0, 0, GROUP, GELU, 0, SIGNAL, 0},
    {4, 1, 4, 2048, 336, 0, 0, STANDARD, LINEAR, 0, SIGNAL, BENCH},
    {16, 1, 4, 100, 336, 0, 0, RESTORE, LINEAR, 0, SIGNAL, 0},
    {2, 1, 2, 1, 343980, 0, 0, STANDARD, LINEAR, 0, SIGNAL, BENCH},
};

static void args_of(const shape *s, cleave_normalize_args *a)
{
    memset(a, 0, sizeof *a);
    a->channels = s->channels;
    a->groups = s->groups;
    a->moment_channels = s->moment_channels;
    a->rows = s->rows;
    a->points = s->points;
    a->out_channel_stride = s->rows * s->points + s->gap;
    a->moment_points = s->per_row ? s->points : s->rows * s->points;
    a->per_row = s->per_row;
    a->epsilon = 1e-5f;
    a->kind = s->kind;
    a->act = s->act;
    a->uses = s->uses;
}

/* Moments that fit the input about, but differ from channel to channel and row to row. */
static void fill(const cleave_case *test, int operand, float *data, int64_t count)
{
    const int constant = strstr(test->label, values[CONSTANT]) != NULL;
    const float centre = strstr(test->label, values[OFFSET]) ? 1000 : constant ? 0.7f : 0;
    cleave_normalize_args a;

    memcpy(&a, test->args.bytes, sizeof a);
    for (int64_t i = 0; i < count; i++) {
        const float u = cleave_case_uniform((uint64_t)operand + 1, i);
        if (operand > 1)
            data[i] = u;
        else if (operand == 0)
            data[i] = constant ? centre : centre + u;
        else if (i % 2 == 0)
            data[i] = constant ? centre : centre + 0.3f * u;
        else
            data[i] = constant ? 0 : (0.4f + 0.2f * u) * (float)a.moment_points;
    }
}

int cleave_normalize_cases(int index, cleave_case *out)
{
    cleave_normalize_args a;

    if (index < 0 || index >= (int)(sizeof shapes / sizeof shapes[0]))
        return 0;
    const shape *const s = &shapes[index];
    args_of(s, &a);

    const int has_residual = (a.uses & CLEAVE_NORMALIZE_RESIDUAL) != 0;
    memset(out, 0, sizeof *out);
    memcpy(out->args.bytes, &a, sizeof a);
    snprintf(out->label, sizeof out->label, "%s%d%s %s%s C%d R%lld%s P%lld%s%s", kinds[a.kind],
             a.groups, a.uses & CLEAVE_NORMALIZE_SCALE ? " scale" : "", acts[a.act],
             has_residual ? " +" : "", a.channels, (long long)a.rows, a.per_row ? " each" : "",
             (long long)a.points, s->gap ? " gap" : "", values[s->values]);
    /* Roundings of the norm (factor, bias, sum), of the activation (two on the average) and of the
     * scale, each 2^-24 at most and of random sign. */
    out->limit = 0x1p-23;
    out->flags = s->flags;
    out->fill = fill;
    return 1;
}
