/* plot_gpu.c: tables and a picture of what bench_gpu and bench_ladder measured.
 *
 *   plot_gpu RESULTS.csv                 tables in Markdown, to standard output
 *   plot_gpu RESULTS.csv PICTURE.svg     a bar for every row: its share of the device's ceilings
 *
 * RESULTS.csv is of one machine, as the programs write it. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_BYTES 1024
#define TEXT_BYTES 96
#define ROWS_MAX   2048

enum {
    MACHINE,
    GROUP,
    NAME,
    CASE,
    PRECISION,
    BATCH,
    US,
    GB,
    TFLOP,
    SHARE,
    PEER,
    PEER_US,
    RATIO,
    SEGMENTS,
    REALTIME,
    DEVICE_MB,
    WAITING,
    BLENDING,
    DECODING,
    ENCODING,
    COLUMNS
};
static const char *const titles[COLUMNS] = {
    "machine",  "group",     "name",    "case",     "precision", "batch",   "us",
    "gb_s",     "tflop_s",   "share",   "peer",     "peer_us",   "ratio",   "segments_s",
    "realtime", "device_mb", "waiting", "blending", "decoding",  "encoding"};

typedef struct row {
    char text[COLUMNS][TEXT_BYTES];
} row;

typedef struct table {
    const char *path;
    int count;
    row *row;
} table;

static int complain(const char *path, int line, const char *sentence)
{
    if (line)
        fprintf(stderr, "plot_gpu: %s: line %d: %s\n", path, line, sentence);
    else
        fprintf(stderr, "plot_gpu: %s: %s\n", path, sentence);
    return 0;
}

/* ---- reading --------------------------------------------------------------------------------- */
/* Whether the line has as many fields as there are columns, none too long. */
static int split(const char *line, row *r)
{
    for (int column = 0; column < COLUMNS; column++) {
        const size_t bytes = strcspn(line, ",\r\n");
        if (bytes >= TEXT_BYTES || (column + 1 < COLUMNS) != (line[bytes] == ','))
            return 0;
        memcpy(r->text[column], line, bytes);
        r->text[column][bytes] = '\0';
        line += bytes + 1;
    }
    return 1;
}

static int are_titles(const row *r)
{
    for (int column = 0; column < COLUMNS; column++)
        if (strcmp(r->text[column], titles[column]) != 0)
            return 0;
    return 1;
}

/* Columns that are numbers hold finite ones, not below 0. */
static int are_numbers(const row *r)
{
    for (int column = BATCH; column < COLUMNS; column++) {
        char *end;
        const double value = strtod(r->text[column], &end);
        if (column != PEER && (end == r->text[column] || *end || !isfinite(value) || value < 0))
            return 0;
    }
    return 1;
}

static int read_table(table *t, const char *path)
{
    char line[LINE_BYTES];
    FILE *const file = fopen(path, "r");
    int ok = 1, lines = 0;

    t->path = path;
    if (!file)
        return complain(path, 0, strerror(errno));
    for (; ok && fgets(line, sizeof line, file); lines++) {
        row *const r = &t->row[t->count];
        if (t->count == ROWS_MAX)
            ok = complain(path, lines + 1, "more rows than this tool can show");
        else if (!split(line, r))
            ok = complain(path, lines + 1, "is no line of results");
        else if (lines == 0)
            ok = are_titles(r) || complain(path, 1, "has other titles than bench_gpu writes");
        else if (!are_numbers(r))
            ok = complain(path, lines + 1, "a figure is no number");
        else if (t->count && strcmp(t->row[0].text[MACHINE], r->text[MACHINE]) != 0)
            ok = complain(path, lines + 1, "is of another machine");
        else
            t->count++;
    }
    if (ok && ferror(file))
        ok = complain(path, 0, strerror(errno));
    fclose(file);
    return ok && (t->count > 0 || complain(path, 0, "there are no results in it"));
}

static double number(const row *r, int column)
{
    return strtod(r->text[column], NULL);
}

static int is_of(const row *r, const char *group)
{
    return !strcmp(r->text[GROUP], group);
}

/* ---- tables -----------------------------------------------------------------------------------
 */
