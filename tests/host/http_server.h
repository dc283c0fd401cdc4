/* http_server.h: an HTTP/1.1 server for tests, on the loopback interface, that errs as told. */
#ifndef CLEAVE_TESTS_HOST_HTTP_SERVER_H
#define CLEAVE_TESTS_HOST_HTTP_SERVER_H

#include <stddef.h>
#include <stdint.h>

#define HTTP_SERVER_FILES_MAX    8
#define HTTP_SERVER_REQUESTS_MAX 64

typedef struct http_server http_server;

/* What is served: by the last part of a request's path; any other gets 404. */
typedef struct http_server_file {
    const char *name;
    const unsigned char *bytes;
    size_t count;
} http_server_file;

/* How; all zero is a good server that knows ranges. */
typedef struct http_server_plan {
    http_server_file files[HTTP_SERVER_FILES_MAX];
    int status;           /* answered instead of a file */
    int status_count;     /* that often, then files; 0: always */
    int without_ranges;   /* answers 200 with all of the file */
    int refuse_ranges;    /* answers 416 to every range */
    int shift;            /* added to where a range begins, in header and body */
    int padding;          /* lines of 1000 bytes in the header of a file */
    int without_length;   /* no Content-Length: the end of the connection ends the body */
    int64_t lie;          /* added to the Content-Length */
    int64_t range_max;    /* bytes that a range is cut to; 0: none */
    int redirects;        /* that many of the first requests; -1: all */
    const char *location; /* where to; NULL: the same path */
    /* The k-th answer is cut off after so many bytes of its body: -1 - N after N bytes of its
     * header. */
    int64_t cuts[8];
    int cut_count;
    int reset;       /* a cut resets the connection, which loses what is on its way */
    int chunk_bytes; /* sent at once, with a pause after each; 0: all at once */
    int pause_ms;
    int stall_after; /* after so many chunks nothing comes for eight seconds; 0: never */
} http_server_plan;

/* What came: requests so far, and for each the first byte of its range (-1: none) and its path. */
typedef struct http_server_log {
    int count;
    int64_t from[HTTP_SERVER_REQUESTS_MAX];
    char path[HTTP_SERVER_REQUESTS_MAX][128];
} http_server_log;

/* Starts a server; NULL if it cannot. http_server_url() is its base address, "http://127.0.0.1:N".
 */
http_server *http_server_open(void);
void http_server_close(http_server **server);
const char *http_server_url(const http_server *server);

/* Sets what it does from now on, and empties the log. What the plan points to must live on. */
void http_server_set(http_server *server, const http_server_plan *plan);
void http_server_get_log(http_server *server, http_server_log *log);

#endif
