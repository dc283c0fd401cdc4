/* spleeter_naive.h: Spleeter in double, from the formulas as they are published: channels last, the
 * file's own layout of weights, padding and transposed convolutions by their definitions. */
#ifndef CLEAVE_TESTS_SPLEETER_NAIVE_H
#define CLEAVE_TESTS_SPLEETER_NAIVE_H

#include "weights/spleeter_arguments.h"
#include "weights/table.h"

/* All instruments of one patch, [I][2][V] from [2][V], V = T frame_step + frame_length -
 * frame_step. In one piece, which the caller frees. For small networks. */
double *spleeter_naive(const cleave_table *table, const cleave_spleeter *spleeter,
                       const float *input);

#endif
