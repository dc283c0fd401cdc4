/* choose_open.c: from the model's name on the command line to a model that is open. */
#include "host/choose.h"

#include "host/option_apply.h"
#include "host/suggest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAMES_MAX (MODEL_ENTRIES_MAX + 64)

/* The order in which "auto" prefers installed models; others follow by name. The first is the one
 * that Demucs itself takes by default; a bag costs as much time as it has networks; two more stems
 * cost quality in the others. */
static const char *const preferred[] = {"htdemucs", "htdemucs_ft", "hdemucs_mmi", "htdemucs_6s"};
#define PREFERRED_COUNT ((int32_t)(sizeof preferred / sizeof preferred[0]))

static int open_auto(model_shelf *shelf, const cli_options *options);
static int try_model(model_shelf *shelf, const cli_options *options, const model_store *store,
                     const char *name);
static int refuse_name(const cli_options *options, const model_store *store, const char *why,
                       char *message);

int choose_open(model_shelf *shelf, const cli_options *options, char message[OPTIONS_MESSAGE_BYTES])
{
    cleave_model_info info;
    model_store store;
    model_entry entry;
    char sentence[CLEAVE_SENTENCE_BYTES] = "";
    memset(shelf, 0, sizeof *shelf);
    if (strcmp(options->model, "auto") == 0) {
        return open_auto(shelf, options);
    }
    if (cleave_model_find(options->model, &info) == CLEAVE_OK) {
        return 0;
    }
    int has_store = model_store_open(&store, sentence);
    if (has_store && model_store_find(&store, options->model, &entry, sentence)) {
        return model_open_named(&shelf->model, &store, options->model, sentence)
                   ? 0
                   : option_refuse(message, "model %s: %s", options->model, sentence);
    }
    if (model_is_path(options->model)) {
        return model_open_file(&shelf->model, options->model, sentence)
                   ? 0
                   : option_refuse(message, "%s", sentence);
    }
    return refuse_name(options, has_store ? &store : NULL, sentence, message);
}

void choose_close(model_shelf *shelf)
{
    model_close(&shelf->model);
}

/* Whether "auto" may take an entry that has no preferred name: not a file of an official bag, which
 * is good at one stem alone. */
static int is_candidate(const model_entry *entry)
{
    uint32_t position;
    for (int32_t i = 0; i < PREFERRED_COUNT; i++) {
        if (strcmp(entry->name, preferred[i]) == 0) {
            return 0;
        }
    }
    return entry->used && cleave_official_find(entry->name, &position) == NULL;
}

static int is_installed(const model_entry *entries, int count, const char *name)
{
    for (int i = 0; i < count; i++) {
        if (strcmp(entries[i].name, name) == 0) {
            return 1;
        }
    }
    return 0;
}

/* Bags before single models, since these may be parts of those. */
static int open_auto(model_shelf *shelf, const cli_options *options)
{
    char sentence[CLEAVE_SENTENCE_BYTES];
    model_store store;
    model_entry *entries = NULL;
    int count =
        model_store_open(&store, sentence) ? model_store_list(&store, &entries, sentence) : 0;
    if (count < 0) {
        snprintf(shelf->why_not, sizeof shelf->why_not, "the installed models cannot be read (%s)",
                 sentence);
    }
    for (int32_t i = 0; i < PREFERRED_COUNT && shelf->model == NULL; i++) {
        if (is_installed(entries, count, preferred[i])) {
            try_model(shelf, options, &store, preferred[i]);
        }
    }
    for (int bags = 1; bags >= 0; bags--) {
        for (int i = 0; i < count && shelf->model == NULL; i++) {
            if (is_candidate(&entries[i]) && (entries[i].version[0] == '\0') == bags) {
                try_model(shelf, options, &store, entries[i].name);
            }
        }
    }
    free(entries);
    if (shelf->model == NULL && shelf->why_not[0] == '\0') {
        snprintf(shelf->why_not, sizeof shelf->why_not, "no model with weights is installed");
    }
    return 0;
}

