/* cleave.h: the public interface of cleave, an engine that separates music into stems.
 *
 * The only header that separating needs; effects, measures and spectrograms have theirs beside it
 * (cleave_fx.h, cleave_meter.h, cleave_spectrogram.h). It compiles alone as C17 and C++17; the
 * library behind it needs libc, libm and pthreads.
 *
 * In six lines: describe what you want in a cleave_config; cleave_open() sizes one arena, builds
 * the plan and starts the threads; push interleaved float32 frames, pull the stems' frames, flush
 * at the end of a track and pull until CLEAVE_END; cleave_reset() for the next track;
 * cleave_close(). Between the end of open and close nothing is allocated, and the output is the
 * same bytes on every run and for any number of threads.
 *
 * Words. A frame is one sample of every channel. "Interleaved" is frame after frame: [T][C]. Full
 * scale is -1..1; larger values pass through. All strings are UTF-8 and NUL-terminated.
 *
 * Threads. Functions on different engines may run at once. On one engine, one thread may call
 * cleave_push() and cleave_flush() while another calls cleave_pull(); cleave_cancel() and
 * cleave_engine_stats() may be called from any thread at any time; everything else needs the engine
 * to itself. */
#ifndef CLEAVE_H
#define CLEAVE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CLEAVE_VERSION_MAJOR 0
#define CLEAVE_VERSION_MINOR 1
#define CLEAVE_VERSION_PATCH 0

#define CLEAVE_CHANNELS_MAX  8
#define CLEAVE_STEMS_MAX     8
#define CLEAVE_THREADS_MAX   64
#define CLEAVE_SHIFTS_MAX    32
#define CLEAVE_NETWORKS_MAX  16
#define CLEAVE_BATCH_MAX     16
#define CLEAVE_RATE_HZ_MIN   8000
#define CLEAVE_RATE_HZ_MAX   192000
#define CLEAVE_OVERLAP_MODEL (-1.0)
#define CLEAVE_NAME_BYTES    32 /* of a model or stem name, with its NUL */
#define CLEAVE_MESSAGE_BYTES 256

/* What became of a call. Negative values are errors; on an error the results passed by pointer are
 * unchanged. */
typedef enum cleave_status {
    CLEAVE_OK = 0,
    CLEAVE_AGAIN =
        1, /* pull: nothing ready, push more; push: no room, pull first. Nothing is wrong. */
    CLEAVE_END = 2,          /* pull: the flushed track is complete */
    CLEAVE_INVALID = -1,     /* an argument is out of its range; the object is as before */
    CLEAVE_UNSUPPORTED = -2, /* well-formed, but this model or build cannot do it */
    CLEAVE_NO_MEMORY = -3,   /* the memory that was given or could be had is too small */
    CLEAVE_NO_MODEL = -4,    /* no model of that name, or it needs weights that were not given */
    CLEAVE_NO_DEVICE =
        -5, /* the device asked for is absent or was lost; the engine can only be closed */
    CLEAVE_CANCELLED = -6, /* cleave_cancel() was called; reset or close */
    CLEAVE_SYSTEM = -7     /* the operating system refused threads or memory mapping */
} cleave_status;

/* A fixed English phrase for a status; never NULL. */
const char *cleave_status_text(cleave_status status);

/* "0.1.0": the version of the library that runs, as the macros are of the header that was compiled.
 */
const char *cleave_version(void);

/* One sentence about an error, naming what is wrong. */
typedef struct cleave_error {
    cleave_status status;
    char message[CLEAVE_MESSAGE_BYTES];
} cleave_error;

typedef enum cleave_device {
    CLEAVE_DEVICE_AUTO, /* a GPU if there is one and this build can use it, else the CPU */
    CLEAVE_DEVICE_CPU,
    CLEAVE_DEVICE_CUDA
} cleave_device;

typedef enum cleave_precision {
    CLEAVE_PRECISION_FP32,
    CLEAVE_PRECISION_TF32,
    CLEAVE_PRECISION_BF16,
    CLEAVE_PRECISION_FP16
} cleave_precision;

