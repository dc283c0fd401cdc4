/* exec.c: one op call, shared out among the workers. */
#include "runtime/exec.h"

/* Bytes that a thread should have to do. One that sleeps takes tens of microseconds to join in; in
 * that time a core moves a megabyte within its cache; an op that does not stream spends far longer
 * on a byte. Measured on 600 s of center:naive with 2 threads (AVX-512 Xeon, 2 cores): 256 KB 0.55
 * s, 512 KB 0.30 s, 1 MB 0.24 s. */
#define SHARE_BYTES_STREAMED 1048576
#define SHARE_BYTES_COMPUTED 16384

static void work(void *context, int32_t worker, int64_t begin, int64_t end)
{
    const cleave_exec_call *const call = context;
    const cleave_work share = {
        .begin = begin,
        .end = end,
        .scratch = call->scratch ? call->scratch + (size_t)worker * call->scratch_bytes : NULL,
        .prepared = call->prepared,
    };

    call->kernel->run(call->args, &share);
}

void cleave_exec_run(const cleave_exec_call *call, cleave_workers *workers)
{
    cleave_workers_run(workers, call->items, call->grain, work, (void *)call);
}

int64_t cleave_exec_grain(int32_t op, const void *args)
{
    const cleave_op *const contract = cleave_op_get(op);
    cleave_operand operand[CLEAVE_OPERANDS_MAX];
    const int count = contract->operands(args, operand);
    const int64_t items = contract->items(args);
    size_t bytes = 0;

    for (int k = 0; k < count; k++)
        bytes += operand[k].bytes;
    const int64_t item_bytes = (int64_t)(bytes / (size_t)cleave_i64_max(items, 1));
    const int64_t share_bytes = contract->streams ? SHARE_BYTES_STREAMED : SHARE_BYTES_COMPUTED;
    return cleave_div_up(share_bytes, cleave_i64_max(item_bytes, 1));
}

void cleave_exec_op(const cleave_ops *ops, int32_t op, const void *args, cleave_workers *workers)
{
    const cleave_exec_call call = {
        .kernel = &ops->kernel[op],
        .args = args,
        .items = cleave_op_get(op)->items(args),
        .grain = cleave_exec_grain(op, args),
    };

    assert(!cleave_op_get(op)->check(args));
    assert(!call.kernel->scratch_bytes || call.kernel->scratch_bytes(args) == 0);
    assert(!call.kernel->prepared_bytes || call.kernel->prepared_bytes(args) == 0);
    cleave_exec_run(&call, workers);
}
