/* meter_loudness.c: loudness of steps, gated means, ranges. */
#include "runtime/meter.h"

#define RELATIVE_GATE_LU (-10.0) /* BS.1770-4 */
#define RANGE_GATE_LU    (-20.0) /* EBU Tech 3342 */
#define RANGE_LOW        0.10
#define RANGE_HIGH       0.95
#define DR_BIN_DB        0.05
#define DR_SHARE         0.2

/* Mean square of the last `steps` steps. */
static double window(const meter_loudness *l, int64_t steps)
{
    double energy = 0, frames = 0;

    for (int64_t i = 0; i < steps; i++) {
        const int64_t at = (l->steps - steps + i) % METER_SHORT_TERM;
        energy += l->energy[at];
        frames += l->frames[at];
    }
    return frames > 0 ? energy / frames : 0;
}

static int64_t bin_of(double lufs)
{
    return cleave_i64_min((int64_t)((lufs - METER_GATE_LUFS) / METER_BIN_LU), METER_LUFS_BINS - 1);
}

static void histogram_add(meter_histogram *h, double mean_square)
{
    const double lufs = cleave_k_lufs(mean_square);

    if (!(lufs > METER_GATE_LUFS))
        return;
    h->total++;
    h->energy += mean_square;
    h->count[bin_of(lufs)]++;
    h->sum[bin_of(lufs)] += mean_square;
}

/* The first bin above the mean of all plus `gate_lu`. Of the bin in which the gate lies, all blocks
 * are in or none, by their mean: exact where it has one, and else wrong by less than a bin. */
static int64_t gate_of(const meter_histogram *h, double gate_lu)
{
    const double gate = h->energy / (double)h->total * pow(10, gate_lu / 10);

    if (!(cleave_k_lufs(gate) > METER_GATE_LUFS))
        return 0;
    const int64_t bin = bin_of(cleave_k_lufs(gate));
    return h->sum[bin] > gate * (double)h->count[bin] ? bin : bin + 1;
}

static double integrated(const meter_histogram *h)
{
    double energy = 0, count = 0;

    if (h->total == 0)
        return -INFINITY;
    for (int64_t i = gate_of(h, RELATIVE_GATE_LU); i < METER_LUFS_BINS; i++) {
        energy += h->sum[i];
        count += (double)h->count[i];
    }
    return cleave_k_lufs(energy / count);
}

/* Loudness of block `rank`, from 0, of those from bin `from` on. */
static double ranked(const meter_histogram *h, int64_t from, int64_t rank)
{
    int64_t i = from;

    for (int64_t seen = h->count[i]; seen <= rank && i < METER_LUFS_BINS - 1; seen += h->count[i])
        i++;
    return METER_GATE_LUFS + METER_BIN_LU * ((double)i + 0.5);
}

static double range(const meter_histogram *h)
{
    int64_t count = 0;

    if (h->total == 0)
        return 0;
    const int64_t from = gate_of(h, RANGE_GATE_LU);
    for (int64_t i = from; i < METER_LUFS_BINS; i++)
        count += h->count[i];
    if (count == 0)
        return 0;
    const int64_t low = (int64_t)(RANGE_LOW * (double)(count - 1) + 0.5);
    const int64_t high = (int64_t)(RANGE_HIGH * (double)(count - 1) + 0.5);
    return ranked(h, from, high) - ranked(h, from, low);
}

void cleave_meter_loudness_step(meter_loudness *l, double energy, int64_t frames)
{
    l->energy[l->steps % METER_SHORT_TERM] = energy;
    l->frames[l->steps % METER_SHORT_TERM] = (double)frames;
    l->steps++;
    const int due = l->steps % METER_HOP == 0;
    if (l->steps >= METER_MOMENTARY) {
        l->momentary = window(l, METER_MOMENTARY);
        l->momentary_max = meter_most(l->momentary_max, l->momentary);
        if (due)
            histogram_add(&l->gated, l->momentary);
    }
    if (l->steps >= METER_SHORT_TERM) {
        l->short_term = window(l, METER_SHORT_TERM);
        l->short_term_max = meter_most(l->short_term_max, l->short_term);
        if (due)
            histogram_add(&l->range, l->short_term);
    }
}

void cleave_meter_loudness_result(const meter_loudness *l, cleave_meter_result *result)
{
    result->integrated_lufs = integrated(&l->gated);
    result->momentary_max_lufs = cleave_k_lufs(l->momentary_max);
    result->short_term_max_lufs = cleave_k_lufs(l->short_term_max);
    result->loudness_range_lu = range(&l->range);
}

void cleave_meter_blocks_step(meter_blocks *b, double squares, double peak, int64_t frames)
{
    b->squares += squares / (double)frames;
    b->peak = meter_most(b->peak, peak);
    if (++b->steps < METER_SHORT_TERM)
        return;
    const double mean = b->squares / METER_SHORT_TERM;
    if (mean > 0) {
        const int64_t bin = (int64_t)meter_most(0, -10 * log10(mean) / DR_BIN_DB);
        b->count[cleave_i64_min(bin, METER_DR_BINS - 1)]++;
        b->total++;
    }
    b->second = meter_most(meter_least(b->first, b->peak), b->second);
    b->first = meter_most(b->first, b->peak);
    b->squares = b->peak = 0;
    b->steps = 0;
}

double cleave_meter_blocks_range(const meter_blocks *b)
{
    const double wanted = ceil(DR_SHARE * (double)b->total);
    double seen = 0, power = 0;

    if (b->total == 0)
        return NAN;
    for (int i = 0; i < METER_DR_BINS && seen < wanted; i++) {
        const double count = meter_least((double)b->count[i], wanted - seen);
        power += count * pow(10, -(i + 0.5) * DR_BIN_DB / 10);
        seen += count;
    }
    const double peak = b->second > 0 ? b->second : b->first;
    return 20 * log10(peak) - 10 * log10(2 * power / seen);
}
