/* model_facts.c: gathers what is known of a model. */
#include "host/model_facts.h"

#include "host/session.h"

#include <stdio.h>
#include <string.h>

static int fill_built_in(model_facts *facts)
{
    snprintf(facts->name, sizeof facts->name, "%s", facts->info.name);
    choose_method(facts->info.name, facts->kind);
    facts->is_built_in = facts->is_used = 1;
    return 1;
}

int model_facts_built_in(model_facts *facts, int32_t index)
{
    memset(facts, 0, sizeof *facts);
    return cleave_model_at(index, &facts->info) == CLEAVE_OK && fill_built_in(facts);
}

static void fill_entry(model_facts *facts, const model_store *store, const model_entry *entry,
                       int is_wide)
{
    char name[MODEL_LABEL_BYTES + MODEL_VERSION_BYTES];
    struct tm utc;
    memset(facts, 0, sizeof *facts);
    const char *wide = is_wide ? MODEL_WIDE : "";
    snprintf(facts->name, sizeof facts->name, "%s%s", entry->name, wide);
    memcpy(facts->entry, entry->name, sizeof facts->entry);
    memcpy(facts->version, entry->version, sizeof facts->version);
    facts->is_used = entry->used;
    facts->bytes = entry->bytes;
    model_store_path(store, entry, facts->path);
    if (gmtime_r(&entry->imported.tv_sec, &utc) == NULL ||
        strftime(facts->imported, sizeof facts->imported, "%Y-%m-%dT%H:%M:%SZ", &utc) == 0) {
        strcpy(facts->imported, "unknown");
    }
    snprintf(name, sizeof name, "%s%s%s", facts->name, entry->version[0] != '\0' ? "@" : "",
             entry->version);
    if (model_open_named(&facts->model, store, name, facts->why_not)) {
        facts->why_not[0] = '\0';
        facts->info = facts->model->info;
        facts->bytes = facts->model->bytes;
        memcpy(facts->kind, facts->model->networks_info.kind, sizeof facts->kind);
    } else if (entry->version[0] == '\0') {
        strcpy(facts->kind, "bag");
    }
}

void model_facts_entry(model_facts *facts, const model_store *store, const model_entry *entry)
{
    fill_entry(facts, store, entry, 0);
}

int model_facts_find(model_facts *facts, const model_store *store, const char *name,
                     char message[CLEAVE_SENTENCE_BYTES])
{
    model_entry entry;
    int is_wide;
    memset(facts, 0, sizeof *facts);
    if (cleave_model_find(name, &facts->info) == CLEAVE_OK) {
        return fill_built_in(facts);
    }
    if (!model_find(store, name, &entry, &is_wide, message)) {
        return 0;
    }
    fill_entry(facts, store, &entry, is_wide);
    return 1;
}

int model_facts_measure(model_facts *facts, char message[CLEAVE_SENTENCE_BYTES])
{
    static const int32_t threads[MODEL_MEMORY_ROWS] = {1, 2, 4, 8};
    cleave_config config;
    cleave_memory need;
    cleave_error error;
    const cleave_model_info *info = &facts->info;
    if (facts->model != NULL) {
        model_config(facts->model, &config);
    } else {
        cleave_config_default(&config);
        config.model = info->name;
        config.channels = info->channels_max < 2 ? info->channels_max : 2;
    }
    config.device = CLEAVE_DEVICE_CPU;
    for (int32_t i = 0; i < MODEL_MEMORY_ROWS; i++) {
        model_memory *row = &facts->memory[i];
        config.threads = row->threads = threads[i];
        if (cleave_need(&config, &need, &error) != CLEAVE_OK) {
            return cleave_sentence(message, "%s", error.message);
        }
        const session_buffers buffers = {.input_channels = config.channels,
                                         .engine_channels = config.channels,
                                         .output_channels = config.channels,
                                         .engine_stems = info->default_stem_count,
                                         .output_stems = info->default_stem_count,
                                         .is_scored = 1};
        row->engine_bytes = need.host_bytes;
        row->buffer_bytes = session_buffer_bytes(&buffers);
    }
    facts->memory_count = MODEL_MEMORY_ROWS;
    return 1;
}

double model_facts_segment(const model_facts *facts)
{
    cleave_config config;
    if (facts->model == NULL) {
        return 0;
    }
    model_config(facts->model, &config);
    return config.segment_seconds > 0 ? config.segment_seconds
                                      : facts->model->networks_info.segment_seconds;
}

const char *model_file_type(const cleave_table *table)
{
    cleave_table_tensor first;
    cleave_table_at(table, 0, &first);
    return first.type == CLEAVE_WEIGHTS_F16 ? "f16" : "f32";
}

void model_facts_free(model_facts *facts)
{
    model_close(&facts->model);
}
