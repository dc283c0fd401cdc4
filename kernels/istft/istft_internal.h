/* istft_internal.h: which samples an item has and which frames cover them. */
#ifndef CLEAVE_KERNELS_ISTFT_INTERNAL_H
#define CLEAVE_KERNELS_ISTFT_INTERNAL_H

#include "kernels/istft/istft.h"

typedef struct istft_item {
    int64_t channel;
    int64_t begin, end;             /* samples [begin, end) */
    int64_t frame_begin, frame_end; /* those that have a sample there; none if empty */
} istft_item;

static inline istft_item istft_item_at(const cleave_istft_args *args, int64_t index)
{
    int64_t samples = (int64_t)CLEAVE_ISTFT_BLOCK * args->hop;
    int64_t blocks = cleave_div_up(args->length, samples);
    int64_t reach;
    istft_item item;

    item.channel = index / blocks;
    item.begin = index % blocks * samples;
    item.end = cleave_i64_min(item.begin + samples, args->length);
    /* The first frame whose last sample is begin or later, and the first that begins at end or
     * later. */
    reach = item.begin - args->start - args->n + 1;
    item.frame_begin = reach <= 0 ? 0 : cleave_div_up(reach, args->hop);
    reach = item.end - args->start;
    item.frame_end = reach <= 0 ? 0 : cleave_i64_min(cleave_div_up(reach, args->hop), args->frames);
    return item;
}

#endif
