/* plan.c: a graph with an address for every tensor. */
#include "runtime/plan.h"

#include <stdatomic.h>
#include <string.h>

#include "runtime/error.h"
#include "runtime/exec.h"

/* The search for places: notes on every tensor, in the graph. */
struct layout {
    const cleave_graph_tensor *tensor;
    cleave_graph_note *note;
    int32_t tensor_count, order_count, placed_count;
    size_t shared_bytes;
};

/* A constant that no step reads when it runs: it is filled in for prepare() and then forgotten. */
static int is_staged(const cleave_graph_tensor *tensor)
{
    return tensor->kind == CLEAVE_TENSOR_CONSTANT && !tensor->read;
}

/* Steps between which each tensor needs its place: an input is filled before step 0, an output is
 * read after the last step. A temporary that no step uses has no life (last < first) and no place.
 */
static void find_lives(struct layout *layout, int32_t step_count)
{
    const int32_t end = step_count > 0 ? step_count - 1 : 0;

    for (int32_t i = 0; i < layout->tensor_count; i++) {
        const cleave_graph_tensor *const tensor = &layout->tensor[i];
        int32_t first = tensor->first, last = tensor->last;
        if (tensor->kind == CLEAVE_TENSOR_INPUT) {
            first = 0;
            last = last < 0 ? 0 : last;
        } else if (tensor->kind == CLEAVE_TENSOR_OUTPUT) {
            last = end;
        } else if (tensor->kind != CLEAVE_TENSOR_TEMPORARY && !is_staged(tensor)) {
            first = 0;
            last = end;
        } else if (first < 0) {
            first = 0;
        }
        layout->note[i].first = first;
        layout->note[i].last = last;
    }
}

/* Larger tensors first: they are the hardest to find room for. Equal ones stay in the order of the
 * graph. */
static void sort_by_size(struct layout *layout)
{
    cleave_graph_note *const note = layout->note;

    layout->order_count = 0;
    for (int32_t i = 0; i < layout->tensor_count; i++) {
        if (!cleave_plan_shares(layout->tensor[i].kind) || note[i].last < note[i].first)
            continue;
        int32_t at = layout->order_count++;
        for (; at > 0 && layout->tensor[note[at - 1].order].bytes < layout->tensor[i].bytes; at--)
            note[at].order = note[at - 1].order;
        note[at].order = i;
    }
}

/* The smallest gap that holds the tensor between those that live when it does, or the place after
 * them all. */
static size_t best_fit(const struct layout *layout, int32_t index)
{
    const cleave_graph_note *const note = layout->note;
    const size_t bytes = cleave_align_up(layout->tensor[index].bytes);
    size_t end = 0, best = SIZE_MAX, best_gap = SIZE_MAX;

    for (int32_t k = 0; k < layout->placed_count; k++) {
        const int32_t other = note[k].placed;
        if (note[other].last < note[index].first || note[other].first > note[index].last)
            continue;
        if (note[other].offset > end) {
            const size_t gap = note[other].offset - end;
            if (gap >= bytes && gap < best_gap) {
                best = end;
                best_gap = gap;
            }
        }
        const size_t other_end = note[other].offset + cleave_align_up(layout->tensor[other].bytes);
        end = other_end > end ? other_end : end;
    }
    return best != SIZE_MAX ? best : end;
}

/* Gives every tensor of the shared block its offset: greedy by size (Pisarchyk and Lee, "Efficient
 * memory management for deep neural net inference", 2020). */
static void place(struct layout *layout)
{
    cleave_graph_note *const note = layout->note;

    layout->placed_count = 0;
    for (int32_t k = 0; k < layout->order_count; k++) {
        const int32_t index = note[k].order;
        const size_t offset = best_fit(layout, index);
        const size_t end = offset + cleave_align_up(layout->tensor[index].bytes);
        int32_t at = layout->placed_count++;

        for (; at > 0 && note[note[at - 1].placed].offset > offset; at--)
            note[at].placed = note[at - 1].placed;
        note[at].placed = index;
        note[index].offset = offset;
        layout->shared_bytes = end > layout->shared_bytes ? end : layout->shared_bytes;
    }
}

/* Whether the tensor of operand k was that of an operand before it. */
static int seen_before(const cleave_graph_step *step, int k)
{
    for (int before = 0; before < k; before++)
        if (step->operand[before] == step->operand[k])
            return 1;
    return 0;
}

/* What is staged for one step lies in the shared block, which nothing else uses before the first
 * run: it must hold the most that one step asks for. */
static void make_room_for_staging(struct layout *layout, const cleave_graph *graph)
{
    for (int32_t i = 0; i < graph->step_count; i++) {
        const cleave_graph_step *const step = &graph->step[i];
        size_t bytes = 0;
        for (int k = 0; k < step->operand_count; k++)
            if (is_staged(&graph->tensor[step->operand[k]]) && !seen_before(step, k))
                bytes += cleave_align_up(graph->tensor[step->operand[k]].bytes);
        layout->shared_bytes = bytes > layout->shared_bytes ? bytes : layout->shared_bytes;
    }
}

static struct layout find_places(const cleave_graph *graph)
{
    struct layout layout = {
        .tensor = graph->tensor, .note = graph->note, .tensor_count = graph->tensor_count};

    find_lives(&layout, graph->step_count);
    sort_by_size(&layout);
    place(&layout);
    make_room_for_staging(&layout, graph);
    return layout;
}

