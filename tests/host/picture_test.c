/* picture_test.c: pixels, text, colours, and PNG that reads back as it was written. */
#include "host/picture.h"
#include "tests/host/png_read.h"
#include "tests/test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const colour white = {255, 255, 255}, black = {0, 0, 0}, red = {200, 10, 20};

static int is_colour(const picture *drawn, int32_t x, int32_t y, colour ink)
{
    return memcmp(&drawn->pixels[y * drawn->width + x], &ink, sizeof ink) == 0;
}

/* How much of the picture is not white, 0..1, within a rectangle. */
static double ink_in(const picture *drawn, int32_t x, int32_t y, int32_t width, int32_t height)
{
    double sum = 0;
    for (int32_t row = y; row < y + height; row++) {
        for (int32_t column = x; column < x + width; column++) {
            sum += 255 - drawn->pixels[row * drawn->width + column].green;
        }
    }
    return sum / 255 / width / height;
}

static void test_png(void)
{
    static const int32_t sizes[][2] = {{1, 1}, {3, 2}, {257, 100}, {1368, 582}};
    char message[PNG_MESSAGE_BYTES];
    if (png_backend() == NULL) {
        picture drawn;
        png_bytes encoded;
        TEST_CHECK(picture_open(&drawn, 2, 2, white) == 0);
        TEST_CHECK(png_encode(&drawn, &encoded, message) != 0 && strstr(message, "libpng") != NULL);
        picture_free(&drawn);
        return;
    }
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        picture drawn, read;
        png_bytes encoded;
        int32_t width = sizes[i][0], height = sizes[i][1];
        TEST_CHECK(picture_open(&drawn, width, height, white) == 0);
        for (int32_t k = 0; k < width * height; k++) {
            drawn.pixels[k] = (colour){(uint8_t)k, (uint8_t)(k / 7), (uint8_t)(k * k)};
        }
        TEST_CHECK(png_encode(&drawn, &encoded, message) == 0);
        TEST_CHECK(memcmp(encoded.bytes, "\x89PNG\r\n\x1a\n", 8) == 0);
        if (TEST_CHECK(png_read(&encoded, &read) == 0)) {
            TEST_CHECK(read.width == width && read.height == height);
            TEST_CHECK(memcmp(read.pixels, drawn.pixels, (size_t)(3 * width * height)) == 0);
            picture_free(&read);
        }
        free(encoded.bytes);
        picture_free(&drawn);
    }
}

static void test_shapes(void)
{
    picture drawn;
    TEST_CHECK(picture_open(&drawn, 0, 5, white) != 0 &&
               picture_open(&drawn, 5, PICTURE_SIDE_MAX + 1, white) != 0);
    TEST_CHECK(picture_open(&drawn, 20, 10, white) == 0);
    picture_fill(&drawn, -5, -5, 7, 6, red);
    TEST_CHECK(is_colour(&drawn, 1, 0, red) && is_colour(&drawn, 2, 0, white) &&
               is_colour(&drawn, 1, 1, white));
    picture_fill(&drawn, 18, 8, 100, 100, red);
    TEST_CHECK(is_colour(&drawn, 19, 9, red) && is_colour(&drawn, 17, 9, white));
    picture_fill(&drawn, 50, 50, 5, 5, red);
    picture_fill(&drawn, 5, 5, -3, 2, red);
    TEST_CHECK(is_colour(&drawn, 4, 5, white));
    picture_set(&drawn, -1, 0, red);
    picture_set(&drawn, 0, 10, red);
    picture_blend(&drawn, 20, 0, red, 1);
    picture_blend(&drawn, 10, 5, black, 0.5f);
    TEST_CHECK(is_colour(&drawn, 10, 5, (colour){128, 128, 128}) ||
               is_colour(&drawn, 10, 5, (colour){127, 127, 127}));
    picture_frame(&drawn, 5, 2, 3, 3, black);
    TEST_CHECK(is_colour(&drawn, 4, 1, black) && is_colour(&drawn, 8, 5, black) &&
               is_colour(&drawn, 5, 2, white));
    picture_free(&drawn);
}

