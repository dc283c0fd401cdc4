/* topology.h: what of this machine the process may use, to choose a number of threads and to tell
 * the user.
 *
 * Hosted code: reads /proc and /sys, or asks hwloc. Callable from any thread. */
#ifndef CLEAVE_HOST_TOPOLOGY_H
#define CLEAVE_HOST_TOPOLOGY_H

#include <stddef.h>
#include <stdint.h>

#define TOPOLOGY_NAME_BYTES 128

typedef struct topology {
    int32_t processors; /* logical processors in the affinity mask of the process; at least 1 */
    int32_t cores;      /* physical cores that these belong to; at least 1 */
    double
        quota_cpus;  /* processor time that the control group allows, in processors; 0: no limit */
    int32_t threads; /* that compute well at once: topology_threads(cores, quota_cpus) */
    int32_t numa_nodes; /* that these processors belong to; at least 1 */
    size_t l1_bytes;    /* data cache of one core, the largest if cores differ; 0: unknown */
    size_t l2_bytes;    /* one cache of the second level... */
    size_t l3_bytes;    /* ...and of the third */
    char cpu_name[TOPOLOGY_NAME_BYTES]; /* "Intel(R) Xeon(R) Processor"; "unknown" where nothing
                                           says */
} topology;

void topology_get(topology *t);

/* One thread a core, since a second one on a core competes for the same vector units, but no more
 * than the quota keeps running, rounded up: the rest of a processor is still worth having. 1 ..
 * CLEAVE_THREADS_MAX. */
int32_t topology_threads(int32_t cores, double quota_cpus);

/* Version of hwloc, or NULL if built without. */
const char *topology_backend_hwloc(void);

#endif
