/* demucs_layers.c: encoder and decoder layers of both branches. */
#include "kernels/moments/moments.h"
#include "kernels/rearrange/rearrange.h"
#include "runtime/models/demucs.h"

static const cleave_plane none = {.tensor = -1};

/* A layer of one branch. */
typedef struct branch {
    int64_t index;   /* from the outermost */
    int rows;        /* convolves along rows of frequency, else along points of time */
    int norm;        /* GroupNorms of its own */
    int empty;       /* nothing but the convolution, and the norm after a transposed one */
    int64_t in, out; /* channels, encoder */
    int64_t kernel, stride, pad;
} branch;

static branch spectrum_branch(const cleave_demucs_net *n, int64_t i)
{
    const cleave_demucs_layer *const l = &n->layer[i];

    return (branch){.index = i,
                    .rows = l->frequency,
                    .norm = l->norm,
                    .in = l->in,
                    .out = l->out,
                    .kernel = l->kernel,
                    .stride = l->stride,
                    .pad = l->pad};
}

static branch wave_branch(const cleave_demucs_net *n, int64_t i)
{
    const cleave_demucs_layer *const l = &n->layer[i];

    return (branch){.index = i,
                    .norm = l->norm,
                    .empty = l->merges,
                    .in = l->in_time,
                    .out = l->out,
                    .kernel = n->a.kernel_size,
                    .stride = n->a.stride,
                    .pad = n->a.kernel_size / 4};
}

/* The arguments of a convolution of kernel, stride and padding along rows or points. */
static cleave_conv_args along(const branch *b, int64_t channels, int64_t pad)
{
    cleave_conv_args args = {.channels = (int32_t)channels};

    *(b->rows ? &args.kernel_rows : &args.kernel_points) = (int32_t)b->kernel;
    *(b->rows ? &args.stride_rows : &args.stride_points) = (int32_t)b->stride;
    *(b->rows ? &args.pad_rows : &args.pad_points) = (int32_t)pad;
    return args;
}

/* ---- the parts that encoder and decoder share ---- */
static cleave_plane norm(const cleave_demucs_net *n, const char *label, const char *module,
                         cleave_plane in, cleave_normalize_act act, cleave_plane residual)
{
    return cleave_demucs_group_norm(n, label, in,
                                    (cleave_demucs_norm){.module = module,
                                                         .groups = (int32_t)n->a.norm_groups,
                                                         .act = act,
                                                         .residual = residual});
}

/* The convolution to twice the channels and the gate; with `embedded`, the frequency embedding
 * after it. */
static cleave_plane rewrite(const cleave_demucs_net *n, const char *label, const char *layer,
                            const char *norm_name, const branch *b, int64_t context,
                            cleave_plane in, int embedded)
{
    const int64_t span = 1 + 2 * context, M = 2 * b->out;
    const int64_t taps = b->rows ? span * span : span;
    const double factor = n->a.freq_emb * n->a.emb_scale;
    const char *const embedding = "freq_emb.embedding.weight";
    const cleave_demucs_name name = cleave_demucs_name_of("%s.rewrite", layer);
    cleave_demucs_operands operands = cleave_demucs_module(n, name.text, M, M * b->out * taps);
    cleave_conv_args args = {.channels = (int32_t)M,
                             .kernel_rows = (int32_t)(b->rows ? span : 1),
                             .kernel_points = (int32_t)span,
                             .pad_rows = (int32_t)(b->rows ? context : 0),
                             .pad_points = (int32_t)context};
    cleave_plane residual = none;

    if (!b->norm) {
        args.act = CLEAVE_CONV_GLU;
        if (embedded)
            operands.table = cleave_demucs_weight_spread(n, embedding, b->out, in.rows, 1, factor);
        return cleave_demucs_conv(n, label, in, args, operands);
    }
    if (embedded)
        residual = (cleave_plane){.tensor = cleave_demucs_weight_spread(
                                      n, embedding, b->out, in.rows, in.points, factor)};
    return norm(n, label, cleave_demucs_name_of("%s.%s", layer, norm_name).text,
                cleave_demucs_conv(n, name.text, in, args, operands), CLEAVE_NORMALIZE_GLU,
                residual);
}

static void fill_unit(void *data, size_t bytes, const void *context)
{
    (void)bytes;
    (void)context;
    ((float *)data)[0] = 0;
    ((float *)data)[1] = 1;
}

/* GELU alone, in place: what RESTORE does by mean 0 and deviation 1. */
static void gelu(const cleave_demucs_net *n, const char *label, cleave_plane x)
{
    const cleave_tensor unit = cleave_graph_constant(n->graph, "unit", 2, fill_unit, NULL, 0);
    const cleave_normalize_args args = {.channels = (int32_t)x.channels,
                                        .groups = 1,
                                        .moment_channels = 1,
                                        .rows = x.rows,
                                        .points = x.points,
                                        .out_channel_stride = x.rows * x.points,
                                        .moment_points = 2,
                                        .kind = CLEAVE_NORMALIZE_RESTORE,
                                        .act = CLEAVE_NORMALIZE_GELU};
    const cleave_view views[] = {{x.tensor, x.floats}, {unit, 0}, {x.tensor, x.floats}};

    cleave_demucs_step(n, label, CLEAVE_OP_NORMALIZE, &args, views, 3);
}

