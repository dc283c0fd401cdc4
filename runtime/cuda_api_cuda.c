/* cuda_api_cuda.c: the calls of the CUDA runtime. */
#include "runtime/cuda_api.h"

#include <cuda_runtime_api.h>
#include <stdio.h>

static int device_count(int32_t *count)
{
    int devices = 0;
    const cudaError_t error = cudaGetDeviceCount(&devices);

    *count = devices;
    return error;
}

static int properties(int32_t index, cleave_cuda_properties *properties)
{
    struct cudaDeviceProp device;
    const cudaError_t error = cudaGetDeviceProperties(&device, index);

    if (error != cudaSuccess)
        return error;
    snprintf(properties->name, sizeof properties->name, "%.47s", device.name);
    properties->major = device.major;
    properties->minor = device.minor;
    properties->memory_bytes = device.totalGlobalMem;
    return cudaSuccess;
}

static int set_device(int32_t index)
{
    return cudaSetDevice(index);
}

static int memory_free(size_t *bytes)
{
    size_t all;

    return cudaMemGetInfo(bytes, &all);
}

static int device_malloc(void **memory, size_t bytes)
{
    return cudaMalloc(memory, bytes);
}

static int device_free(void *memory)
{
    return cudaFree(memory);
}

static int pinned_malloc(void **memory, size_t bytes)
{
    return cudaHostAlloc(memory, bytes, cudaHostAllocDefault);
}

static int pinned_free(void *memory)
{
    return cudaFreeHost(memory);
}

static int stream_create(void **stream)
{
    return cudaStreamCreateWithFlags((cudaStream_t *)stream, cudaStreamNonBlocking);
}

static int stream_destroy(void *stream)
{
    return cudaStreamDestroy(stream);
}

static int stream_synchronize(void *stream)
{
    return cudaStreamSynchronize(stream);
}

/* A thread that waits sleeps, and leaves its core to those that decode and encode. */
static int event_create(void **event)
{
    return cudaEventCreateWithFlags((cudaEvent_t *)event,
                                    cudaEventDisableTiming | cudaEventBlockingSync);
}

static int event_destroy(void *event)
{
    return cudaEventDestroy(event);
}

static int event_record(void *event, void *stream)
{
    return cudaEventRecord(event, stream);
}

static int event_synchronize(void *event)
{
    return cudaEventSynchronize(event);
}

static int event_query(void *event, int32_t *complete)
{
    const cudaError_t error = cudaEventQuery(event);

    *complete = error == cudaSuccess;
    return error == cudaErrorNotReady ? cudaSuccess : error;
}

static int stream_wait_event(void *stream, void *event)
{
    return cudaStreamWaitEvent(stream, event, 0);
}

static int copy(void *to, const void *from, size_t bytes, void *stream)
{
    return cudaMemcpyAsync(to, from, bytes, cudaMemcpyDefault, stream);
}

static int zero(void *to, size_t bytes, void *stream)
{
    return cudaMemsetAsync(to, 0, bytes, stream);
}

/* Relaxed: a kernel may be loaded by its first launch, which is one that is captured. */
static int capture_begin(void *stream)
{
    return cudaStreamBeginCapture(stream, cudaStreamCaptureModeRelaxed);
}

static int capture_end(void *stream, void **graph)
{
    return cudaStreamEndCapture(stream, (cudaGraph_t *)graph);
}

static int graph_destroy(void *graph)
{
    return cudaGraphDestroy(graph);
}

static int graph_instantiate(void **exec, void *graph)
{
    return cudaGraphInstantiateWithFlags((cudaGraphExec_t *)exec, graph, 0);
}

static int exec_upload(void *exec, void *stream)
{
    return cudaGraphUpload(exec, stream);
}

static int exec_destroy(void *exec)
{
    return cudaGraphExecDestroy(exec);
}

static int exec_launch(void *exec, void *stream)
{
    return cudaGraphLaunch(exec, stream);
}

static int last_error(void)
{
    return cudaGetLastError();
}

static const char *text(int error)
{
    return cudaGetErrorString(error);
}

static void ops(cleave_ops *ops, cleave_factors factors)
{
    cleave_ops_cuda(ops);
    cleave_ops_cuda_round(ops, factors);
}

const cleave_cuda_api *cleave_cuda_api_get(void)
{
    static const cleave_cuda_api api = {
        .name = "cuda",
        .device_count = device_count,
        .properties = properties,
        .set_device = set_device,
        .memory_free = memory_free,
        .device_malloc = device_malloc,
        .device_free = device_free,
        .pinned_malloc = pinned_malloc,
        .pinned_free = pinned_free,
        .stream_create = stream_create,
        .stream_destroy = stream_destroy,
        .stream_synchronize = stream_synchronize,
        .event_create = event_create,
        .event_destroy = event_destroy,
        .event_record = event_record,
        .event_synchronize = event_synchronize,
        .event_query = event_query,
        .stream_wait_event = stream_wait_event,
        .copy = copy,
        .zero = zero,
        .capture_begin = capture_begin,
        .capture_end = capture_end,
        .graph_destroy = graph_destroy,
        .graph_instantiate = graph_instantiate,
        .exec_upload = exec_upload,
        .exec_destroy = exec_destroy,
        .exec_launch = exec_launch,
        .last_error = last_error,
        .text = text,
        .ops = ops,
    };

    return &api;
}