/* Opens a model if the engine would run it as the options say. The first reason against one is
 * kept. */
static int try_model(model_shelf *shelf, const cli_options *options, const model_store *store,
                     const char *name)
{
    char sentence[OPTIONS_MESSAGE_BYTES];
    int ok = model_open_named(&shelf->model, store, name, sentence) &&
             choose_check(shelf, options, sentence) == 0;
    if (ok) {
        return 1;
    }
    model_close(&shelf->model);
    if (shelf->why_not[0] == '\0') {
        snprintf(shelf->why_not, sizeof shelf->why_not, "%s is installed but cannot run (%.300s)",
                 name, sentence);
    }
    return 0;
}

/* All names that --model could take, borrowed from the entries; returns how many. */
static int32_t list_names(const model_entry *entries, int entry_count, const char **names)
{
    cleave_model_info info;
    int32_t count = 0;
    names[count++] = "auto";
    for (int32_t i = 0; i < 32 && cleave_model_at(i, &info) == CLEAVE_OK; i++) {
        names[count++] = info.name;
    }
    for (int i = 0; i < entry_count; i++) {
        if (entries[i].used) {
            names[count++] = entries[i].name;
        }
    }
    for (uint32_t i = 0; i < 16 && cleave_official_at(i) != NULL; i++) {
        if (!is_installed(entries, entry_count, cleave_official_at(i)->name)) {
            names[count++] = cleave_official_at(i)->name;
        }
    }
    return count;
}

static int is_official(const char *name)
{
    int official = 0;
    for (uint32_t i = 0; cleave_official_at(i) != NULL; i++) {
        official |= strcmp(name, cleave_official_at(i)->name) == 0;
    }
    return official;
}

static int refuse_unknown(const cli_options *options, const model_entry *entries, int entry_count,
                          const char **names, char *message)
{
    int32_t count = list_names(entries, entry_count, names);
    const char *nearest = suggest_nearest(options->model, names, count);
    if (nearest != NULL && is_official(nearest) && !is_installed(entries, entry_count, nearest)) {
        return option_refuse(message,
                             "there is no model \"%.80s\"; did you mean \"%s\", which \"cleave "
                             "model pull %s\" installs?",
                             options->model, nearest, nearest);
    }
    if (nearest != NULL) {
        return option_refuse(message, "there is no model \"%.80s\"; did you mean \"%s\"?",
                             options->model, nearest);
    }
    char list[256] = "";
    for (int32_t i = 0; i < count && strlen(list) + 80 < sizeof list; i++) {
        size_t used = strlen(list);
        int missing = is_official(names[i]) && !is_installed(entries, entry_count, names[i]);
        snprintf(list + used, sizeof list - used, "%s%s%s", i > 0 ? ", " : "", names[i],
                 missing ? " (to be pulled)" : "");
    }
    return option_refuse(message, "there is no model \"%.80s\"; there are %s", options->model,
                         list);
}

/* `why` is the store's sentence, which counts when the name has a version. */
static int refuse_name(const cli_options *options, const model_store *store, const char *why,
                       char *message)
{
    char sentence[CLEAVE_SENTENCE_BYTES];
    model_entry *entries = NULL;
    if (is_official(options->model)) {
        return option_refuse(message,
                             "model %s is not installed: \"cleave model pull %s\" downloads it, "
                             "\"cleave model import FILE\" takes its checkpoint",
                             options->model, options->model);
    }
    if (strchr(options->model, '@') != NULL) {
        return option_refuse(message, "%s", why);
    }
    int count = store != NULL ? model_store_list(store, &entries, sentence) : 0;
    const char **names = calloc(NAMES_MAX, sizeof *names);
    int status = names == NULL ? option_refuse(message, "out of memory")
                               : refuse_unknown(options, entries, count, names, message);
    free(names);
    free(entries);
    return status;
}
