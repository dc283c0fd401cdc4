/* plan.c: a graph with an address for every tensor. */
#include "runtime/plan.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "runtime/error.h"
#include "runtime/exec.h"

/* Where the tensors of the shared block lie; on the stack of cleave_plan_init(), 64 KB. */
struct layout {
    size_t offset[CLEAVE_TENSORS_MAX];
    int16_t order[CLEAVE_TENSORS_MAX];  /* tensors in the order of being placed */
    int16_t placed[CLEAVE_TENSORS_MAX]; /* those that are, by offset */
    int16_t first[CLEAVE_TENSORS_MAX], last[CLEAVE_TENSORS_MAX];
    int32_t order_count, placed_count;
    size_t shared_bytes;
};

_Static_assert(CLEAVE_TENSORS_MAX <= INT16_MAX && CLEAVE_STEPS_MAX <= INT16_MAX,
               "layout counts in 16 bits");

static int is_shared(cleave_tensor_kind kind)
{
    return kind == CLEAVE_TENSOR_TEMPORARY || kind == CLEAVE_TENSOR_INPUT ||
           kind == CLEAVE_TENSOR_OUTPUT;
}

/* Steps between which each tensor needs its place: an input is filled before step 0, an output is
 * read after the last step. A temporary that no step uses has no life (last < first) and no place.
 */
static void find_lives(struct layout *layout, const cleave_graph *graph)
{
    const int end = graph->step_count > 0 ? graph->step_count - 1 : 0;

    for (int i = 0; i < graph->tensor_count; i++) {
        const cleave_graph_tensor *const tensor = &graph->tensor[i];
        int first = tensor->first, last = tensor->last;
        if (tensor->kind == CLEAVE_TENSOR_INPUT) {
            first = 0;
            last = last < 0 ? 0 : last;
        } else if (tensor->kind == CLEAVE_TENSOR_OUTPUT) {
            last = end;
        } else if (tensor->kind != CLEAVE_TENSOR_TEMPORARY) {
            first = 0;
            last = end;
        } else if (first < 0) {
            first = 0;
        }
        layout->first[i] = (int16_t)first;
        layout->last[i] = (int16_t)last;
    }
}

/* Larger tensors first: they are the hardest to find room for. Equal ones stay in the order of the
 * graph. */
static void sort_by_size(struct layout *layout, const cleave_graph *graph)
{
    layout->order_count = 0;
    for (int i = 0; i < graph->tensor_count; i++) {
        if (!is_shared(graph->tensor[i].kind) || layout->last[i] < layout->first[i])
            continue;
        int at = layout->order_count++;
        for (; at > 0 && graph->tensor[layout->order[at - 1]].bytes < graph->tensor[i].bytes; at--)
            layout->order[at] = layout->order[at - 1];
        layout->order[at] = (int16_t)i;
    }
}

/* The smallest gap that holds the tensor between those that live when it does, or the place after
 * them all. */
static size_t best_fit(const struct layout *layout, const cleave_graph *graph, int index)
{
    const size_t bytes = cleave_align_up(graph->tensor[index].bytes);
    size_t end = 0, best = SIZE_MAX, best_gap = SIZE_MAX;

    for (int k = 0; k < layout->placed_count; k++) {
        const int other = layout->placed[k];
        if (layout->last[other] < layout->first[index] ||
            layout->first[other] > layout->last[index])
            continue;
        if (layout->offset[other] > end) {
            const size_t gap = layout->offset[other] - end;
            if (gap >= bytes && gap < best_gap) {
                best = end;
                best_gap = gap;
            }
        }
        const size_t other_end =
            layout->offset[other] + cleave_align_up(graph->tensor[other].bytes);
        end = other_end > end ? other_end : end;
    }
    return best != SIZE_MAX ? best : end;
}

/* Gives every tensor of the shared block its offset: greedy by size (Pisarchyk and Lee, "Efficient
 * memory management for deep neural net inference", 2020). */
