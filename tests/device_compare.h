/* device_compare.h: whole engines on a GPU, or on what stands in for one, against the CPU. */
#ifndef CLEAVE_TESTS_DEVICE_COMPARE_H
#define CLEAVE_TESTS_DEVICE_COMPARE_H

#include "runtime/engine.h"

/* How engines are tried. */
typedef struct device_trial {
    const char *device;          /* what the names of its engines begin with: "cuda:0 " */
    int32_t runs;                /* of every track, with 1, 16, 2, 3, 1... segments at a time */
    int32_t exact;               /* not 0: the bits of the CPU, else near to it */
    cleave_precision precision;  /* of the GPU */
    void (*before)(int32_t run); /* NULL, or called before each run */
    void (*opened)(const cleave_engine_info *info); /* NULL, or called for each engine */
} device_trial;

/* The configuration with that device and batch. */
cleave_config device_config(cleave_device device, const cleave_config *config, int32_t batch);

/* A track of noise through the CPU, then so often through the GPU: near to it, and the same bits
 * every time. `model` may be NULL for the one that the configuration names. */
void device_compare(const device_trial *trial, const cleave_model *model,
                    const cleave_config *config, int64_t frames);

/* Cases of tests. */
void device_compare_identity(const device_trial *trial);
void device_compare_center(const device_trial *trial);
void device_compare_any_length(const device_trial *trial); /* and one that remembers */
void device_compare_htdemucs(const device_trial *trial);   /* tiny networks... */
void device_compare_many(const device_trial *trial);       /* segments of HTDemucs */
void device_compare_hdemucs(const device_trial *trial);
void device_compare_spleeter(const device_trial *trial);

#endif
