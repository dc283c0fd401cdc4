/* choose_open.c: from the model's name on the command line to a model that is open. */
#include "host/choose.h"

#include "host/option_apply.h"
#include "host/suggest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAMES_MAX (MODEL_ENTRIES_MAX + 2 * MODEL_MANIFEST_FILES_MAX + 64)

/* The order in which "auto" prefers installed models: these of Demucs, others of Demucs by name,
 * these of Spleeter, others of Spleeter. The first is the one that Demucs itself takes by default;
 * a bag costs as much time as it has networks; two more stems cost quality in the others. */
static const char *const preferred[] = {
    "htdemucs",        "htdemucs_ft",     "hdemucs_mmi",     "htdemucs_6s",
    "spleeter:4stems", "spleeter:5stems", "spleeter:2stems", NULL};

/* What "auto" chooses from. */
typedef struct candidates {
    model_store store;
    model_entry *entries;
    int count;
    const cli_options *options;
} candidates;

static int open_auto(model_shelf *shelf, const cli_options *options);
static void open_family(model_shelf *shelf, const candidates *all, int is_spleeter);
static void try_model(model_shelf *shelf, const candidates *all, const char *name, int is_spleeter);
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
    model_close(&shelf->flowing);
}

/* Whether "auto" may take an entry that has no preferred name: not a file of an official bag, which
 * is good at one stem alone. */
static int is_candidate(const model_entry *entry)
{
    uint32_t position;
    for (const char *const *name = preferred; *name != NULL; name++) {
        if (strcmp(entry->name, *name) == 0) {
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

static int open_auto(model_shelf *shelf, const cli_options *options)
{
    char sentence[CLEAVE_SENTENCE_BYTES];
    candidates all = {.options = options};
    model_shelf flowing = {.why_not = ""};
    all.count = model_store_open(&all.store, sentence)
                    ? model_store_list(&all.store, &all.entries, sentence)
                    : 0;
    if (all.count < 0) {
        snprintf(shelf->why_not, sizeof shelf->why_not, "the installed models cannot be read (%s)",
                 sentence);
    }
    open_family(shelf, &all, 0);
    if (shelf->model == NULL) {
        open_family(shelf, &all, 1);
    } else if (shelf->model->networks_info.normalizes) {
        open_family(&flowing, &all, 1);
        shelf->flowing = flowing.model;
    }
    if (shelf->why_not[0] == '\0') {
        snprintf(shelf->why_not, sizeof shelf->why_not, "no %s is installed",
                 shelf->model == NULL ? "model with weights" : "Demucs model");
    }
    free(all.entries);
    return 0;
}

/* Those with preferred names, then bags before single models, since these may be parts of those. */
static void open_family(model_shelf *shelf, const candidates *all, int is_spleeter)
{
    for (const char *const *name = preferred; *name != NULL; name++) {
        if (is_installed(all->entries, all->count, *name) &&
            (strncmp(*name, "spleeter:", 9) == 0) == is_spleeter) {
            try_model(shelf, all, *name, is_spleeter);
        }
    }
    for (int bags = 1; bags >= 0; bags--) {
        for (int i = 0; i < all->count; i++) {
            const model_entry *entry = &all->entries[i];
            if (is_candidate(entry) && (entry->version[0] == '\0') == bags) {
                try_model(shelf, all, entry->name, is_spleeter);
            }
        }
    }
}

/* Opens a model of the family, unless there is one, if the engine would run it as the options say.
 * The first reason against one is kept. */
static void try_model(model_shelf *shelf, const candidates *all, const char *name, int is_spleeter)
{
    char sentence[OPTIONS_MESSAGE_BYTES];
    if (shelf->model != NULL) {
        return;
    }
    int opened = model_open_named(&shelf->model, &all->store, name, sentence);
    if (opened && (strcmp(shelf->model->networks_info.kind, "spleeter") == 0) != is_spleeter) {
        model_close(&shelf->model);
        return;
    }
    if (opened && choose_check(shelf, all->options, sentence) == 0) {
        return;
    }
    model_close(&shelf->model);
    if (shelf->why_not[0] == '\0') {
        snprintf(shelf->why_not, sizeof shelf->why_not, "%s is installed but cannot run (%.300s)",
                 name, sentence);
    }
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
