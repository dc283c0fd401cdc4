/* fx_test.c: chains of effects: text, checks, and what the simple effects do to sound. */
#include "runtime/cleave_fx.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/test.h"

#define RATE 48000
#define TURN 6.283185307179586
#define LONG 8192
#define ROOM (1 << 16)

/* An object for a chain given as text; NULL with a failure counted. */
static cleave_fx *open_text(const char *text, int32_t channels, int32_t block)
{
    static cleave_fx_chain chain;
    cleave_fx_config config;
    cleave_error error = {.message = ""};
    cleave_fx *fx = NULL;

    cleave_fx_config_default(&config);
    config.chain = &chain;
    config.rate_hz = RATE;
    config.channels = channels;
    config.block_frames_max = block;
    if (cleave_fx_parse(text, &chain, &error) != CLEAVE_OK ||
        cleave_fx_open(&config, &fx, &error) != CLEAVE_OK)
        TEST_FAIL("%s: %s", text, error.message);
    return fx;
}

/* ---- text ---- */

static void refuses_with_a_sentence(void)
{
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"compresor", "effect \"compresor\" is unknown"},
        {"gian:3", "did you mean \"gain\"?"},
        {"gain:loud", "gain: gain: \"loud\" is not a number"},
        {"gain:1e3", "gain: gain 1000: must be -120 to 60 dB"},
        {"gain:nan", "\"nan\" is not a number"},
        {"gain:inf", "must be -120 to 60 dB"},
        {"gain:gane=3", "did you mean \"gain\"?"},
        {"gain:1,2", "\"2\" needs the name of a parameter"},
        {"gain:", "gain: a value is missing"},
        {"gain;;gain", "a name is missing"},
        {"eq:80/-3/1/4", "has too many values"},
        {"eq:0/-3/1", "eq: band frequency 0: must be 1 to 192000 Hz"},
        {"eq:80/-50/1", "eq: band gain -50: must be -40 to 40 dB"},
        {"eq:80/-3/0", "eq: band Q 0: must be 0.05 to 50"},
        {"eq:bell@80/-3/1", "eq: band \"bell\" is unknown"},
        {"fade:curve=square1", "did you mean \"square\"?"},
        {"highpass:80,slope=13", "highpass: slope \"13\" is unknown"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cleave_fx_chain chain = {.count = 7}, before = chain;
        cleave_error error = {.message = ""};
        if (!TEST_CHECK(cleave_fx_parse(cases[i].text, &chain, &error) == CLEAVE_INVALID))
            continue;
        TEST_CHECK(memcmp(&chain, &before, sizeof chain) == 0);
        if (!strstr(error.message, cases[i].says))
            TEST_FAIL("%s: \"%s\" lacks \"%s\"", cases[i].text, error.message, cases[i].says);
    }
    test_passed_count((int)(sizeof cases / sizeof cases[0]));
}

static void refuses_too_much(void)
{
    cleave_fx_chain chain = {.count = 0};
    cleave_error error;
    char text[4096] = "gain";

    for (int i = 1; i < CLEAVE_FX_EFFECTS_MAX; i++)
        strcat(text, ";gain");
    TEST_CHECK(cleave_fx_parse(text, &chain, &error) == CLEAVE_OK);
    TEST_CHECK(chain.count == CLEAVE_FX_EFFECTS_MAX);
    strcat(text, ";gain");
    TEST_CHECK(cleave_fx_parse(text, &chain, &error) == CLEAVE_INVALID);
    strcpy(text, "eq:100/1/1");
    for (int i = 1; i <= CLEAVE_FX_BANDS_MAX; i++)
        strcat(text, ",100/1/1");
    TEST_CHECK(cleave_fx_parse(text, &chain, &error) == CLEAVE_INVALID);
    TEST_CHECK(strstr(error.message, "at most 32 bands") != NULL);
}

