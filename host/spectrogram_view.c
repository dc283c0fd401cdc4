/* spectrogram_view.c: the spectrogram of a track of any length, as a picture. */
#include "host/spectrogram_view.h"

#include "runtime/cleave_spectrogram.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS         SPECTROGRAM_HEIGHT
#define COLUMNS_MAX  (2 * SPECTROGRAM_WIDTH)
#define WINDOW_S     0.093 /* of a transform: 4096 at 44.1 kHz, bins of 11 Hz */
#define HEATS        256
#define FLOOR_POWER  1e-20
#define LEFT         64
#define TOP          46
#define RIGHT        104
#define BOTTOM       56
#define BAR_GAP      18
#define BAR_WIDTH    16
#define LABELS_APART 18.0 /* pixels */

/* Where a row of pixels looks in a spectrum: the largest of bins [first, first + count), or, where
 * a row is less than a bin high, between `first` and the next. */
typedef struct pixel_row {
    int32_t first, count; /* 0: between */
    float share;
} pixel_row;

struct spectrogram_view {
    cleave_spectrogram *spectrogram; /* stands at the start of its memory */
    frequency_axis axis;
    int32_t rate_hz, channels, n, hop;
    int64_t frames;        /* of the track, so far */
    int64_t hops_a_column; /* doubles each time that the columns are used up */
    int64_t hops_of_last;  /* in the last column, 0 when it is full */
    int32_t columns;       /* in use, with the last */
    pixel_row rows[ROWS];  /* from the lowest */
    float powers[];        /* [COLUMNS_MAX][ROWS]: sums over the hops of a column */
};

static int32_t window_of(int32_t rate_hz)
{
    int32_t n = 512;
    while (n < 16384 && n * 1.4 < rate_hz * WINDOW_S) {
        n *= 2;
    }
    return n;
}

/* As fine as the columns can show, within what the window makes sense of. */
static int32_t hop_of(int32_t n, int64_t frames)
{
    int32_t hop = n / 2;
    int64_t wanted = frames >= 0 ? frames / COLUMNS_MAX : n / 8;
    while (hop > n / 32 && hop > wanted) {
        hop /= 2;
    }
    return hop;
}

static void map_rows(spectrogram_view *view)
{
    double bins_a_hz = (double)view->n / view->rate_hz;
    for (int32_t r = 0; r < ROWS; r++) {
        double low = frequency_axis_at(&view->axis, (double)r / ROWS) * bins_a_hz;
        double high = frequency_axis_at(&view->axis, (r + 1.0) / ROWS) * bins_a_hz;
        double middle = fmin((low + high) / 2, view->n / 2 - 1e-6);
        pixel_row *row = &view->rows[r];
        row->first = (int32_t)ceil(low);
        row->count = (int32_t)fmin(ceil(high), view->n / 2 + 1) - row->first;
        if (high - low < 1 || row->count < 1) {
            row->first = (int32_t)middle;
            row->count = 0;
            row->share = (float)(middle - row->first);
        }
    }
}

spectrogram_view *spectrogram_view_open(int32_t rate_hz, int32_t channels, int64_t frames,
                                        frequency_scale scale)
{
    int32_t n = window_of(rate_hz);
    cleave_spectrogram_config config = {.channels = channels, .n = n, .hop = hop_of(n, frames)};
    size_t bytes = cleave_spectrogram_need(&config);
    void *memory = bytes > 0 ? aligned_alloc(64, (bytes + 63) / 64 * 64) : NULL;
    spectrogram_view *view = calloc(1, sizeof *view + sizeof(float) * COLUMNS_MAX * ROWS);
    if (memory == NULL || view == NULL ||
        cleave_spectrogram_init(&config, memory, bytes, &view->spectrogram) != CLEAVE_OK) {
        free(memory);
        free(view);
        return NULL;
    }
    view->axis = frequency_axis_of(scale, rate_hz);
    view->rate_hz = rate_hz;
    view->channels = channels;
    view->n = n;
    view->hop = config.hop;
    view->hops_a_column = 1;
    map_rows(view);
    return view;
}

void spectrogram_view_close(spectrogram_view **view)
{
    if (*view != NULL) {
        free((*view)->spectrogram);
        free(*view);
        *view = NULL;
    }
}

