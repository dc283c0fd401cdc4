/* topology_backend.h: the two ways of reading the hardware. */
#ifndef CLEAVE_HOST_TOPOLOGY_BACKEND_H
#define CLEAVE_HOST_TOPOLOGY_BACKEND_H

#include <sched.h>

#include "host/topology.h"

/* Sets cores, numa_nodes and the cache sizes, of the `usable` processors: by hwloc where the build
 * has it. */
void topology_hardware(const cpu_set_t *usable, topology *t);

/* The same from the files under root/sys/devices/system; root is "" but for tests. What is not
 * there is unknown, and a processor that says nothing about itself is a core of its own. */
void topology_sysfs(const char *root, const cpu_set_t *usable, topology *t);

/* The processor's name from root/proc/cpuinfo, or else the device tree's model of the board. */
void topology_cpu_name(const char *root, char name[TOPOLOGY_NAME_BYTES]);

#endif
