/* effects.h: what an effect is, to those who parse, check and run chains of them.
 *
 * An effect turns what its user says (dB, seconds, Hz) into what its ops compute with, in double,
 * and adds those ops to a graph. It keeps nothing itself. */
#ifndef CLEAVE_RUNTIME_EFFECTS_H
#define CLEAVE_RUNTIME_EFFECTS_H

#include "kernels/block.h"
#include "runtime/cleave_fx.h"
#include "runtime/graph.h"

/* An effect in its place in a chain. */
typedef struct cleave_effect_site {
    int32_t streams, channels, rate_hz;
    int64_t frames_max, stride; /* of rows: [streams][channels][stride] */
    const cleave_fx_effect *values;
    const cleave_fx_samples *samples;
} cleave_effect_site;

/* What its ops are connected to. */
typedef struct cleave_effect_wires {
    cleave_graph *graph;
    const char *label;      /* of its place: "2 compressor" */
    cleave_view block;      /* a cleave_block */
    cleave_view parameters; /* [derived_count] double */
    cleave_view in, out;    /* [streams][channels][stride]; different tensors */
    cleave_view report;     /* [streams] float, if it reports: dB taken away at most */
} cleave_effect_wires;

typedef struct cleave_effect {
    cleave_fx_kind kind;
    int32_t reports; /* not 0: writes `report` */
    /* NULL, or what cannot be seen from one parameter alone. */
    cleave_status (*check)(const cleave_effect_site *site, cleave_error *error);
    int64_t (*latency_frames)(const cleave_effect_site *site); /* NULL: 0 */
    int64_t (*tail_frames)(const cleave_effect_site *site);    /* NULL: 0 */
    /* Doubles that its ops compute with, and their values. */
    int64_t (*derived_count)(const cleave_effect_site *site);
    void (*derive)(const cleave_effect_site *site, double *derived);
    void (*build)(const cleave_effect_site *site, const cleave_effect_wires *wires);
} cleave_effect;

/* Effect `index`, 0 up; NULL past the last. */
const cleave_effect *cleave_effect_at(int32_t index);

/* Parameter number `parameter` of the effect, in the order of its list. */
static inline double cleave_effect_value(const cleave_effect_site *site, int32_t parameter)
{
    return site->values->value[parameter];
}

/* Frames of so many seconds, to the nearest. */
static inline int64_t cleave_effect_frames(const cleave_effect_site *site, double seconds)
{
    return (int64_t)(seconds * site->rate_hz + 0.5);
}

#endif