static float *column_of(spectrogram_view *view, int32_t column)
{
    return view->powers + (size_t)column * ROWS;
}

/* Two columns become one, and half of them are free again. */
static void halve(spectrogram_view *view)
{
    for (int32_t c = 0; c < COLUMNS_MAX / 2; c++) {
        float *to = column_of(view, c);
        const float *first = column_of(view, 2 * c), *second = column_of(view, 2 * c + 1);
        for (int32_t r = 0; r < ROWS; r++) {
            to[r] = first[r] + second[r];
        }
    }
    memset(column_of(view, COLUMNS_MAX / 2), 0, sizeof(float) * COLUMNS_MAX / 2 * ROWS);
    view->columns = COLUMNS_MAX / 2;
    view->hops_a_column *= 2;
}

/* Adds a row of the spectrogram, the mean of the channels, to the last column. */
static void add_row(spectrogram_view *view, const float *powers)
{
    int32_t bins = view->n / 2 + 1;
    if (view->hops_of_last == 0) {
        if (view->columns == COLUMNS_MAX) {
            halve(view);
        }
        view->columns++;
    }
    float *column = column_of(view, view->columns - 1);
    for (int32_t c = 0; c < view->channels; c++) {
        const float *power = powers + (size_t)c * (size_t)bins;
        for (int32_t r = 0; r < ROWS; r++) {
            const pixel_row *row = &view->rows[r];
            const float *bin = power + row->first;
            float value = row->count > 0 ? bin[0] : bin[0] + row->share * (bin[1] - bin[0]);
            for (int32_t i = 1; i < row->count; i++) {
                value = fmaxf(value, bin[i]);
            }
            column[r] += value / (float)view->channels;
        }
    }
    view->hops_of_last = (view->hops_of_last + 1) % view->hops_a_column;
}

static void add_rows(spectrogram_view *view, const float *rows, int64_t count)
{
    size_t floats = (size_t)view->channels * (size_t)(view->n / 2 + 1);
    for (int64_t k = 0; k < count; k++) {
        add_row(view, rows + (size_t)k * floats);
    }
}

void spectrogram_view_push(spectrogram_view *view, const float *interleaved, int64_t frames)
{
    int64_t taken = 0;
    const float *rows = NULL;
    view->frames += frames;
    for (; frames > 0; frames -= taken, interleaved += taken * view->channels) {
        int64_t count =
            cleave_spectrogram_push(view->spectrogram, interleaved, frames, &taken, &rows);
        add_rows(view, rows, count);
    }
}

void spectrogram_view_finish(spectrogram_view *view)
{
    const float *rows = NULL;
    int64_t count;
    while ((count = cleave_spectrogram_flush(view->spectrogram, &rows)) > 0) {
        add_rows(view, rows, count);
    }
}

/* The mean power of a column's row. */
static double mean_at(const spectrogram_view *view, int32_t column, int32_t row)
{
    int is_short = column == view->columns - 1 && view->hops_of_last > 0;
    double hops = (double)(is_short ? view->hops_of_last : view->hops_a_column);
    return view->powers[(size_t)column * ROWS + (size_t)row] / hops;
}

static double decibels(double power)
{
    return 10 * log10(fmax(power, FLOOR_POWER));
}

/* Level in dB of the columns [from, to): the mean of their powers, or, for less than a column,
 * between the two nearest. */
static double level_at(const spectrogram_view *view, double from, double to, int32_t row)
{
    int32_t last = view->columns - 1;
    if (to - from < 1) {
        double middle = fmin(fmax((from + to) / 2 - 0.5, 0), last);
        int32_t first = (int32_t)fmin(middle, fmax(last - 1, 0));
        double before = decibels(mean_at(view, first, row));
        double after = decibels(mean_at(view, first < last ? first + 1 : last, row));
        return before + (middle - first) * (after - before);
    }
    double sum = 0, weight = 0;
    for (int32_t c = (int32_t)fmax(from, 0); c <= last && c < to; c++) {
        double share = fmin(c + 1, to) - fmax(c, from);
        sum += share * mean_at(view, c, row);
        weight += share;
    }
    return decibels(weight > 0 ? sum / weight : mean_at(view, last, row));
}

