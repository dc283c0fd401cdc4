/* chain_file.h: chains of effects, and how to encode what they give, from files in YAML.
 *
 *     effects:
 *       - highpass: 40
 *       - compressor: {threshold: -20, ratio: 4}
 *       - eq:
 *           - {frequency: 80, gain: -3, q: 1}
 *           - {type: highshelf, frequency: 8000, gain: 2}
 *       - limiter
 *     output: {codec: mp3, bitrate: 192, rate: 44100, normalize: -16}
 *
 * docs/processing.md has the rules. */
#ifndef CLEAVE_HOST_CHAIN_FILE_H
#define CLEAVE_HOST_CHAIN_FILE_H

#include "host/options.h"

#include <stddef.h>

#define CHAIN_FILE_BYTES_MAX 65536

/* Adds the effects of the file to options->chain and applies its output section. Returns 0, or -1
 * with a sentence that begins "file:line: ". */
int chain_file_read(const char *path, cli_options *options, char message[OPTIONS_MESSAGE_BYTES]);

/* The same of its text; `name` is what sentences call it. A build without a YAML library says so.
 */
int chain_yaml_read(const char *text, size_t bytes, const char *name, cli_options *options,
                    char message[OPTIONS_MESSAGE_BYTES]);

#endif
