/* fdn.c: the contract of the fdn op, and how it is set up. */
#include "kernels/fdn/fdn.h"
#include "kernels/fdn/fdn_internal.h"

#include <math.h>
#include <string.h>

#define STREAMS_MAX 65536
#define STRIDE_MAX  ((int64_t)1 << 40)

#define LN1000 6.907755278982137

static int delay_ok(int32_t frames)
{
    return frames >= CLEAVE_GRID_FRAMES && frames <= CLEAVE_FDN_DELAY_MAX;
}

static const char *check(const void *args)
{
    const cleave_fdn_args *a = args;

    if (a->streams < 1 || a->streams > STREAMS_MAX)
        return "fdn: streams must be 1 to 65536";
    if (a->channels < 1 || a->channels > CLEAVE_FDN_CHANNELS_MAX)
        return "fdn: channels must be 1 to 8";
    if (a->frames_max < 1 || a->frames_max > CLEAVE_BLOCK_FRAMES_MAX)
        return "fdn: frames_max must be 1 to 65536";
    if (a->in_stride < a->frames_max || a->in_stride > STRIDE_MAX)
        return "fdn: in_stride must be frames_max to 2^40";
    if (a->out_stride < a->frames_max || a->out_stride > STRIDE_MAX)
        return "fdn: out_stride must be frames_max to 2^40";
    if (a->predelay < 0 || a->predelay > CLEAVE_FDN_PREDELAY_MAX)
        return "fdn: predelay must be 0 to 2^18 frames";
    for (int i = 0; i < CLEAVE_FDN_ALLPASSES; i++)
        if (!delay_ok(a->allpass[i]))
            return "fdn: every allpass must be 32 to 2^17 frames";
    for (int i = 0; i < CLEAVE_FDN_LINES; i++)
        if (!delay_ok(a->line[i]))
            return "fdn: every line must be 32 to 2^17 frames";
    if (!(a->blocker >= 0 && a->blocker <= 1))
        return "fdn: blocker must be 0 to 1";
    return NULL;
}

static int64_t items(const void *args)
{
    const cleave_fdn_args *a = args;

    return a->streams;
}

int64_t cleave_fdn_state_floats(const cleave_fdn_args *args)
{
    return args->streams * fdn_layout_of(args).floats;
}

static size_t extent(const cleave_fdn_args *a, int64_t stride)
{
    const int64_t rows = (int64_t)a->streams * a->channels;

    return (size_t)((rows - 1) * stride + a->frames_max) * sizeof(float);
}

static int operands(const void *args, cleave_operand out[CLEAVE_OPERANDS_MAX])
{
    const cleave_fdn_args *a = args;

    out[0] = (cleave_operand){offsetof(cleave_fdn_args, in), extent(a, a->in_stride), CLEAVE_READ};
    out[1] = (cleave_operand){offsetof(cleave_fdn_args, block), sizeof(cleave_block), CLEAVE_READ};
    out[2] = (cleave_operand){offsetof(cleave_fdn_args, parameters),
                              CLEAVE_FDN_PARAMETERS * sizeof(double), CLEAVE_READ};
    out[3] = (cleave_operand){offsetof(cleave_fdn_args, state),
                              (size_t)cleave_fdn_state_floats(a) * sizeof(float),
                              CLEAVE_READ | CLEAVE_WRITE};
    out[4] =
        (cleave_operand){offsetof(cleave_fdn_args, out), extent(a, a->out_stride), CLEAVE_WRITE};
    return 5;
}

/* Low-passes of the channels and lines (3), all-passes (4), the matrix by butterflies and its scale
 * (5 a line), the sums of lines (1 and a product a channel), width, wet and dry (6). */
static cleave_cost cost(const void *args)
{
    const cleave_fdn_args *a = args;
    const double frames = (double)a->streams * a->frames_max, channels = a->channels;

    return (cleave_cost){
        .flops = frames *
                 (channels * (3 + 1 + 4 * CLEAVE_FDN_ALLPASSES + 2 + 6) + FDN_LINES * (3 + 5 + 1)),
        .bytes = 4 * (2 * frames * channels + 2 * (double)cleave_fdn_state_floats(a)) +
                 sizeof(cleave_block) + CLEAVE_FDN_PARAMETERS * sizeof(double)};
}

