/* engine.h: the inside of an engine, shared by the files that make it up.
 *
 *     push -> ring of frames -> [segment -> plan -> lane] ... -> mean over lanes -> matrix -> pull
 *
 * The ring is also the history that segments and the matrix read; the consumer frees what none of
 * them will need again. A lane computes its next segment only when pull has nothing to hand out,
 * and always the lane that is furthest behind: so nothing beyond `pulled` + S frames is ever
 * touched, and accumulators of S frames suffice. A device with several slots is given segments
 * before their turn; they are blended when it comes. */
#ifndef CLEAVE_RUNTIME_ENGINE_H
#define CLEAVE_RUNTIME_ENGINE_H

#include <stdatomic.h>

#include "runtime/device.h"
#include "runtime/engine_config.h"
#include "runtime/plan.h"
#include "runtime/ring.h"
#include "runtime/segment.h"

/* Frames that are handed out at a time, or S if that is less: a block. */
#define CLEAVE_OUTPUT_BLOCK 8192

/* One segmentation of the track and its cross-faded result. Frame p lies at p mod S. */
typedef struct cleave_lane {
    int64_t origin; /* where its first segment starts, <= 0 */
    int64_t next;   /* where its next segment starts: frames before it are final */
    int64_t begun;  /* where the next segment starts that the device is not given yet, >= next */
    int64_t end;    /* frames before it have been reached by a segment */
    float *mean;    /* [I * C][S]: mean of the segments so far, weighted by their windows, or sum */
    float *weight;  /* [S]: sum of these weights; NULL if segments are added */
} cleave_lane;

/* What it takes to build the model's graph again; memory NULL: it is never needed. */
typedef struct cleave_fit {
    void (*build)(const cleave_model_request *request, cleave_graph *graph,
                  cleave_model_ports *ports);
    cleave_model_request request;
    void *memory; /* of a graph with so much room */
    int32_t tensors_max, steps_max;
} cleave_fit;

/* The track as a normalizing model sees it: (x - mean) / scale. */
typedef struct cleave_level {
    int32_t set; /* 0: as it is */
    double mean, scale;
} cleave_level;

/* A segment that the device was given. */
typedef struct cleave_flight {
    cleave_lane *lane;
    cleave_segment segment;
    int32_t slot;
} cleave_flight;

struct cleave_engine {
    cleave_engine_info info;
    void *owned; /* the arena, if cleave_open() allocated it */

    cleave_ops ops; /* of the host, for what lies around the plan */
    cleave_device_table device;
    cleave_plan plan;
    cleave_run run;
    int32_t slots; /* segments that the device may have at a time... */
    int32_t flight_count;
    cleave_flight flight[CLEAVE_SLOTS_MAX]; /* ...and those that it has, oldest first */
    cleave_model_ports ports;               /* of the plan: [C][stride], [I][C][stride] */
    int64_t fitted_frames; /* V that the plan is fitted to: S, if the model takes no other */
    cleave_fit fit;
    cleave_workers *workers;
    cleave_ring ring; /* frames [C] */

    int32_t channels, model_stems;  /* C, I */
    int64_t segment_frames, stride; /* S */
    int64_t reach;                  /* frames before its start that a segment may be widened by */
    int32_t lane_count;
    cleave_lane *lane;
    int32_t adds, padded; /* as the setup and the model's patches say */
    float *window;        /* [S]; NULL if segments are added */
    float *gain;          /* [S] */

    int32_t normalizes; /* not 0: the model computes on the normalized track */
    cleave_level level;

    int32_t uses_mixture;
    float *matrix;  /* [O][I, or I + 1 with the mixture] */
    float *blended; /* [I, or I + 1][C][block] */
    float *mixed;   /* [O][C][block] */

    /* The consumer's place. */
    int64_t tail;    /* frames that the ring has forgotten */
    int64_t pulled;  /* frames handed out */
    int32_t started; /* not 0: a segment of the track was computed, or begun */

    _Atomic int flushed, cancelled;
    _Atomic uint64_t frames_in, frames_out, segments, underruns, compute_ns;
};

/* engine.c. cleave_need(), with all that can be said of the engine before it is made, cleave_init()
 * and cleave_open() for a model that need not be in the list; NULL: the one that the configuration
 * names. */
cleave_status cleave_engine_need(const cleave_model *model, const cleave_config *config,
                                 cleave_engine_info *info, cleave_error *error);
cleave_status cleave_engine_init(const cleave_model *model, const cleave_config *config,
                                 void *arena, size_t bytes, cleave_engine **engine,
                                 cleave_error *error);
cleave_status cleave_engine_open(const cleave_model *model, const cleave_config *config,
                                 cleave_engine **engine, cleave_error *error);

/* engine.c. Memory for an arena of `bytes`, or NULL, and its release. */
void *cleave_engine_memory_open(size_t bytes);
void cleave_engine_memory_close(void *memory);

/* stream.c. Passes over the segment that pull would compute next: the frames that it would have
 * made ready are given up, as if they had been pulled. The frames after them come as they would,
 * but for those that the segment shares with the next one: they are the next one's alone, and what
 * a model remembers of its past lacks the segment. Returns how many frames were given up; 0 if
 * there are frames to pull, or no segment to compute, or none that ends what is to be given. The
 * caller is the one that pulls. */
int64_t cleave_engine_skip(cleave_engine *engine);

/* lane.c. Puts the lane at the beginning of a track. */
void cleave_lane_reset(cleave_lane *lane, const cleave_engine *engine);

/* lane.c. Blends what the plan gave for the lane's next segment into its result, and moves on.
 * `output` is laid out as the plan's. */
void cleave_lane_fold(cleave_lane *lane, const cleave_engine *engine, const cleave_segment *segment,
                      const float *output);

/* fit.c. Takes what cleave_fit_to() needs from the arena: the memory for a graph of that size. */
void cleave_fit_lay_out(cleave_engine *engine, const cleave_setup *setup, const cleave_graph *graph,
                        cleave_arena *arena);

/* fit.c. Fits the plan to segments of `frames`, 1..S; only lengths that are not S need the memory.
 * On an error the plan is as before. */
cleave_status cleave_fit_to(cleave_engine *engine, int64_t frames, cleave_error *error);

/* fit.c. Fits the plan to 1, 2, 4... and S frames in turn: what holds for these holds for those in
 * between, since sizes grow with the length. */
cleave_status cleave_fit_try(cleave_engine *engine, cleave_error *error);

/* output.c. Hands out `frames` frames from engine->pulled on, which all lanes have finished;
 * `stems` as in cleave_pull(). */
void cleave_output_take(cleave_engine *engine, int64_t frames, float *const *stems);

/* stream.c. Copies frames of the ring from `from` on into out[c * stride + n], planar. The ring has
 * them. */
void cleave_engine_read(cleave_engine *engine, int64_t from, int64_t frames, float *out,
                        int64_t stride);

#endif
