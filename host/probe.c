/* probe.c: `cleave probe`: what files say of themselves. */
#include "host/audio.h"
#include "host/commands.h"
#include "host/json.h"
#include "host/report.h"

#include <stdio.h>
#include <string.h>

static int probe_file(const cli_options *options, const char *path, logger *log);
static void print_text(const char *path, const audio_info *info);

int probe_run(const cli_options *options, logger *log)
{
    int failed = 0;
    for (int32_t i = 0; i < options->operand_count; i++) {
        failed |= probe_file(options, options->operands[i], log) != 0;
    }
    return failed ? EXIT_TRACK : EXIT_DONE;
}

static int probe_file(const cli_options *options, const char *path, logger *log)
{
    audio_reader *reader = NULL;
    char message[AUDIO_MESSAGE_BYTES];
    if (audio_reader_open(&reader, path, options->raw ? &options->raw_input : NULL, message) != 0) {
        /* The sentence names the file, which is all that the prefix of a line would do. */
        size_t bytes = strlen(message);
        message[bytes - (bytes > 0 && message[bytes - 1] == '.')] = '\0';
        if (options->json) {
            json_print_probe_error(stdout, path, message);
        }
        log_error(log, "%s", message);
        return -1;
    }
    if (options->json) {
        json_print_probe(stdout, path, audio_reader_info(reader));
    } else {
        print_text(path, audio_reader_info(reader));
    }
    audio_reader_close(&reader);
    return 0;
}

static void print_text(const char *path, const audio_info *info)
{
    char text[LOG_LINE_BYTES];
    char clock[16];
    printf("%s\n", log_escape(path, text, sizeof text));
    printf("  container    %s\n", info->container);
    printf("  codec        %s (%s)\n", info->codec, info->sample_format);
    if (info->duration_s >= 0 && info->frames >= 0) {
        printf("  duration     %s (%.3f s, %lld frames)\n", report_clock(info->duration_s, clock),
               info->duration_s, (long long)info->frames);
    } else if (info->duration_s >= 0) {
        printf("  duration     %s (%.3f s)\n", report_clock(info->duration_s, clock),
               info->duration_s);
    } else {
        printf("  duration     unknown until it is read\n");
    }
    printf("  rate         %d Hz\n", info->rate_hz);
    printf("  channels     %d\n", info->channels);
    if (info->bits > 0) {
        printf("  bits         %d\n", info->bits);
    }
    if (info->bitrate_kbps > 0) {
        printf("  bit rate     %d kbit/s\n", info->bitrate_kbps);
    }
    for (int32_t i = 0; i < info->tag_count; i++) {
        printf("  tag %-8s ", log_escape(info->tags[i].key, text, sizeof text));
        printf("%s\n", log_escape(info->tags[i].value, text, sizeof text));
    }
    if (info->cover != NULL) {
        printf("  cover        %s, %zu bytes\n", info->cover_mime, info->cover_bytes);
    }
}
