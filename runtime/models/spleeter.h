/* spleeter.h: what the files of the Spleeter model share.
 *
 * Planes are [channel][frame][bin]: the networks' rows are frames, their points are bins. */
#ifndef CLEAVE_RUNTIME_SPLEETER_H
#define CLEAVE_RUNTIME_SPLEETER_H

#include "runtime/models/models.h"
#include "weights/spleeter_arguments.h"

#define CLEAVE_SPLEETER_SOURCES_BYTES 1024

/* What the steps of one graph share. */
typedef struct cleave_spleeter_net {
    const cleave_table *table;
    cleave_graph *graph;
    cleave_spleeter s;
    int64_t samples;                               /* V */
    int64_t frames;                                /* T */
    int32_t bins;                                  /* F: that the networks see */
    int32_t width;                                 /* B: that are computed, of a row */
    const char *name[CLEAVE_SPLEETER_INSTRUMENTS]; /* of the instruments, in `sources` */
    char sources[CLEAVE_SPLEETER_SOURCES_BYTES];
    cleave_tensor input;      /* [C][V] */
    cleave_tensor window;     /* [N] */
    cleave_tensor magnitudes; /* [C][T][B] */
    cleave_tensor estimates;  /* [I][C][T][B]; of them F bins of each row */
} cleave_spleeter_net;

/* "vocals.up" and a number, for tensors and steps of an instrument; 0: none. */
typedef struct cleave_spleeter_label {
    char text[CLEAVE_LABEL_BYTES];
} cleave_spleeter_label;

cleave_spleeter_label cleave_spleeter_label_of(const cleave_spleeter_net *n, int32_t instrument,
                                               const char *part, int32_t number);

/* The U-Net of one instrument, from the magnitudes to its part of the estimates: what it takes for
 * its magnitudes, or, with a softmax, the logits that this follows from. */
void cleave_spleeter_unet(const cleave_spleeter_net *n, int32_t instrument);

#endif
