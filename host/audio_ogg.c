/* audio_ogg.c: how many frames an Ogg file declares: the granule position of its last page (RFC
 * 3533), less the pre-skip of Opus (RFC 7845). The libraries tell what they could decode; this
 * tells what should have been there. */
#include "host/audio_internal.h"

#include <string.h>

#define PAGE_BYTES_MAX 65307
#define PAGES_MAX      1024 /* of headers, with a large cover among them */

typedef struct ogg_page {
    int64_t granule;
    uint32_t serial;
    int64_t bytes;   /* header and all */
    int64_t body;    /* where the first packet begins */
    int32_t packets; /* that end on it */
    int is_last;     /* marked as the end of its stream */
} ogg_page;

static uint64_t le(const unsigned char *p, int32_t bytes)
{
    uint64_t value = 0;

    while (bytes-- > 0)
        value = value << 8 | p[bytes];
    return value;
}

static int read_page(audio_source *source, int64_t at, ogg_page *page)
{
    unsigned char h[27 + 255];

    if (audio_source_peek(source, at, h, 27) != 27 || memcmp(h, "OggS\0", 5) ||
        audio_source_peek(source, at + 27, h + 27, h[26]) != h[26])
        return 0;
    page->granule = (int64_t)le(h + 6, 8);
    page->is_last = h[5] >> 2 & 1;
    page->serial = (uint32_t)le(h + 14, 4);
    page->body = at + 27 + h[26];
    page->bytes = 27 + h[26];
    page->packets = 0;
    for (int32_t i = 0; i < h[26]; i++) {
        page->bytes += h[27 + i];
        page->packets += h[27 + i] < 255;
    }
    return 1;
}

/* The granule of the last page, if it belongs to this stream; else -1. */
static int64_t last_granule(audio_source *source, uint32_t serial)
{
    unsigned char tail[PAGE_BYTES_MAX];
    int64_t from = source->bytes > PAGE_BYTES_MAX ? source->bytes - PAGE_BYTES_MAX : 0;
    int64_t bytes = audio_source_peek(source, from, tail, sizeof tail);
    ogg_page page;

    for (int64_t at = bytes - 27; at >= 0; at--)
        if (!memcmp(tail + at, "OggS\0", 5) && read_page(source, from + at, &page))
            return page.serial == serial ? page.granule : -1;
    return -1;
}

int64_t audio_ogg_frames(audio_source *source, audio_kind kind)
{
    unsigned char id[30] = {0};
    int64_t at, packet_max, skip = 0;
    ogg_page first, page;

    if (kind != AUDIO_KIND_OGG_OPUS && kind != AUDIO_KIND_OGG_VORBIS)
        return -1;
    if (!read_page(source, 0, &first))
        return -1;
    audio_source_peek(source, first.body, id, sizeof id);
    if (kind == AUDIO_KIND_OGG_OPUS) {
        packet_max = 5760;
        skip = (int64_t)le(id + 10, 2);
    } else {
        packet_max = (int64_t)1 << (id[28] >> 4); /* the long block */
    }
    page = first;
    at = first.bytes;
    for (int32_t i = 0; i < PAGES_MAX && page.granule <= 0; i++, at += page.bytes)
        if (!read_page(source, at, &page) || page.serial != first.serial)
            return -1;
    /* Captures of a running stream begin anywhere: then the last position is no length. */
    if (page.granule <= 0 || page.granule > page.packets * packet_max)
        return -1;
    if (!page.is_last && !source->seekable)
        return -1;
    int64_t last = page.is_last ? page.granule : last_granule(source, first.serial);
    return last > skip ? last - skip : -1;
}
