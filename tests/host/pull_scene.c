/* pull_scene.c: what the tests of `cleave model pull` share. */
#include "tests/host/pull_scene.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "loader/sha256.h"
#include "tests/test.h"

static int on_progress(void *context, const model_pull_progress *p)
{
    pull_scene *s = context;

    s->bytes_seen = p->bytes;
    s->total_seen = p->total;
    return s->stop_at < 0 || p->bytes < s->stop_at;
}

/* The same content with another SHA-256: the "made by" byte of a directory record. */
static int make_version(unsigned char *bytes, int64_t count, int number)
{
    for (int64_t i = count - 5; i >= 0; i--)
        if (!memcmp(bytes + i, "PK\1\2", 4)) {
            bytes[i + 4] = (unsigned char)number;
            return 1;
        }
    return 0;
}

static void hash_of(const unsigned char *bytes, size_t count, char text[65])
{
    cleave_sha256 sha256;
    uint8_t digest[32];

    cleave_sha256_init(&sha256);
    cleave_sha256_add(&sha256, bytes, count);
    cleave_sha256_finish(&sha256, digest);
    cleave_sha256_text(digest, text);
}

static int make_files(pull_scene *s)
{
    static const char *const stems[PULL_FILES] = {"solo", "one", "two"};
    char digits[9] = "";
    int64_t count = 0;

    for (int i = 0; i < PULL_FILES; i++) {
        s->bytes[i] = test_read_file(test_golden("models/tiny_htdemucs.th"), &count);
        if (!TEST_CHECK(s->bytes[i] && make_version(s->bytes[i], count, 30 + i)))
            return 0;
        s->count = (size_t)count;
        hash_of(s->bytes[i], s->count, s->hash[i]);
        memcpy(digits, s->hash[i], 8);
        snprintf(s->file[i], sizeof s->file[i], "%s-%s.th", stems[i], digits);
        s->plan.files[i] =
            (http_server_file){.name = s->file[i], .bytes = s->bytes[i], .count = s->count};
    }
    return 1;
}

static int make_manifest(pull_scene *s)
{
    const char *url = http_server_url(s->server);
    char text[2048];

    snprintf(text, sizeof text,
             "# a comment\n\n"
             "solo\t1\t%s\t%s/official/%s\t%.8s\t0\t0\t-\n"
             "pair\t1\t%s\t%s/official/%s\t%s\t%zu\t44\t1,0,0.5,0\n"
             "pair\t2\t%s\t%s/official/%s\t%.16s\t0\t44\t0,1,0.5,1\ta column of a later version\n",
             s->file[0], url, s->file[0], s->hash[0], s->file[1], url, s->file[1], s->hash[1],
             s->count, s->file[2], url, s->file[2], s->hash[2]);
    return TEST_CHECK(model_manifest_read(&s->manifest, text, s->message));
}

int pull_scene_begin(pull_scene *s)
{
    *s = (pull_scene){.stop_at = -1};
    signal(SIGPIPE, SIG_IGN);
    unsetenv("http_proxy");
    unsetenv("all_proxy");
    unsetenv("ALL_PROXY");
    unsetenv("CLEAVE_MIRROR");
    snprintf(s->root, sizeof s->root, "/tmp/cleave_pull_XXXXXX");
    s->server = http_server_open();
    if (!TEST_CHECK(mkdtemp(s->root) && s->server) || !make_files(s) || !make_manifest(s))
        return 0;
    snprintf(s->store.folder, sizeof s->store.folder, "%s/data/models", s->root);
    s->options = (model_pull_options){
        .retry_ms = 1, .stall_seconds = 20, .context = s, .progress = on_progress};
    return 1;
}

void pull_scene_clear(pull_scene *s)
{
    char command[128];

    snprintf(command, sizeof command, "rm -rf '%s/data'", s->root);
    TEST_CHECK(system(command) == 0);
}

void pull_scene_end(pull_scene *s)
{
    pull_scene_clear(s);
    TEST_CHECK(rmdir(s->root) == 0);
    http_server_close(&s->server);
    for (int i = 0; i < PULL_FILES; i++)
        free(s->bytes[i]);
}

model_pull_status pull_scene_pull(pull_scene *s, const char *name)
{
    model_pull_status status;

    s->message[0] = 0;
    http_server_set(s->server, &s->plan);
    status = model_pull(&s->store, &s->manifest, name, &s->options, &s->entry, s->message);
    http_server_get_log(s->server, &s->log);
    return status;
}

const char *pull_scene_part_path(const pull_scene *s, int file)
{
    static char path[MODEL_PATH_BYTES];

    snprintf(path, sizeof path, "%s/.%s.part", s->store.folder, s->file[file]);
    return path;
}

int64_t pull_scene_part_bytes(const pull_scene *s, int file)
{
    struct stat status;

    return lstat(pull_scene_part_path(s, file), &status) == 0 ? (int64_t)status.st_size : -1;
}

void pull_scene_put_part(const pull_scene *s, int file, const void *bytes, size_t count)
{
    char why[CLEAVE_SENTENCE_BYTES];
    FILE *stream;

    TEST_CHECK(model_store_make_folder(&s->store, why));
    stream = fopen(pull_scene_part_path(s, file), "wb");
    if (TEST_CHECK(stream != NULL))
        TEST_CHECK(fwrite(bytes, 1, count, stream) == count && fclose(stream) == 0);
}

int pull_scene_shown(const pull_scene *s)
{
    char why[CLEAVE_SENTENCE_BYTES];
    model_entry *entries;
    const int count = model_store_list(&s->store, &entries, why);

    free(entries);
    return count;
}

int pull_scene_entries(const pull_scene *s)
{
    DIR *folder = opendir(s->store.folder);
    int count = 0;

    if (!folder)
        return 0;
    for (const struct dirent *e = readdir(folder); e; e = readdir(folder))
        count += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
    closedir(folder);
    return count;
}

int pull_scene_has_solo(pull_scene *s)
{
    char name[64];

    snprintf(name, sizeof name, "solo@%.12s", s->hash[0]);
    return model_store_find(&s->store, name, &s->entry, s->message) &&
           model_store_verify(&s->store, &s->entry, s->message) && pull_scene_entries(s) == 1;
}
