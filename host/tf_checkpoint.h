/* tf_checkpoint.h: the files that a TensorFlow checkpoint is made of: an index, "model.index", and
 * its data, "model.data-00000-of-00001" and so on.
 *
 * They lie in a folder, or in an archive as Spleeter's models are published. A small text file,
 * "checkpoint", says which index counts when there are several. */
#ifndef CLEAVE_HOST_TF_CHECKPOINT_H
#define CLEAVE_HOST_TF_CHECKPOINT_H

#include "loader/import.h"
#include "loader/source_file.h"

#define TF_CHECKPOINT_SHARDS_MAX 64
#define TF_CHECKPOINT_NAME_BYTES 256

typedef struct tf_checkpoint {
    /* What its archive, folder or index is called, without an extension: "4stems", "model". */
    char name[TF_CHECKPOINT_NAME_BYTES];
    cleave_source_file index;
    uint32_t shard_count;
    cleave_source_file files[TF_CHECKPOINT_SHARDS_MAX];
    cleave_import_shard shards[TF_CHECKPOINT_SHARDS_MAX]; /* the same, as the importer takes them */
    uint8_t sha256[32]; /* of the archive, or of the index and then the data */
} tf_checkpoint;

/* Whether a path is that of a folder, or of a file that looks like one of a checkpoint or an
 * archive. */
int tf_checkpoint_is(const char *path);

/* Maps the files of the checkpoint whose index, folder or archive lies at path. What an archive
 * holds is unpacked into the file system of the folder `scratch`, which must exist. 1, or 0 with a
 * sentence and nothing open. */
int tf_checkpoint_open(tf_checkpoint *checkpoint, const char *path, const char *scratch,
                       char message[CLEAVE_SENTENCE_BYTES]);

/* Safe on one that is zero, and twice. */
void tf_checkpoint_close(tf_checkpoint *checkpoint);

#endif
