/* demucs_golden_test.c: every stage of HTDemucs and Hybrid Demucs against float64, step by step, so
 * that the first stage that is off is the one that is named.
 *
 * A stage may be twice as far from float64 as the official float32 run is, the stems not farther
 * than it. CLEAVE_STAGES=1 prints all stages: official error, ours, ratio. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/conv/conv.h"
#include "kernels/normalize/normalize.h"
#include "tests/demucs_weights.h"
#include "tests/golden_index.h"
#include "tests/network_bench.h"
#include "tests/test.h"
#include "tests/variants.h"
#include "weights/contract.h"

#define CHANNELS       2
#define STAGE_FACTOR   2.0
#define STEMS_FACTOR   1.0
#define STAGES_MAX     256
#define TINY_FRAMES    40000
#define TINY_H_FRAMES  264600
#define SEGMENT_FRAMES 343980

/* Stages that no tensor of ours holds, because the op that makes them goes on at once. Those after
 * them are compared. */
static const char *const fused[] = {
    "encoder.0.conv",
    "tencoder.0.conv", /* GELU */
    "decoder.0.conv_tr",
    "tdecoder.0.conv_tr", /* cut at both ends, GELU */
    "encoder.0.rewrite",
    "tencoder.0.rewrite", /* gate */
    "decoder.0.rewrite",
    "tdecoder.0.rewrite", /* gate */
    ".linear1",           /* GELU */
    ".norm1",
    ".norm2",            /* of Hybrid Demucs: GELU, gate */
    ".dconv.layers.0.1", /* GELU */
    ".dconv.layers.0.5", /* norm, gate, residual */
};

/* How a stage follows from what a step writes. */
typedef enum stage_kind {
    PLAIN,
    LESS_RESIDUAL, /* what the step added is taken off */
    LESS_SCALED,   /* the same, divided by the layer scale */
    LESS_TABLE,    /* the frequency embedding is taken off */
    TIME_PART,     /* stems less their frequency part */
    STATISTICS     /* means and deviations of the two inputs, from their moments */
} stage_kind;

typedef struct stage {
    const golden_entry *entry;
    stage_kind kind;
    int step;           /* after which it is complete */
    const float *scale; /* LESS_SCALED */
} stage;

/* A network, and its references. */
typedef struct bench {
    network_bench net;
    const char *name;
    golden_index index;
    int64_t first; /* sample of the track */
    stage stages[STAGES_MAX];
    int stage_count;
} bench;

/* ---- which step gives which stage ---- */
static int ends_with(const char *text, const char *end)
{
    const size_t a = strlen(text), b = strlen(end);

    return a >= b && !strcmp(text + a - b, end);
}

static int is_fused(const char *name)
{
    for (size_t i = 0; i < sizeof fused / sizeof fused[0]; i++)
        if (fused[i][0] == '.' ? ends_with(name, fused[i]) : !strcmp(name, fused[i]))
            return 1;
    return 0;
}

/* The last step of that label; -1: none. */
static int step_of(const bench *b, const char *label)
{
    for (int i = b->net.graph.step_count - 1; i >= 0; i--)
        if (!strcmp(b->net.graph.step[i].label, label))
            return i;
    return -1;
}

/* The first step of the label of a step: what is computed in bands of rows begins where that one
 * writes, and what they overwrite is there before it. */
static int first_of(const bench *b, int step)
{
    int first = 0;

    while (strcmp(b->net.graph.step[first].label, b->net.graph.step[step].label) != 0)
        first++;
    return first;
}

/* "encoder.0.dconv" is what the last of its sub-layers leaves; "X.pre" is that too where the
 * decoder has such a branch. */
static int dconv_step(const bench *b, const char *layer)
{
    char label[96];
    int step = -1;

    for (int sub = 0; sub < 16; sub++) {
        snprintf(label, sizeof label, "%s.dconv.layers.%d", layer, sub);
        step = step_of(b, label) >= 0 ? step_of(b, label) : step;
    }
    return step;
}

/* The operand that the step adds to what it computes; -1: none. It comes before the result. */
static int residual_operand(const cleave_graph_step *step)
{
    uint32_t has = 0;

    if (step->op == CLEAVE_OP_CONV)
        has =
            ((const cleave_conv_args *)(const void *)step->args.bytes)->uses & CLEAVE_CONV_RESIDUAL;
    else if (step->op == CLEAVE_OP_NORMALIZE)
        has = ((const cleave_normalize_args *)(const void *)step->args.bytes)->uses &
              CLEAVE_NORMALIZE_RESIDUAL;
    return has ? step->operand_count - 2 : -1;
}

/* Where an operand of a step lies. */
static const float *operand(const bench *b, const cleave_graph_step *step, int k)
{
    return cleave_plan_data(&b->net.plan, step->operand[k]) + step->offset[k] / sizeof(float);
}

static float *weight(const bench *b, const char *name)
{
    cleave_table_tensor tensor;

    if (!cleave_table_find(&b->net.table, name, &tensor)) {
        TEST_FAIL("no tensor %s", name);
        return NULL;
    }
    float *const values = malloc((size_t)tensor.count * sizeof *values);
    cleave_table_read(&tensor, 0, tensor.count, values);
    return values;
}

