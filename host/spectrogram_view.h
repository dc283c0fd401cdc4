/* spectrogram_view.h: the spectrogram of a track of any length, as a picture. Rows of the engine's
 * spectrogram are reduced to rows and columns of pixels while they come, so that memory does not
 * grow with the track. */
#ifndef CLEAVE_HOST_SPECTROGRAM_VIEW_H
#define CLEAVE_HOST_SPECTROGRAM_VIEW_H

#include "host/axis.h"

#include <stdint.h>

#define SPECTROGRAM_WIDTH  1200 /* of the plot, in pixels */
#define SPECTROGRAM_HEIGHT 480

typedef struct spectrogram_view spectrogram_view;

/* frames: of the track as far as known, which the resolution in time is chosen by; -1: unknown.
 * Returns NULL when out of memory. */
spectrogram_view *spectrogram_view_open(int32_t rate_hz, int32_t channels, int64_t frames,
                                        frequency_scale scale);

/* Takes finite samples, [frames][channels]. */
void spectrogram_view_push(spectrogram_view *view, const float *interleaved, int64_t frames);
/* The track ends here: nothing may be pushed any more. */
void spectrogram_view_finish(spectrogram_view *view);

/* Draws it: levels from the highest there is, rounded up to ten dB, down by range_db. Returns 0, or
 * -1 when out of memory. */
int spectrogram_view_draw(const spectrogram_view *view, const char *title, double range_db,
                          picture *drawn);

void spectrogram_view_close(spectrogram_view **view);

#endif
