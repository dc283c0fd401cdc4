/* plot_gpu_test: tables and a picture have what was measured, and other tables are refused. */
#include "tests/test.h"
#include "tests/tools/folder.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define PLOT TEST_BUILD_DIR "/tools/plot_gpu"
#define HEAD                                                                                       \
    "machine,group,name,case,precision,batch,us,gb_s,tflop_s,share,peer,peer_us,ratio,segments_s," \
    "realtime,device_mb,waiting,blending,decoding,encoding\n"
#define COPY    "a-gpu,ceiling,copy,,fp32,0,500.000,4300.00,0.0000,0.0000,,0,0,0,0,0,0,0,0,0\n"
#define NETWORK "a-gpu,network,net,samples,bf16,4,5000,1,2,0.25,,0,0,200,1170,800,0,0,0,0\n"
#define SONGS   "a-gpu,songs,net,2 of 9 s,bf16,4,36e6,1,2,0.125,,0,0,9,99.5,80,0.91,0.08,0.02,0.1\n"
#define PEER    "a-gpu,peer,conv,8>16 3,tf32,0,40,1,2,0.5,cublas,30,0.75,0,0,0,0,0,0,0\n"
#define LADDER  "a-gpu,ladder,gemm 1 fp32,8>16 3,fp32,0,80,1,2,0.125,,0,0,0,0,0,0,0,0,0\n"

static char text[4096];

static void put(const char *folder, const char *table)
{
    char path[700];

    mkdir(folder, 0700);
    snprintf(path, sizeof path, "%s/gpu.csv", folder);
    FILE *const file = fopen(path, "w");
    if (TEST_CHECK(file != NULL)) {
        fputs(table, file);
        fclose(file);
    }
}

static void tables(void)
{
    const char *const folder = folder_make();

    put(folder, HEAD COPY NETWORK SONGS PEER LADDER);
    TEST_CHECK(folder_run(text, PLOT " %s/gpu.csv", folder) == 0);
    TEST_CHECK(strstr(text, "Measured on a-gpu.\n") != NULL);
    TEST_CHECK(strstr(text, "| copy |  | fp32 | 500.0 | 4300 | 0.00 | 0 % |") != NULL);
    TEST_CHECK(strstr(text, "| net | bf16 | 4 | 200.00 | 1170.0 | 800 | 25 % |") != NULL);
    TEST_CHECK(strstr(text, "| conv | 8>16 3 | tf32 | 40.0 | cublas | 30.0 | 0.75 |") != NULL);
    TEST_CHECK(
        strstr(text, "| net | 2 of 9 s | bf16 | 4 | 100 | 99.5 | 91 % | 8 % | 2 % | 10 % |"));
    TEST_CHECK(strstr(text, "**Ladders**") && !strstr(text, "**Kernels**"));
}

static void picture(void)
{
    const char *const folder = folder_make();

    put(folder, HEAD COPY NETWORK SONGS PEER LADDER);
    TEST_CHECK(folder_run(text, PLOT " %s/gpu.csv %s/gpu.svg && cat %s/gpu.svg", folder, folder,
                          folder) == 0);
    TEST_CHECK(!strncmp(text, "<svg ", 5) && strstr(text, "</svg>\n"));
    TEST_CHECK(strstr(text, "conv, 8&gt;16 3, tf32") && strstr(text, "0.75 of cublas"));
    TEST_CHECK(strstr(text, "net, batch 4, bf16") && strstr(text, "net, 2 of 9 s, batch 4, bf16"));
    /* Of 400 for the whole of a ceiling. */
    TEST_CHECK(strstr(text, "width=\"100.0\" height=\"11\" fill=\"#009e73\"") != NULL);
    TEST_CHECK(strstr(text, "width=\"200.0\" height=\"11\" fill=\"#e69f00\"") != NULL);
    TEST_CHECK(strstr(text, "copy") == NULL);
}

static void refuses(void)
{
    static const struct {
        const char *table, *sentence;
    } wrong[] = {
        {"", "there are no results in it"},
        {HEAD, "there are no results in it"},
        {"machine,group\n", "line 1: is no line of results"},
        {HEAD "a-gpu,ceiling\n", "line 2: is no line of results"},
        {COPY HEAD, "line 1: has other titles"},
        {HEAD "a,ceiling,copy,,fp32,0,x,1,1,1,,0,0,0,0,0,0,0,0,0\n",
         "line 2: a figure is no number"},
        {HEAD "a,ceiling,copy,,fp32,0,nan,1,1,1,,0,0,0,0,0,0,0,0,0\n",
         "line 2: a figure is no number"},
        {HEAD COPY "b,ceiling,copy,,fp32,0,1,1,1,1,,0,0,0,0,0,0,0,0,0\n",
         "line 3: is of another machine"},
    };
    const char *const folder = folder_make();

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        put(folder, wrong[i].table);
        TEST_CHECK(folder_run(text, PLOT " %s/gpu.csv", folder) == 1);
        if (!strstr(text, wrong[i].sentence))
            TEST_FAIL("\"%s\" is not in \"%s\"", wrong[i].sentence, text);
    }
    TEST_CHECK(folder_run(text, PLOT) == 2);
    TEST_CHECK(folder_run(text, PLOT " %s/none.csv", folder) == 1);
    put(folder, HEAD COPY);
    TEST_CHECK(folder_run(text, PLOT " %s/gpu.csv %s/none/gpu.svg", folder, folder) == 1);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"tables of all that was measured", tables},
        {"a picture of shares", picture},
        {"other tables are refused", refuses},
    };

    return test_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
