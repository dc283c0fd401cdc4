/* peer.c: which of the vendor's libraries takes a piece of work. */
#include "bench/gpu/peer.h"
#include "kernels/conv/conv.h"

int gpu_peer_open(gpu_peer *peer, int op, const void *args, cleave_factors factors, void *stream)
{
    const cleave_conv_args *a = args;

    if (op == CLEAVE_OP_CONV && (a->uses || a->act != CLEAVE_CONV_LINEAR || a->transposed))
        return 0;
    return gpu_peer_toolkit_open(peer, op, args, factors, stream) ||
           gpu_peer_cudnn_open(peer, op, args, factors, stream);
}
