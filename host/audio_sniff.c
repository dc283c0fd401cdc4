/* audio_sniff.c: decides from its bytes what a file is. The answer picks the one decoder that sees
 * the file, so that a playlist or a script, whatever its name, reaches none. Sources: the formats'
 * own specifications (RIFF, RFC 9639 FLAC, RFC 3533 Ogg, ISO 11172-3 MPEG audio, ID3v2.3, ISO
 * 14496-12, ASF); the Xing header as LAME's "mp3 info tag revision 1" describes it. */
#include "host/audio_internal.h"

#include <string.h>

#define HEAD_BYTES 8192

/* MP3 is never libsndfile's: its decoder, mpg123, prints on the terminal what it finds wrong with a
 * file. Ogg is its only where there is no FFmpeg: it leaves more than two channels in Vorbis' own
 * order, and libsndfile 1.2.0 leaks memory on every file whose headers are damaged. */
static const audio_kind_facts kinds[AUDIO_KIND_COUNT] = {
    [AUDIO_KIND_WAV] = {"WAV", "wav", "wav", SNDFILE_FIRST},
    [AUDIO_KIND_AIFF] = {"AIFF", "aiff", "aiff", SNDFILE_FIRST},
    [AUDIO_KIND_CAF] = {"CAF", "caf", "caf", SNDFILE_FIRST},
    [AUDIO_KIND_AU] = {"AU", "au", "au", SNDFILE_FIRST},
    [AUDIO_KIND_FLAC] = {"FLAC", "flac", "flac", SNDFILE_FIRST},
    [AUDIO_KIND_OGG_VORBIS] = {"Ogg Vorbis", "ogg", "ogg", SNDFILE_ALONE},
    [AUDIO_KIND_OGG_OPUS] = {"Ogg Opus", "ogg", "ogg", SNDFILE_ALONE},
    [AUDIO_KIND_OGG_OTHER] = {"Ogg", "ogg", "ogg", SNDFILE_NEVER},
    [AUDIO_KIND_MP3] = {"MP3", "mp3", "mp3", SNDFILE_NEVER},
    [AUDIO_KIND_AAC] = {"AAC", "aac", "aac", SNDFILE_NEVER},
    [AUDIO_KIND_MP4] = {"M4A", "mp4", "mov", SNDFILE_NEVER},
    [AUDIO_KIND_ASF] = {"WMA", "asf", "asf", SNDFILE_NEVER},
    [AUDIO_KIND_MATROSKA] = {"Matroska", "matroska", "matroska", SNDFILE_NEVER},
};

static const struct {
    int64_t offset;
    const char *bytes;
    int32_t count;
    audio_kind kind;
} signatures[] = {
    {8, "WAVE", 4,
     AUDIO_KIND_WAV}, /* RIFF, RF64, BW64, RIFX: the first four letters are checked below */
    {0, "riff\x2E\x91\xCF\x11\xA5\xD6\x28\xDB", 12, AUDIO_KIND_WAV}, /* W64 */
    {8, "AIFF", 4, AUDIO_KIND_AIFF},
    {8, "AIFC", 4, AUDIO_KIND_AIFF},
    {0, "caff\0\1", 6, AUDIO_KIND_CAF},
    {0, ".snd\0\0\0", 7, AUDIO_KIND_AU},
    {0, "fLaC", 4, AUDIO_KIND_FLAC},
    {4, "ftyp", 4, AUDIO_KIND_MP4},
    {4, "moov", 4, AUDIO_KIND_MP4},
    {4, "mdat", 4, AUDIO_KIND_MP4},
    {4, "wide", 4, AUDIO_KIND_MP4},
    {0, "\x30\x26\xB2\x75\x8E\x66\xCF\x11", 8, AUDIO_KIND_ASF},
    {0, "\x1A\x45\xDF\xA3", 4, AUDIO_KIND_MATROSKA},
};

static const struct {
    const char *bytes;
    int32_t count;
    const char *title;
} strangers[] = {
    {"\x89PNG", 4, "a PNG picture"},
    {"\xFF\xD8\xFF", 3, "a JPEG picture"},
    {"GIF8", 4, "a GIF picture"},
    {"%PDF", 4, "a PDF document"},
    {"PK\3\4", 4, "a ZIP archive"},
    {"\x1F\x8B", 2, "gzip data"},
    {"\x7F"
     "ELF",
     4, "a program"},
    {"MThd", 4, "a MIDI score, which holds no sound"},
};

const audio_kind_facts *audio_kind_describe(audio_kind kind)
{
    return &kinds[kind];
}

