/* folder.h: a scratch folder of WAV files for the tests of the tools, and the programs run on it.
 */
#ifndef CLEAVE_TESTS_TOOLS_FOLDER_H
#define CLEAVE_TESTS_TOOLS_FOLDER_H

#include <stdint.h>

typedef struct clip {
    float *samples; /* [frames][channels], malloc'ed; NULL if the file could not be read */
    int64_t frames;
    int32_t channels, rate_hz;
} clip;

/* A new empty folder under $TMPDIR or /tmp; the string is static and the folder is removed at exit.
 */
const char *folder_make(void);

/* Reads FOLDER/name, or writes it as 16-bit WAV; a failure counts against the running case. */
clip folder_read(const char *folder, const char *name);
void folder_write(const char *folder, const char *name, const clip *c);

/* Runs a shell command made as printf makes it, with both its outputs in text; returns its exit
 * status. */
int folder_run(char text[4096], const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