static void place(struct layout *layout, const cleave_graph *graph)
{
    layout->placed_count = 0;
    layout->shared_bytes = 0;
    for (int k = 0; k < layout->order_count; k++) {
        const int index = layout->order[k];
        const size_t offset = best_fit(layout, graph, index);
        const size_t end = offset + cleave_align_up(graph->tensor[index].bytes);
        int at = layout->placed_count++;

        for (; at > 0 && layout->offset[layout->placed[at - 1]] > offset; at--)
            layout->placed[at] = layout->placed[at - 1];
        layout->placed[at] = (int16_t)index;
        layout->offset[index] = offset;
        layout->shared_bytes = end > layout->shared_bytes ? end : layout->shared_bytes;
    }
}

static void take_tensors(cleave_plan *plan, const struct layout *layout, const cleave_graph *graph,
                         cleave_arena *arena)
{
    plan->tensor_count = graph->tensor_count;
    plan->tensor = cleave_arena_take(arena, (size_t)graph->tensor_count, sizeof *plan->tensor);
    plan->shared_bytes = layout->shared_bytes;
    unsigned char *const shared = cleave_arena_take(arena, layout->shared_bytes, 1);
    for (int i = 0; i < graph->tensor_count; i++) {
        const cleave_graph_tensor *const from = &graph->tensor[i];
        unsigned char *data;
        if (is_shared(from->kind)) {
            const int lives = layout->last[i] >= layout->first[i];
            data = shared && lives ? shared + layout->offset[i] : NULL;
        } else {
            data = cleave_arena_take(arena, from->bytes, 1);
            *(from->kind == CLEAVE_TENSOR_STATE ? &plan->state_bytes : &plan->constant_bytes) +=
                cleave_align_up(from->bytes);
        }
        if (!plan->tensor)
            continue;
        cleave_plan_tensor *const tensor = &plan->tensor[i];
        memcpy(tensor->label, from->label, sizeof tensor->label);
        tensor->kind = from->kind;
        tensor->offset = is_shared(from->kind) && data ? layout->offset[i] : 0;
        tensor->bytes = from->bytes;
        tensor->first = layout->first[i];
        tensor->last = layout->last[i];
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
        void *const prepared = cleave_arena_take(arena, prepared_bytes, 1);

        plan->prepared_bytes += cleave_align_up(prepared_bytes);
        if (cleave_align_up(scratch_bytes) > plan->scratch_bytes)
            plan->scratch_bytes = cleave_align_up(scratch_bytes);
        if (!plan->step || !args)
            continue;
        memcpy(args, from->args.bytes, op->args_bytes);
        cleave_plan_step *const step = &plan->step[i];
        memcpy(step->label, from->label, sizeof step->label);
        step->op = from->op;
        step->items = op->items(args);
        step->grain = cleave_exec_grain(from->op, args);
        step->kernel = kernel;
        step->args = args;
        step->prepared = prepared;
    }
    plan->scratch = cleave_arena_take(arena, (size_t)plan->threads, plan->scratch_bytes);
}

/* Writes addresses into the arguments, values into the constants, and tables into what prepare()
 * fills, which may look at the constants. */
static void bind(const cleave_plan *plan, const cleave_graph *graph)
{
    for (int i = 0; i < graph->tensor_count; i++)
        if (graph->tensor[i].kind == CLEAVE_TENSOR_CONSTANT)
            graph->tensor[i].fill(plan->tensor[i].data, graph->tensor[i].bytes,
                                  graph->tensor[i].fill_context);
    for (int i = 0; i < graph->step_count; i++) {
        const cleave_graph_step *const from = &graph->step[i];
        cleave_plan_step *const step = &plan->step[i];
        cleave_operand operand[CLEAVE_OPERANDS_MAX];
        const int count = cleave_op_get(from->op)->operands(from->args.bytes, operand);

        for (int k = 0; k < count; k++) {
            void *const pointer = plan->tensor[from->operand[k]].data + from->offset[k];
            memcpy((unsigned char *)step->args + operand[k].field, &pointer, sizeof pointer);
        }
        if (step->prepared)
            step->kernel->prepare(step->args, step->prepared);
    }
}

