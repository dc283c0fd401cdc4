/* spleeter_golden_test.c: every stage of Spleeter against float64, step by step, so that the first
 * stage that is off is the one that is named; and whole tracks through the engine, patch by patch.
 *
 * A stage may be twice as far from float64 as a float32 run of the reference is, the stems not
 * farther than it. Masks are shares of estimates: where all of them are next to nothing, a mask is
 * decided by their last digits, so masks are compared times the magnitude that they apply to. Some
 * bins have much of that and estimates of nearly nothing, and they decide the error; that of the
 * stems, which are all bins, is the one to look at. CLEAVE_STAGES=1 prints all stages: error of the
 * float32 run, ours, ratio. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/conv/conv.h"
#include "tests/golden_index.h"
#include "tests/network_bench.h"
#include "tests/runtime/track.h"
#include "tests/signal.h"
#include "tests/spleeter_weights.h"
#include "tests/variants.h"

#define CHANNELS      2
#define STAGE_FACTOR  2.0
#define STEMS_FACTOR  1.0
#define RANGE_FACTOR  2.0 /* the float32 figure is that of the whole track; a part may be worse */
#define FRAME_LENGTH  4096
#define FRAME_STEP    1024
#define PATCH_FRAMES  512
#define PATCH_SAMPLES (PATCH_FRAMES * FRAME_STEP + FRAME_LENGTH - FRAME_STEP)
#define STAGES_MAX    64

/* How a stage lies in ours. */
typedef enum stage_layout {
    PLANES,   /* [channel][frame][bin], all of it */
    ROWS,     /* the same in longer rows */
    SPECTRUM, /* (frame,bin,channel,re/im) for [channel][re/im][frame][bin] */
    PATCH,    /* (patch,frame,bin,channel) for [channel][frame][bin] of patch 0 */
    MASKS     /* (frame,bin,channel), applied to the spectrum */
} stage_layout;

typedef struct stage {
    const golden_entry *entry;
    stage_layout layout;
    int step, operand; /* after which it is there, and where: from the last operand back */
    int64_t floats;    /* from the operand's beginning on */
} stage;

/* A network, and its references. */
typedef struct bench {
    network_bench net;
    golden_index index;
    const char *name;
    int64_t track_frames;
    int64_t frames, bins; /* of the transform: T, and what is computed of a frame */
    int stage_count;
    stage stages[STAGES_MAX];
} bench;

/* ---- which step gives which stage ---- */
static int ends_with(const char *text, const char *end)
{
    const size_t a = strlen(text), b = strlen(end);

    return a >= b && !strcmp(text + a - b, end);
}

/* The last step of that label; -1: none. */
static int step_of(const bench *b, const char *label)
{
    for (int i = b->net.graph.step_count - 1; i >= 0; i--)
        if (!strcmp(b->net.graph.step[i].label, label))
            return i;
    return -1;
}

/* Stages that no tensor of ours holds: what comes before an activation that is in the same step. */
static int is_fused(const bench *b, const char *name)
{
    return ends_with(name, ".linear") || (ends_with(name, ".logit") && step_of(b, name) < 0);
}

/* "vocals.conv1" is the second result of the step "vocals.enc1"; the last layer has but one. With a
 * softmax, one step gives the estimates of all instruments. */
static stage locate(const bench *b, const golden_entry *entry)
{
    const char *const name = entry->name, *const dot = strrchr(name, '.');
    stage s = {.entry = entry, .step = step_of(b, name)};
    const int length = dot ? (int)(dot - name) : 0;
    char label[96];

    if (!strcmp(name, "stft")) { /* the first of two, which the networks see */
        s.layout = SPECTRUM;
        for (s.step = 0; strcmp(b->net.graph.step[s.step].label, name) != 0; s.step++)
            ;
    }
    if (!strcmp(name, "mag") || ends_with(name, ".est"))
        s.layout = PATCH;
    if (ends_with(name, ".logit"))
        s.layout = ROWS;
    if (!strcmp(name, "mag")) /* a step a channel: the last one's result is the last channel */
        s.floats = -(CHANNELS - 1) * b->frames * b->bins;
    if (dot && !strncmp(dot, ".conv", 5) && s.step < 0) {
        snprintf(label, sizeof label, "%.*s.enc%s", length, name, dot + 5);
        s.step = step_of(b, label);
        s.operand = 1;
    }
    if (ends_with(name, ".mask")) {
        snprintf(label, sizeof label, "%.*s.masked", length, name);
        s.step = step_of(b, label);
        s.layout = MASKS;
    }
    if (ends_with(name, ".est") && s.step < 0) {
        int32_t instrument = 0;
        while (instrument < b->net.model.info.stem_count - 1 &&
               (strncmp(b->net.stems[instrument], name, (size_t)length) != 0 ||
                b->net.stems[instrument][length]))
            instrument++;
        s.step = step_of(b, "est");
        s.floats = instrument * CHANNELS * b->frames * b->bins;
    }
    return s;
}

