/* engine_config.h: what a checked configuration comes to. */
#ifndef CLEAVE_RUNTIME_ENGINE_CONFIG_H
#define CLEAVE_RUNTIME_ENGINE_CONFIG_H

#include "runtime/networks.h"
#include "runtime/stems.h"

/* Segments that may be asked for. */
#define CLEAVE_SEGMENT_SECONDS_MIN 0.1
#define CLEAVE_SEGMENT_SECONDS_MAX 600.0

typedef struct cleave_setup {
    const cleave_model *model; /* perhaps that of networks, so that a setup may not be moved */
    cleave_networks networks;  /* count 0: the model has no weights */
    cleave_model_request request;
    cleave_stems stems;
    int64_t stride_frames;
    int64_t margin_frames; /* at both ends of a segment, that do not count */
    int32_t adds;          /* not 0: segments are added, not cross-faded */
    double transition_power;
    int32_t lane_count; /* segmentations that are averaged: 1, or one for each shift */
    int64_t origin[CLEAVE_SHIFTS_MAX]; /* <= 0: where the first segment starts */
    int32_t threads;
    void (*weights_packed)(void *context); /* as in cleave_config */
    void *weights_context;
    uint32_t cpu_features_off;
} cleave_setup;

/* Checks every field. `model` is used if it is not NULL, whatever the configuration's name says.
 * Errors: those of cleave_need(); *setup is then undefined. */
cleave_status cleave_setup_init(cleave_setup *setup, const cleave_config *config,
                                const cleave_model *model, cleave_error *error);

#endif
