/* conv_cases.c: shapes for comparison and timing. */
#include "kernels/conv/conv.h"
#include "kernels/cases.h"

#include <string.h>

int cleave_conv_cases(int index, cleave_case *out)
{
    const cleave_conv_args args = {.in_channels = 3,
                                   .channels = 5,
                                   .in_rows = 1,
                                   .in_points = 17,
                                   .in_channel_stride = 17,
                                   .in_row_stride = 17,
                                   .out_rows = 1,
                                   .out_points = 17,
                                   .out_channel_stride = 17,
                                   .out_row_stride = 17,
                                   .kernel_rows = 1,
                                   .kernel_points = 3,
                                   .stride_rows = 1,
                                   .stride_points = 1,
                                   .dilation = 1,
                                   .pad_points = 1,
                                   .uses = CLEAVE_CONV_BIAS};

    if (index > 0)
        return 0;
    memset(out, 0, sizeof *out);
    memcpy(out->args.bytes, &args, sizeof args);
    memcpy(out->label, "small", sizeof "small");
    out->limit = 1e-6;
    out->flags = CLEAVE_CASE_SMALL;
    return 1;
}
