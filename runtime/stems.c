/* stems.c: from the stems that are asked for to the stems a model computes. */
#include "runtime/stems.h"

#include <stdio.h>
#include <string.h>

#include "runtime/error.h"

/* A set of stems of a partition: bit s is stem number s. */
typedef uint32_t stem_set;

static stem_set everything(const cleave_partition *partition)
{
    return ((stem_set)1 << partition->stem_count) - 1;
}

static int set_count(stem_set set)
{
    int count = 0;

    for (; set; set &= set - 1)
        count++;
    return count;
}

/* The one stem of that name, or 0. */
static stem_set set_of_stem(const cleave_partition *partition, const char *name)
{
    for (int32_t s = 0; s < partition->stem_count; s++)
        if (!strcmp(partition->stems[s], name))
            return (stem_set)1 << s;
    return 0;
}

static stem_set set_of_stem_or_rest(const cleave_partition *partition, const char *name)
{
    stem_set set = set_of_stem(partition, name);

    if (!set && !strcmp(name, "accompaniment") && (set = set_of_stem(partition, "vocals")))
        set ^= everything(partition);
    return set;
}

/* The stems whose sum `name` is, or 0 if the partition does not have it. */
static stem_set set_of_name(const cleave_partition *partition, const char *name)
{
    stem_set set = set_of_stem_or_rest(partition, name);

    if (!set && !strncmp(name, "no_", 3) && (set = set_of_stem_or_rest(partition, name + 3)))
        set ^= everything(partition);
    return set;
}

/* The names that are asked for; returns how many, or -1 with the error set. */
static int32_t names_wanted(const cleave_model *model, const cleave_config *config,
                            const char *names[CLEAVE_STEMS_MAX], char rest[CLEAVE_NAME_BYTES],
                            cleave_error *error)
{
    if (config->stem_count < 0 || config->stem_count > CLEAVE_STEMS_MAX) {
        cleave_error_set(error, CLEAVE_INVALID, "stem_count %d: must be 0 to %d",
                         (int)config->stem_count, CLEAVE_STEMS_MAX);
        return -1;
    }
    if (config->two_stems && config->stem_count > 0) {
        cleave_error_set(error, CLEAVE_INVALID, "two_stems \"%.40s\": excludes a list of stems",
                         config->two_stems);
        return -1;
    }
    if (config->two_stems) {
        snprintf(rest, CLEAVE_NAME_BYTES, "no_%.*s", CLEAVE_NAME_BYTES - 4, config->two_stems);
        names[0] = config->two_stems;
        names[1] = rest;
        return 2;
    }
    if (config->stem_count == 0) {
        memcpy(names, model->info.default_stems, sizeof model->info.default_stems);
        return model->info.default_stem_count;
    }
    for (int32_t i = 0; i < config->stem_count; i++) {
        if (!config->stems[i]) {
            cleave_error_set(error, CLEAVE_INVALID, "stem number %d: no name given", (int)i + 1);
            return -1;
        }
        names[i] = config->stems[i];
        for (int32_t k = 0; k < i; k++)
            if (!strcmp(names[k], names[i])) {
                cleave_error_set(error, CLEAVE_INVALID, "stem \"%.40s\": asked for twice",
                                 names[i]);
                return -1;
            }
    }
    return config->stem_count;
}

/* The sentence about a name that no partition of the model has. */
static cleave_status refuse(const cleave_model *model, const cleave_config *config,
                            const char *name, cleave_error *error)
{
    const cleave_model_info *const info = &model->info;
    char list[192] = "";
    size_t length = 0;

    for (int32_t s = 0; s < info->stem_count && length < sizeof list; s++)
        length += (size_t)snprintf(list + length, sizeof list - length, "%s%s", s ? ", " : "",
                                   info->stems[s]);
    if (config->two_stems && info->stem_count == 1 && !strcmp(config->two_stems, info->stems[0]))
        return cleave_error_set(error, CLEAVE_UNSUPPORTED,
                                "two_stems \"%.40s\": model %s has no other stem",
                                config->two_stems, info->name);
    return cleave_error_set(error, CLEAVE_UNSUPPORTED, "%s \"%.40s\": model %s has %s",
                            config->two_stems ? "two_stems" : "stem",
                            config->two_stems ? config->two_stems : name, info->name, list);
}

/* The first partition that has all the names, and the set of each name; -1 if none has, and
 * *culprit is then the first name that fails in the partition which has most. */
static int32_t find_partition(const cleave_model *model, const char *const *names, int32_t count,
                              stem_set sets[CLEAVE_STEMS_MAX], int32_t *culprit)
{
    *culprit = -1;
    for (int32_t p = 0; p < model->partition_count; p++) {
        int32_t i = 0;
        while (i < count && (sets[i] = set_of_name(&model->partition[p], names[i])))
            i++;
        if (i == count)
            return p;
        if (i > *culprit)
            *culprit = i;
    }
    return -1;
}

static void fill_matrix(cleave_stems *stems, const cleave_partition *partition,
                        const stem_set *sets, int conserve)
{
    const double S = partition->stem_count;
    const int32_t I = stems->model_count;

    for (int32_t o = 0; o < stems->count; o++) {
        const double shares = conserve ? set_count(sets[o]) / S : 0; /* of mixture - sum */
        for (int32_t i = 0; i < I; i++)
            stems->matrix[o][i] = (float)((sets[o] >> stems->model_stems[i] & 1) - shares);
        stems->matrix[o][I] = (float)shares;
    }
    stems->uses_mixture = conserve;
}

cleave_status cleave_stems_find(cleave_stems *stems, const cleave_model *model,
                                const cleave_config *config, cleave_error *error)
{
    const char *names[CLEAVE_STEMS_MAX];
    char rest[CLEAVE_NAME_BYTES];
    stem_set sets[CLEAVE_STEMS_MAX], needed = 0;
    int32_t culprit;

    memset(stems, 0, sizeof *stems);
    stems->count = names_wanted(model, config, names, rest, error);
    if (stems->count < 0)
        return CLEAVE_INVALID;
    stems->partition = find_partition(model, names, stems->count, sets, &culprit);
    if (stems->partition < 0)
        return refuse(model, config, names[culprit], error);
    const cleave_partition *const partition = &model->partition[stems->partition];
    for (int32_t o = 0; o < stems->count; o++) {
        snprintf(stems->names[o], sizeof stems->names[o], "%s", names[o]);
        needed |= sets[o];
    }
    if (config->conserve)
        needed = everything(partition);
    for (int32_t s = 0; s < partition->stem_count; s++)
        if (needed >> s & 1)
            stems->model_stems[stems->model_count++] = s;
    fill_matrix(stems, partition, sets, config->conserve != 0);
    return CLEAVE_OK;
}