static void text_comes_back(void)
{
    static const char *const texts[] = {
        "",
        "gain",
        "gain:gain=-3.5;pan:position=0.25",
        "eq:80/-3/1,lowshelf@250/2/0.7,notch@50/8;highpass:slope=48",
        "fade:in=0.5,curve=smooth",
    };

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        cleave_fx_chain chain, again;
        cleave_error error;
        char text[512];
        TEST_CHECK(cleave_fx_parse(texts[i], &chain, &error) == CLEAVE_OK);
        const size_t length = cleave_fx_format(&chain, text, sizeof text);
        TEST_CHECK(length == strlen(text) && strcmp(text, texts[i]) == 0);
        TEST_CHECK(cleave_fx_format(&chain, text, 4) == length);
        cleave_fx_format(&chain, text, sizeof text);
        TEST_CHECK(cleave_fx_parse(text, &again, &error) == CLEAVE_OK);
        TEST_CHECK(memcmp(&chain, &again, sizeof chain) == 0);
    }
}

static void lists_every_effect(void)
{
    cleave_fx_kind kind;
    int count = 0;

    for (; cleave_fx_at(count, &kind) == CLEAVE_OK; count++) {
        TEST_CHECK(kind.name && kind.description);
        TEST_CHECK(kind.parameter_count <= CLEAVE_FX_PARAMETERS_MAX);
        for (int32_t p = 0; p < kind.parameter_count; p++) {
            const cleave_fx_parameter *const parameter = &kind.parameters[p];
            TEST_CHECK(parameter->name && parameter->unit && parameter->description);
            TEST_CHECK(parameter->low <= parameter->preset && parameter->preset <= parameter->high);
        }
    }
    TEST_CHECK(count > 5);
    TEST_CHECK(cleave_fx_at(-1, &kind) == CLEAVE_INVALID);
}

/* The page of the effects has every parameter's range and preset, as a row of its table. */
static void page_lists_every_parameter(void)
{
    int64_t bytes;
    char *const page = test_read_file("docs/effects.md", &bytes);
    cleave_fx_kind kind;

    if (!TEST_CHECK(page != NULL))
        return;
    page[bytes - 1] = '\0';
    for (int32_t index = 0; cleave_fx_at(index, &kind) == CLEAVE_OK; index++) {
        char title[64];
        snprintf(title, sizeof title, "\n### %s\n", kind.name);
        const char *const section = strstr(page, title);
        if (!TEST_CHECK(section != NULL)) {
            TEST_FAIL("docs/effects.md has no %s", kind.name);
            continue;
        }
        for (int32_t p = 0; p < kind.parameter_count; p++) {
            const cleave_fx_parameter *const parameter = &kind.parameters[p];
            const char *const end = strstr(section + 1, "\n##");
            char row[128];
            snprintf(row, sizeof row, "| `%s` | %s%s| ", parameter->name, parameter->unit,
                     *parameter->unit ? " " : "");
            if (!parameter->choices)
                snprintf(row + strlen(row), sizeof row - strlen(row), "%g..%g | %g |",
                         parameter->low, parameter->high, parameter->preset);
            const char *const found = strstr(section, row);
            if (!TEST_CHECK(found != NULL && (end == NULL || found < end)))
                TEST_FAIL("docs/effects.md, %s lacks \"%s\"", kind.name, row);
        }
    }
    free(page);
}

/* ---- configurations ---- */

