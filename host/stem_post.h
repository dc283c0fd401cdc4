/* stem_post.h: chains of effects on stems, in step: whatever their delays, the stems stay aligned
 * with each other and with the mixture. */
#ifndef CLEAVE_HOST_STEM_POST_H
#define CLEAVE_HOST_STEM_POST_H

#include "host/convert.h"
#include "host/options.h"

typedef struct stem_post stem_post;

/* Opens what --post says for stems of these names; *opened is NULL if that is nothing. Returns 0,
 * or -1 with a sentence: a chain cannot be computed, or is for a stem that is not written. */
int stem_post_open(stem_post **opened, const cli_options *options, char names[][CLEAVE_NAME_BYTES],
                   int32_t stem_count, int32_t rate_hz, int32_t channels, int32_t block_frames_max,
                   char message[AUDIO_MESSAGE_BYTES]);

/* Passes frames of every stem on, in place; nothing as long as the longest delay lasts. Returns
 * what the consumer did, or -1. */
int stem_post_push(stem_post *post, float *const *streams, int32_t frames, convert_consumer consume,
                   void *context);

/* The track ends: what the delays still hold. */
int stem_post_finish(stem_post *post, convert_consumer consume, void *context);

/* Safe on a pointer to NULL. */
void stem_post_close(stem_post **post);

#endif
