/* ceiling.c: measures what the device can do at most. */
#include "bench/gpu/ceiling.h"
#include "bench/gpu/gpu.h"
#include "bench/gpu/peer.h"

#include <math.h>

#define BYTES  ((size_t)1 << 31) /* many times as large as the caches */
#define BLOCKS 8448              /* several for every multiprocessor there is */
#define SIDE   8192              /* of the vendor's product */

typedef struct ceiling {
    int which;
    float *memory;
    void *stream;
    double amount;
} ceiling;

static void run(const void *context)
{
    const ceiling *const c = context;

    (void)gpu_ceiling_launch(c->which, BLOCKS, c->memory, BYTES, c->stream);
}

static void put(const gpu *g, const char *name, cleave_factors factors, double amount,
                double seconds)
{
    gpu_row row = {.group = "ceiling",
                   .name = name,
                   .test = "",
                   .precision = gpu_factors_name(factors),
                   .seconds = seconds};

    if (name[0] == 'c')
        row.cost.bytes = amount;
    else
        row.cost.flops = amount;
    gpu_row_put(g, &row);
}

/* The vendor's product of bfloat16, in memory as such, may be faster than all instructions that
 * these kernels have. */
static void measure_vendor(gpu *g)
{
    gpu_peer peer;
    const double flops = 2.0 * SIDE * SIDE * SIDE;

    for (int which = CLEAVE_FACTORS_FP32; which <= CLEAVE_FACTORS_FP16; which++) {
        const cleave_factors factors = (cleave_factors)which;
        if (!gpu_peer_square(&peer, SIDE, factors, g->stream))
            return;
        const double seconds = gpu_time(g, peer.run, peer.self);
        peer.close(peer.self);
        put(g, "product of the vendor's", factors, flops, seconds);
        g->most.flops[factors] = fmax(g->most.flops[factors], flops / seconds);
    }
}

void gpu_ceilings_measure(gpu *g)
{
    static const struct {
        const char *name;
        cleave_factors factors;
    } kinds[GPU_CEILINGS] = {
        {"copy", CLEAVE_FACTORS_FP32},
        {"multiply-add", CLEAVE_FACTORS_FP32},
        {"matrix instruction", CLEAVE_FACTORS_TF32},
        {"matrix instruction", CLEAVE_FACTORS_BF16},
        {"matrix instruction", CLEAVE_FACTORS_FP16},
    };
    ceiling c = {.stream = g->stream};
    void *memory;

    gpu_check(g, g->api->device_malloc(&memory, BYTES), "device_malloc");
    gpu_check(g, g->api->zero(memory, BYTES, g->stream), "zero");
    c.memory = memory;
    for (c.which = 0; c.which < GPU_CEILINGS; c.which++) {
        const double amount = gpu_ceiling_launch(c.which, BLOCKS, c.memory, BYTES, c.stream);
        const double seconds = gpu_time(g, run, &c);
        put(g, kinds[c.which].name, kinds[c.which].factors, amount, seconds);
        if (c.which == GPU_CEILING_COPY)
            g->most.bytes = amount / seconds;
        else
            g->most.flops[kinds[c.which].factors] = amount / seconds;
    }
    gpu_check(g, g->api->device_free(memory), "device_free");
    measure_vendor(g);
}
