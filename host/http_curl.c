/* http_curl.c: through libcurl. */
#include "host/http.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "runtime/cleave.h"

#define POLL_MS          100
#define HEADER_BYTES_MAX 262144 /* of all answers to one request: libcurl keeps them in memory */

typedef struct transfer {
    const http_request *request;
    http_answer *answer;
    CURL *curl;
    double moved_s; /* when the last byte came, or the transfer began */
    size_t header_bytes;
    int stopped;
} transfer;

static double now_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

const char *http_backend(void)
{
    return "libcurl " LIBCURL_VERSION;
}

/* "bytes FIRST-LAST/TOTAL", where TOTAL may be "*". */
static void read_range(const char *text, http_answer *answer)
{
    char *end;

    if (strncasecmp(text, "bytes ", 6) != 0 || text[6] < '0' || text[6] > '9')
        return;
    const int64_t first = strtoll(text + 6, &end, 10);
    const char *slash = strchr(end, '/');
    if (*end != '-' || !slash)
        return;
    answer->first = first;
    if (slash[1] >= '0' && slash[1] <= '9')
        answer->total = strtoll(slash + 1, NULL, 10);
}

static void read_answer(CURL *curl, http_answer *answer)
{
    struct curl_header *range;
    curl_off_t length = -1;

    *answer = (http_answer){.total = -1};
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer->status);
    if (answer->status == 206) {
        answer->first = -1;
        if (curl_easy_header(curl, "Content-Range", 0, CURLH_HEADER, -1, &range) == CURLHE_OK)
            read_range(range->value, answer);
    } else if (curl_easy_getinfo(curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length) == CURLE_OK) {
        answer->total = length;
    }
}

static size_t on_body(char *bytes, size_t size, size_t count, void *context)
{
    transfer *t = context;

    read_answer(t->curl, t->answer);
    t->moved_s = now_s();
    if (t->request->take(t->request->context, t->answer, bytes, size * count))
        return size * count;
    t->stopped = 1;
    return size * count + 1; /* another number than was offered ends the transfer */
}

static size_t on_header(char *bytes, size_t size, size_t count, void *context)
{
    transfer *t = context;

    (void)bytes;
    t->header_bytes += size * count;
    return t->header_bytes <= HEADER_BYTES_MAX ? size * count : size * count + 1;
}

static int set_up(transfer *t, char *why)
{
    const http_request *r = t->request;
    const char *redirects = !strncasecmp(r->address, "https:", 6) ? "https" : "http,https";
    char range[32], agent[64];
    CURL *c = t->curl;
    int ok;

    snprintf(range, sizeof range, "%lld-", (long long)r->from);
    snprintf(agent, sizeof agent, "cleave/%s", cleave_version());
    ok = curl_easy_setopt(c, CURLOPT_URL, r->address) == CURLE_OK &&
         curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
         curl_easy_setopt(c, CURLOPT_REDIR_PROTOCOLS_STR, redirects) == CURLE_OK &&
         curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 1L) == CURLE_OK &&
         curl_easy_setopt(c, CURLOPT_MAXREDIRS, (long)HTTP_REDIRECTS_MAX) == CURLE_OK &&
         curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 1L) == CURLE_OK &&
         curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 2L) == CURLE_OK &&
         curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, (long)HTTP_CONNECT_SECONDS) == CURLE_OK &&
         curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
         curl_easy_setopt(c, CURLOPT_ERRORBUFFER, why) == CURLE_OK &&
         curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header) == CURLE_OK &&
         curl_easy_setopt(c, CURLOPT_HEADERDATA, t) == CURLE_OK &&
         curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body) == CURLE_OK &&
         curl_easy_setopt(c, CURLOPT_WRITEDATA, t) == CURLE_OK;
    curl_easy_setopt(c, CURLOPT_USERAGENT, agent);
    return ok && (r->from == 0 || curl_easy_setopt(c, CURLOPT_RANGE, range) == CURLE_OK);
}

/* Driven here rather than by curl_easy_perform(), which may look up once a second only; and the
 * clock is watched here, since libcurl's own limit looks at a mean over several seconds. */
static CURLcode perform(CURLM *multi, transfer *t)
{
    CURLcode code = CURLE_ABORTED_BY_CALLBACK;
    const CURLMsg *told;
    int running = 1, left;

    while (running) {
        if (curl_multi_perform(multi, &running) != CURLM_OK)
            return CURLE_OUT_OF_MEMORY;
        if (running && !t->request->alive(t->request->context)) {
            t->stopped = 1;
            return code;
        }
        if (running && now_s() - t->moved_s > t->request->stall_seconds)
            return CURLE_OPERATION_TIMEDOUT;
        if (running)
            curl_multi_poll(multi, NULL, 0, POLL_MS, NULL);
    }
    while ((told = curl_multi_info_read(multi, &left)))
        if (told->msg == CURLMSG_DONE)
            code = told->data.result;
    return code;
}

static http_result judge(const transfer *t, CURLcode code, const char *why, char *message)
{
    curl_off_t connected_us = 0;

    if (t->stopped)
        return HTTP_STOPPED;
    curl_easy_getinfo(t->curl, CURLINFO_CONNECT_TIME_T, &connected_us);
    cleave_sentence(message, "%.100s", why[0] ? why : curl_easy_strerror(code));
    switch (code) {
    case CURLE_OK:
        return HTTP_DONE;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
        cleave_sentence(message, "the host's name cannot be resolved");
        return HTTP_UNREACHABLE;
    case CURLE_COULDNT_CONNECT:
    case CURLE_SSL_CONNECT_ERROR:
        return HTTP_UNREACHABLE;
    case CURLE_OPERATION_TIMEDOUT:
        if (connected_us == 0)
            return HTTP_UNREACHABLE;
        cleave_sentence(message, "no byte came for %d s", (int)t->request->stall_seconds);
        return HTTP_BROKEN;
    case CURLE_PARTIAL_FILE:
    case CURLE_GOT_NOTHING:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
        return HTTP_BROKEN;
    case CURLE_WRITE_ERROR: /* from on_header(), since on_body() says `stopped` */
        cleave_sentence(message, "the header is longer than %d bytes", HEADER_BYTES_MAX);
        return HTTP_REFUSED;
    case CURLE_TOO_MANY_REDIRECTS:
        cleave_sentence(message, "more than %d redirects", HTTP_REDIRECTS_MAX);
        return HTTP_REFUSED;
    default:
        return HTTP_REFUSED;
    }
}

http_result http_get(const http_request *request, http_answer *answer,
                     char message[CLEAVE_SENTENCE_BYTES])
{
    transfer t = {.request = request, .answer = answer, .moved_s = now_s()};
    char why[CURL_ERROR_SIZE] = "";
    http_result result = HTTP_REFUSED;
    CURLM *multi;

    *answer = (http_answer){.total = -1};
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        cleave_sentence(message, "libcurl cannot be started");
        return HTTP_REFUSED;
    }
    t.curl = curl_easy_init();
    multi = curl_multi_init();
    if (t.curl && multi && set_up(&t, why) && curl_multi_add_handle(multi, t.curl) == CURLM_OK) {
        const CURLcode code = perform(multi, &t);
        read_answer(t.curl, answer);
        result = judge(&t, code, why, message);
        curl_multi_remove_handle(multi, t.curl);
    } else {
        cleave_sentence(message, "libcurl cannot be set up: it lacks HTTPS, or memory");
    }
    curl_easy_cleanup(t.curl);
    curl_multi_cleanup(multi);
    curl_global_cleanup();
    return result;
}
