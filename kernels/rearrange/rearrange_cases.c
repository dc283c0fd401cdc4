/* rearrange_cases.c: what the graphs do with layouts: copies, slices, joins, transposes,
 * interleaving. */
#include "kernels/cases.h"
#include "kernels/rearrange/rearrange.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    int64_t size[4], in_stride[4], out_stride[4];
    uint32_t flags;
} shapes[] = {
    {"one element", {1, 1, 1, 1}, {0, 0, 0, 0}, {0, 0, 0, 0}, CLEAVE_CASE_SMALL},
    {"copy", {1, 1, 1, 37}, {0, 0, 0, 1}, {0, 0, 0, 1}, CLEAVE_CASE_SMALL},
    {"copy of all axes", {2, 3, 5, 7}, {105, 35, 7, 1}, {105, 35, 7, 1}, CLEAVE_CASE_SMALL},
    {"slice of rows", {1, 3, 5, 7}, {0, 90, 9, 1}, {0, 35, 7, 1}, CLEAVE_CASE_SMALL},
    {"join into rows", {1, 3, 5, 7}, {0, 35, 7, 1}, {0, 90, 9, 1}, CLEAVE_CASE_SMALL},
    {"broadcast", {1, 2, 6, 9}, {0, 9, 0, 1}, {0, 54, 9, 1}, CLEAVE_CASE_SMALL},
    {"broadcast of columns", {1, 1, 6, 9}, {0, 0, 1, 0}, {0, 0, 9, 1}, CLEAVE_CASE_SMALL},
    {"transpose", {1, 1, 16, 16}, {0, 0, 16, 1}, {0, 0, 1, 16}, CLEAVE_CASE_SMALL},
    {"transpose", {1, 2, 19, 35}, {0, 665, 35, 1}, {0, 665, 1, 19}, CLEAVE_CASE_SMALL},
    {"transpose of a slice", {1, 2, 17, 33}, {0, 900, 40, 1}, {0, 700, 1, 20}, CLEAVE_CASE_SMALL},
    {"transpose, axes named in reverse",
     {1, 1, 33, 18},
     {0, 0, 1, 33},
     {0, 0, 18, 1},
     CLEAVE_CASE_SMALL},
    {"one column", {1, 1, 29, 1}, {0, 0, 1, 0}, {0, 0, 1, 0}, CLEAVE_CASE_SMALL},
    {"column to row", {1, 1, 29, 1}, {0, 0, 7, 0}, {0, 0, 1, 0}, CLEAVE_CASE_SMALL},
    {"row to column", {1, 1, 1, 29}, {0, 0, 0, 1}, {0, 0, 0, 3}, CLEAVE_CASE_SMALL},
    {"every second", {1, 2, 3, 20}, {0, 120, 40, 2}, {0, 60, 20, 1}, CLEAVE_CASE_SMALL},
    {"stretched both ways", {2, 2, 5, 6}, {200, 100, 20, 3}, {240, 120, 2, 20}, CLEAVE_CASE_SMALL},
    {"interleave", {1, 1, 2, 67}, {0, 0, 67, 1}, {0, 0, 1, 2}, CLEAVE_CASE_SMALL},
    {"interleave 2 of 6", {1, 1, 2, 67}, {0, 0, 67, 1}, {0, 0, 1, 6}, CLEAVE_CASE_SMALL},
    {"deinterleave", {1, 1, 2, 67}, {0, 0, 1, 2}, {0, 0, 70, 1}, CLEAVE_CASE_SMALL},
    {"deinterleave, axes in reverse",
     {1, 1, 67, 2},
     {0, 0, 2, 1},
     {0, 0, 1, 67},
     CLEAVE_CASE_SMALL},
    {"interleave 6", {1, 1, 6, 5375}, {0, 0, 5375, 1}, {0, 0, 1, 6}, 0},
    {"interleave a song", {1, 1, 2, 343980}, {0, 0, 343980, 1}, {0, 0, 1, 2}, CLEAVE_CASE_BENCH},
    {"frames to bins",
     {1, 2, 517, 2049},
     {0, 1059333, 2049, 1},
     {0, 1059333, 1, 517},
     CLEAVE_CASE_BENCH},
    {"bins cut to 2048",
     {1, 2, 517, 2048},
     {0, 1059333, 2049, 1},
     {0, 1058816, 2048, 1},
     CLEAVE_CASE_BENCH},
};

int cleave_rearrange_cases(int index, cleave_case *out)
{
    cleave_rearrange_args args = {0};

    if (index < 0 || index >= (int)(sizeof shapes / sizeof shapes[0]))
        return 0;
    for (int axis = 0; axis < CLEAVE_REARRANGE_AXES; axis++) {
        args.size[axis] = shapes[index].size[axis];
        args.in_stride[axis] = shapes[index].in_stride[axis];
        args.out_stride[axis] = shapes[index].out_stride[axis];
    }
    memset(out, 0, sizeof *out);
    memcpy(out->args.bytes, &args, sizeof args);
    snprintf(out->label, sizeof out->label, "%s %lldx%lldx%lldx%lld", shapes[index].name,
             (long long)args.size[0], (long long)args.size[1], (long long)args.size[2],
             (long long)args.size[3]);
    out->limit = 0;
    out->flags = shapes[index].flags;
    return 1;
}
