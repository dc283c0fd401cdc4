/* meter_events.c: places in a track: clipping, silence, drop-outs, clicks.
 *
 * A drop-out is judged by what comes after it too, so samples are looked at level_frames after they
 * came: a row keeps so much of the past, and the level before, and the drop-out itself. */
#include "runtime/meter.h"

#include <string.h>

#define DROPOUT_MAX_S  1.0  /* what is longer is a silence */
#define CLICK_FLOOR    0.02 /* second differences below it are none */
#define CLICK_CREST    10   /* of a step with a click: square of peak to mean */
#define CLICK_NEIGHBOR 3    /* a peak within this ratio of the click's is like it */
#define CLICK_ALIKE    2    /* so many of those, and it is no click but a signal of pulses */
#define CLICK_BEFORE   (METER_CLICK_RING - METER_CLICK_AFTER - 1)
#define CLICK_NEAR     2 /* steps next to it that may be part of the click */

void cleave_meter_events_take(cleave_meter *m, cleave_arena *arena)
{
    meter_events *e = &m->events;
    const double rate = m->config.rate_hz;

    e->level_frames = (int64_t)(rate / METER_STEPS_A_SECOND);
    e->dropout_frames = cleave_i64_max((int64_t)ceil(m->config.dropout_s * rate), 8);
    e->dropout_max = (int64_t)(DROPOUT_MAX_S * rate);
    e->past = 2 * e->level_frames + e->dropout_frames + METER_CLICK_STEP;
    e->past = cleave_div_up(e->past, 16) * 16;
    e->clipping = cleave_arena_take(arena, 1, sizeof *e->clipping);
    e->silence = cleave_arena_take(arena, 1, sizeof *e->silence);
    e->dropouts = cleave_arena_take(arena, 1, sizeof *e->dropouts);
    e->clicks = cleave_arena_take(arena, 1, sizeof *e->clicks);
}

static void places_reset(cleave_meter_places *places)
{
    places->total = 0;
    places->count = 0;
}

void cleave_meter_events_reset(cleave_meter *m)
{
    meter_events *e = &m->events;

    e->click_steps = 0;
    e->silent_squares = e->silence_s = 0;
    e->silent_frames = e->clipped_samples = 0;
    places_reset(e->clipping);
    places_reset(e->silence);
    places_reset(e->dropouts);
    places_reset(e->clicks);
}

/* Keeps the list in order; a full one lets its last place go. */
static void places_add(cleave_meter_places *places, cleave_meter_place place)
{
    int32_t at = places->count;

    places->total++;
    if (places->count < CLEAVE_METER_PLACES_MAX)
        places->count++;
    else if (places->place[--at].frame <= place.frame)
        return;
    for (; at > 0 && places->place[at - 1].frame > place.frame; at--)
        places->place[at] = places->place[at - 1];
    places->place[at] = place;
}

/* ---- clipping ---- */
static void clip_end(cleave_meter *m, int32_t c, int64_t end)
{
    meter_channel *ch = &m->channel[c];

    if (ch->clip_run >= m->config.clip_frames)
        places_add(m->events.clipping, (cleave_meter_place){.frame = end - ch->clip_run,
                                                            .frames = ch->clip_run,
                                                            .channel = c,
                                                            .value = ch->clip_top});
    ch->clip_run = 0;
    ch->clip_top = 0;
}

static void clip_tile(cleave_meter *m, int32_t c, const float *x, int64_t frames)
{
    meter_channel *ch = &m->channel[c];
    const int64_t shortest = m->config.clip_frames;
    const float level = (float)m->config.clip_level;

    m->events.clipped_places += ch->clip_run >= shortest && frames > 0 && fabsf(x[0]) >= level;
    for (int64_t i = 0; i < frames; i++) {
        if (fabsf(x[i]) >= level) {
            ch->clip_run++;
            ch->clip_top = fmaxf(ch->clip_top, fabsf(x[i]));
            m->events.clipped_samples++;
            m->events.clipped_places += ch->clip_run == shortest;
        } else if (ch->clip_run) {
            clip_end(m, c, m->frames + i);
        }
    }
}

