/* fft.c: the contract of the fft op and what its variants share. */
#include "kernels/fft/fft_internal.h"

#include <math.h>

int cleave_fft_size_ok(int64_t n)
{
    if (n < 1 || n > CLEAVE_FFT_N_MAX)
        return 0;
    for (int64_t factor = 2; factor <= 5; factor++)
        while (n % factor == 0)
            n /= factor;
    return n == 1;
}

int64_t cleave_fft_floats_in(int32_t n, cleave_fft_kind kind)
{
    switch (kind) {
    case CLEAVE_FFT_REAL_FORWARD:
        return n;
    case CLEAVE_FFT_REAL_INVERSE:
        return 2 * (n / 2 + 1);
    default:
        return 2 * (int64_t)n;
    }
}

int64_t cleave_fft_floats_out(int32_t n, cleave_fft_kind kind)
{
    switch (kind) {
    case CLEAVE_FFT_REAL_FORWARD:
        return 2 * (n / 2 + 1);
    case CLEAVE_FFT_REAL_INVERSE:
        return n;
    default:
        return 2 * (int64_t)n;
    }
}

void cleave_fft_run_rows(const cleave_fft_rows *rows, const cleave_fft_args *args,
                         const cleave_work *work)
{
    int64_t in_floats = cleave_fft_floats_in(args->n, args->kind);
    int64_t out_floats = cleave_fft_floats_out(args->n, args->kind);

    for (int64_t i = work->begin; i < work->end; i++)
        rows->run(work->prepared, args->in + i * in_floats, args->out + i * out_floats,
                  work->scratch);
}

void cleave_fft_twiddle(int64_t k, int64_t n, double w[2])
{
    const double pi = 3.14159265358979323846;
    int64_t octant, rest;
    double angle, c, s;

    /* The angle is reduced exactly, in integers, to at most an eighth of a turn. */
    k %= n;
    octant = (8 * k + n) / (2 * n); /* nearest quarter turn */
    rest = 4 * k - octant * n;      /* in quarters of 1/n turn */
    angle = pi * (double)rest / (2.0 * (double)n);
    c = cos(angle);
    s = sin(angle);
    switch (octant & 3) {
    case 0:
        w[0] = c, w[1] = -s;
        break;
    case 1:
        w[0] = -s, w[1] = -c;
        break;
    case 2:
        w[0] = -c, w[1] = s;
        break;
    default:
        w[0] = s, w[1] = c;
    }
}

static const char *check(const void *pointer)
{
    const cleave_fft_args *args = pointer;

    if (args->kind < CLEAVE_FFT_COMPLEX_FORWARD || args->kind > CLEAVE_FFT_REAL_INVERSE)
        return "fft: kind is not one of the four";
    if (!cleave_fft_size_ok(args->n))
        return "fft: n must be 1 to 65536 and have no prime factor but 2, 3 and 5";
    if (args->batch < 1 || args->batch > INT32_MAX)
        return "fft: batch must be 1 to 2^31 - 1";
    return NULL;
}

static int64_t items(const void *pointer)
{
    const cleave_fft_args *args = pointer;

    return args->batch;
}

static int operands(const void *pointer, cleave_operand out[CLEAVE_OPERANDS_MAX])
{
    const cleave_fft_args *args = pointer;
    size_t row_in = (size_t)cleave_fft_floats_in(args->n, args->kind) * sizeof(float);
    size_t row_out = (size_t)cleave_fft_floats_out(args->n, args->kind) * sizeof(float);

    out[0] =
        (cleave_operand){offsetof(cleave_fft_args, in), (size_t)args->batch * row_in, CLEAVE_READ};
    out[1] = (cleave_operand){offsetof(cleave_fft_args, out), (size_t)args->batch * row_out,
                              CLEAVE_WRITE};
    return 2;
}

static cleave_cost cost(const void *args)
{
    const cleave_fft_args *a = args;
    const double per_point = a->kind <= CLEAVE_FFT_COMPLEX_INVERSE ? 5 : 2.5,
                 batch = (double)a->batch;
    const int64_t floats =
        cleave_fft_floats_in(a->n, a->kind) + cleave_fft_floats_out(a->n, a->kind);

    /* 5 N log2 N of a complex transform is the usual measure, whatever the algorithm takes. */
    return (cleave_cost){.flops = per_point * a->n * log2(a->n) * batch,
                         .bytes = 4 * batch * (double)floats};
}

const cleave_op cleave_fft_op = {
    .name = "fft",
    .args_bytes = sizeof(cleave_fft_args),
    .check = check,
    .items = items,
    .operands = operands,
    .cost = cost,
};
