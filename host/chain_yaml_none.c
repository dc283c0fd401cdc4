/* chain_yaml_none.c: a build without libyaml. */
#include "host/chain_file.h"
#include "host/option_apply.h"

int chain_yaml_read(const char *text, size_t bytes, const char *name, cli_options *options,
                    char message[OPTIONS_MESSAGE_BYTES])
{
    (void)text, (void)bytes, (void)options;
    return option_refuse(message, "%s: YAML needs the library libyaml, which this build is without",
                         name);
}
