/* spleeter_arguments_test.c: Spleeter networks of other sizes, activations and masks than the
 * published ones, what a request may change, any number of threads, parts of the stems. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/conv/conv.h"
#include "tests/network_bench.h"
#include "tests/runtime/track.h"
#include "tests/spleeter_naive.h"
#include "tests/spleeter_weights.h"
#include "tests/variants.h"

/* Ours are off by 1e-7, as STFT and inverse alone are; a network that computes something else, by
 * 1e-4 and more. */
#define LIMIT 4e-7

#define SMALL "frame_length=256\nframe_step=64\nsample_rate=8000\nT=64\nF=64\n"
#define WITHOUT_T                                                                                  \
    "frame_length=256\nframe_step=64\nsample_rate=8000\nconv_n_filters=2,3,2,3,2,3\nsources=a,b\n"
#define TWO   "sources=a,b\nconv_n_filters=2,3,4,5,6,7\n"
#define THREE "sources=a,b,c\nconv_n_filters=3,5,4,7,2,9\n"

static int64_t samples_of(const cleave_spleeter *s)
{
    return (int64_t)(s->frames - 1) * s->frame_step + s->frame_length;
}

static int arguments_of(const char *config, cleave_spleeter *s)
{
    char message[CLEAVE_SENTENCE_BYTES];

    return cleave_spleeter_arguments(config, strlen(config), s, message) ||
           TEST_FAIL("%s", message);
}

/* ---- against the formulas ---- */
static void compare(const network_bench *b, const char *config, const cleave_spleeter *s,
                    const char *variant)
{
    const float *const input = cleave_plan_data(&b->plan, b->ports.input);
    const int64_t count = s->instruments * 2 * samples_of(s);
    float *const kept = malloc((size_t)(2 * samples_of(s)) * sizeof *kept);
    double error = 0, norm = 0;

    memcpy(kept, input, (size_t)(2 * samples_of(s)) * sizeof *kept);
    TEST_CHECK(cleave_plan_run(&b->plan, b->workers, &(const _Atomic int){0}));
    double *const truth = spleeter_naive(&b->table, s, kept);
    const float *const out = cleave_plan_data(&b->plan, b->ports.output);
    for (int64_t i = 0; i < count; i++) {
        error += pow((double)out[i] - truth[i], 2);
        norm += truth[i] * truth[i];
    }
    if (getenv("CLEAVE_STAGES"))
        printf("%s\t%.2e\n%s", variant, sqrt(error / norm), config);
    if (!(sqrt(error / norm) <= LIMIT) || !(norm > 0))
        TEST_FAIL("%s: error %.3g, limit %.3g for\n%s", variant, sqrt(error / norm), LIMIT, config);
    else
        TEST_CHECK(1);
    free(truth);
    free(kept);
}

static void formulas(void)
{
    static const char *const configs[] = {
        TWO SMALL,
        THREE SMALL "conv_activation=ReLU\ndeconv_activation=LeakyReLU\n",
        THREE SMALL "conv_activation=ELU\ndeconv_activation=ELU\nmodel=unet.softmax_unet\n",
        THREE SMALL "mask_extension=average\nseparation_exponent=1\nconv_activation=ELU\n",
        THREE SMALL "mask_extension=average\nmodel=unet.softmax_unet\nseparation_exponent=1.5\n",
        "sources=a,b\nconv_n_filters=1,1,1,1,1,1\nframe_length=320\nframe_step=80\nT=128\nF=64\n",
        "sources=a,b,c,d,e,f,g,h\nconv_n_filters=2,1,3,1,2,1\nframe_length=256\nframe_step=64\n"
        "T=64\nF=128\nconv_activation=ELU\ndeconv_activation=LeakyReLU\n",
    };
    const variants v = variants_list();
    int checked = 0;

    for (size_t i = 0; i < sizeof configs / sizeof configs[0]; i++) {
        network_bench *const b = calloc(1, sizeof *b);
        test_bytes file = {0};
        cleave_spleeter s;
        if (arguments_of(configs[i], &s) &&
            test_spleeter_weights(configs[i], CLEAVE_WEIGHTS_F32, CLEAVE_WEIGHTS_F32, &file) &&
            network_bench_open(b, &file, samples_of(&s), ~0u))
            for (int k = 0; k < v.count; k++, checked++) {
                if (network_bench_plan(b, &v.ops[k], 1)) {
                    network_bench_input(b, 1000);
                    compare(b, configs[i], &s, v.ops[k].name);
                }
                network_bench_unplan(b);
            }
        network_bench_close(b);
        test_bytes_free(&file);
        free(b);
    }
    test_passed_count(checked);
}

