/* check_kernels.h: judges one kernel against the reference of its op, on one case.
 *
 * A run happens in a place of its own: tensors end at a page that cannot be touched, or start at
 * the alignment that a plan gives them, with guards around; outputs, scratch and tables hold NaN
 * before. The output of a kernel must lie within the limit of the case, must not depend on how its
 * items are cut up, and must leave all else as it was. */
#ifndef CLEAVE_TESTS_CHECK_KERNELS_H
#define CLEAVE_TESTS_CHECK_KERNELS_H

#include "kernels/cases.h"

#include <stddef.h>

/* Outputs hold this NaN, which no kernel computes, before a run. */
#define CHECK_POISON_BITS 0x7FC0DEADu

typedef enum check_placement {
    CHECK_ALIGNED,  /* tensors start on CLEAVE_ALIGN_BYTES */
    CHECK_AT_BORDER /* their last byte lies before a page without access */
} check_placement;

/* A piece of memory with guards on both sides. */
typedef struct check_block {
    unsigned char *map, *data;
    size_t map_bytes, bytes;
} check_block;

/* One set of tensors of a step. */
typedef struct check_tensors {
    int count;
    cleave_operand operand[CLEAVE_OPERANDS_MAX];
    check_block block[CLEAVE_OPERANDS_MAX];
    cleave_case test; /* whose arguments point into the blocks */
} check_tensors;

/* A case with what its kernels are judged by: made once, shared by all kernels. */
typedef struct check_case {
    int index; /* CLEAVE_OP_* */
    const cleave_op *op;
    check_tensors inputs; /* that nothing ran on */
    check_tensors ref;    /* that the reference ran on */
} check_case;

typedef enum check_fault {
    CHECK_GOOD,
    CHECK_OUTSIDE,  /* wrote outside of its outputs, scratch or tables */
    CHECK_INEXACT,  /* further from the reference than the limit, or left values unwritten */
    CHECK_NOTHING,  /* the reference wrote nothing that could be compared */
    CHECK_PARTITION /* several parts gave another result than one */
} check_fault;

typedef struct check_verdict {
    check_fault fault;
    int runs;  /* that were good */
    int parts; /* into which the items of the faulty run were cut */
    double
        error; /* ||x - ref|| / ||ref|| over all outputs; infinite for a value left or in excess */
} check_verdict;

/* Makes tensors and runs the reference. Returns 0, and counts a failure, if the case breaks the
 * contract of its op or the reference leaves its memory; check_case_free() is due in any case. */
int check_case_new(check_case *c, int index, const cleave_case *test);
void check_case_free(check_case *c);

/* Runs `kernel` whole and cut into 2, 3 and 8 parts, up to the first fault. */
check_verdict check_kernel_at(const check_case *c, const cleave_kernel *kernel,
                              check_placement place);

/* In one piece only, for a kernel that cannot have its items cut up. */
check_verdict check_kernel_whole(const check_case *c, const cleave_kernel *kernel,
                                 check_placement place);

/* As check_kernel_at() for both placements (the FFT, whose input must be aligned: for one), with a
 * failure of the running test for a fault, that calls the kernel `name`. Returns how many runs were
 * good. */
int check_kernel(const check_case *c, const cleave_kernel *kernel, const char *name);

#endif
