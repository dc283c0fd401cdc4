/* picture.c: pixels and rectangles, and the colours of values. */
#include "host/picture.h"

#include <math.h>
#include <stdlib.h>

static int32_t clamped(int32_t value, int32_t limit)
{
    return value < 0 ? 0 : value > limit ? limit : value;
}

int picture_open(picture *drawn, int32_t width, int32_t height, colour background)
{
    *drawn = (picture){0};
    if (width < 1 || height < 1 || width > PICTURE_SIDE_MAX || height > PICTURE_SIDE_MAX) {
        return -1;
    }
    colour *pixels = malloc((size_t)width * (size_t)height * sizeof *pixels);
    if (pixels == NULL) {
        return -1;
    }
    *drawn = (picture){.width = width, .height = height, .pixels = pixels};
    picture_fill(drawn, 0, 0, width, height, background);
    return 0;
}

void picture_free(picture *drawn)
{
    free(drawn->pixels);
    *drawn = (picture){0};
}

void picture_set(picture *drawn, int32_t x, int32_t y, colour ink)
{
    if (x >= 0 && y >= 0 && x < drawn->width && y < drawn->height) {
        drawn->pixels[(size_t)y * (size_t)drawn->width + (size_t)x] = ink;
    }
}

void picture_fill(picture *drawn, int32_t x, int32_t y, int32_t width, int32_t height, colour ink)
{
    int32_t right = clamped(x + width, drawn->width);
    int32_t bottom = clamped(y + height, drawn->height);
    for (int32_t row = clamped(y, drawn->height); row < bottom; row++) {
        for (int32_t column = clamped(x, drawn->width); column < right; column++) {
            drawn->pixels[(size_t)row * (size_t)drawn->width + (size_t)column] = ink;
        }
    }
}

static uint8_t mixed(uint8_t below, uint8_t above, float cover)
{
    return (uint8_t)lrintf((float)below + cover * (float)(above - below));
}

void picture_blend(picture *drawn, int32_t x, int32_t y, colour ink, float cover)
{
    if (x < 0 || y < 0 || x >= drawn->width || y >= drawn->height) {
        return;
    }
    colour *pixel = &drawn->pixels[(size_t)y * (size_t)drawn->width + (size_t)x];
    pixel->red = mixed(pixel->red, ink.red, cover);
    pixel->green = mixed(pixel->green, ink.green, cover);
    pixel->blue = mixed(pixel->blue, ink.blue, cover);
}

void picture_frame(picture *drawn, int32_t x, int32_t y, int32_t width, int32_t height, colour ink)
{
    picture_fill(drawn, x - 1, y - 1, width + 2, 1, ink);
    picture_fill(drawn, x - 1, y + height, width + 2, 1, ink);
    picture_fill(drawn, x - 1, y - 1, 1, height + 2, ink);
    picture_fill(drawn, x + width, y - 1, 1, height + 2, ink);
}

/* The transfer function of sRGB (IEC 61966-2-1), to 8 bits. */
static uint8_t encoded(double linear)
{
    double value = linear <= 0.0031308 ? 12.92 * linear : 1.055 * pow(linear, 1 / 2.4) - 0.055;
    return (uint8_t)lrint(255 * fmin(fmax(value, 0), 1));
}

colour picture_heat(float value)
{
    /* A path through OKLCh, at even steps of the value: lightness is a straight line, the hue turns
     * from blue over violet, red and orange to yellow, and the chroma is what sRGB has room for. */
    static const struct {
        double chroma, degrees;
    } path[] = {{0.02, 280}, {0.09, 285},  {0.15, 298},  {0.19, 328}, {0.2, 370},
                {0.19, 398}, {0.165, 425}, {0.155, 452}, {0.05, 468}};
    const int last = (int)(sizeof path / sizeof path[0]) - 1;
    double at = fmin(fmax(isnan(value) ? 0.0 : (double)value, 0), 1);
    int from = (int)fmin(at * last, last - 1);
    double share = at * last - from;
    double lightness = 0.13 + 0.85 * at;
    double chroma = path[from].chroma + share * (path[from + 1].chroma - path[from].chroma);
    double radians = (path[from].degrees + share * (path[from + 1].degrees - path[from].degrees)) *
                     0.017453292519943295;
    double a = chroma * cos(radians), b = chroma * sin(radians);
    /* B. Ottosson, "A perceptual color space for image processing", 2020: OKLab to linear sRGB. */
    double l = pow(lightness + 0.3963377774 * a + 0.2158037573 * b, 3);
    double m = pow(lightness - 0.1055613458 * a - 0.0638541728 * b, 3);
    double s = pow(lightness - 0.0894841775 * a - 1.2914855480 * b, 3);
    return (colour){encoded(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
                    encoded(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
                    encoded(-0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s)};
}
