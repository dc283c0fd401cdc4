/* bench_fft.c: the real forward transform, timed against another library's in the same run.
 *
 *   bench_fft [N]...
 *
 * Short bursts of all sides alternate, so that a change of clock or a busy neighbour meets each of
 * them. A side counts with its median burst; the ratio is the median of the ratios of neighbouring
 * bursts, above 1 where we are faster. GFLOP/s by the customary 2.5 N log2 N. */
#include "bench/fft_peer.h"
#include "kernels/fft/fft.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define BURSTS       31
#define BURST_FLOPS  5e6 /* about a quarter of a millisecond */
#define VARIANTS_MAX 4

typedef struct bench_variant {
    cleave_ops ops;
    void *prepared, *scratch;
    double seconds[BURSTS], ratio[BURSTS];
} bench_variant;

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median(double values[BURSTS])
{
    qsort(values, BURSTS, sizeof *values, ascending);
    return values[BURSTS / 2];
}

static void *aligned(size_t bytes)
{
    return aligned_alloc(CLEAVE_ALIGN_BYTES, cleave_align_up(bytes));
}

/* The tables that feature masks reach on this processor. */
static int variants(bench_variant list[VARIANTS_MAX])
{
    static const uint32_t masks[VARIANTS_MAX] = {
        0, CLEAVE_CPU_AVX2, CLEAVE_CPU_AVX2 | CLEAVE_CPU_AVX512, CLEAVE_CPU_NEON};
    int count = 0;

    for (int i = 0; i < VARIANTS_MAX; i++)
        if ((masks[i] & cleave_cpu_features()) == masks[i])
            cleave_ops_cpu(&list[count++].ops, masks[i]);
    return count;
}

static double burst_ours(const bench_variant *variant, const cleave_fft_args *args, int repeats)
{
    cleave_work work = {0, 1, variant->scratch, variant->prepared, NULL};
    double start = now();

    for (int i = 0; i < repeats; i++)
        variant->ops.kernel[CLEAVE_OP_FFT].run(args, &work);
    return (now() - start) / repeats;
}

static double burst_peer(fft_peer *peer, int repeats)
{
    double start = now();

    for (int i = 0; i < repeats; i++)
        fft_peer_run(peer);
    return (now() - start) / repeats;
}

static void bench(int n, bench_variant *list, int count)
{
    float *in = aligned((size_t)n * sizeof(float));
    float *out = aligned((size_t)(n + 2) * sizeof(float));
    cleave_fft_args args = {in, out, 1, n, CLEAVE_FFT_REAL_FORWARD};
    fft_peer *peer = fft_peer_open(n, in, out);
    double flops = 2.5 * n * log2(n), peer_seconds[BURSTS];
    int repeats = 1 + (int)(BURST_FLOPS / flops);

    for (int i = 0; i < n; i++)
        in[i] = (float)((i * 7919) % 1000) / 500 - 1;
    for (int v = 0; v < count; v++) {
        const cleave_kernel *kernel = &list[v].ops.kernel[CLEAVE_OP_FFT];
        list[v].prepared = aligned(kernel->prepared_bytes(&args));
        list[v].scratch = aligned(kernel->scratch_bytes(&args));
        kernel->prepare(&args, list[v].prepared);
    }
    for (int b = -1; b < BURSTS; b++) { /* the first round warms up */
        int slot = b < 0 ? 0 : b;
        peer_seconds[slot] = peer ? burst_peer(peer, repeats) : NAN;
        for (int v = 0; v < count; v++) {
            list[v].seconds[slot] = burst_ours(&list[v], &args, repeats);
            list[v].ratio[slot] = peer_seconds[slot] / list[v].seconds[slot];
        }
    }
    printf("%6d", n);
    if (peer)
        printf(" %9.1f", flops / median(peer_seconds) * 1e-9);
    for (int v = 0; v < count; v++) {
        printf(" %9.1f", flops / median(list[v].seconds) * 1e-9);
        if (peer)
            printf(" %5.2f", median(list[v].ratio));
        free(list[v].prepared);
        free(list[v].scratch);
    }
    printf(" %9.2f\n", list[count - 1].seconds[BURSTS / 2] * 1e6);
    if (peer)
        fft_peer_close(peer);
    free(in);
    free(out);
}

int main(int argc, char **argv)
{
    static const int sizes[] = {512,  768,  1024, 1280, 1536, 2048,  2560,
                                3072, 4096, 5120, 6144, 8192, 16384, 65536};
    bench_variant list[VARIANTS_MAX];
    int count = variants(list);

    printf("real forward transform, GFLOP/s; beside ours the ratio to the speed of %s\n",
           fft_peer_name() ? fft_peer_name() : "nothing: built without FFTW");
    printf("     N");
    if (fft_peer_name())
        printf(" %9s", "peer");
    for (int v = 0; v < count; v++)
        printf(" %9s%s", list[v].ops.name, fft_peer_name() ? " ratio" : "");
    printf("  us/row\n");
    for (int i = 1; i < argc; i++) {
        int n = atoi(argv[i]);
        if (n < 2 || !cleave_fft_size_ok(n)) {
            fprintf(stderr, "bench_fft: %s is not 2^a 3^b 5^c from 2 to %d\n", argv[i],
                    CLEAVE_FFT_N_MAX);
            return 2;
        }
        bench(n, list, count);
    }
    for (size_t i = 0; argc < 2 && i < sizeof sizes / sizeof *sizes; i++)
        bench(sizes[i], list, count);
    return 0;
}
