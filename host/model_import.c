/* model_import.c: puts checkpoints and bags into the store. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "host/model_draft.h"
#include "host/model_manifest.h"
#include "host/model_store.h"
#include "host/output.h"
#include "host/tf_checkpoint.h"
#include "loader/loader.h"
#include "loader/sha256.h"

int model_store_make_folder(const model_store *store, char message[CLEAVE_SENTENCE_BYTES])
{
    char path[MODEL_PATH_BYTES];

    snprintf(path, sizeof path, "%s", store->folder);
    for (char *p = path + 1; *p; p++) {
        if (*p != '/')
            continue;
        *p = 0;
        mkdir(path, 0777); /* what fails here fails again below */
        *p = '/';
    }
    if (mkdir(path, 0777) != 0 && errno != EEXIST)
        return cleave_sentence(message, "%.150s: %s", store->folder, strerror(errno));
    return 1;
}

int model_store_put_bag(const model_store *store, const char *name, const bag *b,
                        char message[CLEAVE_SENTENCE_BYTES])
{
    char path[MODEL_PATH_BYTES], *text = malloc(BAG_FILE_BYTES);
    model_entry entry = {0};
    model_draft d;
    int ok;

    if (!text)
        return cleave_sentence(message, "no memory for a bag");
    snprintf(entry.name, sizeof entry.name, "%s", name);
    model_store_path(store, &entry, path);
    ok = model_draft_open(&d, store, message);
    if (ok) {
        ok = model_draft_write(&d, text, bag_write_text(b, text)) ||
             cleave_sentence(message, "%.150s: %s", path, strerror(errno));
        ok = model_draft_finish(&d, path, ok, message);
    }
    free(text);
    return ok;
}

static int hex_digits(const char *text, size_t count)
{
    return strspn(text, "0123456789abcdef") >= count;
}

/* What a checkpoint's file name says: a stem, and for official names "SIGNATURE-HASH.th" the
 * signature and the hash. */
typedef struct file_name {
    char stem[MODEL_NAME_BYTES], signature[9], hash[9];
} file_name;

static void read_file_name(const char *path, file_name *n)
{
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path,
               *dot = strrchr(base, '.');
    const size_t bytes = dot && dot != base ? (size_t)(dot - base) : strlen(base);

    *n = (file_name){0};
    snprintf(n->stem, sizeof n->stem, "%.*s", (int)(bytes < 64 ? bytes : 64), base);
    if (bytes == 17 && base[8] == '-' && hex_digits(base, 8) && hex_digits(base + 9, 8)) {
        memcpy(n->signature, base, 8);
        memcpy(n->hash, base + 9, 8);
    }
}

static int set_name(char name[MODEL_NAME_BYTES], const char *chosen, char *message)
{
    if (!model_name_ok(chosen))
        return cleave_sentence(
            message, "\"%.80s\" is no name for a model: letters, digits, _ . - : only; use --name",
            chosen);
    memcpy(name, chosen, strlen(chosen) + 1);
    return 1;
}

/* The name in the store: that asked for; the official one, or the signature for a file of a bag;
 * the file's own. */
static int choose_name(const file_name *n, const model_import_options *options, char *name,
                       char *message)
{
    uint32_t position = 0;
    const cleave_official *official = cleave_official_find(n->signature, &position);
    const char *chosen = options->name                                   ? options->name
                         : official && strchr(official->signatures, ' ') ? n->signature
                         : official                                      ? official->name
                                                                         : n->stem;
    return set_name(name, chosen, message);
}

static int set_kind(cleave_import *import, const char *kind, char *message)
{
    if (!kind)
        return 1;
    if (import->kind[0] && strcmp(import->kind, kind) != 0)
        return cleave_sentence(message, "the file holds a model of kind %s, not %.32s",
                               import->kind, kind);
    if (strcmp(kind, "htdemucs") != 0 && strcmp(kind, "hdemucs") != 0 &&
        strcmp(kind, "spleeter") != 0)
        return cleave_sentence(message, "kind \"%.32s\" is unknown: htdemucs, hdemucs or spleeter",
                               kind);
    memcpy(import->kind, kind, strlen(kind) + 1);
    return 1;
}

