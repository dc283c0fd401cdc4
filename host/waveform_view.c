/* waveform_view.c: the waveform of a track of any length, as a picture. */
#include "host/waveform_view.h"

#include "host/axis.h"
#include "host/audio.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS_MAX  (2 * WAVEFORM_WIDTH)
#define RANGE_DB     60.0
#define LEFT         64
#define TOP          46
#define RIGHT        40
#define BOTTOM       56
#define PANEL_GAP    18
#define PANELS       320 /* pixels of all panels together, but... */
#define PANEL_LEAST  90  /* ...at least so many each */
#define LABELS_APART 22.0
#define CLIP_MARK    5

static const colour peak_colour = {148, 184, 226};
static const colour rms_colour = {38, 92, 166};
static const colour clip_colour = {214, 30, 40};

/* What one channel does in the frames of a column. */
typedef struct column {
    float low, high;
    float square; /* mean */
    int32_t is_clipped;
} column;

struct waveform_view {
    int32_t rate_hz, channels;
    double clip_level;
    int32_t clip_frames;
    int64_t frames;
    int64_t frames_a_column;             /* doubles each time that the columns are used up */
    int64_t frames_of_last;              /* in the last column, 0 when it is full */
    int32_t columns;                     /* in use, with the last */
    int32_t clipped[AUDIO_CHANNELS_MAX]; /* samples in a row that are at the level now */
    column *channel[AUDIO_CHANNELS_MAX]; /* [COLUMNS_MAX] each */
};

waveform_view *waveform_view_open(int32_t rate_hz, int32_t channels, double clip_level,
                                  int32_t clip_frames)
{
    waveform_view *view = calloc(1, sizeof *view);
    for (int32_t c = 0; c < channels && view != NULL; c++) {
        view->channel[c] = malloc(sizeof(column) * COLUMNS_MAX);
        if (view->channel[c] == NULL) {
            waveform_view_close(&view);
        }
    }
    if (view != NULL) {
        view->rate_hz = rate_hz;
        view->channels = channels;
        view->clip_level = clip_level;
        view->clip_frames = clip_frames;
        view->frames_a_column = 1;
    }
    return view;
}

void waveform_view_close(waveform_view **view)
{
    if (*view != NULL) {
        for (int32_t c = 0; c < AUDIO_CHANNELS_MAX; c++) {
            free((*view)->channel[c]);
        }
        free(*view);
        *view = NULL;
    }
}

/* Adds what `share` of the whole has done to a column that has the rest. */
static void join(column *to, const column *other, float share)
{
    to->low = fminf(to->low, other->low);
    to->high = fmaxf(to->high, other->high);
    to->square += share * (other->square - to->square);
    to->is_clipped |= other->is_clipped;
}

static void next_column(waveform_view *view)
{
    int is_full = view->columns == COLUMNS_MAX;
    for (int32_t c = 0; c < view->channels; c++) {
        for (int32_t k = 0; is_full && k < COLUMNS_MAX / 2; k++) {
            column joined = view->channel[c][2 * k];
            join(&joined, &view->channel[c][2 * k + 1], 0.5f);
            view->channel[c][k] = joined;
        }
    }
    if (is_full) {
        view->columns /= 2;
        view->frames_a_column *= 2;
    }
    for (int32_t c = 0; c < view->channels; c++) {
        view->channel[c][view->columns] = (column){.low = INFINITY, .high = -INFINITY};
    }
    view->columns++;
}

/* Whether a run of clipping is complete somewhere in the frames; keeps count of the last one. */
static int32_t find_clipping(waveform_view *view, int32_t channel, const float *interleaved,
                             int64_t frames)
{
    int32_t found = 0;
    int32_t in_a_row = view->clipped[channel];
    for (int64_t i = 0; i < frames; i++) {
        int is_at_level =
            fabs((double)interleaved[i * view->channels + channel]) >= view->clip_level;
        in_a_row = !is_at_level ? 0 : in_a_row < view->clip_frames ? in_a_row + 1 : in_a_row;
        found |= in_a_row == view->clip_frames;
    }
    view->clipped[channel] = in_a_row;
    return found;
}

