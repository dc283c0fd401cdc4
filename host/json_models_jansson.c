/* json_models_jansson.c: models for programs, through jansson. */
#include "host/json.h"

#include "host/json_values.h"
#include "loader/sha256.h"

#include <string.h>

static json_t *listed(const model_facts *facts);
static json_t *networks(const open_model *model);
static json_t *config(const cleave_table *table);

static json_t *names(const char *const *texts, int32_t count)
{
    json_t *array = json_array();
    for (int32_t i = 0; i < count; i++) {
        json_array_append_new(array, json_text(texts[i]));
    }
    return array;
}

void json_print_model(FILE *stream, const model_facts *facts)
{
    json_print(stream, listed(facts));
}

void json_print_listed(FILE *stream, const model_facts *facts, int is_first)
{
    json_t *object = listed(facts);
    fputc(is_first ? '[' : ',', stream);
    json_dumpf(object, stream, JSON_COMPACT | JSON_REAL_PRECISION(9));
    json_decref(object);
}

void json_print_facts_of_model(FILE *stream, const model_facts *facts)
{
    json_t *object = listed(facts);
    const open_model *model = facts->model;
    if (model != NULL) {
        json_object_set_new(object, "networks", networks(model));
    }
    if (model != NULL && facts->version[0] != '\0') {
        char source[65];
        const cleave_table *table = &model->files[0].table;
        cleave_sha256_text(table->header->source_sha256, source);
        json_object_set_new(object, "type", json_string(model_file_type(table)));
        json_object_set_new(object, "source_sha256", json_string(source));
        json_object_set_new(object, "config", config(table));
    }
    json_t *memory = json_array();
    for (int32_t i = 0; i < facts->memory_count; i++) {
        const model_memory *row = &facts->memory[i];
        json_array_append_new(memory, json_pack("{s:i, s:I, s:I}", "threads", (int)row->threads,
                                                "engine_bytes", (json_int_t)row->engine_bytes,
                                                "buffer_bytes", (json_int_t)row->buffer_bytes));
    }
    json_object_set_new(object, "memory",
                        facts->memory_count > 0 ? json_incref(memory) : json_null());
    json_decref(memory);
    json_print(stream, object);
}

static json_t *listed(const model_facts *facts)
{
    const cleave_model_info *info = &facts->info;
    json_t *object = json_object();
    json_object_set_new(object, "name", json_text(facts->name));
    json_object_set_new(object, "version",
                        facts->version[0] != '\0' ? json_text(facts->version) : json_null());
    json_object_set_new(object, "built_in", json_boolean(facts->is_built_in));
    json_object_set_new(object, "used", json_boolean(facts->is_used));
    if (!facts->is_built_in) {
        json_object_set_new(object, "bytes", json_integer(facts->bytes));
        json_object_set_new(object, "imported", json_text(facts->imported));
        json_object_set_new(object, "path", json_text(facts->path));
    }
    if (facts->why_not[0] != '\0') {
        json_object_set_new(object, "error", json_text(facts->why_not));
        return object;
    }
    json_object_set_new(object, "kind", json_text(facts->kind));
    json_object_set_new(object, "description", json_text(info->description));
    json_object_set_new(object, "stems", names(info->stems, info->stem_count));
    json_object_set_new(object, "default_stems",
                        names(info->default_stems, info->default_stem_count));
    json_object_set_new(object, "rate", json_integer(info->rate_hz));
    json_object_set_new(object, "channels_min", json_integer(info->channels_min));
    json_object_set_new(object, "channels_max", json_integer(info->channels_max));
    json_object_set_new(object, "needs_weights", json_boolean(info->needs_weights));
    if (facts->model != NULL) {
        const cleave_network_info *described = &facts->model->networks_info;
        json_object_set_new(object, "segment", json_real(model_facts_segment(facts)));
        json_object_set_new(object, "segment_max", json_real(described->segment_seconds_max));
        json_object_set_new(object, "parameters", json_integer((json_int_t)described->parameters));
    }
    return object;
}

/* Each with its version, and in a bag its gains. */
static json_t *networks(const open_model *model)
{
    json_t *array = json_array();
    for (int32_t n = 0; n < model->network_count; n++) {
        json_t *gains = json_array();
        for (int32_t s = 0; s < model->networks_info.stem_count; s++) {
            json_array_append_new(gains, json_real((double)model->networks[n].gain[s]));
        }
        int is_bag = model->version[0] == '\0';
        json_t *object = json_object();
        json_object_set_new(object, "name", json_text(model->network_names[n]));
        json_object_set_new(object, "gains", is_bag ? json_incref(gains) : json_null());
        json_array_append_new(array, object);
        json_decref(gains);
    }
    return array;
}

/* The lines key=value of a configuration. */
static json_t *config(const cleave_table *table)
{
    json_t *object = json_object();
    const char *line = table->config;
    const char *end = line + table->header->config_bytes;
    while (line < end) {
        const char *stop = memchr(line, '\n', (size_t)(end - line));
        const char *equals = memchr(line, '=', (size_t)(end - line));
        char key[CLEAVE_CONFIG_KEY_MAX + 1];
        snprintf(key, sizeof key, "%.*s", (int)(equals - line), line);
        json_object_set_new(object, key, json_stringn(equals + 1, (size_t)(stop - equals - 1)));
        line = stop + 1;
    }
    return object;
}
