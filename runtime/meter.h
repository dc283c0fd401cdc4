/* meter.h: the parts of a cleave_meter.
 *
 * meter.c     tiles of record_frames frames, sums of samples, records
 * meter_loudness.c   K-weighted energy of 10 ms steps to loudness
 * meter_spectrum.c   transforms, mean spectrum, noise floor
 * meter_events.c     clipping, silence, drop-outs, clicks
 *
 * What a part sees is cut at positions of the track alone, never where a push ended. */
#ifndef CLEAVE_RUNTIME_METER_H
#define CLEAVE_RUNTIME_METER_H

#include "kernels/biquad/biquad.h"
#include "kernels/true_peak/true_peak.h"
#include "runtime/cleave_meter.h"
#include "runtime/k_weighting.h"
#include "runtime/kernel_call.h"

#define METER_STEPS_A_SECOND 100
#define METER_MOMENTARY      40  /* steps */
#define METER_SHORT_TERM     300 /* steps, and of a block of dynamic range */
#define METER_HOP            10  /* steps from one gated block to the next */
#define METER_GATE_LUFS      (-70.0)
#define METER_BIN_LU         0.02
#define METER_LUFS_BINS      5000 /* -70 to +30 LUFS */

/* Blocks of loudness above the absolute gate, by loudness. */
typedef struct meter_histogram {
    int64_t total;
    double energy; /* of all */
    int64_t count[METER_LUFS_BINS];
    double sum[METER_LUFS_BINS]; /* of energy, so that a mean over bins is exact */
} meter_histogram;

typedef struct meter_loudness {
    int64_t steps;                   /* complete */
    double energy[METER_SHORT_TERM]; /* of the last steps, a ring: sums over frames and channels */
    double frames[METER_SHORT_TERM];
    double momentary_max, short_term_max; /* mean squares */
    double momentary, short_term;         /* of the last step; 0 before they are complete */
    meter_histogram gated, range;
} meter_loudness;

#define METER_DR_BINS 2400 /* of 0.05 dB: 0 to -120 dB */

/* Blocks of 3 s of one channel, for dynamic range. */
typedef struct meter_blocks {
    double squares, peak; /* of the block under way */
    int64_t steps;
    double first, second; /* highest peaks of blocks */
    int64_t total;
    int64_t count[METER_DR_BINS];
} meter_blocks;

#define METER_MINIMA 8 /* windows under whose minimum lies the noise floor */

typedef struct meter_spectrum {
    int64_t n, bins, held, transforms, hops; /* hops: of a window of minima */
    float *window, *signal, *spectra;        /* [N]; [C][N]; [C][2][bins] */
    double *mean;                            /* [bins]: sum of powers */
    double *power, *smooth, *low;            /* of this transform; recursive mean; its minimum */
    double *minima;                          /* [METER_MINIMA][bins] */
    double *noise;                           /* [bins]: floor as known by now */
    double floor;                            /* sum of `noise` */
    float bands[CLEAVE_METER_BANDS];         /* of `power`, in dB */
    double signal_sum, noise_sum;            /* over transforms with a floor */
    int64_t noise_count;
    cleave_kernel_call stft;
} meter_spectrum;

#define METER_CLICK_STEP  32 /* frames */
#define METER_CLICK_RING  64
#define METER_CLICK_AFTER 32 /* steps after the one that is judged */

/* What a step of second differences had. */
typedef struct meter_click_step {
    float energy, peak;
    int64_t frame; /* of the peak */
} meter_click_step;

typedef struct meter_channel {
    int64_t clip_run;
    float clip_top;
    float held_value;
    int64_t held_run;
    int32_t held_loud;  /* there was signal before it */
    int64_t click_last; /* frame of the last click */
    meter_click_step click[METER_CLICK_RING];
    meter_blocks blocks;
    double sum, squares, peak;      /* of the track */
    double step_squares, step_peak; /* of the step under way */
} meter_channel;

typedef struct meter_events {
    int64_t past;         /* frames of a row before the tile */
    int64_t level_frames; /* of the windows before and after a drop-out */
    int64_t dropout_frames, dropout_max;
    int64_t click_steps; /* done */
    double silent_squares;
    int64_t silent_frames; /* of the silence under way */
    double silence_s;
    int64_t clipped_samples;
    int32_t clipped_places; /* in this tile */
    cleave_meter_places *clipping, *silence, *dropouts, *clicks;
} meter_events;

struct cleave_meter {
    cleave_meter_config config;
    cleave_ops ops;
    int64_t frames; /* of the track, in tiles that are done */
    int64_t held;   /* in this tile */
    int64_t next;   /* where the step under way ends */
    int64_t not_finite;
    int64_t row;     /* floats of a row of x: the past and a tile */
    float *x, *y;    /* [C][row]: the signal; [C][record_frames]: K-weighted */
    float *sums;     /* of calls */
    double *weights; /* coefficients of biquad */
    cleave_block *block;
    float *k_state, *peak_state, *peaks;
    cleave_kernel_call biquad, true_peak, reduce, pair_sums;
    double cross, left, right;                      /* sums for the correlation */
    double tile_cross, tile_left, tile_right;       /* of this tile */
    double tile_squares, tile_peak, tile_true_peak; /* of this tile, all channels */
    double step_energy, step_squares;               /* of the step under way, all channels */
    int64_t step_first;
    meter_channel *channel; /* [C] */
    meter_loudness *loudness;
    meter_spectrum spectrum;
    meter_events events;
    cleave_meter_record record;
    int32_t has_record;
};

/* fmin() and fmax() of the library are calls, since they know NaN. */
static inline double meter_least(double a, double b)
{
    return a < b ? a : b;
}

static inline double meter_most(double a, double b)
{
    return a > b ? a : b;
}

static inline double meter_db(double power)
{
    return power > 0 ? 10 * log10(power) : -INFINITY;
}

/* A step of `frames` frames: weighted energy summed over channels. */
void cleave_meter_loudness_step(meter_loudness *l, double energy, int64_t frames);
void cleave_meter_loudness_result(const meter_loudness *l, cleave_meter_result *result);
/* A step of one channel; gives a block of 3 s where it is complete. */
void cleave_meter_blocks_step(meter_blocks *b, double squares, double peak, int64_t frames);
/* DR of one channel; NaN if there was no block with sound. */
double cleave_meter_blocks_range(const meter_blocks *b);

void cleave_meter_spectrum_take(cleave_meter *m, cleave_arena *arena);
void cleave_meter_spectrum_reset(cleave_meter *m);
/* The frames of the tile. */
void cleave_meter_spectrum_tile(cleave_meter *m, int64_t frames);
void cleave_meter_spectrum_result(const cleave_meter *m, cleave_meter_result *result);

void cleave_meter_events_take(cleave_meter *m, cleave_arena *arena);
void cleave_meter_events_reset(cleave_meter *m);
/* The tile's samples, and those that wait for what followed them. */
void cleave_meter_events_tile(cleave_meter *m, int64_t frames);
/* A step of 10 ms that begins at `first`: the sum of squares of all channels. */
void cleave_meter_events_step(cleave_meter *m, int64_t first, int64_t frames, double squares);
void cleave_meter_events_finish(cleave_meter *m, cleave_meter_result *result);

#endif