/* One MPEG audio frame header. Layer I is left out: nothing holds it any more, and its mark is also
 * that of text in UTF-16. */
typedef struct mpeg_frame {
    int32_t bytes, samples, rate_hz, layer, version; /* version: the two bits of the header */
    int32_t side_bytes;                              /* of layer III, after the header */
} mpeg_frame;

static int mpeg_parse(const unsigned char h[4], mpeg_frame *frame)
{
    static const int16_t kbps[3][15] = {
        {0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384}, /* MPEG-1 II */
        {0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320},  /* MPEG-1 III */
        {0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160},      /* MPEG-2 II, III */
    };
    static const int32_t rates[3] = {44100, 48000, 32000};
    int version = h[1] >> 3 & 3, layer = 4 - (h[1] >> 1 & 3), rate = h[2] >> 2 & 3,
        index = h[2] >> 4;
    int mono = h[3] >> 6 == 3;

    if (h[0] != 0xFF || (h[1] & 0xE0) != 0xE0 || version == 1 || layer == 1 || layer == 4 ||
        rate == 3 || index == 0 || index == 15)
        return 0;
    frame->version = version;
    frame->layer = layer;
    frame->rate_hz = rates[rate] / (version == 3 ? 1 : version == 2 ? 2 : 4);
    int32_t bits = 1000 * kbps[version == 3 ? layer - 2 : 2][index];
    frame->samples = layer == 3 && version != 3 ? 576 : 1152;
    frame->bytes = frame->samples / 8 * bits / frame->rate_hz + (h[2] >> 1 & 1);
    frame->side_bytes = version == 3 ? (mono ? 17 : 32) : (mono ? 9 : 17);
    return 1;
}

/* Whether `count` frames of one kind follow each other from `at`. Where the bytes end early, one is
 * enough if it is the very first thing in the file. */
static int mpeg_frames_follow(const unsigned char *head, int64_t bytes, int64_t at, int32_t count)
{
    mpeg_frame first, next;

    if (at + 4 > bytes || !mpeg_parse(head + at, &first))
        return 0;
    for (int64_t here = at + first.bytes; --count > 0; here += next.bytes) {
        if (here + 4 > bytes)
            return at == 0;
        if (!mpeg_parse(head + here, &next) || next.layer != first.layer ||
            next.version != first.version || next.rate_hz != first.rate_hz)
            return 0;
    }
    return 1;
}

static int adts_follows(const unsigned char *head, int64_t bytes)
{
    int64_t at = 0;

    for (int32_t i = 0; i < 3; i++) {
        if (at + 7 > bytes)
            return i > 0;
        const unsigned char *h = head + at;
        if (h[0] != 0xFF || (h[1] & 0xF6) != 0xF0 || (h[2] >> 2 & 15) > 12)
            return 0;
        int32_t length = (h[3] & 3) << 11 | h[4] << 3 | h[5] >> 5;
        if (length < 7)
            return 0;
        at += length;
    }
    return 1;
}

/* Bytes of the ID3v2 tags at the front. */
static int64_t id3v2_bytes(audio_source *source)
{
    unsigned char h[10];
    int64_t at = 0;

    while (audio_source_peek(source, at, h, sizeof h) == sizeof h && !memcmp(h, "ID3", 3) &&
           !((h[6] | h[7] | h[8] | h[9]) & 0x80))
        at += 10 + ((int64_t)h[6] << 21 | h[7] << 14 | h[8] << 7 | h[9]) + (h[5] & 0x10 ? 10 : 0);
    return at;
}

static audio_kind ogg_kind(const unsigned char *head, int64_t bytes)
{
    int64_t packet = bytes > 27 ? 27 + head[26] : bytes;

    if (packet + 8 <= bytes && !memcmp(head + packet, "\1vorbis", 7))
        return AUDIO_KIND_OGG_VORBIS;
    if (packet + 8 <= bytes && !memcmp(head + packet, "OpusHead", 8))
        return AUDIO_KIND_OGG_OPUS;
    return AUDIO_KIND_OGG_OTHER;
}

static int is_text(const unsigned char *head, int64_t bytes)
{
    for (int64_t i = 0; i < bytes; i++)
        if ((head[i] < 0x20 && !(head[i] >= '\t' && head[i] <= '\r') && head[i] != 0x1B) ||
            head[i] == 0x7F)
            return 0;
    return 1;
}

