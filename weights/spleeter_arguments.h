/* spleeter_arguments.h: what the configuration of a Spleeter network says, for its contract and its
 * graph alike.
 *
 * The keys are those of Spleeter's configuration files, "model.params." left out:
 *
 *     sources=vocals,accompaniment        "instrument_list", in order; must be there
 *     conv_n_filters=16,32,64,128,256,512 of the six layers; must be there
 *     model=unet.unet                     or unet.softmax_unet
 *     conv_activation=LeakyReLU           or ReLU, ELU; of the encoder
 *     deconv_activation=ReLU              or LeakyReLU, ELU; of the decoder
 *     sample_rate=44100 n_channels=2 frame_length=4096 frame_step=1024
 *     T=512 F=1024                        frames and bins of a patch, multiples of 64
 *     separation_exponent=2 mask_extension=zeros (or average)
 *
 * What follows "model" has these values where it is left out. */
#ifndef CLEAVE_WEIGHTS_SPLEETER_ARGUMENTS_H
#define CLEAVE_WEIGHTS_SPLEETER_ARGUMENTS_H

#include <stddef.h>
#include <stdint.h>

#include "weights/sentence.h"

#define CLEAVE_SPLEETER_LAYERS      6
#define CLEAVE_SPLEETER_INSTRUMENTS 8  /* at most */
#define CLEAVE_SPLEETER_UNIT        64 /* six layers halve frames and bins */

typedef enum cleave_spleeter_act {
    CLEAVE_SPLEETER_LEAKY_RELU, /* slope 0.2 */
    CLEAVE_SPLEETER_RELU,
    CLEAVE_SPLEETER_ELU
} cleave_spleeter_act;

typedef struct cleave_spleeter {
    int32_t instruments;
    int32_t filters[CLEAVE_SPLEETER_LAYERS];
    cleave_spleeter_act encoder_act, decoder_act;
    int32_t softmax; /* not 0: across instruments, instead of a sigmoid for each */
    int32_t rate_hz, channels, frame_length, frame_step;
    int32_t frames, bins; /* T, F */
    int32_t average;      /* not 0: the mask's mean above its bins, instead of zeros */
    double exponent;
} cleave_spleeter;

/* Reads and bounds the configuration. 1, or 0 with a sentence that names the key. */
int cleave_spleeter_arguments(const char *config, size_t config_bytes, cleave_spleeter *spleeter,
                              char message[CLEAVE_SENTENCE_BYTES]);

/* Layers are numbered through the whole file in the order in which they were made, and the first of
 * a kind has no number: "conv2d", "conv2d_1". The parts of layer `index` of instrument `number`
 * ("kernel", "bias"; of norms "gamma", "beta", "moving_mean", "moving_variance"): */
#define CLEAVE_SPLEETER_NAME_BYTES 64

typedef enum cleave_spleeter_layer {
    CLEAVE_SPLEETER_CONV,       /* 0..5; 6: the head */
    CLEAVE_SPLEETER_TRANSPOSED, /* 0..5 */
    CLEAVE_SPLEETER_NORM        /* 0..5: of the encoder, 6..11: of the decoder */
} cleave_spleeter_layer;

void cleave_spleeter_name(cleave_spleeter_layer layer, int32_t number, int32_t index,
                          const char *part, char name[CLEAVE_SPLEETER_NAME_BYTES]);

#endif