/* ---- the same bits ---- */
/* Threads change nothing; nor does it change a stem that others are not wanted. */
static void bits(void)
{
    static const char config[] =
        THREE "T=128\nF=512\nmask_extension=average\nmodel=unet.softmax_unet\n";
    size_t bytes = 0, part = 0;
    test_bytes file = {0};
    cleave_spleeter s;

    if (!arguments_of(config, &s) ||
        !test_spleeter_weights(config, CLEAVE_WEIGHTS_F32, CLEAVE_WEIGHTS_F32, &file))
        return;
    float *const all = network_bench_stems(&file, samples_of(&s), ~0u, 1, &bytes);
    for (int32_t threads = 2; threads <= 3; threads++) {
        float *const same = network_bench_stems(&file, samples_of(&s), ~0u, threads, &part);
        TEST_CHECK(all && same && part == bytes && !memcmp(all, same, bytes));
        free(same);
    }
    float *const two = network_bench_stems(&file, samples_of(&s), 5, 2, &part);
    if (TEST_CHECK(all && two && 3 * part == 2 * bytes)) {
        TEST_CHECK(!memcmp(all, two, part / 2));
        TEST_CHECK(!memcmp((char *)all + 2 * (bytes / 3), (char *)two + part / 2, part / 2));
    }
    free(all);
    free(two);
    test_bytes_free(&file);
}

/* A file of binary16 gives the bits of one of float32 that has the same values; only there do
 * convolutions know. */
static void half(void)
{
    static const char config[] = THREE SMALL;
    static const cleave_weights_type types[2] = {CLEAVE_WEIGHTS_F32, CLEAVE_WEIGHTS_F16};
    float *out[2] = {0};
    size_t bytes[2] = {0};
    cleave_spleeter s;

    for (int i = 0; i < 2 && arguments_of(config, &s); i++) {
        test_bytes file = {0};
        network_bench *const b = calloc(1, sizeof *b);
        int convolutions = 0;
        if (test_spleeter_weights(config, CLEAVE_WEIGHTS_F16, types[i], &file) &&
            network_bench_open(b, &file, samples_of(&s), ~0u))
            for (int32_t k = 0; k < b->graph.step_count; k++) {
                const cleave_graph_step *const step = &b->graph.step[k];
                const cleave_conv_args *const args = (const void *)step->args.bytes;
                if (step->op != CLEAVE_OP_CONV)
                    continue;
                TEST_CHECK(!(args->uses & CLEAVE_CONV_HALF) == !i);
                convolutions++;
            }
        TEST_CHECK(convolutions == s.instruments * 13);
        network_bench_close(b);
        free(b);
        out[i] = network_bench_stems(&file, samples_of(&s), ~0u, 2, &bytes[i]);
        test_bytes_free(&file);
    }
    TEST_CHECK(out[0] && out[1] && bytes[0] == bytes[1] && !memcmp(out[0], out[1], bytes[0]));
    free(out[0]);
    free(out[1]);
}

/* ---- what a request may change ---- */
typedef struct change {
    int32_t bins;
    cleave_mask_extension extension;
    double seconds;
} change;

/* A track of 1.5 patches through an engine; NULL and the error. */
static float *separated(const test_bytes *file, int32_t networks, change c, cleave_error *error)
{
    enum { FRAMES = 6000 };
    const cleave_network network = {.weights = file->data, .weights_bytes = file->used};
    const cleave_network both[2] = {network, network};
    cleave_engine *engine = NULL;
    cleave_config config;

    cleave_config_default(&config);
    config.device = CLEAVE_DEVICE_CPU;
    config.networks = both;
    config.network_count = networks;
    config.rate_hz = 8000;
    config.spectrum_bins = c.bins;
    config.mask_extension = c.extension;
    config.segment_seconds = c.seconds;
    if (cleave_open(&config, &engine, error) != CLEAVE_OK)
        return NULL;
    float *const x = track_noise(3, FRAMES, 2);
    float *const out = track_separate(engine, x, FRAMES, 0, 0);
    cleave_close(&engine);
    free(x);
    return out;
}

