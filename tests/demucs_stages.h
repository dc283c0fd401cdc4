/* demucs_stages.h: which step of the graph of HTDemucs or Hybrid Demucs gives which stage of the
 * references, and how; for demucs_golden_test.c alone. */
#ifndef CLEAVE_TESTS_DEMUCS_STAGES_H
#define CLEAVE_TESTS_DEMUCS_STAGES_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/conv/conv.h"
#include "kernels/normalize/normalize.h"
#include "tests/demucs_weights.h"
#include "tests/golden_index.h"
#include "tests/network_bench.h"
#include "tests/test.h"

#define STAGES_MAX 256

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

#endif