/* Frames of one channel into its last column. */
static void add(waveform_view *view, int32_t channel, const float *interleaved, int64_t frames)
{
    float low = INFINITY, high = -INFINITY;
    double sum = 0;
    for (int64_t i = 0; i < frames; i++) {
        float sample = interleaved[i * view->channels + channel];
        low = sample < low ? sample : low;
        high = sample > high ? sample : high;
        sum += (double)sample * sample;
    }
    column added = {.low = low, .high = high, .square = (float)(sum / (double)frames)};
    if (fmax((double)high, -(double)low) >= view->clip_level) {
        added.is_clipped = find_clipping(view, channel, interleaved, frames);
    } else {
        view->clipped[channel] = 0;
    }
    join(&view->channel[channel][view->columns - 1], &added,
         (float)((double)frames / (double)(view->frames_of_last + frames)));
}

void waveform_view_push(waveform_view *view, const float *interleaved, int64_t frames)
{
    while (frames > 0) {
        if (view->frames_of_last == 0) {
            next_column(view);
        }
        int64_t room = view->frames_a_column - view->frames_of_last;
        int64_t count = frames < room ? frames : room;
        for (int32_t c = 0; c < view->channels; c++) {
            add(view, c, interleaved, count);
        }
        view->frames_of_last = (view->frames_of_last + count) % view->frames_a_column;
        view->frames += count;
        interleaved += count * view->channels;
        frames -= count;
    }
}

/* What a channel does under a column of pixels; 0 if that is beyond its end. */
static int find_pixels(const waveform_view *view, int32_t channel, int32_t x, column *found)
{
    double columns_a_pixel = (double)view->frames / (double)view->frames_a_column / WAVEFORM_WIDTH;
    int32_t first = (int32_t)(x * columns_a_pixel);
    int32_t end = (int32_t)ceil((x + 1) * columns_a_pixel);
    if (first >= view->columns) {
        return 0;
    }
    *found = view->channel[channel][first];
    for (int32_t k = first + 1; k < end && k < view->columns; k++) {
        join(found, &view->channel[channel][k], 1.0f / (float)(k - first + 1));
    }
    return 1;
}

/* A sample's height above the bottom of a panel, 0..1. */
static double height_of(double sample, amplitude_scale scale, double full)
{
    double place = scale == AMPLITUDE_DB
                       ? 1 + 20 * log10(fmax(fabs(sample) / full, 1e-9)) / RANGE_DB
                       : 0.5 + sample / full / 2;
    return fmin(fmax(place, 0), 1);
}

static void draw_bar(picture *drawn, const plot_area *panel, int32_t x, double low, double high,
                     colour ink)
{
    int32_t top = panel->y + (int32_t)lrint((1 - high) * (panel->height - 1));
    int32_t bottom = panel->y + (int32_t)lrint((1 - low) * (panel->height - 1));
    picture_fill(drawn, panel->x + x, top, 1, bottom - top + 1, ink);
}

static void draw_channel(const waveform_view *view, int32_t channel, amplitude_scale scale,
                         double full, const plot_area *panel, picture *drawn)
{
    int is_db = scale == AMPLITUDE_DB;
    column before = {0};
    for (int32_t x = 0; x < WAVEFORM_WIDTH; x++) {
        column found;
        if (!find_pixels(view, channel, x, &found)) {
            break;
        }
        column here = found;
        if (x > 0) {
            /* A slow wave moves on between two columns: its line has no gaps. */
            found.low = fminf(found.low, before.high);
            found.high = fmaxf(found.high, before.low);
        }
        before = here;
        double rms = sqrt((double)found.square);
        double peak = fmax(fabs((double)found.low), fabs((double)found.high));
        /* The RMS lies within the extremes only where the signal goes both ways in a column. */
        draw_bar(drawn, panel, x, is_db ? 0 : height_of((double)found.low, scale, full),
                 height_of(is_db ? peak : (double)found.high, scale, full), peak_colour);
        draw_bar(drawn, panel, x, is_db ? 0 : height_of(fmax(-rms, (double)found.low), scale, full),
                 height_of(is_db ? rms : fmin(rms, (double)found.high), scale, full), rms_colour);
        if (found.is_clipped) {
            picture_fill(drawn, panel->x + x, panel->y, 1, CLIP_MARK, clip_colour);
            picture_fill(drawn, panel->x + x, panel->y + panel->height - CLIP_MARK, 1, CLIP_MARK,
                         clip_colour);
        }
    }
}

