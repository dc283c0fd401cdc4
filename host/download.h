/* download.h: a file over HTTP, taken up again where a connection broke. */
#ifndef CLEAVE_HOST_DOWNLOAD_H
#define CLEAVE_HOST_DOWNLOAD_H

#include "host/http.h"

#define DOWNLOAD_RETRIES_MAX 5
#define DOWNLOAD_BYTES_MAX   INT64_C(1000000000) /* of one file */

typedef enum download_status {
    DOWNLOAD_DONE,
    DOWNLOAD_STOPPED, /* by progress(); what came can be gone on from */
    DOWNLOAD_FAILED,  /* likewise */
    DOWNLOAD_LOST     /* failed, and what came is of no use or has no room */
} download_status;

typedef struct download {
    const char *address;
    int64_t bytes_max;     /* a longer file is refused */
    int32_t retry_ms;      /* before the second try; twice that before the third, and so on */
    int32_t stall_seconds; /* without a byte, after which a connection counts as broken */
    void *context;
    /* Called often: bytes of the file that are there, and of the whole (-1: unknown). 0 stops. */
    int (*progress)(void *context, int64_t bytes, int64_t total);
} download;

/* Fills the file behind a descriptor that reads and writes. What it holds is taken for the
 * beginning, and asked for is the rest; a server that knows no ranges, or does not have this one,
 * gives all of it anew. A connection that breaks after it worked, and an answer that asks for
 * patience (408, 429, 5xx), are followed by up to DOWNLOAD_RETRIES_MAX tries. Nothing here knows
 * whether the content is right. Unless DOWNLOAD_DONE or DOWNLOAD_STOPPED, message is one sentence
 * with the address. */
download_status download_file(const download *d, int file, char message[CLEAVE_SENTENCE_BYTES]);

#endif
