/* topology_sysfs.c: the hardware as the kernel's files have it.
 * Source: Linux, Documentation/admin-guide/cputopology.rst and
 * ABI/testing/sysfs-devices-system-cpu. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/system_file.h"
#include "host/topology_backend.h"

#define CACHES_MAX 16 /* of one processor: data, instruction and unified ones of each level */

/* "0-3,8,10-11" as a set. */
static void list_parse(const char *text, cpu_set_t *set)
{
    CPU_ZERO(set);
    while (*text >= '0' && *text <= '9') {
        char *end;
        unsigned long first = strtoul(text, &end, 10), last = first;

        if (*end == '-')
            last = strtoul(end + 1, &end, 10);
        for (unsigned long i = first; i <= last && i < CPU_SETSIZE; i++)
            CPU_SET(i, set);
        text = end + (*end == ',');
    }
}

static int32_t lowest(const cpu_set_t *set)
{
    for (int32_t i = 0; i < CPU_SETSIZE; i++)
        if (CPU_ISSET((size_t)i, set))
            return i;
    return -1;
}

/* A core is named by the lowest of its processors, usable or not. */
static int32_t core_of(const char *root, int32_t cpu)
{
    char text[4096];
    cpu_set_t siblings;

    system_file_read(text, sizeof text,
                     "%s/sys/devices/system/cpu/cpu%d/topology/thread_siblings_list", root,
                     (int)cpu);
    list_parse(text, &siblings);
    return CPU_COUNT(&siblings) ? lowest(&siblings) : cpu;
}

/* "48K" in bytes; 0 if it is no size. */
static size_t size_parse(const char *text)
{
    char *end;
    size_t size = strtoul(text, &end, 10);

    if (*end == 'K')
        return size << 10;
    if (*end == 'M')
        return size << 20;
    return *end ? 0 : size;
}

static void raise_to(size_t *largest, size_t bytes)
{
    if (*largest < bytes)
        *largest = bytes;
}

static void caches_of(const char *root, int32_t cpu, topology *t)
{
    for (int i = 0; i < CACHES_MAX; i++) {
        char folder[128], level[16], type[32], size[32];

        snprintf(folder, sizeof folder, "sys/devices/system/cpu/cpu%d/cache/index%d", (int)cpu, i);
        if (!system_file_read(level, sizeof level, "%s/%s/level", root, folder))
            return;
        system_file_read(type, sizeof type, "%s/%s/type", root, folder);
        system_file_read(size, sizeof size, "%s/%s/size", root, folder);
        if (!strcmp(type, "Instruction"))
            continue;
        if (!strcmp(level, "1"))
            raise_to(&t->l1_bytes, size_parse(size));
        else if (!strcmp(level, "2"))
            raise_to(&t->l2_bytes, size_parse(size));
        else if (!strcmp(level, "3"))
            raise_to(&t->l3_bytes, size_parse(size));
    }
}

static int32_t nodes_of(const char *root, const cpu_set_t *usable)
{
    char text[4096];
    cpu_set_t nodes;
    int32_t count = 0;

    system_file_read(text, sizeof text, "%s/sys/devices/system/node/online", root);
    list_parse(text, &nodes);
    for (int32_t i = 0; i < CPU_SETSIZE; i++) {
        cpu_set_t common;

        if (!CPU_ISSET((size_t)i, &nodes))
            continue;
        system_file_read(text, sizeof text, "%s/sys/devices/system/node/node%d/cpulist", root,
                         (int)i);
        list_parse(text, &common);
        CPU_AND(&common, &common, usable);
        count += CPU_COUNT(&common) > 0;
    }
    return count ? count : 1;
}

void topology_sysfs(const char *root, const cpu_set_t *usable, topology *t)
{
    cpu_set_t cores;

    CPU_ZERO(&cores);
    t->l1_bytes = t->l2_bytes = t->l3_bytes = 0;
    for (int32_t cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (!CPU_ISSET((size_t)cpu, usable))
            continue;
        CPU_SET((size_t)core_of(root, cpu), &cores);
        caches_of(root, cpu, t);
    }
    t->cores = CPU_COUNT(&cores);
    t->numa_nodes = nodes_of(root, usable);
}

/* Copies at most what fits of `text`, up to the end of its line and without the blanks there. */
static void name_copy(char name[TOPOLOGY_NAME_BYTES], const char *text)
{
    int length = (int)strcspn(text, "\n");

    while (length > 0 && text[length - 1] == ' ')
        length--;
    snprintf(name, TOPOLOGY_NAME_BYTES, "%.*s", length, text);
}

void topology_cpu_name(const char *root, char name[TOPOLOGY_NAME_BYTES])
{
    static const char key[] = "\nmodel name";
    char text[8192]; /* the first processor's entry is shorter */
    const char *found, *value;

    text[0] = '\n';
    system_file_read(text + 1, sizeof text - 1, "%s/proc/cpuinfo", root);
    found = strstr(text, key);
    value = found ? strchr(found, ':') : NULL;
    name[0] = 0;
    if (value)
        name_copy(name, value + 1 + strspn(value + 1, " \t"));
    else if (system_file_read(text, sizeof text, "%s/proc/device-tree/model", root))
        name_copy(name, text);
    if (!name[0])
        name_copy(name, "unknown");
}
