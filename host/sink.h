/* sink.h: the stems of one track on their way into files: peak, clipping mode, encoders.
 *
 * With CLIP_RESCALE the gain is known only at the end. The stems are encoded as they come, which is
 * final as long as nothing exceeds full scale, and the same samples go to a nameless spool beside
 * them. Once a peak exceeds full scale the encoders are given up, and at the end all stems are
 * encoded from the spool with one gain, several at once. So memory is bounded, no sample is
 * separated twice, and a track that does not clip is finished when its last block is. */
#ifndef CLEAVE_HOST_SINK_H
#define CLEAVE_HOST_SINK_H

#include "host/audio.h"
#include "host/options.h"

typedef struct sink_config {
    int32_t stem_count;
    const char *const *paths;   /* [stem_count], or {"-"}; they live as long as the sink */
    const char *folder;         /* an existing one, for the spool */
    audio_writer_config writer; /* the same for all */
    clip_mode clip;             /* not CLIP_DEFAULT */
    int32_t block_frames_max;   /* of sink_write() */
    int32_t threads;            /* that encode from the spool at once */
} sink_config;

typedef struct stem_sink stem_sink;

/* Opens the files. Returns 0, or -1 with a sentence. */
int sink_open(stem_sink **opened, const sink_config *config, char message[AUDIO_MESSAGE_BYTES]);

/* Takes frames of every stem, interleaved; changes them in place. Returns 0, or -1 with a sentence.
 */
int sink_write(stem_sink *sink, float *const *stems, int32_t frames,
               char message[AUDIO_MESSAGE_BYTES]);

/* What the clipping mode came to. */
typedef struct sink_outcome {
    double peak;     /* of all stems, before clipping */
    double gain;     /* that was applied; 1 unless rescaled */
    int64_t clipped; /* samples that CLIP_CLAMP limited */
} sink_outcome;

/* Called now and then, by several threads, while a spool is encoded; not 0 gives up. */
typedef int (*sink_interrupted)(void *context);

/* Encodes what is left and makes the files visible under their names; frees the sink. On failure no
 * file of this track is left. Returns 0, or -1 with a sentence, which is empty when it was
 * interrupted. */
int sink_finish(stem_sink **sink, sink_outcome *outcome, sink_interrupted interrupted,
                void *context, char message[AUDIO_MESSAGE_BYTES]);

/* Gives everything up, leaving nothing. Safe on a pointer to NULL. */
void sink_abort(stem_sink **sink);

#endif
