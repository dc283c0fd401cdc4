/* peer_toolkit.cu: linear layers and attention by cuBLAS, the STFT by cuFFT, with kernels of our
 * own for what the libraries have not: the softmax, framing and window, the order of the bins. */
#include "bench/gpu/peer.h"
#include "kernels/attention/attention.h"
#include "kernels/conv/conv.h"
#include "kernels/cuda_common.cuh"
#include "kernels/stft/stft.h"

#include <cublas_v2.h>
#include <cufft.h>
#include <new>

struct toolkit_peer {
    cublasHandle_t blas;
    cufftHandle plan;
    bool has_plan;
    union {
        cleave_conv_args conv;
        cleave_attention_args attention;
        cleave_stft_args stft;
    } args;
    cublasComputeType_t compute;
    cudaDataType_t stored; /* of a square product */
    int side;
    void *memory[3]; /* the scores; the frames and the spectra; three matrices */
    cudaStream_t stream;
};

static const float one = 1, zero = 0;

/* Factors in memory are floats, and rounded on the way to the matrix units. */
static cublasComputeType_t compute_of(cleave_factors factors)
{
    switch (factors) {
    case CLEAVE_FACTORS_TF32:
        return CUBLAS_COMPUTE_32F_FAST_TF32;
    case CLEAVE_FACTORS_BF16:
        return CUBLAS_COMPUTE_32F_FAST_16BF;
    case CLEAVE_FACTORS_FP16:
        return CUBLAS_COMPUTE_32F_FAST_16F;
    default:
        return CUBLAS_COMPUTE_32F;
    }
}

static void peer_close(void *self)
{
    toolkit_peer *p = (toolkit_peer *)self;

    if (p->has_plan)
        (void)cufftDestroy(p->plan);
    if (p->blas)
        (void)cublasDestroy(p->blas);
    for (void *memory : p->memory)
        (void)cudaFree(memory);
    delete p;
}

static toolkit_peer *peer_new(cleave_factors factors, void *stream)
{
    toolkit_peer *p = new (std::nothrow) toolkit_peer();

    if (!p)
        return NULL;
    p->stream = (cudaStream_t)stream;
    p->compute = compute_of(factors);
    if (cublasCreate(&p->blas) != CUBLAS_STATUS_SUCCESS ||
        cublasSetStream(p->blas, p->stream) != CUBLAS_STATUS_SUCCESS) {
        peer_close(p);
        return NULL;
    }
    return p;
}

/* ---- linear layers --------------------------------------------------------------------------
 * Columns are innermost in our tensors and rows in the library's, so that it multiplies the
 * transposes: out' = in' weight'. */
static void run_linear(const void *self)
{
    const toolkit_peer *p = (const toolkit_peer *)self;
    const cleave_conv_args &a = p->args.conv;

    (void)cublasGemmEx(p->blas, CUBLAS_OP_N, CUBLAS_OP_N, (int)a.out_points, a.channels,
                       a.in_channels, &one, a.in, CUDA_R_32F, (int)a.in_channel_stride, a.weight,
                       CUDA_R_32F, a.in_channels, &zero, a.out, CUDA_R_32F,
                       (int)a.out_channel_stride, p->compute, CUBLAS_GEMM_DEFAULT);
}

static bool is_linear(const cleave_conv_args *a)
{
    return a->kernel_rows == 1 && a->kernel_points == 1 && a->stride_rows == 1 &&
           a->stride_points == 1 && a->in_rows == 1 && a->pad_rows == 0 && a->pad_points == 0;
}

/* ---- attention ------------------------------------------------------------------------------ */
/* A warp a row of scores. */
static __global__ void peer_softmax_kernel(float *scores, int64_t rows, int64_t keys)
{
    const int64_t row = ((int64_t)blockIdx.x * CLEAVE_CUDA_THREADS + threadIdx.x) / CLEAVE_WARP;
    float *const from = scores + row * keys;
    float largest = -INFINITY, sum = 0;

    if (row >= rows)
        return;
    for (int64_t t = threadIdx.x % CLEAVE_WARP; t < keys; t += CLEAVE_WARP)
        largest = fmaxf(largest, from[t]);
    for (int mask = CLEAVE_WARP / 2; mask > 0; mask /= 2)
        largest = fmaxf(largest, cleave_shuffle_xor(largest, mask));
    for (int64_t t = threadIdx.x % CLEAVE_WARP; t < keys; t += CLEAVE_WARP)
        sum += expf(from[t] - largest);
    for (int mask = CLEAVE_WARP / 2; mask > 0; mask /= 2)
        sum += cleave_shuffle_xor(sum, mask);
    for (int64_t t = threadIdx.x % CLEAVE_WARP; t < keys; t += CLEAVE_WARP)
        from[t] = expf(from[t] - largest) / sum;
}

