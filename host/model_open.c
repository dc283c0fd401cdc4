/* model_open.c: from a name to networks that an engine can be built from. */
#include "host/model_open.h"

#include "host/output.h"
#include "loader/sha256.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static void add_network(open_model *model, const char *name, const cleave_weights *opened);
static int open_network(open_model *model, const char *name, const char *path, char *message);
static int open_bag(open_model *model, const model_store *store, const model_entry *entry,
                    char *message);
static int check_sources(const open_model *model, const bag *b, const char *name, char *message);
static int describe(open_model *model, char *message);
static int set_band(open_model *model, int is_wide, char *message);

int model_find(const model_store *store, const char *name, model_entry *entry, int *is_wide,
               char message[CLEAVE_SENTENCE_BYTES])
{
    char base[MODEL_LABEL_BYTES];
    char why[CLEAVE_SENTENCE_BYTES];
    *is_wide = 0;
    if (model_store_find(store, name, entry, message)) {
        return 1;
    }
    *is_wide = model_names_base(name, base) && model_store_find(store, base, entry, why);
    return *is_wide;
}

int model_open_named(open_model **opened, const model_store *store, const char *name,
                     char message[CLEAVE_SENTENCE_BYTES])
{
    char path[MODEL_PATH_BYTES];
    model_entry entry;
    int is_wide;
    if (!model_find(store, name, &entry, &is_wide, message)) {
        return 0;
    }
    open_model *model = calloc(1, sizeof *model);
    if (model == NULL) {
        return cleave_sentence(message, "no memory for a model");
    }
    int versioned = strchr(name, '@') != NULL;
    snprintf(model->label, sizeof model->label, "%s%s%s%s", entry.name, is_wide ? MODEL_WIDE : "",
             versioned ? "@" : "", versioned ? entry.version : "");
    int ok;
    if (entry.version[0] == '\0') {
        ok = open_bag(model, store, &entry, message);
    } else {
        model_store_path(store, &entry, path);
        ok = open_network(model, entry.name, path, message);
    }
    if (!ok || !describe(model, message) || !set_band(model, is_wide, message)) {
        model_close(&model);
        return 0;
    }
    *opened = model;
    return 1;
}

int model_open_file(open_model **opened, const char *path, char message[CLEAVE_SENTENCE_BYTES])
{
    open_model *model = calloc(1, sizeof *model);
    if (model == NULL) {
        return cleave_sentence(message, "no memory for a model");
    }
    const char *base = output_base_name(path);
    char label[OUTPUT_TRACK_BYTES + 1];
    output_component(base, output_stem_bytes(base), label);
    snprintf(model->label, sizeof model->label, "%.*s", MODEL_LABEL_BYTES - 1, label);
    if (!open_network(model, model->label, path, message) || !describe(model, message) ||
        !set_band(model, 0, message)) {
        model_close(&model);
        return 0;
    }
    *opened = model;
    return 1;
}

int model_open_parts(open_model **opened, const model_parts *parts,
                     char message[CLEAVE_SENTENCE_BYTES])
{
    open_model *model = calloc(1, sizeof *model);
    for (int32_t i = 0; i < parts->count; i++) {
        if (model == NULL) {
            cleave_weights_close(&parts->files[i]);
            continue;
        }
        add_network(model, parts->label, &parts->files[i]);
        if (parts->gains != NULL) {
            memcpy(model->networks[i].gain, parts->gains[i], sizeof model->networks[i].gain);
        }
    }
    if (model == NULL) {
        return cleave_sentence(message, "no memory for a model");
    }
    snprintf(model->label, sizeof model->label, "%s%s", parts->label,
             parts->is_wide ? MODEL_WIDE : "");
    model->segment_seconds = parts->segment_seconds;
    if (!describe(model, message) || !set_band(model, parts->is_wide, message)) {
        model_close(&model);
        return 0;
    }
    *opened = model;
    return 1;
}

int model_is_path(const char *name)
{
    static const char *const endings[] = {".weights", ".th",   ".pt",  ".pth",
                                          ".ckpt",    ".yaml", ".yml", ".safetensors",
                                          ".index",   ".gz",   ".tgz", ".tar"};
    const char *dot = strrchr(name, '.');
    int is_path = strchr(name, '/') != NULL;
    for (size_t i = 0; i < sizeof endings / sizeof endings[0] && dot != NULL; i++) {
        is_path |= strcmp(dot, endings[i]) == 0;
    }
    return is_path;
}

