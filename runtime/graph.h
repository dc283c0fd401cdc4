/* graph.h: a model as a list of op calls on named tensors.
 *
 * A model's build function is a page of calls: declare tensors, add steps in the order in which
 * they run. Errors stick: after the first one every call does nothing, and the sentence is in
 * graph->error. Nothing is computed here; plan.h turns the graph into steps and offsets. */
#ifndef CLEAVE_RUNTIME_GRAPH_H
#define CLEAVE_RUNTIME_GRAPH_H

#include "kernels/ops.h"
#include "runtime/cleave.h"

#define CLEAVE_TENSORS_MAX 32768
#define CLEAVE_STEPS_MAX   16384
#define CLEAVE_LABEL_BYTES 48

typedef int32_t cleave_tensor; /* index in the graph; -1: none */

typedef enum cleave_tensor_kind {
    CLEAVE_TENSOR_TEMPORARY, /* lives from its first writer to its last reader */
    CLEAVE_TENSOR_INPUT,  /* written before the steps run; may be reused once its last reader ran */
    CLEAVE_TENSOR_OUTPUT, /* lives until the end of the steps */
    CLEAVE_TENSOR_CONSTANT, /* filled once at init, never written */
    CLEAVE_TENSOR_STATE     /* persists from run to run, zero at first and after reset */
} cleave_tensor_kind;

typedef struct cleave_graph_tensor {
    char label[CLEAVE_LABEL_BYTES];
    size_t bytes;
    cleave_tensor_kind kind;
    int32_t first, last; /* steps that use it first and last; -1: none does */
    int32_t written;     /* not 0: a step writes it */
    int32_t read;        /* not 0: a step reads it when it runs, not only when it is prepared */
    /* CONSTANT: writes the values into data (bytes long). */
    void (*fill)(void *data, size_t bytes, const void *context);
    unsigned char fill_context[64]; /* a copy of what the model handed over, given to fill */
} cleave_graph_tensor;

typedef struct cleave_graph_step {
    char label[CLEAVE_LABEL_BYTES];
    int32_t op; /* CLEAVE_OP_* */
    int32_t operand_count;
    cleave_tensor operand[CLEAVE_OPERANDS_MAX]; /* in the order of the op's operands() */
    size_t offset[CLEAVE_OPERANDS_MAX];         /* bytes into the tensor: views */
    union {
        unsigned char bytes[CLEAVE_ARGS_BYTES_MAX];
        int64_t align;
    } args;
} cleave_graph_step;

/* Streams that a device can run the steps of one plan on. */
#define CLEAVE_STREAMS_MAX 2

/* The last step of each stream that used a tensor, -1 if none did, and when it is thought to end.
 */
typedef struct cleave_graph_use {
    int32_t step[CLEAVE_STREAMS_MAX];
    double end[CLEAVE_STREAMS_MAX];
} cleave_graph_use;

/* What plan.c notes down while it looks for places: the steps between which a tensor needs one,
 * where it is, and two lists of tensors. */
typedef struct cleave_graph_note {
    size_t offset;
    int32_t first, last;
    int32_t order, placed; /* the tensors in the order of being placed; those that are, by offset */
    int32_t begun[CLEAVE_STREAMS_MAX]; /* the first step of each stream that uses it, or -1 */
    cleave_graph_use written, touched;
} cleave_graph_note;

/* Where a step runs, in the notes as well. */
typedef struct cleave_graph_order {
    int32_t stream;
    int32_t wait; /* the step of the other stream that it waits for; -1: none */
    int32_t seen; /* the last step of the other stream that is known to be complete when it starts;
                   * -1: none */
} cleave_graph_order;

typedef struct cleave_graph {
    int32_t tensor_count, step_count;
    int32_t tensors_max, steps_max; /* room for so many */
    int32_t full;                   /* not 0: the error is that there was not enough room */
    cleave_error error;             /* status CLEAVE_OK as long as all is well */
    cleave_graph_tensor *tensor;
    cleave_graph_step *step;
    cleave_graph_note *note;   /* [tensors_max] */
    cleave_graph_order *order; /* [steps_max] */
    /* NULL, or called when the table of a step with staged constants (plan.h) has been made. */
    void (*packed)(void *context);
    void *packed_context;
} cleave_graph;

/* Bytes of memory for a graph with room for so many tensors and steps: 1..CLEAVE_TENSORS_MAX,
 * 1..CLEAVE_STEPS_MAX. */
size_t cleave_graph_bytes(int32_t tensors_max, int32_t steps_max);

/* An empty graph in so many bytes of memory, 64-byte aligned, which stays the caller's. */
void cleave_graph_init(cleave_graph *graph, void *memory, int32_t tensors_max, int32_t steps_max);

/* A tensor of `count` float32 values. The label is for maps, errors and tests that compare stage by
 * stage. */
cleave_tensor cleave_graph_tensor_add(cleave_graph *graph, const char *label, int64_t count,
                                      cleave_tensor_kind kind);

/* A constant: fill(data, bytes, context copy) runs once at init. context_bytes <= 64. */
cleave_tensor cleave_graph_constant(cleave_graph *graph, const char *label, int64_t count,
                                    void (*fill)(void *data, size_t bytes, const void *context),
                                    const void *context, size_t context_bytes);

/* A view operand: a tensor from `floats` on. */
typedef struct cleave_view {
    cleave_tensor tensor;
    int64_t floats;
} cleave_view;

/* Adds a step: op CLEAVE_OP_*, its argument struct with NULL pointers, and one view for each
 * operand in the order of operands(). Checks the contract, that every operand lies within its
 * tensor, that constants and inputs are not written, that what is read was written before, that
 * what only prepare() reads is a constant, and that operands that may not overlap do not. */
void cleave_graph_add(cleave_graph *graph, const char *label, int32_t op, const void *args,
                      const cleave_view *operands, int32_t operand_count);

/* Latches an error of the model's own. */
void cleave_graph_fail(cleave_graph *graph, cleave_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
