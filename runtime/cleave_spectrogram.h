/* cleave_spectrogram.h: rows of power spectra of a stream, part of the public interface.
 *
 * A cleave_spectrogram is an object in the caller's memory that allocates nothing and takes streams
 * of any length. Row k is centred at frame k hop, where what lies outside the track is silence; its
 * bin i is the frequency i rate / n. A value is the squared amplitude of the sine that is there: 1
 * for one of full scale on the bin, by a periodic Hann window. The rows do not depend on how the
 * track was cut into blocks. Functions on different objects may run at once; one object belongs to
 * one thread at a time. docs/analysis.md has an example. */
#ifndef CLEAVE_SPECTROGRAM_H
#define CLEAVE_SPECTROGRAM_H

#include "cleave.h"

#ifdef __cplusplus
extern "C" {
#endif

#define CLEAVE_SPECTROGRAM_ROWS_MAX 16 /* that a call gives */

typedef struct cleave_spectrogram cleave_spectrogram;

typedef struct cleave_spectrogram_config {
    int32_t channels; /* 1..CLEAVE_CHANNELS_MAX */
    int32_t n;        /* frames under a transform: 16..65536, even, no prime factor but 2, 3, 5 */
    int32_t hop;      /* from one row to the next, 1..n */
} cleave_spectrogram_config;

/* Bytes that the object needs; 0 if the configuration is not possible. */
size_t cleave_spectrogram_need(const cleave_spectrogram_config *config);

/* Makes the object at the start of `memory`, 64-byte aligned, `bytes` long. INVALID: configuration,
 * or memory that is NULL or not aligned; NO_MEMORY: fewer bytes than needed. */
cleave_status cleave_spectrogram_init(const cleave_spectrogram_config *config, void *memory,
                                      size_t bytes, cleave_spectrogram **spectrogram);

/* Takes frames [frames][channels] until rows are ready, and sets *taken to how many. Returns the
 * count of rows, 0 when all frames were taken and more are needed, and sets *rows to them:
 * [count][channels][n / 2 + 1], which hold until the next call. */
int64_t cleave_spectrogram_push(cleave_spectrogram *spectrogram, const float *interleaved,
                                int64_t frames, int64_t *taken, const float **rows);

/* The track ends here: the rows that are centred inside it and were not given yet, as push gives
 * them. To be called until it returns 0; the next push begins another track. */
int64_t cleave_spectrogram_flush(cleave_spectrogram *spectrogram, const float **rows);

#ifdef __cplusplus
}
#endif

#endif
