/* meter.c: a track in tiles, their sums, records and the result. */
#include "runtime/meter.h"

#include "kernels/pair_sums/pair_sums.h"
#include "kernels/reduce/reduce.h"
#include "runtime/cpu.h"

#include <string.h>

#define LOUDEST        1e8f /* of a sample: larger ones count as this, so that squares are finite */
#define SURROUND       1.41 /* weight of BS.1770-4, table 3 */
#define DROPOUT_S_MAX  0.05
#define TRUE_PEAK_4_HZ 96000  /* from this rate on, twice the rate is enough */
#define TRUE_PEAK_1_HZ 192000 /* and from this on, the samples are */

static void take(cleave_meter *m, cleave_arena *arena);
static void reset(cleave_meter *m);
static void tile(cleave_meter *m, int64_t frames);
static void result_of(cleave_meter *m, cleave_meter_result *result);

/* From which channel on they are beside the listener, by how many there are. Behind 120 degrees the
 * weight is 1 again: the back channels of 6.1 and 7.1. */
static const int surround_from[CLEAVE_CHANNELS_MAX + 1] = {9, 9, 9, 9, 2, 3, 4, 5, 6};

void cleave_meter_config_default(int32_t rate_hz, int32_t channels, cleave_meter_config *config)
{
    const int64_t tenth = cleave_i64_max(rate_hz / 10, CLEAVE_METER_RECORD_FRAMES_MIN);

    *config = (cleave_meter_config){
        .rate_hz = rate_hz,
        .channels = channels,
        .record_frames = (int32_t)cleave_i64_min(tenth, CLEAVE_METER_RECORD_FRAMES_MAX),
        .silence_rms = 0.001,
        .silence_s = 0.1,
        .clip_level = 0.999,
        .clip_frames = 2,
        .dropout_s = 0.001,
        .click_ratio = 12};
    for (int c = 0; c < CLEAVE_CHANNELS_MAX; c++) {
        const int surround =
            channels >= 0 && channels <= CLEAVE_CHANNELS_MAX && c >= surround_from[channels];
        if (channels >= 6 && c == 3)
            config->channel[c] = CLEAVE_METER_IGNORED;
        else if (channels >= 4 && surround)
            config->channel[c] = CLEAVE_METER_SURROUND;
    }
}

static const char *refusal(const cleave_meter_config *c)
{
    if (c->rate_hz < CLEAVE_METER_RATE_HZ_MIN || c->rate_hz > CLEAVE_METER_RATE_HZ_MAX)
        return "rate_hz must be 8000 to 384000";
    if (c->channels < 1 || c->channels > CLEAVE_CHANNELS_MAX)
        return "channels must be 1 to 8";
    for (int i = 0; i < c->channels; i++)
        if ((int)c->channel[i] < CLEAVE_METER_FRONT || (int)c->channel[i] > CLEAVE_METER_IGNORED)
            return "channel is not one of cleave_meter_channel";
    if (c->record_frames < CLEAVE_METER_RECORD_FRAMES_MIN ||
        c->record_frames > CLEAVE_METER_RECORD_FRAMES_MAX)
        return "record_frames must be 64 to 65536";
    if (!(c->silence_rms >= 0 && c->silence_rms <= 1))
        return "silence_rms must be 0 to 1";
    if (!(c->silence_s >= 0 && c->silence_s <= 3600))
        return "silence_s must be 0 to 3600";
    if (!(c->clip_level > 0 && c->clip_level <= 1000))
        return "clip_level must be above 0, to 1000";
    if (c->clip_frames < 1)
        return "clip_frames must be at least 1";
    if (!(c->dropout_s > 0 && c->dropout_s <= DROPOUT_S_MAX))
        return "dropout_s must be above 0, to 0.05";
    if (!(c->click_ratio >= 1 && c->click_ratio <= 1e6))
        return "click_ratio must be 1 to 10^6";
    return NULL;
}

size_t cleave_meter_need(const cleave_meter_config *config, const char **why)
{
    const char *sentence = refusal(config);
    cleave_meter counted = {.config = *config};
    cleave_arena arena;

    if (why)
        *why = sentence;
    if (sentence)
        return 0;
    cleave_arena_init(&arena, NULL, SIZE_MAX);
    cleave_arena_take(&arena, 1, sizeof counted);
    take(&counted, &arena);
    return arena.used;
}

