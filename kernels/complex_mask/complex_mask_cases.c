/* complex_mask_cases.c: spectrograms of the models, tails of every vector width. */
#include "kernels/cases.h"
#include "kernels/complex_mask/complex_mask.h"

#include <stdio.h>
#include <string.h>

static const struct {
    int32_t stems, channels, mask_channels;
    int64_t points;
    uint32_t flags;
} shapes[] = {
    {1, 1, 1, 1, CLEAVE_CASE_SMALL},
    {2, 2, 2, 15, CLEAVE_CASE_SMALL},
    {3, 2, 1, 33, CLEAVE_CASE_SMALL},
    {2, 3, 3, 4097, CLEAVE_CASE_SMALL},
    {5, 2, 1, 8191, 0},
    {2, 2, 2, 2049 * 17, 0},
    {2, 2, 1, 2049 * 517, CLEAVE_CASE_BENCH}, /* the centre method, 12 s */
    {4, 2, 2, 2049 * 336, CLEAVE_CASE_BENCH}, /* four stems of 7.8 s */
};

int cleave_complex_mask_cases(int index, cleave_case *out)
{
    cleave_complex_mask_args args = {0};

    if (index < 0 || index >= (int)(sizeof shapes / sizeof shapes[0]))
        return 0;
    args.stems = shapes[index].stems;
    args.channels = shapes[index].channels;
    args.mask_channels = shapes[index].mask_channels;
    args.points = shapes[index].points;

    memset(out, 0, sizeof *out);
    memcpy(out->args.bytes, &args, sizeof args);
    snprintf(out->label, sizeof out->label, "S%d C%d/%d P%lld", (int)args.stems, (int)args.channels,
             (int)args.mask_channels, (long long)args.points);
    out->limit = 0; /* one product of two floats, rounded once everywhere */
    out->flags = shapes[index].flags;
    return 1;
}
