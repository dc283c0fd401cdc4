/* kernel_call.h: a kernel of the table called by itself, outside of a plan. */
#ifndef CLEAVE_RUNTIME_KERNEL_CALL_H
#define CLEAVE_RUNTIME_KERNEL_CALL_H

#include "kernels/ops.h"
#include "runtime/arena.h"

typedef struct cleave_kernel_call {
    const cleave_kernel *kernel;
    const cleave_op *op;
    void *scratch, *prepared;
} cleave_kernel_call;

/* Takes scratch and tables for the kernel of `op` from the arena and prepares them (unless the
 * arena counts). `args` has the largest sizes that will be run; constants must be in place. */
void cleave_kernel_call_init(cleave_kernel_call *call, const cleave_ops *ops, int op,
                             const void *args, cleave_arena *arena);

/* Runs all items on the calling thread. */
void cleave_kernel_call_run(const cleave_kernel_call *call, const void *args);

#endif