cleave_status cleave_meter_init(const cleave_meter_config *config, void *memory, size_t bytes,
                                cleave_meter **meter)
{
    const size_t need = cleave_meter_need(config, NULL);
    cleave_arena arena;

    if (need == 0 || memory == NULL || (uintptr_t)memory % CLEAVE_ALIGN_BYTES != 0)
        return CLEAVE_INVALID;
    if (bytes < need)
        return CLEAVE_NO_MEMORY;
    cleave_arena_init(&arena, memory, bytes);
    cleave_meter *m = cleave_arena_take(&arena, 1, sizeof *m);
    m->config = *config;
    take(m, &arena);
    cleave_arena_seal(&arena);
    assert(!arena.failed);
    cleave_meter_reset(m);
    *meter = m;
    return CLEAVE_OK;
}

void cleave_meter_push(cleave_meter *m, const float *in, int64_t frames)
{
    const uint64_t mode = cleave_cpu_mode_set();
    const int64_t channels = m->config.channels;
    int64_t not_finite = 0;

    for (int64_t done = 0; done < frames;) {
        const int64_t count = cleave_i64_min(m->config.record_frames - m->held, frames - done);
        for (int64_t c = 0; c < channels; c++) {
            const float *from = in + done * channels + c;
            float *to = m->x + c * m->row + m->events.past + m->held;
            for (int64_t i = 0; i < count; i++) {
                const float v = from[i * channels];
                const int finite = fabsf(v) < INFINITY;
                const float below = v < LOUDEST ? v : LOUDEST;
                const float within = below > -LOUDEST ? below : -LOUDEST;
                to[i] = finite ? within : 0;
                not_finite += !finite;
            }
        }
        m->held += count;
        done += count;
        if (m->held == m->config.record_frames)
            tile(m, m->held);
    }
    m->not_finite += not_finite;
    cleave_cpu_mode_restore(mode);
}

int cleave_meter_latest(const cleave_meter *m, cleave_meter_record *record)
{
    if (m->has_record)
        *record = m->record;
    return m->has_record;
}

void cleave_meter_finish(cleave_meter *m, cleave_meter_result *result)
{
    const uint64_t mode = cleave_cpu_mode_set();

    if (m->held > 0)
        tile(m, m->held);
    result_of(m, result);
    reset(m);
    cleave_cpu_mode_restore(mode);
}

void cleave_meter_reset(cleave_meter *m)
{
    const uint64_t mode = cleave_cpu_mode_set();

    reset(m);
    cleave_cpu_mode_restore(mode);
}

/* ---- calls of kernels ---- */
static cleave_biquad_args biquad_args(const cleave_meter *m)
{
    return (cleave_biquad_args){.in = m->x + m->events.past,
                                .out = m->y,
                                .block = m->block,
                                .parameters = m->weights,
                                .state = m->k_state,
                                .streams = 1,
                                .channels = m->config.channels,
                                .sections = CLEAVE_K_SECTIONS,
                                .frames_max = m->config.record_frames,
                                .in_stride = m->row,
                                .out_stride = m->config.record_frames};
}

static cleave_true_peak_args true_peak_args(const cleave_meter *m, const float *in, int64_t stride)
{
    return (cleave_true_peak_args){.in = in,
                                   .out = m->peaks,
                                   .block = m->block,
                                   .state = m->peak_state,
                                   .rows = m->config.channels,
                                   .frames_max = m->config.record_frames,
                                   .in_stride = stride,
                                   .factor = m->config.rate_hz < TRUE_PEAK_4_HZ ? 4 : 2};
}

static cleave_reduce_args reduce_args(const cleave_meter *m, const float *in, int64_t stride,
                                      int64_t points, cleave_reduce_kind kind)
{
    return (cleave_reduce_args){.in = in,
                                .out = m->sums,
                                .rows = m->config.channels,
                                .points = points,
                                .in_stride = stride,
                                .kind = kind};
}

static cleave_pair_sums_args pair_args(const cleave_meter *m, int64_t points)
{
    return (cleave_pair_sums_args){.x = m->x + m->events.past,
                                   .y = m->x + m->row + m->events.past,
                                   .out = m->sums,
                                   .rows = 1,
                                   .points = points,
                                   .x_stride = m->row,
                                   .y_stride = m->row};
}

