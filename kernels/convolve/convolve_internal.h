/* convolve_internal.h: how a response is cut up, when what is computed, and where it lies.
 *
 * Level i takes taps from begin on in partitions of N = 64, 512, 4096 or 32768 of them, each by
 * transforms of 2 N frames. The slots of a level are the multiples of 64 frames in a block of N. In
 * block J what came in during block J - 1 is transformed, multiplied with all partitions and
 * transformed back; it is heard in block J + 1, 2 N frames after it came in, so that the first tap
 * is 2 N. Of the first level, whose block is one slot, all is done at once and heard in block J.
 *
 * A response that may be late has so many taps of 0 before it, and levels that would have no others
 * are left out, the direct sum too. */
#ifndef CLEAVE_KERNELS_CONVOLVE_INTERNAL_H
#define CLEAVE_KERNELS_CONVOLVE_INTERNAL_H

#include "kernels/convolve/convolve.h"
#include "kernels/fft/fft_internal.h"

#ifdef __cplusplus
extern "C" {
#endif

#define CONVOLVE_SLOT   64
#define CONVOLVE_LEVELS 4
#define CONVOLVE_MORE   24 /* partitions that cost less than another level's transforms */
#define CONVOLVE_LATE   20 /* more than the slots from a block's end to its transform */

/* Offsets in floats. Spectra are planes: [2][stride], of which n + 1 are bins and the rest is 0. */
typedef struct convolve_level {
    int32_t order; /* i: 0 to 3 */
    int64_t n, begin, partitions, stride;
    int64_t response; /* in the response of a channel, as prepared: [partitions][2][stride] */
    int64_t spectra;  /* in the state of a row: [partitions][2][stride], of block j at j modulo */
    int64_t sum;      /* [2][stride] */
    int64_t out;      /* [2][n], of block J at J modulo 2; of the first level [n] */
} convolve_level;

typedef struct convolve_layout {
    int32_t levels;
    convolve_level level[CONVOLVE_LEVELS];
    int64_t response_floats; /* the first taps, [CONVOLVE_SLOT], then those of the levels */
    int64_t glide;           /* doubles, in the state of a row */
    int64_t history;         /* what came in at position p lies at p modulo its size */
    int64_t history_size;
    int64_t floats; /* of the state of a row */
} convolve_layout;

CLEAVE_INLINE convolve_layout convolve_layout_of(const cleave_convolve_args *a)
{
    convolve_layout f;
    const int64_t taps = (int64_t)a->taps + a->late;
    int64_t n = CONVOLVE_SLOT, begin = CONVOLVE_SLOT, largest = CONVOLVE_SLOT;

    f.levels = 0;
    f.response_floats = CONVOLVE_SLOT;
    f.glide = 0;
    f.floats = cleave_div_up(2 * cleave_glide_doubles(CLEAVE_CONVOLVE_PARAMETERS), 16) * 16;
    for (int i = 0; i < CONVOLVE_LEVELS && begin < taps; i++) {
        const int last = i == CONVOLVE_LEVELS - 1 || taps <= (16 + CONVOLVE_MORE) * n;
        const int64_t end = last ? taps : 16 * n;
        convolve_level *v = &f.level[f.levels];

        if (16 * n <= a->late) {
            begin = 16 * n;
            n *= 8;
            continue;
        }
        f.levels++;
        v->order = i;
        v->n = largest = n;
        v->begin = begin - a->late;
        v->partitions = cleave_div_up(end - begin, n);
        v->stride = cleave_div_up(n + 1, 16) * 16;
        v->response = f.response_floats;
        f.response_floats += v->partitions * 2 * v->stride;
        v->spectra = f.floats;
        v->sum = v->spectra + v->partitions * 2 * v->stride;
        v->out = v->sum + 2 * v->stride;
        f.floats = v->out + 2 * n;
        begin = end;
        n *= 8;
    }
    /* Transforms look back by two blocks and come some slots later. */
    f.history = f.floats;
    f.history_size = 2 * largest + CONVOLVE_LATE * CONVOLVE_SLOT;
    f.floats += f.history_size;
    return f;
}

/* What a level has to do in the slot that begins at `position`. */
typedef struct convolve_task {
    int64_t block;      /* J */
    int32_t transforms; /* whether the block before is transformed */
    int32_t clears;     /* whether the sum begins, */
    int64_t begin, end; /* and which partitions are added to it */
    int32_t returns;    /* whether it is transformed back */
} convolve_task;

/* Levels do their transforms in slots of their own, and the channels of a stream the long ones two
 * slots after each other, so that no two of these fall together. */
CLEAVE_INLINE convolve_task convolve_task_at(const convolve_level *v, int64_t channel,
                                             int64_t position)
{
    const int64_t slots = v->n / CONVOLVE_SLOT, slot = position % v->n / CONVOLVE_SLOT;
    const int64_t start = v->order > 1 ? v->order + 2 * channel : v->order;
    const int64_t first = start + 1, last = slots - 2 - start, part = slot - first;
    convolve_task t;

    t.block = position / v->n;
    if (v->order == 0) {
        t.transforms = t.clears = t.returns = 1;
        t.begin = 0;
        t.end = v->partitions;
        return t;
    }
    t.transforms = slot == start;
    t.returns = slot == last + 1;
    t.clears = part == 0;
    t.begin = t.end = 0;
    if (slot >= first && slot <= last) {
        t.begin = v->partitions * part / (last - first + 1);
        t.end = v->partitions * (part + 1) / (last - first + 1);
    }
    return t;
}

/* Where a level's output for block J lies. */
CLEAVE_INLINE int64_t convolve_out_at(const convolve_level *v, int64_t block)
{
    return v->out + (v->order > 0 && block % 2 ? v->n : 0);
}

/* The spectra of partition p and of the block that it is multiplied with in block J. */
CLEAVE_INLINE int64_t convolve_spectrum_at(const convolve_level *v, int64_t block, int64_t p)
{
    const int64_t index = (block - 1 - p) % v->partitions;

    return v->spectra + (index < 0 ? index + v->partitions : index) * 2 * v->stride;
}

/* Constants of a kernel that transforms rows on the CPU, in bytes. */
typedef struct convolve_tables {
    size_t forward[CONVOLVE_LEVELS], inverse[CONVOLVE_LEVELS];
    size_t responses; /* [responses][response_floats] floats */
    size_t work;      /* for prepare() itself */
    size_t bytes;
} convolve_tables;

typedef const cleave_fft_rows *(*convolve_rows_fn)(int32_t n, cleave_fft_kind kind);

convolve_tables cleave_convolve_tables_of(const cleave_convolve_args *args,
                                          convolve_rows_fn rows_of);
void cleave_convolve_prepare(const cleave_convolve_args *args, convolve_rows_fn rows_of,
                             void *prepared);

/* The response of every channel, cut up and transformed, by one row's tables for every level. */
void cleave_convolve_prepare_responses(const cleave_convolve_args *args, convolve_rows_fn rows_of,
                                       const void *const forward[CONVOLVE_LEVELS], float *responses,
                                       void *work);

/* Bytes of that work, and of the scratch of a row's transforms: frame, spectrum and theirs. */
size_t cleave_convolve_work_bytes(const cleave_convolve_args *args, convolve_rows_fn rows_of);

#ifdef __cplusplus
}
#endif

#endif
