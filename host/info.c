/* info.c: `cleave info`, `models` and `--version`: what is in this binary and under it. */
#include "host/audio.h"
#include "host/bag.h"
#include "host/commands.h"
#include "host/http.h"
#include "host/json.h"
#include "host/png.h"
#include "host/topology.h"
#include "host/unpack.h"
#include "runtime/cleave.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FACTS_MAX 32
#define GPUS_MAX  8 /* that are listed */

/* Facts, and the room for those that are made up. */
typedef struct fact_list {
    int32_t count;
    json_fact facts[FACTS_MAX];
    char cores[32], threads[32], caches[64], models[256];
    char device[64];
    char gpu_names[GPUS_MAX][16], gpus[GPUS_MAX][CLEAVE_MESSAGE_BYTES];
} fact_list;

static void add(fact_list *list, const char *name, const char *value)
{
    list->facts[list->count].name = name;
    list->facts[list->count].value = value;
    list->count++;
}

/* The engine says what it computes on. */
static void find_processor(char *text, size_t bytes)
{
    cleave_engine *engine = NULL;
    cleave_engine_info info;
    cleave_error error = {0};
    cleave_config config;
    cleave_config_default(&config);
    config.device = CLEAVE_DEVICE_CPU;
    config.segment_seconds = 0.1;
    if (cleave_open(&config, &engine, &error) != CLEAVE_OK) {
        snprintf(text, bytes, "%.63s", error.message);
        return;
    }
    cleave_engine_info_get(engine, &info);
    snprintf(text, bytes, "%s", info.device);
    cleave_close(&engine);
}

/* A line for each GPU, or one that says why there is none. */
static void add_gpus(fact_list *list)
{
    cleave_device_info gpu;
    cleave_error error = {0};
    for (int32_t i = 0; i < GPUS_MAX; i++) {
        cleave_status status = cleave_device_at(i, &gpu, &error);
        if (status == CLEAVE_OK) {
            snprintf(list->gpus[i], sizeof list->gpus[i],
                     "%s, compute capability %d.%d, %.1f GB, %.1f GB free", gpu.name,
                     (int)gpu.major, (int)gpu.minor, (double)gpu.memory_bytes / 1e9,
                     (double)gpu.memory_free_bytes / 1e9);
        } else if (i == 0) {
            snprintf(list->gpus[i], sizeof list->gpus[i], "%s", error.message);
        } else {
            break;
        }
        snprintf(list->gpu_names[i], sizeof list->gpu_names[i], i > 0 ? "cuda:%d" : "cuda", (int)i);
        add(list, list->gpu_names[i], list->gpus[i]);
        if (status != CLEAVE_OK) {
            break;
        }
    }
}

static void find_models(char *text, size_t bytes)
{
    cleave_model_info model;
    size_t used = 0;
    text[0] = '\0';
    for (int32_t i = 0; cleave_model_at(i, &model) == CLEAVE_OK; i++) {
        if (used + strlen(model.name) + 3 < bytes) {
            used += (size_t)snprintf(text + used, bytes - used, "%s%s", used > 0 ? ", " : "",
                                     model.name);
        }
    }
}

int info_run(const cli_options *options)
{
    fact_list list = {0};
    topology machine;
    topology_get(&machine);
    snprintf(list.cores, sizeof list.cores, "%d of %d processors", machine.cores,
             machine.processors);
    snprintf(list.threads, sizeof list.threads, "%d", machine.threads);
    snprintf(list.caches, sizeof list.caches, "%zu, %zu, %zu KiB", machine.l1_bytes / 1024,
             machine.l2_bytes / 1024, machine.l3_bytes / 1024);
    find_processor(list.device, sizeof list.device);
    find_models(list.models, sizeof list.models);
    add(&list, "version", cleave_version());
    add(&list, "models", list.models);
    add(&list, "libsndfile", audio_backend_sndfile());
    add(&list, "ffmpeg", audio_backend_ffmpeg());
    add(&list, "libflac", audio_backend_flac());
    add(&list, "resampler", audio_backend_resampler());
    add(&list, "hwloc", topology_backend_hwloc());
    add(&list, "json", json_backend());
    add(&list, "yaml", bag_yaml_backend());
    add(&list, "downloads", http_backend());
    add(&list, "archives", unpack_backend());
    add(&list, "pictures", png_backend());
    add(&list, "processor", machine.cpu_name);
    add(&list, "cores", list.cores);
    add(&list, "threads", list.threads);
    add(&list, "caches", list.caches);
    add(&list, "engine", list.device);
    add_gpus(&list);
    if (options->json) {
        json_print_facts(stdout, list.facts, list.count);
        return EXIT_DONE;
    }
    for (int32_t i = 0; i < list.count; i++) {
        printf("%-12s %s\n", list.facts[i].name,
               list.facts[i].value != NULL ? list.facts[i].value : "not in this build");
    }
    return EXIT_DONE;
}

static void print_model(const cli_options *options, const model_facts *facts)
{
    if (options->json) {
        json_print_model(stdout, facts);
        return;
    }
    const cleave_model_info *info = &facts->info;
    int has_vocals = 0;
    int has_accompaniment = 0;
    printf("%-16s %s\n%-16s stems:", facts->name, info->description, "");
    for (int32_t s = 0; s < info->stem_count; s++) {
        printf("%s %s", s > 0 ? "," : "", info->stems[s]);
        has_vocals |= strcmp(info->stems[s], "vocals") == 0;
        has_accompaniment |= strcmp(info->stems[s], "accompaniment") == 0;
    }
    printf("%s\n", has_vocals && !has_accompaniment ? ", accompaniment" : "");
}

/* The engine's own models, then the installed ones that can be used by their bare names. */
int models_run(const cli_options *options)
{
    char message[CLEAVE_SENTENCE_BYTES];
    model_store store;
    model_entry *entries = NULL;
    model_facts facts;
    for (int32_t i = 0; model_facts_built_in(&facts, i); i++) {
        print_model(options, &facts);
    }
    int count =
        model_store_open(&store, message) ? model_store_list(&store, &entries, message) : -1;
    for (int i = 0; i < count; i++) {
        model_facts_entry(&facts, &store, &entries[i]);
        if (facts.is_used && facts.why_not[0] == '\0') {
            print_model(options, &facts);
        }
        model_facts_free(&facts);
    }
    if (count == 0 && !options->json) {
        fprintf(stderr, "none is installed in %s; \"cleave model pull htdemucs\" brings one\n",
                store.folder);
    }
    free(entries);
    return EXIT_DONE;
}

int version_run(void)
{
    printf("cleave %s\n", cleave_version());
    return EXIT_DONE;
}
