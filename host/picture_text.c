/* picture_text.c: text in pictures, by a font of strokes that is drawn here, so that pictures need
 * no font of the system and look the same everywhere.
 *
 * A glyph is strokes with spaces between; a point of a stroke is a column, '0' up, and a row: 'a'
 * is the top of capitals, 'e' that of small letters, 'm' the base line and 'p' the lowest. A stroke
 * is straight from point to point; after '~' its points are the controls of a quadratic B-spline
 * that begins in the first and ends in the last, after '@' of a closed one. */
#include "host/picture.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#define ROWS_OF_CAPITALS 12.0f /* a to m */
#define MIDDLE_ROW       6.0f
#define GAP              3.2f /* between glyphs, in columns */
#define DIGIT_COLUMNS    7.0f /* all alike, so that figures stand in columns */
#define BLANK_COLUMNS    2.0f
#define WEIGHT           1.35f /* of a stroke, in columns */
#define WEIGHT_PIXELS    1.15f /* at least */
#define POINTS_MAX       16
#define PIECES           6 /* straight pieces of an arc */
#define LINES_MAX        (3 * POINTS_MAX * PIECES)

static const char *const glyphs[] = {
    /*   */ "",
    /* ! */ "0a0i 0l0m",
    /* " */ "0a0d 3a3d",
    /* # */ "3b1l 7b5l 1e8e 0i7i",
    /* $ */ "~7d7b4b0b0g4g7g7l3l0l0j 3a3m",
    /* % */ "@0a4a4f0f @6h:h:m6m 9a1m",
    /* & */ "~8m3f1d1a5a5d3f0h0m4m7m7i",
    /* ' */ "0a0d",
    /* ( */ "~3a0d0j3n",
    /* ) */ "~0a3d3j0n",
    /* * */ "3b3h 0c6g 6c0g",
    /* + */ "0h8h 4d4l",
    /* , */ "1l0o",
    /* - */ "0h5h",
    /* . */ "0l0m",
    /* / */ "0n5a",
    /* 0 */ "@0a7a7m0m",
    /* 1 */ "1c4a4m",
    /* 2 */ "~0d0a4a7a7e7g0m 0m7m",
    /* 3 */ "~0c0a4a7a7f4f2f ~3f7f7m4m0m0j",
    /* 4 */ "5m5a0i7i",
    /* 5 */ "6a1a0f ~0f1e4e7e7m3m1m0k",
    /* 6 */ "~6b5a4a0a0h0m4m7m7f4f0f0i",
    /* 7 */ "0a7a3m",
    /* 8 */ "@1a6a6f1f @0f7f7m0m",
    /* 9 */ "~1l2m3m7m7f7a3a0a0h3h7h7e",
    /* : */ "0f0g 0l0m",
    /* ; */ "1f1g 1l0o",
    /* < */ "7d0h7l",
    /* = */ "0f7f 0j7j",
    /* > */ "0d7h0l",
    /* ? */ "~0d0a3a6a6f3f3i 3l3m",
    /* @ */ "@0b:b:n0n @3e7e7j3j 7e7j",
    /* A */ "0m4a8m 1j7j",
    /* B */ "0m0a ~0a5a7a7g5g0g ~0g5g8g8m5m0m",
    /* C */ "~8c7a4a0a0m4m7m8k",
    /* D */ "0m0a ~0a3a8a8m3m0m",
    /* E */ "7a0a0m7m 0g6g",
    /* F */ "7a0a0m 0g6g",
    /* G */ "~8c7a4a0a0m4m8m8h 8h5h",
    /* H */ "0a0m 8a8m 0g8g",
    /* I */ "0a0m",
    /* J */ "~5a5h5m2m0m0j",
    /* K */ "0a0m 8a0i 3f8m",
    /* L */ "0a0m6m",
    /* M */ "0m0a5j:a:m",
    /* N */ "0m0a8m8a",
    /* O */ "@0a9a9m0m",
    /* P */ "0m0a ~0a5a8a8h5h0h",
    /* Q */ "@0a9a9m0m 5j9n",
    /* R */ "0m0a ~0a5a8a8g5g0g 4g8m",
    /* S */ "~8c7a4a0a0g4g8g8m4m1m0k",
    /* T */ "0a8a 4a4m",
    /* U */ "~0a0g0m4m8m8g8a",
    /* V */ "0a4m8a",
    /* W */ "0a3m6a9m<a",
    /* X */ "0a8m 8a0m",
    /* Y */ "0a4g8a 4g4m",
    /* Z */ "0a8a0m8m",
    /* [ */ "3a0a0n3n",
    /* \ */ "0a5n",
    /* ] */ "0a3a3n0n",
    /* ^ */ "0e3a6e",
    /* _ */ "0n7n",
    /* ` */ "0a2c",
    /* a */ "~0g1e3e6e6h6m ~6h3h0h0m3m6m6j",
    /* b */ "0a0m @0e7e7m0m",
    /* c */ "~7g6e4e0e0m4m6m7k",
    /* d */ "7a7m @0e7e7m0m",
    /* e */ "0i7i ~7i7e4e0e0m4m6m7k",
    /* f */ "~5a4a2a2d2m 0e5e",
    /* g */ "@0e7e7m0m ~7e7l7p4p1p0o",
    /* h */ "0a0m ~0h0e4e7e7h7m",
    /* i */ "0e0m 0a0b",
    /* j */ "~2e2m2p0p 2a2b",
    /* k */ "0a0m 6e0j 2h6m",
    /* l */ "~0a0h0m2m",
    /* m */ "0e0m ~0h0e3e5e5h5m ~5h5e8e:e:h:m",
    /* n */ "0e0m ~0h0e4e7e7h7m",
    /* o */ "@0e7e7m0m",
    /* p */ "0e0p @0e7e7m0m",
    /* q */ "7e7p @0e7e7m0m",
    /* r */ "0e0m ~0i0e3e4e",
    /* s */ "~6g5e3e0e0i3i6i6m3m1m0k",
    /* t */ "~2b2j2m4m5m 0e5e",
    /* u */ "~0e0i0m3m7m7i 7e7m",
    /* v */ "0e3m6e",
    /* w */ "0e2m5e8m:e",
    /* x */ "0e6m 6e0m",
    /* y */ "0e3m 6e2p",
    /* z */ "0e6e0m6m",
    /* { */ "~4a2a2f0g ~0g2h2n4n",
    /* | */ "0a0o",
    /* } */ "~0a2a2f4g ~4g2h2n0n",
    /* ~ */ "~0h1f3g5h7g",
};
static const char minus[] = "0h7h";
static const char lacking[] = "0a6a6m0m0a";
/* The letters below the accents of U+00C0 to U+00FF. */
static const char accented[] = "AAAAAAACEEEEIIIIDNOOOOOxOUUUUYPsaaaaaaaceeeeiiiidnooooo/ouuuuypy";