/* What the request says has the bits of a file that says the same. */
static void requests(void)
{
    static const struct {
        change change;
        const char *of, *like;
    } rows[] = {
        {{64, CLEAVE_MASK_MODEL, 0}, WITHOUT_T "T=64\nF=128\n", WITHOUT_T "T=64\nF=64\n"},
        {{128, CLEAVE_MASK_MODEL, 0}, WITHOUT_T "T=64\nF=64\n", WITHOUT_T "T=64\nF=128\n"},
        {{0, CLEAVE_MASK_AVERAGE, 0},
         WITHOUT_T "T=64\nF=64\n",
         WITHOUT_T "T=64\nF=64\nmask_extension=average\n"},
        {{64, CLEAVE_MASK_ZEROS, 0},
         WITHOUT_T "T=64\nF=128\nmask_extension=average\n",
         WITHOUT_T "T=64\nF=64\n"},
        {{0, CLEAVE_MASK_MODEL, 1.1}, WITHOUT_T "T=64\nF=64\n", WITHOUT_T "T=128\nF=64\n"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        test_bytes of = {0}, like = {0};
        cleave_error error = {.message = ""};
        if (!test_spleeter_weights(rows[i].of, CLEAVE_WEIGHTS_F32, CLEAVE_WEIGHTS_F32, &of) ||
            !test_spleeter_weights(rows[i].like, CLEAVE_WEIGHTS_F32, CLEAVE_WEIGHTS_F32, &like))
            return;
        float *const changed = separated(&of, 1, rows[i].change, &error);
        float *const same = separated(&like, 1, (change){0}, &error);
        float *const plain = separated(&of, 1, (change){0}, &error);
        const size_t bytes = 2 * 2 * 6000 * sizeof(float);
        if (TEST_CHECK(changed && same && plain)) {
            TEST_CHECK(!memcmp(changed, same, bytes));
            TEST_CHECK(memcmp(changed, plain, bytes) != 0);
        }
        free(changed);
        free(same);
        free(plain);
        test_bytes_free(&of);
        test_bytes_free(&like);
    }
}

static void refused_requests(void)
{
    static const struct {
        change change;
        int32_t networks;
        cleave_status status;
        const char *named;
    } rows[] = {
        {{100, CLEAVE_MASK_MODEL, 0}, 1, CLEAVE_INVALID, "spectrum_bins 100"},
        {{192, CLEAVE_MASK_AVERAGE, 0}, 1, CLEAVE_INVALID, "spectrum_bins 192"},
        {{0, CLEAVE_MASK_MODEL, 0}, 2, CLEAVE_UNSUPPORTED, "2 networks"},
    };
    test_bytes file = {0};

    if (!test_spleeter_weights(WITHOUT_T "T=64\nF=64\n", CLEAVE_WEIGHTS_F32, CLEAVE_WEIGHTS_F32,
                               &file))
        return;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cleave_error error = {.message = ""};
        float *const out = separated(&file, rows[i].networks, rows[i].change, &error);
        if (out || error.status != rows[i].status || !strstr(error.message, rows[i].named))
            TEST_FAIL("%s: refused with %d, \"%s\"", rows[i].named, error.status, error.message);
        else
            TEST_CHECK(1);
        free(out);
    }
    test_bytes_free(&file);
}

/* ---- weights that are packed ---- */
static void count_call(void *context)
{
    ++*(int *)context;
}

/* Once a convolution and once at the end, for what other threads packed meanwhile; while an engine
 * is made, not when it is counted. */
