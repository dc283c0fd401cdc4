/* model_store.h: the folder where imported models live (docs/models.md).
 *
 * A model is one file, NAME@VERSION.weights; VERSION is the first 12 hexadecimal digits of the
 * SHA-256 of what it was imported from. Several versions of a name may lie side by side: the one
 * imported last is used. A bag is a small text file, NAME.bag. A ':' of a name is '=' in that of
 * its file, since some file systems know none. Whatever else lies in the folder is left alone.
 * Files appear and vanish whole, so that any number of processes may use one store.
 */
#ifndef CLEAVE_HOST_MODEL_STORE_H
#define CLEAVE_HOST_MODEL_STORE_H

#include <stdint.h>
#include <time.h>

#include "host/bag.h"
#include "loader/loader.h"

#define MODEL_NAME_BYTES    65 /* with its NUL */
#define MODEL_VERSION_BYTES 13
#define MODEL_PATH_BYTES    4096
#define MODEL_ENTRIES_MAX   4096

typedef struct model_store {
    char folder[MODEL_PATH_BYTES - 256];
} model_store;

typedef struct model_entry {
    char name[MODEL_NAME_BYTES];
    char version[MODEL_VERSION_BYTES]; /* "" for a bag */
    struct timespec imported;
    int64_t bytes;
    int used; /* the version that a bare name means */
} model_entry;

/* Finds the folder: $CLEAVE_MODELS_DIR, else $XDG_DATA_HOME/cleave/models, else
 * ~/.local/share/cleave/models. It need not exist. 1, or 0 with a sentence when none of these
 * variables is set, or one is too long. */
int model_store_open(model_store *store, char message[CLEAVE_SENTENCE_BYTES]);

/* Makes the folder, and those above it, unless they are there. */
int model_store_make_folder(const model_store *store, char message[CLEAVE_SENTENCE_BYTES]);

/* Whether a text is a model's name: 1 to 64 of a-z A-Z 0-9 _ . - :, the first a letter or digit,
 * the last no ':'. */
int model_name_ok(const char *name);

/* The entries by name, the newest version first, in malloc'ed memory; returns how many, 0 when the
 * folder is absent, -1 with a sentence when it cannot be read or holds more than MODEL_ENTRIES_MAX.
 */
int model_store_list(const model_store *store, model_entry **entries,
                     char message[CLEAVE_SENTENCE_BYTES]);

/* The entry that NAME or NAME@VERSION means (a beginning of VERSION is enough when it fits one
 * alone). */
int model_store_find(const model_store *store, const char *name, model_entry *entry,
                     char message[CLEAVE_SENTENCE_BYTES]);

void model_store_path(const model_store *store, const model_entry *entry,
                      char path[MODEL_PATH_BYTES]);

/* Reads the bag that an entry is. */
int model_store_bag(const model_store *store, const model_entry *entry, bag *b,
                    char message[CLEAVE_SENTENCE_BYTES]);

/* Reads every byte: checksums, and that a bag's models are there and have its sources. */
int model_store_verify(const model_store *store, const model_entry *entry,
                       char message[CLEAVE_SENTENCE_BYTES]);

/* Removes all versions of NAME, or the one that NAME@VERSION means; *count says how many files. */
int model_store_remove(const model_store *store, const char *name, int *count,
                       char message[CLEAVE_SENTENCE_BYTES]);

/* What an import is asked to do; zero is the default. */
typedef struct model_import_options {
    const char *name;         /* NULL: the official name, or the file's */
    const char *kind;         /* NULL: as the file says */
    cleave_weights_type type; /* 0: binary16 if the file holds nothing else, else float32 */
} model_import_options;

/* Imports a checkpoint (a file; for TensorFlow the index, a folder or an archive) or a YAML bag:
 * reads it, checks it against its model, and puts it into the store in one step, after it is safely
 * on the disk. *entry says what was made. */
int model_store_import(const model_store *store, const char *path,
                       const model_import_options *options, model_entry *entry,
                       char message[CLEAVE_SENTENCE_BYTES]);

/* Writes a bag into the store under a name. */
int model_store_put_bag(const model_store *store, const char *name, const bag *b,
                        char message[CLEAVE_SENTENCE_BYTES]);

#endif
