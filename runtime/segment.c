/* segment.c: how a track is cut. */
#include "runtime/segment.h"

#include <math.h>

#include "kernels/base.h"

int64_t cleave_segment_frames(double seconds, int32_t rate_hz)
{
    /* 600 s at 192 kHz are 2^27 frames: half a unit of a double there is 2^-27. */
    return cleave_i64_max(1, (int64_t)floor(seconds * rate_hz + 0x1p-20));
}

int64_t cleave_segment_patches(double seconds, int32_t rate_hz, int64_t unit, int64_t tail)
{
    return cleave_i64_max(1, (int64_t)floor(seconds * rate_hz / (double)unit + 0.5)) * unit + tail;
}

int64_t cleave_segment_stride(int64_t segment_frames, double overlap)
{
    return cleave_i64_max(1, (int64_t)((1 - overlap) * (double)segment_frames));
}

cleave_segment cleave_segment_at(int64_t start, int64_t segment_frames, int64_t track_frames)
{
    const int64_t frames = cleave_i64_min(segment_frames, track_frames - start);

    assert(frames >= 1);
    return (cleave_segment){
        .start = start,
        .frames = frames,
        .read = start - (segment_frames - frames) / 2,
        .given = segment_frames,
    };
}

cleave_segment cleave_segment_bare(int64_t start, int64_t segment_frames, int64_t track_frames)
{
    cleave_segment segment = cleave_segment_at(start, segment_frames, track_frames);

    segment.read = start;
    segment.given = segment.frames;
    return segment;
}

cleave_segment cleave_segment_padded(int64_t start, int64_t segment_frames, int64_t track_frames)
{
    cleave_segment segment = cleave_segment_at(start, segment_frames, track_frames);

    segment.read = start;
    return segment;
}

int64_t cleave_segment_reach(int64_t segment_frames)
{
    return (segment_frames - 1) / 2;
}

int64_t cleave_segment_first(int64_t origin, int64_t segment_frames, int64_t stride)
{
    const int64_t before =
        -(origin + segment_frames); /* frames by which the segment at origin misses frame 0 */

    assert(origin <= 0);
    return before < 0 ? origin : origin + (before / stride + 1) * stride;
}

void cleave_segment_window(float *window, int64_t segment_frames, int64_t margin, double power)
{
    const int64_t inner = segment_frames - 2 * margin, rise = inner / 2;
    const double peak = (double)(inner - rise);

    assert(inner > 0);
    for (int64_t i = 0; i < segment_frames; i++) {
        const int64_t at = i - margin;
        const double height = (double)cleave_i64_max(0, at < rise ? at + 1 : inner - at);
        const double share = height / peak;
        window[i] = (float)fmax(power == 1 ? share : pow(share, power), 1e-30);
    }
}

int64_t cleave_segment_shift(uint64_t seed, int32_t lane, int32_t rate_hz)
{
    const uint64_t range = (uint64_t)rate_hz / 2;
    uint64_t z = seed + (uint64_t)(lane + 1) * 0x9E3779B97F4A7C15u;

    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    z ^= z >> 31;
    return (int64_t)(z % (range + 1)) - (int64_t)range;
}
