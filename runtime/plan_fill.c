/* plan_fill.c: the constants of a plan and the tables of its kernels, made once. */
#include "runtime/plan.h"

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

/* Fills in the constants that prepare() may read and that the host has not got, makes the table of
 * the step, and forgets them for the next one. The host lacks those that are staged, and on a
 * device all. Returns whether the table could be taken over. */
static int prepare(const cleave_plan *plan, const cleave_graph *graph,
                   const cleave_plan_target *target, int32_t index)
{
    const cleave_graph_step *const from = &graph->step[index];
    const cleave_plan_step *const step = &plan->step[index];
    unsigned char *const staging = target->upload ? target->staging : plan->shared;
    unsigned char *kept[CLEAVE_OPERANDS_MAX];
    size_t used = 0;
    int staged = 0, taken = 1;

    for (int k = 0; k < from->operand_count; k++) {
        const cleave_graph_tensor *const tensor = &graph->tensor[from->operand[k]];
        kept[k] = plan->tensor[from->operand[k]].data;
        staged |= cleave_plan_is_staged(tensor);
        if (tensor->kind != CLEAVE_TENSOR_CONSTANT || cleave_plan_seen_before(from, k) ||
            !(cleave_plan_is_staged(tensor) || (target->upload && step->prepared)))
            continue;
        assert(step->prepared && (target->upload || used + tensor->bytes <= plan->shared_bytes));
        plan->tensor[from->operand[k]].data = staging + used;
        tensor->fill(staging + used, tensor->bytes, tensor->fill_context);
        used += cleave_align_up(tensor->bytes);
    }
    cleave_plan_bind(plan, index, from);
    if (step->prepared && target->upload) {
        step->kernel->prepare(step->args, staging + used);
        taken = target->upload(target->context, step->prepared, staging + used,
                               step->kernel->prepared_bytes(step->args));
    } else if (step->prepared) {
        step->kernel->prepare(step->args, step->prepared);
    }
    for (int k = 0; k < from->operand_count; k++)
        if (!cleave_plan_seen_before(from, k))
            plan->tensor[from->operand[k]].data = kept[k];
    if (used > 0)
        cleave_plan_bind(plan, index, from);
    if (staged && graph->packed)
        graph->packed(graph->packed_context);
    return taken;
}

int cleave_plan_fill(const cleave_plan *plan, const cleave_graph *graph,
                     const cleave_plan_target *target)
{
    for (int32_t i = 0; i < graph->tensor_count; i++) {
        const cleave_graph_tensor *const tensor = &graph->tensor[i];
        if (tensor->kind != CLEAVE_TENSOR_CONSTANT || cleave_plan_is_staged(tensor))
            continue;
        unsigned char *const to = plan->tensor[i].data;
        tensor->fill(target->upload ? target->staging : to, tensor->bytes, tensor->fill_context);
        if (target->upload && !target->upload(target->context, to, target->staging, tensor->bytes))
            return 0;
    }
    for (int32_t i = 0; i < graph->step_count; i++)
        if (!prepare(plan, graph, target, i))
            return 0;
    return 1;
}
