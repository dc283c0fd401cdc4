/* moments_cases.c: shapes for comparison and timing. */
#include "kernels/moments/moments.h"
#include "kernels/cases.h"

#include <string.h>

int cleave_moments_cases(int index, cleave_case *out)
{
    const cleave_moments_args args = {.rows = 3, .points = 17, .in_stride = 17};

    if (index > 0)
        return 0;
    memset(out, 0, sizeof *out);
    memcpy(out->args.bytes, &args, sizeof args);
    memcpy(out->label, "small", sizeof "small");
    out->limit = 1e-6;
    out->flags = CLEAVE_CASE_SMALL;
    return 1;
}