typedef struct point {
    float x, y;
} point;

/* Where columns and rows of the glyph under way lie. */
typedef struct pen {
    picture *drawn; /* NULL: measures only */
    point origin, column, row;
    float radius; /* of a stroke, in pixels */
    colour ink;
    int count; /* of lines of the glyph */
    point lines[LINES_MAX][2];
} pen;

/* The next character of UTF-8 text; a byte that begins none stands for itself. */
static uint32_t next_character(const char **text)
{
    const unsigned char *at = (const unsigned char *)*text;
    int more = at[0] >= 0xF0 ? 3 : at[0] >= 0xE0 ? 2 : at[0] >= 0xC0 ? 1 : 0;
    uint32_t character = more > 0 ? at[0] & (0x3Fu >> more) : at[0];
    for (int i = 1; i <= more; i++) {
        if ((at[i] & 0xC0) != 0x80) {
            more = 0;
            character = at[0];
        } else {
            character = character << 6 | (at[i] & 0x3F);
        }
    }
    *text += 1 + more;
    return character;
}

static const char *glyph_of(uint32_t character)
{
    if (character >= ' ' && character <= '~') {
        return glyphs[character - ' '];
    }
    if (character == 0x2212 || character == 0x2013) {
        return minus;
    }
    if (character >= 0xC0 && character <= 0xFF) {
        return glyphs[accented[character - 0xC0] - ' '];
    }
    return lacking;
}

static float columns_of(uint32_t character)
{
    float columns = character == ' ' ? BLANK_COLUMNS : 0;
    int is_column = 1; /* points are pairs, after a mark or a space */
    if (character >= '0' && character <= '9') {
        return DIGIT_COLUMNS;
    }
    for (const char *at = glyph_of(character); *at != '\0'; at++) {
        if (*at == ' ' || *at == '@' || (*at == '~' && is_column)) {
            is_column = 1;
            continue;
        }
        columns = is_column ? fmaxf(columns, (float)(*at - '0')) : columns;
        is_column = !is_column;
    }
    return columns;
}

static point between(point from, point to, float share)
{
    return (point){from.x + share * (to.x - from.x), from.y + share * (to.y - from.y)};
}

static void add_line(pen *held, point from, point to)
{
    if (held->count < LINES_MAX) {
        held->lines[held->count][0] = from;
        held->lines[held->count][1] = to;
        held->count++;
    }
}

static void add_arc(pen *held, point from, point control, point to)
{
    point last = from;
    for (int i = 1; i <= PIECES; i++) {
        float share = (float)i / PIECES;
        point at = between(between(from, control, share), between(control, to, share), share);
        add_line(held, last, at);
        last = at;
    }
}

