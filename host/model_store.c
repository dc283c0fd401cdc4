/* model_store.c: finds, verifies and removes models. */
#include "host/model_names.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "loader/loader.h"
#include "runtime/cleave.h"

int model_store_open(model_store *store, char message[CLEAVE_SENTENCE_BYTES])
{
    static const struct {
        const char *variable, *below;
    } places[] = {{"CLEAVE_MODELS_DIR", ""},
                  {"XDG_DATA_HOME", "/cleave/models"},
                  {"HOME", "/.local/share/cleave/models"}};

    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        const char *value = getenv(places[i].variable);
        if (!value || !value[0])
            continue;
        if ((size_t)snprintf(store->folder, sizeof store->folder, "%s%s", value, places[i].below) >=
            sizeof store->folder)
            return cleave_sentence(message, "%s is too long for a folder", places[i].variable);
        return 1;
    }
    return cleave_sentence(
        message, "no folder for models: CLEAVE_MODELS_DIR, XDG_DATA_HOME and HOME are not set");
}

static int name_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

int model_name_ok(const char *name)
{
    size_t bytes = 0;

    for (; name[bytes]; bytes++)
        if (!name_character(name[bytes]) && (bytes == 0 || !strchr("_.-:", name[bytes])))
            return 0;
    return bytes >= 1 && bytes < MODEL_NAME_BYTES && name[bytes - 1] != ':';
}

static void exchange(char *text, char from, char to)
{
    for (; *text; text++)
        *text = *text == from ? to : *text;
}

/* NAME@VERSION.weights or NAME.bag -> name and version; 0 for any other file. */
static int parse_file_name(const char *file, model_entry *entry)
{
    const char *at = strchr(file, '@'), *end = strrchr(file, '.');
    const size_t name_bytes = end ? (size_t)((at ? at : end) - file) : 0;

    if (!end || name_bytes < 1 || name_bytes >= MODEL_NAME_BYTES)
        return 0;
    *entry = (model_entry){0};
    memcpy(entry->name, file, name_bytes);
    if (strchr(entry->name, ':'))
        return 0;
    exchange(entry->name, '=', ':');
    if (!at)
        return model_name_ok(entry->name) && !strcmp(end, ".bag");
    if (strcmp(end, ".weights") != 0 || end - at - 1 != MODEL_VERSION_BYTES - 1)
        return 0;
    memcpy(entry->version, at + 1, MODEL_VERSION_BYTES - 1);
    return model_name_ok(entry->name) &&
           strspn(entry->version, "0123456789abcdef") == MODEL_VERSION_BYTES - 1;
}

void model_store_path(const model_store *store, const model_entry *entry,
                      char path[MODEL_PATH_BYTES])
{
    char name[MODEL_NAME_BYTES];

    memcpy(name, entry->name, sizeof name);
    exchange(name, ':', '=');
    snprintf(path, MODEL_PATH_BYTES, "%s/%s%s%s%s", store->folder, name,
             entry->version[0] ? "@" : "", entry->version, entry->version[0] ? ".weights" : ".bag");
}

static int compare_entries(const void *x, const void *y)
{
    const model_entry *a = x, *b = y;
    const int order = strcmp(a->name, b->name);

    if (order)
        return order;
    if (a->imported.tv_sec != b->imported.tv_sec)
        return a->imported.tv_sec < b->imported.tv_sec ? 1 : -1;
    if (a->imported.tv_nsec != b->imported.tv_nsec)
        return a->imported.tv_nsec < b->imported.tv_nsec ? 1 : -1;
    return strcmp(a->version, b->version);
}

/* Reads the folder into entries, which has room for MODEL_ENTRIES_MAX. */
static int scan(DIR *folder, model_entry *entries)
{
    const struct dirent *file;
    int count = 0;

    while ((file = readdir(folder))) {
        struct stat status;
        model_entry entry;
        /* What vanished meanwhile, or is no file, is no entry. */
        if (!parse_file_name(file->d_name, &entry) ||
            fstatat(dirfd(folder), file->d_name, &status, 0) != 0 || !S_ISREG(status.st_mode))
            continue;
        if (count == MODEL_ENTRIES_MAX)
            return -1;
        entry.imported = status.st_mtim;
        entry.bytes = status.st_size;
        entries[count++] = entry;
    }
    qsort(entries, (size_t)count, sizeof *entries, compare_entries);
    for (int i = 0; i < count; i++)
        entries[i].used = i == 0 || strcmp(entries[i].name, entries[i - 1].name) != 0;
    return count;
}

int model_store_list(const model_store *store, model_entry **entries,
                     char message[CLEAVE_SENTENCE_BYTES])
{
    DIR *folder = opendir(store->folder);
    int count;

    *entries = NULL;
    if (!folder && errno == ENOENT)
        return 0;
    if (!folder) {
        cleave_sentence(message, "%.150s: %s", store->folder, strerror(errno));
        return -1;
    }
    *entries = calloc(MODEL_ENTRIES_MAX, sizeof **entries);
    count = *entries ? scan(folder, *entries) : -1;
    if (count < 0) {
        cleave_sentence(message, "%.150s: more than %d models, or no memory for them",
                        store->folder, MODEL_ENTRIES_MAX);
        free(*entries);
        *entries = NULL;
    }
    closedir(folder);
    return count;
}

