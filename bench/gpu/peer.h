/* peer.h: the vendor's libraries on the same work as our kernels: cuBLAS, cuFFT, cuDNN, each if the
 * build found it. They are yardsticks; no part of cleave is linked with them. */
#ifndef CLEAVE_BENCH_GPU_PEER_H
#define CLEAVE_BENCH_GPU_PEER_H

#include "kernels/ops.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gpu_peer {
    const char *name;
    void (*run)(const void *self); /* launches only */
    void (*close)(void *self);
    void *self;
} gpu_peer;

/* Does the work of `op` with arguments that point into the GPU's memory, into the same output, on
 * the stream. 0 if no library that was found does this work: it takes linear layers, convolutions
 * that are not transposed, both without what else a step of ours may do, attention without decay,
 * and the STFT with frames innermost. */
int gpu_peer_open(gpu_peer *peer, int op, const void *args, cleave_factors factors, void *stream);

/* A product of square matrices of which the library stores factors as it multiplies them. */
int gpu_peer_square(gpu_peer *peer, int side, cleave_factors factors, void *stream);

/* One sentence: which libraries there are, or why there are none. */
const char *gpu_peer_toolkit_sentence(void);
const char *gpu_peer_cudnn_sentence(void);

/* The parts of gpu_peer_open(): peer_toolkit.cu has products, attention and transforms,
 * peer_cudnn.cu convolutions. */
int gpu_peer_toolkit_open(gpu_peer *peer, int op, const void *args, cleave_factors factors,
                          void *stream);
int gpu_peer_cudnn_open(gpu_peer *peer, int op, const void *args, cleave_factors factors,
                        void *stream);

#ifdef __cplusplus
}
#endif

#endif