/* Takes what the object needs; on a counting arena all pointers stay NULL. */
static void take(cleave_meter *m, cleave_arena *arena)
{
    const size_t channels = (size_t)m->config.channels;
    const size_t frames = (size_t)m->config.record_frames;

    cleave_ops_cpu(&m->ops, cleave_cpu_features());
    cleave_meter_events_take(m, arena);
    m->channel = cleave_arena_take(arena, channels, sizeof *m->channel);
    m->loudness = cleave_arena_take(arena, 1, sizeof *m->loudness);
    m->row = m->events.past + cleave_div_up(m->config.record_frames, 16) * 16;
    m->x = cleave_arena_take(arena, channels * (size_t)m->row, sizeof(float));
    m->y = cleave_arena_take(arena, channels * frames, sizeof(float));
    m->sums = cleave_arena_take(arena, 2 * CLEAVE_PAIR_SUMS, sizeof(float));
    m->weights =
        cleave_arena_take(arena, CLEAVE_K_SECTIONS * CLEAVE_BIQUAD_COEFFICIENTS, sizeof(double));
    m->block = cleave_arena_take(arena, 1, sizeof *m->block);
    m->peaks = cleave_arena_take(arena, channels, sizeof(float));
    m->peak_state =
        cleave_arena_take(arena, channels * CLEAVE_TRUE_PEAK_STATE_FLOATS, sizeof(float));
    if (m->weights)
        cleave_k_weighting(m->config.rate_hz, m->weights);

    const cleave_biquad_args biquad = biquad_args(m);
    const cleave_true_peak_args true_peak = true_peak_args(m, NULL, m->config.record_frames);
    const cleave_reduce_args reduce = reduce_args(m, NULL, 1, 1, CLEAVE_REDUCE_SUM);
    const cleave_pair_sums_args pair = pair_args(m, 1);
    m->k_state =
        cleave_arena_take(arena, (size_t)cleave_biquad_state_floats(&biquad), sizeof(float));
    cleave_kernel_call_init(&m->biquad, &m->ops, CLEAVE_OP_BIQUAD, &biquad, arena);
    cleave_kernel_call_init(&m->true_peak, &m->ops, CLEAVE_OP_TRUE_PEAK, &true_peak, arena);
    cleave_kernel_call_init(&m->reduce, &m->ops, CLEAVE_OP_REDUCE, &reduce, arena);
    cleave_kernel_call_init(&m->pair_sums, &m->ops, CLEAVE_OP_PAIR_SUMS, &pair, arena);
    cleave_meter_spectrum_take(m, arena);
}

static void reset(cleave_meter *m)
{
    const cleave_biquad_args biquad = biquad_args(m);
    const size_t channels = (size_t)m->config.channels;

    m->frames = m->held = m->not_finite = m->step_first = 0;
    m->next = m->config.rate_hz / METER_STEPS_A_SECOND;
    m->cross = m->left = m->right = 0;
    m->step_energy = m->step_squares = 0;
    m->has_record = 0;
    memset(m->x, 0, channels * (size_t)m->row * sizeof(float));
    memset(m->k_state, 0, (size_t)cleave_biquad_state_floats(&biquad) * sizeof(float));
    memset(m->peak_state, 0, channels * CLEAVE_TRUE_PEAK_STATE_FLOATS * sizeof(float));
    memset(m->channel, 0, channels * sizeof *m->channel);
    for (size_t c = 0; c < channels; c++)
        m->channel[c].click_last = -1;
    memset(m->loudness, 0, sizeof *m->loudness);
    cleave_meter_spectrum_reset(m);
    cleave_meter_events_reset(m);
}

/* ---- a tile ---- */
static double weight_of(cleave_meter_channel channel)
{
    return channel == CLEAVE_METER_FRONT ? 1 : channel == CLEAVE_METER_SURROUND ? SURROUND : 0;
}

/* The step of 10 ms that ends before frame `end`. */
static void step_end(cleave_meter *m, int64_t end)
{
    const int64_t frames = end - m->step_first;

    for (int c = 0; c < m->config.channels; c++) {
        meter_channel *ch = &m->channel[c];
        cleave_meter_blocks_step(&ch->blocks, ch->step_squares, ch->step_peak, frames);
        ch->step_squares = ch->step_peak = 0;
    }
    cleave_meter_loudness_step(m->loudness, m->step_energy, frames);
    cleave_meter_events_step(m, m->step_first, frames, m->step_squares);
    m->step_energy = m->step_squares = 0;
    m->step_first = end;
    m->next = (m->loudness->steps + 1) * m->config.rate_hz / METER_STEPS_A_SECOND;
}

