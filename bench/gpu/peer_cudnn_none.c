/* peer_cudnn_none.c: a build that found no cuDNN. */
#include "bench/gpu/peer.h"

const char *gpu_peer_cudnn_sentence(void)
{
    return "This build found no cuDNN: convolutions have no ratio.";
}

int gpu_peer_cudnn_open(gpu_peer *peer, int op, const void *args, cleave_factors factors,
                        void *stream)
{
    (void)peer;
    (void)op;
    (void)args;
    (void)factors;
    (void)stream;
    return 0;
}
