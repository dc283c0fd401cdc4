/* kernel_call.c: a kernel of the table called by itself. */
#include "runtime/kernel_call.h"

void cleave_kernel_call_init(cleave_kernel_call *call, const cleave_ops *ops, int op,
                             const void *args, cleave_arena *arena)
{
    const cleave_kernel *kernel = &ops->kernel[op];

    call->op = cleave_op_get(op);
    call->kernel = kernel;
    assert(call->op->check(args) == NULL);
    if (kernel->scratch_bytes)
        call->scratch = cleave_arena_take(arena, 1, kernel->scratch_bytes(args));
    if (kernel->prepared_bytes)
        call->prepared = cleave_arena_take(arena, 1, kernel->prepared_bytes(args));
    if (call->prepared)
        kernel->prepare(args, call->prepared);
}

void cleave_kernel_call_run(const cleave_kernel_call *call, const void *args)
{
    const cleave_work work = {
        .end = call->op->items(args), .scratch = call->scratch, .prepared = call->prepared};

    assert(call->op->check(args) == NULL);
    call->kernel->run(args, &work);
}
