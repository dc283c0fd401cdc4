/* bench_test.c: the parts of `cleave bench`: its options, its yardsticks, models without weights,
 * and the files that it adds to. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/bench.h"
#include "host/model_facts.h"
#include "host/model_synthetic.h"
#include "tests/test.h"

static int parse(bench_options *options, bench_kind kind, char *text, char *message)
{
    char *words[16], *save = NULL;
    int count = 0;

    *options = (bench_options){.kind = kind, .runs = 20, .steps = -1};
    for (char *word = strtok_r(text, " ", &save); word && count < 16;
         word = strtok_r(NULL, " ", &save))
        words[count++] = word;
    return bench_options_parse(options, count, words, message);
}

static void options(void)
{
    char message[CLEAVE_SENTENCE_BYTES];
    char model[] = "htdemucs --synthetic --threads 3 --precision fp32 --isa=avx2 --steps "
                   "--runs=7 --stems a,b --segment 2.5";
    char more[] = "--seconds 60 --rate 8000 --channels 1 --json --csv f --steps=all -- --x";
    char kernels[] = "one two --op conv --isa ref --json";
    bench_options o;

    TEST_CHECK(parse(&o, BENCH_MODEL, model, message) == 0);
    TEST_CHECK(o.name_count == 1 && !strcmp(o.names[0], "htdemucs") && o.synthetic);
    TEST_CHECK(o.threads == 3 && o.precision == CLEAVE_PRECISION_FP32 && !strcmp(o.isa, "avx2"));
    TEST_CHECK(o.steps == 10 && o.runs == 7 && !strcmp(o.stems, "a,b"));
    TEST_CHECK(o.segment_seconds == 2.5 && o.track_seconds == 0 && !o.json && !o.csv);
    TEST_CHECK(parse(&o, BENCH_MODEL, more, message) == 0);
    TEST_CHECK(!strcmp(o.names[0], "--x") && o.track_seconds == 60 && o.rate_hz == 8000);
    TEST_CHECK(o.channels == 1 && o.json && !strcmp(o.csv, "f") && o.steps == BENCH_STEPS_ALL);
    TEST_CHECK(parse(&o, BENCH_KERNELS, kernels, message) == 0);
    TEST_CHECK(o.name_count == 2 && !strcmp(o.op, "conv") && o.json && o.steps == -1);
    TEST_CHECK(!strcmp(bench_precision_name(CLEAVE_PRECISION_FP32), "fp32"));
}

static void refused_options(void)
{
    static const struct {
        bench_kind kind;
        const char *text, *part;
    } rows[] = {
        {BENCH_MODEL, "", "needs the name of a model"},
        {BENCH_MODEL, "a b", "\"b\" is another"},
        {BENCH_MODEL, "a --threads 0", "from 1 to"},
        {BENCH_MODEL, "a --threads 2x", "not \"2x\""},
        {BENCH_MODEL, "a --threads", "needs a value"},
        {BENCH_MODEL, "a --runs=", "needs a value"},
        {BENCH_MODEL, "a --steps=none", "whole number from 1"},
        {BENCH_MODEL, "a --synthetic=1", "takes no value"},
        {BENCH_MODEL, "a --precision half", "takes fp32, tf32, bf16, fp16, not \"half\""},
        {BENCH_MODEL, "a --segment 1e9", "seconds from 0.1"},
        {BENCH_MODEL, "a --seconds nan", "seconds from 0.1"},
        {BENCH_MODEL, "a --rate 1", "from 8000"},
        {BENCH_MODEL, "a --op conv", "unknown option \"--op\""},
        {BENCH_MODEL, "a -t 2", "unknown option \"-t\""},
        {BENCH_MODEL, "a --step", "did you mean \"--steps\""},
        {BENCH_KERNELS, "--threads 2", "unknown option \"--threads\""},
        {BENCH_KERNELS, "--csf x", "did you mean \"--csv\""},
    };
    char message[CLEAVE_SENTENCE_BYTES], text[64];
    bench_options o;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        snprintf(text, sizeof text, "%s", rows[i].text);
        TEST_CHECK(parse(&o, rows[i].kind, text, message) == -1);
        if (!TEST_CHECK(strstr(message, rows[i].part) != NULL))
            TEST_FAIL("%s: \"%s\" lacks \"%s\"", rows[i].text, message, rows[i].part);
    }
}

static void quantiles(void)
{
    const double x[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};

    TEST_CHECK(measure_quantile(x, 10, 0.5) == 5 && measure_quantile(x, 9, 0.5) == 5);
    TEST_CHECK(measure_quantile(x, 10, 0.95) == 10 && measure_quantile(x, 10, 0.9) == 9);
    TEST_CHECK(measure_quantile(x, 1, 0.95) == 1 && measure_quantile(x, 10, 0) == 1);
}

static void count_run(void *context)
{
    ++*(int *)context;
}

static void runs(void)
{
    measure_times times;
    int calls = 0;

    measure_runs(count_run, &calls, &times);
    TEST_CHECK(times.runs >= 5 && times.runs <= 31 && calls == times.runs + 1);
    TEST_CHECK(times.least >= 0 && times.least <= times.median && times.median <= times.p95);
}

/* Far from any machine, but for a rate that is none; and two threads are not slower than one by
 * more than a busy machine explains. */
static void machine(void)
{
    measure_rates one = {0}, three = {0};
    char name[TOPOLOGY_NAME_BYTES];

    TEST_CHECK(measure_machine(1, &one) && one.threads == 1);
    TEST_CHECK(one.flops > 1e8 && one.flops < 1e13 && one.bytes > 1e7 && one.bytes < 1e13);
    TEST_CHECK(measure_machine(3, &three) && three.threads == 3 && three.flops > one.flops / 10);
    TEST_CHECK(measure_peak_run(1000) == 10 * measure_peak_run(100));
    measure_processor(name);
    TEST_CHECK(name[0] && !strchr(name, ',') && !strchr(name, '"'));
}

