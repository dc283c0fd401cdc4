/* demucs_golden_test.c: every stage of HTDemucs and Hybrid Demucs against float64, step by step, so
 * that the first stage that is off is the one that is named.
 *
 * A stage may be twice as far from float64 as the official float32 run is, the stems not farther
 * than it. CLEAVE_STAGES=1 prints all stages: official error, ours, ratio. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/demucs_stages.h"
#include "tests/test.h"
#include "tests/variants.h"
#include "weights/contract.h"

#define CHANNELS       2
#define STAGE_FACTOR   2.0
#define STEMS_FACTOR   1.0
#define TINY_FRAMES    40000
#define TINY_H_FRAMES  264600
#define SEGMENT_FRAMES 343980

/* ---- comparison ---- */
typedef enum stage_layout {
    FLAT,       /* as ours */
    COMPLEX,    /* real and imaginary part innermost */
    STEMS,      /* the same, for every source */
    ROWS_FIRST, /* frequency before channels */
    TOKENS,     /* channels innermost, frames before frequency */
    STEPS,      /* channels innermost */
    SAMPLES     /* of stems: rows of ours may be longer */
} stage_layout;

static stage_layout layout_of(const golden_entry *e)
{
    static const struct {
        const char *text;
        stage_layout layout;
    } known[] = {
        {"(channel,freq,frame,re/im)", COMPLEX},
        {"(source,channel,freq,frame,re/im)", STEMS},
        {"(freq,channel,frame)", ROWS_FIRST},
        {"(token=frame*8+freq,channel)", TOKENS},
        {"(token,channel)", STEPS},
        {"(source,channel,sample)", SAMPLES},
    };

    /* The keys of a cross layer are tokens of the other branch, whatever the index says. */
    if (!strcmp(e->name, "ct.layers.1.norm2"))
        return STEPS;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (!strcmp(e->layout, known[i].text))
            return known[i].layout;
    return FLAT;
}

/* What the elements of a stage are made from. */
typedef struct view {
    stage_kind kind;
    stage_layout layout;
    const float *out, *before, *scale;
    const bench *bench;
} view;

/* Where the element of a stage lies in our tensor: planar, frequency before frames. */
static int64_t offset_of(const view *v, const golden_entry *e, const int64_t *at)
{
    const int64_t *const n = e->shape;
    int64_t flat = 0;

    switch (v->layout) {
    case COMPLEX:
        return ((at[0] * 2 + at[3]) * n[1] + at[1]) * n[2] + at[2];
    case STEMS:
        return (((at[0] * n[1] + at[1]) * 2 + at[4]) * n[2] + at[2]) * n[3] + at[3];
    case ROWS_FIRST:
        return (at[1] * n[0] + at[0]) * n[2] + at[2];
    case TOKENS:
        return at[1] * n[0] + at[0] % 8 * (n[0] / 8) + at[0] / 8;
    case STEPS:
        return at[1] * n[0] + at[0];
    case SAMPLES:
        return (at[0] * n[1] + at[1]) * v->bench->net.ports.stride + at[2];
    case FLAT:
        break;
    }
    for (int axis = 0; axis < e->ndim; axis++)
        flat = flat * n[axis] + at[axis];
    return flat;
}

/* Mean or deviation of all channels together, from the moments of each. */
static double statistic(const float *moments, int64_t channels, int64_t count, int deviation)
{
    double mean = 0, squares = 0;

    for (int64_t c = 0; c < channels; c++)
        mean += (double)moments[2 * c] / (double)channels;
    for (int64_t c = 0; c < channels; c++) {
        const double d = (double)moments[2 * c] - mean;
        squares += (double)moments[2 * c + 1] + (double)count * d * d;
    }
    return deviation ? sqrt(squares / (double)(channels * count - 1)) : mean;
}

/* before: the moments of the spectrum, out: those of the wave. */
static double statistics(const view *v, int64_t which)
{
    const golden_entry *const spectrum = golden_find(&v->bench->index, "spec.z");
    const int64_t wave = golden_find(&v->bench->index, "wave.xt")->shape[1];

    return which < 2 ? statistic(v->before, 2 * CHANNELS, spectrum->shape[1] * spectrum->shape[2],
                                 which == 1)
                     : statistic(v->out, CHANNELS, wave, which == 3);
}

static double element(const void *context, const golden_entry *e, const int64_t at[GOLDEN_AXES])
{
    const view *const v = context;

    if (v->kind == STATISTICS)
        return statistics(v, at[0]);
    const int64_t i = offset_of(v, e, at);
    const double x = (double)v->out[i];
    switch (v->kind) {
    case LESS_RESIDUAL:
    case TIME_PART:
        return x - (double)v->before[i];
    case LESS_SCALED:
        return (x - (double)v->before[i]) / (double)v->scale[at[1]];
    case LESS_TABLE: /* 0.2 and 10 are freq_emb and emb_scale of all these models */
        return x - 2 * (double)v->scale[at[1] * e->shape[0] + at[0]];
    default:
        return x;
    }
}

