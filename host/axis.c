/* axis.c: scales of plots, and where their marks and words stand. */
#include "host/axis.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define LOG_LOW_HZ    20.0
#define MEL_BREAK_HZ  700.0 /* D. O'Shaughnessy, Speech Communication, 1987 */
#define MARK          5     /* pixels */
#define TIME_APART_PX 84

const colour plot_ink = {32, 36, 48};
const colour plot_paper = {255, 255, 255};
const colour plot_faint = {214, 217, 224};

frequency_axis frequency_axis_of(frequency_scale scale, int32_t rate_hz)
{
    return (frequency_axis){scale, scale == FREQUENCY_LOG ? LOG_LOW_HZ : 0, rate_hz / 2.0};
}

static double warped(frequency_scale scale, double hz)
{
    switch (scale) {
    case FREQUENCY_LOG:
        return log(fmax(hz, 1e-3));
    case FREQUENCY_MEL:
        return log1p(hz / MEL_BREAK_HZ);
    default:
        return hz;
    }
}

double frequency_axis_at(const frequency_axis *axis, double place)
{
    double low = warped(axis->scale, axis->low_hz), high = warped(axis->scale, axis->high_hz);
    double value = low + place * (high - low);
    switch (axis->scale) {
    case FREQUENCY_LOG:
        return exp(value);
    case FREQUENCY_MEL:
        return MEL_BREAK_HZ * expm1(value);
    default:
        return value;
    }
}

double frequency_axis_place(const frequency_axis *axis, double hz)
{
    double low = warped(axis->scale, axis->low_hz), high = warped(axis->scale, axis->high_hz);
    return (warped(axis->scale, hz) - low) / (high - low);
}

const char *axis_clock(double seconds, double step, char label[AXIS_LABEL])
{
    int decimals = step >= 1 ? 0 : (int)fmin(ceil(-log10(step) - 1e-9), 4);
    double scale = pow(10, decimals);
    long long units = llround(seconds * scale), second = llround(scale);
    long long whole = units / second, part = units % second;
    char fraction[8] = "";
    if (decimals > 0) {
        snprintf(fraction, sizeof fraction, ".%0*d", decimals, (int)part);
    }
    if (whole >= 3600) {
        snprintf(label, AXIS_LABEL, "%d:%02d:%02d%s", (int)(whole / 3600), (int)(whole / 60 % 60),
                 (int)(whole % 60), fraction);
    } else {
        snprintf(label, AXIS_LABEL, "%d:%02d%s", (int)(whole / 60), (int)(whole % 60), fraction);
    }
    return label;
}

/* The least of 1, 2 and 5 times a power of ten that is no less. */
static double round_step(double least)
{
    double power = pow(10, floor(log10(least)));
    double share = least / power;
    return power * (share <= 1 + 1e-9 ? 1 : share <= 2 + 1e-9 ? 2 : share <= 5 + 1e-9 ? 5 : 10);
}

static double time_step(double least)
{
    static const double steps[] = {1,   2,   5,   10,   15,   30,   60,    120,
                                   300, 600, 900, 1800, 3600, 7200, 18000, 36000};
    if (least <= 0.5) {
        return round_step(fmax(least, 1e-4));
    }
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        if (steps[i] >= least) {
            return steps[i];
        }
    }
    return 36000 * ceil(least / 36000);
}

int32_t axis_of_time(double seconds, double apart, axis_tick ticks[AXIS_TICKS_MAX])
{
    double step = time_step(fmax(apart, 2.0 / AXIS_TICKS_MAX) * seconds);
    int32_t count = 0;
    for (; count < AXIS_TICKS_MAX && seconds > 0 && count * step <= seconds; count++) {
        ticks[count].place = count * step / seconds;
        axis_clock(count * step, step, ticks[count].label);
    }
    return count;
}

static void name_frequency(double hz, char label[AXIS_LABEL])
{
    if (hz >= 1000) {
        snprintf(label, AXIS_LABEL, "%gk", hz / 1000);
    } else {
        snprintf(label, AXIS_LABEL, "%g", hz);
    }
}