/* ---- silence ---- */
static void silence_end(cleave_meter *m, int64_t end)
{
    meter_events *e = &m->events;
    const double seconds = (double)e->silent_frames / m->config.rate_hz;

    if (e->silent_frames > 0 && seconds >= m->config.silence_s) {
        const double samples = (double)(e->silent_frames * m->config.channels);
        places_add(e->silence,
                   (cleave_meter_place){.frame = end - e->silent_frames,
                                        .frames = e->silent_frames,
                                        .channel = -1,
                                        .value = (float)sqrt(e->silent_squares / samples)});
        e->silence_s += seconds;
    }
    e->silent_frames = 0;
    e->silent_squares = 0;
}

void cleave_meter_events_step(cleave_meter *m, int64_t first, int64_t frames, double squares)
{
    const double limit = m->config.silence_rms * m->config.silence_rms;

    if (squares < limit * (double)(frames * m->config.channels)) {
        m->events.silent_frames += frames;
        m->events.silent_squares += squares;
    } else {
        silence_end(m, first);
    }
}

/* ---- drop-outs ---- */
static int is_loud(const cleave_meter *m, const float *x)
{
    const double rms = m->config.silence_rms;
    double squares = 0;

    for (int64_t i = 0; i < m->events.level_frames; i++)
        squares += (double)x[i] * (double)x[i];
    return squares >= rms * rms * (double)m->events.level_frames;
}

/* Looks at samples x[0..frames - 1], the first of which is frame `first` of the track; level_frames
 * on each side and the shortest drop-out before them can be read. */
static void dropout_span(cleave_meter *m, int32_t c, const float *x, int64_t first, int64_t frames)
{
    const meter_events *e = &m->events;
    meter_channel *ch = &m->channel[c];

    for (int64_t i = 0; i < frames; i++) {
        if (x[i] == ch->held_value) {
            if (++ch->held_run == e->dropout_frames)
                ch->held_loud = is_loud(m, x + i + 1 - e->dropout_frames - e->level_frames);
            continue;
        }
        if (ch->held_run >= e->dropout_frames && ch->held_run <= e->dropout_max && ch->held_loud &&
            fabsf(ch->held_value) < (float)m->config.clip_level && is_loud(m, x + i))
            places_add(m->events.dropouts, (cleave_meter_place){.frame = first + i - ch->held_run,
                                                                .frames = ch->held_run,
                                                                .channel = c,
                                                                .value = ch->held_value});
        ch->held_value = x[i];
        ch->held_run = 1;
    }
}

/* ---- clicks ---- */
static const meter_click_step *ring_at(const meter_channel *ch, int64_t step)
{
    return &ch->click[(step + METER_CLICK_RING) % METER_CLICK_RING];
}

/* Median energy of steps from..to of the ring; steps before the track have none. */
static double median_energy(const meter_channel *ch, int64_t from, int64_t to)
{
    float energy[METER_CLICK_RING];
    int64_t count = 0;

    for (int64_t k = cleave_i64_max(from, 0); k <= to; k++) {
        const float value = ring_at(ch, k)->energy;
        int64_t at = count++;
        for (; at > 0 && energy[at - 1] > value; at--)
            energy[at] = energy[at - 1];
        energy[at] = value;
    }
    return count ? (double)energy[count / 2] : 0;
}