static void drop_pages(void *model)
{
    model_drop_pages(model);
}

void model_config(const open_model *model, cleave_config *config)
{
    const cleave_network_info *info = &model->networks_info;
    cleave_config_default(config);
    config->model = model->label;
    config->network_count = model->network_count;
    config->networks = model->networks;
    config->weights_packed = drop_pages;
    config->weights_context = (void *)model;
    config->rate_hz = info->rate_hz;
    config->channels = info->channels;
    config->spectrum_bins = model->spectrum_bins;
    /* A bag lengthens the segments of networks that were not trained on one length. */
    if (model->segment_seconds > info->segment_seconds &&
        model->segment_seconds <= info->segment_seconds_max) {
        config->segment_seconds = model->segment_seconds;
    }
}

void model_drop_pages(const open_model *model)
{
    for (int32_t i = 0; i < model->network_count; i++) {
        const cleave_source_file *file = &model->files[i].file;
        madvise((void *)file->bytes, file->size, MADV_DONTNEED);
    }
}

void model_close(open_model **model)
{
    if (*model == NULL) {
        return;
    }
    for (int32_t i = 0; i < (*model)->network_count; i++) {
        cleave_weights_close(&(*model)->files[i]);
    }
    free(*model);
    *model = NULL;
}

/* Why a file that is no weight file was given: a checkpoint begins otherwise. */
static int explain_other_file(const char *path, char *message)
{
    char why[CLEAVE_SENTENCE_BYTES];
    cleave_source_file file;
    int is_weights = 1;
    if (cleave_source_file_open(&file, path, why)) {
        size_t magic_bytes = strlen(CLEAVE_WEIGHTS_MAGIC);
        is_weights =
            file.size >= magic_bytes && memcmp(file.bytes, CLEAVE_WEIGHTS_MAGIC, magic_bytes) == 0;
        cleave_source_file_close(&file);
    }
    if (!is_weights) {
        return cleave_sentence(message,
                               "%.120s is no weight file; if it is a checkpoint, \"cleave model "
                               "import\" makes a model of it",
                               path);
    }
    char kept[CLEAVE_SENTENCE_BYTES];
    memcpy(kept, message, sizeof kept);
    return cleave_sentence(message, "%.100s: %.140s", path, kept);
}

/* Adds a network, whose file it takes over; its gains are left 0. */
static void add_network(open_model *model, const char *name, const cleave_weights *opened)
{
    int32_t n = model->network_count++;
    char hash[65];
    cleave_weights *file = &model->files[n];
    *file = *opened;
    cleave_sha256_text(file->table.header->source_sha256, hash);
    snprintf(model->version, sizeof model->version, "%.*s", MODEL_VERSION_BYTES - 1, hash);
    snprintf(model->network_names[n], sizeof model->network_names[n], "%.*s@%.*s",
             MODEL_NAME_BYTES - 1, name, MODEL_VERSION_BYTES - 1, hash);
    model->networks[n].weights = file->file.bytes;
    model->networks[n].weights_bytes = file->file.size;
    model->bytes += (int64_t)file->file.size;
}

static int open_network(open_model *model, const char *name, const char *path, char *message)
{
    cleave_weights file;
    if (!cleave_weights_open(&file, path, message)) {
        return explain_other_file(path, message);
    }
    add_network(model, name, &file);
    return 1;
}

static int is_silent(const bag *b, int32_t m)
{
    int silent = b->source_count > 0;
    for (int32_t s = 0; s < b->source_count; s++) {
        silent &= b->weight[m][s] == 0;
    }
    return silent;
}

