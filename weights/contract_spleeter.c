/* contract_spleeter.c: the tensors of Spleeter's U-Nets, one complete net for each instrument, as
 * TensorFlow lays them out. */
#include "weights/contract_walks.h"
#include "weights/spleeter_arguments.h"

/* A walk over the tensors of one instrument. */
typedef struct walk {
    const cleave_spleeter *s;
    cleave_contract_visit visit;
    void *context;
    int32_t number; /* of the instrument */
} walk;

static int visit(const walk *w, cleave_spleeter_layer layer, int32_t index, const char *part,
                 uint32_t rank, const uint32_t *shape)
{
    char name[CLEAVE_SPLEETER_NAME_BYTES];

    cleave_spleeter_name(layer, w->number, index, part, name);
    return w->visit(w->context, name, rank, shape);
}

/* Kernel (rows, points, a, b) and the bias of `out` channels. */
static int conv(const walk *w, cleave_spleeter_layer layer, int32_t index, uint32_t size,
                uint32_t a, uint32_t b, uint32_t out)
{
    const uint32_t shape[4] = {size, size, a, b};

    return visit(w, layer, index, "kernel", 4, shape) && visit(w, layer, index, "bias", 1, &out);
}

static int norm(const walk *w, int32_t index, uint32_t channels)
{
    static const char *const parts[4] = {"gamma", "beta", "moving_mean", "moving_variance"};

    for (int i = 0; i < 4; i++)
        if (!visit(w, CLEAVE_SPLEETER_NORM, index, parts[i], 1, &channels))
            return 0;
    return 1;
}

/* The last layer of the decoder gives one channel, all but its first take a skip as well. */
static int instrument(const walk *w)
{
    const int32_t last = CLEAVE_SPLEETER_LAYERS - 1;

    for (int32_t i = 0; i <= last; i++) {
        const uint32_t in = (uint32_t)(i ? w->s->filters[i - 1] : w->s->channels);
        const uint32_t out = (uint32_t)w->s->filters[i];
        const uint32_t up_in = (uint32_t)((i ? 2 : 1) * w->s->filters[last - i]);
        const uint32_t up_out = i < last ? (uint32_t)w->s->filters[last - 1 - i] : 1;
        if (!conv(w, CLEAVE_SPLEETER_CONV, i, 5, in, out, out) || !norm(w, i, out) ||
            !conv(w, CLEAVE_SPLEETER_TRANSPOSED, i, 5, up_out, up_in, up_out) ||
            !norm(w, CLEAVE_SPLEETER_LAYERS + i, up_out))
            return 0;
    }
    return conv(w, CLEAVE_SPLEETER_CONV, CLEAVE_SPLEETER_LAYERS, 4, 1, (uint32_t)w->s->channels,
                (uint32_t)w->s->channels);
}

int cleave_contract_walk_spleeter(const char *config, size_t config_bytes,
                                  cleave_contract_visit visit_tensor, void *context,
                                  char message[CLEAVE_SENTENCE_BYTES])
{
    cleave_spleeter s;
    walk w = {.s = &s, .visit = visit_tensor, .context = context};

    if (!cleave_spleeter_arguments(config, config_bytes, &s, message))
        return 0;
    for (; w.number < s.instruments; w.number++)
        if (!instrument(&w))
            return 0;
    return 1;
}
