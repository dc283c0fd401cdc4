/* cleave_fx.h: studio effects: chains of them on streams of audio, block by block.
 *
 * In five lines: write what you want as text, "highpass:40;compressor:threshold=-20,ratio=4", into
 * a cleave_fx_chain; cleave_fx_open() builds a plan of it in one arena; cleave_fx_process() takes
 * frames and gives as many, delayed by latency_frames; cleave_fx_set() turns a knob while it runs;
 * cleave_fx_close(). Between the end of open and close nothing is allocated. The output is the same
 * bytes however the stream is cut into blocks. docs/effects.md has every effect with its formula.
 *
 * Threads. On one object, cleave_fx_set() may be called from any thread at any time, and one thread
 * may call cleave_fx_push() while another calls cleave_fx_pull(); everything else needs the object
 * to itself. */
#ifndef CLEAVE_FX_H
#define CLEAVE_FX_H

#include "cleave.h"

#ifdef __cplusplus
extern "C" {
#endif

#define CLEAVE_FX_EFFECTS_MAX      16
#define CLEAVE_FX_PARAMETERS_MAX   12
#define CLEAVE_FX_BANDS_MAX        32
#define CLEAVE_FX_STREAMS_MAX      256
#define CLEAVE_FX_TEXT_BYTES       256
#define CLEAVE_FX_RATE_HZ_MAX      384000
#define CLEAVE_FX_BLOCK_FRAMES_MAX 65536

/* ---- what there is ---- */

/* One parameter of an effect. Strings live as long as the program. */
typedef struct cleave_fx_parameter {
    const char *name;        /* "threshold" */
    const char *unit;        /* "dB", "s", "Hz", "" */
    const char *description; /* one line */
    double low, high;        /* the range, both ends allowed */
    double preset;           /* the value when none is given */
    const char *choices;     /* NULL, or the words for 0, 1, 2...: "peak|rms" */
    int32_t fixed;           /* not 0: only before open, since it decides on memory or latency */
} cleave_fx_parameter;

typedef struct cleave_fx_kind {
    const char *name;        /* "compressor" */
    const char *description; /* one line */
    int32_t parameter_count;
    const cleave_fx_parameter *parameters; /* the first may be given without its name */
    int32_t has_bands;                     /* not 0: an equaliser, which takes bands besides */
    const char *text; /* NULL, or the name of a parameter that is text: "ir", a path */
} cleave_fx_kind;

/* Effect `index`, 0 up, into *kind; CLEAVE_INVALID past the last. */
cleave_status cleave_fx_at(int32_t index, cleave_fx_kind *kind);

/* ---- chains ---- */

/* The shape of a band of an equaliser. */
typedef enum cleave_fx_shape {
    CLEAVE_FX_PEAKING, /* "peak", or no word */
    CLEAVE_FX_LOW_SHELF,
    CLEAVE_FX_HIGH_SHELF,
    CLEAVE_FX_LOW_PASS,
    CLEAVE_FX_HIGH_PASS,
    CLEAVE_FX_BAND_PASS,
    CLEAVE_FX_NOTCH,
    CLEAVE_FX_SHAPES
} cleave_fx_shape;

typedef struct cleave_fx_band {
    cleave_fx_shape shape;
    double frequency_hz; /* below half of the sample rate */
    double gain_db;      /* -40..40; of peaks and shelves */
    double q;            /* 0.05..50 */
} cleave_fx_band;

/* One effect and all of its values. */
typedef struct cleave_fx_effect {
    int32_t kind; /* its number, for cleave_fx_at() */
    double value[CLEAVE_FX_PARAMETERS_MAX];
    int32_t band_count;
    cleave_fx_band band[CLEAVE_FX_BANDS_MAX];
    char text[CLEAVE_FX_TEXT_BYTES];
} cleave_fx_effect;

/* Effects in the order in which audio passes them. All zero: none. */
typedef struct cleave_fx_chain {
    int32_t count;
    cleave_fx_effect effect[CLEAVE_FX_EFFECTS_MAX];
} cleave_fx_chain;

/* Appends an effect with its presets. INVALID: no effect is called so (the sentence has the nearest
 * name), or the chain is full. */
cleave_status cleave_fx_chain_add(cleave_fx_chain *chain, const char *effect, cleave_error *error);

/* Gives a parameter of effect `index` the value that the text says: a number in the parameter's
 * unit, or one of its choices. "band" adds a band to an equaliser, "80/-3/1": Hz, dB, Q, or
 * "lowshelf@80/-3/0.7"; passes and notches have no gain: "highpass@40/0.7". INVALID: no parameter
 * is called so, not a number, out of range, too many bands. */
cleave_status cleave_fx_chain_set(cleave_fx_chain *chain, int32_t index, const char *parameter,
                                  const char *value, cleave_error *error);

/* A whole chain from text: effects separated by ";", each a name, then perhaps ":" and values
 * separated by ",": name=value, or for the first parameter the value alone, or bands of an
 * equaliser: "eq:80/-3/1,250/2/1;limiter:-1". Spaces around the parts do not count. *chain is
 * unchanged on an error. */
cleave_status cleave_fx_parse(const char *text, cleave_fx_chain *chain, cleave_error *error);

/* The chain as text that cleave_fx_parse() takes, what is preset left out; returns its length as
 * snprintf does. */
size_t cleave_fx_format(const cleave_fx_chain *chain, char *text, size_t bytes);

/* ---- a chain that runs ---- */

/* Samples that an effect needs, such as an impulse response; read during open only. */
typedef struct cleave_fx_samples {
    const float *interleaved; /* [frames][channels], at the rate of the chain */
    int64_t frames;
    int32_t channels; /* 1: the same for all, or as many as the chain has */
} cleave_fx_samples;

typedef struct cleave_fx_config {
    const cleave_fx_chain *chain;                     /* copied */
    cleave_fx_samples samples[CLEAVE_FX_EFFECTS_MAX]; /* of effect i, if it needs them */
    int32_t rate_hz;          /* CLEAVE_RATE_HZ_MIN..CLEAVE_FX_RATE_HZ_MAX; default 44100 */
    int32_t channels;         /* 1..CLEAVE_CHANNELS_MAX; default 2 */
    int32_t streams;          /* that pass the same chain side by side; default 1 */
    int32_t block_frames_max; /* frames that are computed at a time, at most; default 1024 */
    int64_t ring_frames;      /* that wait for cleave_fx_pull(), at most; default 0: no ring */
    int32_t threads;          /* default 1: the caller's alone */
    cleave_device device;     /* default CLEAVE_DEVICE_CPU */
    int32_t device_index;
    uint32_t cpu_features_off; /* as in cleave_config */
} cleave_fx_config;

void cleave_fx_config_default(cleave_fx_config *config);

typedef struct cleave_fx cleave_fx;

/* Bytes that the object takes. Errors, with a sentence: INVALID for a value that is out of range
 * (the effect and the parameter are named) or does not fit the others, such as a band above half of
 * the sample rate, or missing samples; NO_MEMORY, NO_DEVICE, SYSTEM. */
cleave_status cleave_fx_need(const cleave_fx_config *config, cleave_memory *need,
                             cleave_error *error);

/* In the caller's memory, 64-byte aligned, which must outlive the object. Errors: those of
 * cleave_fx_need(), and INVALID or NO_MEMORY for the arena. */
cleave_status cleave_fx_init(const cleave_fx_config *config, void *arena, size_t bytes,
                             cleave_fx **fx, cleave_error *error);

/* The same with one allocation of its own. */
cleave_status cleave_fx_open(const cleave_fx_config *config, cleave_fx **fx, cleave_error *error);

/* Frees what open allocated and sets *fx to NULL. Safe on NULL and on a pointer to NULL. */
void cleave_fx_close(cleave_fx **fx);

typedef struct cleave_fx_info {
    char device[64];
    int32_t rate_hz, channels, streams, threads, block_frames_max, effect_count;
    int64_t latency_frames;                               /* of the whole chain... */
    int64_t effect_latency_frames[CLEAVE_FX_EFFECTS_MAX]; /* ...and of each effect */
    int64_t tail_frames; /* that go on sounding after the last frame that went in, but for the
                          * latency; at most, to -60 dB */
    int64_t ring_frames; /* capacity of the ring */
    cleave_memory memory;
} cleave_fx_info;

void cleave_fx_info_get(const cleave_fx *fx, cleave_fx_info *info);

/* Takes `frames` frames of every stream, [streams][frames][channels], and gives as many; in may be
 * out. Any number of frames, 0 included. What comes out first are latency_frames of silence. A
 * sample that is no number, or of a magnitude of 10^6 and more, counts as 0. OK. INVALID: frames <
 * 0, a NULL pointer, or an object that has a ring. NO_DEVICE: the GPU was lost; the output is
 * silence; close. */
cleave_status cleave_fx_process(cleave_fx *fx, const float *in, float *out, int64_t frames);

/* With a ring, for one stream. Push copies frames in and never computes nor blocks; AGAIN: there
 * was room for *accepted of them only, an overrun. Pull computes what it gives; AGAIN: there were
 * *pulled frames only, an underrun. The caller decides what that means to him. */
cleave_status cleave_fx_push(cleave_fx *fx, const float *interleaved, int64_t frames,
                             int64_t *accepted);
cleave_status cleave_fx_pull(cleave_fx *fx, float *interleaved, int64_t frames, int64_t *pulled);

/* Turns a knob: parameter of effect `effect` to `value`; "band.frequency", "band.gain" and "band.q"
 * of band `band`. From the next block on, moving there within 512 frames where a jump would be
 * heard. INVALID with a sentence: no such parameter, out of range, or fixed. */
cleave_status cleave_fx_set(cleave_fx *fx, int32_t effect, int32_t band, const char *parameter,
                            double value, cleave_error *error);

/* Forgets the stream, as after open; knobs stay where they are. */
void cleave_fx_reset(cleave_fx *fx);

typedef struct cleave_fx_stats {
    uint64_t frames;                             /* processed, of each stream */
    uint64_t blocks, process_ns, worst_block_ns; /* computed; time in all, and of the longest */
    uint64_t overruns, underruns;                /* of push and pull */
    double reduction_db[CLEAVE_FX_EFFECTS_MAX];  /* the most that a compressor or gate
                                                  * took away in the last block, >= 0 */
    uint64_t replaced_samples;                   /* that were no numbers */
} cleave_fx_stats;

void cleave_fx_stats_get(const cleave_fx *fx, cleave_fx_stats *stats);

#ifdef __cplusplus
}
#endif

#endif
