/* json_jansson.c: objects for programs, through jansson. */
#include "host/json.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

static json_t *text(const char *bytes);
static json_t *result_stems(const track_result *result);
static json_t *result_quality(const track_result *result);
static void print(FILE *stream, json_t *object);

const char *json_backend(void)
{
    return "jansson " JANSSON_VERSION;
}

void json_print_track(FILE *stream, const track_result *result)
{
    json_t *object = json_object();
    json_object_set_new(object, "input", text(result->input));
    if (result->status != TRACK_DONE) {
        json_object_set_new(object, "error",
                            json_pack("{s:s, s:o}", "code", track_status_code(result->status),
                                      "message", text(result->message)));
        print(stream, object);
        return;
    }
    json_t *warnings = json_array();
    for (int32_t i = 0; i < result->warning_count; i++) {
        json_array_append_new(warnings, text(result->warnings[i]));
    }
    json_object_set_new(object, "model", text(result->choice.info.name));
    json_object_set_new(object, "method", text(result->choice.method));
    json_object_set_new(object, "reason", text(result->choice.reason));
    json_object_set_new(object, "device", text(result->device));
    json_object_set_new(object, "stems", result_stems(result));
    json_object_set_new(object, "frames", json_integer(result->frames));
    json_object_set_new(object, "rate", json_integer(result->rate_hz));
    json_object_set_new(object, "channels", json_integer(result->channels));
    json_object_set_new(object, "output_rate", json_integer(result->output_rate_hz));
    json_object_set_new(object, "duration", json_real(result->duration_s));
    json_object_set_new(object, "seconds", json_real(result->seconds));
    json_object_set_new(object, "realtime_factor",
                        json_real(result->duration_s / fmax(result->seconds, 1e-9)));
    json_object_set_new(object, "peak_bytes", json_integer(result->memory_bytes));
    json_object_set_new(object, "peak", json_real(result->peak));
    json_object_set_new(object, "gain", json_real(result->gain));
    json_object_set_new(object, "warnings", warnings);
    json_object_set_new(object, "quality", result_quality(result));
    print(stream, object);
}

void json_print_probe(FILE *stream, const char *path, const audio_info *info)
{
    json_t *object = json_object();
    json_t *tags = json_object();
    for (int32_t i = 0; i < info->tag_count; i++) {
        json_object_set_new(tags, info->tags[i].key, text(info->tags[i].value));
    }
    json_object_set_new(object, "input", text(path));
    json_object_set_new(object, "container", text(info->container));
    json_object_set_new(object, "codec", text(info->codec));
    json_object_set_new(object, "sample_format", text(info->sample_format));
    json_object_set_new(object, "duration",
                        info->duration_s >= 0 ? json_real(info->duration_s) : json_null());
    json_object_set_new(object, "frames",
                        info->frames >= 0 ? json_integer(info->frames) : json_null());
    json_object_set_new(object, "rate", json_integer(info->rate_hz));
    json_object_set_new(object, "channels", json_integer(info->channels));
    json_object_set_new(object, "bits", info->bits > 0 ? json_integer(info->bits) : json_null());
    json_object_set_new(object, "bitrate_kbps",
                        info->bitrate_kbps > 0 ? json_integer(info->bitrate_kbps) : json_null());
    json_object_set_new(object, "tags", tags);
    json_object_set_new(object, "cover",
                        info->cover != NULL
                            ? json_pack("{s:o, s:I}", "mime", text(info->cover_mime), "bytes",
                                        (json_int_t)info->cover_bytes)
                            : json_null());
    print(stream, object);
}

void json_print_probe_error(FILE *stream, const char *path, const char *sentence)
{
    print(stream, json_pack("{s:o, s:{s:s, s:o}}", "input", text(path), "error", "code",
                            track_status_code(TRACK_UNREADABLE), "message", text(sentence)));
}

void json_print_model(FILE *stream, const cleave_model_info *info)
{
    json_t *stems = json_array();
    for (int32_t i = 0; i < info->stem_count; i++) {
        json_array_append_new(stems, text(info->stems[i]));
    }
    print(stream,
          json_pack("{s:o, s:o, s:o, s:i, s:i, s:i, s:b}", "name", text(info->name), "description",
                    text(info->description), "stems", stems, "rate", (int)info->rate_hz,
                    "channels_min", (int)info->channels_min, "channels_max",
                    (int)info->channels_max, "needs_weights", (int)(info->needs_weights != 0)));
}

void json_print_facts(FILE *stream, const json_fact *facts, int32_t count)
{
    json_t *object = json_object();
    for (int32_t i = 0; i < count; i++) {
        json_object_set_new(object, facts[i].name,
                            facts[i].value != NULL ? text(facts[i].value) : json_null());
    }
    print(stream, object);
}

/* A string of any bytes: what is not UTF-8 becomes the replacement character, since JSON holds
 * nothing else. */
static json_t *text(const char *bytes)
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

static json_t *result_stems(const track_result *result)
{
    json_t *stems = json_object();
    for (int32_t s = 0; s < result->stem_count; s++) {
        json_object_set_new(stems, result->stems[s], text(result->paths[s]));
    }
    return stems;
}

/* null, or SDR by stem. */
static json_t *result_quality(const track_result *result)
{
    if (!result->has_quality) {
        return json_null();
    }
    json_t *sdr = json_object();
    for (int32_t s = 0; s < result->stem_count; s++) {
        json_object_set_new(sdr, result->stems[s],
                            isfinite(result->sdr_db[s]) ? json_real(result->sdr_db[s])
                                                        : json_null());
    }
    return json_pack("{s:o}", "sdr_db", sdr);
}

static void print(FILE *stream, json_t *object)
{
    json_dumpf(object, stream, JSON_COMPACT | JSON_REAL_PRECISION(9));
    fputc('\n', stream);
    fflush(stream);
    json_decref(object);
}
