/* plan_map.c: the memory map of a plan as text. */
#include "runtime/plan.h"

#include <stdarg.h>
#include <stdio.h>

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
    const int shared_a = cleave_plan_shares(plan->tensor[a].kind),
              shared_b = cleave_plan_shares(plan->tensor[b].kind);

    if (shared_a != shared_b)
        return shared_a;
    if (plan->tensor[a].offset != plan->tensor[b].offset)
        return plan->tensor[a].offset < plan->tensor[b].offset;
    return a < b;
}

/* The tensor that follows `previous` (-1: none) in the map; -1 past the last. Tensors that no step
 * uses are not in it. */
static int map_next(const cleave_plan *plan, int previous)
{
    int next = -1;

    for (int i = 0; i < plan->tensor_count; i++) {
        if (plan->tensor[i].last < plan->tensor[i].first ||
            (previous >= 0 && !map_before(plan, previous, i)))
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
        const int staged = tensor->kind == CLEAVE_TENSOR_CONSTANT && !tensor->data;
        if (cleave_plan_shares(tensor->kind)) {
            sum += cleave_align_up(tensor->bytes);
            text_add(&out, "%12zu ", tensor->offset);
        } else {
            text_add(&out, "%12s ", "-");
        }
        text_add(&out, "%12zu %5d %5d %-9s %s\n", tensor->bytes, (int)tensor->first,
                 (int)tensor->last, staged ? "staged" : kinds[tensor->kind], tensor->label);
    }
    text_add(&out, "shared block: peak %zu bytes, for tensors that sum to %zu\n",
             plan->shared_bytes, sum);
    text_add(
        &out,
        "constants %zu, states %zu, prepared tables %zu (of %zu staged), scratch %zu bytes for "
        "each of %d threads\n",
        plan->constant_bytes, plan->state_bytes, plan->prepared_bytes, plan->staged_bytes,
        plan->scratch_bytes, (int)plan->threads);
    return out.length;
}
