/* demucs.h: what the graphs of HTDemucs and Hybrid Demucs share.
 *
 * Activations are planar: the frequency branch is [C][F][T], channel, frequency row, frame; the
 * time branch is [C][1][L]; tokens are [D][1][N] with frequency tokens in the order f T + t.
 * docs/model_htdemucs.md has the formulas. */
#ifndef CLEAVE_RUNTIME_MODELS_DEMUCS_H
#define CLEAVE_RUNTIME_MODELS_DEMUCS_H

#include "kernels/conv/conv.h"
#include "kernels/normalize/normalize.h"
#include "runtime/models/models.h"
#include "weights/demucs_arguments.h"

/* epsilon of every norm of a layer. */
#define CLEAVE_DEMUCS_EPSILON 1e-5f

/* An activation: a tensor, or the part of one from `floats` on. */
typedef struct cleave_plane {
    cleave_tensor tensor; /* -1: none */
    int64_t floats;
    int64_t channels, rows, points;
    int64_t pitch;  /* from one row to the next; 0: points */
    int64_t stride; /* from one channel to the next; 0: rows times pitch */
} cleave_plane;

/* One network while its graph is written. */
typedef struct cleave_demucs_net {
    cleave_demucs a;
    cleave_demucs_layer layer[CLEAVE_DEMUCS_DEPTH_MAX];
    int64_t time_layers; /* those that have one of the time branch beside them */
    const cleave_table *table;
    cleave_graph *graph;
    char prefix[16]; /* of labels: "1:" in the second network of a bag, "" if there is one */

    int64_t length; /* L: samples that it computes on; what follows them in a row is not heard */
    int64_t stride; /* of the rows of input and stems, >= spec_length */
    int64_t spec_length; /* samples that the transform sees: L, and zeros if L is too short to be
                          * mirrored */
    int64_t frames;      /* T */
    cleave_tensor input; /* [C][stride] */
    cleave_tensor window;
    cleave_tensor spec_moments, wave_moments; /* of the two inputs, before they are normalized */

    /* The stems that it is to compute, as indices into its sources, and where they go:
     * [C][stride] each. */
    int32_t stem_count;
    int32_t stem[CLEAVE_STEMS_MAX];
    cleave_view place[CLEAVE_STEMS_MAX];
} cleave_demucs_net;

/* ---- demucs_graph.c: tensors and steps ---- */

