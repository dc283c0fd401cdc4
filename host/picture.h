/* picture.h: a picture in memory: pixels, rectangles, text. */
#ifndef CLEAVE_HOST_PICTURE_H
#define CLEAVE_HOST_PICTURE_H

#include <stdint.h>

#define PICTURE_SIDE_MAX 8192

typedef struct colour {
    uint8_t red, green, blue;
} colour;

typedef struct picture {
    int32_t width, height;
    colour *pixels; /* [height][width], from the top left */
} picture;

typedef enum text_anchor { TEXT_LEFT, TEXT_CENTRE, TEXT_RIGHT } text_anchor;

/* A picture of one colour. Returns 0, or -1 when out of memory or beyond PICTURE_SIDE_MAX. */
int picture_open(picture *drawn, int32_t width, int32_t height, colour background);
void picture_free(picture *drawn);

/* What lies outside the picture is not drawn. */
void picture_set(picture *drawn, int32_t x, int32_t y, colour ink);
void picture_fill(picture *drawn, int32_t x, int32_t y, int32_t width, int32_t height, colour ink);
/* Mixes `ink` over the pixel; cover: 0 nothing to 1 all. */
void picture_blend(picture *drawn, int32_t x, int32_t y, colour ink, float cover);
/* An outline of one pixel around the rectangle, outside of it. */
void picture_frame(picture *drawn, int32_t x, int32_t y, int32_t width, int32_t height, colour ink);

/* Draws UTF-8 text whose capitals are `size` pixels high, around their middle y, from, around or
 * until x. Returns its width. A character that the font lacks is drawn as a box. */
float picture_text(picture *drawn, float x, float y, float size, text_anchor anchor, colour ink,
                   const char *text);
/* The same, turned to read upwards, centred at (x, y). */
void picture_text_upwards(picture *drawn, float x, float y, float size, colour ink,
                          const char *text);
float picture_text_width(float size, const char *text);

/* Perceptual colours for a value of 0 to 1: lightness grows evenly from near black to near white,
 * so that equal steps of the value look equal, in print without colour too. */
colour picture_heat(float value);

#endif
