/* voice_odds_ref.c: contract and reference. */
#include "kernels/voice_odds/voice_odds.h"

#include <math.h>

static const char *check(const void *args)
{
    const cleave_voice_odds_args *a = args;

    if (a->frames < 1)
        return "voice_odds: frames must be at least 1";
    if (a->bins < 1)
        return "voice_odds: bins must be at least 1";
    if (!cleave_product_ok(a->frames, a->bins))
        return "voice_odds: frames times bins must be at most 2^48";
    if (a->stereo != 0 && a->stereo != 1)
        return "voice_odds: stereo must be 0 or 1";
    if (!(a->repetition >= 0) || !(a->percussive >= 0) || !(a->balance >= 0))
        return "voice_odds: repetition, percussive and balance must not be negative";
    if (!(a->balance_floor > 0))
        return "voice_odds: balance_floor must be positive";
    if (!(a->limit > 0))
        return "voice_odds: limit must be positive";
    return NULL;
}

static int64_t items(const void *args)
{
    const cleave_voice_odds_args *a = args;

    return a->frames;
}

static int operands(const void *args, cleave_operand out[CLEAVE_OPERANDS_MAX])
{
    const cleave_voice_odds_args *a = args;
    const size_t row = (size_t)a->bins * sizeof(float), plane = (size_t)a->frames * row;
    int n = 0;

    out[n++] = (cleave_operand){offsetof(cleave_voice_odds_args, magnitude), plane, CLEAVE_READ};
    out[n++] = (cleave_operand){offsetof(cleave_voice_odds_args, repeating), plane, CLEAVE_READ};
    out[n++] = (cleave_operand){offsetof(cleave_voice_odds_args, broadband), plane, CLEAVE_READ};
    if (a->stereo)
        out[n++] =
            (cleave_operand){offsetof(cleave_voice_odds_args, sides), 2 * plane, CLEAVE_READ};
    out[n++] = (cleave_operand){offsetof(cleave_voice_odds_args, prior), row, CLEAVE_READ};
    out[n++] =
        (cleave_operand){offsetof(cleave_voice_odds_args, floor), sizeof(float), CLEAVE_READ};
    out[n++] = (cleave_operand){offsetof(cleave_voice_odds_args, odds), plane, CLEAVE_WRITE};
    out[n++] = (cleave_operand){offsetof(cleave_voice_odds_args, parts), 2 * plane, CLEAVE_WRITE};
    return n;
}

static cleave_cost cost(const void *args)
{
    const cleave_voice_odds_args *a = args;
    const double bins = (double)a->bins, values = (double)a->frames * bins;

    return (cleave_cost){.flops = values * (a->stereo ? 120 : 90),
                         .bytes = 4 * (values * (a->stereo ? 8 : 6) + bins + 1)};
}

const cleave_op cleave_voice_odds_op = {
    .name = "voice_odds",
    .args_bytes = sizeof(cleave_voice_odds_args),
    .check = check,
    .items = items,
    .operands = operands,
    .cost = cost,
};

static double log_ratio(const cleave_voice_odds_args *a, double over, double under)
{
    const double floor = *a->floor;

    return fmin(fmax(log((over + floor) / (under + floor)), -(double)a->limit), a->limit);
}

static double balance_of(const cleave_voice_odds_args *a, double l, double r)
{
    const double sum = l + r + 2 * (double)*a->floor;

    return log(4 * (l / sum) * (r / sum) + a->balance_floor);
}

static void run(const void *args, const cleave_work *work)
{
    const cleave_voice_odds_args *a = args;
    const int64_t plane = a->frames * a->bins;

    for (int64_t t = work->begin; t < work->end; t++)
        for (int64_t f = 0; f < a->bins; f++) {
            const int64_t i = t * a->bins + f;
            const double A = a->magnitude[i], R = a->repeating[i], Q = a->broadband[i];
            double z = a->prior[f] + a->repetition * log_ratio(a, A * A, R * R) +
                       a->percussive * log_ratio(a, A * A, Q * Q);

            if (a->stereo)
                z += a->balance * balance_of(a, a->sides[i], a->sides[plane + i]);
            a->odds[i] = (float)z;
            a->parts[i] = (float)(A * A / (1 + exp(-z)));
            a->parts[plane + i] = (float)(A * A / (1 + exp(z)));
        }
}

const cleave_kernel cleave_voice_odds_ref = {.run = run};
