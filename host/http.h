/* http.h: a GET over HTTP or HTTPS, as its bytes come. */
#ifndef CLEAVE_HOST_HTTP_H
#define CLEAVE_HOST_HTTP_H

#include <stddef.h>
#include <stdint.h>

#include "loader/loader.h"

#define HTTP_REDIRECTS_MAX   5
#define HTTP_CONNECT_SECONDS 15

typedef enum http_result {
    HTTP_DONE,        /* an answer came whole; its status says what it is worth */
    HTTP_BROKEN,      /* the connection broke or stalled: another try may bring the rest */
    HTTP_UNREACHABLE, /* the host is not found, or does not answer */
    HTTP_REFUSED, /* another try would not help: a bad address or certificate, a redirect loop */
    HTTP_STOPPED  /* a callback returned 0 */
} http_result;

/* Of the last answer, after redirects; known when the first byte comes, and at the end. */
typedef struct http_answer {
    long status;   /* 0: none came */
    int64_t first; /* which byte of the file the body begins with; -1: a range that is not told */
    int64_t total; /* bytes of the whole file; -1: not told */
} http_answer;

typedef struct http_request {
    const char *address;
    int64_t from;          /* asks for the bytes from here on; 0: for all, without a range */
    int32_t stall_seconds; /* without a byte, after which the connection counts as broken */
    void *context;
    /* The next bytes of the body. */
    int (*take)(void *context, const http_answer *answer, const void *bytes, size_t count);
    /* Called ten times a second or more. */
    int (*alive)(void *context);
} http_request;

/* Verifies certificates, follows up to HTTP_REDIRECTS_MAX redirects (to HTTPS alone from HTTPS),
 * and knows no other protocol. Unless HTTP_DONE or HTTP_STOPPED, message says why, without the
 * address. The callbacks are called on the calling thread. */
http_result http_get(const http_request *request, http_answer *answer,
                     char message[CLEAVE_SENTENCE_BYTES]);

/* "libcurl 7.88.1", or NULL if this build has none: then http_get() refuses everything. */
const char *http_backend(void);

#endif