/* The mask of bins that a network does not see. */
typedef enum cleave_mask_extension {
    CLEAVE_MASK_MODEL,  /* as the weight file says */
    CLEAVE_MASK_ZEROS,  /* silence above the network's last bin */
    CLEAVE_MASK_AVERAGE /* the mean of the mask over the bins that have one */
} cleave_mask_extension;

/* A GPU. */
typedef struct cleave_device_info {
    char name[64];            /* "cuda:0 NVIDIA H200" */
    int32_t major, minor;     /* its compute capability */
    size_t memory_bytes;      /* all of it... */
    size_t memory_free_bytes; /* ...and what is free now */
} cleave_device_info;

/* GPU number `index`, 0 up, into *info. NO_DEVICE past the last, UNSUPPORTED in a build without
 * CUDA, both with a sentence in *error, which may be NULL. */
cleave_status cleave_device_at(int32_t index, cleave_device_info *info, cleave_error *error);

/* What a model is. Strings live as long as the program. */
typedef struct cleave_model_info {
    const char *name;        /* "center" */
    const char *description; /* one line */
    int32_t stem_count;
    const char *stems[CLEAVE_STEMS_MAX]; /* in output order */
    int32_t default_stem_count;          /* stems that are separated when none are asked for... */
    const char *default_stems[CLEAVE_STEMS_MAX]; /* ...which are these */
    int32_t rate_hz;      /* the rate it runs at; 0: any rate from RATE_HZ_MIN to RATE_HZ_MAX */
    int32_t channels_min; /* fewest channels it accepts */
    int32_t channels_max;
    int32_t needs_weights; /* not 0: cannot run without a weight file */
} cleave_model_info;

/* Model `index`, 0 up, of those that need no weights, into *info; CLEAVE_NO_MODEL past the last.
 * The model "identity", which gives the mixture back, is for tests and found by its name alone. */
cleave_status cleave_model_at(int32_t index, cleave_model_info *info);

/* The model called `name`; CLEAVE_NO_MODEL if there is none. */
cleave_status cleave_model_find(const char *name, cleave_model_info *info);

/* One network of a model that has weights: a converted weight file (docs/weights_format.md) in
 * memory, a mapping or flash. A model is one network, or a bag of several with the same stems. */
typedef struct cleave_network {
    const void *weights; /* 64-byte aligned; must outlive the engine, which reads them at init and,
                          * but for a few bytes of configuration, not again */
    size_t weights_bytes;
    float gain[CLEAVE_STEMS_MAX]; /* of stem s; a stem is the mean of the networks, weighted by it.
                                   * All zero: 1 for every stem. A network without gain in any stem
                                   * that is needed does not run. */
} cleave_network;

/* What the networks are, from their files. */
typedef struct cleave_network_info {
    char kind[CLEAVE_NAME_BYTES]; /* "htdemucs", "hdemucs", "spleeter" */
    int32_t stem_count;
    char stems[CLEAVE_STEMS_MAX][CLEAVE_NAME_BYTES]; /* in output order */
    int32_t rate_hz, channels;
    double segment_seconds;     /* of a segment when none is asked for... */
    double segment_seconds_max; /* ...and the longest that may be asked for */
    int32_t normalizes;         /* not 0: cleave_normalize() should be told of the whole track */
    uint64_t parameters;        /* of all networks together */
} cleave_network_info;

/* Reads the headers of the networks. INVALID or UNSUPPORTED with a sentence: a file that is
 * damaged, of an unknown kind, or that asks for a network this build cannot compute; networks that
 * differ in kind, stems, rate or channels. */
cleave_status cleave_networks_describe(const cleave_network *networks, int32_t count,
                                       cleave_network_info *info, cleave_error *error);

/* Everything that shapes an engine. Start from cleave_config_default(); the struct is copied, the
 * strings are read during the call only. */
