/* bss.c: the four ratios of BSS Eval version 4: correlations of a whole track, and the filters that
 * follow from them. */
#include "runtime/bss.h"

#include "kernels/fft/fft_internal.h"
#include "runtime/block_toeplitz.h"
#include "runtime/cpu.h"

#include <math.h>
#include <string.h>

#define TAPS  CLEAVE_BSS_TAPS
#define BLOCK (BSS_N - 2 * BSS_REACH) /* samples of the middle */

/* Added to the diagonal, where each reference has energy 1: less than the rounding of 16 bits in a
 * loud track (-98 dB), more than that of the transforms after averaging. */
#define RIDGE      1e-11
#define RIDGE_STEP 100.0
#define RIDGE_MAX  1e-4

/* Refinement ends when the residual is this part of the right-hand side, or when it no longer
 * halves. */
#define RESIDUAL   1e-12
#define ROUNDS_MAX 4

static void take(cleave_bss *b, cleave_arena *arena);
static void gather(cleave_bss *b, const float *const *stems, int64_t first_row, int64_t from,
                   int64_t count);
static void correlate_block(cleave_bss *b);
static void find_lags(cleave_bss *b);
static int solve_joint(cleave_bss *b);
static int solve_own(cleave_bss *b, int64_t stem);
static void transform_filters(cleave_bss *b);

static int64_t cross_count(int64_t signals)
{
    return signals * (signals + 1) / 2 + signals * signals;
}

size_t cleave_bss_need(int32_t stems, int32_t channels)
{
    cleave_bss counted = {.stems = stems, .channels = channels};
    cleave_arena arena;

    if (stems < 1 || channels < 1 || stems > CLEAVE_BSS_SIGNALS_MAX ||
        channels > CLEAVE_CHANNELS_MAX || stems * channels > CLEAVE_BSS_SIGNALS_MAX)
        return 0;
    cleave_arena_init(&arena, NULL, SIZE_MAX);
    cleave_arena_take(&arena, 1, sizeof counted);
    take(&counted, &arena);
    return arena.used;
}

cleave_status cleave_bss_init(int32_t stems, int32_t channels, void *memory, size_t bytes,
                              cleave_bss **bss)
{
    const size_t need = cleave_bss_need(stems, channels);
    cleave_arena arena;

    if (need == 0 || memory == NULL || (uintptr_t)memory % CLEAVE_ALIGN_BYTES != 0)
        return CLEAVE_INVALID;
    if (bytes < need)
        return CLEAVE_NO_MEMORY;
    cleave_arena_init(&arena, memory, bytes);
    cleave_bss *b = cleave_arena_take(&arena, 1, sizeof *b);
    b->stems = stems;
    b->channels = channels;
    take(b, &arena);
    cleave_arena_seal(&arena);
    assert(!arena.failed);
    *bss = b;
    return CLEAVE_OK;
}

void cleave_bss_correlate(cleave_bss *b, const float *const *references,
                          const float *const *estimates, int64_t frames)
{
    const uint64_t mode = cleave_cpu_mode_set();

    for (int64_t done = 0; done < frames;) {
        const int64_t count = cleave_i64_min(BSS_N - b->held, frames - done);
        gather(b, references, 0, done, count);
        gather(b, estimates, b->signals, done, count);
        b->held += count;
        done += count;
        if (b->held == BSS_N)
            correlate_block(b);
    }
    cleave_cpu_mode_restore(mode);
}

cleave_status cleave_bss_solve(cleave_bss *b)
{
    const uint64_t mode = cleave_cpu_mode_set();
    int failed = 0;

    while (b->held > BSS_REACH) {
        for (int64_t r = 0; r < 2 * b->signals; r++)
            memset(b->heard + r * BSS_N + b->held, 0, (size_t)(BSS_N - b->held) * sizeof(float));
        correlate_block(b);
    }
    find_lags(b);
    failed = solve_joint(b);
    for (int64_t stem = 0; stem < b->stems && !failed; stem++)
        failed = solve_own(b, stem);
    if (!failed)
        transform_filters(b);
    cleave_cpu_mode_restore(mode);
    return failed ? CLEAVE_UNSUPPORTED : CLEAVE_OK;
}

