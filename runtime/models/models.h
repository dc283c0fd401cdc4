/* models.h: what a model is to the engine: a description and a function that writes its graph. */
#ifndef CLEAVE_RUNTIME_MODELS_H
#define CLEAVE_RUNTIME_MODELS_H

#include "runtime/graph.h"

/* What the engine asks a model to build. */
typedef struct cleave_model_request {
    int32_t rate_hz, channels;
    int64_t segment_frames;              /* V: frames of one segment */
    int32_t stem_count;                  /* stems wanted... */
    int32_t stems[CLEAVE_STEMS_MAX];     /* ...as indices into the model's list, ascending */
} cleave_model_request;

/* Where the graph takes its segment and leaves its stems, planar. */
typedef struct cleave_model_ports {
    cleave_tensor input;  /* [C][V] */
    cleave_tensor output; /* [S][C][V], S = stem_count of the request, in the request's order */
} cleave_model_ports;

typedef struct cleave_model {
    cleave_model_info info;
    double segment_seconds; /* the model's own */
    /* Which stems must be computed together: asked for the names in `wanted`, sets request->stems. Models whose stems
     * partition the mixture differently for different wishes (vocals + accompaniment, or vocals + drums + ...)
     * list all of them in info.stems. */
    void (*build)(const cleave_model_request *request, cleave_graph *graph, cleave_model_ports *ports);
} cleave_model;

extern const cleave_model cleave_model_center;
extern const cleave_model cleave_model_center_naive; /* "center:naive" */
extern const cleave_model cleave_model_identity;     /* "identity": one stem, the mixture itself; for tests */

/* All models, in the order of cleave_model_at(); NULL past the last. */
const cleave_model *cleave_model_get(int32_t index);

#endif
