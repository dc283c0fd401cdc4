/* json_process_jansson.c: what `process` did to a track, for programs. */
#include "host/json.h"

#include "host/json_values.h"

#include <math.h>

/* JSON has no infinities: what is not defined is null. */
static json_t *number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

static json_t *normalized(const fx_line_info *line)
{
    json_t *list = json_array();
    for (int32_t i = 0; i < line->normalized_count; i++) {
        const fx_normalized *n = &line->normalized[i];
        json_array_append_new(list, json_pack("{s:s, s:o, s:o, s:o}", "unit", n->unit, "measured",
                                              number(n->measured), "target", number(n->target),
                                              "gain_db", number(n->gain_db)));
    }
    return list;
}

static json_t *stats(const process_result *result)
{
    json_t *object = json_object();
    double seconds = fmax(result->seconds, 1e-9);
    json_object_set_new(object, "processing_time", json_real(result->seconds));
    json_object_set_new(object, "realtime_factor", json_real(result->duration_s / seconds));
    json_object_set_new(object, "cpu_percent", json_real(100.0 * result->cpu_seconds / seconds));
    json_object_set_new(object, "gpu_percent", json_real(0.0));
    json_object_set_new(object, "memory_bytes", json_integer(result->memory_bytes));
    json_object_set_new(object, "buffer_underruns", json_integer(0));
    json_object_set_new(object, "buffer_overruns", json_integer(0));
    json_object_set_new(object, "quality_score",
                        result->is_scored ? number(result->score.score) : json_null());
    json_object_set_new(object, "snr_db",
                        result->is_scored ? number(result->score.snr_db) : json_null());
    json_object_set_new(object, "spectral_similarity",
                        result->is_scored ? number(result->score.spectral_similarity)
                                          : json_null());
    return object;
}

static void set_encoding(json_t *object, const audio_writer_config *encoding)
{
    int has_bits = encoding->format == AUDIO_WAV || encoding->format == AUDIO_FLAC ||
                   encoding->format == AUDIO_RAW;
    json_object_set_new(object, "codec", json_string(options_format_name(encoding->format)));
    json_object_set_new(object, "output_rate", json_integer(encoding->rate_hz));
    json_object_set_new(object, "output_channels", json_integer(encoding->channels));
    json_object_set_new(object, "bits", has_bits ? json_integer(encoding->bits) : json_null());
    json_object_set_new(object, "bitrate_kbps",
                        encoding->bitrate_kbps > 0 ? json_integer(encoding->bitrate_kbps)
                                                   : json_null());
}

void json_print_process(FILE *stream, const process_result *result)
{
    json_t *object = json_object();
    json_t *warnings = json_array();
    json_object_set_new(object, "input", json_text(result->input));
    if (result->status != TRACK_DONE) {
        json_decref(warnings);
        json_object_set_new(object, "error",
                            json_pack("{s:s, s:o}", "code", track_status_code(result->status),
                                      "message", json_text(result->message)));
        json_print(stream, object);
        return;
    }
    for (int32_t i = 0; i < result->warning_count; i++) {
        json_array_append_new(warnings, json_text(result->warnings[i]));
    }
    json_object_set_new(object, "output", json_text(result->output));
    json_object_set_new(object, "effects", json_text(result->effects));
    json_object_set_new(object, "frames", json_integer(result->frames));
    json_object_set_new(object, "rate", json_integer(result->rate_hz));
    json_object_set_new(object, "channels", json_integer(result->channels));
    json_object_set_new(object, "output_frames", json_integer(result->output_frames));
    set_encoding(object, &result->encoding);
    json_object_set_new(object, "duration", json_real(result->duration_s));
    json_object_set_new(object, "seconds", json_real(result->seconds));
    json_object_set_new(object, "realtime_factor",
                        json_real(result->duration_s / fmax(result->seconds, 1e-9)));
    json_object_set_new(object, "latency_frames", json_integer(result->line.latency_frames));
    json_object_set_new(object, "engine_bytes", json_integer(result->line.memory_bytes));
    json_object_set_new(object, "peak", json_real(result->peak));
    json_object_set_new(object, "clipped_samples", json_integer(result->clipped_samples));
    json_object_set_new(object, "normalized", normalized(&result->line));
    json_object_set_new(object, "warnings", warnings);
    if (result->has_stats) {
        json_object_set_new(object, "stats", stats(result));
    }
    json_print(stream, object);
}