/* Takes what the object needs; on a counting arena all pointers stay NULL. */
static void take(cleave_bss *b, cleave_arena *arena)
{
    const size_t p = (size_t)(b->stems * b->channels), c = (size_t)b->channels;
    const cleave_fft_rows *line = cleave_fft_rows_ref(BSS_N, CLEAVE_FFT_REAL_FORWARD);

    b->signals = (int64_t)p;
    b->held = BSS_REACH; /* of silence before the track */
    cleave_ops_cpu(&b->ops, cleave_cpu_features());
    b->heard = cleave_arena_take(arena, 3 * p * BSS_N, sizeof(float));
    b->spectra = cleave_arena_take(arena, 3 * p * BSS_BINS * 2 + 16, sizeof(float));
    b->cross =
        cleave_arena_take(arena, (size_t)cross_count((int64_t)p) * BSS_BINS * 2, sizeof(double));
    b->line = cleave_arena_take(arena, 2 * BSS_N + 4, sizeof(double));
    b->line_prepared =
        cleave_arena_take(arena, 1, line->prepared_bytes(BSS_N, CLEAVE_FFT_REAL_FORWARD));
    b->line_scratch =
        cleave_arena_take(arena, 1, line->scratch_bytes(BSS_N, CLEAVE_FFT_REAL_FORWARD));
    b->lag = cleave_arena_take(arena, TAPS * p * p, sizeof(double));
    b->rhs = cleave_arena_take(arena, TAPS * p * p, sizeof(double));
    b->joint = cleave_arena_take(arena, TAPS * p * p, sizeof(double));
    b->own = cleave_arena_take(arena, TAPS * p * c, sizeof(double));
    b->own_lag = cleave_arena_take(arena, TAPS * c * c, sizeof(double));
    b->own_rhs = cleave_arena_take(arena, TAPS * c * c, sizeof(double));
    b->residual = cleave_arena_take(arena, TAPS * p * p, sizeof(double));
    b->step = cleave_arena_take(arena, TAPS * p * p, sizeof(double));
    b->work =
        cleave_arena_take(arena, cleave_block_toeplitz_work(TAPS, (int64_t)p), sizeof(double));
    b->level = cleave_arena_take(arena, p, sizeof(double));
    b->spatial = cleave_arena_take(arena, p * c * BSS_BINS * 2, sizeof(float));
    b->interference = cleave_arena_take(arena, p * p * BSS_BINS * 2, sizeof(float));

    const cleave_fft_args forward = bss_fft_args(NULL, NULL, 1, CLEAVE_FFT_REAL_FORWARD);
    const cleave_fft_args inverse = bss_fft_args(NULL, NULL, 1, CLEAVE_FFT_REAL_INVERSE);
    cleave_kernel_call_init(&b->forward, &b->ops, CLEAVE_OP_FFT, &forward, arena);
    cleave_kernel_call_init(&b->inverse, &b->ops, CLEAVE_OP_FFT, &inverse, arena);
    if (b->line_prepared)
        line->prepare(BSS_N, CLEAVE_FFT_REAL_FORWARD, b->line_prepared);
}

/* Frames [from, from + count) of every stem into the rows from `first_row` on. */
static void gather(cleave_bss *b, const float *const *stems, int64_t first_row, int64_t from,
                   int64_t count)
{
    const int64_t channels = b->channels;

    for (int64_t p = 0; p < b->signals; p++) {
        const float *in = stems[p / channels] + from * channels + p % channels;
        float *out = b->heard + (first_row + p) * BSS_N + b->held;
        for (int64_t i = 0; i < count; i++)
            out[i] = in[i * channels];
    }
}

/* cross += conj(x) y, products in float32: they are as exact as the transforms. */
static void add_products(double *cross, const float *x, const float *y)
{
    for (int64_t k = 0; k < 2 * BSS_BINS; k += 2) {
        cross[k] += (double)(x[k] * y[k] + x[k + 1] * y[k + 1]);
        cross[k + 1] += (double)(x[k] * y[k + 1] - x[k + 1] * y[k]);
    }
}

/* Correlations at lags up to +-REACH of the middle of each reference, between REACH zeros on both
 * sides, with all that is heard: a circular correlation of N that nothing wraps into. Moves on by
 * the middle. */
