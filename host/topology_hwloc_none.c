/* topology_hwloc_none.c: the hardware without hwloc. */
#include "host/topology_backend.h"

void topology_hardware(const cpu_set_t *usable, topology *t)
{
    topology_sysfs("", usable, t);
}

const char *topology_backend_hwloc(void)
{
    return NULL;
}
