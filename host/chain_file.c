/* chain_file.c: chains of effects from files. */
#include "host/chain_file.h"

#include "host/option_apply.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int chain_file_read(const char *path, cli_options *options, char message[OPTIONS_MESSAGE_BYTES])
{
    FILE *file = fopen(path, "rb");
    char *text = malloc(CHAIN_FILE_BYTES_MAX + 1);
    size_t bytes = 0;
    int status = 0;
    if (file != NULL && text != NULL) {
        bytes = fread(text, 1, CHAIN_FILE_BYTES_MAX + 1, file);
    }
    if (file == NULL || text == NULL || ferror(file)) {
        status = option_refuse(message, "%s: cannot be read: %s", path, strerror(errno));
    } else if (bytes > CHAIN_FILE_BYTES_MAX) {
        status = option_refuse(message, "%s: is longer than the %d bytes that a chain may have",
                               path, CHAIN_FILE_BYTES_MAX);
    } else {
        status = chain_yaml_read(text, bytes, path, options, message);
    }
    free(text);
    if (file != NULL) {
        fclose(file);
    }
    return status;
}
