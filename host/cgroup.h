/* cgroup.h: the limit that a container or a service manager puts on processor time. */
#ifndef CLEAVE_HOST_CGROUP_H
#define CLEAVE_HOST_CGROUP_H

/* Processor time that this process's control groups allow, in processors (1.5: three halves of
 * one), the least of its own group and those above it; 0 if nothing limits it. Understands version
 * 2 (cpu.max) and version 1 (cpu.cfs_quota_us). Reads under root/proc/self and where the mounts
 * are, below root; root is "" but for tests. Source: Linux, Documentation/admin-guide/cgroup-v2.rst
 * and scheduler/sched-bwc.rst. */
double cgroup_quota_cpus(const char *root);

#endif