static int has(const table *t, const char *group)
{
    for (int i = 0; i < t->count; i++)
        if (is_of(&t->row[i], group))
            return 1;
    return 0;
}

static void print_times(const table *t, const char *group, const char *title)
{
    if (!has(t, group))
        return;
    printf("\n**%s**\n\n| what | case | precision | µs | GB/s | TFLOP/s | share of ceilings |\n"
           "| --- | --- | --- | ---: | ---: | ---: | ---: |\n",
           title);
    for (int i = 0; i < t->count; i++) {
        const row *const r = &t->row[i];
        if (is_of(r, group))
            printf("| %s | %s | %s | %.1f | %.0f | %.2f | %.0f %% |\n", r->text[NAME],
                   r->text[CASE], r->text[PRECISION], number(r, US), number(r, GB),
                   number(r, TFLOP), 100 * number(r, SHARE));
    }
}

static void print_peers(const table *t)
{
    if (!has(t, "peer"))
        return;
    printf("\n**Beside the vendor's libraries, in the same run**\n\n"
           "| what | case | precision | µs | peer | its µs | its time over ours |\n"
           "| --- | --- | --- | ---: | --- | ---: | ---: |\n");
    for (int i = 0; i < t->count; i++) {
        const row *const r = &t->row[i];
        if (is_of(r, "peer"))
            printf("| %s | %s | %s | %.1f | %s | %.1f | %.2f |\n", r->text[NAME], r->text[CASE],
                   r->text[PRECISION], number(r, US), r->text[PEER], number(r, PEER_US),
                   number(r, RATIO));
    }
}

static void print_networks(const table *t)
{
    if (!has(t, "network"))
        return;
    printf("\n**Networks, from samples to samples**\n\n"
           "| network | precision | batch | segments/s | times real time | GPU memory, MB | "
           "share of ceilings |\n| --- | --- | ---: | ---: | ---: | ---: | ---: |\n");
    for (int i = 0; i < t->count; i++) {
        const row *const r = &t->row[i];
        if (is_of(r, "network"))
            printf("| %s | %s | %s | %.2f | %.1f | %.0f | %.0f %% |\n", r->text[NAME],
                   r->text[PRECISION], r->text[BATCH], number(r, SEGMENTS), number(r, REALTIME),
                   number(r, DEVICE_MB), 100 * number(r, SHARE));
    }
}

static void print_songs(const table *t)
{
    if (!has(t, "songs"))
        return;
    printf(
        "\n**Songs, from file to file**\n\nShares of the time, of the threads of an engine: the "
        "GPU is busy at least as long as it is waited for.\n\n"
        "| network | songs | precision | batch | songs/h | times real time | waiting for the GPU "
        "| blending | decoding | encoding |\n"
        "| --- | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n");
    for (int i = 0; i < t->count; i++) {
        const row *const r = &t->row[i];
        if (is_of(r, "songs"))
            printf("| %s | %s | %s | %s | %.0f | %.1f | %.0f %% | %.0f %% | %.0f %% | %.0f %% |\n",
                   r->text[NAME], r->text[CASE], r->text[PRECISION], r->text[BATCH],
                   3600e6 / number(r, US), number(r, REALTIME), 100 * number(r, WAITING),
                   100 * number(r, BLENDING), 100 * number(r, DECODING), 100 * number(r, ENCODING));
    }
}

static void print_tables(const table *t)
{
    printf("Measured on %s.\n", t->row[0].text[MACHINE]);
    print_times(t, "ceiling", "Ceilings");
    print_networks(t);
    print_songs(t);
    print_times(t, "ladder", "Ladders");
    print_peers(t);
    print_times(t, "kernel", "Kernels");
}

/* ---- drawing -----------------------------------------------------------------------------------
 */
#define WIDTH 1000
#define LEFT  430 /* where the bars begin */
#define BARS  400 /* the whole of a ceiling */
#define ROW   18
#define HEAD  70
#define FOOT  30

