/* models.h: what a model is to the engine: a description and a function that writes its graph. */
#ifndef CLEAVE_RUNTIME_MODELS_H
#define CLEAVE_RUNTIME_MODELS_H

#include "runtime/graph.h"

#define CLEAVE_PARTITIONS_MAX 2

/* A set of stems that sum to the mixture. */
typedef struct cleave_partition {
    int32_t stem_count;
    const char *stems[CLEAVE_STEMS_MAX];
} cleave_partition;

/* What the engine asks a model to build. */
typedef struct cleave_model_request {
    int32_t rate_hz, channels;
    int64_t segment_frames;          /* V: frames of one segment */
    int32_t partition;               /* index into the model's partitions */
    int32_t stem_count;              /* stems of it that are needed... */
    int32_t stems[CLEAVE_STEMS_MAX]; /* ...as indices into the partition, ascending */
} cleave_model_request;

/* Where the graph takes its segment and leaves its stems, planar. */
typedef struct cleave_model_ports {
    cleave_tensor input;  /* [C][V] */
    cleave_tensor output; /* [S][C][V], S = stem_count of the request, in the request's order */
} cleave_model_ports;

typedef struct cleave_model {
    cleave_model_info info;
    double segment_seconds;      /* the model's own */
    const char *channels_advice; /* ends the sentence that refuses fewer than channels_min channels:
                                  * why, and what to use instead; NULL: nothing to say */
    /* The first partition that has all the stems wanted is built; if none has, they are refused.
     * "accompaniment" (all but "vocals") and no_X can be asked of every partition: the engine sums
     * them. */
    int32_t partition_count;
    cleave_partition partition[CLEAVE_PARTITIONS_MAX];
    void (*build)(const cleave_model_request *request, cleave_graph *graph,
                  cleave_model_ports *ports);
} cleave_model;

extern const cleave_model cleave_model_center;
extern const cleave_model cleave_model_center_naive; /* "center:naive" */
extern const cleave_model
    cleave_model_identity; /* "identity": one stem, the mixture itself; for tests */

/* All models, in the order of cleave_model_at(); NULL past the last. */
const cleave_model *cleave_model_get(int32_t index);

#endif
