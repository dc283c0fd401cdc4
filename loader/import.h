/* import.h: official checkpoints, as a list of tensors that lie in the file, and a configuration.
 *
 * Importers read and bound; the writer converts. Nothing of a tensor's data is copied in between.
 */
#ifndef CLEAVE_LOADER_IMPORT_H
#define CLEAVE_LOADER_IMPORT_H

#include "loader/pickle.h"
#include "loader/zip.h"
#include "weights/format.h"

typedef enum cleave_import_type {
    CLEAVE_IMPORT_F16,
    CLEAVE_IMPORT_BF16,
    CLEAVE_IMPORT_F32,
    CLEAVE_IMPORT_F64
} cleave_import_type;

typedef struct cleave_import_tensor {
    const char *name; /* name_bytes long, no NUL */
    uint32_t name_bytes;
    cleave_import_type type;
    uint32_t rank;
    uint32_t shape[CLEAVE_WEIGHTS_RANK_MAX];
    uint64_t stride[CLEAVE_WEIGHTS_RANK_MAX]; /* in elements */
    const unsigned char *data;                /* element 0; little-endian, perhaps not aligned */
} cleave_import_tensor;

typedef struct cleave_import {
    char kind[32];                 /* "htdemucs", "hdemucs"; "" if the file does not say */
    cleave_import_tensor *tensors; /* sorted by name, no name twice */
    uint32_t tensor_count;
    char *config;        /* key=value lines, sorted by key, each ended by \n */
    size_t config_bytes; /* < CLEAVE_WEIGHTS_CONFIG_MAX */
    uint32_t config_lines;
    cleave_zip zip; /* what the tensors' names point into */
    cleave_pickle pickle;
    char *names;
} cleave_import;

/* A PyTorch zip checkpoint (.th, .pt): the package of the official Demucs release tools, or a state
 * dict, bare or under "state" or "state_dict". 1, or 0 with one sentence that names what is wrong.
 * `bytes` must outlive the import. */
int cleave_import_torch(cleave_import *import, const void *bytes, size_t size,
                        char message[CLEAVE_SENTENCE_BYTES]);

/* A safetensors file; its "__metadata__" becomes the configuration, its key "kind" the kind. */
int cleave_import_safetensors(cleave_import *import, const void *bytes, size_t size,
                              char message[CLEAVE_SENTENCE_BYTES]);

/* One file of a TensorFlow checkpoint's data: "model.data-00000-of-00001". */
typedef struct cleave_import_shard {
    const void *bytes;
    size_t size;
} cleave_import_shard;

/* How many data files a TensorFlow checkpoint's index ("model.index") speaks of: 1..64; 0 with a
 * sentence if it is damaged. */
uint32_t cleave_import_tensorflow_shards(const void *index, size_t index_bytes,
                                         char message[CLEAVE_SENTENCE_BYTES]);

/* A TensorFlow V2 checkpoint, a "tensor bundle": every checksum is verified. Tensors of whole
 * numbers (global_step) and what optimisers keep are verified and left out. A checkpoint with the
 * variables of Spleeter's U-Net gets the kind "spleeter" and the configuration of
 * weights/spleeter_arguments.h, as far as names and shapes tell it: filters, and for 2, 4 and 5
 * instruments those of the official models, with their activations. All bytes must outlive the
 * import. 1, or 0 with one sentence. */
int cleave_import_tensorflow(cleave_import *import, const void *index, size_t index_bytes,
                             const cleave_import_shard *shards, uint32_t shard_count,
                             char message[CLEAVE_SENTENCE_BYTES]);

/* Whether the import has exactly the tensors that its kind and configuration ask for
 * (weights/contract.h); 0 with a sentence that names the first that is missing, of another shape or
 * too many. A file that does not say how its model was built is taken for the official model whose
 * tensors it has, whose kind and configuration it gets; any other is refused. */
int cleave_import_check(cleave_import *import, char message[CLEAVE_SENTENCE_BYTES]);

void cleave_import_close(cleave_import *import);

/* Shared by the importers: sorts the tensors and refuses a name that appears twice or is no
 * printable UTF-8, and tensors that together have more elements than the file has bytes (which only
 * tensors that share their storage can have), so that the size of what is written is bounded by
 * that of what was read. */
int cleave_import_sort(cleave_import *import, size_t file_bytes,
                       char message[CLEAVE_SENTENCE_BYTES]);

/* Shared by the importers: adds a line to the configuration; and, after the last, sorts them. 0
 * with a sentence for a key or value that weights/config_text.h does not allow, a key that appears
 * twice, or more than 256 lines. */
int cleave_import_config_add(cleave_import *import, const char *key, size_t key_bytes,
                             const char *value, size_t value_bytes,
                             char message[CLEAVE_SENTENCE_BYTES]);
int cleave_import_config_sort(cleave_import *import, char message[CLEAVE_SENTENCE_BYTES]);

/* Elements of a tensor; elements [first, first + count) in row-major order of its shape. */
uint64_t cleave_import_count(const cleave_import_tensor *tensor);
void cleave_import_read(const cleave_import_tensor *tensor, uint64_t first, uint64_t count,
                        double *out);

/* The smallest type that keeps every value of an import, or as much of it as float32 can: binary16
 * if all its tensors are of it, else float32. */
cleave_weights_type cleave_import_smallest(const cleave_import *import);

/* Takes bytes in order; 1, or 0 to stop the writer. */
typedef int (*cleave_weights_sink)(void *context, const void *bytes, size_t count);

/* Converts to the project's own format, values stored as `type`. Infinities, NaNs and values beyond
 * the type are refused by name, and so is an import without a kind. The tensors are read three
 * times: for their own checksums, for that of the file, and for the sink, so that no copy of them
 * is kept and the sink gets the header first. Returns 1, or 0 with a sentence; when the sink
 * stopped, the sentence is empty. */
int cleave_weights_write(const cleave_import *import, cleave_weights_type type,
                         const uint8_t source_sha256[32], cleave_weights_sink sink, void *context,
                         char message[CLEAVE_SENTENCE_BYTES]);

#endif
