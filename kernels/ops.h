/* ops.h: the op table.
 *
 * An op is a contract: an argument struct, what it checks, how many items it has, which fields are
 * tensors. A kernel is one implementation of it. A table holds one kernel for every op; the CPU
 * tables and the CUDA table have the same shape, and nothing above kernels/ knows which one runs.
 */
#ifndef CLEAVE_KERNELS_OPS_H
#define CLEAVE_KERNELS_OPS_H

#include "kernels/base.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    CLEAVE_OP_FFT,
    CLEAVE_OP_STFT,
    CLEAVE_OP_ISTFT,
    CLEAVE_OP_OVERLAP_ADD,
    CLEAVE_OP_COMPLEX_MASK,
    CLEAVE_OP_MEDIAN,
    CLEAVE_OP_REDUCE,
    CLEAVE_OP_ELEMENTWISE,
    CLEAVE_OP_REARRANGE,
    CLEAVE_OP_MIX,
    CLEAVE_OP_GRAM,
    CLEAVE_OP_REPETITION,
    CLEAVE_OP_BOX_MEAN,
    CLEAVE_OP_VOICE_ODDS,
    CLEAVE_OP_VOICE_MASK,
    CLEAVE_OP_STEM_SHARES,
    CLEAVE_OP_CONV,
    CLEAVE_OP_MOMENTS,
    CLEAVE_OP_LINEAR_NORM,
    CLEAVE_OP_NORMALIZE,
    CLEAVE_OP_LAYER_NORM,
    CLEAVE_OP_ATTENTION,
    CLEAVE_OP_LSTM,
    CLEAVE_OP_PAIR_SUMS,
    CLEAVE_OP_RATIO_MASK,
    CLEAVE_OP_SOFTMAX,
    CLEAVE_OP_INTERLEAVE,
    CLEAVE_OP_FADER,
    CLEAVE_OP_BIQUAD,
    CLEAVE_OP_LIMIT,
    CLEAVE_OP_FDN,
    CLEAVE_OP_TRUE_PEAK,
    CLEAVE_OP_COMPRESS,
    CLEAVE_OP_DITHER,
    CLEAVE_OP_CONVOLVE,
    CLEAVE_OP_DENOISE,
    CLEAVE_OP_LEVEL,
    CLEAVE_OP_COUNT
};

#define CLEAVE_OPERANDS_MAX   16  /* tensors of one step */
#define CLEAVE_ARGS_BYTES_MAX 512 /* size of the largest argument struct */

#define CLEAVE_READ  1u
#define CLEAVE_WRITE 2u
/* With CLEAVE_READ: a constant that prepare() reads and run() never does. Every kernel of such an
 * op has a prepare(); the tensor need not exist after it, nor the pointer be valid. */
#define CLEAVE_PREPARED 4u
/* With CLEAVE_READ: each value is read before the one that is written in its place, so that the
 * tensor may be the result, wholly. */
#define CLEAVE_JOINED 8u

/* One pointer field of an argument struct. */
typedef struct cleave_operand {
    size_t field; /* offsetof() the pointer in the argument struct */
    size_t bytes; /* extent touched through it, from the pointer on */
    /* CLEAVE_READ, CLEAVE_WRITE or both, or CLEAVE_READ with one of the others. What lies in the
     * extent and is not written, between the rows of a tensor, stays as it is: that alone is no
     * reading. */
    uint32_t access;
} cleave_operand;

/* What one run of a step takes at least, whoever computes it. */
typedef struct cleave_cost {
    /* Floating point operations of the plain definition: a product and a sum are two; taps that
     * fall on padding do not count. An algorithm may get by with fewer. */
    double flops;
    double bytes; /* traffic that cannot be avoided: each operand once, what is updated twice */
} cleave_cost;

/* The contract of an op; `args` always points to the op's argument struct. */
typedef struct cleave_op {
    const char *name;
    size_t args_bytes;
    /* NULL, or a sentence that names the field that is out of its contract. Pointers are not looked
     * at. */
    const char *(*check)(const void *args);
    /* Independent items of the step (see cleave_work). */
    int64_t (*items)(const void *args);
    /* Fills `out` with the tensors of the step, in the order of the struct; returns how many. A
     * pointer field may be optional: then it is listed only when the arguments say that it is used.
     */
    int (*operands)(const void *args, cleave_operand out[CLEAVE_OPERANDS_MAX]);
    /* Of arguments that check() has accepted. */
    cleave_cost (*cost)(const void *args);
    /* Not 0: an output may be any input, wholly. Otherwise they may not overlap, but for one that
     * is CLEAVE_JOINED. */
    int32_t in_place;
    /* Not 0: little arithmetic, as fast as memory delivers; a thread is worth waking for a larger
     * share of it than of others. */
    int32_t streams;
} cleave_op;

/* One implementation of an op. */
typedef struct cleave_kernel {
    void (*run)(const void *args, const cleave_work *work);
    /* Scratch of one call; NULL means none. */
    size_t (*scratch_bytes)(const void *args);
    /* Constants made once from the arguments (and from operands that are constants), then shared by
     * all calls: twiddle factors, packed weights. NULL means none. */
    size_t (*prepared_bytes)(const void *args);
    void (*prepare)(const void *args, void *prepared);
} cleave_kernel;

typedef struct cleave_ops {
    const char *name; /* "ref", "avx2", "avx512", "avx512 bf16", "neon", "cuda" */
    cleave_kernel kernel[CLEAVE_OP_COUNT];
} cleave_ops;

/* CPU features that choose kernels. */
#define CLEAVE_CPU_AVX2   (1u << 0) /* AVX2, FMA and F16C */
#define CLEAVE_CPU_AVX512 (1u << 1) /* AVX-512 F, BW, DQ, VL */
#define CLEAVE_CPU_NEON   (1u << 2)
#define CLEAVE_CPU_BF16   (1u << 3) /* AVX-512 BF16; used by cleave_ops_cpu_round() alone */

/* What this processor and operating system support. */
uint32_t cleave_cpu_features(void);

/* Fills the table: reference kernels first, then what each feature bit improves. `features` may be
 * any subset of cleave_cpu_features(): tests mask bits out to reach every variant. */
void cleave_ops_cpu(cleave_ops *ops, uint32_t features);

/* Fills the table with the CUDA kernels; in builds with CUDA, and on the SIMT executor. */
void cleave_ops_cuda(cleave_ops *ops);

/* To what the factors of large products are rounded; sums are float32. */
typedef enum cleave_factors {
    CLEAVE_FACTORS_FP32, /* not at all */
    CLEAVE_FACTORS_TF32, /* 11 significant bits, the range of float32 */
    CLEAVE_FACTORS_BF16, /* 8 bits, the range of float32 */
    CLEAVE_FACTORS_FP16  /* 11 bits, up to 65504 */
} cleave_factors;

/* Replaces in a table of cleave_ops_cuda() the kernels of ops that have such products, by those
 * that make them on tensor cores from factors so rounded. */
void cleave_ops_cuda_round(cleave_ops *ops, cleave_factors factors);

/* The same for a table of cleave_ops_cpu(): bfloat16 where `features` have products of it. Returns
 * 0, and changes nothing, if there are no such kernels. */
int cleave_ops_cpu_round(cleave_ops *ops, uint32_t features, cleave_factors factors);

/* The contract of op `index` < CLEAVE_OP_COUNT. */
const cleave_op *cleave_op_get(int index);

#ifdef __cplusplus
}
#endif

#endif
