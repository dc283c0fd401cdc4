/* json_jansson.c: objects for programs, through jansson. */
#include "host/json.h"

#include "host/json_values.h"

#include <math.h>
#include <string.h>

static json_t *result_version(const track_result *result);
static json_t *result_stems(const track_result *result);
static json_t *result_quality(const track_result *result);

const char *json_backend(void)
{
    return "jansson " JANSSON_VERSION;
}

void json_print_track(FILE *stream, const track_result *result)
{
    json_t *object = json_object();
    json_object_set_new(object, "input", json_text(result->input));
    if (result->status != TRACK_DONE) {
        json_object_set_new(object, "error",
                            json_pack("{s:s, s:o}", "code", track_status_code(result->status),
                                      "message", json_text(result->message)));
        json_print(stream, object);
        return;
    }
    const open_model *model = result->choice.model;
    json_t *warnings = json_array();
    for (int32_t i = 0; i < result->warning_count; i++) {
        json_array_append_new(warnings, json_text(result->warnings[i]));
    }
    json_object_set_new(object, "model", json_text(result->choice.info.name));
    json_object_set_new(object, "version", result_version(result));
    json_object_set_new(object, "kind", json_text(result->choice.kind));
    json_object_set_new(object, "networks", json_integer(model != NULL ? model->network_count : 0));
    json_object_set_new(object, "method", json_text(result->choice.method));
    json_object_set_new(object, "reason", json_text(result->choice.reason));
    json_object_set_new(object, "device", json_text(result->device));
    json_object_set_new(object, "stems", result_stems(result));
    json_object_set_new(object, "frames", json_integer(result->frames));
    json_object_set_new(object, "rate", json_integer(result->rate_hz));
    json_object_set_new(object, "channels", json_integer(result->channels));
    json_object_set_new(object, "output_rate", json_integer(result->output_rate_hz));
    json_object_set_new(object, "output_channels", json_integer(result->output_channels));
    json_object_set_new(object, "duration", json_real(result->duration_s));
    json_object_set_new(object, "seconds", json_real(result->seconds));
    json_object_set_new(object, "realtime_factor",
                        json_real(result->duration_s / fmax(result->seconds, 1e-9)));
    json_object_set_new(object, "threads", json_integer(result->threads));
    json_object_set_new(object, "engine_bytes", json_integer(result->engine_bytes));
    json_object_set_new(object, "buffer_bytes", json_integer(result->buffer_bytes));
    json_object_set_new(object, "peak_bytes", json_integer(result->memory_bytes));
    json_object_set_new(object, "peak", json_real(result->peak));
    json_object_set_new(object, "gain", json_real(result->gain));
    json_object_set_new(object, "warnings", warnings);
    json_object_set_new(object, "quality", result_quality(result));
    json_print(stream, object);
}

json_t *json_tags(const audio_info *info)
{
    json_t *tags = json_object();
    for (int32_t i = 0; i < info->tag_count; i++) {
        json_object_set_new(tags, info->tags[i].key, json_text(info->tags[i].value));
    }
    return tags;
}

json_t *json_cover(const audio_info *info)
{
    return info->cover != NULL ? json_pack("{s:o, s:I}", "mime", json_text(info->cover_mime),
                                           "bytes", (json_int_t)info->cover_bytes)
                               : json_null();
}

void json_print_probe(FILE *stream, const char *path, const audio_info *info)
{
    json_t *object = json_object();
    json_object_set_new(object, "input", json_text(path));
    json_object_set_new(object, "container", json_text(info->container));
    json_object_set_new(object, "codec", json_text(info->codec));
    json_object_set_new(object, "sample_format", json_text(info->sample_format));
    json_object_set_new(object, "duration",
                        info->duration_s >= 0 ? json_real(info->duration_s) : json_null());
    json_object_set_new(object, "frames",
                        info->frames >= 0 ? json_integer(info->frames) : json_null());
    json_object_set_new(object, "rate", json_integer(info->rate_hz));
    json_object_set_new(object, "channels", json_integer(info->channels));
    json_object_set_new(object, "bits", info->bits > 0 ? json_integer(info->bits) : json_null());
    json_object_set_new(object, "bitrate_kbps",
                        info->bitrate_kbps > 0 ? json_integer(info->bitrate_kbps) : json_null());
    json_object_set_new(object, "tags", json_tags(info));
    json_object_set_new(object, "cover", json_cover(info));
    json_print(stream, object);
}

void json_print_probe_error(FILE *stream, const char *path, const char *sentence)
{
    json_print(stream,
               json_pack("{s:o, s:{s:s, s:o}}", "input", json_text(path), "error", "code",
                         track_status_code(TRACK_UNREADABLE), "message", json_text(sentence)));
}

static void set_figures(json_t *object, const comparison *compared, const double *values)
{
    for (int k = 0; k < FIGURE_COUNT; k++) {
        uint32_t needed = comparison_figures[k].metrics;
        if ((compared->metrics & needed) == needed) {
            json_object_set_new(object, comparison_figures[k].key, json_number(values[k]));
        }
    }
}

