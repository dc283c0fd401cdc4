/* format_limits.h: what is asked of a format against what it can do, for `process`. What lies
 * outside is refused by name, never changed in silence. */
#ifndef CLEAVE_HOST_FORMAT_LIMITS_H
#define CLEAVE_HOST_FORMAT_LIMITS_H

#include "host/audio.h"
#include "host/options.h"

/* The format that a file name's extension stands for. Returns 0, or -1 if it is none of ours. */
int formats_of_name(const char *path, audio_format *format);

/* The format that is most like the input's: its own if it can be written, else WAV. */
audio_format formats_of_input(const audio_info *input);

/* Bits of a sample in the sense of audio_writer_config; kept from the input unless asked for. */
int32_t formats_bits_kept(audio_format format, int32_t bits, const audio_info *input);

/* What can be judged without the input: bits, bit rate, quality, application. Returns 0, or -1 with
 * a sentence. */
int formats_check_request(audio_format format, const cli_options *options,
                          char message[AUDIO_MESSAGE_BYTES]);

/* What depends on the rate and channels: these themselves, and the bit rate at them. Returns 0, or
 * -1 with a sentence. */
int formats_check_shape(const audio_writer_config *config, char message[AUDIO_MESSAGE_BYTES]);

/* Rate, channels, bits, bit rate and quality of an output of this format, all checked. */
void formats_encoding(audio_format format, const cli_options *options, const audio_info *input,
                      audio_writer_config *config);

#endif