/* Stages of the transformer, which are named after modules: "ct.layers.0.self_attn". */
static void locate_token_stage(const bench *b, stage *s, const char *name)
{
    static const char *const added[] = {".self_attn", ".cross_attn", ".linear2", ".gamma_1"};
    char label[96], scale[160];
    int kind = -1;

    for (int i = 0; i < 4; i++)
        if (ends_with(name, added[i]))
            kind = i;
    if (kind < 0) {
        snprintf(label, sizeof label, "%s", name);
        if (ends_with(label, ".norm_out"))
            label[strlen(label) - strlen(".norm_out")] = 0;
        s->step = step_of(b, label);
        return;
    }
    const int layer = (int)(strlen(name) - strlen(added[kind]));
    s->kind = kind == 3 ? LESS_RESIDUAL : LESS_SCALED;
    snprintf(label, sizeof label, "%s", name);
    if (kind == 3)
        snprintf(label, sizeof label, "%.*s.self_attn", layer, name);
    s->step = step_of(b, label);
    snprintf(scale, sizeof scale, "crosstransformer.%.*s.gamma_%d.scale", layer - 3, name + 3,
             kind == 2 ? 2 : 1);
    s->scale = kind < 3 ? weight(b, scale) : NULL;
}

static int is_layer(const char *name, const char *kind)
{
    int number, end = 0;
    char format[32];

    snprintf(format, sizeof format, "%s.%%d%%n", kind);
    return sscanf(name, format, &number, &end) == 1 && name[end] == 0;
}

/* Whether an entry holds stems, or a part of them. */
static int is_stems(const char *name)
{
    return !strcmp(name, "out") || !strncmp(name, "out.", 4) || !strncmp(name, "forward", 7);
}

static stage locate(const bench *b, const golden_entry *entry)
{
    const char *const name = entry->name;
    stage s = {.entry = entry, .step = step_of(b, name)};
    char layer[64];

    snprintf(layer, sizeof layer, "%.*s", (int)(strrchr(name, '.') - name), name);
    if (!strncmp(name, "ct.layers", 9))
        locate_token_stage(b, &s, name);
    else if (is_stems(name))
        s.step = step_of(b, "out");
    else if (ends_with(name, ".dconv") || (ends_with(name, ".pre") && s.step < 0))
        s.step = dconv_step(b, layer);
    else if (strstr(name, ".dconv.layers.") && ends_with(layer, "layers"))
        s.kind = LESS_RESIDUAL;
    if (!strcmp(name, "tdecoder.0.pre") && s.step < 0)
        s.step = step_of(b, "decoder.1.pre");
    if (!strcmp(name, "encoder.0"))
        s.kind = LESS_TABLE, s.scale = weight(b, "freq_emb.embedding.weight");
    if (!strcmp(name, "saved.0"))
        s.step = step_of(b, "encoder.0");
    if (!strcmp(name, "wave.time"))
        s.kind = TIME_PART, s.step = step_of(b, "out");
    if (!strcmp(name, "norm.stats"))
        s.kind = STATISTICS, s.step = step_of(b, "wave.moments");
    if ((is_layer(name, "decoder") || is_layer(name, "tdecoder") || ends_with(name, ".conv") ||
         !strncmp(name, "down.", 5)) &&
        s.step >= 0 && residual_operand(&b->net.graph.step[s.step]) >= 0)
        s.kind = LESS_RESIDUAL;
    return s;
}

/* Results of what surrounds the network, which apply_golden_test.c compares. */
static int is_pipeline(const char *name)
{
    static const char *const parts[] = {"apply", "nosplit", "shift", "seg5"};

    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if (!strncmp(name, parts[i], strlen(parts[i])))
            return 1;
    return 0;
}

static void locate_all(bench *b)
{
    b->stage_count = 0;
    for (int i = 0; i < b->index.count; i++) {
        const golden_entry *const entry = &b->index.entry[i];
        if (is_pipeline(entry->name))
            continue;
        const stage s = locate(b, entry);
        if (s.step >= 0 && s.entry)
            b->stages[b->stage_count++] = s;
        else if (!is_fused(entry->name))
            TEST_FAIL("%s: no step gives stage %s", b->name, entry->name);
    }
}

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

/* Values that a step will overwrite and a stage needs: what the step adds, the stems without their
 * time part, the moments of the spectrum. */
static float *kept_before(const bench *b, const stage *s)
{
    size_t bytes;
    const float *from;

    if (s->kind == PLAIN || s->kind == LESS_TABLE)
        return NULL;
    if (s->kind == STATISTICS) {
        from = result_of(b, step_of(b, "spec.moments"));
        bytes = 4 * CHANNELS * sizeof *from;
    } else if (s->kind == TIME_PART) {
        from = cleave_plan_data(&b->net.plan, b->net.ports.output);
        bytes = b->net.plan.tensor[b->net.ports.output].bytes;
    } else {
        const cleave_graph_step *const step = &b->net.graph.step[first_of(b, s->step)];
        from = operand(b, step, residual_operand(step));
        bytes = b->net.plan.tensor[step->operand[step->operand_count - 1]].bytes;
    }
    float *const kept = malloc(bytes);
    if (TEST_CHECK(kept != NULL && from != NULL))
        memcpy(kept, from, bytes);
    return kept;
}

/* Runs all steps; 0 at the first stage that is off. */
static int run(bench *b, const char *variant, int *compared)
{
    float *kept[STAGES_MAX] = {0};
    int ok = 1;

    network_bench_input(&b->net, b->first);
    for (int step = 0; ok && step < b->net.plan.step_count; step++) {
        for (int i = 0; i < b->stage_count; i++)
            if (first_of(b, b->stages[i].step) == step)
                kept[i] = kept_before(b, &b->stages[i]);
        cleave_plan_step_run(&b->net.plan, step, b->net.workers);
        for (int i = 0; ok && i < b->stage_count; i++) {
            const stage *const s = &b->stages[i];
            if (s->step != step)
                continue;
            const view v = {s->kind, layout_of(s->entry), result_of(b, step), kept[i], s->scale, b};
            ok = stage_ok(b, variant, &v, s->entry);
            (*compared)++;
            free(kept[i]);
            kept[i] = NULL;
        }
    }
    for (int i = 0; i < b->stage_count; i++)
        free(kept[i]);
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
