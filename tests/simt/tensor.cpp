// tensor.cpp: the matrix instructions, lane by lane: each lane brings the elements that PTX gives
// it, the products are made once the warp is complete.
//
// Products of such factors are exact in double, and a sum of 16 of them is rounded to float once.
// Hardware cuts off digits below those of the largest summand instead: neither order nor rounding
// of its sums is known.
#include "tests/simt/simt.h"

#include "kernels/half.h"

#include <cstring>

namespace
{

struct fragments {
    float *d;
    const uint32_t *a, *b;
};

float float_of_bits(uint32_t bits)
{
    float value;

    memcpy(&value, &bits, sizeof value);
    return value;
}

// Element `index` of the register `word`, as the instruction takes it.
struct tf32 {
    static constexpr int depth = 8, each = 1; // of a tile; of a register
    static double value(uint32_t word, int)
    {
        return float_of_bits(word & 0xFFFFE000u);
    }
};

struct bf16 {
    static constexpr int depth = 16, each = 2;
    static double value(uint32_t word, int index)
    {
        return float_of_bits(index ? word & 0xFFFF0000u : word << 16);
    }
};

struct fp16 {
    static constexpr int depth = 16, each = 2;
    static double value(uint32_t word, int index)
    {
        return cleave_half_to_float(static_cast<uint16_t>(word >> 16 * index));
    }
};

// Lane 4 r + c holds, of `a`, rows r and r + 8 and columns c each.. of the first half of the depth
// in a[0] and a[1], of the second in a[2] and a[3]; of `b`, column r, the same places of the depth
// in b[0] and b[1]; of `d`, rows r (d[0], d[1]) and r + 8, columns 2 c and 2 c + 1.
template <typename Format> void multiply(void *const lanes[SIMT_LANES])
{
    constexpr int depth = Format::depth, each = Format::each;
    double a[16][depth], b[depth][8];

    for (int lane = 0; lane < SIMT_LANES; lane++) {
        const fragments *const f = static_cast<const fragments *>(lanes[lane]);
        const int r = lane / 4, c = lane % 4;
        if (!f)
            simt_die("a matrix instruction lacks lanes of its warp");
        for (int half = 0; half < 2; half++)
            for (int i = 0; i < each; i++) {
                const int k = half * depth / 2 + each * c + i;
                a[r][k] = Format::value(f->a[2 * half], i);
                a[r + 8][k] = Format::value(f->a[2 * half + 1], i);
                b[k][r] = Format::value(f->b[half], i);
            }
    }
    for (int lane = 0; lane < SIMT_LANES; lane++) {
        const fragments *const f = static_cast<const fragments *>(lanes[lane]);
        for (int i = 0; i < 4; i++) {
            double sum = f->d[i];
            for (int k = 0; k < depth; k++)
                sum += a[lane / 4 + 8 * (i / 2)][k] * b[k][2 * (lane % 4) + i % 2];
            f->d[i] = static_cast<float>(sum);
        }
    }
}

template <typename Format> void together(float d[4], const uint32_t a[4], const uint32_t b[2])
{
    fragments mine = {d, a, b};

    simt_together(multiply<Format>, &mine);
}

} // namespace

void simt_mma_tf32(float d[4], const uint32_t a[4], const uint32_t b[2])
{
    together<tf32>(d, a, b);
}

void simt_mma_bf16(float d[4], const uint32_t a[4], const uint32_t b[2])
{
    together<bf16>(d, a, b);
}

void simt_mma_fp16(float d[4], const uint32_t a[4], const uint32_t b[2])
{
    together<fp16>(d, a, b);
}