/* Each glyph draws something, stays between the lines, and looks like no other. */
static void test_glyphs(void)
{
    enum { SIDE = 40, COUNT = '~' - '!' + 1 };
    picture drawn[COUNT];
    for (int i = 0; i < COUNT; i++) {
        char text[2] = {(char)('!' + i), '\0'};
        TEST_CHECK(picture_open(&drawn[i], SIDE, SIDE, white) == 0);
        float width = picture_text(&drawn[i], 6, 20, 14, TEXT_LEFT, black, text);
        TEST_CHECK(width >= 0 && width < 24 && width == picture_text_width(14, text));
        double all = ink_in(&drawn[i], 0, 0, SIDE, SIDE) * SIDE * SIDE;
        double inside =
            ink_in(&drawn[i], 4, 11, (int32_t)width + 5, 21) * ((int32_t)width + 5) * 21;
        if (!(all > 3) || fabs(all - inside) > 1e-6) {
            TEST_FAIL("\"%s\" has %g of ink, %g of it in its place", text, all, inside);
        }
        for (int k = 0; k < i; k++) {
            size_t bytes = sizeof(colour) * SIDE * SIDE;
            if (memcmp(drawn[i].pixels, drawn[k].pixels, bytes) == 0) {
                TEST_FAIL("\"%c\" looks like \"%c\"", '!' + i, '!' + k);
            }
        }
    }
    for (int i = 0; i < COUNT; i++) {
        picture_free(&drawn[i]);
    }
    for (char digit[2] = "1"; digit[0] <= '9'; digit[0]++) {
        TEST_CHECK(picture_text_width(9, digit) == picture_text_width(9, "0"));
    }
}

/* Where text stands, whatever bytes it has. */
static void test_text(void)
{
    static const char *const odd[] = {"",     " ",        "\xff\xfe",         "\xe2\x88",
                                      "\xc3", "\x01\x7f", "\xf0\x9f\x8e\xb5", "caf\xc3\xa9"};
    picture drawn;
    TEST_CHECK(picture_open(&drawn, 200, 40, white) == 0);
    picture_text(&drawn, 190, 20, 10, TEXT_RIGHT, black, "123");
    TEST_CHECK(ink_in(&drawn, 195, 0, 5, 40) == 0 && ink_in(&drawn, 150, 0, 45, 40) > 0);
    picture_fill(&drawn, 0, 0, 200, 40, white);
    picture_text(&drawn, 100, 20, 10, TEXT_CENTRE, black, "HHH");
    TEST_CHECK(fabs(ink_in(&drawn, 50, 0, 50, 40) - ink_in(&drawn, 100, 0, 50, 40)) < 0.02);
    picture_fill(&drawn, 0, 0, 200, 40, white);
    picture_text_upwards(&drawn, 100, 20, 10, black, "L");
    TEST_CHECK(ink_in(&drawn, 92, 8, 16, 24) > 0 &&
               fabs(ink_in(&drawn, 92, 8, 16, 24) * 16 * 24 -
                    ink_in(&drawn, 0, 0, 200, 40) * 8000) < 1e-6);
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        TEST_CHECK(picture_text(&drawn, -5, 38, 12, TEXT_LEFT, black, odd[i]) >= 0);
    }
    TEST_CHECK(picture_text_width(9, "caf\xc3\xa9") == picture_text_width(9, "cafe"));
    picture_free(&drawn);
}

/* Luminance (of sRGB, relative) grows with every step, so that no two levels look alike. */
static void test_heat(void)
{
    double last = -1;
    for (int i = 0; i <= 255; i++) {
        colour c = picture_heat((float)i / 255);
        const uint8_t parts[] = {c.red, c.green, c.blue};
        static const double weights[] = {0.2126, 0.7152, 0.0722};
        double luminance = 0;
        for (int k = 0; k < 3; k++) {
            double v = parts[k] / 255.0;
            luminance += weights[k] * (v <= 0.04045 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4));
        }
        if (luminance <= last - 0.002) {
            TEST_FAIL("step %d is darker than the one before: %g, %g", i, luminance, last);
        }
        last = fmax(last, luminance);
    }
    colour low = picture_heat(-1), first = picture_heat(0), none = picture_heat(NAN);
    TEST_CHECK(memcmp(&low, &first, sizeof low) == 0 && memcmp(&none, &first, sizeof low) == 0);
    TEST_CHECK(last > 0.85);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"png", test_png},   {"shapes", test_shapes}, {"glyphs", test_glyphs},
        {"text", test_text}, {"heat", test_heat},
    };
    return test_main(argc, argv, cases, (int)(sizeof cases / sizeof cases[0]));
}