static int printing(void)
{
    return getenv("CLEAVE_STAGES") != NULL;
}

/* One stage. The errors of mean and rms over the whole tensor are at most the rms error there.
 * References are stored in float32: of many values that adds little, of the four statistics each
 * may be off by half a unit in its last place; their mean and rms are not. */
static int stage_ok(const bench *b, const char *variant, const view *v, const golden_entry *e)
{
    const int stems = is_stems(e->name);
    const double limit = (stems ? STEMS_FACTOR : STAGE_FACTOR) * e->f32_relrms;
    const double storage = v->kind == STATISTICS ? 0x1p-24 : 0;
    const golden_errors errors = golden_compare(e, element, v);

    if (printing())
        printf("%s\t%s\t%s\t%.3e\t%.3e\t%.2f\n", b->name, variant, e->name, e->f32_relrms,
               errors.relrms, errors.relrms / e->f32_relrms);
    if (!(errors.relrms <= limit + storage))
        return TEST_FAIL("%s, %s: stage %s is the first that is off: error %.3g, limit %.3g",
                         b->name, variant, e->name, errors.relrms, limit);
    if (!e->range && (!(fabs(errors.mean - e->mean) <= limit * e->rms) ||
                      !(fabs(errors.rms - e->rms) <= limit * e->rms)))
        return TEST_FAIL("%s, %s: stage %s is the first that is off: mean %.9g, rms %.9g for "
                         "%.9g, %.9g",
                         b->name, variant, e->name, errors.mean, errors.rms, e->mean, e->rms);
    return TEST_CHECK(1);
}

static const float *result_of(const bench *b, int step)
{
    const cleave_graph_step *const from = &b->net.graph.step[first_of(b, step)];

    if (!strcmp(from->label, "out") || !strcmp(from->label, "wave.freq"))
        return cleave_plan_data(&b->net.plan, b->net.ports.output);
    return operand(b, from, from->operand_count - 1);
}

/* What a stage needs besides the result of its step. */
typedef struct kept {
    float *before; /* values that the step overwrites: what it adds, the stems without their time
                    * part, the moments of the spectrum */
    float *after;  /* of a sub-layer in place: its results, band by band, because the next one's
                    * overwrite them before the last band is there */
    size_t count;
} kept;

static int is_in_place(const bench *b, const stage *s)
{
    return strstr(b->net.graph.step[s->step].label, ".dconv.layers.") && s->kind == LESS_RESIDUAL;
}

static float *copy_of(const float *from, size_t count)
{
    float *const to = malloc(count * sizeof *to);

    if (TEST_CHECK(to != NULL && from != NULL))
        memcpy(to, from, count * sizeof *to);
    return to;
}

/* Before the first step of the stage. */
static kept keep_before(const bench *b, const stage *s)
{
    const cleave_graph_step *const step = &b->net.graph.step[first_of(b, s->step)];
    kept k = {0};

    if (s->kind == PLAIN || s->kind == LESS_TABLE)
        return k;
    if (s->kind == STATISTICS) {
        k.before = copy_of(result_of(b, step_of(b, "spec.moments")), 4 * CHANNELS);
    } else if (s->kind == TIME_PART) {
        k.count = b->net.plan.tensor[b->net.ports.output].bytes / sizeof(float);
        k.before = copy_of(cleave_plan_data(&b->net.plan, b->net.ports.output), k.count);
    } else {
        k.count = b->net.plan.tensor[step->operand[step->operand_count - 1]].bytes / sizeof(float);
        k.before = copy_of(operand(b, step, residual_operand(step)), k.count);
        if (is_in_place(b, s))
            k.after = copy_of(k.before, k.count);
    }
    return k;
}

/* After one of its steps, before which the result was `last`. */
static void note_changes(const kept *k, const float *last, const float *now)
{
    for (size_t i = 0; i < k->count; i++)
        if (now[i] != last[i]) {
            k->before[i] = last[i];
            k->after[i] = now[i];
        }
}

static void drop(kept *k)
{
    free(k->before);
    free(k->after);
    *k = (kept){0};
}

/* Runs a step that is in place, noting for stage `s` what it changes. */
static void run_in_place(bench *b, const stage *s, const kept *k, int step)
{
    const float *const now = result_of(b, s->step);
    float *const last = copy_of(now, k->count);

    cleave_plan_step_run(&b->net.plan, step, b->net.workers);
    note_changes(k, last, now);
    free(last);
}

