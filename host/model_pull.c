/* model_pull.c: official models, from their address into the store. */
#include "host/model_pull.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/download.h"
#include "host/unpack.h"
#include "loader/sha256.h"

#define READ_BYTES    65536
#define VERSION_CHARS (MODEL_VERSION_BYTES - 1)

/* One file of the model. */
typedef struct pull_part {
    const model_manifest_file *source;
    char member[MODEL_NAME_BYTES]; /* its name in the store */
    char path[MODEL_PATH_BYTES];   /* of the download */
    int file;                      /* open and locked while the pull runs; -1: none */
    int wanted;                    /* the store lacks it */
} pull_part;

typedef struct pull {
    const model_store *store;
    const model_pull_options *options;
    const char *name;
    int is_bag, part_count;
    int current; /* the part on its way */
    pull_part parts[BAG_MODELS_MAX];
    char *message;
} pull;

/* The name before the dash, or before the last dot: "955717e8-8726e21a.th" -> "955717e8". */
static void name_member(const pull *p, pull_part *part)
{
    const char *file = part->source->file, *dash = strchr(file, '-'), *dot = strrchr(file, '.');
    const char *end = dash ? dash : dot;

    if (p->is_bag)
        snprintf(part->member, sizeof part->member, "%.*s",
                 (int)(end ? (size_t)(end - file) : strlen(file)), file);
    else
        snprintf(part->member, sizeof part->member, "%s", p->name);
}

/* Whether the store has the version that the manifest tells. */
static int is_stored(const pull *p, const pull_part *part, model_entry *entry)
{
    char wanted[MODEL_NAME_BYTES + MODEL_VERSION_BYTES], why[CLEAVE_SENTENCE_BYTES];

    snprintf(wanted, sizeof wanted, "%s@%.*s", part->member, VERSION_CHARS, part->source->sha256);
    return model_store_find(p->store, wanted, entry, why);
}

static void make_bag(const pull *p, bag *b)
{
    *b = (bag){.model_count = p->part_count,
               .source_count = p->parts[0].source->weight_count,
               .segment_seconds = p->parts[0].source->segment_seconds};
    for (int i = 0; i < p->part_count; i++) {
        snprintf(b->model[i], sizeof b->model[i], "%s", p->parts[i].member);
        memcpy(b->weight[i], p->parts[i].source->weight, sizeof b->weight[i]);
    }
}

static int is_bag_stored(const pull *p, model_entry *entry)
{
    char why[CLEAVE_SENTENCE_BYTES];
    bag wanted, found;

    *entry = (model_entry){0};
    snprintf(entry->name, sizeof entry->name, "%s", p->name);
    make_bag(p, &wanted);
    return model_store_bag(p->store, entry, &found, why) &&
           memcmp(&wanted, &found, sizeof wanted) == 0;
}

/* What there is to do; the number of files that are wanted, or -1 with a sentence. */
static int prepare(pull *p, const model_manifest *manifest, model_entry *entry)
{
    const model_manifest_file *first = model_manifest_find(manifest, p->name, &p->part_count);
    int wanted = 0;

    if (!first) {
        cleave_sentence(p->message, "it is none of the official models");
        return -1;
    }
    p->is_bag = p->part_count > 1 || first->segment_seconds > 0;
    for (int i = 0; i < p->part_count; i++) {
        pull_part *part = &p->parts[i];
        *part = (pull_part){.source = first + i, .file = -1};
        name_member(p, part);
        part->wanted = !is_stored(p, part, entry) || p->options->force;
        wanted += part->wanted;
        if ((size_t)snprintf(part->path, sizeof part->path, "%s/.%s.part", p->store->folder,
                             part->source->file) >= sizeof part->path) {
            cleave_sentence(p->message, "the path of the store is too long");
            return -1;
        }
    }
    return wanted;
}

/* Opens the download that an earlier pull left, or a new one, for this process alone. */
static int open_part(pull *p, pull_part *part)
{
    struct stat status;

    for (int i = 0; i < 10; i++) {
        part->file = open(part->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0666);
        if (part->file < 0 || fstat(part->file, &status) != 0)
            return cleave_sentence(p->message, "%.150s: %s", part->path, strerror(errno));
        if (!S_ISREG(status.st_mode))
            return cleave_sentence(p->message, "%.150s: is no regular file", part->path);
        if (flock(part->file, LOCK_EX | LOCK_NB) != 0)
            return errno == EWOULDBLOCK
                       ? cleave_sentence(p->message, "%s is being downloaded by another process",
                                         part->source->file)
                       : cleave_sentence(p->message, "%.150s: %s", part->path, strerror(errno));
        /* Who had it before may have deleted it between the two calls. */
        if (fstat(part->file, &status) == 0 && status.st_nlink > 0)
            return 1;
        close(part->file);
        part->file = -1;
    }
    return cleave_sentence(p->message, "%.150s: it vanishes again and again", part->path);
}

static void delete_part(const pull_part *part)
{
    unlink(part->path);
}

/* Ends the use of a download; an empty one is of no use to anyone. */
static void close_part(pull_part *part)
{
    struct stat status;

    if (part->file < 0)
        return;
    if (fstat(part->file, &status) == 0 && status.st_nlink > 0 && status.st_size == 0)
        delete_part(part);
    close(part->file);
    part->file = -1;
}

/* The SHA-256 of what lies on the disk. */
static int hash_part(const pull_part *part, char text[65])
{
    unsigned char bytes[READ_BYTES];
    cleave_sha256 sha256;
    uint8_t digest[32];
    off_t at = 0;
    ssize_t count;

    cleave_sha256_init(&sha256);
    while ((count = pread(part->file, bytes, sizeof bytes, at)) != 0) {
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return 0;
        cleave_sha256_add(&sha256, bytes, (size_t)count);
        at += count;
    }
    cleave_sha256_finish(&sha256, digest);
    cleave_sha256_text(digest, text);
    return 1;
}