const cleave_op cleave_fdn_op = {
    .name = "fdn",
    .args_bytes = sizeof(cleave_fdn_args),
    .check = check,
    .items = items,
    .operands = operands,
    .cost = cost,
    .in_place = 1,
};

/* ---- setting up ---- */
static int is_prime(int32_t n)
{
    for (int32_t d = 2; d * d <= n; d++)
        if (n % d == 0)
            return 0;
    return n > 1;
}

/* The least prime that is at least `frames`, more than the grid, and above `last`. */
static int32_t next_prime(double frames, int32_t last)
{
    int32_t n = (int32_t)cleave_i64_max((int64_t)frames, CLEAVE_GRID_FRAMES);

    if (n <= last)
        n = last + 1;
    while (!is_prime(n))
        n++;
    return n;
}

void cleave_fdn_place(cleave_fdn_args *args, const cleave_fdn_settings *settings)
{
    static const double diffuse_s[CLEAVE_FDN_ALLPASSES] = {0.0017, 0.0029, 0.0043, 0.0061};
    const double rate = settings->rate_hz, scale = 0.4 + settings->room_size;
    int32_t last = 0;

    args->predelay = (int32_t)(settings->predelay_s * rate + 0.5);
    args->blocker = (float)(1 - exp(-2 * 3.14159265358979323846 * 10 / rate));
    for (int i = 0; i < CLEAVE_FDN_ALLPASSES; i++)
        args->allpass[i] = last = next_prime(diffuse_s[i] * rate, last);
    /* From 21 to 79 ms in equal ratios. */
    for (int l = 0; l < CLEAVE_FDN_LINES; l++) {
        const double s = 0.021 * pow(79.0 / 21, (double)l / (CLEAVE_FDN_LINES - 1));
        args->line[l] = last = next_prime(s * scale * rate, last);
    }
}

/* Of a low-pass (1 - p) / (1 - p / z): the p for which it is `gain` at the angle of `cosine`. */
static double pole_of(double gain, double cosine)
{
    const double square = gain * gain, a = 1 - square * cosine, b = 1 - square;

    return b < 1e-9 ? 0 : (a - sqrt(a * a - b * b)) / b;
}

double cleave_fdn_decay_s(const cleave_fdn_settings *settings)
{
    return settings->decay_s > 0 ? settings->decay_s : 0.4 * pow(10, settings->room_size);
}

void cleave_fdn_derive(const cleave_fdn_args *args, const cleave_fdn_settings *settings,
                       double parameters[CLEAVE_FDN_PARAMETERS])
{
    const double rate = settings->rate_hz;
    const double decay = cleave_fdn_decay_s(settings);
    const double high = decay * (1 - 0.9 * settings->damping);
    const double cosine = cos(2 * 3.14159265358979323846 * fmin(6000 / rate, 0.4));
    double energy = 0;

    for (int l = 0; l < CLEAVE_FDN_LINES; l++) {
        const double time = LN1000 * args->line[l] / rate, gain = exp(-time / decay);
        const double pole = pole_of(exp(-time / high + time / decay), cosine);
        parameters[CLEAVE_FDN_GAIN + l] = gain * (1 - pole);
        parameters[CLEAVE_FDN_POLE + l] = pole;
        energy += gain * gain / CLEAVE_FDN_LINES;
    }
    /* A steady sound of energy 1 in every channel makes C / 16 in each line the first time, and
     * that divided by 1 - energy with all that comes back. */
    const double level = sqrt((1 - energy) * CLEAVE_FDN_LINES / args->channels);
    parameters[CLEAVE_FDN_WET] = settings->wet * level;
    parameters[CLEAVE_FDN_DRY] = settings->dry;
    parameters[CLEAVE_FDN_WIDTH] = settings->width;
}