static void refuses_configurations(void)
{
    static const struct {
        const char *text;
        int32_t rate_hz, channels, streams, block;
        const char *says;
    } cases[] = {
        {"gain", 7999, 2, 1, 64, "rate_hz 7999: must be 8000 to 384000"},
        {"gain", 400000, 2, 1, 64, "rate_hz"},
        {"gain", RATE, 0, 1, 64, "channels 0"},
        {"gain", RATE, 9, 1, 64, "channels 9"},
        {"gain", RATE, 2, 0, 64, "streams 0"},
        {"gain", RATE, 2, 1, 0, "block_frames_max 0"},
        {"pan:0.5", RATE, 1, 1, 64, "pan: works on 2 channels, not on 1"},
        {"eq", RATE, 1, 1, 64, "eq: needs a band"},
        {"eq:20000/3/1", 32000, 1, 1, 64, "must be below 16000 Hz, half of the sample rate"},
        {"lowpass:4000", 8000, 1, 1, 64, "lowpass: frequency 4000 Hz: must be below 4000 Hz"},
        {"fade:out=1", RATE, 1, 1, 64, "where the stream ends is not known"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cleave_fx_chain chain;
        cleave_fx_config config;
        cleave_error error = {.message = ""};
        cleave_fx *fx = NULL;
        cleave_fx_config_default(&config);
        TEST_CHECK(cleave_fx_parse(cases[i].text, &chain, &error) == CLEAVE_OK);
        config.chain = &chain;
        config.rate_hz = cases[i].rate_hz;
        config.channels = cases[i].channels;
        config.streams = cases[i].streams;
        config.block_frames_max = cases[i].block;
        TEST_CHECK(cleave_fx_open(&config, &fx, &error) < 0);
        TEST_CHECK(fx == NULL);
        if (!strstr(error.message, cases[i].says))
            TEST_FAIL("%s: \"%s\" lacks \"%s\"", cases[i].text, error.message, cases[i].says);
    }
}

/* In memory that is one byte too small, and in as much as was said. */
static void needs_what_it_says(void)
{
    cleave_fx_chain chain;
    cleave_fx_config config;
    cleave_memory need;
    cleave_error error;
    cleave_fx *fx = NULL;
    cleave_fx_info info;

    cleave_fx_config_default(&config);
    TEST_CHECK(cleave_fx_parse("highpass:40;eq:80/-3/1;gain:3", &chain, &error) == CLEAVE_OK);
    config.chain = &chain;
    TEST_CHECK(cleave_fx_need(&config, &need, &error) == CLEAVE_OK);
    void *const arena = aligned_alloc(64, (need.host_bytes + 63) / 64 * 64);
    TEST_CHECK(cleave_fx_init(&config, arena, need.host_bytes - 1, &fx, &error) ==
               CLEAVE_NO_MEMORY);
    TEST_CHECK(cleave_fx_init(&config, (char *)arena + 8, need.host_bytes, &fx, &error) ==
               CLEAVE_INVALID);
    TEST_CHECK(cleave_fx_init(&config, arena, need.host_bytes, &fx, &error) == CLEAVE_OK);
    cleave_fx_info_get(fx, &info);
    TEST_CHECK(info.memory.host_bytes == need.host_bytes && info.effect_count == 3);
    cleave_fx_close(&fx);
    TEST_CHECK(fx == NULL);
    cleave_fx_close(&fx);
    free(arena);
}

/* ---- sound ---- */

static void fill(float *x, int64_t count, uint64_t seed)
{
    for (int64_t i = 0; i < count; i++)
        x[i] = 0.5f * test_uniform(seed, (uint64_t)i);
}

static const char *const chains[] = {
    "",
    "gain:-6",
    "width:0.3;pan:-0.4;fade:in=0.03,out=0.05,end=0.15,curve=smooth",
    "reverb:room_size=0.3,damping=0.7;limiter:-12",
    "normalize:window=0.1,unit=rms,lookahead=0.01;normalize:-20,window=0.05",
    "denoise;compressor:-30,lookahead=0.002;gate:-20;dither:12,shaping=shaped",
    "highpass:40,slope=24;eq:80/-3/1,250/2/1,8000/1/1,highshelf@10000/-4/0.7;notch:50,q=8",
};

/* The same bytes in blocks of any size. */
static void cuts_do_not_show(void)
{
    static const int64_t sizes[] = {1, 7, 32, 64, 333, 1024, 4096};
    static float in[2 * LONG], whole[2 * LONG], cut[2 * LONG];

    fill(in, 2 * LONG, 1);
    for (size_t c = 0; c < sizeof chains / sizeof chains[0]; c++) {
        cleave_fx *fx = open_text(chains[c], 2, 4096);
        if (!fx)
            return;
        cleave_fx_process(fx, in, whole, LONG);
        for (size_t s = 0; s <= sizeof sizes / sizeof sizes[0]; s++) {
            cleave_fx_reset(fx);
            for (int64_t n = 0, k = 0; n < LONG; k++) {
                int64_t size = sizes[s % 7];
                if (s == sizeof sizes / sizeof sizes[0])
                    size = 1 + (int64_t)(999 * fabsf(test_uniform(5, (uint64_t)k)));
                size = size < LONG - n ? size : LONG - n;
                cleave_fx_process(fx, in + 2 * n, cut + 2 * n, size);
                n += size;
            }
            if (!TEST_CHECK(memcmp(whole, cut, sizeof cut) == 0))
                TEST_FAIL("%s: blocks of %d differ", chains[c], s < 7 ? (int)sizes[s] : 0);
        }
        cleave_fx_close(&fx);
    }
}

/* The magnitude of an impulse's answer at a frequency, in dB. */
static double answer_db(const float *h, int64_t count, double frequency_hz)
{
    double re = 0, im = 0;

    for (int64_t n = 0; n < count; n++) {
        re += (double)h[n] * cos(TURN * frequency_hz * (double)n / RATE);
        im -= (double)h[n] * sin(TURN * frequency_hz * (double)n / RATE);
    }
    return 10 * log10(re * re + im * im);
}

/* Every shape against the analog form at matching frequencies (the bilinear transform maps tan(w/2)
 * to the analog axis), which knows nothing of the coefficients. */
static double analog_db(const cleave_fx_band *band, double frequency_hz)
{
    const double w =
        tan(TURN / 2 * frequency_hz / RATE) / tan(TURN / 2 * band->frequency_hz / RATE);
    const double A = pow(10, band->gain_db / 40), r = sqrt(A) / band->q, q = 1 / band->q;
    /* |n2 s^2 + n1 s + n0| / |d2 s^2 + d1 s + d0| at s = i w. */
    double n[3], d[3];
    const double forms[CLEAVE_FX_SHAPES][6] = {
        {1, A * q, 1, 1, q / A, 1}, {A, A * r, A * A, A, r, 1}, {A * A, A * r, A, 1, r, A},
        {0, 0, 1, 1, q, 1},         {1, 0, 0, 1, q, 1},         {0, q, 0, 1, q, 1},
        {1, 0, 1, 1, q, 1},
    };
    for (int i = 0; i < 3; i++) {
        n[i] = forms[band->shape][i];
        d[i] = forms[band->shape][3 + i];
    }
    return 10 * log10((pow(n[2] - n[0] * w * w, 2) + pow(n[1] * w, 2)) /
                      (pow(d[2] - d[0] * w * w, 2) + pow(d[1] * w, 2)));
}

static void equaliser_answers_as_its_formula(void)
{
    static const char *const bands[] = {
        "80/-3/1",
        "250/2/1",
        "8000/1/1",
        "1000/12/4",
        "12000/-12/0.5",
        "lowshelf@100/6/0.7",
        "highshelf@5000/-9/0.9",
        "lowpass@3000/0.7",
        "highpass@200/1.3",
        "bandpass@700/2",
        "notch@2000/3",
    };
    static float impulse[ROOM] = {1}, h[ROOM];
    double worst = 0;

    for (size_t i = 0; i < sizeof bands / sizeof bands[0]; i++) {
        char text[64] = "eq:";
        cleave_fx_chain chain;
        cleave_error error;
        strcat(text, bands[i]);
        cleave_fx *fx = open_text(text, 1, 1024);
        if (!fx)
            return;
        cleave_fx_process(fx, impulse, h, ROOM);
        cleave_fx_close(&fx);
        cleave_fx_parse(text, &chain, &error);
        for (double f = 20; f < 23000; f *= 1.19) {
            const double want = analog_db(&chain.effect[0].band[0], f);
            const double off = fabs(answer_db(h, ROOM, f) - want);
            if (want > -80)
                worst = off > worst ? off : worst;
            if (want > -80 && off > 0.01)
                TEST_FAIL("%s at %.0f Hz: %.4f dB off", bands[i], f, off);
        }
    }
    TEST_CHECK(worst > 0);
}

static void passes_have_their_slope(void)
{
    static float impulse[ROOM] = {1}, h[ROOM];
    static const int slopes[] = {12, 24, 36, 48};

    for (int i = 0; i < 4; i++) {
        char text[64];
        snprintf(text, sizeof text, "highpass:1000,slope=%d", slopes[i]);
        cleave_fx *fx = open_text(text, 1, 512);
        if (!fx)
            return;
        cleave_fx_process(fx, impulse, h, ROOM);
        cleave_fx_close(&fx);
        for (double f = 400; f < 20000; f *= 1.3) {
            const double w = tan(TURN / 2 * 1000 / RATE) / tan(TURN / 2 * f / RATE);
            const double want = -10 * log10(1 + pow(w, slopes[i] / 6.0 * 2));
            if (want > -80)
                TEST_CHECK(fabs(answer_db(h, ROOM, f) - want) < 0.01);
        }
    }
}

/* One frame of two channels through a chain, when everything has settled. */
static void settle(const char *text, float left, float right, float out[2])
{
    static float block[2 * 1024];
    cleave_fx *fx = open_text(text, 2, 1024);

    for (int n = 0; n < 1024; n++) {
        block[2 * n] = left;
        block[2 * n + 1] = right;
    }
    if (fx)
        cleave_fx_process(fx, block, block, 1024);
    cleave_fx_close(&fx);
    out[0] = block[2 * 1023];
    out[1] = block[2 * 1023 + 1];
}

static void channels_are_mixed(void)
{
    float out[2];

    settle("gain:-6.0205999132796239", 1, -0.5f, out);
    TEST_CHECK(fabsf(out[0] - 0.5f) < 1e-6f && fabsf(out[1] + 0.25f) < 1e-6f);
    settle("gain", 0.3f, 0.7f, out);
    TEST_CHECK(out[0] == 0.3f && out[1] == 0.7f);
    settle("pan:1", 1, 1, out);
    TEST_CHECK(out[0] == 0 && out[1] == 1);
    settle("pan:-0.5", 1, 1, out);
    TEST_CHECK(out[0] == 1 && fabsf(out[1] - 0.70710678f) < 1e-6f);
    settle("width:0", 1, 0.5f, out);
    TEST_CHECK(out[0] == 0.75f && out[1] == 0.75f);
    settle("mix", 1, 0.5f, out);
    TEST_CHECK(out[0] == 0.75f && out[1] == 0.75f);
    settle("mix:0.5", 1, 0.5f, out);
    TEST_CHECK(out[0] == 0.875f && out[1] == 0.625f);
    settle("width:2", 1, 0.5f, out);
    TEST_CHECK(fabsf(out[0] - 1.25f) < 1e-6f && fabsf(out[1] - 0.25f) < 1e-6f);
}

static void fades_are_in_their_place(void)
{
    static float ones[RATE], out[RATE];
    cleave_fx *fx = open_text("fade:in=0.25,out=0.5,end=0.9", 1, 1000);

    for (int i = 0; i < RATE; i++)
        ones[i] = 1;
    if (!fx)
        return;
    cleave_fx_process(fx, ones, out, RATE);
    TEST_CHECK(out[0] == 0 && fabsf(out[6000] - 0.5f) < 1e-6f && out[12000] == 1);
    TEST_CHECK(out[19200] == 1 && fabsf(out[31200] - 0.5f) < 1e-6f);
    TEST_CHECK(out[43200] == 0 && out[RATE - 1] == 0);
    cleave_fx_close(&fx);
}

/* What is no number becomes silence, is counted, and does not live on in any state. */
static void numbers_only(void)
{
    static float x[2 * 256];
    cleave_fx *fx = open_text("eq:100/3/1;gain:1", 2, 64);
    cleave_fx_stats stats;

    x[10] = NAN;
    x[11] = INFINITY;
    x[12] = -2e6f;
    if (!fx)
        return;
    cleave_fx_process(fx, x, x, 256);
    cleave_fx_stats_get(fx, &stats);
    TEST_CHECK(stats.replaced_samples == 3 && stats.frames == 256 && stats.blocks == 4);
    for (int i = 0; i < 2 * 256; i++)
        TEST_CHECK(x[i] == 0);
    cleave_fx_close(&fx);
}

/* A knob that is turned arrives within 512 frames, without a jump, and at the same place however
 * the rest is cut. */
static void knobs_glide(void)
{
    static float x[4096], whole[4096];
    cleave_error error;
    cleave_fx *fx = open_text("gain:0", 1, 1024);

    if (!fx)
        return;
    for (int i = 0; i < 4096; i++)
        x[i] = 1;
    cleave_fx_process(fx, x, whole, 1000);
    TEST_CHECK(cleave_fx_set(fx, 0, 0, "gain", -20, &error) == CLEAVE_OK);
    cleave_fx_process(fx, x + 1000, whole + 1000, 3096);
    TEST_CHECK(whole[999] == 1 && whole[1000] == 1 && fabsf(whole[1600] - 0.1f) < 1e-6f);
    for (int i = 1; i < 4096; i++)
        TEST_CHECK(fabsf(whole[i] - whole[i - 1]) < 0.9f / 512 + 1e-5f);
    TEST_CHECK(cleave_fx_set(fx, 0, 0, "gain", 61, &error) == CLEAVE_INVALID);
    TEST_CHECK(strstr(error.message, "must be -120 to 60 dB") != NULL);
    TEST_CHECK(cleave_fx_set(fx, 0, 0, "gian", 1, &error) == CLEAVE_INVALID);
    TEST_CHECK(cleave_fx_set(fx, 1, 0, "gain", 1, &error) == CLEAVE_INVALID);
    cleave_fx_close(&fx);
}

static void knobs_that_are_fixed(void)
{
    cleave_error error;
    cleave_fx *fx = open_text("highpass:100;eq:100/3/1", 1, 64);

    if (!fx)
        return;
    TEST_CHECK(cleave_fx_set(fx, 0, 0, "slope", 1, &error) == CLEAVE_INVALID);
    TEST_CHECK(strstr(error.message, "fixed") != NULL);
    TEST_CHECK(cleave_fx_set(fx, 1, 0, "band.gain", -3, &error) == CLEAVE_OK);
    TEST_CHECK(cleave_fx_set(fx, 1, 1, "band.gain", -3, &error) == CLEAVE_INVALID);
    TEST_CHECK(cleave_fx_set(fx, 1, 0, "band.frequency", 24000, &error) == CLEAVE_INVALID);
    TEST_CHECK(cleave_fx_set(fx, 1, 0, "band.gain", 6, &error) == CLEAVE_OK);
    cleave_fx_close(&fx);
}

/* Several streams at once are what each is alone. */
static void streams_are_apart(void)
{
    enum { STREAMS = 3, FRAMES = 1500 };
    static float in[STREAMS * FRAMES * 2], out[STREAMS * FRAMES * 2], alone[FRAMES * 2];
    cleave_fx_chain chain;
    cleave_fx_config config;
    cleave_error error;
    cleave_fx *all = NULL, *one = NULL;

    fill(in, STREAMS * FRAMES * 2, 4);
    cleave_fx_config_default(&config);
    TEST_CHECK(cleave_fx_parse(chains[6], &chain, &error) == CLEAVE_OK);
    config.chain = &chain;
    config.block_frames_max = 256;
    TEST_CHECK(cleave_fx_open(&config, &one, &error) == CLEAVE_OK);
    config.streams = STREAMS;
    config.threads = 2;
    TEST_CHECK(cleave_fx_open(&config, &all, &error) == CLEAVE_OK);
    cleave_fx_process(all, in, out, FRAMES);
    for (int s = 0; s < STREAMS; s++) {
        cleave_fx_reset(one);
        cleave_fx_process(one, in + s * FRAMES * 2, alone, FRAMES);
        TEST_CHECK(memcmp(alone, out + s * FRAMES * 2, sizeof alone) == 0);
    }
    cleave_fx_close(&all);
    cleave_fx_close(&one);
}

static void ring_counts_what_is_missing(void)
{
    static float x[512], y[512], direct[512];
    cleave_fx_chain chain;
    cleave_fx_config config;
    cleave_error error;
    cleave_fx *fx = NULL;
    cleave_fx_stats stats;
    int64_t count;

    fill(x, 512, 8);
    cleave_fx_config_default(&config);
    TEST_CHECK(cleave_fx_parse("lowpass:500", &chain, &error) == CLEAVE_OK);
    config.chain = &chain;
    config.channels = 1;
    TEST_CHECK(cleave_fx_open(&config, &fx, &error) == CLEAVE_OK);
    TEST_CHECK(cleave_fx_push(fx, x, 1, &count) == CLEAVE_INVALID);
    cleave_fx_process(fx, x, direct, 512);
    cleave_fx_close(&fx);
    config.ring_frames = 300;
    TEST_CHECK(cleave_fx_open(&config, &fx, &error) == CLEAVE_OK);
    TEST_CHECK(cleave_fx_process(fx, x, y, 1) == CLEAVE_INVALID);
    TEST_CHECK(cleave_fx_push(fx, x, 200, &count) == CLEAVE_OK && count == 200);
    TEST_CHECK(cleave_fx_pull(fx, y, 150, &count) == CLEAVE_OK && count == 150);
    TEST_CHECK(cleave_fx_push(fx, x + 200, 312, &count) == CLEAVE_AGAIN && count == 250);
    TEST_CHECK(cleave_fx_pull(fx, y + 150, 362, &count) == CLEAVE_AGAIN && count == 300);
    cleave_fx_stats_get(fx, &stats);
    TEST_CHECK(stats.overruns == 1 && stats.underruns == 1 && stats.frames == 450);
    TEST_CHECK(memcmp(y, direct, 450 * sizeof *y) == 0);
    cleave_fx_close(&fx);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"text: refused with a sentence", refuses_with_a_sentence},
        {"text: too many effects, too many bands", refuses_too_much},
        {"text: a chain comes back", text_comes_back},
        {"every effect is described", lists_every_effect},
        {"docs/effects.md lists every parameter", page_lists_every_parameter},
        {"configurations that are refused", refuses_configurations},
        {"memory: as much as was said", needs_what_it_says},
        {"cuts into blocks do not show", cuts_do_not_show},
        {"eq: within 0.01 dB of its formula", equaliser_answers_as_its_formula},
        {"highpass: slopes", passes_have_their_slope},
        {"gain, pan, width", channels_are_mixed},
        {"fade: in its place", fades_are_in_their_place},
        {"what is no number is silence", numbers_only},
        {"knobs glide", knobs_glide},
        {"knobs that are fixed, and bands", knobs_that_are_fixed},
        {"streams are apart", streams_are_apart},
        {"ring: overruns and underruns", ring_counts_what_is_missing},
    };

    return test_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
