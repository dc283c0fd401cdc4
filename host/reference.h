/* reference.h: how near the stems are to the true ones, files of a folder: over the whole track,
 * before the clipping mode. */
#ifndef CLEAVE_HOST_REFERENCE_H
#define CLEAVE_HOST_REFERENCE_H

#include "host/audio.h"
#include "runtime/cleave.h"

typedef struct stem_reference stem_reference;

/* The path of the first file in alphabetic order that is called <folder>/<stem>.<extension>;
 * malloc'ed, or NULL. */
char *reference_find(const char *folder, const char *stem);

/* Finds <folder>/<stem>.<any extension> and opens it. Returns 0 with *opened == NULL if there is
 * none, and -1 with a sentence if it cannot be read or has another rate or channel count. */
int reference_open(stem_reference **opened, const char *folder, const char *stem, int32_t rate_hz,
                   int32_t channels, int32_t block_frames_max, char message[AUDIO_MESSAGE_BYTES]);

/* Compares the next frames; a reference that ended is silent. */
void reference_compare(stem_reference *reference, const float *estimate, int32_t frames);

/* After the last frame of the stem: -1 if the reference was shorter, 1 if it is longer, else 0. */
int reference_compare_length(stem_reference *reference);

/* The track ended: how near the stem came. */
void reference_finish(stem_reference *reference, cleave_quality_scores *scores);

void reference_close(stem_reference **reference);

#endif