/* A label or a tensor's name, made as by printf. */
typedef struct cleave_demucs_name {
    char text[128];
} cleave_demucs_name;
cleave_demucs_name cleave_demucs_name_of(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

/* A temporary. */
cleave_plane cleave_demucs_plane(const cleave_demucs_net *n, const char *label, int64_t channels,
                                 int64_t rows, int64_t points);

/* The same values as one row, and channels [first, first + count); not of a plane with a pitch or a
 * stride. */
cleave_plane cleave_plane_flat(cleave_plane plane);
cleave_plane cleave_plane_channels(cleave_plane plane, int64_t first, int64_t count);

/* Rows [first, first + count) of all channels. */
cleave_plane cleave_plane_rows(cleave_plane plane, int64_t first, int64_t count);

/* Constants from the file, of `count` values: a whole tensor; the values [first, first + count) of
 * one of `all`; several, at most four, one after the other; the sums of 0 and 1, then of 2 and 3.
 */
cleave_tensor cleave_demucs_weight(const cleave_demucs_net *n, const char *name, int64_t count);
cleave_tensor cleave_demucs_weight_part(const cleave_demucs_net *n, const char *name, int64_t all,
                                        int64_t first, int64_t count);
cleave_tensor cleave_demucs_weight_join(const cleave_demucs_net *n, const cleave_demucs_name *names,
                                        int32_t parts, int64_t count);
cleave_tensor cleave_demucs_weight_sums(const cleave_demucs_net *n,
                                        const cleave_demucs_name names[4], int64_t count);
/* Of a tensor [outer][sources][inner], the wanted stems: [outer][stem_count][inner]. */
cleave_tensor cleave_demucs_weight_stems(const cleave_demucs_net *n, const char *name,
                                         int64_t outer, int64_t inner);

/* Of a table [rows][channels] of the file: factor times its transpose, each value `points` times:
 * [channels][rows][points]. */
cleave_tensor cleave_demucs_weight_spread(const cleave_demucs_net *n, const char *name,
                                          int64_t channels, int64_t rows, int64_t points,
                                          double factor);

/* A step, its label behind the network's prefix. */
void cleave_demucs_step(const cleave_demucs_net *n, const char *label, int32_t op, const void *args,
                        const cleave_view *operands, int32_t count);

/* What a convolution has besides its input; -1, or a plane of tensor -1: nothing. */
typedef struct cleave_demucs_operands {
    cleave_tensor weight, bias, scale, table;
    cleave_plane row_norm; /* see conv.h */
    cleave_plane residual; /* of the shape of out */
} cleave_demucs_operands;

/* Weight and bias of a module that has both, of `channels` outputs and `count` weights. */
cleave_demucs_operands cleave_demucs_module(const cleave_demucs_net *n, const char *module,
                                            int64_t channels, int64_t count);

/* A convolution into a new tensor. Of args only channels, kernel, strides, dilation, pads,
 * transposed, act and the sizes of out are looked at; what is 0 becomes 1 (kernel, strides,
 * dilation) or the size of the input (out_rows, out_points). */
cleave_plane cleave_demucs_conv(const cleave_demucs_net *n, const char *label, cleave_plane in,
                                cleave_conv_args args, cleave_demucs_operands operands);

/* The same into the residual, which it replaces. */
void cleave_demucs_conv_in_place(const cleave_demucs_net *n, const char *label, cleave_plane in,
                                 cleave_conv_args args, cleave_demucs_operands operands);

/* GroupNorm of one group over each row of what a linear layer of `channels` outputs, with these
 * operands, makes of `in`: its row_norm. */
cleave_plane cleave_demucs_linear_norm(const cleave_demucs_net *n, const char *module,
                                       cleave_plane in, int64_t channels,
                                       cleave_demucs_operands layer);

/* GroupNorm with what follows; a residual of tensor -1: none. The result is in place or, for GLU,
 * in a new tensor. */
typedef struct cleave_demucs_norm {
    const char *module; /* weight and bias */
    int32_t groups, per_row;
    cleave_normalize_act act;
    cleave_plane residual;
} cleave_demucs_norm;

/* By given moments, of moment_points values each; and by those of `in` itself: of each row
 * (per_row), or of all. */
cleave_plane cleave_demucs_normalize(const cleave_demucs_net *n, const char *label, cleave_plane in,
                                     cleave_tensor moments, int64_t moment_points,
                                     cleave_demucs_norm norm);
cleave_plane cleave_demucs_group_norm(const cleave_demucs_net *n, const char *label,
                                      cleave_plane in, cleave_demucs_norm norm);

/* Moments of rows of `points` values, `stride` apart. */
cleave_tensor cleave_demucs_moments(const cleave_demucs_net *n, const char *label, cleave_plane in,
                                    int64_t rows, int64_t points, int64_t stride);

/* out = x a + y b, of the shape of a; in place if out is a or b. */
void cleave_demucs_add(const cleave_demucs_net *n, const char *label, float x, cleave_plane a,
                       float y, cleave_plane b, cleave_plane out);

/* The same values with rows before channels, [F][C][T], and back; of one row it is the same tensor.
 * `plane` keeps its sizes: those of [C][F][T]. */
cleave_plane cleave_demucs_rows_first(const cleave_demucs_net *n, const char *label,
                                      cleave_plane plane);
cleave_plane cleave_demucs_rows_second(const cleave_demucs_net *n, const char *label,
                                       cleave_plane plane);

/* ---- demucs_dconv.c ---- */
/* The residual branch of a layer ("encoder.0"), in place; `index` counts from the outermost. */
void cleave_demucs_dconv(const cleave_demucs_net *n, const char *layer, int64_t index,
                         cleave_plane x);

/* ---- demucs_ends.c ---- */
/* Both normalized inputs: the spectrogram [2 C][F][T] and the wave [C][1][stride]. */
void cleave_demucs_front(cleave_demucs_net *n, cleave_plane *spectrum, cleave_plane *wave);

/* The stems from what the outermost decoders give: [2 C S][F][T] and [C S][1][stride], S the stems
 * wanted, or all sources if the outermost layer has a norm. */
void cleave_demucs_back(const cleave_demucs_net *n, cleave_plane spectrum, cleave_plane wave);

/* ---- demucs_layers.c ---- */
/* What the encoders leave behind. */
typedef struct cleave_demucs_skips {
    cleave_plane spectrum[CLEAVE_DEMUCS_DEPTH_MAX], wave[CLEAVE_DEMUCS_DEPTH_MAX];
    int64_t length[CLEAVE_DEMUCS_DEPTH_MAX];      /* of the inputs of each layer along time, */
    int64_t wave_length[CLEAVE_DEMUCS_DEPTH_MAX]; /* and of the time branch */
} cleave_demucs_skips;

/* All encoder layers; *spectrum and *wave are inputs before and results after. A time branch that
 * has been merged is not of interest afterwards. */
void cleave_demucs_encode(const cleave_demucs_net *n, cleave_plane *spectrum, cleave_plane *wave,
                          cleave_demucs_skips *skips);

/* All decoder layers; the inputs have the innermost skips added. */
void cleave_demucs_decode(const cleave_demucs_net *n, cleave_plane *spectrum, cleave_plane *wave,
                          const cleave_demucs_skips *skips);

/* ---- htdemucs_transformer.c ---- */
/* The transformer between encoders and decoders, and the sum with the innermost skips: from
 * *spectrum and *wave to the inputs of the decoders. */
void cleave_htdemucs_transform(const cleave_demucs_net *n, cleave_plane *spectrum,
                               cleave_plane *wave);

/* ---- demucs.c ---- */
/* The parts of a family's describe() and build() that both have. `network` writes one network from
 * n->input to n->place. */
int cleave_demucs_describe(const char *kind, const cleave_table *table, cleave_model *model,
                           char text[CLEAVE_STEMS_MAX][CLEAVE_NAME_BYTES],
                           char message[CLEAVE_SENTENCE_BYTES]);
void cleave_demucs_build(const char *kind, const cleave_model_request *request, cleave_graph *graph,
                         cleave_model_ports *ports, void (*network)(cleave_demucs_net *n));

#endif
