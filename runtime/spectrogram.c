/* spectrogram.c: rows of power spectra of a stream, in blocks of transforms. */
#include "runtime/cleave_spectrogram.h"

#include "kernels/fft/fft.h"
#include "kernels/stft/stft.h"
#include "runtime/cpu.h"
#include "runtime/kernel_call.h"

#include <math.h>
#include <string.h>

#define ROWS CLEAVE_SPECTROGRAM_ROWS_MAX

struct cleave_spectrogram {
    cleave_ops ops;
    int32_t channels, n, hop, bins;
    int64_t capacity; /* frames of audio under the transforms of a block */
    int64_t held;     /* frames in `signal`, from where the next row begins */
    int64_t due;      /* of the track: frames taken that no row is centred behind yet */
    float *signal;    /* [C][capacity] */
    float *window;    /* [N] */
    float *spectra;   /* [C][2][ROWS][F] */
    float *power;     /* [ROWS][C][F] */
    cleave_kernel_call stft;
};

static int is_possible(const cleave_spectrogram_config *config);
static void take(cleave_spectrogram *s, cleave_arena *arena);
static void begin(cleave_spectrogram *s);
static void block(cleave_spectrogram *s, int64_t rows);

static cleave_spectrogram shaped(const cleave_spectrogram_config *config)
{
    return (cleave_spectrogram){.channels = config->channels,
                                .n = config->n,
                                .hop = config->hop,
                                .bins = config->n / 2 + 1,
                                .capacity = (int64_t)(ROWS - 1) * config->hop + config->n};
}

size_t cleave_spectrogram_need(const cleave_spectrogram_config *config)
{
    cleave_arena arena;

    if (!is_possible(config))
        return 0;
    cleave_spectrogram counted = shaped(config);
    cleave_arena_init(&arena, NULL, SIZE_MAX);
    cleave_arena_take(&arena, 1, sizeof counted);
    take(&counted, &arena);
    return arena.used;
}

cleave_status cleave_spectrogram_init(const cleave_spectrogram_config *config, void *memory,
                                      size_t bytes, cleave_spectrogram **spectrogram)
{
    const size_t need = cleave_spectrogram_need(config);
    cleave_arena arena;

    if (need == 0 || memory == NULL || (uintptr_t)memory % CLEAVE_ALIGN_BYTES != 0)
        return CLEAVE_INVALID;
    if (bytes < need)
        return CLEAVE_NO_MEMORY;
    cleave_arena_init(&arena, memory, bytes);
    cleave_spectrogram *s = cleave_arena_take(&arena, 1, sizeof *s);
    *s = shaped(config);
    take(s, &arena);
    cleave_arena_seal(&arena);
    assert(!arena.failed);
    begin(s);
    *spectrogram = s;
    return CLEAVE_OK;
}

int64_t cleave_spectrogram_push(cleave_spectrogram *s, const float *interleaved, int64_t frames,
                                int64_t *taken, const float **rows)
{
    const int64_t channels = s->channels;
    const int64_t count = cleave_i64_min(s->capacity - s->held, frames);

    for (int64_t c = 0; c < channels; c++)
        for (int64_t i = 0; i < count; i++)
            s->signal[c * s->capacity + s->held + i] = interleaved[i * channels + c];
    s->held += count;
    s->due += count;
    *taken = count;
    *rows = s->power;
    if (s->held < s->capacity)
        return 0;
    block(s, ROWS);
    return ROWS;
}

int64_t cleave_spectrogram_flush(cleave_spectrogram *s, const float **rows)
{
    const int64_t count = cleave_i64_min(cleave_div_up(s->due, s->hop), ROWS);

    *rows = s->power;
    if (count <= 0) {
        begin(s);
        return 0;
    }
    for (int64_t c = 0; c < s->channels; c++)
        memset(s->signal + c * s->capacity + s->held, 0,
               (size_t)(s->capacity - s->held) * sizeof(float));
    s->held = s->capacity;
    block(s, count);
    return count;
}

static int is_possible(const cleave_spectrogram_config *config)
{
    return config->channels >= 1 && config->channels <= CLEAVE_CHANNELS_MAX && config->n >= 16 &&
           config->n % 2 == 0 && cleave_fft_size_ok(config->n) && config->hop >= 1 &&
           config->hop <= config->n;
}

/* The window's mean is a half: a sine of full scale has a bin of N / 4. */
static cleave_stft_args stft_args(const cleave_spectrogram *s, int64_t rows)
{
    return (cleave_stft_args){.in = s->signal,
                              .window = s->window,
                              .out = s->spectra,
                              .channels = s->channels,
                              .length = s->capacity,
                              .in_stride = s->capacity,
                              .n = s->n,
                              .hop = s->hop,
                              .frames = rows,
                              .bins = s->bins,
                              .scale = 4.0f / (float)s->n,
                              .pad = CLEAVE_STFT_PAD_ZERO,
                              .layout = CLEAVE_STFT_LAYOUT_TF};
}

/* Takes what the object needs; on a counting arena all pointers stay NULL. */
static void take(cleave_spectrogram *s, cleave_arena *arena)
{
    const size_t channels = (size_t)s->channels, bins = (size_t)s->bins;

    cleave_ops_cpu(&s->ops, cleave_cpu_features());
    s->signal = cleave_arena_take(arena, channels * (size_t)s->capacity, sizeof(float));
    s->window = cleave_arena_take(arena, (size_t)s->n, sizeof(float));
    s->spectra = cleave_arena_take(arena, channels * 2 * ROWS * bins, sizeof(float));
    s->power = cleave_arena_take(arena, channels * ROWS * bins, sizeof(float));
    for (int32_t i = 0; i < s->n && s->window; i++)
        s->window[i] = (float)(0.5 - 0.5 * cos(6.283185307179586 * i / s->n));

    const cleave_stft_args stft = stft_args(s, ROWS);
    cleave_kernel_call_init(&s->stft, &s->ops, CLEAVE_OP_STFT, &stft, arena);
}

/* The first row is centred at frame 0: half of it is the silence before the track. */
static void begin(cleave_spectrogram *s)
{
    for (int64_t c = 0; c < s->channels; c++)
        memset(s->signal + c * s->capacity, 0, (size_t)(s->n / 2) * sizeof(float));
    s->held = s->n / 2;
    s->due = 0;
}

/* The first `rows` rows, and on to where the next one begins. */
static void block(cleave_spectrogram *s, int64_t rows)
{
    const uint64_t mode = cleave_cpu_mode_set();
    const int64_t channels = s->channels, bins = s->bins;
    const cleave_stft_args stft = stft_args(s, rows);

    cleave_kernel_call_run(&s->stft, &stft);
    for (int64_t c = 0; c < channels; c++)
        for (int64_t t = 0; t < rows; t++) {
            const float *re = s->spectra + (2 * c * rows + t) * bins, *im = re + rows * bins;
            float *power = s->power + (t * channels + c) * bins;
            for (int64_t k = 0; k < bins; k++)
                power[k] = re[k] * re[k] + im[k] * im[k];
        }
    const int64_t passed = rows * s->hop, left = s->held - passed;
    for (int64_t c = 0; c < channels; c++)
        memmove(s->signal + c * s->capacity, s->signal + c * s->capacity + passed,
                (size_t)left * sizeof(float));
    s->held = left;
    s->due -= passed;
    cleave_cpu_mode_restore(mode);
}
