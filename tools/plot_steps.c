/* plot_steps.c: a picture of where the time of a segment goes.
 *
 *   plot_steps STEPS.csv PICTURE.svg
 *
 * STEPS.csv is what "cleave bench model NAME --steps --csv STEPS.csv" writes. For every op, and for
 * every part of the network in the order in which they run, two bars: the time that its steps took
 * (medians), and their floor (the longer of operations at the machine's peak and bytes at its copy
 * rate). A part is a label up to its second dot; parts of little time are drawn together. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_BYTES  1024
#define TEXT_BYTES  128
#define STEPS_MAX   16384
#define GROUPS_MAX  512
#define SMALL_SHARE 0.005 /* of the time: below it a part goes with the rest */

/* Columns that the picture is made from. */
enum { MACHINE, MODEL, DEVICE, PRECISION, THREADS, INDEX, STEP, OP, MEDIAN, FLOOR, COLUMNS };
static const char *const titles[COLUMNS] = {"machine", "model", "device", "precision", "threads",
                                            "index",   "step",  "op",     "median_s",  "floor_s"};

/* Steps that are drawn together. */
typedef struct group {
    char name[TEXT_BYTES];
    int count;
    double seconds, floor;
} group;

typedef struct groups {
    int count;
    group row[GROUPS_MAX];
} groups;

typedef struct table {
    const char *path;
    int place[COLUMNS];          /* of each column in a line */
    char subject[5][TEXT_BYTES]; /* MACHINE..THREADS of the first line */
    long index;
    int lines;
    group all;
    groups ops, parts;
} table;

static int complain(const char *path, const char *sentence)
{
    fprintf(stderr, "plot_steps: %s: %s\n", path, sentence);
    return 0;
}

static int complain_line(const table *t, const char *sentence)
{
    fprintf(stderr, "plot_steps: %s: line %d: %s\n", t->path, t->lines + 1, sentence);
    return 0;
}

/* ---- reading ------------------------------------------------------------------------------------
 */
/* Field number `place` of a line; empty if it has not as many. */
static void field(const char *line, int place, char text[TEXT_BYTES])
{
    for (; place > 0 && *line; place--) {
        line += strcspn(line, ",");
        line += *line == ',';
    }
    snprintf(text, TEXT_BYTES, "%.*s", (int)strcspn(line, ",\r\n"), line);
}

static int read_titles(table *t, const char *line)
{
    for (int column = 0; column < COLUMNS; column++) {
        char text[TEXT_BYTES];
        int place = 0;
        for (field(line, 0, text); text[0] && strcmp(text, titles[column]) != 0;)
            field(line, ++place, text);
        if (!text[0]) {
            fprintf(
                stderr,
                "plot_steps: %s: no column \"%s\"; cleave bench model --steps --csv FILE writes "
                "it\n",
                t->path, titles[column]);
            return 0;
        }
        t->place[column] = place;
    }
    return 1;
}

/* The group of that name, which may be a new one; NULL if there are too many. */
static group *find(groups *g, const char *name)
{
    for (int i = 0; i < g->count; i++)
        if (!strcmp(g->row[i].name, name))
            return &g->row[i];
    if (g->count == GROUPS_MAX)
        return NULL;
    snprintf(g->row[g->count].name, TEXT_BYTES, "%s", name);
    return &g->row[g->count++];
}

static void add(group *g, int count, double seconds, double floor)
{
    g->count += count;
    g->seconds += seconds;
    g->floor += floor;
}

/* "encoder.0.dconv.1" is of "encoder.0". */
static void part_of(const char *label, char part[TEXT_BYTES])
{
    size_t bytes = strcspn(label, ".");

    if (label[bytes])
        bytes += 1 + strcspn(label + bytes + 1, ".");
    snprintf(part, TEXT_BYTES, "%.*s", (int)bytes, label);
}

static int read_number(const table *t, const char *line, int column, double *value)
{
    char text[TEXT_BYTES], *end;

    field(line, t->place[column], text);
    *value = strtod(text, &end);
    return (end != text && !*end && isfinite(*value) && *value >= 0) ||
           complain_line(t, "a time or an index is no number");
}