static int by_signature(const unsigned char *head, int64_t bytes, audio_kind *kind)
{
    for (size_t i = 0; i < sizeof signatures / sizeof *signatures; i++) {
        if (signatures[i].offset + signatures[i].count > bytes ||
            memcmp(head + signatures[i].offset, signatures[i].bytes, (size_t)signatures[i].count))
            continue;
        int riff = !memcmp(head, "RIFF", 4) || !memcmp(head, "RF64", 4) ||
                   !memcmp(head, "BW64", 4) || !memcmp(head, "RIFX", 4);
        if (signatures[i].offset == 8 && signatures[i].kind == AUDIO_KIND_WAV && !riff)
            continue;
        if (signatures[i].kind == AUDIO_KIND_AIFF && memcmp(head, "FORM", 4))
            continue;
        *kind = signatures[i].kind;
        return 1;
    }
    if (bytes >= 4 && !memcmp(head, "OggS", 4)) {
        *kind = ogg_kind(head, bytes);
        return 1;
    }
    return 0;
}

static int refuse(const char *name, const unsigned char *head, int64_t bytes, char *message)
{
    for (size_t i = 0; i < sizeof strangers / sizeof *strangers; i++)
        if (bytes >= strangers[i].count &&
            !memcmp(head, strangers[i].bytes, (size_t)strangers[i].count))
            return audio_fail(message, "%s: not an audio file: it looks like %s.", name,
                              strangers[i].title);
    if (is_text(head, bytes) ||
        (bytes >= 2 && (!memcmp(head, "\xFF\xFE", 2) || !memcmp(head, "\xFE\xFF", 2))))
        return audio_fail(message, "%s: not an audio file: it looks like text.", name);
    return audio_fail(message, "%s: not an audio file of a kind that is known here.", name);
}

int audio_sniff(audio_source *source, audio_kind *kind, char message[AUDIO_MESSAGE_BYTES])
{
    unsigned char head[HEAD_BYTES];
    int64_t tag = id3v2_bytes(source);
    int64_t bytes = audio_source_peek(source, tag, head, sizeof head);

    if (bytes < 0 || source->error)
        return audio_fail(message, "%s: cannot be read: %s.", source->name,
                          strerror(source->error));
    if (bytes == 0 && tag == 0)
        return audio_fail(message, "%s: is empty.", source->name);
    if (by_signature(head, bytes, kind))
        return 0;
    /* Only MPEG streams have no signature: a chain of frame headers stands for it, after a little
     * junk at most. */
    if (adts_follows(head, bytes)) {
        *kind = AUDIO_KIND_AAC;
        return 0;
    }
    for (int64_t at = 0; at < bytes / 2 || at == 0; at++)
        if (mpeg_frames_follow(head, bytes, at, at || tag ? 4 : 3)) {
            *kind = AUDIO_KIND_MP3;
            return 0;
        }
    if (tag > 0) {
        /* A tag too long to look behind on a pipe, or one with nothing after it. */
        if (bytes == 0 && source->seekable)
            return audio_fail(message, "%s: holds tags and no audio.", source->name);
        *kind = AUDIO_KIND_MP3;
        return 0;
    }
    return refuse(source->name, head, bytes, message);
}

static int64_t be32(const unsigned char *p)
{
    return (int64_t)p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3];
}

int64_t audio_mpeg_frames(audio_source *source)
{
    unsigned char head[HEAD_BYTES];
    int64_t tag = id3v2_bytes(source), at = 0;
    int64_t bytes = audio_source_peek(source, tag, head, sizeof head);
    mpeg_frame frame;

    while (at < bytes / 2 && !mpeg_frames_follow(head, bytes, at, 2))
        at++;
    if (at >= bytes / 2 || !mpeg_parse(head + at, &frame) || frame.layer != 3)
        return -1;
    at += 4 + frame.side_bytes;
    if (at + 120 + 24 > bytes || (memcmp(head + at, "Xing", 4) && memcmp(head + at, "Info", 4)))
        return -1;
    int64_t flags = be32(head + at + 4), skip = at + 8;
    if (!(flags & 1))
        return -1;
    int64_t count = be32(head + skip);
    for (int bit = 0; bit < 4; bit++) /* frames, bytes, seek table, quality */
        skip += flags >> bit & 1 ? (bit == 2 ? 100 : 4) : 0;
    const unsigned char *lame = head + skip;
    int64_t delay = lame[21] << 4 | lame[22] >> 4, padding = (lame[22] & 15) << 8 | lame[23];
    /* A decoder lags by 529 samples; where less was padded, the last ones never come out. */
    int64_t frames = count * frame.samples - delay - (padding > 529 ? padding : 529);
    /* Without LAME's figures the encoder's delay is not known, and neither is the length. */
    return (delay || padding) && frames >= 0 ? frames : -1;
}
