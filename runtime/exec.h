/* exec.h: one op call, shared out among the workers. */
#ifndef CLEAVE_RUNTIME_EXEC_H
#define CLEAVE_RUNTIME_EXEC_H

#include "kernels/ops.h"
#include "runtime/workers.h"

/* A call with all that its kernel needs. */
typedef struct cleave_exec_call {
    const cleave_kernel *kernel;
    const void *args;       /* the op's argument struct, pointers bound */
    const void *prepared;   /* what kernel->prepare() made; NULL if it has none */
    unsigned char *scratch; /* [threads][scratch_bytes]; NULL if the kernel needs none */
    size_t scratch_bytes;
    int64_t items, grain;
} cleave_exec_call;

/* Runs the call and returns when it is complete. */
void cleave_exec_run(const cleave_exec_call *call, cleave_workers *workers);

/* Runs an op that needs neither scratch nor prepared tables: those that move and blend samples. */
void cleave_exec_op(const cleave_ops *ops, int32_t op, const void *args, cleave_workers *workers);

/* Items that one thread should at least do at a time: enough that waking another one is worth its
 * while. */
int64_t cleave_exec_grain(int32_t op, const void *args);

#endif