static void draw_grid(picture *drawn, const plot_area *panel, const axis_tick *ticks, int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        int32_t y = panel->y + (int32_t)lrint((1 - ticks[i].place) * (panel->height - 1));
        picture_fill(drawn, panel->x, y, panel->width, 1, plot_faint);
    }
    picture_frame(drawn, panel->x, panel->y, panel->width, panel->height, plot_ink);
}

static void draw_legend(picture *drawn, const plot_area *plot, int is_clipped)
{
    const char *const names[] = {"Peak", "RMS", "Clipping"};
    const colour colours[] = {peak_colour, rms_colour, clip_colour};
    float x = (float)plot->x;
    int32_t y = plot->y + plot->height + 36;
    for (int i = 0; i < (is_clipped ? 3 : 2); i++) {
        picture_fill(drawn, (int32_t)x, y - 5, 10, 10, colours[i]);
        x += 15;
        x += 18 + picture_text(drawn, x, (float)y, AXIS_TEXT, TEXT_LEFT, plot_ink, names[i]);
    }
}

/* The largest sample, but at least full scale; and whether anything is clipped. */
static double find_extremes(const waveform_view *view, int *is_clipped)
{
    double full = 1;
    for (int32_t c = 0; c < view->channels; c++) {
        for (int32_t k = 0; k < view->columns; k++) {
            const column *at = &view->channel[c][k];
            full = fmax(full, fmax((double)at->high, -(double)at->low));
            *is_clipped |= at->is_clipped;
        }
    }
    return full;
}

int waveform_view_draw(const waveform_view *view, const char *title, amplitude_scale scale,
                       picture *drawn)
{
    int32_t height = PANELS / view->channels > PANEL_LEAST ? PANELS / view->channels : PANEL_LEAST;
    int32_t all = view->channels * (height + PANEL_GAP) - PANEL_GAP;
    plot_area plot = {LEFT, TOP, WAVEFORM_WIDTH, all};
    axis_tick ticks[AXIS_TICKS_MAX];
    int is_clipped = 0;
    double full = find_extremes(view, &is_clipped);
    double low = scale == AMPLITUDE_DB ? 20 * log10(full) - RANGE_DB : -full;
    int32_t count = axis_of_values(low, scale == AMPLITUDE_DB ? low + RANGE_DB : full,
                                   LABELS_APART / height, ticks);
    char words[96];
    if (picture_open(drawn, LEFT + plot.width + RIGHT, TOP + all + BOTTOM, plot_paper) != 0) {
        return -1;
    }
    for (int32_t c = 0; c < view->channels; c++) {
        plot_area panel = {LEFT, TOP + c * (height + PANEL_GAP), WAVEFORM_WIDTH, height};
        draw_grid(drawn, &panel, ticks, count);
        draw_channel(view, c, scale, full, &panel, drawn);
        plot_values(drawn, &panel, ticks, count, 0);
    }
    snprintf(words, sizeof words, "%g kHz, %d channel%s", view->rate_hz / 1000.0,
             (int)view->channels, view->channels == 1 ? "" : "s");
    plot_title(drawn, &plot, title, words);
    plot_time(drawn, &plot, (double)view->frames / view->rate_hz);
    draw_legend(drawn, &plot, is_clipped);
    picture_text_upwards(drawn, 14, (float)(TOP + all / 2), AXIS_TEXT, plot_ink,
                         scale == AMPLITUDE_DB ? "Level (dBFS)" : "Amplitude");
    return 0;
}