static void run_attention(const void *self)
{
    const toolkit_peer *p = (const toolkit_peer *)self;
    const cleave_attention_args &a = p->args.attention;
    const int queries = (int)a.queries, keys = (int)a.keys;
    const int64_t rows = a.heads * a.queries;
    float *const scores = (float *)p->memory[0];

    (void)cublasGemmStridedBatchedEx(p->blas, CUBLAS_OP_N, CUBLAS_OP_T, keys, queries, a.width,
                                     &a.scale, a.k, CUDA_R_32F, (int)a.kv_stride,
                                     a.width * a.kv_stride, a.q, CUDA_R_32F, (int)a.q_stride,
                                     a.width * a.q_stride, &zero, scores, CUDA_R_32F, keys,
                                     a.queries * a.keys, a.heads, p->compute, CUBLAS_GEMM_DEFAULT);
    CLEAVE_LAUNCH(peer_softmax_kernel, cleave_div_up(rows * CLEAVE_WARP, CLEAVE_CUDA_THREADS),
                  CLEAVE_CUDA_THREADS, 0, p->stream, scores, rows, a.keys);
    (void)cublasGemmStridedBatchedEx(p->blas, CUBLAS_OP_T, CUBLAS_OP_N, queries, a.width, keys,
                                     &one, scores, CUDA_R_32F, keys, a.queries * a.keys, a.v,
                                     CUDA_R_32F, (int)a.kv_stride, a.width * a.kv_stride, &zero,
                                     a.out, CUDA_R_32F, (int)a.out_stride, a.width * a.out_stride,
                                     a.heads, p->compute, CUBLAS_GEMM_DEFAULT);
}

/* ---- the STFT ------------------------------------------------------------------------------- */
static __global__ void peer_frames_kernel(cleave_stft_args a, float *frames)
{
    const int64_t index = (int64_t)blockIdx.x * CLEAVE_CUDA_THREADS + threadIdx.x;
    const int64_t row = index / a.n, channel = row / a.frames;
    const int m = (int)(index % a.n);
    int64_t at = a.start + a.hop * (row % a.frames) + m;

    if (channel >= a.channels)
        return;
    if (a.pad == CLEAVE_STFT_PAD_REFLECT)
        at = at < 0 ? -at : at >= a.length ? 2 * (a.length - 1) - at : at;
    const bool exists = at >= 0 && at < a.length;
    frames[index] = exists ? a.scale * a.window[m] * a.in[channel * a.in_stride + at] : 0.0f;
}

/* By tiles, so that both sides are read and written side by side. */
static __global__ void peer_bins_kernel(cleave_stft_args a, const float2 *spectra)
{
    CLEAVE_SHARED(float, re, 32 * 33);
    CLEAVE_SHARED(float, im, 32 * 33);
    const int64_t across = cleave_div_up(a.frames, 32), down = cleave_div_up(a.bins, 32);
    const int64_t channel = blockIdx.x / across / down, plane = (int64_t)a.bins * a.frames;
    const int64_t frame = blockIdx.x % across * 32, bin = blockIdx.x / across % down * 32;
    const int x = (int)threadIdx.x % 32;

    for (int y = (int)threadIdx.x / 32; y < 32; y += CLEAVE_CUDA_THREADS / 32)
        if (frame + y < a.frames && bin + x < a.bins) {
            const float2 z = spectra[(channel * a.frames + frame + y) * (a.n / 2 + 1) + bin + x];
            re[y * 33 + x] = z.x;
            im[y * 33 + x] = z.y;
        }
    cleave_barrier();
    for (int y = (int)threadIdx.x / 32; y < 32; y += CLEAVE_CUDA_THREADS / 32)
        if (bin + y < a.bins && frame + x < a.frames) {
            float *to = a.out + 2 * channel * plane + (bin + y) * a.frames + frame + x;
            to[0] = re[x * 33 + y];
            to[plane] = im[x * 33 + y];
        }
}

static void run_stft(const void *self)
{
    const toolkit_peer *p = (const toolkit_peer *)self;
    const cleave_stft_args &a = p->args.stft;
    const int64_t samples = a.channels * a.frames * a.n;
    float *const frames = (float *)p->memory[0];

    CLEAVE_LAUNCH(peer_frames_kernel, cleave_div_up(samples, CLEAVE_CUDA_THREADS),
                  CLEAVE_CUDA_THREADS, 0, p->stream, a, frames);
    (void)cufftExecR2C(p->plan, frames, (cufftComplex *)p->memory[1]);
    CLEAVE_LAUNCH(peer_bins_kernel,
                  a.channels * cleave_div_up(a.frames, 32) * cleave_div_up(a.bins, 32),
                  CLEAVE_CUDA_THREADS, 0, p->stream, a, (const float2 *)p->memory[1]);
}