static int write_model(const model_store *store, const cleave_import *import,
                       cleave_weights_type type, const uint8_t sha256[32], model_entry *entry,
                       char *message)
{
    char path[MODEL_PATH_BYTES];
    struct stat status;
    model_draft d;
    int ok;

    model_store_path(store, entry, path);
    if (!model_draft_open(&d, store, message))
        return 0;
    ok = cleave_weights_write(import, type, sha256, model_draft_write, &d, message);
    if (!ok && !message[0])
        cleave_sentence(message, "%.150s: %s", store->folder, strerror(errno));
    if (!model_draft_finish(&d, path, ok, message))
        return 0;
    if (stat(path, &status) == 0) {
        entry->bytes = status.st_size;
        entry->imported = status.st_mtim;
    }
    entry->used = 1;
    return 1;
}

/* What was read, checked and written; the import is closed. */
static int finish_import(const model_store *store, cleave_import *import,
                         const model_import_options *options, const uint8_t sha256[32],
                         model_entry *entry, char *message)
{
    const cleave_weights_type type = options->type ? options->type : cleave_import_smallest(import);
    const int ok = set_kind(import, options->kind, message) &&
                   cleave_import_check(import, message) &&
                   write_model(store, import, type, sha256, entry, message);

    cleave_import_close(import);
    return ok;
}

static int import_checkpoint(const model_store *store, const cleave_source_file *file,
                             const file_name *names, const model_import_options *options,
                             model_entry *entry, char *message)
{
    uint8_t digest[32];
    char hash[65];
    cleave_sha256 sha256;
    cleave_import import;

    cleave_sha256_init(&sha256);
    cleave_sha256_add(&sha256, file->bytes, file->size);
    cleave_sha256_finish(&sha256, digest);
    cleave_sha256_text(digest, hash);
    if (names->hash[0] && memcmp(hash, names->hash, 8) != 0)
        return cleave_sentence(
            message, "its SHA-256 begins with %.8s, its name says %s: the file is damaged", hash,
            names->hash);
    if (!choose_name(names, options, entry->name, message))
        return 0;
    memcpy(entry->version, hash, MODEL_VERSION_BYTES - 1);
    if (!cleave_import_open(&import, file->bytes, file->size, message))
        return 0;
    return finish_import(store, &import, options, digest, entry, message);
}

/* An archive that is called as an official file must be that file. */
static int check_official(const char *path, const char *hash, char *message)
{
    const char *base = output_base_name(path);
    model_manifest manifest;

    if (!model_manifest_read(&manifest, model_manifest_text, message))
        return 0;
    for (int32_t i = 0; i < manifest.count; i++) {
        const model_manifest_file *file = &manifest.files[i];
        if (!strcmp(file->file, base) && strncmp(hash, file->sha256, strlen(file->sha256)) != 0)
            return cleave_sentence(
                message,
                "its SHA-256 begins with %.8s, that of the official %s with "
                "%.8s: it is damaged, or a model of your own, which --name names",
                hash, file->model, file->sha256);
    }
    return 1;
}

/* What Spleeter calls its models, "4stems", comes after the family; "model", as TensorFlow calls
 * its files, says nothing, and the number of instruments is their name; any other is one. */
static int name_tensorflow(const tf_checkpoint *c, const cleave_import *import, char *name,
                           char *message)
{
    static const char *const names[] = {"spleeter:2stems", "spleeter:4stems", "spleeter:5stems"};
    char sources[CLEAVE_CONFIG_VALUE_MAX + 1], own[32];
    int instruments = 1;

    if (!cleave_config_text_get(import->config, import->config_bytes, "sources", sources,
                                sizeof sources))
        return set_name(name, c->name, message);
    for (const char *p = sources; *p; p++)
        instruments += *p == ',';
    snprintf(own, sizeof own, "spleeter:%dstems", instruments);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (!strcmp(c->name, "model") && !strcmp(own, names[i]))
            return set_name(name, own, message);
        if (strcmp(c->name, strchr(names[i], ':') + 1) != 0)
            continue;
        return !strcmp(own, names[i])
                   ? set_name(name, own, message)
                   : cleave_sentence(message, "is called \"%s\" and has %d instruments: use --name",
                                     c->name, instruments);
    }
    return set_name(name, c->name, message);
}