int32_t axis_of_frequency(const frequency_axis *axis, double apart, axis_tick ticks[AXIS_TICKS_MAX])
{
    static const double rounds[] = {0,    20,   50,    100,   200,   500,    1000,
                                    2000, 5000, 10000, 20000, 50000, 100000, 200000};
    int32_t count = 0;
    double step = round_step(fmax(apart, 2.0 / AXIS_TICKS_MAX) * axis->high_hz);
    double last = -1;
    for (int32_t i = 0; i < AXIS_TICKS_MAX; i++) {
        double hz = axis->scale == FREQUENCY_LINEAR             ? i * step
                    : i < (int)(sizeof rounds / sizeof *rounds) ? rounds[i]
                                                                : INFINITY;
        double place = hz > axis->high_hz ? 2 : frequency_axis_place(axis, hz);
        if (hz < axis->low_hz || place > 1 + 1e-9 || (count > 0 && place - last < apart)) {
            continue;
        }
        ticks[count].place = last = place;
        name_frequency(hz, ticks[count].label);
        count++;
    }
    return count;
}

int32_t axis_of_values(double low, double high, double apart, axis_tick ticks[AXIS_TICKS_MAX])
{
    double step = round_step(fmax(apart, 2.0 / AXIS_TICKS_MAX) * (high - low));
    int32_t count = 0;
    for (double k = ceil(low / step - 1e-9); count < AXIS_TICKS_MAX; k++) {
        double value = k * step;
        if (value > high + 1e-9 * step) {
            break;
        }
        ticks[count].place = (value - low) / (high - low);
        snprintf(ticks[count].label, AXIS_LABEL, "%s%g", value < -1e-12 ? "\xe2\x88\x92" : "",
                 fabs(value) < 1e-12 ? 0 : fabs(value));
        count++;
    }
    return count;
}

void plot_time(picture *drawn, const plot_area *area, double seconds)
{
    axis_tick ticks[AXIS_TICKS_MAX];
    int32_t count = axis_of_time(seconds, (double)TIME_APART_PX / area->width, ticks);
    int32_t bottom = area->y + area->height;
    for (int32_t i = 0; i < count; i++) {
        int32_t x = area->x + (int32_t)lrint(ticks[i].place * (area->width - 1));
        picture_fill(drawn, x, bottom + 1, 1, MARK, plot_ink);
        picture_text(drawn, (float)x, (float)(bottom + MARK + 11), AXIS_TEXT, TEXT_CENTRE, plot_ink,
                     ticks[i].label);
    }
    picture_text(drawn, (float)(area->x + area->width / 2), (float)(bottom + MARK + 31), AXIS_TEXT,
                 TEXT_CENTRE, plot_ink, seconds >= 3600 ? "Time (h:min:s)" : "Time (min:s)");
}

void plot_values(picture *drawn, const plot_area *area, const axis_tick *ticks, int32_t count,
                 int right)
{
    int32_t edge = right ? area->x + area->width + 1 : area->x - 1 - MARK;
    for (int32_t i = 0; i < count; i++) {
        int32_t y = area->y + (int32_t)lrint((1 - ticks[i].place) * (area->height - 1));
        picture_fill(drawn, edge, y, MARK, 1, plot_ink);
        picture_text(drawn, (float)(right ? edge + MARK + 5 : edge - 5), (float)y, AXIS_TEXT,
                     right ? TEXT_LEFT : TEXT_RIGHT, plot_ink, ticks[i].label);
    }
}

/* Makes the text end in dots where it is wider than `room`, not within a character. */
static void shorten(char *text, size_t bytes, float room)
{
    while (bytes > 0 && picture_text_width(AXIS_TITLE, text) > room) {
        do {
            bytes--;
        } while (bytes > 0 && ((unsigned char)text[bytes] & 0xC0) == 0x80);
        memcpy(text + bytes, "...", 4);
    }
}

void plot_title(picture *drawn, const plot_area *area, const char *title, const char *words)
{
    /* A longer one is wider than any room. */
    char cut[512];
    float y = (float)area->y - 22;
    size_t bytes = strnlen(title, sizeof cut - 4);
    memcpy(cut, title, bytes);
    cut[bytes] = '\0';
    shorten(cut, bytes, (float)area->width - 30 - picture_text_width(AXIS_TEXT, words));
    picture_text(drawn, (float)area->x, y, AXIS_TITLE, TEXT_LEFT, plot_ink, cut);
    picture_text(drawn, (float)(area->x + area->width), y, AXIS_TEXT, TEXT_RIGHT, plot_ink, words);
}