static void correlate_block(cleave_bss *b)
{
    const int64_t signals = b->signals;
    float *middle = b->heard + 2 * signals * BSS_N;
    double *cross = b->cross;

    for (int64_t p = 0; p < signals; p++)
        memcpy(middle + p * BSS_N + BSS_REACH, b->heard + p * BSS_N + BSS_REACH,
               BLOCK * sizeof(float));
    const cleave_fft_args args =
        bss_fft_args(b->heard, b->spectra, 3 * signals, CLEAVE_FFT_REAL_FORWARD);
    cleave_kernel_call_run(&b->forward, &args);
    for (int64_t i = 0; i < signals; i++)
        for (int64_t j = i; j < 2 * signals; j++) { /* references, then estimates */
            add_products(cross, b->spectra + (2 * signals + i) * BSS_BINS * 2,
                         b->spectra + j * BSS_BINS * 2);
            cross += BSS_BINS * 2;
        }
    for (int64_t r = 0; r < 2 * signals; r++)
        memmove(b->heard + r * BSS_N, b->heard + r * BSS_N + BLOCK, 2 * BSS_REACH * sizeof(float));
    b->held = cleave_i64_max(b->held - BLOCK, 0);
}

/* Correlations at lags 0 .. TAPS - 1 into after[], at lags 0 .. -(TAPS - 1) into before[].
 *
 * The inverse transform of a spectrum S of a real signal by a forward one of a real signal: with
 * the even part Re S and the odd part Im S added into one line, its transform F has
 * N r[n] = Re F[n] + Im F[n]. In double: the smallest of these figures count. */
static void lags_of(cleave_bss *b, const double *cross, double *after, double *before)
{
    double *line = b->line, *turned = b->line + BSS_N;

    line[0] = cross[0];
    line[BSS_N / 2] = cross[2 * (BSS_N / 2)];
    for (int64_t k = 1; k < BSS_N / 2; k++) {
        line[k] = cross[2 * k] + cross[2 * k + 1];
        line[BSS_N - k] = cross[2 * k] - cross[2 * k + 1];
    }
    cleave_fft_ref_f64(b->line_prepared, line, turned, b->line_scratch);
    for (int64_t l = 0; l < TAPS; l++) {
        after[l] = (turned[2 * l] + turned[2 * l + 1]) / BSS_N;
        before[l] = (turned[2 * l] - turned[2 * l + 1]) / BSS_N;
    }
}

/* Divides what belongs to reference i by the root of its energy, so that a quiet stem counts as
 * much as a loud one; a silent one stands for itself with energy 1, and its filters come out 0. */
static void normalise(cleave_bss *b)
{
    const int64_t p = b->signals;

    for (int64_t i = 0; i < p; i++)
        b->level[i] = sqrt(fmax(b->lag[i * p + i], 0));
    for (int64_t l = 0; l < TAPS; l++)
        for (int64_t i = 0; i < p; i++)
            for (int64_t j = 0; j < p; j++) {
                const int64_t at = (l * p + i) * p + j;
                const double both = b->level[i] * b->level[j];
                b->lag[at] = both > 0 ? b->lag[at] / both : 0;
                b->rhs[at] = b->level[i] > 0 ? b->rhs[at] / b->level[i] : 0;
            }
    for (int64_t i = 0; i < p; i++)
        b->lag[i * p + i] = 1;
}

static void find_lags(cleave_bss *b)
{
    const int64_t p = b->signals;
    const double *cross = b->cross;
    double *after = b->work, *before = b->work + TAPS;

    for (int64_t i = 0; i < p; i++)
        for (int64_t j = i; j < 2 * p; j++) {
            lags_of(b, cross, after, before);
            cross += BSS_BINS * 2;
            for (int64_t l = 0; l < TAPS; l++)
                if (j < p) {
                    b->lag[(l * p + i) * p + j] = after[l];
                    b->lag[(l * p + j) * p + i] = i == j ? after[l] : before[l];
                } else {
                    b->rhs[(l * p + i) * p + j - p] = after[l];
                }
        }
    normalise(b);
}

static double energy(const double *x, int64_t count)
{
    double sum = 0;

    for (int64_t i = 0; i < count; i++)
        sum += x[i] * x[i];
    return sum;
}

