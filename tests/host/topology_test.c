/* topology_test.c: quotas and processors, from made-up machines and from this one. */
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/cgroup.h"
#include "host/topology.h"
#include "host/topology_backend.h"
#include "runtime/cleave.h"
#include "tests/test.h"

/* ---- a made-up root folder ------------------------------------------------------------------- */
static void root_make(char root[64])
{
    snprintf(root, 64, "/tmp/cleave_topology_XXXXXX");
    TEST_CHECK(mkdtemp(root) != NULL);
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *place)
{
    (void)status;
    (void)type;
    (void)place;
    return remove(path);
}

static void root_remove(const char *root)
{
    TEST_CHECK(nftw(root, remove_entry, 16, FTW_DEPTH | FTW_PHYS) == 0);
}

/* Writes a file below root, with the folders on its way. */
static void put(const char *root, const char *name, const char *text)
{
    char path[PATH_MAX];

    snprintf(path, sizeof path, "%s/%s", root, name);
    for (char *slash = path + strlen(root) + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = 0;
        mkdir(path, 0700);
        *slash = '/';
    }
    FILE *file = fopen(path, "w");
    if (!TEST_CHECK(file != NULL))
        return;
    TEST_CHECK(fputs(text, file) >= 0);
    fclose(file);
}

/* ---- quotas ---------------------------------------------------------------------------------- */
#define MOUNTS_V2                                                                                  \
    "22 1 0:20 / /proc rw,relatime - proc proc rw\n"                                               \
    "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n"
#define MOUNTS_V1                                                                                  \
    "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755\n"                                   \
    "32 31 0:29 / /sys/fs/cgroup/cpuset rw,relatime - cgroup cgroup rw,cpuset\n"                   \
    "33 31 0:30 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct\n"
#define MOUNTS_CONTAINER_V1                                                                        \
    "33 31 0:30 /docker/abc /sys/fs/cgroup/cpu ro,relatime master:3 - cgroup cgroup rw,cpu\n"

/* What lies where, and the quota that follows. */
typedef struct quota_case {
    const char *name, *mounts, *groups;
    struct {
        const char *path, *text;
    } file[4];
    double cpus;
} quota_case;