static void locate_all(bench *b)
{
    b->stage_count = 0;
    for (int i = 0; i < b->index.count; i++) {
        const golden_entry *const entry = &b->index.entry[i];
        if (!strncmp(entry->name, "out", 3) || is_fused(b, entry->name))
            continue;
        const stage s = locate(b, entry);
        if (s.step < 0)
            TEST_FAIL("%s: no step gives stage %s", b->name, entry->name);
        else if (TEST_CHECK(b->stage_count < STAGES_MAX))
            b->stages[b->stage_count++] = s;
    }
}

/* ---- comparison ---- */
/* What the elements of a stage are made from. */
typedef struct view {
    const bench *b;
    stage_layout layout;
    const float *data, *spectrum;
} view;

static double modulus(const float *spectrum, int64_t plane, int64_t at)
{
    return hypot((double)spectrum[at], (double)spectrum[plane + at]);
}

static int element(const void *context, const golden_entry *e, const int64_t *at, double *value,
                   double *weight)
{
    const view *const v = context;
    const int64_t T = v->b->frames, B = v->b->bins;
    const int64_t frame = v->layout == PATCH ? at[1] : at[0];
    const int64_t bin = v->layout == PATCH ? at[2] : at[1];
    const int64_t flat = frame * B + bin;

    switch (v->layout) {
    case PLANES:
        *value = (double)v->data[(at[0] * e->shape[1] + at[1]) * e->shape[2] + at[2]];
        return 1;
    case ROWS:
        *value = (double)v->data[(at[0] * T + at[1]) * B + at[2]];
        return 1;
    case SPECTRUM:
        if (frame >= T || bin >= B)
            return 0;
        *value = (double)v->data[(at[2] * 2 + at[3]) * T * B + flat];
        return 1;
    case PATCH:
        if (at[0] > 0)
            return 0;
        *value = (double)v->data[at[3] * T * B + flat];
        return 1;
    case MASKS:
        if (frame >= T || bin >= B)
            return 0;
        *value = modulus(v->data + at[2] * 2 * T * B, T * B, flat);
        *weight = modulus(v->spectrum + at[2] * 2 * T * B, T * B, flat);
        return 1;
    }
    return 0;
}

static double plain_element(const void *context, const golden_entry *e, const int64_t *at)
{
    double value = 0, weight;

    element(context, e, at, &value, &weight);
    return value;
}

static void print(const bench *b, const char *variant, const golden_entry *e, double official,
                  double ours)
{
    if (getenv("CLEAVE_STAGES"))
        printf("%s\t%s\t%s\t%.3e\t%.3e\t%.2f\n", b->name, variant, e->name, official, ours,
               ours / official);
}

static int stage_ok(const bench *b, const char *variant, const view *v, const golden_entry *e)
{
    const double limit = STAGE_FACTOR * e->f32_relrms;
    int64_t count = 0;
    const double error = golden_compare_part(e, element, v, &count);

    print(b, variant, e, e->f32_relrms, error);
    if (!(error <= limit) || count < 100)
        return TEST_FAIL("%s, %s: stage %s is the first that is off: error %.3g, limit %.3g",
                         b->name, variant, e->name, error, limit);
    if (v->layout == PLANES || v->layout == ROWS) {
        const golden_errors all = golden_compare(e, plain_element, v);
        if (!(fabs(all.mean - e->mean) <= limit * e->rms) ||
            !(fabs(all.rms - e->rms) <= limit * e->rms))
            return TEST_FAIL("%s, %s: stage %s is the first that is off: mean %.9g, rms %.9g for "
                             "%.9g, %.9g",
                             b->name, variant, e->name, all.mean, all.rms, e->mean, e->rms);
    }
    return TEST_CHECK(1);
}

