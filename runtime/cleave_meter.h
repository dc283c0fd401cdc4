/* cleave_meter.h: measures of one track or one stream of audio, part of the public interface.
 *
 * A cleave_meter is an object in the caller's memory that allocates nothing and takes blocks of any
 * length. It gives two things: every `record_frames` frames a cleave_meter_record, in real time,
 * and at the end of a track a cleave_meter_result. Neither depends on how the track was cut into
 * blocks, and memory does not grow with the track. docs/analysis.md has every measure's definition
 * and source.
 *
 * Frames are interleaved, [frames][channels], full scale is -1..1. A sample that is no finite
 * number counts as 0 and is counted. A level of nothing is -infinity; a measure that is not defined
 * (the correlation of a track in mono, the loudness of 0.3 s) is NaN, or -infinity where it says
 * so. Functions on different meters may run at once; one meter belongs to one thread at a time. */
#ifndef CLEAVE_METER_H
#define CLEAVE_METER_H

#include "cleave.h"

#ifdef __cplusplus
extern "C" {
#endif

#define CLEAVE_METER_RATE_HZ_MIN       8000
#define CLEAVE_METER_RATE_HZ_MAX       384000
#define CLEAVE_METER_RECORD_FRAMES_MIN 64
#define CLEAVE_METER_RECORD_FRAMES_MAX 65536
#define CLEAVE_METER_PLACES_MAX        256  /* of one kind that a result lists */
#define CLEAVE_METER_BANDS             31   /* thirds of an octave, 20 Hz to 20 kHz */
#define CLEAVE_METER_BINS              1025 /* of the mean spectrum, 0 to half the rate */

/* How a channel counts in loudness (BS.1770-4, table 3). */
typedef enum cleave_meter_channel {
    CLEAVE_METER_FRONT,    /* left, right, centre, and behind 120 degrees: weight 1 */
    CLEAVE_METER_SURROUND, /* 60 to 120 degrees aside: weight 1.41 (+1.5 dB) */
    CLEAVE_METER_IGNORED   /* LFE: not at all */
} cleave_meter_channel;

typedef struct cleave_meter_record cleave_meter_record;

typedef struct cleave_meter_config {
    int32_t rate_hz;
    int32_t channels; /* 1..CLEAVE_CHANNELS_MAX */
    /* Of the first `channels`; cleave_meter_config_default() takes the order of WAV files: 5 and 6
     * channels are L R C (LFE) Ls Rs, 4 are L R Ls Rs, 7 and 8 L R C LFE, one or two behind, Ls Rs.
     */
    cleave_meter_channel channel[CLEAVE_CHANNELS_MAX];
    int32_t record_frames; /* of a record; a tenth of a second by default */
    double silence_rms;    /* below it a window of 10 ms is silent, linear; 0.001 by default */
    double silence_s;      /* of the shortest silence that is listed; 0.1 by default */
    double clip_level;     /* |sample| that counts as clipped, linear; 0.999 by default */
    int32_t clip_frames;   /* in a row that make a place of clipping; 2 by default */
    double dropout_s;      /* of the shortest drop-out; 0.001 by default */
    double click_ratio;    /* of a click to its surroundings; 12 by default */
    /* Called by cleave_meter_push() with each record that is complete; may be NULL. */
    void (*on_record)(void *user, const cleave_meter_record *record);
    void *user;
} cleave_meter_config;

/* One window of `record_frames` frames. Levels are over all channels. */
struct cleave_meter_record {
    int64_t frame;                /* the first, from the start of the track */
    int64_t frames;               /* fewer than asked for in the last record of a track */
    double timestamp;             /* seconds: frame / rate_hz */
    double rms_level;             /* linear, 1 is a square wave of full scale */
    double peak_level;            /* max |sample|, linear */
    double true_peak_level;       /* linear, between samples too */
    double dynamic_range;         /* dB: peak to RMS of this window; NaN in digital silence */
    double signal_to_noise_ratio; /* dB: to the noise floor as it is known by now; NaN at first */
    double momentary_lufs;        /* of the last 0.4 s at the end of the window, -inf before */
    double short_term_lufs;       /* of the last 3 s */
    double stereo_correlation;    /* -1..1 of channels 0 and 1; NaN in mono or silence */
    int32_t silence_detected;     /* whether rms_level < silence_rms */
    int32_t clipping_detected;    /* places of clipping that began or went on here */
    /* Levels of the bands in dB, 0 is a sine of full scale in it: of the last transform that ended
     * by the end of the window; -infinity in bands above half the rate. */
    float frequency_spectrum[CLEAVE_METER_BANDS];
};

/* Something found at frames first .. first + frames - 1. */
typedef struct cleave_meter_place {
    int64_t frame;
    int64_t frames;
    int32_t channel; /* -1: all of them */
    float value;     /* clipping: largest |sample|; click: ratio; silence: RMS; drop-out: held value
                      */
} cleave_meter_place;

typedef struct cleave_meter_places {
    int64_t total; /* found; the first CLEAVE_METER_PLACES_MAX of them, in order, are listed */
    int32_t count; /* listed */
    cleave_meter_place place[CLEAVE_METER_PLACES_MAX];
} cleave_meter_places;

/* The whole track. Levels are of all channels together unless they are lists. */
typedef struct cleave_meter_result {
    int64_t frames;
    double duration_s;
    int64_t not_finite; /* samples that were NaN or infinite */

    double rms_dbfs;  /* 20 log10 of the RMS: a sine of full scale has -3.01 */
    double peak_dbfs; /* of samples */
    double true_peak_dbtp;
    double crest_db;         /* sample peak to RMS */
    double dynamic_range_db; /* DR: loudest fifth of 3 s blocks to the second highest peak */
    double plr_db;           /* true peak to integrated loudness */

    double integrated_lufs;     /* -infinity if no block of 0.4 s is above the gate */
    double momentary_max_lufs;  /* of complete windows of 0.4 s, each 10 ms */
    double short_term_max_lufs; /* of complete windows of 3 s, each 10 ms */
    double loudness_range_lu;   /* EBU Tech 3342; 0 if nothing passes its gates */

    double noise_dbfs; /* RMS of the noise floor, by minimum statistics; NaN below 2 s */
    double snr_db;     /* of the rest to it; NaN below 2 s */

    double channel_rms_dbfs[CLEAVE_CHANNELS_MAX];
    double channel_peak_dbfs[CLEAVE_CHANNELS_MAX];
    double channel_true_peak_dbtp[CLEAVE_CHANNELS_MAX];
    double dc_offset[CLEAVE_CHANNELS_MAX]; /* mean, linear */
    double stereo_correlation;             /* of channels 0 and 1, -1..1 */

    int64_t clipped_samples; /* all at or above clip_level, whether in a place or alone */
    cleave_meter_places clipping;
    cleave_meter_places silence;
    double silence_s; /* sum of all of these */
    cleave_meter_places dropouts;
    cleave_meter_places clicks;

    double centroid_hz;                   /* of the mean spectrum of power */
    double rolloff_hz;                    /* 85 % of its power lie below */
    double band_hz[CLEAVE_METER_BANDS];   /* centres */
    float band_db[CLEAVE_METER_BANDS];    /* mean levels, as in a record */
    float spectrum_db[CLEAVE_METER_BINS]; /* mean of bin i, at i / 1024 of half the rate: 0 is a
                                             sine of full scale there */
} cleave_meter_result;

typedef struct cleave_meter cleave_meter;

/* Everything but rate and channels as above. */
void cleave_meter_config_default(int32_t rate_hz, int32_t channels, cleave_meter_config *config);

/* Bytes that a meter needs; 0 if the configuration is out of range, and then *why, unless NULL, is
 * a sentence that names the field. */
size_t cleave_meter_need(const cleave_meter_config *config, const char **why);

/* Makes the object at the start of `memory`, 64-byte aligned, `bytes` long. INVALID: the
 * configuration, or memory that is NULL or not aligned; NO_MEMORY: fewer bytes than needed. */
cleave_status cleave_meter_init(const cleave_meter_config *config, void *memory, size_t bytes,
                                cleave_meter **meter);

/* Takes `frames` >= 0 frames: [frames][channels]. */
void cleave_meter_push(cleave_meter *meter, const float *in, int64_t frames);

/* The last complete record; returns 0 and leaves it as it is if there was none in this track. */
int cleave_meter_latest(const cleave_meter *meter, cleave_meter_record *record);

/* The track ends here: gives the last, shorter record to on_record, then the result of the track
 * (any length, 0 too). The next push begins another track. */
void cleave_meter_finish(cleave_meter *meter, cleave_meter_result *result);

/* Forgets the track. */
void cleave_meter_reset(cleave_meter *meter);

#ifdef __cplusplus
}
#endif

#endif