/* Fills levels[ROWS][WIDTH] and returns the highest. */
static double find_levels(const spectrogram_view *view, float *levels)
{
    double top = -INFINITY;
    /* A row of the spectrogram stands for the hop around its centre. */
    double columns_a_frame = 1.0 / ((double)view->hop * (double)view->hops_a_column);
    double frames_a_pixel = (double)view->frames / SPECTROGRAM_WIDTH;
    for (int32_t x = 0; x < SPECTROGRAM_WIDTH && view->columns > 0; x++) {
        double from = (x * frames_a_pixel + view->hop / 2.0) * columns_a_frame;
        double to = ((x + 1) * frames_a_pixel + view->hop / 2.0) * columns_a_frame;
        for (int32_t r = 0; r < ROWS; r++) {
            double level = level_at(view, from, to, r);
            levels[(size_t)r * SPECTROGRAM_WIDTH + (size_t)x] = (float)level;
            top = fmax(top, level);
        }
    }
    return top;
}

/* The colours of the levels, as a bar at the right of the plot. */
static void draw_bar(picture *drawn, const plot_area *plot, const colour heats[HEATS], double low,
                     double high)
{
    plot_area bar = {plot->x + plot->width + BAR_GAP, plot->y, BAR_WIDTH, plot->height};
    axis_tick ticks[AXIS_TICKS_MAX];
    for (int32_t y = 0; y < bar.height; y++) {
        picture_fill(drawn, bar.x, bar.y + bar.height - 1 - y, bar.width, 1,
                     heats[y * (HEATS - 1) / (bar.height - 1)]);
    }
    picture_frame(drawn, bar.x, bar.y, bar.width, bar.height, plot_ink);
    int32_t count = axis_of_values(low, high, LABELS_APART * 1.8 / bar.height, ticks);
    plot_values(drawn, &bar, ticks, count, 1);
    picture_text(drawn, (float)bar.x, (float)bar.y - 16, AXIS_TEXT, TEXT_LEFT, plot_ink, "dBFS");
}

int spectrogram_view_draw(const spectrogram_view *view, const char *title, double range_db,
                          picture *drawn)
{
    plot_area plot = {LEFT, TOP, SPECTROGRAM_WIDTH, ROWS};
    axis_tick ticks[AXIS_TICKS_MAX];
    colour heats[HEATS];
    char words[128];
    float *levels = malloc(sizeof *levels * SPECTROGRAM_WIDTH * ROWS);
    if (levels == NULL ||
        picture_open(drawn, LEFT + plot.width + RIGHT, TOP + ROWS + BOTTOM, plot_paper) != 0) {
        free(levels);
        return -1;
    }
    for (int i = 0; i < HEATS; i++) {
        heats[i] = picture_heat((float)i / (HEATS - 1));
    }
    double highest = view->columns > 0 ? find_levels(view, levels) : -INFINITY;
    double high = fmax(10 * ceil(highest / 10 - 1e-6), -160), low = high - range_db;
    for (int32_t r = 0; r < ROWS; r++) {
        for (int32_t x = 0; x < SPECTROGRAM_WIDTH; x++) {
            double level =
                view->columns > 0 ? (double)levels[(size_t)r * SPECTROGRAM_WIDTH + (size_t)x] : low;
            double place = fmin(fmax((level - low) / range_db, 0), 1);
            picture_set(drawn, plot.x + x, plot.y + ROWS - 1 - r,
                        heats[(int)lrint(place * (HEATS - 1))]);
        }
    }
    free(levels);
    picture_frame(drawn, plot.x, plot.y, plot.width, plot.height, plot_ink);
    snprintf(words, sizeof words, "%g kHz, %s, window %d, hop %d", view->rate_hz / 1000.0,
             view->channels == 1 ? "mono" : "mean of channels", view->n, view->hop);
    plot_title(drawn, &plot, title, words);
    plot_time(drawn, &plot, (double)view->frames / view->rate_hz);
    int32_t count = axis_of_frequency(&view->axis, LABELS_APART / ROWS, ticks);
    plot_values(drawn, &plot, ticks, count, 0);
    picture_text_upwards(drawn, 14, (float)(TOP + ROWS / 2), AXIS_TEXT, plot_ink, "Frequency (Hz)");
    draw_bar(drawn, &plot, heats, low, high);
    return 0;
}
