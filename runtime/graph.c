/* graph.c: a model as a list of op calls on named tensors. */
#include "runtime/graph.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* 2^44 floats: the sizes of all tensors of a graph sum without wrapping. */
#define TENSOR_FLOATS_MAX ((int64_t)1 << 44)

size_t cleave_graph_bytes(int32_t tensors_max, int32_t steps_max)
{
    return cleave_align_up((size_t)tensors_max * sizeof(cleave_graph_tensor)) +
           cleave_align_up((size_t)steps_max * sizeof(cleave_graph_step)) +
           cleave_align_up((size_t)tensors_max * sizeof(cleave_graph_note)) +
           cleave_align_up((size_t)steps_max * sizeof(cleave_graph_order));
}

void cleave_graph_init(cleave_graph *graph, void *memory, int32_t tensors_max, int32_t steps_max)
{
    unsigned char *at = memory;

    assert((uintptr_t)memory % CLEAVE_ALIGN_BYTES == 0);
    assert(tensors_max >= 1 && tensors_max <= CLEAVE_TENSORS_MAX);
    assert(steps_max >= 1 && steps_max <= CLEAVE_STEPS_MAX);
    memset(graph, 0, sizeof *graph);
    graph->tensors_max = tensors_max;
    graph->steps_max = steps_max;
    graph->tensor = (void *)at;
    at += cleave_align_up((size_t)tensors_max * sizeof *graph->tensor);
    graph->step = (void *)at;
    at += cleave_align_up((size_t)steps_max * sizeof *graph->step);
    graph->note = (void *)at;
    at += cleave_align_up((size_t)tensors_max * sizeof *graph->note);
    graph->order = (void *)at;
}

void cleave_graph_fail(cleave_graph *graph, cleave_status status, const char *format, ...)
{
    va_list list;

    if (graph->error.status != CLEAVE_OK)
        return;
    graph->error.status = status;
    va_start(list, format);
    vsnprintf(graph->error.message, sizeof graph->error.message, format, list);
    va_end(list);
}

cleave_tensor cleave_graph_tensor_add(cleave_graph *graph, const char *label, int64_t count,
                                      cleave_tensor_kind kind)
{
    if (graph->error.status != CLEAVE_OK)
        return -1;
    if (graph->tensor_count == graph->tensors_max) {
        graph->full = 1;
        cleave_graph_fail(graph, CLEAVE_INVALID, "tensor \"%s\": there is room for %d only", label,
                          (int)graph->tensors_max);
        return -1;
    }
    if (count < 1 || count > TENSOR_FLOATS_MAX) {
        cleave_graph_fail(graph, CLEAVE_INVALID, "tensor \"%s\": cannot hold %lld values", label,
                          (long long)count);
        return -1;
    }
    cleave_graph_tensor *tensor = &graph->tensor[graph->tensor_count];
    memset(tensor, 0, sizeof *tensor);
    snprintf(tensor->label, sizeof tensor->label, "%s", label);
    tensor->bytes = (size_t)count * sizeof(float);
    tensor->kind = kind;
    tensor->first = tensor->last = -1;
    return graph->tensor_count++;
}

cleave_tensor cleave_graph_constant(cleave_graph *graph, const char *label, int64_t count,
                                    void (*fill)(void *data, size_t bytes, const void *context),
                                    const void *context, size_t context_bytes)
{
    if (context_bytes > sizeof graph->tensor[0].fill_context)
        cleave_graph_fail(graph, CLEAVE_INVALID,
                          "constant \"%s\": its context is %zu bytes, at most %zu fit", label,
                          context_bytes, sizeof graph->tensor[0].fill_context);
    if (!fill)
        cleave_graph_fail(graph, CLEAVE_INVALID, "constant \"%s\": nothing fills it", label);
    cleave_tensor index = cleave_graph_tensor_add(graph, label, count, CLEAVE_TENSOR_CONSTANT);
    if (index < 0)
        return -1;
    graph->tensor[index].fill = fill;
    if (context_bytes)
        memcpy(graph->tensor[index].fill_context, context, context_bytes);
    return index;
}

