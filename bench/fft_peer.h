/* fft_peer.h: another library's real transform, the yardstick of bench_fft.c. */
#ifndef CLEAVE_BENCH_FFT_PEER_H
#define CLEAVE_BENCH_FFT_PEER_H

typedef struct fft_peer fft_peer;

/* What the yardstick is, or NULL if this build has none. */
const char *fft_peer_name(void);

/* A planned real forward transform of n points, from in [n] to out [n/2+1][2]; planning overwrites
 * both. NULL if there is no yardstick. */
fft_peer *fft_peer_open(int n, float *in, float *out);
void fft_peer_run(fft_peer *peer);
void fft_peer_close(fft_peer *peer);

#endif
