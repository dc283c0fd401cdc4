/* plan.c: a graph with an address for every tensor. */
#include "runtime/plan.h"

#include <stdatomic.h>
#include <string.h>

#include "runtime/error.h"
#include "runtime/exec.h"

/* Takes the tensor's place and tells where it is; NULL if it has none. */
static unsigned char *take_tensor(cleave_plan *plan, const cleave_graph_tensor *from,
                                  const cleave_graph_note *note, cleave_arena *data)
{
    if (cleave_plan_shares(from->kind))
        return plan->shared && note->last >= note->first ? plan->shared + note->offset : NULL;
    if (cleave_plan_is_staged(from)) {
        plan->staged_bytes += note->last >= note->first ? cleave_align_up(from->bytes) : 0;
        return NULL;
    }
    if (from->kind == CLEAVE_TENSOR_CONSTANT) {
        plan->constant_bytes += cleave_align_up(from->bytes);
        return cleave_arena_take_raw(data, from->bytes, 1);
    }
    plan->state_bytes += cleave_align_up(from->bytes);
    return cleave_arena_take(data, from->bytes, 1);
}

static void take_tensors(cleave_plan *plan, const cleave_graph *graph, cleave_arena *arena,
                         cleave_arena *data)
{
    plan->tensor_count = graph->tensor_count;
    plan->tensor = cleave_arena_take(arena, (size_t)graph->tensor_count, sizeof *plan->tensor);
    plan->shared = cleave_arena_take_raw(data, (size_t)plan->slots, plan->shared_bytes);
    for (int32_t i = 0; i < graph->tensor_count; i++) {
        const cleave_graph_tensor *const from = &graph->tensor[i];
        const cleave_graph_note *const note = &graph->note[i];
        unsigned char *const place = take_tensor(plan, from, note, data);
        if (!plan->tensor)
            continue;
        cleave_plan_tensor *const tensor = &plan->tensor[i];
        memcpy(tensor->label, from->label, sizeof tensor->label);
        tensor->kind = from->kind;
        tensor->offset = cleave_plan_shares(from->kind) && place ? note->offset : 0;
        tensor->bytes = from->bytes;
        tensor->first = note->first;
        tensor->last = note->last;
        tensor->data = place;
    }
}

/* The signals of the steps that others wait for, numbered in their order. */
static void number_signals(cleave_plan *plan, const cleave_graph *graph)
{
    if (!plan->step)
        return;
    for (int32_t i = 0; i < plan->step_count; i++)
        plan->step[i].signal = -1;
    for (int32_t i = 0; i < plan->step_count; i++) {
        const int32_t wait = graph->order[i].wait;
        plan->step[i].stream = graph->order[i].stream;
        plan->step[i].wait = wait;
        if (wait >= 0)
            plan->step[wait].signal = 0;
    }
    for (int32_t i = 0, signal = 0; i < plan->step_count; i++)
        if (plan->step[i].signal >= 0)
            plan->step[i].signal = signal++;
}

/* How many steps have another one that waits for them: the waits of a stream ascend, so that no two
 * of its steps wait for the same. */
static int32_t count_signals(const cleave_graph *graph)
{
    int32_t count = 0;

    for (int32_t i = 0; i < graph->step_count; i++)
        count += graph->order[i].wait >= 0;
    return count;
}

static void take_steps(cleave_plan *plan, const cleave_graph *graph, const cleave_ops *ops,
                       cleave_arena *arena, cleave_arena *data)
{
    plan->step_count = graph->step_count;
    plan->signal_count = count_signals(graph);
    plan->step = cleave_arena_take(arena, (size_t)graph->step_count, sizeof *plan->step);
    for (int i = 0; i < graph->step_count; i++) {
        const cleave_graph_step *const from = &graph->step[i];
        const cleave_op *const op = cleave_op_get(from->op);
        const cleave_kernel *const kernel = &ops->kernel[from->op];
        const size_t prepared_bytes =
            kernel->prepared_bytes ? kernel->prepared_bytes(from->args.bytes) : 0;
        const size_t scratch_bytes =
            kernel->scratch_bytes ? kernel->scratch_bytes(from->args.bytes) : 0;
        void *const args = cleave_arena_take(arena, 1, op->args_bytes);
        void *const prepared = cleave_arena_take_raw(data, prepared_bytes, 1);

        plan->prepared_bytes += cleave_align_up(prepared_bytes);
        if (cleave_align_up(scratch_bytes) > plan->scratch_bytes)
            plan->scratch_bytes = cleave_align_up(scratch_bytes);
        if (!plan->step || !args)
            continue;
        memcpy(args, from->args.bytes, op->args_bytes);
        cleave_plan_step *const step = &plan->step[i];
        memcpy(step->label, from->label, sizeof step->label);
        step->op = from->op;
        memcpy(step->operand, from->operand, sizeof step->operand);
        step->items = op->items(args);
        step->grain = cleave_exec_grain(from->op, args);
        step->kernel = kernel;
        step->args = args;
        step->prepared = prepared;
    }
    number_signals(plan, graph);
    plan->scratch =
        cleave_arena_take_raw(data, (size_t)(plan->slots * plan->threads), plan->scratch_bytes);
}

