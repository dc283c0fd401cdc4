/* repetition_pick.c: which frames repeat a frame.
 *
 * The next frame is the most like of those left. Likeness is kept with the maximum of each block of
 * frames; taking a frame clears its neighbours and renews the few blocks that they lie in, which
 * costs a thirtieth of looking through all frames again. */
#include "kernels/repetition/repetition.h"

#include <math.h>

#define BLOCK 16

/* Scratch: [T] 1 / sqrt(gram[j][j]), [T] likeness, [T / BLOCK] its maxima. */
typedef struct likeness {
    const float *inverse;
    float *value, *maximum;
    int64_t frames;
} likeness;

size_t cleave_repetition_pick_floats(int64_t frames)
{
    return (size_t)(2 * frames + cleave_div_up(frames, BLOCK));
}

void cleave_repetition_pick_init(const cleave_repetition_args *args, float *scratch)
{
    const int64_t T = args->frames;

    for (int64_t j = 0; j < T; j++) {
        const float square = args->gram[j * T + j];
        scratch[j] = square > 0 ? 1 / sqrtf(square) : 0;
    }
}

static void renew_maximum(const likeness *l, int64_t block)
{
    const int64_t end = cleave_i64_min((block + 1) * BLOCK, l->frames);
    float maximum = 0;

    for (int64_t j = block * BLOCK; j < end; j++)
        maximum = l->value[j] > maximum ? l->value[j] : maximum;
    l->maximum[block] = maximum;
}

/* Frames closer to `centre` than or at `distance` are out of the choice. */
static void clear(const likeness *l, int64_t centre, int64_t distance)
{
    const int64_t begin = cleave_i64_max(centre - distance, 0);
    const int64_t end = cleave_i64_min(centre + distance + 1, l->frames);

    for (int64_t j = begin; j < end; j++)
        l->value[j] = 0;
    for (int64_t b = begin / BLOCK; b <= (end - 1) / BLOCK; b++)
        renew_maximum(l, b);
}

/* The most like frame, the lowest of equal ones; -1 if none is left. */
static int64_t most_like(const likeness *l)
{
    const int64_t blocks = cleave_div_up(l->frames, BLOCK);
    int64_t best = 0;

    for (int64_t b = 1; b < blocks; b++)
        if (l->maximum[b] > l->maximum[best])
            best = b;
    if (!(l->maximum[best] > 0))
        return -1;
    for (int64_t j = best * BLOCK;; j++)
        if (l->value[j] == l->maximum[best])
            return j;
}

int cleave_repetition_pick(const cleave_repetition_args *args, int64_t t, float *scratch,
                           int64_t taken[CLEAVE_REPETITION_PICKS_MAX])
{
    const int64_t T = args->frames;
    const likeness l = {scratch, scratch + T, scratch + 2 * T, T};
    int count = 0;

    for (int64_t j = 0; j < T; j++)
        l.value[j] =
            j >= args->lead && j < T - args->tail ? args->gram[t * T + j] * l.inverse[j] : 0;
    for (int64_t b = 0; b < cleave_div_up(T, BLOCK); b++)
        renew_maximum(&l, b);
    clear(&l, t, args->near);
    while (count < args->picks) {
        const int64_t j = most_like(&l);
        if (j < 0)
            break;
        taken[count++] = j;
        clear(&l, j, args->spread);
    }
    if (count < CLEAVE_REPETITION_PICKS_MIN)
        return 0;
    return count - (count + 1) % 2;
}