/* ---- encoder ---- */
/* `inject` is what the time branch gives where the two meet. */
static cleave_plane encoder(const cleave_demucs_net *n, const char *layer, const branch *b,
                            cleave_plane in, cleave_plane inject)
{
    const cleave_demucs_name name = cleave_demucs_name_of("%s.conv", layer);
    const cleave_demucs_name label = cleave_demucs_name_of("%s.gelu", layer);
    const int fused = !b->empty && !b->norm && inject.tensor < 0;
    const int64_t size = b->rows ? in.rows : in.points;
    const int64_t out =
        b->rows && !b->pad && b->kernel == size ? 1 : cleave_div_up(size, b->stride);
    cleave_demucs_operands operands =
        cleave_demucs_module(n, name.text, b->out, b->out * b->in * b->kernel);
    cleave_conv_args args = along(b, b->out, b->pad);

    *(b->rows ? &args.out_rows : &args.out_points) = out;
    operands.residual = inject;
    if (fused)
        args.act = CLEAVE_CONV_GELU;
    cleave_plane x = cleave_demucs_conv(n,
                                        b->empty ? layer
                                        : fused  ? label.text
                                                 : name.text,
                                        in, args, operands);
    if (b->empty)
        return x;
    if (b->norm)
        x = norm(n, label.text, cleave_demucs_name_of("%s.norm1", layer).text, x,
                 CLEAVE_NORMALIZE_GELU, none);
    else if (!fused)
        gelu(n, label.text, x);
    if (n->a.dconv_mode & 1)
        cleave_demucs_dconv(n, layer, b->index, x);
    return rewrite(n, layer, layer, "norm2", b, n->a.context_enc, x,
                   b->rows && b->index == 0 && n->a.freq_emb > 0);
}

void cleave_demucs_encode(const cleave_demucs_net *n, cleave_plane *spectrum, cleave_plane *wave,
                          cleave_demucs_skips *skips)
{
    for (int64_t i = 0; i < n->a.depth; i++) {
        const branch x = spectrum_branch(n, i), y = wave_branch(n, i);
        cleave_plane inject = none;

        skips->length[i] = spectrum->points;
        if (i < n->time_layers) {
            skips->wave_length[i] = wave->points;
            *wave = encoder(n, cleave_demucs_name_of("tencoder.%d", (int)i).text, &y, *wave, none);
            skips->wave[i] = *wave;
            if (y.empty)
                inject = *wave;
        }
        *spectrum =
            encoder(n, cleave_demucs_name_of("encoder.%d", (int)i).text, &x, *spectrum, inject);
        skips->spectrum[i] = *spectrum;
    }
}

/* ---- decoder ---- */
/* Weights of the transposed convolution: only those of the wanted stems where it gives the stems.
 * A norm there needs all. */
static cleave_demucs_operands transposed_module(const cleave_demucs_net *n, const char *name,
                                                const branch *b, int64_t *channels)
{
    const int64_t each = (b->rows ? 2 : 1) * n->a.audio_channels;
    cleave_demucs_operands operands = {
        .scale = -1, .table = -1, .row_norm = none, .residual = none};

    *channels = b->index ? b->in : n->a.sources * each;
    if (b->index || b->norm)
        return cleave_demucs_module(n, name, *channels, b->out * *channels * b->kernel);
    *channels = n->stem_count * each;
    operands.weight = cleave_demucs_weight_stems(n, cleave_demucs_name_of("%s.weight", name).text,
                                                 b->out, each * b->kernel);
    operands.bias =
        cleave_demucs_weight_stems(n, cleave_demucs_name_of("%s.bias", name).text, 1, each);
    return operands;
}

/* Norm after a transposed convolution: statistics of all that it gives, values of what is kept:
 * `size` rows or points from b->pad on. */