static int read_step(table *t, const char *line)
{
    char text[TEXT_BYTES], part[TEXT_BYTES];
    double index, seconds, floor;

    if (!read_number(t, line, INDEX, &index) || !read_number(t, line, MEDIAN, &seconds) ||
        !read_number(t, line, FLOOR, &floor))
        return 0;
    for (int column = MACHINE; column <= THREADS; column++) {
        field(line, t->place[column], text);
        if (t->lines == 1)
            memcpy(t->subject[column], text, sizeof text);
        else if (strcmp(t->subject[column], text) != 0)
            return complain_line(t, "another measurement begins; a picture shows one");
    }
    if ((long)index != t->index)
        return complain_line(t,
                             "not the next step; a picture shows one measurement, and all of it");
    t->index++;
    field(line, t->place[OP], text);
    group *const op = find(&t->ops, text);
    field(line, t->place[STEP], text);
    part_of(text, part);
    group *const of = find(&t->parts, part);
    if (!op || !of)
        return complain_line(t, "more parts than a picture can show");
    add(op, 1, seconds, floor);
    add(of, 1, seconds, floor);
    add(&t->all, 1, seconds, floor);
    return 1;
}

static int read_table(table *t, const char *path)
{
    char line[LINE_BYTES];
    FILE *const file = fopen(path, "r");
    int ok = 1;

    t->path = path;
    if (!file)
        return complain(path, strerror(errno));
    for (; ok && fgets(line, sizeof line, file); t->lines++)
        ok = !strchr(line, '\n') && !feof(file) ? complain_line(t, "is too long")
             : t->lines == 0                    ? read_titles(t, line)
                                                : read_step(t, line);
    if (ok && ferror(file))
        ok = complain(path, strerror(errno));
    fclose(file);
    if (ok && !(t->all.seconds > 0))
        ok = complain(path, "there are no steps in it");
    return ok;
}

/* Parts of little time together, at the end. */
static void gather_small(groups *g, double all)
{
    group rest = {.name = "the rest"};
    int kept = 0;

    for (int i = 0; i < g->count; i++)
        if (g->row[i].seconds < SMALL_SHARE * all)
            add(&rest, g->row[i].count, g->row[i].seconds, g->row[i].floor);
        else
            g->row[kept++] = g->row[i];
    if (rest.count > 0)
        g->row[kept++] = rest;
    g->count = kept;
}

static int by_seconds(const void *a, const void *b)
{
    const double x = ((const group *)a)->seconds, y = ((const group *)b)->seconds;

    return (x < y) - (x > y);
}

/* ---- drawing ------------------------------------------------------------------------------------
 */
#define WIDTH      1000
#define LEFT       190 /* where the bars begin */
#define BARS       540 /* their greatest length */
#define ROW        26
#define HEAD       96
#define PANEL_HEAD 40 /* title of a panel */
#define PANEL_FOOT 52 /* its axis */
#define OURS       "#1f5fa8"
#define FLOOR_FILL "#e69f00"

static void put_text(FILE *svg, const char *text)
{
    for (; *text; text++)
        if (*text == '&')
            fputs("&amp;", svg);
        else if (*text == '<')
            fputs("&lt;", svg);
        else if ((unsigned char)*text >= ' ')
            fputc(*text, svg);
}

static int panel_height(const groups *g)
{
    return PANEL_HEAD + g->count * ROW + PANEL_FOOT;
}

/* 1, 2 or 5 times a power of ten, so that at most eight of it reach `most`. */
static double tick_of(double most)
{
    double tick = pow(10, floor(log10(most / 8)));

    while (tick * 8 < most)
        tick *= tick * 2 * 8 >= most ? 2 : tick * 5 * 8 >= most ? 5 : 10;
    return tick;
}

static void draw_axis(FILE *svg, int top, int bottom, double most)
{
    const double tick = tick_of(most);

    for (int k = 0; k * tick <= most * 1.0001; k++) {
        const double x = LEFT + BARS * k * tick / most;
        fprintf(svg,
                "<line x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\" stroke=\"#d0d0d0\"/>\n"
                "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\" fill=\"#444\">%g</text>\n",
                x, top, x, bottom, x, bottom + 16, k * tick);
    }
    fprintf(svg,
            "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\" fill=\"#444\">milliseconds a "
            "segment</text>\n",
            LEFT + BARS / 2, bottom + 34);
}

static void draw_bar(FILE *svg, int y, int height, double length, const char *fill)
{
    fprintf(svg, "<rect x=\"%d\" y=\"%d\" width=\"%.2f\" height=\"%d\" fill=\"%s\"/>\n", LEFT, y,
            length, height, fill);
}

