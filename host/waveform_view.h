/* waveform_view.h: the waveform of a track of any length, as a picture: extremes and RMS of each
 * channel in columns of pixels, and where it clips. Memory does not grow with the track. */
#ifndef CLEAVE_HOST_WAVEFORM_VIEW_H
#define CLEAVE_HOST_WAVEFORM_VIEW_H

#include "host/picture.h"

#include <stdint.h>

#define WAVEFORM_WIDTH 1200 /* of the plot, in pixels */

typedef enum amplitude_scale { AMPLITUDE_LINEAR, AMPLITUDE_DB } amplitude_scale;

typedef struct waveform_view waveform_view;

/* clip_level, clip_frames: so many samples in a row at or above the level are clipping. Returns
 * NULL when out of memory. */
waveform_view *waveform_view_open(int32_t rate_hz, int32_t channels, double clip_level,
                                  int32_t clip_frames);

/* Takes finite samples, [frames][channels]. */
void waveform_view_push(waveform_view *view, const float *interleaved, int64_t frames);

/* Draws it. Returns 0, or -1 when out of memory. */
int waveform_view_draw(const waveform_view *view, const char *title, amplitude_scale scale,
                       picture *drawn);

void waveform_view_close(waveform_view **view);

#endif
