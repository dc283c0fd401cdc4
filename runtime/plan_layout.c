/* plan_layout.c: an offset in one block for every tensor that shares it. */
#include "runtime/plan.h"

/* The search for places: notes on every tensor, in the graph. */
struct layout {
    const cleave_graph *graph;
    const cleave_graph_tensor *tensor;
    cleave_graph_note *note;
    int32_t tensor_count, order_count, placed_count;
    size_t shared_bytes;
};

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
        } else if (tensor->kind != CLEAVE_TENSOR_TEMPORARY && !cleave_plan_is_staged(tensor)) {
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

/* Whether one of two tensors is done with before the other is needed. An input is there before all
 * steps, an output after them. */
static int apart(const struct layout *layout, int32_t a, int32_t b)
{
    for (int turn = 0; turn < 2; turn++) {
        const int32_t first = turn ? b : a, then = turn ? a : b;
        if (layout->tensor[first].kind != CLEAVE_TENSOR_OUTPUT &&
            layout->tensor[then].kind != CLEAVE_TENSOR_INPUT &&
            layout->note[first].last < layout->note[then].first &&
            cleave_plan_comes_before(layout->graph, first, then))
            return 1;
    }
    return 0;
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
        if (apart(layout, other, index))
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

/* What is staged for one step lies in the shared block, which nothing else uses before the first
 * run: it must hold the most that one step asks for. */
static void make_room_for_staging(struct layout *layout, const cleave_graph *graph)
{
    for (int32_t i = 0; i < graph->step_count; i++) {
        const cleave_graph_step *const step = &graph->step[i];
        size_t bytes = 0;
        for (int k = 0; k < step->operand_count; k++)
            if (cleave_plan_is_staged(&graph->tensor[step->operand[k]]) &&
                !cleave_plan_seen_before(step, k))
                bytes += cleave_align_up(graph->tensor[step->operand[k]].bytes);
        layout->shared_bytes = bytes > layout->shared_bytes ? bytes : layout->shared_bytes;
    }
}

size_t cleave_plan_layout(cleave_graph *graph, int with_staging)
{
    struct layout layout = {.graph = graph,
                            .tensor = graph->tensor,
                            .note = graph->note,
                            .tensor_count = graph->tensor_count};

    find_lives(&layout, graph->step_count);
    sort_by_size(&layout);
    place(&layout);
    if (with_staging)
        make_room_for_staging(&layout, graph);
    return layout.shared_bytes;
}
