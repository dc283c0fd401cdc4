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
    int32_t stream; /* that it runs on, where there are several... */
    int32_t wait;   /* ...and the step of the other that it waits for; -1: none */
    int32_t
        signal; /* which of the signals it gives, in their order, for those that wait; -1: none */
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
    unsigned char *scratch; /* [slots][threads][scratch_bytes] */
    int32_t threads;        /* or streams: calls of kernels at the same time */
    int32_t slots;          /* shared blocks, one after the other... */
    int32_t slot;           /* ...and in which the arguments point now */
    int32_t signal_count;
} cleave_plan;

/* Where a plan is to run. */
typedef struct cleave_plan_target {
    const cleave_ops *ops; /* must outlive the plan */
    int32_t threads;       /* workers, or streams of a device */
    int32_t streams;       /* 1: steps run one after the other */
    int32_t slots;         /* runs that may be under way at once, each in a shared block of its own;
                            * several only for graphs without states */
    cleave_arena *data;    /* what kernels see lies here; NULL: where all the rest does */
    /* Unless NULL, `data` is a device's: what is filled and prepared is made in `staging`, as large
     * as cleave_plan_staging_bytes() says, and taken over by upload(), which says whether it could.
     */
    int (*upload)(void *context, void *to, const void *from, size_t bytes);
    void *context;
    unsigned char *staging;
    int deferred;            /* not 0: cleave_plan_fill() is called later */
    cleave_workers *workers; /* of a host: threads that share its work; NULL: the caller's alone */
} cleave_plan_target;

/* Plans the graph for the kernels of `ops` (which must outlive the plan) and `threads` workers,
 * taking everything from the arena; on a counting arena only counts. On a real one binds pointers,
 * fills constants, runs prepare(), unless that is deferred. Overwrites the graph's notes. Returns
 * the graph's error if it has one. */
cleave_status cleave_plan_init(cleave_plan *plan, cleave_graph *graph, const cleave_ops *ops,
                               int32_t threads, cleave_arena *arena, cleave_error *error);

/* The same for a target of any kind. Besides: UNSUPPORTED if it has no kernel for a step, NO_DEVICE
 * if an upload failed. States are not zeroed in a device's memory. */
cleave_status cleave_plan_init_on(cleave_plan *plan, cleave_graph *graph,
                                  const cleave_plan_target *target, cleave_arena *arena,
                                  cleave_error *error);

/* Bytes of host memory that filling and preparing takes before the upload. */
size_t cleave_plan_staging_bytes(const cleave_graph *graph, const cleave_ops *ops);

/* plan_streams.c. Notes for every step of the graph on which of 1..CLEAVE_STREAMS_MAX streams it
 * runs, and for every tensor which steps use it. */
void cleave_plan_schedule(cleave_graph *graph, int32_t streams);

/* plan_streams.c. Whether all scheduled uses of tensor a are over when the first of b begins. */
int cleave_plan_comes_before(const cleave_graph *graph, int32_t a, int32_t b);

/* plan_layout.c. Gives the tensors of the scheduled graph that share memory their offsets, in its
 * notes, and tells how large the block is, with room for what is staged for one step or without. */
size_t cleave_plan_layout(cleave_graph *graph, int with_staging);

/* plan_fill.c. Fills all constants that have a place, and makes all tables. Returns whether the
 * device took them over. Of a plan that has not run yet: constants that are staged go through the
 * shared block. */
int cleave_plan_fill(const cleave_plan *plan, const cleave_graph *graph,
                     const cleave_plan_target *target);

/* Points the arguments of all steps into the shared block of another slot. */
void cleave_plan_move(cleave_plan *plan, int32_t slot);

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

/* A constant that no step reads when it runs: it is filled in for prepare() and then forgotten. */
static inline int cleave_plan_is_staged(const cleave_graph_tensor *tensor)
{
    return tensor->kind == CLEAVE_TENSOR_CONSTANT && !tensor->read;
}

/* Whether the tensor of operand k was that of an operand before it. */
static inline int cleave_plan_seen_before(const cleave_graph_step *step, int k)
{
    for (int before = 0; before < k; before++)
        if (step->operand[before] == step->operand[k])
            return 1;
    return 0;
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
