/* choose_open.c: from the model's name on the command line to a model that is open. */
#include "host/choose.h"

#include "host/option_apply.h"
#include "host/suggest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAMES_MAX (MODEL_ENTRIES_MAX + 2 * MODEL_MANIFEST_FILES_MAX + 64)

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
    int is_wide;
    if (has_store && model_find(&store, options->model, &entry, &is_wide, sentence)) {
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

/* All names that --model could take, borrowed from the entries and the official names; returns how
 * many. */
static int32_t list_names(const model_entry *entries, int entry_count, const model_names *official,
                          const char **names)
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
    for (int32_t i = 0; i < official->count; i++) {
        if (!is_installed(entries, entry_count, official->name[i])) {
            names[count++] = official->name[i];
        }
    }
    return count;
}

/* What to pull for a name that is official and not installed, nor its base; NULL if it is neither.
 */
static const char *to_be_pulled(const model_entry *entries, int entry_count, const char *name,
                                char pulled[MODEL_LABEL_BYTES])
{
    return model_names_pulled(name, pulled) && !is_installed(entries, entry_count, name) &&
                   !is_installed(entries, entry_count, pulled)
               ? pulled
               : NULL;
}

static int refuse_unknown(const cli_options *options, const model_entry *entries, int entry_count,
                          const char **names, char *message)
{
    char pulled[MODEL_LABEL_BYTES];
    model_names official;
    model_names_official(&official);
    int32_t count = list_names(entries, entry_count, &official, names);
    const char *nearest = suggest_nearest(options->model, names, count);
    if (nearest != NULL && to_be_pulled(entries, entry_count, nearest, pulled)) {
        return option_refuse(message,
                             "there is no model \"%.80s\"; did you mean \"%s\", which \"cleave "
                             "model pull %s\" installs?",
                             options->model, nearest, pulled);
    }
    if (nearest != NULL) {
        return option_refuse(message, "there is no model \"%.80s\"; did you mean \"%s\"?",
                             options->model, nearest);
    }
    char list[400] = "";
    for (int32_t i = 0; i < count && strlen(list) + 100 < sizeof list; i++) {
        size_t used = strlen(list);
        int missing = to_be_pulled(entries, entry_count, names[i], pulled) != NULL;
        if (strstr(names[i], MODEL_WIDE) == NULL) {
            snprintf(list + used, sizeof list - used, "%s%s%s", i > 0 ? ", " : "", names[i],
                     missing ? " (to be pulled)" : "");
        }
    }
    return option_refuse(message, "there is no model \"%.80s\"; there are %s", options->model,
                         list);
}

/* `why` is the store's sentence, which counts when the name has a version. */
static int refuse_name(const cli_options *options, const model_store *store, const char *why,
                       char *message)
{
    char sentence[CLEAVE_SENTENCE_BYTES];
    char pulled[MODEL_LABEL_BYTES];
    model_entry *entries = NULL;
    if (model_names_pulled(options->model, pulled)) {
        return option_refuse(message,
                             "model %s is not installed: \"cleave model pull %s\" downloads it, "
                             "\"cleave model import FILE\" takes its checkpoint",
                             options->model, pulled);
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
