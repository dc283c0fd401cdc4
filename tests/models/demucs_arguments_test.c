/* demucs_arguments_test.c: Demucs networks of other shapes than the published ones, inputs of any
 * length, parts of the stems, any number of threads.
 *
 * tests/golden/demucs_arguments has stems of small networks with arguments that no published model
 * has: norms everywhere or nowhere, wider kernels, branches that meet in the transformer,
 * recurrence in layers that still have rows, up to eight sources, other rates and transforms. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/conv/conv.h"
#include "tests/demucs_weights.h"
#include "tests/golden_index.h"
#include "tests/network_bench.h"
#include "tests/test.h"
#include "tests/variants.h"

/* As for stages: a network that computes something else is off by much more. */
#define FACTOR 2.0

#define FOLDER "tests/golden/demucs_arguments"

/* ---- arguments ---- */
static double element(const void *context, const golden_entry *entry, const int64_t at[GOLDEN_AXES])
{
    const network_bench *const b = context;

    return (double)cleave_plan_data(
        &b->plan, b->ports.output)[(at[0] * entry->shape[1] + at[1]) * b->ports.stride + at[2]];
}

static void compare(const network_bench *b, const golden_entry *e)
{
    const golden_errors errors = golden_compare(e, element, b);
    const double limit = FACTOR * e->f32_relrms;

    if (getenv("CLEAVE_STAGES"))
        printf("%s\t%.3e\t%.3e\t%.2f\n", e->name, e->f32_relrms, errors.relrms,
               errors.relrms / e->f32_relrms);
    if (!(errors.relrms <= limit) || !(fabs(errors.mean - e->mean) <= limit * e->rms) ||
        !(fabs(errors.rms - e->rms) <= limit * e->rms))
        TEST_FAIL("%s: error %.3g, limit %.3g; mean %.9g, rms %.9g for %.9g, %.9g", e->name,
                  errors.relrms, limit, errors.mean, errors.rms, e->mean, e->rms);
    else
        TEST_CHECK(1);
}

/* A line of models.tsv: name, kind, first sample, samples, arguments with ; between them. */
static int check_line(const golden_index *index, char *line)
{
    char name[64], kind[32], config[1200];
    long long first, frames;
    network_bench *const b = calloc(1, sizeof *b);
    const cleave_ops ops = variants_best();
    test_bytes file = {0};

    const int read =
        sscanf(line, "%63s %31s %lld %lld %1000s", name, kind, &first, &frames, config);
    const golden_entry *const entry = read == 5 ? golden_find(index, name) : NULL;
    if (TEST_CHECK(entry != NULL)) {
        strcat(config, "\n");
        for (char *p = config; *p; p++)
            *p = *p == ';' ? '\n' : *p;
        if (test_weights_synthetic(kind, config, &file) &&
            network_bench_open(b, &file, frames, ~0u) && network_bench_plan(b, &ops, 2)) {
            network_bench_input(b, first);
            TEST_CHECK(cleave_plan_run(&b->plan, b->workers, &(const _Atomic int){0}));
            compare(b, entry);
        } else {
            TEST_FAIL("%s cannot be built", name);
        }
        network_bench_unplan(b);
    }
    network_bench_close(b);
    test_bytes_free(&file);
    free(b);
    return entry != NULL;
}

static void arguments(void)
{
    golden_index index;
    int64_t bytes = 0;
    char *save = NULL, *const text = test_read_file(FOLDER "/models.tsv", &bytes);
    int checked = 0;

    if (!TEST_CHECK(text && golden_index_open(&index, FOLDER, "")))
        return;
    text[bytes] = 0;
    for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
        if (line[0] != '#')
            checked += check_line(&index, line);
    TEST_CHECK(checked == index.count);
    test_passed_count(checked);
    golden_index_close(&index);
    free(text);
}

/* ---- lengths, in an engine ---- */
/* A decoder whose kernel is no longer than its stride has something to crop at some lengths alone:
 * all of them must fit the plan of the longest. */