void json_print_comparison(FILE *stream, const comparison *compared, const char *error)
{
    json_t *stems = json_array();
    json_t *mean = json_object();
    if (error != NULL) {
        json_decref(stems);
        json_decref(mean);
        json_print(stream,
                   json_pack("{s:{s:s, s:o}}", "error", "code", track_status_code(TRACK_UNREADABLE),
                             "message", json_text(error)));
        return;
    }
    for (int32_t s = 0; s < compared->stem_count; s++) {
        const compared_stem *stem = &compared->stems[s];
        json_t *object =
            json_pack("{s:o, s:o, s:o}", "name", json_text(stem->name), "reference",
                      json_text(stem->reference), "estimate", json_text(stem->estimate));
        set_figures(object, compared, stem->values);
        json_array_append_new(stems, object);
    }
    set_figures(mean, compared, compared->mean);
    json_t *object = json_pack("{s:I, s:i, s:i}", "frames", (json_int_t)compared->frames, "rate",
                               (int)compared->rate_hz, "channels", (int)compared->channels);
    if ((compared->metrics & METRIC_BSS) != 0) {
        json_object_set_new(object, "bss_windows", json_integer(compared->windows_measured));
    }
    json_object_set_new(object, "stems", stems);
    json_object_set_new(object, "mean", mean);
    json_print(stream, object);
}

void json_print_facts(FILE *stream, const json_fact *facts, int32_t count)
{
    json_t *object = json_object();
    for (int32_t i = 0; i < count; i++) {
        json_object_set_new(object, facts[i].name,
                            facts[i].value != NULL ? json_text(facts[i].value) : json_null());
    }
    json_print(stream, object);
}

/* A string of any bytes: what is not UTF-8 becomes the replacement character, since JSON holds
 * nothing else. */
json_t *json_text(const char *bytes)
{
    json_t *string = json_string(bytes);
    if (string != NULL) {
        return string;
    }
    char safe[3 * OUTPUT_PATH_BYTES + 1];
    size_t used = 0;
    while (*bytes != '\0' && used + 4 < sizeof safe) {
        size_t length = 4;
        json_t *character = NULL;
        for (; length > 0 && character == NULL; length--) {
            character = strnlen(bytes, length) == length ? json_stringn(bytes, length) : NULL;
        }
        length++;
        if (character != NULL) {
            memcpy(safe + used, bytes, length);
            used += length;
            bytes += length;
            json_decref(character);
        } else {
            memcpy(safe + used, "\xef\xbf\xbd", 3);
            used += 3;
            bytes++;
        }
    }
    return json_stringn(safe, used);
}

/* null for the engine's own models; a bag's networks, by their names and versions. */
static json_t *result_version(const track_result *result)
{
    const open_model *model = result->choice.model;
    if (model == NULL) {
        return json_null();
    }
    if (model->version[0] != '\0') {
        return json_text(model->version);
    }
    json_t *names = json_array();
    for (int32_t n = 0; n < model->network_count; n++) {
        json_array_append_new(names, json_text(model->network_names[n]));
    }
    return names;
}

json_t *json_number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

static json_t *result_stems(const track_result *result)
{
    json_t *stems = json_object();
    for (int32_t s = 0; s < result->stem_count; s++) {
        json_object_set_new(stems, result->stems[s], json_text(result->paths[s]));
    }
    return stems;
}

static void set_scores(json_t *object, const cleave_quality_scores *scores)
{
    json_object_set_new(object, "score", json_number(scores->score));
    json_object_set_new(object, "snr_db", json_number(scores->snr_db));
    json_object_set_new(object, "si_sdr_db", json_number(scores->si_sdr_db));
    json_object_set_new(object, "spectral_similarity", json_number(scores->spectral_similarity));
    json_object_set_new(object, "reference_rms_db", json_number(scores->reference_rms_db));
    json_object_set_new(object, "estimate_rms_db", json_number(scores->estimate_rms_db));
    json_object_set_new(object, "rms_difference_db",
                        json_number(scores->estimate_rms_db - scores->reference_rms_db));
}

/* null, or how near the sum of the stems comes to the mixture, and the stems to their references.
 */
static json_t *result_quality(const track_result *result)
{
    json_t *quality = json_object();
    if (!result->is_scored && !result->has_references) {
        json_decref(quality);
        return json_null();
    }
    if (result->is_scored) {
        set_scores(quality, &result->of_sum);
    }
    if (result->has_references) {
        json_t *sdr = json_object();
        json_t *references = json_object();
        for (int32_t s = 0; s < result->stem_count; s++) {
            json_t *scores = result->has_reference[s] ? json_object() : json_null();
            if (result->has_reference[s]) {
                set_scores(scores, &result->of_stem[s]);
            }
            json_object_set_new(
                sdr, result->stems[s],
                json_number(result->has_reference[s] ? result->of_stem[s].snr_db : NAN));
            json_object_set_new(references, result->stems[s], scores);
        }
        json_object_set_new(quality, "sdr_db", sdr);
        json_object_set_new(quality, "references", references);
    }
    return quality;
}

void json_print(FILE *stream, json_t *object)
{
    json_dumpf(object, stream, JSON_COMPACT | JSON_REAL_PRECISION(9));
    fputc('\n', stream);
    fflush(stream);
    json_decref(object);
}