static int open_bag(open_model *model, const model_store *store, const model_entry *entry,
                    char *message)
{
    char path[MODEL_PATH_BYTES];
    model_entry member;
    bag b;
    if (!model_store_bag(store, entry, &b, message)) {
        return 0;
    }
    if (b.source_count > CLEAVE_STEMS_MAX) {
        return cleave_sentence(message, "the bag \"%s\" has %d sources, and %d can be separated",
                               entry->name, b.source_count, CLEAVE_STEMS_MAX);
    }
    for (int32_t m = 0; m < b.model_count; m++) {
        /* To an engine gains of 0 everywhere mean none were given. */
        if (is_silent(&b, m)) {
            continue;
        }
        if (!model_store_find(store, b.model[m], &member, message)) {
            return cleave_sentence(message,
                                   "the bag \"%s\" needs model \"%.64s\", which is not "
                                   "installed: \"cleave model import\" brings it",
                                   entry->name, b.model[m]);
        }
        if (member.version[0] == '\0') {
            return cleave_sentence(message, "model \"%.64s\" of the bag \"%s\" is a bag itself",
                                   b.model[m], entry->name);
        }
        model_store_path(store, &member, path);
        if (!open_network(model, member.name, path, message)) {
            return 0;
        }
        for (int32_t s = 0; s < b.source_count; s++) {
            model->networks[model->network_count - 1].gain[s] = (float)b.weight[m][s];
        }
    }
    model->version[0] = '\0';
    model->segment_seconds = b.segment_seconds;
    return check_sources(model, &b, entry->name, message);
}

/* Whether the bag is made for its networks. What is wrong with these themselves is told later. */
static int check_sources(const open_model *model, const bag *b, const char *name, char *message)
{
    cleave_network first = model->networks[0];
    cleave_network_info info;
    memset(first.gain, 0, sizeof first.gain);
    return b->source_count == 0 || cleave_networks_describe(&first, 1, &info, NULL) != CLEAVE_OK ||
           info.stem_count == b->source_count ||
           cleave_sentence(message, "the bag \"%s\" has %d sources, and its networks have %d", name,
                           b->source_count, info.stem_count);
}

/* Asks the engine what the networks are, and puts that in the words of the models it has itself. */
static int describe(open_model *model, char *message)
{
    cleave_error error;
    cleave_network_info *networks = &model->networks_info;
    if (cleave_networks_describe(model->networks, model->network_count, networks, &error) !=
        CLEAVE_OK) {
        return cleave_sentence(message, "%s", error.message);
    }
    char count[32] = "";
    if (model->network_count > 1) {
        snprintf(count, sizeof count, "%d networks, ", model->network_count);
    }
    snprintf(model->description, sizeof model->description,
             "%s, %s%.1f million parameters, %d Hz, segments of %.4g s", networks->kind, count,
             1e-6 * (double)networks->parameters, networks->rate_hz, networks->segment_seconds);
    cleave_model_info *info = &model->info;
    info->name = model->label;
    info->description = model->description;
    info->stem_count = info->default_stem_count = networks->stem_count;
    for (int32_t s = 0; s < networks->stem_count; s++) {
        info->stems[s] = info->default_stems[s] = networks->stems[s];
    }
    info->rate_hz = networks->rate_hz;
    info->channels_min = info->channels_max = networks->channels;
    info->needs_weights = 1;
    return 1;
}

/* How far up Spleeter's networks see. A wide form asks for 16 kHz, rounded up to the steps of 64
 * bins that they take: 1536 of a transform of 4096 frames at 44.1 kHz, as the published wide
 * configurations have. */
static int set_band(open_model *model, int is_wide, char *message)
{
    const cleave_table *table = &model->files[0].table;
    cleave_spleeter spleeter;
    if (strcmp(model->networks_info.kind, "spleeter") != 0) {
        return !is_wide ||
               cleave_sentence(message, "models of kind %s have no form \"" MODEL_WIDE "\"",
                               model->networks_info.kind);
    }
    if (!cleave_spleeter_arguments(table->config, table->header->config_bytes, &spleeter,
                                   message)) {
        return 0;
    }
    int32_t bins = spleeter.bins;
    if (is_wide) {
        int32_t most = spleeter.frame_length / 2 / 64;
        double steps = ceil(16000.0 * spleeter.frame_length / spleeter.rate_hz / 64);
        bins = model->spectrum_bins = 64 * (steps < most ? (int32_t)steps : most);
    }
    size_t used = strlen(model->description);
    snprintf(model->description + used, sizeof model->description - used, ", masks to %.1f kHz",
             1e-3 * bins * spleeter.rate_hz / spleeter.frame_length);
    return 1;
}
