/* repetition_ref.c: contract and reference. */
#include "kernels/repetition/repetition.h"

static const char *check(const void *args)
{
    const cleave_repetition_args *a = args;

    if (a->frames < 1)
        return "repetition: frames must be at least 1";
    if (a->bins < 1)
        return "repetition: bins must be at least 1";
    if (!cleave_product_ok(a->frames, a->bins) || !cleave_product_ok(a->frames, a->frames))
        return "repetition: frames times bins and frames times frames must be at most 2^48";
    if (a->picks < CLEAVE_REPETITION_PICKS_MIN || a->picks > CLEAVE_REPETITION_PICKS_MAX ||
        a->picks % 2 == 0)
        return "repetition: picks must be odd, 3..15";
    if (a->near < 0)
        return "repetition: near must not be negative";
    if (a->spread < 0)
        return "repetition: spread must not be negative";
    if (a->lead < 0 || a->tail < 0)
        return "repetition: lead and tail must not be negative";
    if (!(a->alone >= 0))
        return "repetition: alone must not be negative";
    return NULL;
}

static int64_t items(const void *args)
{
    const cleave_repetition_args *a = args;

    return a->frames;
}

static int operands(const void *args, cleave_operand out[CLEAVE_OPERANDS_MAX])
{
    const cleave_repetition_args *a = args;
    const size_t plane = (size_t)(a->frames * a->bins) * sizeof(float);
    const size_t square = (size_t)(a->frames * a->frames) * sizeof(float);

    out[0] = (cleave_operand){offsetof(cleave_repetition_args, in), plane, CLEAVE_READ};
    out[1] = (cleave_operand){offsetof(cleave_repetition_args, gram), square, CLEAVE_READ};
    out[2] = (cleave_operand){offsetof(cleave_repetition_args, out), plane, CLEAVE_WRITE};
    return 3;
}

static cleave_cost cost(const void *args)
{
    const cleave_repetition_args *a = args;
    const double frames = (double)a->frames, plane = frames * (double)a->bins;

    /* Minima and maxima of the median; likeness and its maxima. */
    return (cleave_cost){.flops = 84 * plane + 2 * frames * frames,
                         .bytes = 4 * (2 * plane + frames * frames)};
}

const cleave_op cleave_repetition_op = {
    .name = "repetition",
    .args_bytes = sizeof(cleave_repetition_args),
    .check = check,
    .items = items,
    .operands = operands,
    .cost = cost,
};

static size_t scratch_bytes(const void *args)
{
    const cleave_repetition_args *a = args;

    return cleave_repetition_pick_floats(a->frames) * sizeof(float);
}

/* Insertion sort, then the middle. */
static float median_of(const cleave_repetition_args *a, const int64_t *taken, int count, int64_t f)
{
    float sorted[CLEAVE_REPETITION_PICKS_MAX];

    for (int i = 0; i < count; i++) {
        const float value = a->in[taken[i] * a->bins + f];
        int k = i;

        for (; k > 0 && sorted[k - 1] > value; k--)
            sorted[k] = sorted[k - 1];
        sorted[k] = value;
    }
    return sorted[count / 2];
}

static void run(const void *args, const cleave_work *work)
{
    const cleave_repetition_args *a = args;
    int64_t taken[CLEAVE_REPETITION_PICKS_MAX];

    cleave_repetition_pick_init(a, work->scratch);
    for (int64_t t = work->begin; t < work->end; t++) {
        const int count = cleave_repetition_pick(a, t, work->scratch, taken);

        for (int64_t f = 0; f < a->bins; f++)
            a->out[t * a->bins + f] =
                count ? median_of(a, taken, count, f) : a->alone * a->in[t * a->bins + f];
    }
}

const cleave_kernel cleave_repetition_ref = {.run = run, .scratch_bytes = scratch_bytes};
