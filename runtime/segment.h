/* segment.h: how a track is cut: lengths, starts, windows, random shifts. Pure arithmetic on frame
 * numbers.
 *
 * A track of N frames is cut into segments of S frames that start every `stride` frames, from an
 * origin on and while they start before N; the last ones may be shorter than S. Most models are
 * always given S frames: a short segment is widened around itself, by its neighbours in the track
 * where there are any, by zeros outside it. Random shifts cut the same track from other origins,
 * before its beginning, so that the edges of segments fall elsewhere; the results are averaged. The
 * procedure is that of Demucs (Défossez, "Hybrid spectrogram and waveform source separation",
 * 2021). */
#ifndef CLEAVE_RUNTIME_SEGMENT_H
#define CLEAVE_RUNTIME_SEGMENT_H

#include <stdint.h>

/* A segment of the track. Frames are numbered from the beginning of the track; a shifted segment
 * may start before 0. */
typedef struct cleave_segment {
    int64_t start;  /* its first frame */
    int64_t frames; /* 1..S of them */
    int64_t read;   /* the first of the frames given to the model... */
    int64_t given;  /* ...and how many these are: S, or as many as the segment has */
} cleave_segment;

/* S for a length in seconds: the whole frames that it holds, at least 1. A product that is below a
 * whole number by no more than a decimal is rounded (7.8 is a little more or less than 39/5) counts
 * as that number. */
int64_t cleave_segment_frames(double seconds, int32_t rate_hz);

/* k unit + tail for a length in seconds: k is the nearest whole number of units, at least 1. */
int64_t cleave_segment_patches(double seconds, int32_t rate_hz, int64_t unit, int64_t tail);

/* The whole part of (1 - overlap) S, at least 1. */
int64_t cleave_segment_stride(int64_t segment_frames, double overlap);

/* The segment that starts at `start`, less than track_frames. A full one is the same for any longer
 * track. */
cleave_segment cleave_segment_at(int64_t start, int64_t segment_frames, int64_t track_frames);

/* The same for a model that takes a short segment as it is. */
cleave_segment cleave_segment_bare(int64_t start, int64_t segment_frames, int64_t track_frames);

/* The same for a model that is given S frames from the segment's start on. */
cleave_segment cleave_segment_padded(int64_t start, int64_t segment_frames, int64_t track_frames);

/* Frames before its start that a segment may be widened by. */
int64_t cleave_segment_reach(int64_t segment_frames);

/* The first start from origin on, by strides, of a segment that reaches frame 0. */
int64_t cleave_segment_first(int64_t origin, int64_t segment_frames, int64_t stride);

/* The cross-fade window, S values in 0..1: a triangle whose peak is 1, to the given power (>= 1),
 * between two margins that do not count, S > 2 margin. Short segments use its first values. Values
 * are at least 1e-30, so that a frame that only the foot of a window reaches has a weight. */
void cleave_segment_window(float *window, int64_t segment_frames, int64_t margin, double power);

/* Origin of shift number `lane`: o - M, M = rate / 2 frames (half a second) and o uniform in 0..M,
 * both included; a function of seed and lane alone (splitmix64: Steele, Lea and Flood, "Fast
 * splittable pseudorandom number generators", 2014). */
int64_t cleave_segment_shift(uint64_t seed, int32_t lane, int32_t rate_hz);

#endif