/* Frames of the tile that lie in one step: their sums. */
static void part(cleave_meter *m, int64_t first, int64_t frames)
{
    const float *x = m->x + m->events.past + first;
    cleave_reduce_args args =
        reduce_args(m, m->y + first, m->config.record_frames, frames, CLEAVE_REDUCE_SQUARES);

    cleave_kernel_call_run(&m->reduce, &args);
    for (int c = 0; c < m->config.channels; c++)
        m->step_energy += weight_of(m->config.channel[c]) * (double)m->sums[c];
    args = reduce_args(m, x, m->row, frames, CLEAVE_REDUCE_SQUARES);
    cleave_kernel_call_run(&m->reduce, &args);
    for (int c = 0; c < m->config.channels; c++) {
        m->channel[c].squares += (double)m->sums[c];
        m->channel[c].step_squares += (double)m->sums[c];
        m->step_squares += (double)m->sums[c];
        m->tile_squares += (double)m->sums[c];
    }
    args = reduce_args(m, x, m->row, frames, CLEAVE_REDUCE_MAX_ABS);
    cleave_kernel_call_run(&m->reduce, &args);
    for (int c = 0; c < m->config.channels; c++) {
        meter_channel *ch = &m->channel[c];
        ch->peak = meter_most(ch->peak, (double)m->sums[c]);
        ch->step_peak = meter_most(ch->step_peak, (double)m->sums[c]);
        m->tile_peak = meter_most(m->tile_peak, (double)m->sums[c]);
    }
}

static int has_true_peak(const cleave_meter *m)
{
    return m->config.rate_hz < TRUE_PEAK_1_HZ;
}

static void tile_sums(cleave_meter *m, int64_t frames)
{
    const cleave_biquad_args biquad = biquad_args(m);
    const cleave_true_peak_args true_peak = true_peak_args(m, m->x + m->events.past, m->row);

    *m->block = (cleave_block){.position = m->frames, .frames = (int32_t)frames};
    cleave_kernel_call_run(&m->biquad, &biquad);
    m->tile_squares = m->tile_peak = m->tile_true_peak = 0;
    if (has_true_peak(m)) {
        cleave_kernel_call_run(&m->true_peak, &true_peak);
        for (int c = 0; c < m->config.channels; c++)
            m->tile_true_peak = meter_most(m->tile_true_peak, (double)m->peaks[c]);
    }

    const cleave_reduce_args sum =
        reduce_args(m, m->x + m->events.past, m->row, frames, CLEAVE_REDUCE_SUM);
    cleave_kernel_call_run(&m->reduce, &sum);
    for (int c = 0; c < m->config.channels; c++)
        m->channel[c].sum += (double)m->sums[c];
    if (m->config.channels >= 2) {
        const cleave_pair_sums_args pair = pair_args(m, frames);
        cleave_kernel_call_run(&m->pair_sums, &pair);
        m->tile_left = cleave_pair_sum_of(m->sums, CLEAVE_PAIR_XX);
        m->tile_right = cleave_pair_sum_of(m->sums, CLEAVE_PAIR_YY);
        m->tile_cross = m->tile_left + cleave_pair_sum_of(m->sums, CLEAVE_PAIR_XD);
        m->left += m->tile_left;
        m->right += m->tile_right;
        m->cross += m->tile_cross;
    }
    for (int64_t i = 0, count; i < frames; i += count) {
        count = cleave_i64_min(m->next - m->frames - i, frames - i);
        part(m, i, count);
        if (m->frames + i + count == m->next)
            step_end(m, m->next);
    }
}

static double correlation(double cross, double left, double right)
{
    return left > 0 && right > 0
               ? meter_least(meter_most(cross / (sqrt(left) * sqrt(right)), -1), 1)
               : NAN;
}

