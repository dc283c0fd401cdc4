/* gpu.h: what the programs that measure a GPU share: the device, kernels on cases, what the device
 * can do at most, and the table of results. */
#ifndef CLEAVE_BENCH_GPU_GPU_H
#define CLEAVE_BENCH_GPU_GPU_H

#include "kernels/cases.h"
#include "runtime/device.h"

#include <stdio.h>

/* What the device was seen to do at most, in this run: bytes read and written a second by a copy
 * that no cache holds, and operations a second by kind of factors: multiply-adds in float, matrix
 * instructions, or a large product of the vendor's if that is faster. 0: not measured. */
typedef struct gpu_ceilings {
    double bytes;
    double flops[4]; /* by cleave_factors */
} gpu_ceilings;

typedef struct gpu {
    const char *program;
    const cleave_cuda_api *api;
    cleave_device_info info;
    cleave_device device; /* CUDA, but where things are only tried */
    int32_t index;
    char machine[64]; /* "nvidia-h200" */
    void *stream;
    gpu_ceilings most;
    FILE *csv;  /* NULL: none */
    double end; /* of measure_seconds(): nothing new begins after it; 0: any time */
} gpu;

/* Takes device `index`, and opens FOLDER/MACHINE[suffix].csv unless `folder` is NULL. 0 with a
 * sentence on standard error if there is no device that can be measured: the executor of the tests
 * is none. */
int gpu_open(gpu *g, const char *program, int32_t index, const char *folder, const char *suffix);

/* The same with whatever there is, GPU, executor or CPU, to try what is to be measured elsewhere:
 * of a machine called "tried". */
int gpu_open_to_try(gpu *g, const char *program, int32_t index, const char *folder);
void gpu_close(gpu *g);

/* Ends the program with a sentence if a call has failed. */
void gpu_check(const gpu *g, int error, const char *what);

/* "fp32", "tf32" .. of factors. */
const char *gpu_factors_name(cleave_factors factors);

/* Whether one of the words, or none at all, is part of the name, and there is time for it. */
int gpu_wanted(const gpu *g, const char *name, char **words, int count);
int gpu_is_late(const gpu *g);

/* ---- kernels on cases ---- */
/* A case whose tensors lie in the GPU's memory. */
typedef struct gpu_step {
    const cleave_op *op;
    cleave_kernel kernel;
    cleave_case test; /* arguments point into the GPU's memory */
    void *memory[CLEAVE_OPERANDS_MAX + 2];
    int count;
    cleave_work work;
} gpu_step;

void gpu_step_open(const gpu *g, gpu_step *s, int op, const cleave_kernel *kernel,
                   const cleave_case *test);
void gpu_step_close(const gpu *g, gpu_step *s);

/* The median time in seconds of run(context), which only launches, on the device's stream: it is
 * called many times in a row, so that operands lie in a cache if they fit into one. */
double gpu_time(const gpu *g, void (*run)(const void *context), const void *context);
double gpu_step_time(const gpu *g, const gpu_step *s);

/* ||x - y|| / ||y|| of what the step wrote now and what it wrote when `before` was taken: NULL
 * takes it, into memory that the caller frees, and returns it by *before. */
double gpu_step_distance(const gpu *g, const gpu_step *s, float **before);

/* ---- results ---- */
/* What the threads around an engine do, in shares of the wall time: the mean of several engines. */
typedef struct gpu_threads {
    double waiting;  /* of the one that pulls: for the GPU, which is busy at least so long */
    double blending; /* of the same: cutting, blending and copying in cleave_pull() */
    double decoding, encoding; /* of those that read and write files */
} gpu_threads;

typedef struct gpu_row {
    const char *group; /* "ceiling", "kernel", "ladder", "peer", "network", "songs" */
    const char *name, *test, *precision;
    int batch;
    double seconds;
    cleave_cost cost;     /* of what was timed; 0: not counted */
    cleave_factors rated; /* by which ceiling */
    const char *peer;     /* NULL: none; else the vendor's time of the same work */
    double peer_seconds;
    double segments, realtime; /* a second; networks and songs */
    size_t device_bytes;
    gpu_threads threads; /* songs only */
} gpu_row;

/* The share of the ceilings: the longer of bytes and operations at their rates, over the time. */
double gpu_share(const gpu *g, const gpu_row *row);

/* Prints the row, and adds it to the CSV. */
void gpu_row_put(const gpu *g, const gpu_row *row);

/* ---- ceilings ---- */
/* Measures all into g->most, and puts them out. */
void gpu_ceilings_measure(gpu *g);

/* ---- networks ---- */
/* Streams of the official networks, with weights by a formula, by precision and batch. */
void gpu_networks(gpu *g, char **words, int count);

/* Operations and bytes of a segment, as the steps of the plan count them; between tracks only. */
cleave_cost gpu_segment_cost(cleave_engine *engine, const cleave_engine_info *info);

/* ---- songs ---- */
/* Songs from WAV files to WAV files of their stems in $TMPDIR, by some of these networks. */
void gpu_songs(gpu *g, char **words, int count);

/* Short ones by an installed model, or one of the engine's own. 0: something failed. */
int gpu_songs_try(gpu *g, const char *model);

#endif