/* Where an operand of a step lies, counted from the last one back. */
static const float *result_of(const bench *b, int step, int back)
{
    const cleave_graph_step *const from = &b->net.graph.step[step];
    const int k = from->operand_count - 1 - back;

    return cleave_plan_data(&b->net.plan, from->operand[k]) + from->offset[k] / sizeof(float);
}

/* Patch 0: a frame of silence, then the track. */
static void write_input(const bench *b)
{
    float *const input = cleave_plan_data(&b->net.plan, b->net.ports.input);
    const int64_t room = PATCH_SAMPLES - FRAME_LENGTH;

    memset(input, 0, CHANNELS * PATCH_SAMPLES * sizeof *input);
    test_signal(0, b->track_frames < room ? b->track_frames : room, PATCH_SAMPLES,
                input + FRAME_LENGTH);
}

/* Runs all steps; 0 at the first stage that is off. */
static int run(const bench *b, const char *variant, int *compared)
{
    const float *const spectrum = result_of(b, step_of(b, "stft"), 0); /* that of the masks */
    int ok = 1;

    write_input(b);
    for (int step = 0; ok && step < b->net.plan.step_count; step++) {
        cleave_plan_step_run(&b->net.plan, step, b->net.workers);
        for (int i = 0; ok && i < b->stage_count; i++) {
            const stage *const s = &b->stages[i];
            if (s->step != step)
                continue;
            const view v = {b, s->layout, result_of(b, step, s->operand) + s->floats, spectrum};
            ok = stage_ok(b, variant, &v, s->entry);
            ++*compared;
        }
    }
    return ok;
}

/* ---- whole tracks ---- */
/* [I][N][C], of the engine. */
static double sample(const void *context, const golden_entry *e, const int64_t *at)
{
    const int64_t N = e->range ? e->shape[2] : e->shape[1];
    const int64_t n = e->range ? at[2] : at[1], c = e->range ? at[1] : at[2];

    return (double)((const float *)context)[(at[0] * N + n) * CHANNELS + c];
}

static int track_ok(const bench *b, const char *variant, const golden_entry *e, const float *out)
{
    const double limit = e->f32_relrms * (e->range ? RANGE_FACTOR : STEMS_FACTOR);
    const golden_errors errors = golden_compare(e, sample, out);

    print(b, variant, e, e->f32_relrms, errors.relrms);
    return (errors.relrms <= limit && fabs(errors.mean - e->mean) <= limit * e->rms &&
            fabs(errors.rms - e->rms) <= limit * e->rms)
               ? TEST_CHECK(1)
               : TEST_FAIL("%s, %s: %s: error %.3g, limit %.3g; mean %.9g, rms %.9g for %.9g, %.9g",
                           b->name, variant, e->name, errors.relrms, limit, errors.mean, errors.rms,
                           e->mean, e->rms);
}

/* The track in patches, interleaved. */
static void whole_track(const bench *b, const test_bytes *file, const char *variant,
                        uint32_t features_off, int *compared)
{
    const int64_t N = b->track_frames;
    const cleave_network network = {.weights = file->data, .weights_bytes = file->used};
    float *const planar = malloc((size_t)(CHANNELS * N) * sizeof *planar);
    float *const x = malloc((size_t)(CHANNELS * N) * sizeof *x);
    cleave_engine *engine = NULL;
    cleave_config config;
    cleave_error error;

    cleave_config_default(&config);
    config.device = !strcmp(variant, "cuda") ? CLEAVE_DEVICE_CUDA : CLEAVE_DEVICE_CPU;
    config.networks = &network;
    config.network_count = 1;
    config.threads = 2;
    config.cpu_features_off = features_off;
    test_signal(0, N, N, planar);
    for (int64_t i = 0; i < N * CHANNELS; i++)
        x[i] = planar[i % CHANNELS * N + i / CHANNELS];
    if (cleave_open(&config, &engine, &error) != CLEAVE_OK)
        TEST_FAIL("%s: %s", b->name, error.message);
    float *const out = engine ? track_separate(engine, x, N, 0, 0) : NULL;
    for (int i = 0; out && i < b->index.count; i++)
        if (!strncmp(b->index.entry[i].name, "out", 3)) {
            track_ok(b, variant, &b->index.entry[i], out);
            ++*compared;
        }
    cleave_close(&engine);
    free(out);
    free(x);
    free(planar);
}

