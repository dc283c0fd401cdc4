/* attention_cases.c: shapes for comparison and timing. */
#include "kernels/attention/attention.h"
#include "kernels/cases.h"

#include <string.h>

int cleave_attention_cases(int index, cleave_case *out)
{
    const cleave_attention_args args = {.heads = 2,
                                        .width = 3,
                                        .queries = 17,
                                        .keys = 5,
                                        .q_stride = 17,
                                        .kv_stride = 5,
                                        .out_stride = 17,
                                        .scale = 0.5f};

    if (index > 0)
        return 0;
    memset(out, 0, sizeof *out);
    memcpy(out->args.bytes, &args, sizeof args);
    memcpy(out->label, "small", sizeof "small");
    out->limit = 1e-6;
    out->flags = CLEAVE_CASE_SMALL;
    return 1;
}
