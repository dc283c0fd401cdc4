/* fft_peer_fftw_none.c: no yardstick in this build. */
#include "bench/fft_peer.h"

#include <stddef.h>

const char *fft_peer_name(void)
{
    return NULL;
}

fft_peer *fft_peer_open(int n, float *in, float *out)
{
    (void)n;
    (void)in;
    (void)out;
    return NULL;
}

void fft_peer_run(fft_peer *peer)
{
    (void)peer;
}

void fft_peer_close(fft_peer *peer)
{
    (void)peer;
}
