/* cgroup.c: the limit on processor time, found as the kernel lists it: mounts, own group, groups
 * above. */
#include "host/cgroup.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/system_file.h"

typedef struct mount_point {
    int version; /* of the control groups mounted there: 1 (with the cpu controller), 2; 0: other */
    char group[PATH_MAX]; /* that is seen at the mount point */
    char path[PATH_MAX];
} mount_point;

/* Whether `word` is in the list of words between commas. */
static int listed(const char *list, const char *word)
{
    const size_t length = strlen(word);

    while (*list) {
        size_t some = strcspn(list, ",");
        if (some == length && !strncmp(list, word, length))
            return 1;
        list += some + (list[some] == ',');
    }
    return 0;
}

/* A line of mountinfo: id, parent, device, root, mount point, options, fields, "-", type, source,
 * options. */
static void mount_parse(const char *line, mount_point *mount)
{
    char group[4096], path[4096], type[32], options[1024];
    const char *rest = strstr(line, " - ");

    mount->version = 0;
    if (!rest || sscanf(line, "%*s %*s %*s %4095s %4095s", group, path) != 2 ||
        sscanf(rest, " - %31s %*s %1023s", type, options) != 2)
        return;
    if (!strcmp(type, "cgroup2"))
        mount->version = 2;
    else if (!strcmp(type, "cgroup") && listed(options, "cpu"))
        mount->version = 1;
    snprintf(mount->group, sizeof mount->group, "%s", group);
    snprintf(mount->path, sizeof mount->path, "%s", path);
}

/* The group of this process in the hierarchy of that version; "/" if it is not listed. */
static void own_group(const char *root, int version, char group[PATH_MAX])
{
    char text[16384], *rest = text;

    snprintf(group, PATH_MAX, "/");
    system_file_read(text, sizeof text, "%s/proc/self/cgroup", root);
    while (*rest) {
        char *line = strsep(&rest, "\n");
        char *controllers = strchr(line, ':');
        char *path = controllers ? strchr(controllers + 1, ':') : NULL;

        if (path) {
            *path = 0;
            if (version == 2 ? !strcmp(line, "0:") : listed(controllers + 1, "cpu"))
                snprintf(group, PATH_MAX, "%s", path + 1);
        }
        if (!rest)
            break;
    }
}

/* The limit of one group, 0 if it has none. */
static double group_quota(const char *root, int version, const char *folder)
{
    char quota[64], period[64];

    if (version == 2) {
        char text[64];

        system_file_read(text, sizeof text, "%s%s/cpu.max", root, folder);
        if (sscanf(text, "%63s %63s", quota, period) != 2)
            return 0;
    } else if (!system_file_read(quota, sizeof quota, "%s%s/cpu.cfs_quota_us", root, folder) ||
               !system_file_read(period, sizeof period, "%s%s/cpu.cfs_period_us", root, folder)) {
        return 0;
    }
    /* "max" and -1 are no limit; so is what is no number. */
    if (strtod(quota, NULL) <= 0 || strtod(period, NULL) <= 0)
        return 0;
    return strtod(quota, NULL) / strtod(period, NULL);
}

/* The least limit from the process's group up to the mount point. */
static double mount_quota(const char *root, const mount_point *mount)
{
    char group[PATH_MAX], folder[2 * PATH_MAX];
    const char *below = group;
    size_t above = strcmp(mount->group, "/") ? strlen(mount->group) : 0;
    double least = 0;

    /* A container may see its own group as the mount point, and yet be listed by its path outside.
     */
    own_group(root, mount->version, group);
    if (!strncmp(group, mount->group, above) && (group[above] == '/' || !group[above]))
        below += above;
    else
        below = "";
    if (*below != '/')
        below = "";
    snprintf(folder, sizeof folder, "%s%s", mount->path, below);
    for (;;) {
        double cpus = group_quota(root, mount->version, folder);

        if (cpus > 0 && (least == 0 || cpus < least))
            least = cpus;
        if (strlen(folder) <= strlen(mount->path))
            return least;
        *strrchr(folder, '/') = 0;
    }
}

double cgroup_quota_cpus(const char *root)
{
    char path[PATH_MAX], *line = NULL;
    size_t bytes = 0;
    double least = 0;

    snprintf(path, sizeof path, "%s/proc/self/mountinfo", root);
    FILE *file = fopen(path, "r");
    if (!file)
        return 0;
    while (getline(&line, &bytes, file) > 0) {
        mount_point mount;
        double cpus;

        mount_parse(line, &mount);
        cpus = mount.version ? mount_quota(root, &mount) : 0;
        if (cpus > 0 && (least == 0 || cpus < least))
            least = cpus;
    }
    free(line);
    fclose(file);
    return least;
}