/* ---- cases ---- */
static uint32_t features_of(const char *variant)
{
    static const struct {
        const char *name;
        uint32_t features;
    } known[] = {{"avx512", CLEAVE_CPU_AVX2 | CLEAVE_CPU_AVX512},
                 {"avx2", CLEAVE_CPU_AVX2},
                 {"neon", CLEAVE_CPU_NEON}};

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (!strcmp(known[i].name, variant))
            return known[i].features;
    return 0;
}

/* On which variants of the processor. */
typedef enum extent { ALL, VECTORS, BEST } extent;

/* A configuration against the entries of a folder whose names begin with `prefix`. */
static void check(const char *name, const char *config, const char *folder, const char *prefix,
                  int64_t track_frames, extent on, int with_track)
{
    const variants v = variants_list();
    const int last = v.count - 1;
    test_bytes file = {0};
    bench *const b = calloc(1, sizeof *b);
    int compared = 0;

    b->name = name;
    b->track_frames = track_frames;
    if (variants_are_slow(&v) && on != ALL)
        test_skip("the executor is too slow for it");
    else if (TEST_CHECK(golden_index_open(&b->index, folder, prefix)) &&
             test_spleeter_weights(config, CLEAVE_WEIGHTS_F32, CLEAVE_WEIGHTS_F32, &file) &&
             network_bench_open(&b->net, &file, PATCH_SAMPLES, ~0u)) {
        b->frames = PATCH_FRAMES;
        b->bins = strstr(config, "F=1536\n") ? 1536 : 1024;
        locate_all(b);
        for (int i = on == ALL ? 0 : on == BEST || last == 0 ? last : 1; i <= last; i++) {
            const char *const variant = v.ops[i].name;
            if (network_bench_plan(&b->net, &v.ops[i], 2))
                run(b, variant, &compared);
            network_bench_unplan(&b->net);
            if (with_track)
                whole_track(b, &file, variant, ~features_of(variant), &compared);
        }
    }
    if (!variants_are_slow(&v) || on == ALL) {
        TEST_CHECK(compared > 0);
        test_passed_count(compared);
    }
    network_bench_close(&b->net);
    golden_index_close(&b->index);
    test_bytes_free(&file);
    free(b);
}

static void tiny(void)
{
    check("tiny", SPLEETER_TINY, "tests/golden/spleeter", "spleeter_tiny.", 100000, ALL, 1);
}

static void some_2stems(void)
{
    check("2stems", SPLEETER_2STEMS, "tests/golden/spleeter", "2stems.", 529200, VECTORS, 1);
}

static void some_5stems(void)
{
    check("5stems", SPLEETER_5STEMS, "tests/golden/spleeter", "5stems.", 529200, BEST, 1);
}

/* All stored stages of a published model, and the track where the cases above do not have it. */
static void full_size(const char *name, const char *config, const char *folder, int with_track)
{
    char path[128];

    snprintf(path, sizeof path, "golden/%s/index.tsv", folder);
    if (!test_shared(path)) {
        test_skip("the references of the full-size models are not here");
        return;
    }
    snprintf(path, sizeof path, "../shared/golden/%s", folder);
    check(name, config, path, "", 529200, BEST, with_track);
}

static void all_2stems(void)
{
    full_size("2stems", SPLEETER_2STEMS, "spleeter_2stems", 0);
}

static void all_4stems(void)
{
    full_size("4stems", SPLEETER_4STEMS, "spleeter_4stems", 1);
}

static void all_5stems(void)
{
    full_size("5stems", SPLEETER_5STEMS, "spleeter_5stems", 0);
}

static void all_2stems16(void)
{
    full_size("2stems16", SPLEETER_2STEMS "F=1536\n", "spleeter_2stems16", 1);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"a tiny network, stage by stage and through the engine", tiny},
        {"2 stems: some stages and a track of two patches", some_2stems},
        {"5 stems: some stages and a track of two patches", some_5stems},
        {"2 stems: all stages", all_2stems},
        {"4 stems: all stages", all_4stems},
        {"5 stems: all stages", all_5stems},
        {"2 stems to 16 kHz: all stages", all_2stems16},
    };

    return test_main(argc, argv, cases, (int)(sizeof cases / sizeof cases[0]));
}