typedef struct cleave_config {
    const char *model; /* name; default "center". With networks: only what cleave_engine_info calls
                        * it; NULL for their kind */
    int32_t network_count;          /* 0: the model has no weights; else 1..CLEAVE_NETWORKS_MAX */
    const cleave_network *networks; /* read at init; the array itself need not outlive it */
    int32_t rate_hz;                /* of the audio that is pushed; default 44100 */
    int32_t channels;               /* of the audio that is pushed and of every stem; default 2 */
    int32_t stem_count;             /* 0: the model's default stems */
    const char *stems[CLEAVE_STEMS_MAX]; /* names of the stems wanted, in the order wanted; besides
                                          * the model's own, "no_X" is the sum of all but X, and
                                          * "accompaniment" that of all but "vocals" */
    const char
        *two_stems; /* NULL, or a stem X: the outputs are then X and no_X = the sum of the others */
    int32_t conserve; /* not 0: add to every stem an equal share of (mixture - sum of stems), so
                       * that the stems sum to the mixture within float rounding */
    double overlap;   /* of neighbouring segments, 0..0.95; CLEAVE_OVERLAP_MODEL, the default: the
                       * model's own, which is 0.25, but 0 for Spleeter, whose patches start the
                       * nearest whole number of 64 frames of its transform apart */
    double segment_seconds;  /* 0: the model's own; else 0.1..600. Spleeter takes the nearest whole
                              * number of 64 frames of its transform. */
    double transition_power; /* of the cross-fade window, >= 1; default 1 */
    int32_t spectrum_bins;   /* of Spleeter's transform that its networks see and that get a mask: a
                              * multiple of 64; 0: as the file says. 1024: to 11 kHz, 1536: to 16 */
    cleave_mask_extension mask_extension; /* what the bins above get (Spleeter) */
    int32_t shifts;      /* 0..CLEAVE_SHIFTS_MAX random shifts to average over; default 0 */
    uint64_t shift_seed; /* of the shifts; default 0 */
    int32_t threads;     /* 1..CLEAVE_THREADS_MAX, with the caller's; default 1 */
    cleave_device device;
    int32_t device_index; /* among GPUs */
    int32_t batch; /* segments that a GPU has at a time, 1..CLEAVE_BATCH_MAX, each in memory of its
                    * own: while one is computed, others are copied. 0: up to four, as its free
                    * memory allows. The CPU has one. */
    cleave_precision precision; /* of the factors of large products; sums are float32. The CPU has
                                 * FP32 and, with AVX-512 BF16, BF16. */
    /* NULL, or called by init, on its thread, each time it has packed some of the weights: it does
     * not read these again, so that who maps a file can let go of its pages, and the two do not add
     * up. They may be read again when another engine is built. */
    void (*weights_packed)(void *context);
    void *weights_context;
    uint32_t
        cpu_features_off; /* CLEAVE_CPU_* bits of kernels/ops.h not to use, for tests; default 0 */
} cleave_config;

void cleave_config_default(cleave_config *config);

/* Bytes an engine needs, found by running its initialisation on a counting arena. */
typedef struct cleave_memory {
    size_t host_bytes;   /* the arena, 64-byte aligned */
    size_t pinned_bytes; /* page-locked host memory for a GPU; 0 on the CPU */
    size_t device_bytes; /* GPU memory; 0 on the CPU */
} cleave_memory;

typedef struct cleave_engine cleave_engine;

/* cleave_need: how much memory an engine of this configuration takes.
 * Errors (the sentence in *error, which may be NULL): INVALID, UNSUPPORTED, NO_MODEL, NO_DEVICE;
 * NO_MEMORY if no memory could be large enough; SYSTEM if the temporary workspace (below 1 MB for
 * most models, 2 KB a step of the network for large ones; freed before return) cannot be had. Init
 * for a GPU also holds the weights of one step at a time until they are copied. */
cleave_status cleave_need(const cleave_config *config, cleave_memory *need, cleave_error *error);

/* cleave_init: an engine in the caller's memory: `arena` is `bytes` long, 64-byte aligned, and
 * stays the caller's; it must outlive the engine. Starts config->threads - 1 threads. Errors: those
 * of cleave_need(), and INVALID if the arena is NULL or not aligned, NO_MEMORY if bytes <
 * need.host_bytes, SYSTEM if a thread cannot be started. *engine is set on CLEAVE_OK only. */
cleave_status cleave_init(const cleave_config *config, void *arena, size_t bytes,
                          cleave_engine **engine, cleave_error *error);

/* cleave_open: cleave_need(), one allocation, cleave_init(), and their errors; NO_MEMORY if the
 * allocation fails. */