static void through_an_engine(void)
{
    static const char config_text[] =
        "audio_channels=1\nbottom_channels=0\nchannels=4\ndconv_mode=0\ndepth=1\nfreq_emb=0\n"
        "kernel_size=2\nnfft=16\nnorm_groups=2\nnorm_starts=0\nsamplerate=8000\nsegment=1/10\n"
        "sources=a,b\nstride=2\nt_layers=0\nuse_train_segment=0\n";
    enum { MOST = 20 };
    float x[MOST], y[2][MOST], *const stems[2] = {y[0], y[1]};
    test_bytes file = {0};
    cleave_engine *engine = NULL;
    cleave_config config;
    cleave_error error = {.status = CLEAVE_OK};

    if (!test_weights_synthetic("htdemucs", config_text, &file))
        return;
    const cleave_network network = {.weights = file.data, .weights_bytes = file.used};
    cleave_config_default(&config);
    config.device = CLEAVE_DEVICE_CPU;
    config.networks = &network;
    config.network_count = config.channels = 1;
    config.rate_hz = 8000;
    if (cleave_open(&config, &engine, &error) != CLEAVE_OK)
        TEST_FAIL("%s", error.message);
    for (int64_t n = 1, got; engine && n <= MOST; n++) {
        for (int64_t i = 0; i < n; i++)
            x[i] = test_uniform(1, (uint64_t)i);
        TEST_CHECK(cleave_push(engine, x, n, &got) == CLEAVE_OK && got == n);
        TEST_CHECK(cleave_flush(engine) == CLEAVE_OK);
        TEST_CHECK(cleave_pull(engine, stems, MOST, &got) == CLEAVE_OK && got == n);
        for (int64_t i = 0; i < n; i++)
            TEST_CHECK(isfinite(y[0][i]) && isfinite(y[1][i]));
        cleave_reset(engine);
    }
    cleave_close(&engine);
    test_bytes_free(&file);
}

/* ---- refusals ---- */
static void refusals(void)
{
    static const struct {
        const char *kind, *config, *named;
    } rows[] = {
        {"htdemucs", "kernel_size=8\nstride=3\n", "kernel_size"},
        {"htdemucs", "nfft=4100\n", "nfft"},
        {"htdemucs", "norm_starts=0\nnorm_groups=3\n", "norm_groups"},
        {"htdemucs", "t_heads=5\n", "t_heads"},
        {"htdemucs", "t_emb=cape\n", "t_emb"},
        {"htdemucs", "t_gelu=0\n", "t_gelu"},
        {"htdemucs", "t_group_norm=1\n", "t_group_norm"},
        {"htdemucs", "t_sin_random_shift=4\n", "t_sin_random_shift"},
        {"htdemucs", "depth=6\n", "depth"},
        {"htdemucs", "sources=a,b,c,d,e,f,g,h,i\n", "sources"},
        {"htdemucs", "sources=a,../../b\n", "\"../../b\"; names are"},
        {"htdemucs", "sources=/etc/a,b\n", "\"/etc/a\"; names are"},
        {"htdemucs", "sources=a,..\n", "\"..\"; names are"},
        {"htdemucs", "sources=.,b\n", "\".\"; names are"},
        {"htdemucs", "sources=a,,b\n", "\"\"; names are"},
        {"hdemucs", "depth=3\n", "depth"},
        {"hdemucs", "nfft=2048\n", "nfft"},
        {"hdemucs", "time_stride=3\n", "time_stride"},
        {"hdemucs", "dconv_comp=5\n", "dconv_comp"},
    };
    static const char *const defaults[] = {"bottom_channels=0", "channels=8", "dconv_mode=3",
                                           "depth=DEPTH", "sources=a,b"};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char config[512] = "", text[CLEAVE_STEMS_MAX][CLEAVE_NAME_BYTES];
        char message[CLEAVE_SENTENCE_BYTES] = "";
        const size_t own = strcspn(rows[i].config, "=");
        for (size_t k = 0; k < sizeof defaults / sizeof defaults[0]; k++)
            if (strncmp(defaults[k], rows[i].config, own + 1) != 0)
                snprintf(config + strlen(config), sizeof config - strlen(config), "%s\n",
                         strcmp(defaults[k], "depth=DEPTH") ? defaults[k]
                         : rows[i].kind[1] == 't'           ? "depth=4"
                                                            : "depth=6");
        strcat(config, rows[i].config);
        const cleave_weights_header header = {.config_bytes = strlen(config)};
        const cleave_table table = {.header = &header, .config = config};
        cleave_model model = {0};
        if (cleave_family_find(rows[i].kind)->describe(&table, &model, text, message) ||
            !strstr(message, rows[i].named))
            TEST_FAIL("%s, %s: refused with \"%s\"", rows[i].kind, rows[i].config, message);
        else
            TEST_CHECK(1);
    }
}

