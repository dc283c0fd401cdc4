/* plot_steps_test: the picture has every op and part with its time, in scale, and other tables are
 * refused. */
#include "tests/test.h"
#include "tests/tools/folder.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define PLOT TEST_BUILD_DIR "/tools/plot_steps"
#define HEAD                                                                                       \
    "machine,model,device,precision,threads,index,step,op,median_s,least_s,flops,bytes,floor_s,"   \
    "peak_gflop_s,copy_gb_s\n"
#define LINE(index, step, op, median, floor)                                                       \
    "a <b>,net & co,cpu ref,float32,2," index "," step "," op "," median ",0.1,1,1," floor ",9,"   \
    "9\n"

static char text[4096];

static void put(const char *folder, const char *table)
{
    char path[700];

    mkdir(folder, 0700);
    snprintf(path, sizeof path, "%s/steps.csv", folder);
    FILE *const file = fopen(path, "w");

    if (TEST_CHECK(file != NULL)) {
        fputs(table, file);
        fclose(file);
    }
}

static char *picture(const char *folder)
{
    char path[700];
    int64_t bytes = 0;

    snprintf(path, sizeof path, "%s/steps.svg", folder);
    char *const svg = test_read_file(path, &bytes);
    char *const whole = svg ? realloc(svg, (size_t)bytes + 1) : NULL;
    if (whole)
        whole[bytes] = 0;
    return whole;
}

/* Length of the bar that is drawn `bars` bars of its colour after `at`. */
static double bar(const char *at, const char *fill, int bars)
{
    char end[40];
    const char *found = at;

    snprintf(end, sizeof end, "fill=\"%s\"/>", fill);
    for (int i = 0; found && i <= bars; i++)
        found = strstr(i ? found + 1 : found, end);
    while (found && found > at && strncmp(found, "width=\"", 7) != 0)
        found--;
    return found ? strtod(found + 7, NULL) : NAN;
}

static void draws(void)
{
    const char *const folder = folder_make();

    put(folder, HEAD LINE("0", "in", "stft", "0.001", "0.0005")
                    LINE("1", "encoder.0.conv", "conv", "0.030", "0.010")
                        LINE("2", "encoder.0.dconv.1", "conv", "0.010", "0.010")
                            LINE("3", "encoder.1.conv", "conv", "0.020", "0.030")
                                LINE("4", "tiny", "mix", "0.0001", "0.0001"));
    TEST_CHECK(folder_run(text, PLOT " %s/steps.csv %s/steps.svg", folder, folder) == 0);
    char *const svg = picture(folder);
    if (!TEST_CHECK(svg != NULL))
        return;
    TEST_CHECK(!strncmp(svg, "<svg ", 5) && strstr(svg, "</svg>\n"));
    TEST_CHECK(strstr(svg, "net &amp; co: 61.1 ms a segment, floor 50.6 ms") != NULL);
    TEST_CHECK(strstr(svg, "a &lt;b>, 2 threads, cpu ref, float32") != NULL);
    const char *const ops = strstr(svg, "By op"), *const parts = strstr(svg, "By part");
    if (TEST_CHECK(ops && parts && ops < parts)) {
        /* conv has 60 ms and a floor of 50: the longest bar, and five sixths of it. */
        const double ours = bar(ops, "#1f5fa8", 0), floor = bar(ops, "#e69f00", 0);
        TEST_CHECK(ours > 400 && fabs(floor - ours * 50 / 60) < 0.02);
        TEST_CHECK(fabs(bar(ops, "#1f5fa8", 1) - ours / 60) < 0.02);
        TEST_CHECK(strstr(ops, "60.00 ms, 98.2 %; floor 50.00 ms") != NULL);
        /* in, encoder.0 (40 ms), encoder.1 (20 ms), the rest. */
        TEST_CHECK(fabs(bar(parts, "#1f5fa8", 2) - bar(parts, "#1f5fa8", 1) / 2) < 0.02);
        TEST_CHECK(strstr(parts, ">encoder.0</text>") && strstr(parts, ">the rest</text>"));
        TEST_CHECK(!strstr(parts, ">tiny</text>") && !strstr(parts, "dconv"));
        TEST_CHECK(strstr(parts, "milliseconds a segment") != NULL);
    }
    free(svg);
}

static void refuses(void)
{
    static const struct {
        const char *table, *part;
    } rows[] = {
        {"", "no steps"},
        {HEAD, "no steps"},
        {"machine,model\n", "no column \"device\""},
        {HEAD LINE("0", "a", "b", "x", "1"), "line 2: a time or an index is no number"},
        {HEAD LINE("0", "a", "b", "-1", "1"), "line 2: a time or an index is no number"},
        {HEAD LINE("0", "a", "b", "1", "1") LINE("0", "a", "b", "1", "1"), "line 3: not the next"},
        {HEAD LINE("1", "a", "b", "1", "1"), "line 2: not the next step"},
        {HEAD LINE("0", "a", "b", "1", "1") "x,y,z,float32,2,1,a,b,1,1,1,1,1,1,1\n",
         "line 3: another measurement"},
    };
    const char *const folder = folder_make();

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        put(folder, rows[i].table);
        TEST_CHECK(folder_run(text, PLOT " %s/steps.csv %s/none.svg", folder, folder) == 1);
        if (!TEST_CHECK(strstr(text, rows[i].part) != NULL))
            TEST_FAIL("\"%s\" lacks \"%s\"", text, rows[i].part);
    }
    TEST_CHECK(folder_run(text, "test ! -e %s/none.svg", folder) == 0);
    TEST_CHECK(folder_run(text, PLOT " %s/absent.csv x.svg", folder) == 1);
    TEST_CHECK(strstr(text, "absent.csv: No such file") != NULL);
    put(folder, HEAD LINE("0", "a", "b", "1", "1"));
    TEST_CHECK(folder_run(text, PLOT " %s/steps.csv %s/no/x.svg", folder, folder) == 1);
    TEST_CHECK(strstr(text, "no/x.svg: ") != NULL);
    TEST_CHECK(folder_run(text, PLOT " one") == 2 && strstr(text, "plot_steps: takes") != NULL);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"plot_steps: the picture", draws},
        {"plot_steps: refusals", refuses},
    };

    return test_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
