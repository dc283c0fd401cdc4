/* axis.h: scales of plots, and where their marks and words stand. */
#ifndef CLEAVE_HOST_AXIS_H
#define CLEAVE_HOST_AXIS_H

#include "host/picture.h"

#include <stdint.h>

#define AXIS_TICKS_MAX 64
#define AXIS_LABEL     16 /* bytes */
#define AXIS_TEXT      9  /* pixels of a capital of a label */
#define AXIS_TITLE     13 /* and of a title */

typedef enum frequency_scale {
    FREQUENCY_LOG, /* from 20 Hz */
    FREQUENCY_MEL, /* 2595 log10(1 + f / 700) */
    FREQUENCY_LINEAR
} frequency_scale;

/* Which frequencies a plot shows. */
typedef struct frequency_axis {
    frequency_scale scale;
    double low_hz, high_hz;
} frequency_axis;

/* All that a rate has. */
frequency_axis frequency_axis_of(frequency_scale scale, int32_t rate_hz);
/* From a place on the axis, 0 the low end and 1 the high one, to its frequency and back. */
double frequency_axis_at(const frequency_axis *axis, double place);
double frequency_axis_place(const frequency_axis *axis, double hz);

typedef struct axis_tick {
    double place; /* 0..1 */
    char label[AXIS_LABEL];
} axis_tick;

/* Round values, in ascending order, no two labels nearer than `apart` of the axis. Return the
 * count. */
int32_t axis_of_time(double seconds, double apart, axis_tick ticks[AXIS_TICKS_MAX]);
int32_t axis_of_frequency(const frequency_axis *axis, double apart,
                          axis_tick ticks[AXIS_TICKS_MAX]);
int32_t axis_of_values(double low, double high, double apart, axis_tick ticks[AXIS_TICKS_MAX]);

/* "1:02:03.5", "2:03.25": as many decimals as `step` has. */
const char *axis_clock(double seconds, double step, char label[AXIS_LABEL]);

/* Where a plot lies in its picture. */
typedef struct plot_area {
    int32_t x, y, width, height;
} plot_area;

/* Marks and labels of a time axis below the plot, with its title. */
void plot_time(picture *drawn, const plot_area *area, double seconds);
/* Marks and labels at the plot's left, or, if right, at its right side. */
void plot_values(picture *drawn, const plot_area *area, const axis_tick *ticks, int32_t count,
                 int right);
/* A title above the plot, and smaller words at the right of it; a long title is cut. */
void plot_title(picture *drawn, const plot_area *area, const char *title, const char *words);

extern const colour plot_ink, plot_paper, plot_faint;

#endif
