/* demucs_arguments.h: the constructor arguments of HTDemucs and Hybrid Demucs, and the layers that
 * follow from them. */
#ifndef CLEAVE_WEIGHTS_DEMUCS_ARGUMENTS_H
#define CLEAVE_WEIGHTS_DEMUCS_ARGUMENTS_H

#include <stddef.h>
#include <stdint.h>

#include "weights/sentence.h"

#define CLEAVE_DEMUCS_DEPTH_MAX 10

/* The arguments that decide on tensors and on what is computed from them, named as in the official
 * constructors. */
typedef struct cleave_demucs {
    int transformer; /* HTDemucs, not HDemucs */
    int64_t sources; /* how many */
    int64_t audio_channels, channels, depth, nfft, kernel_size, stride, time_stride;
    int64_t context, context_enc, norm_starts, norm_groups;
    int64_t dconv_mode, dconv_depth, dconv_attn, dconv_lstm;
    int64_t bottom_channels, t_layers, t_heads;
    int64_t t_norm_in, t_norm_out, t_layer_scale, t_cross_first;
    int64_t samplerate, use_train_segment;
    double growth, dconv_comp, freq_emb, emb_scale, t_hidden_scale;
    double t_max_period, t_weight_pos_embed;
    double segment;         /* seconds */
    int64_t segment_frames; /* whole samples in it */
} cleave_demucs;

/* One layer of the encoders and its mirror image in the decoders. */
typedef struct cleave_demucs_layer {
    int64_t rows;  /* of frequency that come in */
    int frequency; /* convolves along these rows, and there is a layer of the time branch beside it;
                    * else along time: one row is left, and one branch */
    int merges;    /* takes all rows to one; the time branch is added and ends here */
    int norm;      /* GroupNorms of its own */
    uint32_t in, in_time, out; /* channels, encoder */
    uint32_t kernel, stride, pad;
} cleave_demucs_layer;

/* Reads the arguments of kind "htdemucs" or "hdemucs" from a configuration
 * (weights/config_text.h), with the official defaults; `sources`, `channels`, `depth`, `dconv_mode`
 * and (htdemucs) `bottom_channels` must be there, since released files differ from the defaults in
 * them. 1, or 0 with one sentence for an unknown kind, a key out of range, or one whose value asks
 * for a network of another form. */
int cleave_demucs_arguments(const char *kind, const char *config, size_t config_bytes,
                            cleave_demucs *arguments, char message[CLEAVE_SENTENCE_BYTES]);

/* Fills the first `depth` layers; 1, or 0 with one sentence. */
int cleave_demucs_layers(const cleave_demucs *arguments,
                         cleave_demucs_layer layers[CLEAVE_DEMUCS_DEPTH_MAX],
                         char message[CLEAVE_SENTENCE_BYTES]);

/* Channels inside a DConv over `channels`: 0 if the compression leaves none. */
uint32_t cleave_demucs_hidden(const cleave_demucs *arguments, uint32_t channels);

#endif