static int say_absent(const model_store *store, const char *name,
                      char message[CLEAVE_SENTENCE_BYTES])
{
    char why[CLEAVE_SENTENCE_BYTES], base[MODEL_LABEL_BYTES];
    cleave_model_info info;
    model_entry entry;

    if (cleave_model_find(name, &info) == CLEAVE_OK)
        return cleave_sentence(message, "model \"%s\" is built in and has no file", name);
    if (model_names_base(name, base) && model_store_find(store, base, &entry, why))
        return cleave_sentence(message, "model \"%s\" has no file of its own: it is \"%s\"", name,
                               base);
    if (model_names_pulled(name, base))
        return cleave_sentence(message,
                               "no model \"%s\" in %.100s; \"cleave model pull %s\" brings it",
                               name, store->folder, base);
    return cleave_sentence(
        message, "no model \"%.80s\" in %.100s; \"cleave model list\" shows what there is", name,
        store->folder);
}

int model_store_find(const model_store *store, const char *name, model_entry *entry,
                     char message[CLEAVE_SENTENCE_BYTES])
{
    const char *at = strchr(name, '@');
    const size_t bytes = at ? (size_t)(at - name) : strlen(name);
    model_entry *entries;
    int count = model_store_list(store, &entries, message), matches = 0;

    if (count < 0)
        return 0;
    for (int i = 0; i < count; i++) {
        if (strlen(entries[i].name) != bytes || memcmp(entries[i].name, name, bytes) != 0 ||
            (at ? strncmp(entries[i].version, at + 1, strlen(at + 1)) != 0 : !entries[i].used))
            continue;
        *entry = entries[i];
        matches++;
    }
    free(entries);
    if (matches == 1)
        return 1;
    return matches ? cleave_sentence(message, "\"%.80s\" fits %d versions", name, matches)
                   : say_absent(store, name, message);
}

int model_store_bag(const model_store *store, const model_entry *entry, bag *b,
                    char message[CLEAVE_SENTENCE_BYTES])
{
    char path[MODEL_PATH_BYTES];
    cleave_source_file file;
    int ok;

    model_store_path(store, entry, path);
    if (!cleave_source_file_open(&file, path, message))
        return 0;
    ok = bag_read_text(b, file.bytes, file.size, message);
    cleave_source_file_close(&file);
    return ok;
}

static int verify_weights(const model_store *store, const model_entry *entry, int *sources,
                          char *message)
{
    char path[MODEL_PATH_BYTES], text[CLEAVE_CONFIG_VALUE_MAX + 1];
    cleave_weights weights;
    int ok;

    model_store_path(store, entry, path);
    if (!cleave_weights_open(&weights, path, message))
        return 0;
    ok = cleave_weights_verify(&weights, message);
    *sources = ok && cleave_table_config(&weights.table, "sources", text, sizeof text);
    for (const char *p = text; *sources && *p; p++)
        *sources += *p == ',';
    cleave_weights_close(&weights);
    return ok;
}

int model_store_verify(const model_store *store, const model_entry *entry,
                       char message[CLEAVE_SENTENCE_BYTES])
{
    char why[CLEAVE_SENTENCE_BYTES];
    model_entry member;
    int sources = 0;
    bag b;

    if (entry->version[0])
        return verify_weights(store, entry, &sources, message);
    if (!model_store_bag(store, entry, &b, message))
        return 0;
    for (int m = 0; m < b.model_count; m++) {
        if (!model_store_find(store, b.model[m], &member, message))
            return 0;
        if (!member.version[0])
            return cleave_sentence(message, "model \"%s\" of the bag is a bag itself", b.model[m]);
        if (!verify_weights(store, &member, &sources, why))
            return cleave_sentence(message, "model \"%s\" of the bag: %.150s", b.model[m], why);
        if (b.source_count && sources != b.source_count)
            return cleave_sentence(message, "model \"%s\" of the bag has %d sources, the bag %d",
                                   b.model[m], sources, b.source_count);
    }
    return 1;
}

static int remove_entry(const model_store *store, const model_entry *entry, int *count,
                        char *message)
{
    char path[MODEL_PATH_BYTES];

    model_store_path(store, entry, path);
    if (unlink(path) != 0 && errno != ENOENT)
        return cleave_sentence(message, "%.150s: %s", path, strerror(errno));
    ++*count;
    return 1;
}

int model_store_remove(const model_store *store, const char *name, int *count,
                       char message[CLEAVE_SENTENCE_BYTES])
{
    model_entry entry, *entries;
    int ok = 1, total;

    *count = 0;
    if (!model_store_find(store, name, &entry, message))
        return 0;
    if (strchr(name, '@'))
        return remove_entry(store, &entry, count, message);
    total = model_store_list(store, &entries, message);
    for (int i = 0; i < total && ok; i++)
        if (!strcmp(entries[i].name, name))
            ok = remove_entry(store, &entries[i], count, message);
    free(entries);
    return ok && total >= 0;
}