static void put_text(FILE *svg, const char *text)
{
    for (; *text; text++)
        if (*text == '&')
            fputs("&amp;", svg);
        else if (*text == '<')
            fputs("&lt;", svg);
        else if (*text == '>')
            fputs("&gt;", svg);
        else if ((unsigned char)*text >= ' ')
            fputc(*text, svg);
}

static const char *colour_of(const row *r)
{
    const char *const precision = r->text[PRECISION];

    return !strcmp(precision, "fp32")   ? "#1f5fa8"
           : !strcmp(precision, "tf32") ? "#e69f00"
           : !strcmp(precision, "bf16") ? "#009e73"
                                        : "#cc79a7";
}

/* A ceiling is no share of anything. */
static int is_drawn(const row *r)
{
    return !is_of(r, "ceiling");
}

static void draw_row(FILE *svg, const row *r, int y)
{
    const double share = fmin(number(r, SHARE), 1);

    fprintf(svg, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">", LEFT - 8, y + 13);
    put_text(svg, r->text[NAME]);
    fputs(", ", svg);
    put_text(svg, is_of(r, "network") ? "" : r->text[CASE]);
    if (strcmp(r->text[BATCH], "0") != 0) {
        fputs(is_of(r, "network") ? "batch " : ", batch ", svg);
        put_text(svg, r->text[BATCH]);
    }
    fputs(", ", svg);
    put_text(svg, r->text[PRECISION]);
    fprintf(svg,
            "</text>\n<rect x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"11\" fill=\"%s\"/>\n"
            "<text x=\"%.1f\" y=\"%d\">%.0f %%, %.1f µs",
            LEFT, y + 3, BARS * share, colour_of(r), LEFT + BARS * share + 6, y + 13,
            100 * number(r, SHARE), number(r, US));
    if (number(r, RATIO) > 0) {
        fprintf(svg, ", %.2f of ", number(r, RATIO));
        put_text(svg, r->text[PEER]);
    }
    fputs("</text>\n", svg);
}

static int draw(const table *t, const char *path)
{
    FILE *const svg = fopen(path, "w");
    int rows = 0, y = HEAD;

    if (!svg)
        return complain(path, 0, strerror(errno));
    for (int i = 0; i < t->count; i++)
        rows += is_drawn(&t->row[i]);
    const int height = HEAD + rows * ROW + FOOT;
    fprintf(svg,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
            "viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" font-size=\"11\" fill=\"#111\">\n"
            "<rect width=\"%d\" height=\"%d\" fill=\"white\"/>\n"
            "<text x=\"16\" y=\"28\" font-size=\"18\" font-weight=\"bold\">",
            WIDTH, height, WIDTH, height, WIDTH, height);
    put_text(svg, t->row[0].text[MACHINE]);
    fprintf(svg, ": share of the ceilings measured in the same run</text>\n");
    for (int tenth = 0; tenth <= 10; tenth += 2)
        fprintf(svg,
                "<line x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\" stroke=\"#d0d0d0\"/>\n"
                "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">%d %%</text>\n",
                LEFT + BARS * tenth / 10, HEAD, LEFT + BARS * tenth / 10, height - FOOT,
                LEFT + BARS * tenth / 10, HEAD - 8, 10 * tenth);
    for (int i = 0; i < t->count; i++)
        if (is_drawn(&t->row[i])) {
            draw_row(svg, &t->row[i], y);
            y += ROW;
        }
    fprintf(svg, "</svg>\n");
    const int failed = ferror(svg);
    return (fclose(svg) == 0 && !failed) || complain(path, 0, "cannot be written");
}

int main(int argc, char **argv)
{
    if (argc != 2 && argc != 3) {
        fprintf(stderr, "plot_gpu: takes the results that bench_gpu or bench_ladder wrote, and the "
                        "picture to write, if any\n");
        return 2;
    }
    table t = {.row = calloc(ROWS_MAX + 1, sizeof *t.row)};
    if (!t.row)
        return !complain(argv[1], 0, "out of memory");
    int ok = read_table(&t, argv[1]);
    if (ok && argc == 3)
        ok = draw(&t, argv[2]);
    else if (ok)
        print_tables(&t);
    free(t.row);
    return ok ? 0 : 1;
}
