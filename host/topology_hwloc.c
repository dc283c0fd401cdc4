/* topology_hwloc.c: the hardware as hwloc (Broquedis et al., 2010) sees it. */
#include <hwloc.h>
#include <hwloc/glibc-sched.h>
#include <stdlib.h>

#include "host/topology_backend.h"

/* Objects of a type that hold a processor of `usable`, and the size of the largest if they are
 * caches. */
static int32_t objects(hwloc_topology_t system, hwloc_obj_type_t type, hwloc_const_cpuset_t usable,
                       size_t *bytes_max)
{
    hwloc_obj_t object = NULL;
    int32_t count = 0;

    while ((object = hwloc_get_next_obj_by_type(system, type, object))) {
        if (!hwloc_bitmap_intersects(object->cpuset, usable))
            continue;
        count++;
        if (bytes_max && *bytes_max < object->attr->cache.size)
            *bytes_max = (size_t)object->attr->cache.size;
    }
    return count;
}

/* Returns whether hwloc could tell. */
static int ask(hwloc_topology_t system, const cpu_set_t *usable, topology *t)
{
    hwloc_cpuset_t set = hwloc_bitmap_alloc();
    int ok = set && !hwloc_topology_load(system) &&
             !hwloc_cpuset_from_glibc_sched_affinity(system, set, usable, sizeof *usable);

    if (ok) {
        t->l1_bytes = t->l2_bytes = t->l3_bytes = 0;
        objects(system, HWLOC_OBJ_L1CACHE, set, &t->l1_bytes);
        objects(system, HWLOC_OBJ_L2CACHE, set, &t->l2_bytes);
        objects(system, HWLOC_OBJ_L3CACHE, set, &t->l3_bytes);
        t->numa_nodes = objects(system, HWLOC_OBJ_NUMANODE, set, NULL);
        t->cores = objects(system, HWLOC_OBJ_CORE, set, NULL);
    }
    hwloc_bitmap_free(set);
    return ok && t->cores > 0 && t->numa_nodes > 0;
}

void topology_hardware(const cpu_set_t *usable, topology *t)
{
    hwloc_topology_t system;
    int known = 0;

    /* A container may hide what hwloc looks for, and then it would write to standard error. */
    setenv("HWLOC_HIDE_ERRORS", "2", 0);
    if (!hwloc_topology_init(&system)) {
        known = ask(system, usable, t);
        hwloc_topology_destroy(system);
    }
    if (!known)
        topology_sysfs("", usable, t);
}

const char *topology_backend_hwloc(void)
{
    return HWLOC_VERSION;
}
