/* networks.c: weight files as a model. */
#include "runtime/networks.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "runtime/engine_config.h"
#include "runtime/error.h"
#include "weights/contract_check.h"

/* The sentence about a file, by its number. */
static cleave_status refuse(cleave_error *error, cleave_status status, int32_t index,
                            const char *sentence)
{
    return cleave_error_set(error, status, "network %d: %s", (int)index + 1, sentence);
}

/* All sizes of an engine follow from its segment; they are bounded if it is. */
static int segment_ok(const cleave_model *model, char *message)
{
    const double seconds = model->segment_seconds;

    return (seconds >= CLEAVE_SEGMENT_SECONDS_MIN && seconds <= CLEAVE_SEGMENT_SECONDS_MAX) ||
           cleave_sentence(message, "configuration: a segment of %.6g s; it must be %g to %g s",
                           seconds, CLEAVE_SEGMENT_SECONDS_MIN, CLEAVE_SEGMENT_SECONDS_MAX);
}

/* Opens file `index` into its table and describes it. */
static cleave_status open_one(cleave_networks *n, const cleave_network *file, int32_t index,
                              cleave_model *model, char stems[CLEAVE_STEMS_MAX][CLEAVE_NAME_BYTES],
                              cleave_error *error)
{
    cleave_table *const table = &n->table[index];
    char message[CLEAVE_SENTENCE_BYTES];

    if (!file->weights || (uintptr_t)file->weights % CLEAVE_ALIGN_BYTES)
        return refuse(error, CLEAVE_INVALID, index, "its weights must be aligned to 64 bytes");
    if (!cleave_table_open(table, file->weights, file->weights_bytes, message))
        return refuse(error, CLEAVE_INVALID, index, message);
    const cleave_family *const family = cleave_family_find(table->header->kind);
    if (!family)
        return cleave_error_set(error, CLEAVE_UNSUPPORTED,
                                "network %d: this build computes no models of kind \"%s\"",
                                (int)index + 1, table->header->kind);
    if (!cleave_contract_check_table(table, message))
        return refuse(error, CLEAVE_INVALID, index, message);
    memset(model, 0, sizeof *model);
    if (!family->describe(table, model, stems, message) || !segment_ok(model, message))
        return refuse(error, CLEAVE_UNSUPPORTED, index, message);
    for (uint32_t i = 0; i < table->header->tensor_count; i++) {
        cleave_table_tensor tensor;
        cleave_table_at(table, i, &tensor);
        n->parameters += (uint64_t)tensor.count;
    }
    return CLEAVE_OK;
}

static int same_stems(const cleave_model_info *a, const cleave_model_info *b)
{
    if (a->stem_count != b->stem_count)
        return 0;
    for (int32_t s = 0; s < a->stem_count; s++)
        if (strcmp(a->stems[s], b->stems[s]) != 0)
            return 0;
    return 1;
}

/* What a network has otherwise than the first; NULL: nothing. */
static const char *difference(const cleave_networks *n, int32_t index, const cleave_model *other)
{
    const cleave_model *const model = &n->model;

    if (strcmp(n->table[0].header->kind, n->table[index].header->kind) != 0)
        return "is of another kind than the first";
    if (!same_stems(&model->info, &other->info))
        return "has other stems than the first, or in another order";
    if (model->info.rate_hz != other->info.rate_hz)
        return "runs at another rate than the first";
    if (model->info.channels_min != other->info.channels_min ||
        model->info.channels_max != other->info.channels_max)
        return "has another number of channels than the first";
    if (model->segment_seconds != other->segment_seconds ||
        model->segment_seconds_max != other->segment_seconds_max)
        return "has another segment than the first";
    return NULL;
}

/* A file without any gain counts as one that gives all stems the same. */
static cleave_status take_gains(cleave_networks *n, const cleave_network *files,
                                cleave_error *error)
{
    const cleave_model_info *const info = &n->model.info;

    for (int32_t i = 0; i < n->count; i++) {
        int some = 0;
        for (int32_t s = 0; s < info->stem_count; s++) {
            if (!(files[i].gain[s] >= 0 && isfinite(files[i].gain[s])))
                return cleave_error_set(error, CLEAVE_INVALID,
                                        "network %d: gain %g of stem \"%s\": must be 0 or more",
                                        (int)i + 1, (double)files[i].gain[s], info->stems[s]);
            some |= files[i].gain[s] > 0;
        }
        for (int32_t s = 0; s < info->stem_count; s++)
            n->gain[i][s] = some ? files[i].gain[s] : 1;
    }
    for (int32_t s = 0; s < info->stem_count; s++) {
        double sum = 0;
        for (int32_t i = 0; i < n->count; i++)
            sum += (double)n->gain[i][s];
        if (sum == 0)
            return cleave_error_set(error, CLEAVE_INVALID,
                                    "stem \"%s\": no network has a gain for it", info->stems[s]);
        for (int32_t i = 0; i < n->count; i++)
            n->gain[i][s] = (float)((double)n->gain[i][s] / sum);
    }
    return CLEAVE_OK;
}

cleave_status cleave_networks_open(cleave_networks *networks, const cleave_network *files,
                                   int32_t count, const char *name, cleave_error *error)
{
    cleave_networks *const n = networks;

    if (count < 1 || count > CLEAVE_NETWORKS_MAX)
        return cleave_error_set(error, CLEAVE_INVALID, "network_count %d: must be 1 to %d",
                                (int)count, CLEAVE_NETWORKS_MAX);
    if (!files)
        return cleave_error_set(error, CLEAVE_INVALID, "networks: none given");
    memset(n, 0, sizeof *n);
    n->count = count;
    for (int32_t i = 0; i < count; i++) {
        char stems[CLEAVE_STEMS_MAX][CLEAVE_NAME_BYTES];
        cleave_model other;
        const cleave_status status =
            open_one(n, &files[i], i, i ? &other : &n->model, i ? stems : n->stems, error);
        const char *const differs = status == CLEAVE_OK && i ? difference(n, i, &other) : NULL;
        if (status != CLEAVE_OK)
            return status;
        if (differs)
            return refuse(error, CLEAVE_INVALID, i, differs);
    }
    snprintf(n->name, sizeof n->name, "%s", name ? name : n->table[0].header->kind);
    n->model.info.name = n->name;
    return take_gains(n, files, error);
}

cleave_status cleave_networks_describe(const cleave_network *networks, int32_t count,
                                       cleave_network_info *info, cleave_error *error)
{
    cleave_networks opened;
    const cleave_status status = cleave_networks_open(&opened, networks, count, NULL, error);
    const cleave_model *const model = &opened.model;

    if (status != CLEAVE_OK)
        return status;
    memset(info, 0, sizeof *info);
    memcpy(info->kind, opened.name, sizeof info->kind);
    info->stem_count = model->info.stem_count;
    for (int32_t s = 0; s < model->info.stem_count; s++)
        snprintf(info->stems[s], sizeof info->stems[s], "%s", model->info.stems[s]);
    info->rate_hz = model->info.rate_hz;
    info->channels = model->info.channels_max;
    info->segment_seconds = model->segment_seconds;
    info->segment_seconds_max =
        model->segment_seconds_max > 0 ? model->segment_seconds_max : CLEAVE_SEGMENT_SECONDS_MAX;
    info->normalizes = model->normalizes;
    info->parameters = opened.parameters;
    return CLEAVE_OK;
}