/* Runs all steps; 0 at the first stage that is off. */
static int run(bench *b, const char *variant, int *compared)
{
    kept keeps[STAGES_MAX] = {0};
    int ok = 1;

    network_bench_input(&b->net, b->first);
    for (int step = 0; ok && step < b->net.plan.step_count; step++) {
        const char *const label = b->net.graph.step[step].label;
        int noted = -1;
        for (int i = 0; i < b->stage_count; i++) {
            const stage *const s = &b->stages[i];
            if (first_of(b, s->step) == step)
                keeps[i] = keep_before(b, s);
            if (is_in_place(b, s) && !strcmp(b->net.graph.step[s->step].label, label))
                noted = i;
        }
        if (noted >= 0)
            run_in_place(b, &b->stages[noted], &keeps[noted], step);
        else
            cleave_plan_step_run(&b->net.plan, step, b->net.workers);
        for (int i = 0; ok && i < b->stage_count; i++) {
            const stage *const s = &b->stages[i];
            if (s->step != step)
                continue;
            const view v = {s->kind,
                            layout_of(s->entry),
                            keeps[i].after ? keeps[i].after : result_of(b, step),
                            keeps[i].before,
                            s->scale,
                            b};
            ok = stage_ok(b, variant, &v, s->entry);
            (*compared)++;
            drop(&keeps[i]);
        }
    }
    for (int i = 0; i < b->stage_count; i++)
        drop(&keeps[i]);
    return ok;
}

/* ---- cases ---- */
/* Opens references and weights and builds the graph. */
static int open_bench(bench *b, const char *folder, const char *prefix, const test_bytes *file,
                      int64_t frames)
{
    if (!golden_index_open(&b->index, folder, prefix))
        return TEST_FAIL("%s: no references", folder);
    if (!network_bench_open(&b->net, file, frames, ~0u))
        return 0;
    locate_all(b);
    return 1;
}

static void close_bench(bench *b)
{
    for (int i = 0; i < b->stage_count; i++)
        free((void *)b->stages[i].scale);
    golden_index_close(&b->index);
    network_bench_close(&b->net);
}

/* All variants of the processor, or the best alone. */
static void all_stages(bench *b, int best_only)
{
    const variants v = variants_list();
    int compared = 0;

    for (int i = best_only ? v.count - 1 : 0; i < v.count; i++) {
        if (network_bench_plan(&b->net, &v.ops[i], 2))
            run(b, v.ops[i].name, &compared);
        network_bench_unplan(&b->net);
    }
    TEST_CHECK(compared > 0);
    test_passed_count(compared);
}

static void tiny(const char *path, const char *prefix, int64_t frames)
{
    test_bytes file = {0};
    bench *const b = calloc(1, sizeof *b);

    b->name = prefix[1] == 't' ? "tiny htdemucs" : "tiny hdemucs";
    if (test_weights_import(path, &file) &&
        open_bench(b, "tests/golden/demucs", prefix, &file, frames))
        all_stages(b, 0);
    close_bench(b);
    free(b);
    test_bytes_free(&file);
}

static void tiny_htdemucs(void)
{
    tiny("tests/golden/models/tiny_htdemucs.th", "ht.", TINY_FRAMES);
}

static void tiny_hdemucs(void)
{
    tiny("tests/golden/models/tiny_hdemucs.th", "h.", TINY_H_FRAMES);
}

/* An official model on synthetic weights. `folder` of the references; samples of the track. */
static void full_size(const char *name, const char *where, int64_t first, int64_t frames)
{
    const variants v = variants_list();
    char folder[128];
    test_bytes file = {0};
    const cleave_official *official;

    if (variants_are_slow(&v)) {
        test_skip("the executor is too slow for it");
        return;
    }
    snprintf(folder, sizeof folder, "golden/%s/index.tsv", where);
    if (!test_shared(folder)) {
        test_skip("the references of the full-size models are not here");
        return;
    }
    for (uint32_t i = 0; (official = cleave_official_at(i)) && strcmp(official->name, name); i++)
        ;
    bench *const b = calloc(1, sizeof *b);
    b->name = name;
    b->first = first;
    snprintf(folder, sizeof folder, "../shared/golden/%s", where);
    if (TEST_CHECK(official != NULL) &&
        test_weights_synthetic(official->kind, official->config, &file) &&
        open_bench(b, folder, "", &file, frames))
        all_stages(b, 1);
    close_bench(b);
    free(b);
    test_bytes_free(&file);
}

static void htdemucs(void)
{
    full_size("htdemucs", "htdemucs", 0, SEGMENT_FRAMES);
}

static void htdemucs_6s(void)
{
    full_size("htdemucs_6s", "htdemucs_6s", 0, SEGMENT_FRAMES);
}

static void hdemucs_mmi(void)
{
    full_size("hdemucs_mmi", "hdemucs_mmi", 0, SEGMENT_FRAMES);
}

/* The network itself on less than its segment: no stage but the stems is stored. */
static void htdemucs_short(void)
{
    full_size("htdemucs", "htdemucs_edge", 100000, 132301);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"tiny htdemucs, stage by stage", tiny_htdemucs},
        {"tiny hdemucs, stage by stage", tiny_hdemucs},
        {"htdemucs, stage by stage", htdemucs},
        {"htdemucs, a short input", htdemucs_short},
        {"htdemucs_6s, stage by stage", htdemucs_6s},
        {"hdemucs_mmi, stage by stage", hdemucs_mmi},
    };

    return test_main(argc, argv, cases, (int)(sizeof cases / sizeof cases[0]));
}