static int import_tensorflow(const model_store *store, const char *path,
                             const model_import_options *options, model_entry *entry, char *message)
{
    tf_checkpoint *c = calloc(1, sizeof *c);
    cleave_import import;
    char hash[65];
    int ok;

    if (!c)
        return cleave_sentence(message, "no memory for a checkpoint");
    ok = (!options->name || set_name(entry->name, options->name, message)) &&
         model_store_make_folder(store, message) &&
         tf_checkpoint_open(c, path, store->folder, message);
    cleave_sha256_text(c->sha256, hash);
    ok = ok && (options->name || check_official(path, hash, message)) &&
         cleave_import_tensorflow(&import, c->index.bytes, c->index.size, c->shards, c->shard_count,
                                  message);
    if (ok && !options->name && !name_tensorflow(c, &import, entry->name, message)) {
        cleave_import_close(&import);
        ok = 0;
    }
    memcpy(entry->version, hash, MODEL_VERSION_BYTES - 1);
    ok = ok && finish_import(store, &import, options, c->sha256, entry, message);
    tf_checkpoint_close(c);
    free(c);
    return ok;
}

static int import_bag(const model_store *store, const cleave_source_file *file,
                      const file_name *names, const model_import_options *options,
                      model_entry *entry, char *message)
{
    const char *name = options->name ? options->name : names->stem;
    uint32_t position;
    bag b;

    if (!model_name_ok(name))
        return cleave_sentence(message, "\"%.80s\" is no name for a bag", name);
    if (!bag_read_yaml(&b, file->bytes, file->size, message))
        return 0;
    for (int m = 0; m < b.model_count; m++) {
        const cleave_official *official = cleave_official_find(b.model[m], &position);
        if (official && !strchr(official->signatures, ' '))
            snprintf(b.model[m], sizeof b.model[m], "%s", official->name);
        if (!model_name_ok(b.model[m]))
            return cleave_sentence(message, "the bag's model \"%.80s\" is no name", b.model[m]);
        if (!strcmp(b.model[m], name))
            return cleave_sentence(
                message, "the bag \"%.64s\" would hold itself: import its model's file instead",
                name);
    }
    snprintf(entry->name, sizeof entry->name, "%s", name);
    entry->used = 1;
    return model_store_put_bag(store, name, &b, message);
}

/* With the last file of an official bag comes the bag: model m gives source m alone. */
static int complete_bag(const model_store *store, const char *signature, char *message)
{
    uint32_t position = 0;
    const cleave_official *official = cleave_official_find(signature, &position);
    char why[CLEAVE_SENTENCE_BYTES];
    model_entry member;
    bag b = {0};

    if (!official || !strchr(official->signatures, ' '))
        return 1;
    for (const char *s = official->signatures;; s += 9) {
        char *name = b.model[b.model_count];
        snprintf(name, sizeof b.model[0], "%.8s", s);
        if (!model_store_find(store, name, &member, why))
            return 1;
        b.weight[b.model_count][b.model_count] = 1;
        b.source_count = ++b.model_count;
        if (strlen(s) == 8)
            break;
    }
    return model_store_put_bag(store, official->name, &b, message);
}

int model_store_import(const model_store *store, const char *path,
                       const model_import_options *options, model_entry *entry,
                       char message[CLEAVE_SENTENCE_BYTES])
{
    const char *dot = strrchr(path, '.');
    cleave_source_file file;
    file_name names;
    int ok;

    *entry = (model_entry){0};
    if (tf_checkpoint_is(path))
        return import_tensorflow(store, path, options, entry, message);
    read_file_name(path, &names);
    if (!cleave_source_file_open(&file, path, message))
        return 0;
    if (dot && (!strcmp(dot, ".yaml") || !strcmp(dot, ".yml")))
        ok = import_bag(store, &file, &names, options, entry, message);
    else
        ok = import_checkpoint(store, &file, &names, options, entry, message) &&
             (options->name || complete_bag(store, names.signature, message));
    cleave_source_file_close(&file);
    return ok;
}
