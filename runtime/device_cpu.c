/* device_cpu.c: the CPU as a device. */
#include "runtime/device.h"

#include <stdio.h>

void cleave_device_cpu_init(cleave_device_table *device, uint32_t features_off)
{
    cleave_ops_cpu(&device->ops, cleave_cpu_features() & ~features_off);
    snprintf(device->name, sizeof device->name, "cpu %s", device->ops.name);
}