/* Whether step `k`, METER_CLICK_AFTER steps ago, has a second difference that stands out. */
static void click_judge(cleave_meter *m, int32_t c, int64_t k)
{
    meter_channel *ch = &m->channel[c];
    const meter_click_step *at = ring_at(ch, k);
    int alike = 0;

    if (k < 1 || at->peak < CLICK_FLOOR ||
        at->peak * at->peak * METER_CLICK_STEP < CLICK_CREST * at->energy)
        return;
    const int64_t from = cleave_i64_max(k - CLICK_BEFORE, 0), to = k + METER_CLICK_AFTER;
    for (int64_t i = from; i <= to; i++)
        alike += (i < k - CLICK_NEAR || i > k + CLICK_NEAR) &&
                 ring_at(ch, i)->peak * CLICK_NEIGHBOR > at->peak;
    const double around = fmax(median_energy(ch, from, k - CLICK_NEAR - 1),
                               median_energy(ch, k + CLICK_NEAR + 1, to));
    const double ratio = (double)at->peak / sqrt(around / METER_CLICK_STEP);
    if (alike > CLICK_ALIKE || !(ratio >= m->config.click_ratio))
        return;
    if (ch->click_last < 0 || at->frame - ch->click_last > METER_CLICK_STEP)
        places_add(m->events.clicks, (cleave_meter_place){.frame = at->frame,
                                                          .frames = 1,
                                                          .channel = c,
                                                          .value = (float)fmin(ratio, 1e6)});
    ch->click_last = at->frame;
}

/* Step `k` of the track, whose first sample is x[0]; two before it can be read. */
static void click_step(cleave_meter *m, int32_t c, const float *x, int64_t k)
{
    meter_channel *ch = &m->channel[c];
    meter_click_step *step = &ch->click[k % METER_CLICK_RING];
    float difference[METER_CLICK_STEP], energy[4] = {0}, peak = 0;
    int64_t place = 0;

    for (int i = 0; i < METER_CLICK_STEP; i++)
        difference[i] = fabsf(x[i] - 2 * x[i - 1] + x[i - 2]);
    for (int i = 0; i < METER_CLICK_STEP; i++)
        energy[i % 4] += difference[i] * difference[i];
    for (int i = 0; i < METER_CLICK_STEP; i++)
        if (difference[i] > peak) {
            peak = difference[i];
            place = i;
        }
    /* The largest second difference of a spike is at the frame after it. */
    *step = (meter_click_step){.energy = (energy[0] + energy[1]) + (energy[2] + energy[3]),
                               .peak = peak,
                               .frame = cleave_i64_max(k * METER_CLICK_STEP + place - 1, 0)};
    if (k >= METER_CLICK_AFTER)
        click_judge(m, c, k - METER_CLICK_AFTER);
}

/* ---- all ---- */
void cleave_meter_events_tile(cleave_meter *m, int64_t frames)
{
    meter_events *e = &m->events;
    const int64_t lag = e->level_frames;
    const int64_t steps = (m->frames + frames) / METER_CLICK_STEP;

    e->clipped_places = 0;
    for (int32_t c = 0; c < m->config.channels; c++) {
        const float *x = m->x + c * m->row + e->past;
        if (m->channel[c].clip_run || (float)m->tile_peak >= (float)m->config.clip_level)
            clip_tile(m, c, x, frames);
        dropout_span(m, c, x - lag, m->frames - lag, frames);
        for (int64_t k = e->click_steps; k < steps; k++)
            click_step(m, c, x + k * METER_CLICK_STEP - m->frames, k);
    }
    e->click_steps = steps;
}

/* What still waits is judged as if silence followed. */
void cleave_meter_events_finish(cleave_meter *m, cleave_meter_result *result)
{
    meter_events *e = &m->events;

    silence_end(m, m->frames);
    for (int32_t c = 0; c < m->config.channels; c++) {
        meter_channel *ch = &m->channel[c];
        clip_end(m, c, m->frames);
        for (int64_t k = e->click_steps; k < e->click_steps + METER_CLICK_AFTER; k++) {
            ch->click[k % METER_CLICK_RING] = (meter_click_step){0};
            if (k >= METER_CLICK_AFTER)
                click_judge(m, c, k - METER_CLICK_AFTER);
        }
    }
    result->clipped_samples = e->clipped_samples;
    result->clipping = *e->clipping;
    result->silence = *e->silence;
    result->silence_s = e->silence_s;
    result->dropouts = *e->dropouts;
    result->clicks = *e->clicks;
}
