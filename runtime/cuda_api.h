/* cuda_api.h: the calls of the CUDA runtime that an engine makes, by a table.
 *
 * One table calls the CUDA runtime; tests bring another one, of an executor that needs no GPU. All
 * that decides anything lies above the table, so that what is tested on the one runs on the other.
 * Functions that return int return 0, or the number of an error that text() puts into words. All
 * but `name` may be called from any thread; a thread calls set_device() before it uses what belongs
 * to a device. */
#ifndef CLEAVE_RUNTIME_CUDA_API_H
#define CLEAVE_RUNTIME_CUDA_API_H

#include "kernels/ops.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cleave_cuda_properties {
    char name[48]; /* "NVIDIA H200" */
    int32_t major, minor;
    size_t memory_bytes;
} cleave_cuda_properties;

typedef struct cleave_cuda_api {
    const char *name; /* "cuda" */

    int (*device_count)(int32_t *count);
    int (*properties)(int32_t index, cleave_cuda_properties *properties);
    int (*set_device)(int32_t index);
    int (*memory_free)(size_t *bytes);

    int (*device_malloc)(void **memory, size_t bytes);
    int (*device_free)(void *memory);
    int (*pinned_malloc)(void **memory, size_t bytes);
    int (*pinned_free)(void *memory);

    int (*stream_create)(void **stream);
    int (*stream_destroy)(void *stream);
    int (*stream_synchronize)(void *stream); /* NULL: the default stream */
    int (*event_create)(void **event);
    int (*event_destroy)(void *event);
    int (*event_record)(void *event, void *stream);
    int (*event_synchronize)(void *event);
    int (*event_query)(void *event, int32_t *complete);
    int (*stream_wait_event)(void *stream, void *event);

    /* In the order of the stream, after the call has returned. */
    int (*copy)(void *to, const void *from, size_t bytes, void *stream);
    int (*zero)(void *to, size_t bytes, void *stream);

    /* What is given to the stream between the two, and to streams that wait for its events, is not
     * done but becomes a graph. */
    int (*capture_begin)(void *stream);
    int (*capture_end)(void *stream, void **graph);
    int (*graph_destroy)(void *graph);
    int (*graph_instantiate)(void **exec, void *graph);
    int (*exec_upload)(void *exec, void *stream); /* so that the first launch takes no memory */
    int (*exec_destroy)(void *exec);
    int (*exec_launch)(void *exec, void *stream);

    /* The last error of a call or a launch of the thread, which is then forgotten. */
    int (*last_error)(void);
    const char *(*text)(int error);

    /* The kernels that run there, with factors so rounded. */
    void (*ops)(cleave_ops *ops, cleave_factors factors);
} cleave_cuda_api;

/* The table of this build; NULL: it was built without CUDA. */
const cleave_cuda_api *cleave_cuda_api_get(void);

#ifdef __cplusplus
}
#endif

#endif