/* Solves, and refines the solution by its residual. -1 if nothing comes of it. */
static int solve_refined(cleave_bss *b, const cleave_block_toeplitz *system)
{
    const int64_t count = TAPS * system->rows * system->columns;
    const double aim = RESIDUAL * RESIDUAL * energy(system->rhs, count);
    cleave_block_toeplitz correction = *system;
    double before = INFINITY;

    correction.rhs = b->residual;
    correction.x = b->step;
    if (cleave_block_toeplitz_solve(system, b->work) != 0)
        return -1;
    for (int round = 0; round < ROUNDS_MAX; round++) {
        cleave_block_toeplitz_residual(system, b->residual);
        const double left = energy(b->residual, count);
        if (left <= aim)
            return 0;
        if (!(left < before / 4))
            return left <= 1e6 * aim ? 0 : -1;
        before = left;
        if (cleave_block_toeplitz_solve(&correction, b->work) != 0)
            return -1;
        for (int64_t i = 0; i < count; i++)
            system->x[i] += b->step[i];
    }
    return 0;
}

/* With the least ridge that makes the system solvable. */
static int solve_ridged(cleave_bss *b, const cleave_block_toeplitz *system, double *first_lag)
{
    for (double ridge = RIDGE; ridge <= RIDGE_MAX; ridge *= RIDGE_STEP) {
        for (int64_t i = 0; i < system->rows; i++)
            first_lag[i * system->rows + i] = 1 + ridge;
        if (solve_refined(b, system) == 0)
            return 0;
    }
    return -1;
}

static int solve_joint(cleave_bss *b)
{
    const int64_t p = b->signals;
    const cleave_block_toeplitz system = {
        .blocks = TAPS, .rows = p, .columns = p, .lag = b->lag, .rhs = b->rhs, .x = b->joint};

    return solve_ridged(b, &system, b->lag);
}

/* The filters of one stem's estimate from its own reference alone. */
static int solve_own(cleave_bss *b, int64_t stem)
{
    const int64_t p = b->signals, c = b->channels, first = stem * c;
    const cleave_block_toeplitz system = {.blocks = TAPS,
                                          .rows = c,
                                          .columns = c,
                                          .lag = b->own_lag,
                                          .rhs = b->own_rhs,
                                          .x = b->own + stem * TAPS * c * c};

    for (int64_t l = 0; l < TAPS; l++)
        for (int64_t i = 0; i < c; i++)
            for (int64_t j = 0; j < c; j++) {
                const int64_t from = (l * p + first + i) * p + first + j;
                b->own_lag[(l * c + i) * c + j] = b->lag[from];
                b->own_rhs[(l * c + i) * c + j] = b->rhs[from];
            }
    return solve_ridged(b, &system, b->own_lag);
}

/* The spectrum of the filter whose TAPS taps stand in b->line, scaled for the inverse transform. */
static void transform_line(cleave_bss *b, float *out)
{
    double *turned = b->line + BSS_N;

    memset(b->line + TAPS, 0, (BSS_N - TAPS) * sizeof(double));
    cleave_fft_ref_f64(b->line_prepared, b->line, turned, b->line_scratch);
    for (int64_t k = 0; k < 2 * BSS_BINS; k++)
        out[k] = (float)(turned[k] / BSS_N);
}

/* What the second pass convolves with are differences: of the own filters and none, of the joint
 * filters and the own ones. So an error far below its signal keeps the digits of float32. */
static void transform_filters(cleave_bss *b)
{
    const int64_t p = b->signals, c = b->channels;

    for (int64_t o = 0; o < p; o++)
        for (int64_t i = 0; i < p; i++) {
            const int64_t stem = o / c, own = i - stem * c;
            const int is_own = own >= 0 && own < c;
            const double scale = b->level[i] > 0 ? 1 / b->level[i] : 0;
            const double *filter = b->own + stem * TAPS * c * c + (is_own ? own : 0) * c + o % c;

            for (int64_t l = 0; l < TAPS; l++)
                b->line[l] =
                    scale * (b->joint[(l * p + i) * p + o] - (is_own ? filter[l * c * c] : 0));
            transform_line(b, b->interference + (o * p + i) * BSS_BINS * 2);
            if (!is_own)
                continue;
            for (int64_t l = 0; l < TAPS; l++)
                b->line[l] = scale * filter[l * c * c];
            b->line[0] -= i == o;
            transform_line(b, b->spatial + (o * c + own) * BSS_BINS * 2);
        }
}
