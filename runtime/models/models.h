/* models.h: what a model is to the engine: a description and a function that writes its graph. */
#ifndef CLEAVE_RUNTIME_MODELS_H
#define CLEAVE_RUNTIME_MODELS_H

#include "runtime/graph.h"
#include "weights/table.h"

#define CLEAVE_PARTITIONS_MAX 2

/* A set of stems that sum to the mixture. */
typedef struct cleave_partition {
    int32_t stem_count;
    const char *stems[CLEAVE_STEMS_MAX];
} cleave_partition;

/* What the engine asks a model to build. */
typedef struct cleave_model_request {
    int32_t rate_hz, channels;
    int64_t segment_frames;                 /* V: frames of one segment */
    int32_t partition;                      /* index into the model's partitions */
    int32_t stem_count;                     /* stems of it that are needed... */
    int32_t stems[CLEAVE_STEMS_MAX];        /* ...as indices into the partition, ascending */
    int32_t network_count;                  /* 0 for a model without weights */
    const cleave_table *networks;           /* their files, bounded by cleave_table_open() */
    const float (*gains)[CLEAVE_STEMS_MAX]; /* [network_count]; for every stem they sum to 1 */
    int32_t spectrum_bins;                  /* 0: as the file says */
    cleave_mask_extension mask_extension;
} cleave_model_request;

/* Where the graph takes its segment and leaves its stems, planar. */
typedef struct cleave_model_ports {
    cleave_tensor input;  /* [C][stride], V frames of each row and zeros after them */
    cleave_tensor output; /* [S][C][stride], V frames of each row count; S = stem_count of the
                           * request, in the request's order */
    int64_t stride;       /* >= V; 0 counts as V */
} cleave_model_ports;

/* Segments of a model whose transform is cut into patches: S = k unit + tail, k >= 1.
 *
 * Without overlap, segments start every k unit frames, the first `before` frames before the track,
 * and what they give at a frame is added: a segment's last `tail` frames lie on the next one's
 * first, each with the share of its own frames of the transform.
 *
 * With overlap, segments are cross-faded as those of any model, but for their first and last `tail`
 * frames, where their transform is not complete: those do not count. They start (1 - overlap) (S -
 * 2 tail) frames after each other, or rather the nearest whole number of units, one at least and no
 * more than S - 2 tail: a network that halves its frames again and again then sees the same halves
 * in all. Segments of one unit overlap by steps. */
typedef struct cleave_patches {
    int64_t unit;         /* 0: not such a model */
    int64_t step;         /* of the transform's frames; unit and `before` are multiples of it */
    int64_t tail, before; /* before >= tail */
} cleave_patches;

typedef struct cleave_model {
    cleave_model_info info;
    double segment_seconds;     /* the model's own */
    double segment_seconds_max; /* the longest that may be asked for; 0: no limit of its own */
    int32_t normalizes;         /* not 0: computes on the normalized track (cleave_normalize) */
    int32_t any_length;         /* not 0: a short segment is given to it as it is, and its graph is
                                 * built anew for that length; the steps and tensors are the same
                                 * for all lengths but for their sizes, which grow with it */
    cleave_patches patches;
    int32_t
        masks_spectrum; /* not 0: spectrum_bins and mask_extension of a request mean something */
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

/* A kind of weight file, and the model that computes it. */
typedef struct cleave_family {
    const char *kind; /* "htdemucs" */
    /* Fills *model, but for info.name, from the configuration of a file whose tensors are all there
     * (weights/contract.h). Strings are kept in `text`, which lives as long as the model. 1, or 0
     * with a sentence that names what cannot be computed here. */
    int (*describe)(const cleave_table *table, cleave_model *model,
                    char text[CLEAVE_STEMS_MAX][CLEAVE_NAME_BYTES],
                    char message[CLEAVE_SENTENCE_BYTES]);
} cleave_family;

extern const cleave_family cleave_family_htdemucs;
extern const cleave_family cleave_family_hdemucs;
extern const cleave_family cleave_family_spleeter;

/* The family of a kind; NULL if there is none. */
const cleave_family *cleave_family_find(const char *kind);

extern const cleave_model cleave_model_center;
extern const cleave_model cleave_model_center_naive; /* "center:naive" */
extern const cleave_model
    cleave_model_identity; /* "identity": one stem, the mixture itself; for tests */

/* All models, in the order of cleave_model_at(), identity behind them; NULL past the last. */
const cleave_model *cleave_model_get(int32_t index);

#endif