cleave_status cleave_open(const cleave_config *config, cleave_engine **engine, cleave_error *error);

/* Stops the threads, frees what cleave_open() allocated, sets *engine to NULL. Safe on NULL and on
 * a pointer to NULL. No other call on the engine may be under way. */
void cleave_close(cleave_engine **engine);

/* What an engine turned out to be. */
typedef struct cleave_engine_info {
    char model[CLEAVE_NAME_BYTES];
    char device[64];                        /* "cpu avx512", "cuda:0 NVIDIA H200" */
    char device_note[CLEAVE_MESSAGE_BYTES]; /* CLEAVE_DEVICE_AUTO in a build with CUDA: why it is
                                             * the CPU, a sentence; else empty */
    int32_t batch;                          /* segments at a time */
    int32_t rate_hz, channels;
    int32_t stem_count;
    char stems[CLEAVE_STEMS_MAX][CLEAVE_NAME_BYTES];
    int32_t threads;
    int64_t segment_frames;     /* frames of one segment */
    int64_t stride_frames;      /* from one segment to the next */
    int64_t latency_frames_max; /* frames that must be pushed before the first is ready to pull */
    int64_t input_frames_max;   /* frames that can wait in the input ring at least */
    cleave_memory memory;       /* used; equal to what cleave_need() reported */
} cleave_engine_info;

void cleave_engine_info_get(const cleave_engine *engine, cleave_engine_info *info);

/* cleave_push: gives the engine `frames` interleaved frames [frames][channels]. Takes as many as
 * there is room for and sets *accepted. OK: at least one was taken (or frames was 0). AGAIN: the
 * input ring is full; pull. INVALID: after flush and before reset, frames < 0, or no interleaved
 * frames. Never blocks, never computes. NaN and infinities are the caller's to remove: they spoil
 * the segment they fall in. */
cleave_status cleave_push(cleave_engine *engine, const float *interleaved, int64_t frames,
                          int64_t *accepted);

/* cleave_normalize: the mean and the unbiased deviation of the mono mix (the mean of the channels)
 * of the whole track that is about to be pushed. A model that normalizes then computes on
 * (x - mean) / (deviation + 1e-8), and the stems are brought back by s (deviation + 1e-8) + mean;
 * what lies outside the track stays zero. Call it before the first pull of a track; until then, and
 * again after reset, samples are used as they are. No effect on models that do not normalize.
 * INVALID: a value is not finite, deviation < 0, or frames were pulled already. (Demucs.) */
cleave_status cleave_normalize(cleave_engine *engine, double mean, double deviation);

/* cleave_flush: the track ends here. After it only pull until CLEAVE_END, then reset. Safe to
 * repeat. */
cleave_status cleave_flush(cleave_engine *engine);

/* cleave_pull: takes up to frames_max frames of every stem: stems[s] is an interleaved
 * [frames][channels] array; a stem pointer may be NULL to drop that stem. Computes when nothing is
 * ready, on the calling thread and the engine's own. OK: *frames > 0 frames were written. AGAIN:
 * more input is needed; *frames is 0. END: all frames of the track were delivered, exactly as many
 * as were pushed; *frames is 0. CANCELLED: no more frames until reset. NO_DEVICE: no more frames;
 * close. INVALID: no stems, or frames_max < 1; nothing has changed. */
cleave_status cleave_pull(cleave_engine *engine, float *const *stems, int64_t frames_max,
                          int64_t *frames);

/* cleave_engine_error: why cleave_pull() returned NO_DEVICE, one sentence; status OK as long as it
 * has not. The caller is the one that pulls. */
void cleave_engine_error(const cleave_engine *engine, cleave_error *error);

/* Forgets the track, as after open; the counters of cleave_stats go on. */
void cleave_reset(cleave_engine *engine);

/* Makes a cleave_pull() that is under way return CLEAVE_CANCELLED between two steps of the plan, on
 * a GPU between two segments, and all later ones until reset. Callable from any thread and from a
 * signal handler. */
void cleave_cancel(cleave_engine *engine);

