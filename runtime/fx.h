/* fx.h: the inside of a chain of effects that runs.
 *
 *     plan: [block, parameters, in [S][T][C]] -> rows [S][C][stride] -> effects -> rows
 *           -> [reports, out [S][T][C]]
 *
 * The plan is that of an engine: it runs on the same devices, in slot 0, a block at a time. */
#ifndef CLEAVE_RUNTIME_FX_H
#define CLEAVE_RUNTIME_FX_H

#include <stdatomic.h>

#include "runtime/device.h"
#include "runtime/effects/effects.h"
#include "runtime/ring.h"

/* An effect as it was built. */
typedef struct cleave_fx_place {
    const cleave_effect *effect;
    int64_t parameter_offset; /* of its doubles among those of the chain */
} cleave_fx_place;

/* Where things are in the plan's input and output, in floats. */
typedef struct cleave_fx_layout {
    int64_t parameters, audio_in; /* behind the block */
    int64_t replaced;             /* behind the reports, [effects][streams]: [streams] */
    int64_t audio_out;            /* behind these */
    int64_t stride;               /* of a row */
} cleave_fx_layout;

struct cleave_fx {
    cleave_fx_info info;
    void *owned; /* the arena, if cleave_fx_open() allocated it */
    cleave_device_table device;
    cleave_plan plan;
    cleave_run run;
    cleave_workers *workers;
    cleave_ring ring; /* frames [C]; of capacity 0 without a ring */
    cleave_fx_layout layout;
    int32_t count; /* of effects that were built, at least 1 */
    /* Of the configuration; what they point to is gone after open. */
    cleave_fx_samples samples[CLEAVE_FX_EFFECTS_MAX];
    int64_t position; /* of the stream */
    cleave_fx_place place[CLEAVE_FX_EFFECTS_MAX];
    int64_t parameter_count;
    double *current; /* [parameter_count]: what the next block computes with */

    /* What cleave_fx_set() leaves for it. The lock is held for a copy at most; who processes does
     * not wait for it, but takes the values one block later. */
    atomic_flag lock;
    int changed;
    cleave_fx_chain chain;
    double *pending; /* [parameter_count] */

    uint64_t blocks, process_ns, worst_block_ns, replaced_samples;
    double reduction_db[CLEAVE_FX_EFFECTS_MAX];
};

/* fx.c. The place of effect `index`. */
cleave_effect_site cleave_fx_site(const cleave_fx *fx, const cleave_fx_chain *chain, int32_t index);

/* fx_chain.c. Whether a value may be the parameter's, with the sentence if not. */
cleave_status cleave_fx_value_check(const cleave_fx_kind *kind, int32_t parameter, double value,
                                    cleave_error *error);
/* The same of a band. */
cleave_status cleave_fx_band_check(const cleave_fx_kind *kind, const cleave_fx_band *band,
                                   cleave_error *error);
/* The same of all values of a chain, which may have been written by hand. */
cleave_status cleave_fx_chain_check(const cleave_fx_chain *chain, cleave_error *error);

#endif