/* Operand k of the step: within its tensor, and allowed to do what it does there. */
static int operand_ok(cleave_graph *graph, const cleave_graph_step *step, int k,
                      const cleave_operand *operand, const cleave_view *view)
{
    const char *const name = cleave_op_get(step->op)->name;

    if (view->tensor < 0 || view->tensor >= graph->tensor_count) {
        cleave_graph_fail(graph, CLEAVE_INVALID,
                          "step \"%s\": operand %d of %s is no tensor of this graph", step->label,
                          k, name);
        return 0;
    }
    const cleave_graph_tensor *tensor = &graph->tensor[view->tensor];
    const size_t floats = tensor->bytes / sizeof(float);
    if (view->floats < 0 || (uint64_t)view->floats > floats ||
        operand->bytes > tensor->bytes - (size_t)view->floats * sizeof(float)) {
        cleave_graph_fail(
            graph, CLEAVE_INVALID,
            "step \"%s\": operand %d of %s takes %zu bytes from value %lld of tensor \"%s\" on, "
            "which has %zu values",
            step->label, k, name, operand->bytes, (long long)view->floats, tensor->label, floats);
        return 0;
    }
    if ((operand->access & CLEAVE_WRITE) &&
        (tensor->kind == CLEAVE_TENSOR_INPUT || tensor->kind == CLEAVE_TENSOR_CONSTANT)) {
        cleave_graph_fail(graph, CLEAVE_INVALID,
                          "step \"%s\": tensor \"%s\" is %s and cannot be written", step->label,
                          tensor->label,
                          tensor->kind == CLEAVE_TENSOR_INPUT ? "an input" : "a constant");
        return 0;
    }
    if ((operand->access & CLEAVE_PREPARED) && tensor->kind != CLEAVE_TENSOR_CONSTANT) {
        cleave_graph_fail(graph, CLEAVE_INVALID,
                          "step \"%s\": operand %d of %s is prepared once, and tensor \"%s\" is no "
                          "constant",
                          step->label, k, name, tensor->label);
        return 0;
    }
    if ((operand->access & CLEAVE_READ) && !tensor->written &&
        (tensor->kind == CLEAVE_TENSOR_TEMPORARY || tensor->kind == CLEAVE_TENSOR_OUTPUT)) {
        cleave_graph_fail(graph, CLEAVE_INVALID,
                          "step \"%s\": tensor \"%s\" is read before any step writes it",
                          step->label, tensor->label);
        return 0;
    }
    return 1;
}

/* No two operands overlap where one of them is written, but for one that may be the result. */
static int operands_apart(cleave_graph *graph, const cleave_graph_step *step,
                          const cleave_operand *operand)
{
    for (int a = 0; a < step->operand_count; a++)
        for (int b = a + 1; b < step->operand_count; b++) {
            if (step->operand[a] != step->operand[b] ||
                !((operand[a].access | operand[b].access) & CLEAVE_WRITE))
                continue;
            if (step->offset[a] >= step->offset[b] + operand[b].bytes ||
                step->offset[b] >= step->offset[a] + operand[a].bytes)
                continue;
            const int may = cleave_op_get(step->op)->in_place ||
                            (operand[a].access | operand[b].access) & CLEAVE_JOINED;
            if (may && step->offset[a] == step->offset[b] && operand[a].bytes == operand[b].bytes)
                continue;
            cleave_graph_fail(graph, CLEAVE_INVALID,
                              "step \"%s\": operands %d and %d of %s overlap in tensor \"%s\"",
                              step->label, a, b, cleave_op_get(step->op)->name,
                              graph->tensor[step->operand[a]].label);
            return 0;
        }
    return 1;
}

/* Fills in the step's op and arguments and lists its operands; returns how many, or -1. */
static int step_describe(cleave_graph *graph, cleave_graph_step *step, const char *label,
                         int32_t op, const void *args, cleave_operand *operand)
{
    const cleave_op *const contract = op >= 0 && op < CLEAVE_OP_COUNT ? cleave_op_get(op) : NULL;

    if (!contract) {
        cleave_graph_fail(graph, CLEAVE_INVALID, "step \"%s\": no op has the number %d", label,
                          (int)op);
        return -1;
    }
    const char *const complaint = contract->check(args);
    if (complaint) {
        cleave_graph_fail(graph, CLEAVE_INVALID, "step \"%s\": %s: %s", label, contract->name,
                          complaint);
        return -1;
    }
    memset(step, 0, sizeof *step);
    snprintf(step->label, sizeof step->label, "%s", label);
    step->op = op;
    assert(contract->args_bytes <= sizeof step->args.bytes);
    memcpy(step->args.bytes, args, contract->args_bytes);
    return contract->operands(args, operand);
}

void cleave_graph_add(cleave_graph *graph, const char *label, int32_t op, const void *args,
                      const cleave_view *operands, int32_t operand_count)
{
    cleave_operand operand[CLEAVE_OPERANDS_MAX];

    if (graph->error.status != CLEAVE_OK)
        return;
    if (graph->step_count == graph->steps_max) {
        graph->full = 1;
        cleave_graph_fail(graph, CLEAVE_INVALID, "step \"%s\": there is room for %d only", label,
                          (int)graph->steps_max);
        return;
    }
    cleave_graph_step *const step = &graph->step[graph->step_count];
    const int count = step_describe(graph, step, label, op, args, operand);
    if (count < 0)
        return;
    if (count != operand_count) {
        cleave_graph_fail(graph, CLEAVE_INVALID, "step \"%s\": %s takes %d operands, not %d", label,
                          cleave_op_get(op)->name, count, (int)operand_count);
        return;
    }
    step->operand_count = count;
    for (int k = 0; k < count; k++) {
        if (!operand_ok(graph, step, k, &operand[k], &operands[k]))
            return;
        step->operand[k] = operands[k].tensor;
        step->offset[k] = (size_t)operands[k].floats * sizeof(float);
    }
    if (!operands_apart(graph, step, operand))
        return;
    for (int k = 0; k < count; k++) {
        cleave_graph_tensor *const tensor = &graph->tensor[step->operand[k]];
        if (tensor->first < 0)
            tensor->first = graph->step_count;
        tensor->last = graph->step_count;
        tensor->written |= (operand[k].access & CLEAVE_WRITE) != 0;
        tensor->read |= (operand[k].access & (CLEAVE_READ | CLEAVE_PREPARED)) == CLEAVE_READ;
    }
    graph->step_count++;
}