static const quota_case quota_cases[] = {
    {.name = "no limit",
     .mounts = MOUNTS_V2,
     .groups = "0::/user\n",
     .file = {{"sys/fs/cgroup/user/cpu.max", "max 100000\n"}}},
    {.name = "own group",
     .mounts = MOUNTS_V2,
     .groups = "0::/user\n",
     .file = {{"sys/fs/cgroup/user/cpu.max", "150000 100000\n"}},
     .cpus = 1.5},
    {.name = "group above is tighter",
     .mounts = MOUNTS_V2,
     .groups = "0::/slice/unit\n",
     .file = {{"sys/fs/cgroup/slice/unit/cpu.max", "400000 100000\n"},
              {"sys/fs/cgroup/slice/cpu.max", "200000 100000\n"}},
     .cpus = 2},
    {.name = "group above is wider",
     .mounts = MOUNTS_V2,
     .groups = "0::/slice/unit\n",
     .file = {{"sys/fs/cgroup/slice/unit/cpu.max", "50000 100000\n"},
              {"sys/fs/cgroup/slice/cpu.max", "200000 100000\n"}},
     .cpus = 0.5},
    {.name = "a neighbour's limit",
     .mounts = MOUNTS_V2,
     .groups = "0::/slice/unit\n",
     .file = {{"sys/fs/cgroup/slice/other/cpu.max", "50000 100000\n"}}},
    {.name = "container with its own view",
     .mounts = MOUNTS_V2,
     .groups = "0::/\n",
     .file = {{"sys/fs/cgroup/cpu.max", "300000 100000\n"}},
     .cpus = 3},
    {.name = "version 1, no limit",
     .mounts = MOUNTS_V1,
     .groups = "4:cpuset:/\n3:cpu,cpuacct:/a\n",
     .file = {{"sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us", "-1\n"},
              {"sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us", "100000\n"}}},
    {.name = "version 1",
     .mounts = MOUNTS_V1,
     .groups = "4:cpuset:/b\n3:cpu,cpuacct:/a\n",
     .file = {{"sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us", "250000\n"},
              {"sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us", "100000\n"},
              {"sys/fs/cgroup/cpuset/b/cpu.cfs_quota_us", "1\n"},
              {"sys/fs/cgroup/cpuset/b/cpu.cfs_period_us", "100\n"}},
     .cpus = 2.5},
    {.name = "version 1, listed by its path outside",
     .mounts = MOUNTS_CONTAINER_V1,
     .groups = "3:cpu:/docker/abc\n",
     .file = {{"sys/fs/cgroup/cpu/cpu.cfs_quota_us", "50000\n"},
              {"sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n"}},
     .cpus = 0.5},
    {.name = "version 1, group elsewhere",
     .mounts = MOUNTS_CONTAINER_V1,
     .groups = "3:cpu:/docker/abcdef\n",
     .file = {{"sys/fs/cgroup/cpu/cpu.cfs_quota_us", "70000\n"},
              {"sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n"}},
     .cpus = 0.7},
    {.name = "both versions",
     .mounts = MOUNTS_V1 "40 31 0:40 / /unified rw - cgroup2 none rw\n",
     .groups = "3:cpu,cpuacct:/a\n0::/a\n",
     .file = {{"sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us", "250000\n"},
              {"sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us", "100000\n"},
              {"unified/a/cpu.max", "120000 100000\n"}},
     .cpus = 1.2},
    {.name = "not listed",
     .mounts = MOUNTS_V2,
     .groups = "",
     .file = {{"sys/fs/cgroup/cpu.max", "100000 100000"}},
     .cpus = 1},
    {.name = "nonsense",
     .mounts = "x\n - \n1 2 3 - cgroup2 a b\n" MOUNTS_V2,
     .groups = "::\n0:\n\n0::up\n",
     .file = {{"sys/fs/cgroup/cpu.max", "many few\n"}}},
    {.name = "zero",
     .mounts = MOUNTS_V2,
     .groups = "0::/\n",
     .file = {{"sys/fs/cgroup/cpu.max", "100000 0\n"}}},
};

static void quotas(void)
{
    const int count = sizeof quota_cases / sizeof quota_cases[0];

    for (int i = 0; i < count; i++) {
        const quota_case *c = &quota_cases[i];
        char root[64];

        root_make(root);
        put(root, "proc/self/mountinfo", c->mounts);
        put(root, "proc/self/cgroup", c->groups);
        for (int f = 0; f < 4 && c->file[f].path; f++)
            put(root, c->file[f].path, c->file[f].text);
        double cpus = cgroup_quota_cpus(root);
        if (!(cpus > c->cpus - 1e-9 && cpus < c->cpus + 1e-9))
            TEST_FAIL("%s: %g instead of %g", c->name, cpus, c->cpus);
        root_remove(root);
    }
    TEST_CHECK(cgroup_quota_cpus("/nonexistent") == 0);
    test_passed_count(count);
}

