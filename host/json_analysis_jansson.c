/* json_analysis_jansson.c: what `cleave analyze` found, for programs, through jansson. */
#include "host/json.h"

#include "host/json_values.h"

#include <math.h>
#include <string.h>

static void set_file(json_t *object, const audio_info *info);
static json_t *channels_of(const analysis *done);
static json_t *places_of(const analysis_finding *finding, const analysis *done);
static json_t *spectrum_of(const analysis *done);

static json_t *levels_of(const float *levels, int32_t count)
{
    json_t *list = json_array();
    for (int32_t i = 0; i < count; i++) {
        /* Thousandths of a dB; a float's own digits would promise more than there is. */
        json_array_append_new(list, json_number(round(1e3 * (double)levels[i]) / 1e3));
    }
    return list;
}

void json_print_analysis(FILE *stream, const analysis *done)
{
    json_t *object = json_object();
    json_object_set_new(object, "input", json_text(done->input));
    if (done->status != TRACK_DONE) {
        json_object_set_new(object, "error",
                            json_pack("{s:s, s:o}", "code", track_status_code(done->status),
                                      "message", json_text(done->message)));
        json_print(stream, object);
        return;
    }
    const cleave_meter_result *result = done->result;
    set_file(object, audio_reader_info(done->reader));
    json_object_set_new(object, "frames", json_integer(result->frames));
    json_object_set_new(object, "duration_s", json_real(result->duration_s));
    for (const analysis_measure *m = analysis_measures; m->key != NULL; m++) {
        json_object_set_new(object, m->key, json_number(analysis_value(m, result)));
    }
    json_object_set_new(object, "clipped_samples", json_integer(result->clipped_samples));
    json_object_set_new(object, "replaced_samples",
                        json_integer(done->replaced_samples + result->not_finite));
    json_object_set_new(object, "by_channel", channels_of(done));
    json_t *found = json_object();
    for (const analysis_finding *f = analysis_findings; f->key != NULL; f++) {
        json_object_set_new(found, f->key, places_of(f, done));
    }
    json_object_set_new(object, "places", found);
    json_object_set_new(object, "spectrum", spectrum_of(done));
    json_object_set_new(object, "spectrogram_file",
                        done->spectrogram_path[0] != '\0' ? json_text(done->spectrogram_path)
                                                          : json_null());
    json_object_set_new(object, "waveform_file",
                        done->waveform_path[0] != '\0' ? json_text(done->waveform_path)
                                                       : json_null());
    json_object_set_new(object, "analysis_s", json_real(done->seconds));
    json_print(stream, object);
}

void json_print_record(FILE *stream, const cleave_meter_record *record)
{
    json_t *object = json_object();
    json_object_set_new(object, "rms_level", json_number(record->rms_level));
    json_object_set_new(object, "peak_level", json_number(record->peak_level));
    json_object_set_new(object, "dynamic_range", json_number(record->dynamic_range));
    json_object_set_new(object, "signal_to_noise_ratio",
                        json_number(record->signal_to_noise_ratio));
    json_object_set_new(object, "frequency_spectrum",
                        levels_of(record->frequency_spectrum, CLEAVE_METER_BANDS));
    json_object_set_new(object, "silence_detected", json_boolean(record->silence_detected));
    json_object_set_new(object, "clipping_detected", json_boolean(record->clipping_detected));
    json_object_set_new(object, "timestamp", json_real(record->timestamp));
    json_print(stream, object);
}

static void set_file(json_t *object, const audio_info *info)
{
    json_object_set_new(object, "container", json_text(info->container));
    json_object_set_new(object, "codec", json_text(info->codec));
    json_object_set_new(object, "sample_format", json_text(info->sample_format));
    json_object_set_new(object, "rate_hz", json_integer(info->rate_hz));
    json_object_set_new(object, "channels", json_integer(info->channels));
    json_object_set_new(object, "bits", info->bits > 0 ? json_integer(info->bits) : json_null());
    json_object_set_new(object, "bitrate_kbps",
                        info->bitrate_kbps > 0 ? json_integer(info->bitrate_kbps) : json_null());
    json_object_set_new(object, "tags", json_tags(info));
    json_object_set_new(object, "cover", json_cover(info));
}

static json_t *channels_of(const analysis *done)
{
    const cleave_meter_result *result = done->result;
    json_t *list = json_array();
    for (int32_t c = 0; c < audio_reader_info(done->reader)->channels; c++) {
        json_array_append_new(list,
                              json_pack("{s:o, s:o, s:o, s:o}", "rms_dbfs",
                                        json_number(result->channel_rms_dbfs[c]), "peak_dbfs",
                                        json_number(result->channel_peak_dbfs[c]), "true_peak_dbtp",
                                        json_number(result->channel_true_peak_dbtp[c]), "dc_offset",
                                        json_number(result->dc_offset[c])));
    }
    return list;
}

static json_t *places_of(const analysis_finding *finding, const analysis *done)
{
    const cleave_meter_places *places = analysis_places(finding, done->result);
    double rate_hz = audio_reader_info(done->reader)->rate_hz;
    json_t *list = json_array();
    for (int32_t i = 0; i < places->count; i++) {
        const cleave_meter_place *place = &places->place[i];
        json_array_append_new(
            list,
            json_pack("{s:f, s:f, s:I, s:I, s:o, s:o}", "start_s", (double)place->frame / rate_hz,
                      "duration_s", (double)place->frames / rate_hz, "start_frames",
                      (json_int_t)place->frame, "duration_frames", (json_int_t)place->frames,
                      "channel", place->channel >= 0 ? json_integer(place->channel) : json_null(),
                      finding->value_key, json_number((double)place->value)));
    }
    return json_pack("{s:I, s:o}", "count", (json_int_t)places->total, "listed", list);
}

static json_t *spectrum_of(const analysis *done)
{
    const cleave_meter_result *result = done->result;
    json_t *centres = json_array();
    for (int32_t i = 0; i < CLEAVE_METER_BANDS; i++) {
        json_array_append_new(centres, json_number(result->band_hz[i]));
    }
    return json_pack("{s:o, s:o, s:f, s:o}", "band_hz", centres, "band_db",
                     levels_of(result->band_db, CLEAVE_METER_BANDS), "bin_hz",
                     audio_reader_info(done->reader)->rate_hz / 2.0 / (CLEAVE_METER_BINS - 1),
                     "bin_db", levels_of(result->spectrum_db, CLEAVE_METER_BINS));
}
