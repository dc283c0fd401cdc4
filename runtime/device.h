/* device.h: what computes: an op table and its name. One file a kind of device. */
#ifndef CLEAVE_RUNTIME_DEVICE_H
#define CLEAVE_RUNTIME_DEVICE_H

#include "kernels/ops.h"
#include "runtime/cleave.h"

typedef struct cleave_device_table {
    char name[64]; /* "cpu avx512" */
    cleave_ops ops;
} cleave_device_table;

/* The CPU with all features it has but `features_off`. */
void cleave_device_cpu_init(cleave_device_table *device, uint32_t features_off);

#endif