static void add_stroke(pen *held, char kind, const point *points, int count)
{
    if (kind == '@') {
        for (int i = 0; i < count; i++) {
            point before = points[(i + count - 1) % count], after = points[(i + 1) % count];
            add_arc(held, between(before, points[i], 0.5f), points[i],
                    between(points[i], after, 0.5f));
        }
        return;
    }
    if (kind == '~') {
        point from = points[0];
        for (int i = 1; i + 1 < count; i++) {
            point to = i + 2 == count ? points[i + 1] : between(points[i], points[i + 1], 0.5f);
            add_arc(held, from, points[i], to);
            from = to;
        }
        return;
    }
    for (int i = 0; i + 1 < count; i++) {
        add_line(held, points[i], points[i + 1]);
    }
}

static float distance_to(const point line[2], float x, float y)
{
    float dx = line[1].x - line[0].x, dy = line[1].y - line[0].y;
    float px = x - line[0].x, py = y - line[0].y;
    float square = dx * dx + dy * dy;
    float share = square > 0 ? fminf(fmaxf((px * dx + py * dy) / square, 0), 1) : 0;
    return hypotf(px - share * dx, py - share * dy);
}

/* All lines of a glyph as one shape with round ends, its edges as smooth as pixels allow. */
static void draw_lines(const pen *held)
{
    float left = INFINITY, right = -INFINITY, top = INFINITY, bottom = -INFINITY;
    float reach = held->radius + 1;
    for (int i = 0; i < held->count; i++) {
        for (int end = 0; end < 2; end++) {
            left = fminf(left, held->lines[i][end].x - reach);
            right = fmaxf(right, held->lines[i][end].x + reach);
            top = fminf(top, held->lines[i][end].y - reach);
            bottom = fmaxf(bottom, held->lines[i][end].y + reach);
        }
    }
    for (int32_t y = (int32_t)floorf(top); held->count > 0 && y <= (int32_t)bottom; y++) {
        for (int32_t x = (int32_t)floorf(left); x <= (int32_t)right; x++) {
            float distance = reach;
            for (int i = 0; i < held->count; i++) {
                distance =
                    fminf(distance, distance_to(held->lines[i], (float)x + 0.5f, (float)y + 0.5f));
            }
            float cover = fminf(held->radius + 0.5f - distance, 1);
            if (cover > 0) {
                picture_blend(held->drawn, x, y, held->ink, cover);
            }
        }
    }
}

static void draw_glyph(pen *held, const char *glyph)
{
    held->count = 0;
    while (*glyph != '\0') {
        point points[POINTS_MAX];
        int count = 0;
        char kind = ' ';
        if (*glyph == '~' || *glyph == '@') {
            kind = *glyph++;
        }
        for (; *glyph != '\0' && *glyph != ' ' && count < POINTS_MAX; glyph += 2) {
            float column = (float)(glyph[0] - '0');
            float row = (float)(glyph[1] - 'a') - MIDDLE_ROW;
            points[count++] = (point){held->origin.x + column * held->column.x + row * held->row.x,
                                      held->origin.y + column * held->column.y + row * held->row.y};
        }
        add_stroke(held, kind, points, count);
        glyph += *glyph == ' ';
    }
    draw_lines(held);
}

/* Returns the columns that the text takes. */
static float draw_text(pen held, const char *text)
{
    float columns = 0;
    while (*text != '\0') {
        uint32_t character = next_character(&text);
        float wide = columns_of(character) + GAP;
        if (held.drawn != NULL) {
            draw_glyph(&held, glyph_of(character));
        }
        held.origin.x += wide * held.column.x;
        held.origin.y += wide * held.column.y;
        columns += wide;
    }
    return fmaxf(columns - GAP, 0);
}

static pen pen_of(picture *drawn, float size, colour ink)
{
    float unit = size / ROWS_OF_CAPITALS;
    return (pen){.drawn = drawn,
                 .column = {unit, 0},
                 .row = {0, unit},
                 .radius = fmaxf(WEIGHT * unit, WEIGHT_PIXELS) / 2,
                 .ink = ink};
}

float picture_text_width(float size, const char *text)
{
    pen held = pen_of(NULL, size, (colour){0});
    return draw_text(held, text) * held.column.x;
}

float picture_text(picture *drawn, float x, float y, float size, text_anchor anchor, colour ink,
                   const char *text)
{
    pen held = pen_of(drawn, size, ink);
    float width = picture_text_width(size, text);
    float shift = anchor == TEXT_LEFT ? 0 : anchor == TEXT_CENTRE ? width / 2 : width;
    /* Strokes that run up lie on whole pixels, and so are sharp. */
    held.origin = (point){floorf(x - shift) + 0.5f, floorf(y) + 0.5f};
    draw_text(held, text);
    return width;
}

void picture_text_upwards(picture *drawn, float x, float y, float size, colour ink,
                          const char *text)
{
    pen held = pen_of(drawn, size, ink);
    held.origin = (point){floorf(x) + 0.5f, floorf(y + picture_text_width(size, text) / 2) + 0.5f};
    held.row = (point){held.column.x, 0};
    held.column = (point){0, -held.row.x};
    draw_text(held, text);
}
