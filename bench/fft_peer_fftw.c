/* fft_peer_fftw.c: FFTW in single precision, one thread, planned by measurement. */
#include "bench/fft_peer.h"

#include <fftw3.h>

const char *fft_peer_name(void)
{
    return fftwf_version;
}

fft_peer *fft_peer_open(int n, float *in, float *out)
{
    return (fft_peer *)fftwf_plan_dft_r2c_1d(n, in, (fftwf_complex *)out, FFTW_MEASURE);
}

void fft_peer_run(fft_peer *peer)
{
    fftwf_execute((fftwf_plan)peer);
}

void fft_peer_close(fft_peer *peer)
{
    fftwf_destroy_plan((fftwf_plan)peer);
}