static void make_record(cleave_meter *m, int64_t frames)
{
    const double mean = m->tile_squares / (double)(frames * m->config.channels);
    const double noise = m->spectrum.noise_count > 0 ? m->spectrum.floor / 2 : NAN;
    cleave_meter_record *r = &m->record;

    *r = (cleave_meter_record){
        .frame = m->frames,
        .frames = frames,
        .timestamp = (double)m->frames / m->config.rate_hz,
        .rms_level = sqrt(mean),
        .peak_level = m->tile_peak,
        .true_peak_level = meter_most(m->tile_true_peak, m->tile_peak),
        .dynamic_range = mean > 0 ? 20 * log10(m->tile_peak) - meter_db(mean) : NAN,
        .signal_to_noise_ratio = noise > 0  ? meter_db(mean / noise)
                                 : mean > 0 ? noise == 0 ? INFINITY : NAN
                                            : NAN,
        .momentary_lufs = cleave_k_lufs(m->loudness->momentary),
        .short_term_lufs = cleave_k_lufs(m->loudness->short_term),
        .stereo_correlation =
            m->config.channels >= 2 ? correlation(m->tile_cross, m->tile_left, m->tile_right) : NAN,
        .silence_detected = sqrt(mean) < m->config.silence_rms,
        .clipping_detected = m->events.clipped_places,
    };
    memcpy(r->frequency_spectrum, m->spectrum.bands, sizeof r->frequency_spectrum);
    m->has_record = 1;
}

/* The first `frames` frames of the tile, and then they are past. */
static void tile(cleave_meter *m, int64_t frames)
{
    tile_sums(m, frames);
    cleave_meter_events_tile(m, frames);
    cleave_meter_spectrum_tile(m, frames);
    make_record(m, frames);
    m->frames += frames;
    m->held = 0;
    for (int64_t c = 0; c < m->config.channels; c++) {
        float *row = m->x + c * m->row;
        memmove(row, row + frames, (size_t)m->events.past * sizeof(float));
    }
    if (m->config.on_record)
        m->config.on_record(m->config.user, &m->record);
}

/* ---- the result ---- */
/* What lies behind the last samples, as if silence followed. */
static void true_peak_end(cleave_meter *m)
{
    const cleave_true_peak_args args = true_peak_args(m, m->y, m->config.record_frames);

    *m->block = (cleave_block){.position = m->frames, .frames = CLEAVE_TRUE_PEAK_HISTORY};
    for (int64_t c = 0; c < m->config.channels; c++)
        memset(m->y + c * m->config.record_frames, 0, CLEAVE_TRUE_PEAK_HISTORY * sizeof(float));
    cleave_kernel_call_run(&m->true_peak, &args);
}

static void channel_results(const cleave_meter *m, cleave_meter_result *r)
{
    const double frames = (double)cleave_i64_max(m->frames, 1);
    double squares = 0, peak = 0, true_peak = 0, range = 0, ranges = 0;

    for (int c = 0; c < m->config.channels; c++) {
        const meter_channel *ch = &m->channel[c];
        const double top =
            meter_most((double)m->peak_state[c * CLEAVE_TRUE_PEAK_STATE_FLOATS], ch->peak);
        const double channel_range = cleave_meter_blocks_range(&ch->blocks);
        r->channel_rms_dbfs[c] = meter_db(ch->squares / frames);
        r->channel_peak_dbfs[c] = meter_db(ch->peak * ch->peak);
        r->channel_true_peak_dbtp[c] = meter_db(top * top);
        r->dc_offset[c] = ch->sum / frames;
        squares += ch->squares;
        peak = meter_most(peak, ch->peak);
        true_peak = meter_most(true_peak, top);
        if (!isnan(channel_range)) {
            range += channel_range;
            ranges++;
        }
    }
    r->rms_dbfs = meter_db(squares / (frames * m->config.channels));
    r->peak_dbfs = meter_db(peak * peak);
    r->true_peak_dbtp = meter_db(true_peak * true_peak);
    r->crest_db = peak > 0 ? r->peak_dbfs - r->rms_dbfs : NAN;
    r->dynamic_range_db = ranges > 0 ? range / ranges : NAN;
}

static void result_of(cleave_meter *m, cleave_meter_result *r)
{
    memset(r, 0, sizeof *r);
    r->frames = m->frames;
    r->duration_s = (double)m->frames / m->config.rate_hz;
    r->not_finite = m->not_finite;
    if (has_true_peak(m))
        true_peak_end(m);
    if (m->frames > m->step_first)
        cleave_meter_events_step(m, m->step_first, m->frames - m->step_first, m->step_squares);
    channel_results(m, r);
    r->stereo_correlation =
        m->config.channels >= 2 ? correlation(m->cross, m->left, m->right) : NAN;
    cleave_meter_loudness_result(m->loudness, r);
    r->plr_db = r->integrated_lufs > -INFINITY ? r->true_peak_dbtp - r->integrated_lufs : NAN;
    cleave_meter_spectrum_result(m, r);
    cleave_meter_events_finish(m, r);
}
