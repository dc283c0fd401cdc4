/* resample_soxr_none.c: stands in where libsoxr is not there. */
#include "host/audio_internal.h"

const char *audio_backend_resampler(void)
{
    return NULL;
}

int audio_resampler_open(audio_resampler **resampler, int32_t channels, int32_t in_hz,
                         int32_t out_hz, char message[AUDIO_MESSAGE_BYTES])
{
    (void)resampler, (void)channels;
    return audio_fail(message,
                      "%d Hz cannot be converted to %d Hz: this build was made without libsoxr.",
                      in_hz, out_hz);
}

int audio_resampler_process(audio_resampler *resampler, const float *in, int64_t in_frames,
                            int64_t *consumed, float *out, int64_t out_frames_max, int64_t *written)
{
    (void)resampler, (void)in, (void)in_frames, (void)out, (void)out_frames_max;
    *consumed = *written = 0;
    return -1;
}

void audio_resampler_close(audio_resampler **resampler)
{
    *resampler = NULL;
}
