/* analysis_text.c: the measures of a file for people, on standard output. */
#include "host/analysis.h"

#include "host/axis.h"
#include "host/log.h"

#include <stdio.h>
#include <string.h>

#define PLACES_SHOWN 6 /* of a kind; the report and JSON have more */

static void print_file(const analysis *done)
{
    const audio_info *info = audio_reader_info(done->reader);
    char text[LOG_LINE_BYTES];
    char clock[AXIS_LABEL];
    printf("%s\n", log_escape(done->input, text, sizeof text));
    printf("  %-27s %s, %s (%s), %d Hz, %d channel%s\n", "Format", info->container, info->codec,
           info->sample_format, (int)info->rate_hz, (int)info->channels,
           info->channels == 1 ? "" : "s");
    printf("  %-27s %s (%.3f s, %lld frames)\n", "Duration",
           axis_clock(done->result->duration_s, 0.01, clock), done->result->duration_s,
           (long long)done->result->frames);
    for (int32_t i = 0; i < info->tag_count; i++) {
        char label[40];
        snprintf(label, sizeof label, "Tag %.35s", log_escape(info->tags[i].key, text, 36));
        printf("  %-27s ", label);
        printf("%s\n", log_escape(info->tags[i].value, text, sizeof text));
    }
}

static void print_channels(const analysis *done)
{
    const cleave_meter_result *result = done->result;
    int32_t channels = audio_reader_info(done->reader)->channels;
    char rms[ANALYSIS_NUMBER_BYTES], peak[ANALYSIS_NUMBER_BYTES], true_peak[ANALYSIS_NUMBER_BYTES];
    char offset[ANALYSIS_NUMBER_BYTES];
    for (int32_t c = 0; c < channels; c++) {
        char label[32];
        snprintf(label, sizeof label, "Channel %d", (int)c + 1);
        printf("  %-27s %9s dBFS  RMS, %s dBFS peak, %s dBTP, DC %s\n", label,
               analysis_number(result->channel_rms_dbfs[c], 2, rms),
               analysis_number(result->channel_peak_dbfs[c], 2, peak),
               analysis_number(result->channel_true_peak_dbtp[c], 2, true_peak),
               analysis_number(result->dc_offset[c], 5, offset));
    }
}

static void print_places(const analysis_finding *finding, const analysis *done)
{
    const cleave_meter_places *places = analysis_places(finding, done->result);
    double rate_hz = audio_reader_info(done->reader)->rate_hz;
    if (places->total == 0) {
        printf("  %-27s %9s\n", finding->name, "none");
        return;
    }
    printf("  %-27s %9lld place%s", finding->name, (long long)places->total,
           places->total == 1 ? "" : "s");
    for (int32_t i = 0; i < places->count && i < PLACES_SHOWN; i++) {
        char clock[AXIS_LABEL];
        printf("%s %s", i == 0 ? ":" : ",",
               axis_clock((double)places->place[i].frame / rate_hz, 0.001, clock));
    }
    printf("%s\n", places->total > PLACES_SHOWN ? ", ..." : "");
}

void analysis_print(const analysis *done)
{
    print_file(done);
    for (const analysis_measure *m = analysis_measures; m->key != NULL; m++) {
        char text[ANALYSIS_NUMBER_BYTES];
        printf("  %-27s %9s %-5s %s\n", m->name,
               analysis_number(analysis_value(m, done->result), m->decimals, text), m->unit,
               m->about);
    }
    print_channels(done);
    printf("  %-27s %9lld\n", "Clipped samples", (long long)done->result->clipped_samples);
    for (const analysis_finding *f = analysis_findings; f->key != NULL; f++) {
        print_places(f, done);
    }
    if (done->spectrogram_path[0] != '\0') {
        printf("  %-27s %s\n", "Spectrogram", done->spectrogram_path);
    }
    if (done->waveform_path[0] != '\0') {
        printf("  %-27s %s\n", "Waveform", done->waveform_path);
    }
}