/* ---- the same bits ---- */
/* Threads change nothing; nor does it change a stem that others are not computed. */
static void check_bits(const char *path, int64_t frames)
{
    size_t bytes = 0, part = 0;
    test_bytes file = {0};

    if (!test_weights_import(test_golden(path), &file))
        return;
    float *const all = network_bench_stems(&file, frames, ~0u, 1, &bytes);
    for (int32_t threads = 2; threads <= 3; threads++) {
        float *const same = network_bench_stems(&file, frames, ~0u, threads, &part);
        TEST_CHECK(all && same && part == bytes && !memcmp(all, same, bytes));
        free(same);
    }
    float *const two = network_bench_stems(&file, frames, 0xA, 2, &part);
    if (TEST_CHECK(all && two && 2 * part == bytes)) {
        TEST_CHECK(!memcmp((char *)all + part / 2, two, part / 2));
        TEST_CHECK(!memcmp((char *)all + 3 * (part / 2), (char *)two + part / 2, part / 2));
    }
    free(all);
    free(two);
    test_bytes_free(&file);
}

/* A file of binary16 gives the bits of one of float32 that has the same values; only there do
 * convolutions know. */
static void check_half(const char *path, int64_t frames)
{
    float *out[2] = {0};
    size_t bytes[2] = {0};

    for (int i = 0; i < 2; i++) {
        const cleave_weights_type type = i ? CLEAVE_WEIGHTS_F16 : CLEAVE_WEIGHTS_F32;
        test_bytes file = {0};
        network_bench *const b = calloc(1, sizeof *b);
        if (!test_weights_import_as(test_golden(path), type, &file))
            return;
        if (network_bench_open(b, &file, frames, ~0u))
            for (int32_t s = 0; s < b->graph.step_count; s++) {
                const cleave_graph_step *const step = &b->graph.step[s];
                const cleave_conv_args *const args = (const void *)step->args.bytes;
                if (step->op == CLEAVE_OP_CONV)
                    TEST_CHECK(!(args->uses & CLEAVE_CONV_HALF) == !i);
            }
        network_bench_close(b);
        free(b);
        out[i] = network_bench_stems(&file, frames, ~0u, 2, &bytes[i]);
        test_bytes_free(&file);
    }
    TEST_CHECK(out[0] && out[1] && bytes[0] == bytes[1] && !memcmp(out[0], out[1], bytes[0]));
    free(out[0]);
    free(out[1]);
}

static void half(void)
{
    check_half("models/tiny_htdemucs.th", 40000);
    check_half("models/tiny_hdemucs.th", 30001);
}

static void bits(void)
{
    check_bits("models/tiny_htdemucs.th", 40000);
    check_bits("models/tiny_hdemucs.th", 30001);
}

/* ---- any length ---- */
/* The steps and tensors of Hybrid Demucs are the same for all lengths; tensors only grow. */
static void lengths(void)
{
    static const int64_t frames[] = {1, 2, 1000, 1536, 1537, 3073, 204800, 204801, 264600};
    test_bytes file = {0};
    network_bench *const b = calloc(2, sizeof *b);

    if (!test_weights_import(test_golden("models/tiny_hdemucs.th"), &file))
        return;
    for (size_t i = 0; i < sizeof frames / sizeof frames[0]; i++) {
        network_bench *const now = &b[i % 2], *const before = &b[1 - i % 2];
        if (!network_bench_open(now, &file, frames[i], ~0u))
            break;
        TEST_CHECK(now->model.any_length && now->ports.stride >= frames[i]);
        if (i > 0 && TEST_CHECK(now->graph.tensor_count == before->graph.tensor_count &&
                                now->graph.step_count == before->graph.step_count)) {
            for (int32_t t = 0; t < now->graph.tensor_count; t++)
                if (now->graph.tensor[t].bytes < before->graph.tensor[t].bytes)
                    TEST_FAIL("%s shrinks at %lld", now->graph.tensor[t].label,
                              (long long)frames[i]);
            for (int32_t s = 0; s < now->graph.step_count; s++)
                TEST_CHECK(now->graph.step[s].op == before->graph.step[s].op);
        }
        network_bench_close(before);
    }
    network_bench_close(&b[0]);
    network_bench_close(&b[1]);
    free(b);
    test_bytes_free(&file);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"arguments that no published model has", arguments},
        {"arguments that are refused by name", refusals},
        {"the same bits for any threads and stems", bits},
        {"the same bits from weights of binary16", half},
        {"the same steps for any length", lengths},
        {"tracks of any length through an engine", through_an_engine},
    };

    return test_main(argc, argv, cases, (int)(sizeof cases / sizeof cases[0]));
}
