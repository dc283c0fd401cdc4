/* peer_cudnn.cu: convolutions by cuDNN, the fastest of its algorithms for the shape. */
#include "bench/gpu/peer.h"
#include "kernels/conv/conv.h"

#include <cuda_runtime.h>
#include <cudnn.h>
#include <new>

struct cudnn_peer {
    cudnnHandle_t handle;
    cudnnTensorDescriptor_t in, out;
    cudnnFilterDescriptor_t weight;
    cudnnConvolutionDescriptor_t conv;
    cudnnConvolutionFwdAlgo_t algorithm;
    cleave_conv_args args;
    void *workspace;
    size_t bytes;
};

static const float one = 1, zero = 0;

static void peer_close(void *self)
{
    cudnn_peer *p = (cudnn_peer *)self;

    (void)cudaFree(p->workspace);
    if (p->conv)
        (void)cudnnDestroyConvolutionDescriptor(p->conv);
    if (p->weight)
        (void)cudnnDestroyFilterDescriptor(p->weight);
    if (p->out)
        (void)cudnnDestroyTensorDescriptor(p->out);
    if (p->in)
        (void)cudnnDestroyTensorDescriptor(p->in);
    if (p->handle)
        (void)cudnnDestroy(p->handle);
    delete p;
}

static void run_conv(const void *self)
{
    const cudnn_peer *p = (const cudnn_peer *)self;

    (void)cudnnConvolutionForward(p->handle, &one, p->in, p->args.in, p->weight, p->args.weight,
                                  p->conv, p->algorithm, p->workspace, p->bytes, &zero, p->out,
                                  p->args.out);
}

static bool good(cudnnStatus_t status)
{
    return status == CUDNN_STATUS_SUCCESS;
}

static bool create(cudnn_peer *p, void *stream)
{
    return good(cudnnCreate(&p->handle)) && good(cudnnSetStream(p->handle, (cudaStream_t)stream)) &&
           good(cudnnCreateTensorDescriptor(&p->in)) &&
           good(cudnnCreateTensorDescriptor(&p->out)) &&
           good(cudnnCreateFilterDescriptor(&p->weight)) &&
           good(cudnnCreateConvolutionDescriptor(&p->conv));
}

/* Channels, rows and points of ours are C, H and W of one image. */
static bool describe(cudnn_peer *p, cleave_factors factors)
{
    const cleave_conv_args &a = p->args;
    const int in_channel = (int)a.in_channel_stride, out_channel = (int)a.out_channel_stride;
    const cudnnMathType_t math = factors == CLEAVE_FACTORS_FP32 ? CUDNN_FMA_MATH
                                 : factors == CLEAVE_FACTORS_TF32
                                     ? CUDNN_TENSOR_OP_MATH
                                     : CUDNN_TENSOR_OP_MATH_ALLOW_CONVERSION;

    return good(cudnnSetTensor4dDescriptorEx(
               p->in, CUDNN_DATA_FLOAT, 1, a.in_channels, (int)a.in_rows, (int)a.in_points,
               a.in_channels * in_channel, in_channel, (int)a.in_row_stride, 1)) &&
           good(cudnnSetTensor4dDescriptorEx(
               p->out, CUDNN_DATA_FLOAT, 1, a.channels, (int)a.out_rows, (int)a.out_points,
               a.channels * out_channel, out_channel, (int)a.out_row_stride, 1)) &&
           good(cudnnSetFilter4dDescriptor(p->weight, CUDNN_DATA_FLOAT, CUDNN_TENSOR_NCHW,
                                           a.channels, a.in_channels, a.kernel_rows,
                                           a.kernel_points)) &&
           good(cudnnSetConvolution2dDescriptor(p->conv, a.pad_rows, a.pad_points, a.stride_rows,
                                                a.stride_points, a.dilation, a.dilation,
                                                CUDNN_CROSS_CORRELATION, CUDNN_DATA_FLOAT)) &&
           good(cudnnSetConvolutionMathType(p->conv, math));
}

/* The library tries them all; the first of its list is the fastest that worked. It may ask for
 * another kind of arithmetic than was allowed, which exact products must not have. */
static bool choose(cudnn_peer *p, cleave_factors factors)
{
    cudnnConvolutionFwdAlgoPerf_t found;
    int rows, points, batch, channels, count = 0;

    if (!good(cudnnGetConvolution2dForwardOutputDim(p->conv, p->in, p->weight, &batch, &channels,
                                                    &rows, &points)) ||
        rows != p->args.out_rows || points != p->args.out_points ||
        !good(cudnnFindConvolutionForwardAlgorithm(p->handle, p->in, p->weight, p->conv, p->out, 1,
                                                   &count, &found)) ||
        count < 1 || !good(found.status) ||
        (factors != CLEAVE_FACTORS_FP32 &&
         !good(cudnnSetConvolutionMathType(p->conv, found.mathType))))
        return false;
    p->algorithm = found.algo;
    p->bytes = found.memory;
    return p->bytes == 0 || cudaMalloc(&p->workspace, p->bytes) == cudaSuccess;
}

const char *gpu_peer_cudnn_sentence(void)
{
    return "Convolutions are compared with cuDNN; where we round to bf16 it rounds to fp16.";
}

int gpu_peer_cudnn_open(gpu_peer *peer, int op, const void *args, cleave_factors factors,
                        void *stream)
{
    cudnn_peer *p = op == CLEAVE_OP_CONV ? new (std::nothrow) cudnn_peer() : NULL;

    if (!p)
        return 0;
    p->args = *(const cleave_conv_args *)args;
    if (!create(p, stream) || !describe(p, factors) || !choose(p, factors)) {
        peer_close(p);
        return 0;
    }
    *peer = {"cudnn", run_conv, peer_close, p};
    return 1;
}