static void threads_chosen(void)
{
    static const struct {
        int32_t cores;
        double quota;
        int32_t threads;
    } rows[] = {{1, 0, 1},      {4, 0, 4},      {4, 8, 4},    {4, 4, 4},     {4, 2, 2},
                {4, 1.5, 2},    {4, 0.1, 1},    {4, 3.01, 4}, {4, 1e300, 4}, {96, 0, 64},
                {96, 70.5, 64}, {96, 63.5, 64}, {0, 0, 1}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        TEST_CHECK(topology_threads(rows[i].cores, rows[i].quota) == rows[i].threads);
    TEST_CHECK(CLEAVE_THREADS_MAX == 64);
}

/* ---- hardware -------------------------------------------------------------------------------- */
static void put_cpu(const char *root, int cpu, const char *file, const char *text)
{
    char name[128];

    snprintf(name, sizeof name, "sys/devices/system/cpu/cpu%d/%s", cpu, file);
    put(root, name, text);
}

/* Four cores of two threads, numbered as Linux does: 0-3, then their second threads 4-7; two NUMA
 * nodes. */
static void put_machine(const char *root)
{
    static const char *const siblings[] = {"0,4\n", "1,5\n", "2,6\n", "3,7\n"};

    for (int cpu = 0; cpu < 8; cpu++) {
        put_cpu(root, cpu, "topology/thread_siblings_list", siblings[cpu % 4]);
        put_cpu(root, cpu, "cache/index0/level", "1\n");
        put_cpu(root, cpu, "cache/index0/type", "Data\n");
        put_cpu(root, cpu, "cache/index0/size", cpu % 4 < 3 ? "32K\n" : "48K\n");
        put_cpu(root, cpu, "cache/index1/level", "1\n");
        put_cpu(root, cpu, "cache/index1/type", "Instruction\n");
        put_cpu(root, cpu, "cache/index1/size", "64K\n");
        put_cpu(root, cpu, "cache/index2/level", "2\n");
        put_cpu(root, cpu, "cache/index2/type", "Unified\n");
        put_cpu(root, cpu, "cache/index2/size", "1024K\n");
        put_cpu(root, cpu, "cache/index3/level", "3\n");
        put_cpu(root, cpu, "cache/index3/type", "Unified\n");
        put_cpu(root, cpu, "cache/index3/size", "36M\n");
    }
    put(root, "sys/devices/system/node/online", "0-1\n");
    put(root, "sys/devices/system/node/node0/cpulist", "0-1,4-5\n");
    put(root, "sys/devices/system/node/node1/cpulist", "2-3,6-7\n");
}

static void sysfs_of_a_made_up_machine(void)
{
    static const struct {
        unsigned usable; /* a bit a processor */
        int32_t cores, nodes;
        size_t l1_bytes;
    } rows[] = {
        {0xFF, 4, 2, 48 << 10}, {0x0F, 4, 2, 48 << 10}, {0xF0, 4, 2, 48 << 10},
        {0x11, 1, 1, 32 << 10}, {0x10, 1, 1, 32 << 10}, {0x33, 2, 1, 32 << 10},
        {0x88, 1, 1, 48 << 10}, {0x06, 2, 2, 32 << 10},
    };
    char root[64];

    root_make(root);
    put_machine(root);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        topology t = {0};
        cpu_set_t usable;

        CPU_ZERO(&usable);
        for (size_t cpu = 0; cpu < 8; cpu++)
            if (rows[i].usable >> cpu & 1)
                CPU_SET(cpu, &usable);
        topology_sysfs(root, &usable, &t);
        TEST_CHECK(t.cores == rows[i].cores);
        TEST_CHECK(t.numa_nodes == rows[i].nodes);
        TEST_CHECK(t.l1_bytes == rows[i].l1_bytes);
        TEST_CHECK(t.l2_bytes == 1 << 20);
        TEST_CHECK(t.l3_bytes == 36 << 20);
    }
    root_remove(root);
}

static void sysfs_that_is_not_there(void)
{
    topology t = {0};
    cpu_set_t usable;

    CPU_ZERO(&usable);
    CPU_SET(0, &usable);
    CPU_SET(5, &usable);
    CPU_SET(CPU_SETSIZE - 1, &usable);
    topology_sysfs("/nonexistent", &usable, &t);
    TEST_CHECK(t.cores == 3);
    TEST_CHECK(t.numa_nodes == 1);
    TEST_CHECK(t.l1_bytes == 0);
    TEST_CHECK(t.l2_bytes == 0);
    TEST_CHECK(t.l3_bytes == 0);
}

