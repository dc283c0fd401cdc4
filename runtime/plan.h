/* plan.h: a graph with an address for every tensor.
 *
 * Temporaries share memory: two tensors overlap only if no step needs both. Constants, states and
 * prepared tables have places of their own, but for constants that only prepare() reads (weights
 * that kernels pack): they are staged, that is filled into the shared block when the table of their
 * step is made, and have no place afterwards. A plan may be run by one thread at a time. */
#ifndef CLEAVE_RUNTIME_PLAN_H
#define CLEAVE_RUNTIME_PLAN_H

#include "runtime/graph.h"
#include "runtime/workers.h"

typedef struct cleave_plan_tensor {
    char label[CLEAVE_LABEL_BYTES];
    cleave_tensor_kind kind;
    size_t offset,
        bytes; /* in the shared block (temporaries, inputs, outputs), or from its own start */
    int32_t first, last; /* steps between which it lives, inclusive */
    unsigned char *data; /* once bound; NULL if it is staged, or no step uses it */
} cleave_plan_tensor;

typedef struct cleave_plan_step {
    char label[CLEAVE_LABEL_BYTES];
    int32_t op;
    cleave_tensor operand[CLEAVE_OPERANDS_MAX];
    int64_t items, grain;
    const cleave_kernel *kernel;
    void *args; /* the op's argument struct with its pointers bound */
    void *prepared;
} cleave_plan_step;

typedef struct cleave_plan {
    int32_t tensor_count, step_count;
    cleave_plan_tensor *tensor;
    cleave_plan_step *step;
    unsigned char *shared; /* the block that temporaries share */
    size_t shared_bytes;
    size_t constant_bytes, state_bytes, prepared_bytes, scratch_bytes; /* scratch: of one worker */
    size_t staged_bytes;    /* of constants that have no place */
    unsigned char *scratch; /* [threads][scratch_bytes] */
    int32_t threads;
} cleave_plan;

/* Plans the graph for the kernels of `ops` (which must outlive the plan) and `threads` workers,
 * taking everything from the arena; on a counting arena only counts. On a real one binds pointers,
 * fills constants, runs prepare(). Overwrites the graph's notes. Returns the graph's error if it
 * has one. */
cleave_status cleave_plan_init(cleave_plan *plan, const cleave_graph *graph, const cleave_ops *ops,
                               int32_t threads, cleave_arena *arena, cleave_error *error);

/* Makes the bound plan compute `graph` instead: the same steps on the same tensors, which may be
 * smaller, but for constants and states. Places, constants and prepared tables stay as they are, so
 * the tables of its ops may not depend on what changes; nothing is taken from anywhere. UNSUPPORTED
 * with a sentence that names what does not fit, or the graph's own error; the plan is then as
 * before. */
cleave_status cleave_plan_refit(const cleave_plan *plan, const cleave_graph *graph,
                                cleave_error *error);

/* Whether tensors of this kind lie in the shared block. */
static inline int cleave_plan_shares(cleave_tensor_kind kind)
{
    return kind == CLEAVE_TENSOR_TEMPORARY || kind == CLEAVE_TENSOR_INPUT ||
           kind == CLEAVE_TENSOR_OUTPUT;
}

/* Writes the addresses of the operands of step `index`, as the graph has it, into its arguments;
 * NULL for those that are staged. */
void cleave_plan_bind(const cleave_plan *plan, int32_t index, const cleave_graph_step *from);

/* Address of a tensor of the bound plan. */
float *cleave_plan_data(const cleave_plan *plan, cleave_tensor tensor);

/* Runs one step, for those who look at what lies between steps. */
void cleave_plan_step_run(const cleave_plan *plan, int32_t index, cleave_workers *workers);

/* Runs all steps in order; between two steps looks at *cancel (relaxed) and returns 0 if it is set,
 * else 1. */
int cleave_plan_run(const cleave_plan *plan, cleave_workers *workers, const _Atomic int *cancel);

/* Zeroes the states. */
void cleave_plan_reset(const cleave_plan *plan);

/* The memory map as text; returns its length as snprintf does. */
size_t cleave_plan_map(const cleave_plan *plan, char *text, size_t bytes);

#endif