static void packed(void)
{
    test_bytes file = {0};
    cleave_engine *engine = NULL;
    cleave_memory need;
    cleave_config config;
    int calls = 0;

    if (!test_spleeter_weights(WITHOUT_T "T=64\nF=64\n", CLEAVE_WEIGHTS_F32, CLEAVE_WEIGHTS_F32,
                               &file))
        return;
    const cleave_network network = {.weights = file.data, .weights_bytes = file.used};
    cleave_config_default(&config);
    config.device = CLEAVE_DEVICE_CPU;
    config.networks = &network;
    config.network_count = 1;
    config.rate_hz = 8000;
    config.weights_packed = count_call;
    config.weights_context = &calls;
    TEST_CHECK(cleave_need(&config, &need, NULL) == CLEAVE_OK && calls == 0);
    TEST_CHECK(cleave_open(&config, &engine, NULL) == CLEAVE_OK && calls == 2 * 13 + 1);
    cleave_close(&engine);
    test_bytes_free(&file);
}

/* ---- refusals ---- */
static void refusals(void)
{
    static const struct {
        const char *config, *named;
    } rows[] = {
        {"", "\"sources\" is missing"},
        {"sources=\n", "\"sources\" is missing"},
        {"sources=vocals\n", "\"sources\" names 1"},
        {"sources=a,b,c,d,e,f,g,h,i\n", "\"sources\" names 9"},
        {"sources=a,../b\n", "\"../b\""},
        {"sources=a,a\n", "names a twice"},
        {"sources=a,\n", "\"\"; names are"},
        {"conv_n_filters=16,32,64,128,256\nsources=a,b\n", "conv_n_filters"},
        {"conv_n_filters=16,32,64,128,256,512,1024\nsources=a,b\n", "conv_n_filters"},
        {"conv_n_filters=0,32,64,128,256,512\nsources=a,b\n", "conv_n_filters"},
        {"conv_n_filters=16,32,64,128,256,5000\nsources=a,b\n", "conv_n_filters"},
        {"conv_n_filters=16,32,64,,256,512\nsources=a,b\n", "conv_n_filters"},
        {"conv_n_filters=-1,32,64,128,256,512\nsources=a,b\n", "conv_n_filters"},
        {"model=unet.unet2\n", "\"model\" is unet.unet2; it must be unet.unet or"},
        {"conv_activation=relu\n", "conv_activation"},
        {"deconv_activation=GELU\n", "deconv_activation"},
        {"mask_extension=mean\n", "mask_extension"},
        {"separation_exponent=0\n", "separation_exponent"},
        {"separation_exponent=5\n", "separation_exponent"},
        {"n_channels=1\n", "n_channels"},
        {"sample_rate=7000\n", "sample_rate"},
        {"sample_rate=x\n", "sample_rate"},
        {"frame_length=4096\nframe_step=2048\n", "frame_step"},
        {"frame_length=28672\nframe_step=7168\n", "frame_length"},
        {"T=100\n", "\"T\" is 100"},
        {"T=0\n", "\"T\" is 0"},
        {"F=1000\n", "\"F\" is 1000"},
        {"F=2112\n", "\"F\" is 2112"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char config[256], text[CLEAVE_STEMS_MAX][CLEAVE_NAME_BYTES];
        char message[CLEAVE_SENTENCE_BYTES] = "";
        snprintf(config, sizeof config, "%s%s%s", rows[i].config,
                 strstr(rows[i].config, "conv_n_filters") ? "" : SPLEETER_FILTERS,
                 strstr(rows[i].config, "sources") || !rows[i].config[0] ? "" : "sources=a,b\n");
        const cleave_weights_header header = {.config_bytes = strlen(config)};
        const cleave_table table = {.header = &header, .config = config};
        cleave_model model = {0};
        if (cleave_family_find("spleeter")->describe(&table, &model, text, message) ||
            !strstr(message, rows[i].named))
            TEST_FAIL("%s: refused with \"%s\"", rows[i].config, message);
        else
            TEST_CHECK(1);
    }
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"small networks against the formulas in double", formulas},
        {"the same bits for any threads and stems", bits},
        {"the same bits from weights of binary16", half},
        {"bins, mask and patch as a request says", requests},
        {"requests that are refused", refused_requests},
        {"weights are packed step by step", packed},
        {"arguments that are refused by name", refusals},
    };

    return test_main(argc, argv, cases, (int)(sizeof cases / sizeof cases[0]));
}