static void cpu_names(void)
{
    static const struct {
        const char *file, *text, *name;
    } rows[] = {
        {"proc/cpuinfo", "processor\t: 0\nmodel\t\t: 7\nmodel name\t: A Chip @ 2 GHz  \nx\t: y\n",
         "A Chip @ 2 GHz"},
        {"proc/cpuinfo", "model name\t: First\n", "First"},
        {"proc/cpuinfo", "model name\t:\n", "unknown"},
        {"proc/device-tree/model", "A Board Rev 1", "A Board Rev 1"},
        {"proc/other", "", "unknown"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char root[64], name[TOPOLOGY_NAME_BYTES];

        root_make(root);
        put(root, rows[i].file, rows[i].text);
        topology_cpu_name(root, name);
        if (strcmp(name, rows[i].name))
            TEST_FAIL("\"%s\" instead of \"%s\"", name, rows[i].name);
        TEST_CHECK(strlen(name) < TOPOLOGY_NAME_BYTES);
        root_remove(root);
    }
}

static void this_machine(void)
{
    topology t, files = {0};
    cpu_set_t usable;

    topology_get(&t);
    TEST_CHECK(t.processors >= 1);
    TEST_CHECK(t.cores >= 1);
    TEST_CHECK(t.cores <= t.processors);
    TEST_CHECK(t.threads >= 1);
    TEST_CHECK(t.threads <= t.cores);
    TEST_CHECK(t.numa_nodes >= 1);
    TEST_CHECK(t.cpu_name[0] != 0);
    printf("     %s: %d processors, %d cores, quota %g, %d nodes, L1 %zu, L2 %zu, L3 %zu; %s\n",
           t.cpu_name, (int)t.processors, (int)t.cores, t.quota_cpus, (int)t.numa_nodes, t.l1_bytes,
           t.l2_bytes, t.l3_bytes, topology_backend_hwloc() ? "hwloc" : "sysfs");

    /* Both ways of reading the hardware agree, where the files are there to be read. */
    TEST_CHECK(sched_getaffinity(0, sizeof usable, &usable) == 0);
    topology_sysfs("", &usable, &files);
    if (!files.l1_bytes)
        return;
    TEST_CHECK(files.cores == t.cores);
    TEST_CHECK(files.l1_bytes == t.l1_bytes);
    TEST_CHECK(files.l2_bytes == t.l2_bytes);
    TEST_CHECK(files.l3_bytes == t.l3_bytes);
}

/* In a child that may use one processor only. */
static int child_bound_to_one(void)
{
    cpu_set_t usable;
    topology t;

    if (sched_getaffinity(0, sizeof usable, &usable))
        return 2;
    for (size_t cpu = 0, kept = 0; cpu < CPU_SETSIZE; cpu++)
        if (CPU_ISSET(cpu, &usable) && kept++)
            CPU_CLR(cpu, &usable);
    if (sched_setaffinity(0, sizeof usable, &usable))
        return 3;
    topology_get(&t);
    return t.processors == 1 && t.cores == 1 && t.threads == 1 && t.numa_nodes == 1 ? 0 : 4;
}

static void affinity_is_respected(void)
{
    int status = -1;

    fflush(stdout);
    pid_t child = fork();
    if (child == 0)
        _exit(child_bound_to_one());
    TEST_CHECK(child > 0);
    TEST_CHECK(waitpid(child, &status, 0) == child);
    TEST_CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"topology: quotas of control groups", quotas},
        {"topology: threads chosen", threads_chosen},
        {"topology: sysfs of a made-up machine", sysfs_of_a_made_up_machine},
        {"topology: sysfs that is not there", sysfs_that_is_not_there},
        {"topology: names of processors", cpu_names},
        {"topology: this machine", this_machine},
        {"topology: affinity is respected", affinity_is_respected},
    };

    return test_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