static cleave_plane uncropped(const cleave_demucs_net *n, const char *layer, const branch *b,
                              cleave_plane in, int64_t channels, cleave_demucs_operands operands,
                              int64_t size, cleave_plane skip)
{
    const cleave_demucs_name name = cleave_demucs_name_of("%s.conv_tr", layer);
    const cleave_demucs_name module = cleave_demucs_name_of("%s.norm2", layer);
    const int64_t full = ((b->rows ? in.rows : in.points) - 1) * b->stride + b->kernel;
    const int64_t room = cleave_i64_max(full, b->pad + size);
    cleave_conv_args args = along(b, channels, 0);

    args.transposed = 1;
    *(b->rows ? &args.out_rows : &args.out_points) = room;
    cleave_plane x = cleave_demucs_conv(n, name.text, in, args, operands);
    const int64_t width = b->rows ? x.points : 1;
    const cleave_tensor moments =
        cleave_demucs_moments(n, name.text, x, channels, full * width, room * width);
    /* Along time also where nothing is to be cropped: all lengths have the same steps. */
    if (!b->rows || room != size) {
        const cleave_plane kept = b->rows ? cleave_demucs_plane(n, layer, channels, size, x.points)
                                          : cleave_demucs_plane(n, layer, channels, 1, size);
        const cleave_rearrange_args crop = {.size = {channels, kept.rows, 1, kept.points},
                                            .in_stride = {room * width, x.points, 0, 1},
                                            .out_stride = {size * width, kept.points, 0, 1}};
        const cleave_view views[] = {{x.tensor, b->pad * width}, {kept.tensor, 0}};
        cleave_demucs_step(n, cleave_demucs_name_of("%s.crop", layer).text, CLEAVE_OP_REARRANGE,
                           &crop, views, 2);
        x = kept;
    }
    return cleave_demucs_normalize(
        n, layer, x, moments, full * width,
        (cleave_demucs_norm){.module = module.text,
                             .groups = (int32_t)n->a.norm_groups,
                             .act = b->index ? CLEAVE_NORMALIZE_GELU : CLEAVE_NORMALIZE_LINEAR,
                             .residual = skip});
}

/* From `in`, which has its skip added, to the input of the next decoder layer, which has `skip`
 * added: `size` rows or points. *before is what the transposed convolution took. */
static cleave_plane decoder(const cleave_demucs_net *n, const char *layer, const branch *b,
                            cleave_plane in, int64_t size, cleave_plane skip, cleave_plane *before)
{
    const cleave_demucs_name name = cleave_demucs_name_of("%s.conv_tr", layer);
    const int dconv = (n->a.dconv_mode & 2) != 0;
    int64_t channels;

    *before = in;
    if (!b->empty)
        *before = rewrite(n, cleave_demucs_name_of("%s.%s", layer, dconv ? "glu" : "pre").text,
                          layer, "norm1", b, n->a.context, in, 0);
    if (!b->empty && dconv)
        cleave_demucs_dconv(n, layer, b->index, *before);
    cleave_demucs_operands operands = transposed_module(n, name.text, b, &channels);
    if (b->norm)
        return uncropped(n, layer, b, *before, channels, operands, size, skip);
    cleave_conv_args args = along(b, channels, b->pad);
    args.transposed = 1;
    args.act = b->index ? CLEAVE_CONV_GELU : CLEAVE_CONV_LINEAR;
    *(b->rows ? &args.out_rows : &args.out_points) = size;
    operands.residual = skip;
    return cleave_demucs_conv(n, layer, *before, args, operands);
}

static void decode_spectrum(const cleave_demucs_net *n, int64_t i, cleave_plane *spectrum,
                            const cleave_demucs_skips *skips, cleave_plane *before)
{
    const branch b = spectrum_branch(n, i);
    const cleave_demucs_name name = cleave_demucs_name_of("decoder.%d", (int)(n->a.depth - 1 - i));

    *spectrum = decoder(n, name.text, &b, *spectrum, b.rows ? n->layer[i].rows : skips->length[i],
                        i ? skips->spectrum[i - 1] : none, before);
}

static void decode_wave(const cleave_demucs_net *n, int64_t i, cleave_plane *wave,
                        const cleave_demucs_skips *skips)
{
    const branch b = wave_branch(n, i);
    const cleave_demucs_name name =
        cleave_demucs_name_of("tdecoder.%d", (int)(n->time_layers - 1 - i));
    cleave_plane before;

    *wave = decoder(n, name.text, &b, *wave, i ? skips->wave_length[i] : n->stride,
                    i ? skips->wave[i - 1] : none, &before);
}

/* The last layers of the frequency branch have the largest tensors, their skips among them: the
 * time branch goes a layer ahead, so that what it keeps is small by then. Where the branches meet,
 * it begins with what the other one was. */
void cleave_demucs_decode(const cleave_demucs_net *n, cleave_plane *spectrum, cleave_plane *wave,
                          const cleave_demucs_skips *skips)
{
    cleave_plane before;
    int64_t ahead = n->time_layers - 1; /* the next layer of the time branch */

    for (int64_t i = n->a.depth - 1; i >= 0; i--) {
        while (ahead >= cleave_i64_max(i - 1, 0) && !n->layer[ahead].merges)
            decode_wave(n, ahead--, wave, skips);
        decode_spectrum(n, i, spectrum, skips, &before);
        if (i == ahead) {
            *wave = before;
            decode_wave(n, ahead--, wave, skips);
        }
    }
}
