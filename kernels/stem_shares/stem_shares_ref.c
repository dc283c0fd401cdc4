/* stem_shares_ref.c: contract and reference. */
#include "kernels/stem_shares/stem_shares.h"

static int64_t masks(const cleave_stem_shares_args *a)
{
    int64_t count = 0;

    for (int k = 0; k < CLEAVE_STEM_SHARES; k++)
        count += a->wanted[k];
    return count;
}

static const char *check(const void *args)
{
    const cleave_stem_shares_args *a = args;

    if (a->frames < 1)
        return "stem_shares: frames must be at least 1";
    if (a->bins < 1)
        return "stem_shares: bins must be at least 1";
    if (!cleave_product_ok(a->frames, a->bins))
        return "stem_shares: frames times bins must be at most 2^48";
    for (int k = 0; k < CLEAVE_STEM_SHARES; k++)
        if (a->wanted[k] != 0 && a->wanted[k] != 1)
            return "stem_shares: wanted must be 0 or 1";
    if (masks(a) == 0)
        return "stem_shares: wanted must name one mask at least";
    return NULL;
}

static int64_t items(const void *args)
{
    const cleave_stem_shares_args *a = args;

    return a->frames;
}

static int operands(const void *args, cleave_operand out[CLEAVE_OPERANDS_MAX])
{
    const cleave_stem_shares_args *a = args;
    const size_t row = (size_t)a->bins * sizeof(float), plane = (size_t)a->frames * row;
    const size_t written = (size_t)masks(a) * plane;

    out[0] = (cleave_operand){offsetof(cleave_stem_shares_args, voice), plane, CLEAVE_READ};
    out[1] = (cleave_operand){offsetof(cleave_stem_shares_args, harmonic), plane, CLEAVE_READ};
    out[2] = (cleave_operand){offsetof(cleave_stem_shares_args, percussive), plane, CLEAVE_READ};
    out[3] = (cleave_operand){offsetof(cleave_stem_shares_args, kick), row, CLEAVE_READ};
    out[4] = (cleave_operand){offsetof(cleave_stem_shares_args, bass), row, CLEAVE_READ};
    out[5] = (cleave_operand){offsetof(cleave_stem_shares_args, floor), sizeof(float), CLEAVE_READ};
    out[6] = (cleave_operand){offsetof(cleave_stem_shares_args, out), written, CLEAVE_WRITE};
    return 7;
}

static cleave_cost cost(const void *args)
{
    const cleave_stem_shares_args *a = args;
    const double bins = (double)a->bins, values = (double)a->frames * bins;

    return (cleave_cost){.flops = 14 * values,
                         .bytes = 4 * (values * (3 + (double)masks(a)) + 2 * bins + 1)};
}

const cleave_op cleave_stem_shares_op = {
    .name = "stem_shares",
    .args_bytes = sizeof(cleave_stem_shares_args),
    .check = check,
    .items = items,
    .operands = operands,
    .cost = cost,
};

static void run(const void *args, const cleave_work *work)
{
    const cleave_stem_shares_args *a = args;
    const int64_t plane = a->frames * a->bins;
    const double floor = *a->floor;

    for (int64_t t = work->begin; t < work->end; t++)
        for (int64_t f = 0; f < a->bins; f++) {
            const int64_t i = t * a->bins + f;
            const double h = a->harmonic[i], p = a->percussive[i], g = a->bass[f];
            const double H = h * h, P = a->kick[f] * p * p, u = 1 - (double)a->voice[i];
            const double d = (P + floor / 2) / (H + P + floor);
            const double share[CLEAVE_STEM_SHARES] = {d, (1 - d) * g, (1 - d) * (1 - g)};
            float *out = a->out;

            for (int k = 0; k < CLEAVE_STEM_SHARES; k++)
                if (a->wanted[k]) {
                    out[i] = (float)(u * share[k]);
                    out += plane;
                }
        }
}

const cleave_kernel cleave_stem_shares_ref = {.run = run};
