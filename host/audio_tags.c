/* audio_tags.c: tags and covers, under FFmpeg's key names whatever the container called them. */
#include "host/audio_internal.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* What a container says of its own making does not hold for a file made from it. */
static const char *const technical[] = {
    "compatible_brands",
    "creation_time",
    "duration",
    "encoder",
    "encoding",
    "handler_name",
    "itunsmpb",
    "itunnorm",
    "major_brand",
    "vendor_id",
    "language",
    "minor_version",
    "encoded_by",
    "time_reference",
    "coding_history",
    "umid",
    "isvbr",
    "wm/encodingsettings",
    "devicemanufacturer",
    "gapless_playback",
    "metadata_block_picture",
};

static const struct {
    char id[5];
    const char *key;
} riff_ids[] = {
    {"INAM", "title"},     {"IART", "artist"},   {"IPRD", "album"},        {"ICRD", "date"},
    {"IPRT", "track"},     {"ITRK", "track"},    {"IGNR", "genre"},        {"ICMT", "comment"},
    {"ICOP", "copyright"}, {"IMUS", "composer"}, {"IAAR", "album_artist"},
};

/* Where Vorbis comments and FFmpeg differ (libavformat/vorbiscomment.c). */
static const struct {
    const char *name, *key;
} vorbis_names[] = {
    {"ALBUMARTIST", "album_artist"},
    {"TRACKNUMBER", "track"},
    {"DISCNUMBER", "disc"},
    {"DESCRIPTION", "comment"},
};

/* Whether the bytes are well-formed UTF-8 (RFC 3629), but for overlong forms. */
static int is_utf8(const unsigned char *text, size_t bytes)
{
    for (size_t i = 0; i < bytes;) {
        int more = text[i] < 0x80                      ? 0
                   : text[i] >= 0xC2 && text[i] < 0xE0 ? 1
                   : text[i] >= 0xE0 && text[i] < 0xF0 ? 2
                   : text[i] >= 0xF0 && text[i] < 0xF5 ? 3
                                                       : -1;
        if (more < 0 || i + (size_t)more >= bytes)
            return 0;
        for (i++; more > 0; more--, i++)
            if ((text[i] & 0xC0) != 0x80)
                return 0;
    }
    return 1;
}

static char *to_utf8(const unsigned char *text, size_t bytes)
{
    char *out = malloc(2 * bytes + 1), *end = out;

    if (!out)
        return NULL;
    if (is_utf8(text, bytes)) {
        memcpy(out, text, bytes);
        end += bytes;
    } else {
        for (size_t i = 0; i < bytes; i++) {
            if (text[i] >= 0x80)
                *end++ = (char)(0xC0 | text[i] >> 6);
            *end++ = (char)(text[i] < 0x80 ? text[i] : 0x80 | (text[i] & 0x3F));
        }
    }
    *end = '\0';
    return out;
}

void audio_tags_add(audio_info *info, const char *key, const char *value, size_t value_bytes)
{
    audio_tag *tag = &info->tags[info->tag_count];
    size_t bytes = strnlen(value, value_bytes);

    if (!*key || !bytes || bytes > AUDIO_TAG_BYTES_MAX || info->tag_count == AUDIO_TAGS_MAX)
        return;
    for (size_t i = 0; i < sizeof technical / sizeof *technical; i++)
        if (!strcasecmp(key, technical[i]))
            return;
    if (audio_tags_find(info, key))
        return;
    tag->key = to_utf8((const unsigned char *)key, strnlen(key, 256));
    tag->value = to_utf8((const unsigned char *)value, bytes);
    if (!tag->key || !tag->value) {
        free(tag->key);
        free(tag->value);
        return;
    }
    for (char *p = tag->key; *p; p++)
        *p = (char)tolower((unsigned char)*p);
    info->tag_count++;
}

const char *audio_tags_find(const audio_info *info, const char *key)
{
    for (int32_t i = 0; i < info->tag_count; i++)
        if (!strcasecmp(info->tags[i].key, key))
            return info->tags[i].value;
    return NULL;
}

void audio_tags_set_cover(audio_info *info, const unsigned char *data, size_t bytes)
{
    static const unsigned char jpeg[] = {0xFF, 0xD8, 0xFF}, png[] = {0x89, 'P', 'N', 'G'};
    const char *mime = NULL;

    if (info->cover || bytes < 16 || bytes > AUDIO_COVER_MAX)
        return;
    if (!memcmp(data, jpeg, sizeof jpeg))
        mime = "image/jpeg";
    else if (!memcmp(data, png, sizeof png))
        mime = "image/png";
    if (!mime || !(info->cover = malloc(bytes)))
        return;
    memcpy(info->cover, data, bytes);
    info->cover_bytes = bytes;
    snprintf(info->cover_mime, sizeof info->cover_mime, "%s", mime);
}

int audio_cover_size(const audio_info *info, int32_t *width, int32_t *height)
{
    const unsigned char *p = info->cover;
    size_t bytes = info->cover_bytes;

    if (!p)
        return 0;
    if (!strcmp(info->cover_mime, "image/png") && bytes >= 24) {
        *width = (int32_t)(p[17] << 16 | p[18] << 8 | p[19]);
        *height = (int32_t)(p[21] << 16 | p[22] << 8 | p[23]);
        return *width && *height;
    }
    /* JPEG: segments up to the start of a frame (C0..CF but for tables C4, C8, CC). */
    for (size_t at = 2; at + 9 < bytes && p[at] == 0xFF;) {
        unsigned char marker = p[at + 1];
        if (marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 &&
            marker != 0xCC) {
            *height = p[at + 5] << 8 | p[at + 6];
            *width = p[at + 7] << 8 | p[at + 8];
            return *width && *height;
        }
        at += marker == 0xFF ? 1 : 2 + (size_t)(p[at + 2] << 8 | p[at + 3]);
    }
    return 0;
}

void audio_tags_free(audio_info *info)
{
    for (int32_t i = 0; i < info->tag_count; i++) {
        free(info->tags[i].key);
        free(info->tags[i].value);
    }
    info->tag_count = 0;
    free(info->cover);
    info->cover = NULL;
}

const char *audio_tags_riff_id(const char *key)
{
    for (size_t i = 0; i < sizeof riff_ids / sizeof *riff_ids; i++)
        if (!strcasecmp(riff_ids[i].key, key))
            return riff_ids[i].id;
    return NULL;
}

const char *audio_tags_riff_key(const char id[4])
{
    for (size_t i = 0; i < sizeof riff_ids / sizeof *riff_ids; i++)
        if (!memcmp(riff_ids[i].id, id, 4))
            return riff_ids[i].key;
    return NULL;
}

const char *audio_tags_vorbis_name(const char *key)
{
    for (size_t i = 0; i < sizeof vorbis_names / sizeof *vorbis_names; i++)
        if (!strcasecmp(vorbis_names[i].key, key))
            return vorbis_names[i].name;
    return key;
}

const char *audio_tags_vorbis_key(const char *name)
{
    for (size_t i = 0; i < sizeof vorbis_names / sizeof *vorbis_names; i++)
        if (!strcasecmp(vorbis_names[i].name, name))
            return vorbis_names[i].key;
    return name;
}