/* Counters since open. */
typedef struct cleave_stats {
    uint64_t frames_in;       /* accepted by push */
    uint64_t frames_out;      /* delivered by pull */
    uint64_t segments;        /* computed */
    uint64_t input_overruns;  /* pushes that found too little room */
    uint64_t input_underruns; /* pulls that found too little input and nothing ready */
    uint64_t compute_ns;      /* wall time inside the plan; of a GPU: spent waiting for it */
} cleave_stats;

void cleave_engine_stats(const cleave_engine *engine, cleave_stats *stats);

/* Writes the memory map of the plan as text (a line a tensor: offset, bytes, first and last step,
 * name) into text, at most `bytes` with the NUL. Returns the length of the whole map without its
 * NUL, as snprintf does. */
size_t cleave_engine_memory_map(const cleave_engine *engine, char *text, size_t bytes);

/* ---- profile -----------------------------------------------------------------------------------
 * Where the time of a segment goes: the steps of an engine's plan, what each computes and moves,
 * and how long it takes. */
#define CLEAVE_PROFILE_RUNS_MAX 100000

/* A step of the plan. The strings live as long as the engine. */
typedef struct cleave_step_profile {
    const char *label; /* what the model calls it: "encoder.0.conv" */
    const char *op;    /* what kind it is: "conv" */
    double flops; /* floating point operations of its definition, a product and a sum being two;
                   * an algorithm may get by with fewer */
    double bytes; /* traffic that cannot be avoided: each operand once */
    double least_seconds, median_seconds; /* of its runs */
} cleave_step_profile;

/* What to measure, and arrays of the caller's for the results; S steps, see
 * cleave_engine_step_count(). */
typedef struct cleave_profile {
    int32_t warmups;            /* runs before those that count, 0..CLEAVE_PROFILE_RUNS_MAX */
    int32_t runs;               /* that count, 1..CLEAVE_PROFILE_RUNS_MAX */
    double *segment_seconds;    /* [runs]: wall time of all steps, in ascending order; on a GPU that
                                 * of the segment as pull has it computed, copies included */
    double *step_seconds;       /* [S][runs]: wall time of each step, in ascending order; on a GPU
                                 * from its launch until the host knows that it is done */
    cleave_step_profile *steps; /* [S]: in the order in which they run */
} cleave_profile;

/* How many steps a segment takes. */
int32_t cleave_engine_step_count(const cleave_engine *engine);

/* Computes one segment again and again, as pull would, and measures its steps; results go to no
 * stem. `interleaved`: [segment_frames][channels], which the model is given as they are. Between
 * tracks only: after open or reset, before the first pull. What was pushed stays, and a model that
 * remembers forgets what it heard here. Allocates nothing.
 * INVALID: a segment was computed since open or reset, counts out of range, or NULL among the
 * pointers. CANCELLED: cleave_cancel() was called; NO_DEVICE: as from pull; the arrays then hold
 * nothing of use. */
cleave_status cleave_engine_profile(cleave_engine *engine, const float *interleaved,
                                    const cleave_profile *profile);

/* ---- real time ---------------------------------------------------------------------------------
 * A live object is an engine with a thread of its own that computes, so that an audio callback can
 * have stems: the calls of its data plane copy, and never compute, block, allocate or take a lock.
 *
 * Frames keep their places. A frame that was pushed as the n-th comes out as the n-th: what is lost
 * or late on the way is silence, as long as it was, and what comes too late is dropped.
 *
 * A track is either processed, by cleave_live_process() in one thread, or pushed and pulled, by two
 * threads if one wants; the way may change at a reset. Process, push and flush are the producer's
 * calls, process and pull the consumer's: of each kind one at a time. cleave_live_stats_get() may
 * be called from any thread at any time, cleave_live_wait() from one thread beside the others';
 * everything else needs the object to itself. docs/realtime.md has the arithmetic. */
#define CLEAVE_LIVE_BLOCK_FRAMES_MAX   65536
#define CLEAVE_LIVE_LATENCY_FRAMES_MAX 268435456

typedef struct cleave_live cleave_live;

typedef struct cleave_live_config {
    cleave_config engine;     /* its threads: 1 is the thread that computes, alone */
    int32_t block_frames_max; /* that a call of process may have; 1..the maximum; default 1024 */
    int64_t latency_frames;   /* of process: from the input to the output of a frame; at least a
                               * segment and a block. 0, the default: segment + stride + block, the
                               * least for a machine that computes a segment as fast as the next one
                               * comes in */
} cleave_live_config;

