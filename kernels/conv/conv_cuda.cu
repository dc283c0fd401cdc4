/* conv_cuda.cu: which kernel a convolution takes, and the table it is prepared for. */
#include "kernels/conv/conv_tile.cuh"

/* Up to so many in channels, or sums, make a tile of shared points pointless. */
#define DIRECT_CHANNELS 4
#define DIRECT_SUMS     4

/* All of the following is decided by what the table may depend on. */
static bool is_direct(const cleave_conv_args *a)
{
    return a->in_channels <= DIRECT_CHANNELS || conv_sums(a) <= DIRECT_SUMS;
}

static int32_t direct_rows(const cleave_conv_args *a)
{
    return conv_sums(a) <= DIRECT_SUMS ? DIRECT_SUMS : CONV_GROUP_MAX;
}

/* Rows of all tiles together, used or not. */
static int64_t padded(const cleave_conv_args *a, int32_t rows)
{
    return cleave_div_up(cleave_conv_out_channels(a), rows / conv_group(a)) * rows;
}

/* Whether tiles of half as many rows spare more of them than they cost: a larger tile uses what it
 * reads more often. */
static bool is_small(const cleave_conv_args *a, int32_t large)
{
    return 4 * padded(a, large) > 5 * padded(a, large / 2);
}

/* What is done for one form of the kernel. */
enum conv_task { BYTES, PREPARE, RUN };

struct conv_call {
    conv_task task;
    void *prepared;          /* PREPARE */
    const cleave_work *work; /* RUN */
};

template <class Packer>
static size_t prepare(const cleave_conv_args *a, const conv_shape *s, const conv_call &call)
{
    const conv_table k = conv_table_of(a, s, call.prepared);
    unsigned char *to = (unsigned char *)call.prepared;

    if (call.task == BYTES)
        return k.bytes;
    for (int32_t matrix = 0; matrix < s->row_phases * s->point_phases; matrix++)
        for (int32_t tile = 0; tile < s->tiles; tile++)
            for (int64_t stage = 0; stage < s->stages; stage++, to += conv_stage_bytes(s))
                Packer::pack_stage(a, s, matrix, tile, stage * s->tile_depth, to);
    conv_prepare_rest(a, s, &k);
    return k.bytes;
}

template <int ROWS, int COLUMNS>
static size_t direct(const cleave_conv_args *a, const conv_call &call)
{
    typedef conv_float<ROWS> packer;
    const conv_shape s = conv_shape_of(a, ROWS, packer::DEPTH, packer::FORMAT_BYTES);

    if (call.task != RUN)
        return prepare<packer>(a, &s, call);
    CLEAVE_LAUNCH((conv_direct_kernel<ROWS, COLUMNS>),
                  conv_blocks(&s, CONV_DIRECT_THREADS * COLUMNS), CONV_DIRECT_THREADS, 0,
                  call.work->stream, *a, s, call.work->prepared, conv_items_of(a, call.work));
    return 0;
}

template <class Product, int ROWS>
static size_t tiled(const cleave_conv_args *a, const conv_call &call)
{
    const conv_shape s = conv_shape_of(a, ROWS, Product::DEPTH, Product::FORMAT_BYTES);
    const size_t bytes = conv_layout<Product, ROWS>::ALL * sizeof(float);

    if (call.task != RUN)
        return prepare<Product>(a, &s, call);
    cleave_shared_allow(conv_tile_kernel<Product, ROWS>, bytes);
    CLEAVE_LAUNCH((conv_tile_kernel<Product, ROWS>), conv_blocks(&s, CONV_COLUMNS), CONV_THREADS,
                  bytes, call.work->stream, *a, s, call.work->prepared,
                  conv_items_of(a, call.work));
    return 0;
}

static size_t any_direct(const cleave_conv_args *a, const conv_call &call)
{
    return direct_rows(a) == DIRECT_SUMS ? direct<DIRECT_SUMS, 4>(a, call)
                                         : direct<CONV_GROUP_MAX, 2>(a, call);
}

/* The forms of a precision: each does a task for the arguments. */
struct fp32_forms {
    static size_t call(const cleave_conv_args *a, const conv_call &call)
    {
        if (is_direct(a))
            return any_direct(a, call);
        return is_small(a, 64) ? tiled<conv_float<32>, 32>(a, call)
                               : tiled<conv_float<64>, 64>(a, call);
    }
};

template <class Format> struct tensor_forms {
    static size_t call(const cleave_conv_args *a, const conv_call &call)
    {
        if (is_direct(a))
            return any_direct(a, call);
        return is_small(a, 128) ? tiled<conv_tensor<Format, 64>, 64>(a, call)
                                : tiled<conv_tensor<Format, 128>, 128>(a, call);
    }
};

template <class Forms> static size_t prepared_bytes(const void *args)
{
    return Forms::call((const cleave_conv_args *)args, {BYTES, NULL, NULL});
}

template <class Forms> static void prepare_table(const void *args, void *prepared)
{
    (void)Forms::call((const cleave_conv_args *)args, {PREPARE, prepared, NULL});
}

template <class Forms> static void run(const void *args, const cleave_work *work)
{
    if (work->end > work->begin)
        (void)Forms::call((const cleave_conv_args *)args, {RUN, NULL, work});
}

template <class Forms> struct kernel_of {
    static constexpr cleave_kernel value = {run<Forms>, NULL, prepared_bytes<Forms>,
                                            prepare_table<Forms>};
};

const cleave_kernel cleave_conv_cuda = kernel_of<fp32_forms>::value;
const cleave_kernel cleave_conv_cuda_tf32 = kernel_of<tensor_forms<cleave_tf32>>::value;
const cleave_kernel cleave_conv_cuda_bf16 = kernel_of<tensor_forms<cleave_bf16>>::value;
const cleave_kernel cleave_conv_cuda_fp16 = kernel_of<tensor_forms<cleave_fp16>>::value;
