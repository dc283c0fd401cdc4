/* plan_fill.c: the constants of a plan and the tables of its kernels, made once. */
#include "runtime/plan.h"

#include <stdatomic.h>
#include <string.h>

#include "runtime/cpu.h"

/* Bytes of operands of the step that are made in the staging memory, with its table. */
static size_t step_staging_bytes(const cleave_graph *graph, const cleave_graph_step *step,
                                 const cleave_kernel *kernel)
{
    size_t bytes = 0;

    if (!kernel->prepared_bytes)
        return 0;
    for (int k = 0; k < step->operand_count; k++) {
        const cleave_graph_tensor *const tensor = &graph->tensor[step->operand[k]];
        if (tensor->kind == CLEAVE_TENSOR_CONSTANT && !cleave_plan_seen_before(step, k))
            bytes += cleave_align_up(tensor->bytes);
    }
    return bytes + cleave_align_up(kernel->prepared_bytes(step->args.bytes));
}

size_t cleave_plan_staging_bytes(const cleave_graph *graph, const cleave_ops *ops)
{
    size_t most = CLEAVE_ALIGN_BYTES;

    for (int32_t i = 0; i < graph->tensor_count; i++) {
        const cleave_graph_tensor *const tensor = &graph->tensor[i];
        const size_t bytes = cleave_align_up(tensor->bytes);
        if (tensor->kind == CLEAVE_TENSOR_CONSTANT && !cleave_plan_is_staged(tensor) &&
            bytes > most)
            most = bytes;
    }
    for (int32_t i = 0; i < graph->step_count; i++) {
        const cleave_graph_step *const step = &graph->step[i];
        const size_t bytes = step_staging_bytes(graph, step, &ops->kernel[step->op]);
        most = bytes > most ? bytes : most;
    }
    return most;
}

/* Whether operand k of the step is made in the staging memory: the host lacks the constants that
 * are staged, and on a device, of those that prepare() may read, all. */
static int is_made(const cleave_plan_step *step, const cleave_graph *graph,
                   const cleave_graph_step *from, int k, int on_device)
{
    const cleave_graph_tensor *const tensor = &graph->tensor[from->operand[k]];

    return tensor->kind == CLEAVE_TENSOR_CONSTANT &&
           (cleave_plan_is_staged(tensor) || (on_device && step->prepared));
}

/* Writes the addresses of the operands into a copy of the step: only prepare() will see it. */
static void bind(cleave_graph_step *step, unsigned char *const data[CLEAVE_OPERANDS_MAX])
{
    cleave_operand operand[CLEAVE_OPERANDS_MAX];
    const int count = cleave_op_get(step->op)->operands(step->args.bytes, operand);

    for (int k = 0; k < count; k++) {
        void *const pointer = data[k] ? data[k] + step->offset[k] : NULL;
        memcpy(step->args.bytes + operand[k].field, &pointer, sizeof pointer);
    }
}

/* Makes the table of a step from constants that are filled into the staging memory and forgotten
 * for the next step. Touches nothing else but the table, so that threads with a staging memory each
 * can make those of different steps. Returns whether the table could be taken over. */
static int prepare(const cleave_plan *plan, const cleave_graph *graph,
                   const cleave_plan_target *target, int32_t index, unsigned char *staging)
{
    const cleave_graph_step *const from = &graph->step[index];
    const cleave_plan_step *const step = &plan->step[index];
    unsigned char *data[CLEAVE_OPERANDS_MAX];
    size_t used = 0;

    if (!step->prepared)
        return 1;
    for (int k = 0; k < from->operand_count; k++) {
        const cleave_graph_tensor *const tensor = &graph->tensor[from->operand[k]];
        data[k] = plan->tensor[from->operand[k]].data;
        if (!is_made(step, graph, from, k, target->upload != NULL))
            continue;
        for (int before = 0; before < k; before++)
            if (from->operand[before] == from->operand[k])
                data[k] = data[before];
        if (cleave_plan_seen_before(from, k))
            continue;
        data[k] = staging + used;
        tensor->fill(data[k], tensor->bytes, tensor->fill_context);
        used += cleave_align_up(tensor->bytes);
    }
    cleave_graph_step bound = *from;
    bind(&bound, data);
    if (!target->upload) {
        step->kernel->prepare(bound.args.bytes, step->prepared);
        return 1;
    }
    step->kernel->prepare(bound.args.bytes, staging + used);
    return target->upload(target->context, step->prepared, staging + used,
                          step->kernel->prepared_bytes(step->args));
}