/* A reset forgets what was held and given back, where the system can. */
static void memory(void)
{
    const size_t bytes = (size_t)64 << 20;

    TEST_CHECK(measure_memory_peak() > 0);
    if (TEST_SANITIZER[0] || access("/proc/self/clear_refs", W_OK) != 0) {
        test_skip("the system keeps the peak of a process, or a sanitizer its memory");
        return;
    }
    measure_memory_reset();
    const int64_t before = measure_memory_peak();
    unsigned char *const held = malloc(bytes);
    if (!TEST_CHECK(held != NULL))
        return;
    memset(held, 1, bytes);
    __asm__ volatile("" : : "r"(held) : "memory");
    TEST_CHECK(measure_memory_peak() > before + (int64_t)bytes / 2);
    free(held);
    measure_memory_reset();
    TEST_CHECK(measure_memory_peak() < before + (int64_t)bytes / 2);
}

static void isas(void)
{
    char message[CLEAVE_SENTENCE_BYTES] = "";
    uint32_t off = 0;

    TEST_CHECK(bench_isa_off("ref", &off, message) && off == ~0u);
    TEST_CHECK(!bench_isa_off("sse", &off, message) && strstr(message, "ref, avx2, avx512, neon"));
    TEST_CHECK(bench_isa_off("avx2", &off, message) + bench_isa_off("neon", &off, message) < 2);
}

static void signal_repeats(void)
{
    float whole[2 * 900], part[2 * 300];
    double sum = 0;

    bench_signal(whole, 0, 900, 2, 8000);
    bench_signal(part, 600, 300, 2, 8000);
    TEST_CHECK(!memcmp(whole + 2 * 600, part, sizeof part));
    for (int i = 0; i < 1800; i++)
        sum += fabs((double)whole[i]);
    TEST_CHECK(sum / 1800 > 0.05 && sum / 1800 < 1);
}

/* Official models as if they were installed: shapes, gains of a bag, its segment, a wide form. */
static void synthetic(void)
{
    char message[CLEAVE_SENTENCE_BYTES] = "";
    open_model *model = NULL;

    if (TEST_SANITIZER[0]) {
        test_skip("a sanitizer takes minutes for whole networks");
        return;
    }
    if (TEST_CHECK(model_open_synthetic(&model, "spleeter:2stems-16kHz", message))) {
        TEST_CHECK(!strcmp(model->label, "spleeter:2stems-16kHz") && model->spectrum_bins == 1536);
        TEST_CHECK(!strcmp(model_file_type(&model->files[0].table), "f32"));
        model_close(&model);
    }
    if (TEST_CHECK(model_open_synthetic(&model, "htdemucs_ft", message))) {
        TEST_CHECK(model->network_count == 4 && model->networks_info.parameters > 160e6);
        for (int n = 0; n < 4; n++)
            for (int s = 0; s < 4; s++)
                TEST_CHECK(model->networks[n].gain[s] == (n == s ? 1.0f : 0.0f));
        TEST_CHECK(!strcmp(model_file_type(&model->files[0].table), "f16"));
        model_close(&model);
    }
    if (TEST_CHECK(model_open_synthetic(&model, "hdemucs_mmi", message))) {
        TEST_CHECK(!strcmp(model->networks_info.kind, "hdemucs") && model->segment_seconds == 44);
        model_close(&model);
    }
    TEST_CHECK(!model_open_synthetic(&model, "center", message) && model == NULL);
    TEST_CHECK(strstr(message, "only official models"));
    TEST_CHECK(!model_open_synthetic(&model, "htdemucs-16kHz", message) && model == NULL);
    TEST_CHECK(strstr(message, "no form"));
}

static void csv(void)
{
    char message[CLEAVE_SENTENCE_BYTES] = "", path[] = "/tmp/cleave-bench-XXXXXX", text[64] = "";
    const int descriptor = mkstemp(path);
    FILE *file;

    if (!TEST_CHECK(descriptor >= 0))
        return;
    close(descriptor);
    for (int i = 0; i < 2; i++)
        if (TEST_CHECK((file = bench_csv_open(path, "a,b", message)) != NULL)) {
            fprintf(file, "%d,0\n", i);
            TEST_CHECK(bench_csv_close(file, path, message));
        }
    TEST_CHECK(bench_csv_open(path, "a,b,c", message) == NULL && strstr(message, "other columns"));
    TEST_CHECK(bench_csv_open(path, "a", message) == NULL);
    TEST_CHECK(bench_csv_open("/nowhere/x", "a", message) == NULL && strstr(message, "/nowhere/x"));
    if (TEST_CHECK((file = fopen(path, "r")) != NULL)) {
        text[fread(text, 1, sizeof text - 1, file)] = 0;
        fclose(file);
    }
    TEST_CHECK(!strcmp(text, "a,b\n0,0\n1,0\n"));
    unlink(path);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"bench: options", options},
        {"bench: refused options", refused_options},
        {"bench: quantiles", quantiles},
        {"bench: runs", runs},
        {"bench: what a machine can do", machine},
        {"bench: the most memory", memory},
        {"bench: instruction sets", isas},
        {"bench: the signal", signal_repeats},
        {"bench: models without their weights", synthetic},
        {"bench: files that are added to", csv},
    };

    return test_main(argc, argv, cases, (int)(sizeof cases / sizeof cases[0]));
}
