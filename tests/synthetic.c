/* synthetic.c: weights that follow from a formula. */
#include "tests/synthetic.h"

#include <math.h>
#include <string.h>

static uint64_t name_hash(const char *name)
{
    uint64_t hash = 0xCBF29CE484222325u;

    for (; *name; name++)
        hash = (hash ^ (unsigned char)*name) * 0x100000001B3u;
    return hash;
}

static double uniform(uint64_t hash, uint64_t index)
{
    uint64_t z = hash + index + 0x9E3779B97F4A7C15u;

    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    z ^= z >> 31;
    return (double)(z >> 40) * 0x1p-23 - 1;
}

double synthetic_uniform(const char *name, uint64_t index)
{
    return uniform(name_hash(name), index);
}

/* Part `back` of a dotted name, counted from its end (0: the last), compared with text. */
static int part_is(const char *name, int back, const char *text)
{
    const char *end = name + strlen(name), *start = end;

    for (;; end = --start) {
        while (start > name && start[-1] != '.')
            start--;
        if (back-- == 0)
            return (size_t)(end - start) == strlen(text) && memcmp(start, text, strlen(text)) == 0;
        if (start == name)
            return 0;
    }
}

synthetic_rule synthetic_demucs(const char *name, const uint32_t *shape, uint32_t rank, int norm,
                                int outermost)
{
    const char *leaf = strrchr(name, '.') ? strrchr(name, '.') + 1 : name;
    double fan = 1;

    for (uint32_t d = 1; d < rank; d++)
        fan *= shape[d];
    if (!strcmp(leaf, "scale"))
        return (synthetic_rule){0.5, 0.4};
    if (!strcmp(name, "freq_emb.embedding.weight"))
        return (synthetic_rule){0, 0.1};
    if (part_is(name, 1, "query_decay") && !strcmp(leaf, "bias"))
        return (synthetic_rule){-2, 0.5};
    if (norm && !strcmp(leaf, "weight"))
        return (synthetic_rule){1, 0.1};
    if (strstr(leaf, "bias"))
        return (synthetic_rule){0, 0.05};
    if (part_is(name, 1, "conv_tr"))
        return (synthetic_rule){0, (outermost ? 0.3 : 1.5) * sqrt(3 / (2.0 * shape[0]))};
    if (!strcmp(leaf, "in_proj_weight") || part_is(name, 1, "conv") || part_is(name, 1, "rewrite"))
        return (synthetic_rule){0, 1.5 * sqrt(3 / fan)};
    if (!strncmp(leaf, "weight_", 7))
        return (synthetic_rule){0, 2 * sqrt(3 / fan)};
    return (synthetic_rule){0, sqrt(3 / fan)};
}

synthetic_rule synthetic_spleeter(const char *name, const uint32_t *shape, uint32_t rank)
{
    const char *const leaf = strrchr(name, '/') ? strrchr(name, '/') + 1 : name;

    if (!strcmp(leaf, "gamma"))
        return (synthetic_rule){1, 0.1};
    if (!strcmp(leaf, "moving_variance"))
        return (synthetic_rule){1, 0.2};
    if (rank != 4)
        return (synthetic_rule){0, 0.05};
    const double taps = (double)shape[0] * shape[1];
    if (!strncmp(name, "conv2d_transpose", 16))
        return (synthetic_rule){0, 1.5 * sqrt(3 / (shape[3] * taps / 4))};
    /* The first layer's input is magnitudes as they are. */
    return (synthetic_rule){0, (shape[2] == 2 ? 0.15 : 1.5) * sqrt(3 / (taps * shape[2]))};
}

float synthetic_value(const char *name, uint64_t index, synthetic_rule rule)
{
    return (float)(rule.offset + rule.scale * synthetic_uniform(name, index));
}

void synthetic_fill(const char *name, synthetic_rule rule, uint64_t first, uint64_t count,
                    float *out)
{
    const uint64_t hash = name_hash(name);

    for (uint64_t i = 0; i < count; i++)
        out[i] = (float)(rule.offset + rule.scale * uniform(hash, first + i));
}