static bool open_stft(toolkit_peer *p)
{
    const cleave_stft_args &a = p->args.stft;
    const size_t rows = (size_t)(a.channels * a.frames);
    int n = a.n;

    p->has_plan = cufftPlanMany(&p->plan, 1, &n, NULL, 1, n, NULL, 1, n / 2 + 1, CUFFT_R2C,
                                (int)rows) == CUFFT_SUCCESS;
    return p->has_plan && cufftSetStream(p->plan, p->stream) == CUFFT_SUCCESS &&
           cudaMalloc(&p->memory[0], rows * (size_t)n * sizeof(float)) == cudaSuccess &&
           cudaMalloc(&p->memory[1], rows * (size_t)(n / 2 + 1) * sizeof(float2)) == cudaSuccess;
}

/* ---- a product that fills the device -----------------------------------------------------------
 */
static void run_square(const void *self)
{
    const toolkit_peer *p = (const toolkit_peer *)self;
    const int n = p->side;

    (void)cublasGemmEx(p->blas, CUBLAS_OP_N, CUBLAS_OP_N, n, n, n, &one, p->memory[0], p->stored, n,
                       p->memory[1], p->stored, n, &zero, p->memory[2], p->stored, n, p->compute,
                       CUBLAS_GEMM_DEFAULT);
}

/* Bits of a random sign, exponent near 0 and mantissa in either format: zeros would be faster. */
static __global__ void peer_fill_kernel(uint32_t *words, int64_t count, uint32_t keep,
                                        uint32_t base)
{
    const int64_t index = (int64_t)blockIdx.x * CLEAVE_CUDA_THREADS + threadIdx.x;
    uint32_t mixed = (uint32_t)index * 2654435761u;

    mixed = (mixed ^ mixed >> 15) * 2246822519u;
    mixed ^= mixed >> 13;
    if (index < count)
        words[index] = (mixed & keep) | base;
}

int gpu_peer_square(gpu_peer *peer, int side, cleave_factors factors, void *stream)
{
    toolkit_peer *p = peer_new(factors, stream);
    const bool half = factors == CLEAVE_FACTORS_BF16 || factors == CLEAVE_FACTORS_FP16;
    const int64_t words = (int64_t)side * side / (half ? 2 : 1);
    const uint32_t keep = !half                            ? 0x807FFFFFu
                          : factors == CLEAVE_FACTORS_BF16 ? 0x807F807Fu
                                                           : 0x83FF83FFu;
    const uint32_t base = !half                            ? 0x3C000000u
                          : factors == CLEAVE_FACTORS_BF16 ? 0x3C003C00u
                                                           : 0x20002000u;

    if (!p)
        return 0;
    p->side = side;
    p->stored = !half ? CUDA_R_32F : factors == CLEAVE_FACTORS_BF16 ? CUDA_R_16BF : CUDA_R_16F;
    if (half)
        p->compute = CUBLAS_COMPUTE_32F;
    *peer = {"cublas", run_square, peer_close, p};
    for (void *&memory : p->memory) {
        if (cudaMalloc(&memory, (size_t)words * 4) != cudaSuccess) {
            peer_close(p);
            return 0;
        }
        CLEAVE_LAUNCH(peer_fill_kernel, cleave_div_up(words, CLEAVE_CUDA_THREADS),
                      CLEAVE_CUDA_THREADS, 0, stream, (uint32_t *)memory, words, keep, base);
    }
    return 1;
}

/* ---- which ---------------------------------------------------------------------------------- */
const char *gpu_peer_toolkit_sentence(void)
{
    return "Products and attention are compared with cuBLAS, transforms with cuFFT.";
}

int gpu_peer_toolkit_open(gpu_peer *peer, int op, const void *args, cleave_factors factors,
                          void *stream)
{
    const cleave_conv_args *conv = (const cleave_conv_args *)args;
    const cleave_attention_args *attention = (const cleave_attention_args *)args;
    const cleave_stft_args *stft = (const cleave_stft_args *)args;
    const bool takes = op == CLEAVE_OP_CONV ? is_linear(conv)
                       : op == CLEAVE_OP_ATTENTION
                           ? attention->terms == 0 && !attention->local
                           : op == CLEAVE_OP_STFT && stft->layout == CLEAVE_STFT_LAYOUT_FT;
    toolkit_peer *p = takes ? peer_new(factors, stream) : NULL;
    bool good = true;

    if (!p)
        return 0;
    if (op == CLEAVE_OP_CONV) {
        p->args.conv = *conv;
        *peer = {"cublas", run_linear, peer_close, p};
    } else if (op == CLEAVE_OP_ATTENTION) {
        const size_t scores = (size_t)(attention->heads * attention->queries * attention->keys);
        p->args.attention = *attention;
        good = cudaMalloc(&p->memory[0], scores * sizeof(float)) == cudaSuccess;
        *peer = {"cublas and softmax", run_attention, peer_close, p};
    } else {
        p->args.stft = *stft;
        good = open_stft(p);
        *peer = {"cufft; frames and bins", run_stft, peer_close, p};
    }
    if (!good)
        peer_close(p);
    return good;
}