static int is_right(const pull_part *part, const char *hash)
{
    return strncmp(hash, part->source->sha256, strlen(part->source->sha256)) == 0;
}

static int address_of(const pull *p, const pull_part *part, char *address, size_t bytes)
{
    const char *mirror = p->options->mirror;
    int used;

    if (!mirror) {
        snprintf(address, bytes, "%s", part->source->address);
        return 1;
    }
    if (strncmp(mirror, "https://", 8) != 0 && strncmp(mirror, "http://", 7) != 0)
        return cleave_sentence(p->message, "the mirror \"%.150s\" is no http or https address",
                               mirror);
    used = snprintf(address, bytes, "%s%s%s", mirror, mirror[strlen(mirror) - 1] == '/' ? "" : "/",
                    part->source->file);
    return (size_t)used < bytes || cleave_sentence(p->message, "the mirror's address is too long");
}

static int tell_progress(void *context, int64_t bytes, int64_t total)
{
    const pull *p = context;
    const model_manifest_file *source = p->parts[p->current].source;
    model_pull_progress progress = {.file = source->file,
                                    .index = p->current + 1,
                                    .count = p->part_count,
                                    .bytes = bytes,
                                    .total = total < 0 && source->bytes ? source->bytes : total};

    return p->options->progress(p->options->context, &progress);
}

/* Downloads what is missing of a part, and keeps it if it is right. */
static model_pull_status fetch_part(pull *p, pull_part *part)
{
    char address[2 * MODEL_MANIFEST_ADDRESS_BYTES], hash[65];
    const int64_t bytes = part->source->bytes;
    const download d = {.address = address,
                        .bytes_max = bytes ? bytes : DOWNLOAD_BYTES_MAX,
                        .retry_ms = p->options->retry_ms,
                        .stall_seconds = p->options->stall_seconds,
                        .context = p,
                        .progress = tell_progress};

    if (!address_of(p, part, address, sizeof address) || !open_part(p, part))
        return MODEL_PULL_FAILED;
    if (hash_part(part, hash) && is_right(part, hash))
        return MODEL_PULL_DONE;
    switch (download_file(&d, part->file, p->message)) {
    case DOWNLOAD_DONE:
        break;
    case DOWNLOAD_STOPPED:
        cleave_sentence(p->message,
                        "interrupted; what came of %s is kept, and the next pull goes on there",
                        part->source->file);
        return MODEL_PULL_STOPPED;
    case DOWNLOAD_LOST:
        delete_part(part);
        return MODEL_PULL_FAILED;
    default:
        return MODEL_PULL_FAILED;
    }
    if (!hash_part(part, hash)) {
        cleave_sentence(p->message, "%.150s: %s", part->path, strerror(errno));
        return MODEL_PULL_FAILED;
    }
    if (is_right(part, hash))
        return MODEL_PULL_DONE;
    delete_part(part);
    cleave_sentence(p->message, "%.130s: its SHA-256 begins with %.8s, not %.8s; it is deleted",
                    address, hash, part->source->sha256);
    return MODEL_PULL_FAILED;
}

static model_pull_status fetch_all(pull *p)
{
    model_pull_status status = MODEL_PULL_DONE;

    for (int i = 0; i < p->part_count && status == MODEL_PULL_DONE; i++) {
        p->current = i;
        if (p->parts[i].wanted)
            status = fetch_part(p, &p->parts[i]);
    }
    return status;
}

/* From the downloads, all of which are right, into the store. */
static int store_all(pull *p, model_entry *entry)
{
    bag b;

    for (int i = 0; i < p->part_count; i++) {
        pull_part *part = &p->parts[i];
        const model_import_options import = {.name = part->member};
        if (part->wanted && !model_store_import(p->store, part->path, &import, entry, p->message))
            return 0;
        if (part->wanted)
            delete_part(part);
    }
    if (!p->is_bag)
        return 1;
    make_bag(p, &b);
    *entry = (model_entry){.used = 1};
    snprintf(entry->name, sizeof entry->name, "%s", p->name);
    return model_store_put_bag(p->store, p->name, &b, p->message);
}

static int needs_archives(const pull *p)
{
    int count = 0;

    for (int i = 0; i < p->part_count; i++)
        count += strstr(p->parts[i].source->file, ".tar") != NULL;
    return count > 0;
}

model_pull_status model_pull(const model_store *store, const model_manifest *manifest,
                             const char *name, const model_pull_options *options,
                             model_entry *entry, char message[CLEAVE_SENTENCE_BYTES])
{
    pull p = {.store = store, .options = options, .name = name, .message = message};
    const int wanted = prepare(&p, manifest, entry);
    model_pull_status status;

    if (wanted < 0)
        return MODEL_PULL_FAILED;
    if (wanted == 0 && (!p.is_bag || is_bag_stored(&p, entry)))
        return MODEL_PULL_ALREADY;
    if (wanted > 0 && needs_archives(&p) && !unpack_backend()) {
        cleave_sentence(message,
                        "its archive needs the library libarchive, which this build is without");
        return MODEL_PULL_FAILED;
    }
    if (wanted > 0 && !http_backend()) {
        cleave_sentence(message, "downloads need the library libcurl, which this build is without");
        return MODEL_PULL_FAILED;
    }
    if (!model_store_make_folder(store, message))
        return MODEL_PULL_FAILED;
    status = fetch_all(&p);
    if (status == MODEL_PULL_DONE && !store_all(&p, entry))
        status = MODEL_PULL_FAILED;
    for (int i = 0; i < p.part_count; i++)
        close_part(&p.parts[i]);
    return status;
}