/* What the threads share while they fill constants and make tables. */
typedef struct filling {
    const cleave_plan *plan;
    const cleave_graph *graph;
    const cleave_plan_target *target;
    size_t staging_bytes; /* of a thread, in the shared block; for tables */
    _Atomic int32_t next; /* constant or step that no thread has taken */
} filling;

/* Each thread takes one after the other: most are small, and a few have nearly all the weights. */
static int32_t take_next(filling *f)
{
    return atomic_fetch_add_explicit(&f->next, 1, memory_order_relaxed);
}

static int reads_staged(const cleave_graph *graph, const cleave_graph_step *step)
{
    for (int k = 0; k < step->operand_count; k++)
        if (cleave_plan_is_staged(&graph->tensor[step->operand[k]]))
            return 1;
    return 0;
}

/* The caller's thread, number 0, tells what has been packed; what others packed meanwhile with it.
 */
static void prepare_some(void *context, int32_t worker, int64_t begin, int64_t end)
{
    filling *const f = context;

    (void)begin, (void)end;
    for (int32_t i; (i = take_next(f)) < f->graph->step_count;) {
        prepare(f->plan, f->graph, f->target, i,
                f->plan->shared + (size_t)worker * f->staging_bytes);
        if (worker == 0 && f->graph->packed && reads_staged(f->graph, &f->graph->step[i]))
            f->graph->packed(f->graph->packed_context);
    }
}

/* Bytes that the constants of any one step take while its table is made. */
static size_t staging_bytes_most(const cleave_plan *plan, const cleave_graph *graph)
{
    size_t most = 0;

    for (int32_t i = 0; i < graph->step_count; i++) {
        const cleave_graph_step *const step = &graph->step[i];
        size_t bytes = 0;
        for (int k = 0; k < step->operand_count; k++)
            if (is_made(&plan->step[i], graph, step, k, 0) && !cleave_plan_seen_before(step, k))
                bytes += cleave_align_up(graph->tensor[step->operand[k]].bytes);
        most = bytes > most ? bytes : most;
    }
    return most;
}

/* One of the constants that steps read when they run. */
static int fill_constant(const filling *f, int64_t index)
{
    const cleave_graph_tensor *const tensor = &f->graph->tensor[index];
    const cleave_plan_target *const target = f->target;
    unsigned char *const to = f->plan->tensor[index].data;

    if (tensor->kind != CLEAVE_TENSOR_CONSTANT || cleave_plan_is_staged(tensor))
        return 1;
    tensor->fill(target->upload ? target->staging : to, tensor->bytes, tensor->fill_context);
    return !target->upload || target->upload(target->context, to, target->staging, tensor->bytes);
}

static void fill_some(void *context, int32_t worker, int64_t begin, int64_t end)
{
    filling *const f = context;

    (void)worker, (void)begin, (void)end;
    for (int32_t i; (i = take_next(f)) < f->graph->tensor_count;)
        fill_constant(f, i);
}

static int fill_constants(const cleave_plan *plan, const cleave_graph *graph,
                          const cleave_plan_target *target)
{
    filling f = {.plan = plan, .graph = graph, .target = target};
    int done = 1;

    if (target->workers)
        cleave_workers_run(target->workers, plan->threads, 1, fill_some, &f);
    for (int32_t i = 0; i < graph->tensor_count && done && !target->workers; i++)
        done = fill_constant(&f, i);
    return done;
}

static int make_tables(const cleave_plan *plan, const cleave_graph *graph,
                       const cleave_plan_target *target)
{
    unsigned char *const staging = target->upload ? target->staging : plan->shared;
    filling f = {
        .plan = plan,
        .graph = graph,
        .target = target,
        .staging_bytes = staging_bytes_most(plan, graph),
    };

    if (target->workers && f.staging_bytes <= plan->shared_bytes / (size_t)plan->threads) {
        cleave_workers_run(target->workers, plan->threads, 1, prepare_some, &f);
        if (graph->packed)
            graph->packed(graph->packed_context);
        return 1;
    }
    for (int32_t i = 0; i < graph->step_count; i++) {
        if (!prepare(plan, graph, target, i, staging))
            return 0;
        if (graph->packed && reads_staged(graph, &graph->step[i]))
            graph->packed(graph->packed_context);
    }
    return 1;
}

/* In the mode of the threads, whether they take part or not: the same weights give the same bits.
 */
int cleave_plan_fill(const cleave_plan *plan, const cleave_graph *graph,
                     const cleave_plan_target *target)
{
    const uint64_t mode = cleave_cpu_mode_set();
    const int done = fill_constants(plan, graph, target) && make_tables(plan, graph, target);

    cleave_cpu_mode_restore(mode);
    return done;
}
