/* formats.h: what each output format can hold. */
#ifndef CLEAVE_HOST_FORMATS_H
#define CLEAVE_HOST_FORMATS_H

#include "host/audio.h"
#include "host/options.h"

/* The rate a format is written at when `wanted_hz` is asked for: the same if the format has it,
 * else the lowest of its rates that loses nothing, else its highest. */
int32_t formats_rate_hz(audio_format format, int32_t wanted_hz);

int32_t formats_channels_max(audio_format format);

/* Bits of a sample in the sense of audio_writer_config, from the options and, for BITS_KEEP, the
 * input. */
int32_t formats_bits(const cli_options *options, const audio_info *input, int to_pipe);

#endif