void cleave_plan_bind(const cleave_plan *plan, int32_t index, const cleave_graph_step *from)
{
    const cleave_plan_step *const step = &plan->step[index];
    const size_t slot = (size_t)plan->slot * plan->shared_bytes;
    cleave_operand operand[CLEAVE_OPERANDS_MAX];
    const int count = cleave_op_get(from->op)->operands(from->args.bytes, operand);

    for (int k = 0; k < count; k++) {
        const cleave_plan_tensor *const tensor = &plan->tensor[from->operand[k]];
        const size_t offset = from->offset[k] + (cleave_plan_shares(tensor->kind) ? slot : 0);
        void *const pointer = tensor->data ? tensor->data + offset : NULL;
        memcpy((unsigned char *)step->args + operand[k].field, &pointer, sizeof pointer);
    }
}

void cleave_plan_move(cleave_plan *plan, int32_t slot)
{
    const ptrdiff_t by = ((ptrdiff_t)slot - plan->slot) * (ptrdiff_t)plan->shared_bytes;

    assert(slot >= 0 && slot < plan->slots);
    for (int32_t i = 0; i < plan->step_count && by != 0; i++) {
        const cleave_plan_step *const step = &plan->step[i];
        cleave_operand operand[CLEAVE_OPERANDS_MAX];
        const int count = cleave_op_get(step->op)->operands(step->args, operand);
        for (int k = 0; k < count; k++) {
            unsigned char *const field = (unsigned char *)step->args + operand[k].field;
            unsigned char *pointer;
            if (!cleave_plan_shares(plan->tensor[step->operand[k]].kind))
                continue;
            memcpy(&pointer, field, sizeof pointer);
            pointer += by;
            memcpy(field, &pointer, sizeof pointer);
        }
    }
    plan->slot = slot;
}

/* What keeps the graph from being planned. */
static cleave_status check(const cleave_graph *graph, const cleave_plan_target *target,
                           cleave_error *error)
{
    if (graph->error.status != CLEAVE_OK)
        return cleave_error_set(error, graph->error.status, "%s", graph->error.message);
    for (int32_t i = 0; i < graph->tensor_count; i++)
        if (graph->tensor[i].kind == CLEAVE_TENSOR_OUTPUT && !graph->tensor[i].written)
            return cleave_error_set(error, CLEAVE_INVALID,
                                    "tensor \"%s\": an output that no step writes",
                                    graph->tensor[i].label);
    for (int32_t i = 0; i < graph->step_count; i++)
        if (!target->ops->kernel[graph->step[i].op].run)
            return cleave_error_set(error, CLEAVE_UNSUPPORTED, "step \"%s\": %s has no %s kernel",
                                    graph->step[i].label, cleave_op_get(graph->step[i].op)->name,
                                    target->ops->name);
    return CLEAVE_OK;
}

cleave_status cleave_plan_init(cleave_plan *plan, cleave_graph *graph, const cleave_ops *ops,
                               int32_t threads, cleave_arena *arena, cleave_error *error)
{
    const cleave_plan_target target = {.ops = ops, .threads = threads, .streams = 1, .slots = 1};

    return cleave_plan_init_on(plan, graph, &target, arena, error);
}

cleave_status cleave_plan_init_on(cleave_plan *plan, cleave_graph *graph,
                                  const cleave_plan_target *target, cleave_arena *arena,
                                  cleave_error *error)
{
    cleave_arena *const data = target->data ? target->data : arena;
    const cleave_status status = check(graph, target, error);

    if (status != CLEAVE_OK)
        return status;
    cleave_plan_schedule(graph, target->streams);
    memset(plan, 0, sizeof *plan);
    plan->threads = target->threads;
    plan->slots = target->slots;
    plan->shared_bytes = cleave_plan_layout(graph, !target->upload);
    take_tensors(plan, graph, arena, data);
    take_steps(plan, graph, target->ops, arena, data);
    assert(plan->slots == 1 || plan->state_bytes == 0);
    if (arena->failed || data->failed)
        return cleave_error_set(error, CLEAVE_NO_MEMORY,
                                "the plan needs more than the %zu bytes of the arena",
                                arena->failed ? arena->bytes : data->bytes);
    if (!arena->memory || !data->memory)
        return CLEAVE_OK;
    for (int32_t i = 0; i < graph->step_count; i++)
        cleave_plan_bind(plan, i, &graph->step[i]);
    if (target->deferred)
        return CLEAVE_OK;
    return cleave_plan_fill(plan, graph, target)
               ? CLEAVE_OK
               : cleave_error_set(error, CLEAVE_NO_DEVICE,
                                  "the weights could not be copied to the device");
}

float *cleave_plan_data(const cleave_plan *plan, cleave_tensor tensor)
{
    assert(tensor >= 0 && tensor < plan->tensor_count);
    return (float *)plan->tensor[tensor].data;
}

void cleave_plan_step_run(const cleave_plan *plan, int32_t index, cleave_workers *workers)
{
    const cleave_plan_step *const step = &plan->step[index];
    const cleave_exec_call call = {
        .kernel = step->kernel,
        .args = step->args,
        .prepared = step->prepared,
        .scratch = plan->scratch,
        .scratch_bytes = plan->scratch_bytes,
        .items = step->items,
        .grain = step->grain,
    };

    cleave_exec_run(&call, workers);
}

int cleave_plan_run(const cleave_plan *plan, cleave_workers *workers, const _Atomic int *cancel)
{
    for (int i = 0; i < plan->step_count; i++) {
        if (atomic_load_explicit(cancel, memory_order_relaxed))
            return 0;
        cleave_plan_step_run(plan, i, workers);
    }
    return 1;
}

void cleave_plan_reset(const cleave_plan *plan)
{
    for (int i = 0; i < plan->tensor_count; i++)
        if (plan->tensor[i].kind == CLEAVE_TENSOR_STATE)
            memset(plan->tensor[i].data, 0, plan->tensor[i].bytes);
}