static void draw_panel(FILE *svg, int y, const char *title, const groups *g, double all)
{
    const int top = y + PANEL_HEAD, bottom = top + g->count * ROW;
    double most = 0;

    for (int i = 0; i < g->count; i++)
        most = fmax(most, 1e3 * fmax(g->row[i].seconds, g->row[i].floor));
    fprintf(svg, "<text x=\"16\" y=\"%d\" font-size=\"15\" font-weight=\"bold\">%s</text>\n",
            y + 24, title);
    draw_axis(svg, top, bottom, most);
    for (int i = 0; i < g->count; i++) {
        const group *const r = &g->row[i];
        const int at = top + i * ROW;
        draw_bar(svg, at + 3, 11, BARS * 1e3 * r->seconds / most, OURS);
        draw_bar(svg, at + 15, 7, BARS * 1e3 * r->floor / most, FLOOR_FILL);
        fprintf(svg, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">", LEFT - 8, at + 17);
        put_text(svg, r->name);
        fprintf(svg, "</text>\n<text x=\"%d\" y=\"%d\">%.2f ms, %.1f %%; floor %.2f ms</text>\n",
                LEFT + BARS + 12, at + 17, 1e3 * r->seconds, 100 * r->seconds / all,
                1e3 * r->floor);
    }
    fprintf(svg, "<line x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\" stroke=\"#444\"/>\n", LEFT, top,
            LEFT, bottom);
}

static void draw_head(FILE *svg, const table *t)
{
    fprintf(svg, "<text x=\"16\" y=\"28\" font-size=\"18\" font-weight=\"bold\">");
    put_text(svg, t->subject[MODEL]);
    fprintf(svg, ": %.1f ms a segment, floor %.1f ms</text>\n<text x=\"16\" y=\"50\">",
            1e3 * t->all.seconds, 1e3 * t->all.floor);
    put_text(svg, t->subject[MACHINE]);
    fprintf(svg, ", %s thread%s, ", t->subject[THREADS],
            strcmp(t->subject[THREADS], "1") == 0 ? "" : "s");
    put_text(svg, t->subject[DEVICE]);
    fprintf(svg, ", ");
    put_text(svg, t->subject[PRECISION]);
    fprintf(
        svg,
        "</text>\n<rect x=\"16\" y=\"66\" width=\"22\" height=\"11\" fill=\"" OURS "\"/>\n"
        "<text x=\"44\" y=\"76\">measured, median</text>\n"
        "<rect x=\"190\" y=\"68\" width=\"22\" height=\"7\" fill=\"" FLOOR_FILL "\"/>\n"
        "<text x=\"218\" y=\"76\">floor: operations at the machine's peak, or bytes at its copy "
        "rate, the longer</text>\n");
}

static int draw(const table *t, const char *path)
{
    const int height = HEAD + panel_height(&t->ops) + panel_height(&t->parts);
    FILE *const svg = fopen(path, "w");

    if (!svg)
        return complain(path, strerror(errno));
    fprintf(svg,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
            "viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" font-size=\"12\" fill=\"#111\">\n"
            "<rect width=\"%d\" height=\"%d\" fill=\"white\"/>\n",
            WIDTH, height, WIDTH, height, WIDTH, height);
    draw_head(svg, t);
    draw_panel(svg, HEAD, "By op", &t->ops, t->all.seconds);
    draw_panel(svg, HEAD + panel_height(&t->ops), "By part, in the order in which they run",
               &t->parts, t->all.seconds);
    fprintf(svg, "</svg>\n");
    const int failed = ferror(svg);
    return (fclose(svg) == 0 && !failed) || complain(path, "cannot be written");
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "plot_steps: takes the steps that cleave bench model --steps --csv FILE "
                        "wrote, and the picture to write\n");
        return 2;
    }
    table *const t = calloc(1, sizeof *t);
    if (!t)
        return !complain(argv[1], "out of memory");
    int ok = read_table(t, argv[1]);
    if (ok) {
        qsort(t->ops.row, (size_t)t->ops.count, sizeof t->ops.row[0], by_seconds);
        gather_small(&t->parts, t->all.seconds);
        ok = draw(t, argv[2]);
    }
    free(t);
    return ok ? 0 : 1;
}