/* Takes the tensor's place and tells where it is; NULL if it has none. */
static unsigned char *take_tensor(cleave_plan *plan, const cleave_graph_tensor *from,
                                  const cleave_graph_note *note, cleave_arena *arena)
{
    size_t *sum = &plan->constant_bytes;

    if (cleave_plan_shares(from->kind))
        return plan->shared && note->last >= note->first ? plan->shared + note->offset : NULL;
    if (is_staged(from)) {
        plan->staged_bytes += note->last >= note->first ? cleave_align_up(from->bytes) : 0;
        return NULL;
    }
    if (from->kind == CLEAVE_TENSOR_STATE)
        sum = &plan->state_bytes;
    *sum += cleave_align_up(from->bytes);
    return cleave_arena_take(arena, from->bytes, 1);
}

static void take_tensors(cleave_plan *plan, const struct layout *layout, const cleave_graph *graph,
                         cleave_arena *arena)
{
    plan->tensor_count = graph->tensor_count;
    plan->tensor = cleave_arena_take(arena, (size_t)graph->tensor_count, sizeof *plan->tensor);
    plan->shared_bytes = layout->shared_bytes;
    plan->shared = cleave_arena_take_raw(arena, layout->shared_bytes, 1);
    for (int32_t i = 0; i < graph->tensor_count; i++) {
        const cleave_graph_tensor *const from = &graph->tensor[i];
        const cleave_graph_note *const note = &layout->note[i];
        unsigned char *const data = take_tensor(plan, from, note, arena);
        if (!plan->tensor)
            continue;
        cleave_plan_tensor *const tensor = &plan->tensor[i];
        memcpy(tensor->label, from->label, sizeof tensor->label);
        tensor->kind = from->kind;
        tensor->offset = cleave_plan_shares(from->kind) && data ? note->offset : 0;
        tensor->bytes = from->bytes;
        tensor->first = note->first;
        tensor->last = note->last;
        tensor->data = data;
    }
}

static void take_steps(cleave_plan *plan, const cleave_graph *graph, const cleave_ops *ops,
                       cleave_arena *arena)
{
    plan->step_count = graph->step_count;
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
        void *const prepared = cleave_arena_take_raw(arena, prepared_bytes, 1);

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
    plan->scratch = cleave_arena_take_raw(arena, (size_t)plan->threads, plan->scratch_bytes);
}

void cleave_plan_bind(const cleave_plan *plan, int32_t index, const cleave_graph_step *from)
{
    const cleave_plan_step *const step = &plan->step[index];
    cleave_operand operand[CLEAVE_OPERANDS_MAX];
    const int count = cleave_op_get(from->op)->operands(from->args.bytes, operand);

    for (int k = 0; k < count; k++) {
        unsigned char *const data = plan->tensor[from->operand[k]].data;
        void *const pointer = data ? data + from->offset[k] : NULL;
        memcpy((unsigned char *)step->args + operand[k].field, &pointer, sizeof pointer);
    }
}

/* Fills in what is staged for the step, makes its table, and forgets the one for the other. */
static void prepare(const cleave_plan *plan, const cleave_graph *graph, int32_t index)
{
    const cleave_graph_step *const from = &graph->step[index];
    const cleave_plan_step *const step = &plan->step[index];
    size_t used = 0;

    for (int k = 0; k < from->operand_count; k++) {
        const cleave_graph_tensor *const tensor = &graph->tensor[from->operand[k]];
        if (!is_staged(tensor) || seen_before(from, k))
            continue;
        assert(step->prepared && used + tensor->bytes <= plan->shared_bytes);
        plan->tensor[from->operand[k]].data = plan->shared + used;
        tensor->fill(plan->shared + used, tensor->bytes, tensor->fill_context);
        used += cleave_align_up(tensor->bytes);
    }
    cleave_plan_bind(plan, index, from);
    if (step->prepared)
        step->kernel->prepare(step->args, step->prepared);
    for (int k = 0; k < from->operand_count; k++)
        if (is_staged(&graph->tensor[from->operand[k]]))
            plan->tensor[from->operand[k]].data = NULL;
    if (used > 0)
        cleave_plan_bind(plan, index, from);
    if (used > 0 && graph->packed)
        graph->packed(graph->packed_context);
}

cleave_status cleave_plan_init(cleave_plan *plan, const cleave_graph *graph, const cleave_ops *ops,
                               int32_t threads, cleave_arena *arena, cleave_error *error)
{
    if (graph->error.status != CLEAVE_OK)
        return cleave_error_set(error, graph->error.status, "%s", graph->error.message);
    for (int32_t i = 0; i < graph->tensor_count; i++)
        if (graph->tensor[i].kind == CLEAVE_TENSOR_OUTPUT && !graph->tensor[i].written)
            return cleave_error_set(error, CLEAVE_INVALID,
                                    "tensor \"%s\": an output that no step writes",
                                    graph->tensor[i].label);
    const struct layout layout = find_places(graph);
    memset(plan, 0, sizeof *plan);
    plan->threads = threads;
    take_tensors(plan, &layout, graph, arena);
    take_steps(plan, graph, ops, arena);
    if (arena->failed)
        return cleave_error_set(error, CLEAVE_NO_MEMORY,
                                "the plan needs more than the %zu bytes of the arena",
                                arena->bytes);
    if (!arena->memory)
        return CLEAVE_OK;
    for (int32_t i = 0; i < graph->tensor_count; i++) {
        const cleave_graph_tensor *const tensor = &graph->tensor[i];
        if (tensor->kind == CLEAVE_TENSOR_CONSTANT && !is_staged(tensor))
            tensor->fill(plan->tensor[i].data, tensor->bytes, tensor->fill_context);
    }
    for (int32_t i = 0; i < graph->step_count; i++)
        prepare(plan, graph, i);
    return CLEAVE_OK;
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