void cleave_live_config_default(cleave_live_config *config);

/* As cleave_need(), cleave_init() and cleave_open(), of which they have the errors; and INVALID: a
 * block or a latency out of range. The thread that computes inherits its priority from the caller,
 * as do the engine's other threads. */
cleave_status cleave_live_need(const cleave_live_config *config, cleave_memory *need,
                               cleave_error *error);
cleave_status cleave_live_init(const cleave_live_config *config, void *arena, size_t bytes,
                               cleave_live **live, cleave_error *error);
cleave_status cleave_live_open(const cleave_live_config *config, cleave_live **live,
                               cleave_error *error);

/* Stops the threads, frees what cleave_live_open() allocated, sets *live to NULL. Safe on NULL and
 * on a pointer to NULL. Waits for the step of a segment that is being computed; not for a callback.
 */
void cleave_live_close(cleave_live **live);

typedef struct cleave_live_info {
    cleave_engine_info engine; /* its memory is a part of `memory` */
    int32_t block_frames_max;
    int64_t latency_frames;
    cleave_memory memory;
} cleave_live_info;

void cleave_live_info_get(const cleave_live *live, cleave_live_info *info);

/* The callback: takes `frames` interleaved frames [frames][channels] and gives as many of every
 * stem, stems[s] [frames][channels], latency_frames later: the first latency_frames that come out
 * are silence. A stem pointer may be NULL. Input and stems may not overlap.
 *
 * Frames that are not ready are silence: an underrun. They are dropped when they come, and a
 * segment whose first frame was already due when its turn came is not computed. Input that finds no
 * room, since the thread is behind by the whole latency, is lost: an overrun; there is silence in
 * its place for the model as well.
 *
 * OK. END: the track was flushed, and all of it has been given; what is left of the block is
 * silence. After the flush no input is taken, and `interleaved` may be NULL. NO_DEVICE: the stems
 * are silence; close. INVALID: frames < 0 or > block_frames_max, no stems, no input before the
 * flush; nothing has changed. */
cleave_status cleave_live_process(cleave_live *live, const float *interleaved, float *const *stems,
                                  int64_t frames);

/* As cleave_push(). AGAIN: there is no room until the thread has gone on and frames were pulled. */
cleave_status cleave_live_push(cleave_live *live, const float *interleaved, int64_t frames,
                               int64_t *accepted);

/* As cleave_pull(), but for what it does when nothing is ready. AGAIN: more input is needed, or
 * more time; *frames is 0. NO_DEVICE: no more frames; close. */
cleave_status cleave_live_pull(cleave_live *live, float *const *stems, int64_t frames_max,
                               int64_t *frames);

/* The track ends here. Safe to repeat. */
cleave_status cleave_live_flush(cleave_live *live);

/* As cleave_normalize(), before the first frame of a track is pushed; INVALID after it. */
cleave_status cleave_live_normalize(cleave_live *live, double mean, double deviation);

/* Waits until the thread has computed all that it can of what was pushed, with the room there is in
 * the output. For rendering at any speed: with a wait after every process there are no underruns.
 * Not for a callback: it blocks. */
void cleave_live_wait(cleave_live *live);

/* Forgets the track, as after open; the counters go on. Waits for the step of a segment that is
 * being computed. Not for a callback: it blocks. */
void cleave_live_reset(cleave_live *live);

/* Counters since open. All frames that process gave are frames_out, underrun_frames, or the silence
 * before and after the track. */
typedef struct cleave_live_stats {
    uint64_t frames_in;        /* taken */
    uint64_t frames_out;       /* given, from the model */
    uint64_t underruns;        /* calls of process that gave silence for frames that were late */
    uint64_t underrun_frames;  /* such frames */
    uint64_t overruns;         /* times that input found too little room */
    uint64_t overrun_frames;   /* frames that were lost so */
    uint64_t segments;         /* computed */
    uint64_t skipped_frames;   /* of segments that were not computed, since they were due already */
    uint64_t worst_block_ns;   /* longest call of process */
    uint64_t worst_segment_ns; /* longest computation between two frames: of a segment, or with
                                * shifts of as many as were needed */
} cleave_live_stats;

