/* topology.c: affinity, quota and hardware put together. */
#include "host/topology.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

#include "host/cgroup.h"
#include "host/topology_backend.h"
#include "runtime/cleave.h"

/* The affinity mask; where it cannot be had (more processors than a cpu_set_t holds), all that are
 * online. */
static void usable_processors(cpu_set_t *usable)
{
    CPU_ZERO(usable);
    if (!sched_getaffinity(0, sizeof *usable, usable) && CPU_COUNT(usable))
        return;
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    for (long i = 0; i < CPU_SETSIZE && (i < online || i == 0); i++)
        CPU_SET((size_t)i, usable);
}

void topology_get(topology *t)
{
    cpu_set_t usable;

    memset(t, 0, sizeof *t);
    usable_processors(&usable);
    t->processors = CPU_COUNT(&usable);
    topology_hardware(&usable, t);
    topology_cpu_name("", t->cpu_name);
    t->quota_cpus = cgroup_quota_cpus("");
    t->threads = topology_threads(t->cores, t->quota_cpus);
}

int32_t topology_threads(int32_t cores, double quota_cpus)
{
    int32_t threads = cores;

    if (quota_cpus > 0 && quota_cpus < threads)
        threads = (int32_t)ceil(quota_cpus);
    if (threads > CLEAVE_THREADS_MAX)
        return CLEAVE_THREADS_MAX;
    return threads > 1 ? threads : 1;
}
