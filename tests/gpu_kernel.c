/* gpu_kernel.c: a kernel of a GPU as one that takes host memory. */
#include "tests/gpu_kernel.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/device.h"
#include "tests/test.h"

#define GUARD_BYTES 256
#define GUARD_BYTE  0xA5

/* The one that is run, since a kernel knows nothing but its arguments. */
static const cleave_cuda_api *api;
static const cleave_op *op;
static cleave_kernel kernel;

/* Memory of the GPU between guards, and the same on the host. */
typedef struct guarded {
    unsigned char *device, *host;
    size_t bytes; /* between the guards */
} guarded;

static int good(int error, const char *what)
{
    return !error || TEST_FAIL("%s: %s: %s", op->name, what, api->text(error));
}

/* The bytes at `from`, or NaN if that is NULL, on the GPU. */
static guarded put(const void *from, size_t bytes, void *stream)
{
    const size_t all = GUARD_BYTES + cleave_align_up(bytes) + GUARD_BYTES;
    guarded g = {.host = malloc(all), .bytes = bytes};

    memset(g.host, GUARD_BYTE, all);
    if (from)
        memcpy(g.host + GUARD_BYTES, from, bytes);
    else
        memset(g.host + GUARD_BYTES, 0xFF, bytes);
    if (good(api->device_malloc((void **)&g.device, all), "device_malloc"))
        good(api->copy(g.device, g.host, all, stream), "copy");
    return g;
}

/* Copies back what the GPU has, to `to` unless it is NULL, and gives the memory back. */
static void take(guarded *g, void *to, void *stream)
{
    const size_t all = GUARD_BYTES + cleave_align_up(g->bytes) + GUARD_BYTES;

    if (g->device && good(api->copy(g->host, g->device, all, stream), "copy") &&
        good(api->stream_synchronize(stream), "stream_synchronize")) {
        int intact = 1;
        for (size_t i = 0; i < all; i++)
            if (i < GUARD_BYTES || i >= GUARD_BYTES + g->bytes)
                intact &= g->host[i] == GUARD_BYTE;
        TEST_CHECK(intact);
        if (to)
            memcpy(to, g->host + GUARD_BYTES, g->bytes);
    }
    if (g->device)
        good(api->device_free(g->device), "device_free");
    free(g->host);
}

static void run(const void *args, const cleave_work *work)
{
    unsigned char bound[CLEAVE_ARGS_BYTES_MAX] __attribute__((aligned(16)));
    cleave_operand operand[CLEAVE_OPERANDS_MAX];
    guarded tensor[CLEAVE_OPERANDS_MAX];
    void *stream = NULL;
    const int count = op->operands(args, operand);
    const size_t scratch_bytes = kernel.scratch_bytes ? kernel.scratch_bytes(args) : 0;
    const size_t prepared_bytes = kernel.prepared_bytes ? kernel.prepared_bytes(args) : 0;

    if (!good(api->stream_create(&stream), "stream_create"))
        return;
    memcpy(bound, args, op->args_bytes);
    for (int k = 0; k < count; k++) {
        const void *from;
        memcpy(&from, (const unsigned char *)args + operand[k].field, sizeof from);
        tensor[k] = put(from, operand[k].bytes, stream);
        const unsigned char *const at = tensor[k].device + GUARD_BYTES;
        memcpy(bound + operand[k].field, &at, sizeof at);
    }
    guarded scratch = put(NULL, scratch_bytes, stream);
    guarded prepared = put(work->prepared, prepared_bytes, stream);
    const cleave_work on_device = {
        .begin = work->begin,
        .end = work->end,
        .scratch = scratch.device + GUARD_BYTES,
        .prepared = prepared.device + GUARD_BYTES,
        .stream = stream,
    };
    kernel.run(bound, &on_device);
    good(api->last_error(), "launch");
    for (int k = 0; k < count; k++) {
        void *to;
        memcpy(&to, (const unsigned char *)args + operand[k].field, sizeof to);
        take(&tensor[k], operand[k].access & CLEAVE_WRITE ? to : NULL, stream);
    }
    take(&scratch, NULL, stream);
    take(&prepared, NULL, stream);
    good(api->stream_destroy(stream), "stream_destroy");
}

const char *gpu_kernel_missing(void)
{
    static cleave_error error;
    cleave_device_info info;

    return cleave_device_at(0, &info, &error) == CLEAVE_OK ? NULL : error.message;
}

cleave_kernel gpu_kernel_of(int index, const cleave_kernel *one)
{
    api = cleave_cuda_api_get();
    op = cleave_op_get(index);
    good(api->set_device(0), "set_device");
    kernel = *one;
    return kernel.run
               ? (cleave_kernel){run, kernel.scratch_bytes, kernel.prepared_bytes, kernel.prepare}
               : (cleave_kernel){NULL, NULL, NULL, NULL};
}

cleave_kernel gpu_kernel(int index, cleave_factors factors)
{
    cleave_ops ops = {0};

    cleave_cuda_api_get()->ops(&ops, factors);
    return gpu_kernel_of(index, &ops.kernel[index]);
}
