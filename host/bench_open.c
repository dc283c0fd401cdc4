/* bench_open.c: from the name of a model to what an engine is made of. */
#include "host/bench.h"

#include "host/model_synthetic.h"
#include "host/suggest.h"

#include <string.h>

static int refuse_name(const char *name, char *message);

/* "vocals,drums" */
static int split_stems(const char *list, cleave_config *config,
                       char stems[CLEAVE_STEMS_MAX][CLEAVE_NAME_BYTES], char *message)
{
    while (list != NULL && *list != '\0') {
        size_t bytes = strcspn(list, ",");
        if (bytes == 0 || bytes >= CLEAVE_NAME_BYTES || config->stem_count == CLEAVE_STEMS_MAX) {
            return cleave_sentence(message,
                                   "option \"--stems\" takes up to %d names with commas between",
                                   CLEAVE_STEMS_MAX);
        }
        memcpy(stems[config->stem_count], list, bytes);
        stems[config->stem_count][bytes] = '\0';
        config->stems[config->stem_count] = stems[config->stem_count];
        config->stem_count++;
        list += bytes + (list[bytes] == ',');
    }
    return 1;
}

/* A model of the engine's own leaves *model NULL. */
static int open_model_of(const bench_options *options, open_model **model, char *message)
{
    const char *name = options->names[0];
    cleave_model_info info;
    model_store store;
    model_entry entry;
    int is_wide;
    *model = NULL;
    if (cleave_model_find(name, &info) == CLEAVE_OK) {
        return 1;
    }
    if (options->synthetic) {
        return model_open_synthetic(model, name, message);
    }
    if (model_store_open(&store, message) && model_find(&store, name, &entry, &is_wide, message)) {
        return model_open_named(model, &store, name, message);
    }
    if (model_is_path(name)) {
        return model_open_file(model, name, message);
    }
    return strchr(name, '@') != NULL ? 0 : refuse_name(name, message);
}

static int refuse_name(const char *name, char *message)
{
    const char *list[2 * MODEL_MANIFEST_FILES_MAX + 8];
    char pulled[MODEL_LABEL_BYTES];
    cleave_model_info info;
    model_names official;
    int32_t count = 0;
    if (model_names_pulled(name, pulled)) {
        return cleave_sentence(message,
                               "model %s is not installed: \"cleave model pull %s\" downloads it, "
                               "and --synthetic measures it without its weights",
                               name, pulled);
    }
    model_names_official(&official);
    for (int32_t i = 0; i < 8 && cleave_model_at(i, &info) == CLEAVE_OK; i++) {
        list[count++] = info.name;
    }
    for (int32_t i = 0; i < official.count; i++) {
        list[count++] = official.name[i];
    }
    const char *nearest = suggest_nearest(name, list, count);
    if (nearest != NULL) {
        return cleave_sentence(message, "there is no model \"%.64s\"; did you mean \"%s\"?", name,
                               nearest);
    }
    return cleave_sentence(message,
                           "there is no model \"%.64s\"; \"cleave models\" lists those that are "
                           "installed",
                           name);
}

int bench_open(const bench_options *options, open_model **model, cleave_config *config,
               char stems[CLEAVE_STEMS_MAX][CLEAVE_NAME_BYTES], char message[CLEAVE_SENTENCE_BYTES])
{
    topology machine;
    if (!open_model_of(options, model, message)) {
        return 0;
    }
    if (*model != NULL) {
        model_config(*model, config);
    } else {
        cleave_config_default(config);
        config->model = options->names[0];
    }
    topology_get(&machine);
    config->threads = options->threads > 0 ? options->threads : machine.threads;
    config->device = options->device == CLEAVE_DEVICE_AUTO ? CLEAVE_DEVICE_CPU : options->device;
    config->device_index = options->device_index;
    config->precision = options->precision;
    if (options->segment_seconds > 0) {
        config->segment_seconds = options->segment_seconds;
    }
    if (options->rate_hz > 0) {
        config->rate_hz = options->rate_hz;
    }
    if (options->channels > 0) {
        config->channels = options->channels;
    }
    if (!split_stems(options->stems, config, stems, message) ||
        (options->isa != NULL &&
         !bench_isa_off(options->isa, &config->cpu_features_off, message))) {
        model_close(model);
        return 0;
    }
    return 1;
}
