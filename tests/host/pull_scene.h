/* pull_scene.h: what the tests of `cleave model pull` share: a server, a store, a checkpoint in
 * several versions, and a manifest of them. */
#ifndef CLEAVE_TESTS_HOST_PULL_SCENE_H
#define CLEAVE_TESTS_HOST_PULL_SCENE_H

#include "host/model_pull.h"
#include "tests/host/http_server.h"

#define PULL_FILES 3

typedef struct pull_scene {
    char root[64];
    model_store store;
    http_server *server;
    http_server_log log;
    http_server_plan plan; /* serves the files below */
    /* Three checkpoints with the same content and each its SHA-256: "solo-HASH.th", and
     * "one-HASH.th" and "two-HASH.th". */
    unsigned char *bytes[PULL_FILES];
    size_t count;
    char hash[PULL_FILES][65], file[PULL_FILES][32];
    /* The model "solo" of the first, the bag "pair" of the others, at the server's address. */
    model_manifest manifest;
    model_pull_options options;
    model_entry entry;
    char message[CLEAVE_SENTENCE_BYTES];
    int64_t stop_at; /* bytes at which the progress callback says 0; -1: never */
    int64_t bytes_seen, total_seen;
} pull_scene;

/* 1, or 0 with a failed check. pull_scene_end() in either case. */
int pull_scene_begin(pull_scene *s);
void pull_scene_end(pull_scene *s);

/* Tells the server the plan, pulls, and gets the log. */
model_pull_status pull_scene_pull(pull_scene *s, const char *name);

/* Empties the store. */
void pull_scene_clear(pull_scene *s);

/* Bytes of a download that lies in the store, -1 if there is none; and one laid there. */
int64_t pull_scene_part_bytes(const pull_scene *s, int file);
void pull_scene_put_part(const pull_scene *s, int file, const void *bytes, size_t count);
const char *pull_scene_part_path(const pull_scene *s, int file);

/* Models that the store shows, and files of any name in its folder. */
int pull_scene_shown(const pull_scene *s);
int pull_scene_entries(const pull_scene *s);

/* Whether solo is there, whole, and nothing else is. */
int pull_scene_has_solo(pull_scene *s);

#endif
