/* resample_soxr.c: rate conversion by libsoxr at very high quality. libsoxr takes its filter's
 * delay off; what is added here is the exact length: round(n * out / in) frames, the last ones cut
 * or filled with silence. */
#include "host/audio_internal.h"

#include <soxr.h>
#include <stdlib.h>
#include <string.h>

struct audio_resampler {
    soxr_t soxr;
    int32_t channels, in_hz, out_hz;
    int64_t consumed, written;
    int drained; /* flushing: libsoxr has no more */
};

const char *audio_backend_resampler(void)
{
    return soxr_version();
}

int audio_resampler_open(audio_resampler **out, int32_t channels, int32_t in_hz, int32_t out_hz,
                         char message[AUDIO_MESSAGE_BYTES])
{
    audio_resampler *resampler;
    soxr_error_t error = NULL;
    soxr_io_spec_t io = soxr_io_spec(SOXR_FLOAT32_I, SOXR_FLOAT32_I);
    /* libsoxr's usual filter droops by up to 0.01 dB well inside the band (85 dB of SNR at 0.8 of
     * it); without roll-off it is flat to 150 dB. */
    soxr_quality_spec_t quality =
        soxr_quality_spec(SOXR_VHQ, SOXR_ROLLOFF_NONE | SOXR_HI_PREC_CLOCK);
    soxr_runtime_spec_t runtime = soxr_runtime_spec(1);

    if (audio_check_shape("Resampler", in_hz, channels, message) ||
        audio_check_shape("Resampler", out_hz, channels, message))
        return -1;
    resampler = calloc(1, sizeof *resampler);
    if (!resampler)
        return audio_fail(message, "Out of memory.");
    resampler->channels = channels;
    resampler->in_hz = in_hz;
    resampler->out_hz = out_hz;
    resampler->soxr =
        soxr_create(in_hz, out_hz, (unsigned)channels, &error, &io, &quality, &runtime);
    if (error) {
        free(resampler);
        return audio_fail(message, "%d Hz cannot be converted to %d Hz: %s.", in_hz, out_hz, error);
    }
    *out = resampler;
    return 0;
}

/* Frames due for all that was taken in: round(n * out / in), without overflow for any stream. */
static int64_t frames_due(const audio_resampler *resampler)
{
    int64_t whole = resampler->consumed / resampler->in_hz,
            rest = resampler->consumed % resampler->in_hz;

    return whole * resampler->out_hz +
           (rest * resampler->out_hz + resampler->in_hz / 2) / resampler->in_hz;
}

static int flush(audio_resampler *resampler, float *out, int64_t room, int64_t *written)
{
    size_t done = 0;
    int64_t left = frames_due(resampler) - resampler->written;

    room = room < left ? room : left;
    if (room <= 0)
        return 0;
    if (!resampler->drained &&
        soxr_process(resampler->soxr, NULL, 0, NULL, out, (size_t)room, &done))
        return -1;
    if (done == 0) {
        resampler->drained = 1;
        memset(out, 0, (size_t)(room * resampler->channels) * sizeof *out);
        done = (size_t)room;
    }
    *written = (int64_t)done;
    resampler->written += *written;
    return 0;
}

int audio_resampler_process(audio_resampler *resampler, const float *in, int64_t in_frames,
                            int64_t *consumed, float *out, int64_t out_frames_max, int64_t *written)
{
    size_t took = 0, done = 0;

    *consumed = *written = 0;
    if (!in)
        return flush(resampler, out, out_frames_max, written);
    if (soxr_process(resampler->soxr, in, (size_t)in_frames, &took, out, (size_t)out_frames_max,
                     &done))
        return -1;
    *consumed = (int64_t)took;
    *written = (int64_t)done;
    resampler->consumed += *consumed;
    resampler->written += *written;
    return 0;
}

void audio_resampler_close(audio_resampler **resampler)
{
    if (!*resampler)
        return;
    soxr_delete((*resampler)->soxr);
    free(*resampler);
    *resampler = NULL;
}
