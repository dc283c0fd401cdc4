/* audio_pcm.c: little-endian samples to float and back. Full scale is 2^(bits-1), so that integers
 * of up to 24 bits survive the way there and back unchanged; 32-bit integers round to the 24 bits
 * of a float. */
#include "host/audio_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct pcm_facts {
    int32_t bytes;
    const char *sample_format, *codec;
} pcm_facts;

static const pcm_facts facts[] = {
    [PCM_U8] = {1, "u8", "pcm_u8"},      [PCM_S16] = {2, "s16", "pcm_s16le"},
    [PCM_S24] = {3, "s24", "pcm_s24le"}, [PCM_S32] = {4, "s32", "pcm_s32le"},
    [PCM_F32] = {4, "f32", "pcm_f32le"}, [PCM_F64] = {8, "f64", "pcm_f64le"},
};

int32_t audio_pcm_bytes(audio_pcm pcm)
{
    return facts[pcm].bytes;
}

const char *audio_pcm_sample_format(audio_pcm pcm)
{
    return facts[pcm].sample_format;
}

const char *audio_pcm_codec(audio_pcm pcm)
{
    return facts[pcm].codec;
}

static uint32_t load32(const unsigned char *in)
{
    return (uint32_t)in[0] | (uint32_t)in[1] << 8 | (uint32_t)in[2] << 16 | (uint32_t)in[3] << 24;
}

static void decode_f64(const unsigned char *in, float *out, int64_t samples)
{
    for (int64_t i = 0; i < samples; i++) {
        uint64_t bits = load32(in + 8 * i) | (uint64_t)load32(in + 8 * i + 4) << 32;
        double value;
        memcpy(&value, &bits, sizeof value);
        out[i] = (float)value;
    }
}

void audio_pcm_decode(audio_pcm pcm, const unsigned char *in, float *out, int64_t samples)
{
    switch (pcm) {
    case PCM_U8:
        for (int64_t i = 0; i < samples; i++)
            out[i] = (float)(in[i] - 128) * 0x1p-7f;
        break;
    case PCM_S16:
        for (int64_t i = 0; i < samples; i++)
            out[i] = (float)(int16_t)(in[2 * i] | in[2 * i + 1] << 8) * 0x1p-15f;
        break;
    case PCM_S24:
        for (int64_t i = 0; i < samples; i++) {
            const unsigned char *p = in + 3 * i;
            uint32_t high = (uint32_t)p[0] << 8 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 24;
            out[i] = (float)(int32_t)high * 0x1p-31f;
        }
        break;
    case PCM_S32:
        for (int64_t i = 0; i < samples; i++)
            out[i] = (float)(int32_t)load32(in + 4 * i) * 0x1p-31f;
        break;
    case PCM_F32:
        for (int64_t i = 0; i < samples; i++) {
            uint32_t bits = load32(in + 4 * i);
            memcpy(out + i, &bits, sizeof bits);
        }
        break;
    case PCM_F64:
        decode_f64(in, out, samples);
        break;
    }
}

int32_t audio_pcm_quantise(float sample, int32_t bits)
{
    double full = (double)(1u << (bits - 1)), value = (double)sample * full;

    if (value >= full - 1)
        return (int32_t)(full - 1);
    if (value <= -full)
        return (int32_t)-full;
    return value != value ? 0 : (int32_t)lrint(value);
}

/* The width is a constant in every call, so that nothing is decided for each sample. */
static inline void encode_integers(const float *in, unsigned char *out, int64_t samples,
                                   int32_t bytes)
{
    const uint32_t bias = bytes == 1 ? 128 : 0;

    for (int64_t i = 0; i < samples; i++, out += bytes) {
        const uint32_t bits = (uint32_t)audio_pcm_quantise(in[i], 8 * bytes) + bias;
        out[0] = (unsigned char)bits;
        if (bytes > 1)
            out[1] = (unsigned char)(bits >> 8);
        if (bytes > 2)
            out[2] = (unsigned char)(bits >> 16);
        if (bytes > 3)
            out[3] = (unsigned char)(bits >> 24);
    }
}

static void encode_f32(const float *in, unsigned char *out, int64_t samples)
{
    for (int64_t i = 0; i < samples; i++, out += 4) {
        uint32_t bits;
        memcpy(&bits, in + i, sizeof bits);
        out[0] = (unsigned char)bits;
        out[1] = (unsigned char)(bits >> 8);
        out[2] = (unsigned char)(bits >> 16);
        out[3] = (unsigned char)(bits >> 24);
    }
}

void audio_pcm_encode(audio_pcm pcm, const float *in, unsigned char *out, int64_t samples)
{
    switch (pcm) {
    case PCM_U8:
        encode_integers(in, out, samples, 1);
        break;
    case PCM_S16:
        encode_integers(in, out, samples, 2);
        break;
    case PCM_S24:
        encode_integers(in, out, samples, 3);
        break;
    case PCM_S32:
        encode_integers(in, out, samples, 4);
        break;
    case PCM_F32:
        encode_f32(in, out, samples);
        break;
    case PCM_F64:
        abort(); /* never written */
    }
}