void cleave_live_stats_get(const cleave_live *live, cleave_live_stats *stats);

/* ---- quality ----
 * How near an estimate of a signal comes to its reference: two measurements, each an object in the
 * caller's memory that allocates nothing and takes blocks of any length, so that memory does not
 * grow with the track.
 *
 *   cleave_quality  one pair of signals, one pass: signal-to-noise ratio, scale-invariant ratio,
 *                   levels, spectral similarity, and one score of them
 *   cleave_bss      all stems of a track, two passes: the four ratios of BSS Eval version 4
 *
 * docs/quality.md has the formulas and their sources. Signals are interleaved frames of numbers. A
 * decibel that is not defined is NaN (the reference is silent), that of a ratio to nothing
 * infinite. Functions on different objects may run at once. */
typedef struct cleave_quality cleave_quality;

/* With reference s and estimate e, sums over all samples of all channels: */
typedef struct cleave_quality_scores {
    int64_t frames;
    double snr_db;              /* 10 log10(sum s^2 / sum (s - e)^2): the SDR of a whole track */
    double si_sdr_db;           /* the same for the multiple of s that is nearest to e */
    double reference_rms_db;    /* of full scale; -infinity for silence */
    double estimate_rms_db;     /* of full scale */
    double peak_difference;     /* max |s - e| */
    double spectral_similarity; /* 0..1: correlation of level spectrograms */
    double score;               /* 0..1: 0.7 clamp(snr_db / 30) + 0.3 spectral_similarity */
} cleave_quality_scores;

/* Bytes that a pair of so many channels needs; 0 if they are not 1..CLEAVE_CHANNELS_MAX. */
size_t cleave_quality_need(int32_t channels);

/* Makes the object at the start of `memory`, 64-byte aligned, `bytes` long. INVALID: channels, or
 * memory that is NULL or not aligned; NO_MEMORY: fewer bytes than needed. */
cleave_status cleave_quality_init(int32_t channels, void *memory, size_t bytes,
                                  cleave_quality **quality);

/* Takes frames of both: [frames][channels]. */
void cleave_quality_push(cleave_quality *quality, const float *reference, const float *estimate,
                         int64_t frames);

/* The track ends here: its scores. The next push begins another. */
void cleave_quality_finish(cleave_quality *quality, cleave_quality_scores *scores);

#define CLEAVE_BSS_TAPS        512 /* of the distortion that is allowed */
#define CLEAVE_BSS_SIGNALS_MAX 32  /* channels of all stems together */

typedef struct cleave_bss cleave_bss;

/* Ratios of one stem over one window, in dB. */
typedef struct cleave_bss_ratios {
    double sdr_db; /* source to distortion: to all of the error */
    double isr_db; /* image to spatial distortion: to what a filter of the source explains */
    double sir_db; /* source to interference: to what filters of the other sources explain */
    double sar_db; /* source to artifacts: to the rest */
} cleave_bss_ratios;

/* Bytes that so many stems of so many channels need; 0 if they are out of range. */
size_t cleave_bss_need(int32_t stems, int32_t channels);

/* As cleave_quality_init(). */
cleave_status cleave_bss_init(int32_t stems, int32_t channels, void *memory, size_t bytes,
                              cleave_bss **bss);

/* First pass: takes frames of every stem, references[s] and estimates[s]: [frames][channels]. */
void cleave_bss_correlate(cleave_bss *bss, const float *const *references,
                          const float *const *estimates, int64_t frames);

/* Between the passes: finds the filters of the whole track. UNSUPPORTED: the references depend on
 * each other so much that none could be found; the object can only be made anew. */
cleave_status cleave_bss_solve(cleave_bss *bss);

/* Second pass: the ratios of one window (a second of the track, by custom), into ratios[stems]. All
 * are NaN if any reference or estimate is silent in it. */
void cleave_bss_window(cleave_bss *bss, const float *const *references,
                       const float *const *estimates, int64_t frames, cleave_bss_ratios *ratios);

#ifdef __cplusplus
}
#endif

#endif
