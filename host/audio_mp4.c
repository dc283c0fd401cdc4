/* audio_mp4.c: the exact length of the sound in an MP4 file, from its own boxes (ISO 14496-12:
 * mvhd, mdhd, elst). An edit list counts in units of the movie, often a millisecond; the media's
 * own header counts samples. Where the two agree within what such a unit can express, the media's
 * length less the encoder's delay is the true one. */
#include "host/audio_internal.h"

#include <string.h>

#define BOXES_MAX 4096

typedef struct mp4_track {
    int is_sound, has_edits;
    int64_t media_scale, media_duration;
    int64_t edit_duration; /* movie units, all edits */
    int64_t edit_start;    /* media units: where the first edit begins, the encoder's delay */
} mp4_track;

typedef struct mp4_box {
    char id[4];
    int64_t start, end; /* of its content */
} mp4_box;

static int64_t be(const unsigned char *p, int32_t bytes)
{
    uint64_t value = 0;

    while (bytes-- > 0)
        value = value << 8 | *p++;
    return value > INT64_MAX ? -1 : (int64_t)value;
}

/* The box at *at, which moves behind it; 0 when there is none. */
static int next_box(audio_source *source, int64_t *at, int64_t end, mp4_box *box)
{
    unsigned char h[16];
    int64_t header = 8, size;

    if (*at + 8 > end || audio_source_peek(source, *at, h, 8) != 8)
        return 0;
    size = be(h, 4);
    if (size == 1) {
        if (audio_source_peek(source, *at + 8, h + 8, 8) != 8)
            return 0;
        size = be(h + 8, 8);
        header = 16;
    } else if (size == 0) {
        size = end - *at;
    }
    if (size < header || size > end - *at)
        return 0;
    memcpy(box->id, h + 4, 4);
    box->start = *at + header;
    box->end = *at += size;
    return 1;
}

static int is_box(const mp4_box *box, const char *id)
{
    return !memcmp(box->id, id, 4);
}

static int find_box(audio_source *source, int64_t at, int64_t end, const char *id, mp4_box *box)
{
    for (int32_t i = 0; i < BOXES_MAX && next_box(source, &at, end, box); i++)
        if (is_box(box, id))
            return 1;
    return 0;
}

/* Scale and duration of an mvhd or mdhd box. */
static int read_durations(audio_source *source, const mp4_box *box, int64_t *scale,
                          int64_t *duration)
{
    unsigned char h[32] = {0};
    int large;

    if (audio_source_peek(source, box->start, h, sizeof h) < 20)
        return 0;
    large = h[0] == 1;
    *scale = be(h + (large ? 20 : 12), 4);
    *duration = large ? be(h + 24, 8) : be(h + 16, 4);
    return *scale > 0 && *duration > 0 && *duration < INT64_MAX >> 24 && *duration != 0xFFFFFFFF;
}

static void read_edits(audio_source *source, const mp4_box *box, mp4_track *track)
{
    unsigned char h[20];
    int64_t count, at = box->start + 8;

    if (audio_source_peek(source, box->start, h, 8) != 8)
        return;
    int32_t wide = h[0] == 1 ? 8 : 4, entry = 2 * wide + 4;
    count = be(h + 4, 4);
    for (int64_t i = 0; i < count && i < BOXES_MAX && at + entry <= box->end; i++, at += entry) {
        if (audio_source_peek(source, at, h, entry) != entry)
            return;
        int64_t duration = be(h, wide), start = be(h + wide, wide);
        if (wide == 4 && start == 0xFFFFFFFF)
            start = -1; /* an empty edit: a pause before the sound, which is not decoded */
        if (start < 0 || duration < 0)
            continue;
        if (!track->has_edits)
            track->edit_start = start;
        track->has_edits = 1;
        track->edit_duration += duration;
    }
}

static int read_track(audio_source *source, const mp4_box *trak, mp4_track *track)
{
    mp4_box media, box;
    unsigned char handler[12];

    if (!find_box(source, trak->start, trak->end, "mdia", &media) ||
        !find_box(source, media.start, media.end, "hdlr", &box) ||
        audio_source_peek(source, box.start, handler, 12) != 12 || memcmp(handler + 8, "soun", 4))
        return 0;
    if (find_box(source, media.start, media.end, "mdhd", &box) &&
        !read_durations(source, &box, &track->media_scale, &track->media_duration))
        track->media_scale = 0;
    if (find_box(source, trak->start, trak->end, "edts", &box) &&
        find_box(source, box.start, box.end, "elst", &box))
        read_edits(source, &box, track);
    return 1;
}

double audio_mp4_seconds(audio_source *source)
{
    int64_t end = source->bytes >= 0 ? source->bytes : INT64_MAX / 2, at, scale = 0, duration;
    mp4_box movie, box;
    mp4_track track = {0};
    int sounds = 0;

    if (!find_box(source, 0, end, "moov", &movie))
        return -1;
    at = movie.start;
    for (int32_t i = 0; i < BOXES_MAX && next_box(source, &at, movie.end, &box); i++) {
        if (is_box(&box, "mvhd") && !read_durations(source, &box, &scale, &duration))
            return -1;
        if (is_box(&box, "trak"))
            sounds += read_track(source, &box, &track);
    }
    if (sounds != 1 || scale <= 0 || track.media_scale <= 0)
        return -1;
    double media = (double)(track.media_duration - track.edit_start) / (double)track.media_scale;
    double edits = (double)track.edit_duration / (double)scale;
    /* A list that shows clearly less than the media is a cut, and holds. */
    if (track.has_edits && edits < media - 2.0 / (double)scale)
        return edits;
    return media > 0 ? media : 0;
}
