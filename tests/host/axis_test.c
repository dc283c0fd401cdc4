/* axis_test.c: scales of frequency and their marks. */
#include "host/axis.h"
#include "tests/test.h"

#include <math.h>
#include <string.h>

static void near(const char *what, double value, double expected, double tolerance)
{
    if (!(fabs(value - expected) <= tolerance)) {
        TEST_FAIL("%s is %.9g, not %.9g", what, value, expected);
    } else {
        TEST_CHECK(1);
    }
}

static void test_scales(void)
{
    for (int scale = FREQUENCY_LOG; scale <= FREQUENCY_LINEAR; scale++) {
        frequency_axis axis = frequency_axis_of((frequency_scale)scale, 44100);
        near("the low end", frequency_axis_at(&axis, 0), scale == FREQUENCY_LOG ? 20 : 0, 1e-9);
        near("the high end", frequency_axis_at(&axis, 1), 22050, 1e-6);
        for (double place = 0; place <= 1; place += 0.125) {
            near("there and back", frequency_axis_place(&axis, frequency_axis_at(&axis, place)),
                 place, 1e-9);
        }
    }
    frequency_axis log_axis = frequency_axis_of(FREQUENCY_LOG, 48000);
    near("an octave is an octave",
         frequency_axis_place(&log_axis, 80) - frequency_axis_place(&log_axis, 40),
         frequency_axis_place(&log_axis, 16000) - frequency_axis_place(&log_axis, 8000), 1e-9);
    /* O'Shaughnessy's scale: 1000 Hz are 1000 mel, 4000 Hz 2146.1. */
    frequency_axis mel = frequency_axis_of(FREQUENCY_MEL, 8000);
    near("1000 mel", frequency_axis_place(&mel, 1000), 999.99 / 2146.06, 1e-4);
}

static void check_ticks(const char *what, const axis_tick *ticks, int32_t count, double apart)
{
    if (count < 2) {
        TEST_FAIL("%s has %d marks", what, count);
    }
    for (int32_t i = 0; i < count; i++) {
        TEST_CHECK(ticks[i].place >= -1e-9 && ticks[i].place <= 1 + 1e-9 &&
                   ticks[i].label[0] != '\0');
        if (i > 0 && ticks[i].place - ticks[i - 1].place < apart - 1e-9) {
            TEST_FAIL("%s: %s and %s are too near", what, ticks[i - 1].label, ticks[i].label);
        }
    }
}

static void test_ticks(void)
{
    static const int32_t rates[] = {8000, 11025, 44100, 192000, 384000};
    static const double lengths[] = {0.001, 0.3, 1, 7, 59, 61, 600, 3599, 3601, 90000, 1e6};
    axis_tick ticks[AXIS_TICKS_MAX];
    for (int scale = FREQUENCY_LOG; scale <= FREQUENCY_LINEAR; scale++) {
        for (size_t i = 0; i < sizeof rates / sizeof rates[0]; i++) {
            frequency_axis axis = frequency_axis_of((frequency_scale)scale, rates[i]);
            check_ticks("frequency", ticks, axis_of_frequency(&axis, 0.04, ticks), 0.04);
        }
    }
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        check_ticks("time", ticks, axis_of_time(lengths[i], 0.07, ticks), 0.07);
        TEST_CHECK(strncmp(ticks[0].label, "0:00", 4) == 0);
    }
    TEST_CHECK(axis_of_time(0, 0.07, ticks) == 0);
    check_ticks("levels", ticks, axis_of_values(-90, 0, 0.07, ticks), 0.07);
    TEST_CHECK(strcmp(ticks[0].label, "\xe2\x88\x92"
                                      "90") == 0);
    check_ticks("amplitudes", ticks, axis_of_values(-1.3, 1.3, 0.1, ticks), 0.1);
    frequency_axis axis = frequency_axis_of(FREQUENCY_LOG, 44100);
    int32_t count = axis_of_frequency(&axis, 0.04, ticks);
    TEST_CHECK(count == 10 && strcmp(ticks[0].label, "20") == 0 &&
               strcmp(ticks[9].label, "20k") == 0);
}

static void test_clocks(void)
{
    static const struct {
        double seconds, step;
        const char *label;
    } cases[] = {
        {0, 1, "0:00"},
        {59.999, 1, "1:00"},
        {61.25, 0.01, "1:01.25"},
        {3599, 1, "59:59"},
        {3661.5, 0.5, "1:01:01.5"},
        {0.0125, 0.0005, "0:00.0125"},
        {59.9996, 0.001, "1:00.000"},
        {360000, 3600, "100:00:00"},
        {0.3, 0.1, "0:00.3"},
    };
    int count = (int)(sizeof cases / sizeof cases[0]);
    for (int i = 0; i < count; i++) {
        char label[AXIS_LABEL];
        axis_clock(cases[i].seconds, cases[i].step, label);
        if (!TEST_CHECK(strcmp(label, cases[i].label) == 0)) {
            TEST_FAIL("%g is \"%s\", not \"%s\"", cases[i].seconds, label, cases[i].label);
        }
    }
    test_passed_count(count);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"scales", test_scales}, {"ticks", test_ticks}, {"clocks", test_clocks}};
    return test_main(argc, argv, cases, (int)(sizeof cases / sizeof cases[0]));
}