cleave_status cleave_plan_init(cleave_plan *plan, const cleave_graph *graph, const cleave_ops *ops,
                               int32_t threads, cleave_arena *arena, cleave_error *error)
{
    struct layout layout;

    if (graph->error.status != CLEAVE_OK)
        return cleave_error_set(error, graph->error.status, "%s", graph->error.message);
    for (int i = 0; i < graph->tensor_count; i++)
        if (graph->tensor[i].kind == CLEAVE_TENSOR_OUTPUT && !graph->tensor[i].written)
            return cleave_error_set(error, CLEAVE_INVALID,
                                    "tensor \"%s\": an output that no step writes",
                                    graph->tensor[i].label);
    memset(plan, 0, sizeof *plan);
    plan->threads = threads;
    find_lives(&layout, graph);
    sort_by_size(&layout, graph);
    place(&layout, graph);
    take_tensors(plan, &layout, graph, arena);
    take_steps(plan, graph, ops, arena);
    if (arena->failed)
        return cleave_error_set(error, CLEAVE_NO_MEMORY,
                                "the plan needs more than the %zu bytes of the arena",
                                arena->bytes);
    if (arena->memory)
        bind(plan, graph);
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

struct text {
    char *to;
    size_t bytes, length;
};

static void __attribute__((format(printf, 2, 3)))
text_add(struct text *text, const char *format, ...)
{
    const int room = text->length < text->bytes;
    va_list list;

    va_start(list, format);
    const int length = vsnprintf(room ? text->to + text->length : NULL,
                                 room ? text->bytes - text->length : 0, format, list);
    va_end(list);
    if (length > 0)
        text->length += (size_t)length;
}

/* Whether tensor a comes before b in the map: the shared block first, by offset, then by index. */
static int map_before(const cleave_plan *plan, int a, int b)
{
    const int shared_a = is_shared(plan->tensor[a].kind),
              shared_b = is_shared(plan->tensor[b].kind);

    if (shared_a != shared_b)
        return shared_a;
    if (plan->tensor[a].offset != plan->tensor[b].offset)
        return plan->tensor[a].offset < plan->tensor[b].offset;
    return a < b;
}

/* The tensor that follows `previous` (-1: none) in the map; -1 past the last. Tensors that no step
 * uses have no place. */
static int map_next(const cleave_plan *plan, int previous)
{
    int next = -1;

    for (int i = 0; i < plan->tensor_count; i++) {
        if (!plan->tensor[i].data || (previous >= 0 && !map_before(plan, previous, i)))
            continue;
        if (next < 0 || map_before(plan, i, next))
            next = i;
    }
    return next;
}

size_t cleave_plan_map(const cleave_plan *plan, char *text, size_t bytes)
{
    static const char *const kinds[] = {"temporary", "input", "output", "constant", "state"};
    struct text out = {text, bytes, 0};
    size_t sum = 0;

    text_add(&out, "%12s %12s %5s %5s %-9s %s\n", "offset", "bytes", "first", "last", "kind",
             "tensor");
    for (int i = map_next(plan, -1); i >= 0; i = map_next(plan, i)) {
        const cleave_plan_tensor *const tensor = &plan->tensor[i];
        if (is_shared(tensor->kind)) {
            sum += cleave_align_up(tensor->bytes);
            text_add(&out, "%12zu ", tensor->offset);
        } else {
            text_add(&out, "%12s ", "-");
        }
        text_add(&out, "%12zu %5d %5d %-9s %s\n", tensor->bytes, (int)tensor->first,
                 (int)tensor->last, kinds[tensor->kind], tensor->label);
    }
    text_add(&out, "shared block: peak %zu bytes, for tensors that sum to %zu\n",
             plan->shared_bytes, sum);
    text_add(&out,
             "constants %zu, states %zu, prepared tables %zu, scratch %zu bytes for each of %d "
             "threads\n",
             plan->constant_bytes, plan->state_bytes, plan->prepared_bytes, plan->scratch_bytes,
             (int)plan->threads);
    return out.length;
}
