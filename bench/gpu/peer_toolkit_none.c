/* peer_toolkit_none.c: a build that found no cuBLAS and cuFFT. */
#include "bench/gpu/peer.h"

const char *gpu_peer_toolkit_sentence(void)
{
    return "This build found no cuBLAS and cuFFT: products, attention and transforms have no "
           "ratio.";
}

int gpu_peer_toolkit_open(gpu_peer *peer, int op, const void *args, cleave_factors factors,
                          void *stream)
{
    (void)peer;
    (void)op;
    (void)args;
    (void)factors;
    (void)stream;
    return 0;
}

int gpu_peer_square(gpu_peer *peer, int side, cleave_factors factors, void *stream)
{
    (void)peer;
    (void)side;
    (void)factors;
    (void)stream;
    return 0;
}
