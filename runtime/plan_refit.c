/* plan_refit.c: a plan fitted to a graph of smaller tensors. */
#include "runtime/plan.h"

#include <string.h>

#include "runtime/error.h"
#include "runtime/exec.h"

/* Whether the tensor can live where the planned one does. What is kept from run to run keeps its
 * size. */
static int tensor_fits(const cleave_plan_tensor *planned, const cleave_graph_tensor *tensor)
{
    if (planned->kind != tensor->kind)
        return 0;
    return cleave_plan_shares(planned->kind) ? tensor->bytes <= planned->bytes
                                             : tensor->bytes == planned->bytes;
}

/* What keeps the step from taking the planned one's place; NULL: nothing. */
static const char *step_misfit(const cleave_plan *plan, const cleave_plan_step *planned,
                               const cleave_graph_step *step)
{
    const cleave_op *const op = cleave_op_get(step->op);
    const cleave_kernel *const kernel = planned->kernel;
    cleave_operand before[CLEAVE_OPERANDS_MAX], now[CLEAVE_OPERANDS_MAX];

    if (planned->op != step->op)
        return "it has another op";
    const int count = op->operands(step->args.bytes, now);
    if (count != op->operands(planned->args, before) ||
        memcmp(planned->operand, step->operand, (size_t)count * sizeof step->operand[0]) != 0)
        return "it has other tensors";
    for (int k = 0; k < count; k++)
        if ((now[k].access & CLEAVE_PREPARED) && now[k].bytes != before[k].bytes)
            return "it has weights of another size";
    if (kernel->prepared_bytes &&
        kernel->prepared_bytes(step->args.bytes) != kernel->prepared_bytes(planned->args))
        return "it has another prepared table";
    if (kernel->scratch_bytes && kernel->scratch_bytes(step->args.bytes) > plan->scratch_bytes)
        return "it needs more scratch";
    return NULL;
}

static cleave_status check(const cleave_plan *plan, const cleave_graph *graph, cleave_error *error)
{
    if (graph->error.status != CLEAVE_OK)
        return cleave_error_set(error, graph->error.status, "%s", graph->error.message);
    if (graph->tensor_count != plan->tensor_count || graph->step_count != plan->step_count)
        return cleave_error_set(error, CLEAVE_UNSUPPORTED,
                                "the plan has %d tensors and %d steps, the graph %d and %d",
                                (int)plan->tensor_count, (int)plan->step_count,
                                (int)graph->tensor_count, (int)graph->step_count);
    for (int32_t i = 0; i < plan->tensor_count; i++)
        if (!tensor_fits(&plan->tensor[i], &graph->tensor[i]))
            return cleave_error_set(error, CLEAVE_UNSUPPORTED,
                                    "tensor \"%s\" (%zu bytes) does not fit \"%s\" of the plan "
                                    "(%zu bytes)",
                                    graph->tensor[i].label, graph->tensor[i].bytes,
                                    plan->tensor[i].label, plan->tensor[i].bytes);
    for (int32_t i = 0; i < plan->step_count; i++) {
        const char *const misfit = step_misfit(plan, &plan->step[i], &graph->step[i]);
        if (misfit)
            return cleave_error_set(error, CLEAVE_UNSUPPORTED,
                                    "step \"%s\" does not fit \"%s\" of the plan: %s",
                                    graph->step[i].label, plan->step[i].label, misfit);
    }
    return CLEAVE_OK;
}

cleave_status cleave_plan_refit(const cleave_plan *plan, const cleave_graph *graph,
                                cleave_error *error)
{
    const cleave_status status = check(plan, graph, error);

    if (status != CLEAVE_OK)
        return status;
    for (int32_t i = 0; i < plan->step_count; i++) {
        const cleave_graph_step *const from = &graph->step[i];
        const cleave_op *const op = cleave_op_get(from->op);
        cleave_plan_step *const step = &plan->step[i];
        memcpy(step->args, from->args.bytes, op->args_bytes);
        step->items = op->items(step->args);
        step->grain = cleave_exec_grain(from->op, step->args);
        cleave_plan_bind(plan, i, from);
    }
    return CLEAVE_OK;
}
