/* http_server.c: one thread, one connection at a time, one request a connection. */
#include "tests/host/http_server.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define REQUEST_BYTES 4096
#define STALL_MS      8000

struct http_server {
    pthread_t thread;
    int listener, wake[2]; /* a byte in the pipe ends the thread */
    char url[64];
    pthread_mutex_t mutex; /* of what follows */
    http_server_plan plan;
    http_server_log log;
    int answers; /* with a file */
};

/* One request: the plan as it was then, and which of its kind it is. */
typedef struct exchange {
    http_server *server;
    int socket;
    http_server_plan plan;
    int request, answer;
    char path[128];
    int64_t from; /* -1: no range */
    int cut;      /* the answer was not sent to its end */
} exchange;

/* Waits; 0 when the server is to end, or the client is gone. */
static int pause_for(const exchange *e, int ms)
{
    struct pollfd polled[2] = {{.fd = e->server->wake[0], .events = POLLIN},
                               {.fd = e->socket, .events = POLLRDHUP}};

    return poll(polled, 2, ms) == 0;
}

static int send_all(int socket, const void *bytes, size_t count)
{
    const char *next = bytes;

    while (count > 0) {
        const ssize_t sent = send(socket, next, count, MSG_NOSIGNAL);
        if (sent <= 0)
            return 0;
        next += sent;
        count -= (size_t)sent;
    }
    return 1;
}

static int send_body(const exchange *e, const unsigned char *bytes, size_t count)
{
    const size_t chunk = e->plan.chunk_bytes ? (size_t)e->plan.chunk_bytes : count;
    int sent = 0;

    for (size_t at = 0; at < count; at += chunk) {
        const size_t part = chunk < count - at ? chunk : count - at;
        if (!send_all(e->socket, bytes + at, part))
            return 0;
        if (e->plan.chunk_bytes && !pause_for(e, e->plan.pause_ms))
            return 0;
        if (++sent == e->plan.stall_after && !pause_for(e, STALL_MS))
            return 0;
    }
    return 1;
}

static void answer_status(const exchange *e, int status, const char *more)
{
    static const char body[] = "<html>no file, but words about it</html>\n";
    char header[512];

    snprintf(header, sizeof header,
             "HTTP/1.1 %d Words\r\nContent-Length: %zu\r\nConnection: close\r\n%s\r\n", status,
             sizeof body - 1, more);
    if (send_all(e->socket, header, strlen(header)))
        send_all(e->socket, body, sizeof body - 1);
}

static void answer_redirect(const exchange *e)
{
    char location[256];

    snprintf(location, sizeof location, "Location: %.200s\r\n",
             e->plan.location ? e->plan.location : e->path);
    answer_status(e, 302, location);
}

/* `count` bytes of a header, or all of it, with the padding after its first line. */
static int send_header(const exchange *e, const char *header, size_t count)
{
    const size_t bytes = strlen(header), first = strcspn(header, "\n") + 1;
    char line[1001];

    count = count < bytes ? count : bytes;
    if (count <= first)
        return send_all(e->socket, header, count);
    memset(line, 'x', sizeof line);
    memcpy(line, "X-Padding: ", 11);
    memcpy(line + sizeof line - 3, "\r\n", 3);
    if (!send_all(e->socket, header, first))
        return 0;
    for (int i = 0; i < e->plan.padding; i++)
        if (!send_all(e->socket, line, sizeof line - 1))
            return 0;
    return send_all(e->socket, header + first, count - first);
}

static void answer_file(exchange *e, const http_server_file *file)
{
    const int ranged = e->from >= 0 && !e->plan.without_ranges;
    const int64_t first = ranged ? e->from + e->plan.shift : 0, total = (int64_t)file->count;
    const int64_t cut = e->answer < e->plan.cut_count ? e->plan.cuts[e->answer] : INT64_MAX;
    int64_t count = total - first;
    char header[512], length[64] = "", range[96] = "";

    if (ranged && (e->plan.refuse_ranges || first >= total)) {
        answer_status(e, 416, "");
        return;
    }
    if (ranged && e->plan.range_max && count > e->plan.range_max)
        count = e->plan.range_max;
    if (!e->plan.without_length)
        snprintf(length, sizeof length, "Content-Length: %lld\r\n",
                 (long long)(count + e->plan.lie));
    if (ranged)
        snprintf(range, sizeof range, "Content-Range: bytes %lld-%lld/%lld\r\n", (long long)first,
                 (long long)(first + count - 1), (long long)total);
    snprintf(header, sizeof header, "HTTP/1.1 %s Words\r\nConnection: close\r\n%s%s\r\n",
             ranged ? "206" : "200", length, range);
    if (!send_header(e, header, cut < 0 ? (size_t)(-1 - cut) : strlen(header)) || cut < 0)
        return;
    send_body(e, file->bytes + first, (size_t)(cut < count ? cut : count));
    e->cut = cut < count;
}

static const http_server_file *find_file(const exchange *e)
{
    const char *slash = strrchr(e->path, '/');

    for (int i = 0; i < HTTP_SERVER_FILES_MAX; i++)
        if (e->plan.files[i].name && slash && !strcmp(slash + 1, e->plan.files[i].name))
            return &e->plan.files[i];
    return NULL;
}

/* Reads the header of a request. */
static int read_request(exchange *e)
{
    char text[REQUEST_BYTES];
    size_t used = 0;

    do {
        const ssize_t count = recv(e->socket, text + used, sizeof text - 1 - used, 0);
        if (count <= 0)
            return 0;
        used += (size_t)count;
        text[used] = 0;
    } while (!strstr(text, "\r\n\r\n"));
    if (sscanf(text, "GET %127s HTTP/1.1\r\n", e->path) != 1)
        return 0;
    const char *range = strcasestr(text, "\r\nRange: bytes=");
    e->from = range ? atoll(range + 15) : -1;
    return 1;
}

static void serve(http_server *s, int socket)
{
    exchange e = {.server = s, .socket = socket};
    const http_server_file *file;

    if (!read_request(&e))
        return;
    pthread_mutex_lock(&s->mutex);
    e.plan = s->plan;
    e.request = s->log.count;
    if (s->log.count < HTTP_SERVER_REQUESTS_MAX) {
        s->log.from[s->log.count] = e.from;
        memcpy(s->log.path[s->log.count++], e.path, sizeof e.path);
    }
    const int redirected = e.plan.redirects < 0 || e.request < e.plan.redirects;
    const int failed = e.plan.status && (!e.plan.status_count || e.request < e.plan.status_count);
    file = find_file(&e);
    e.answer = file && !redirected && !failed ? s->answers++ : 0;
    pthread_mutex_unlock(&s->mutex);
    if (redirected)
        answer_redirect(&e);
    else if (failed || !file)
        answer_status(&e, failed ? e.plan.status : 404, "");
    else
        answer_file(&e, file);
    if (e.plan.reset && e.cut) {
        const struct linger now = {1, 0};
        setsockopt(socket, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    }
}

static void *run(void *argument)
{
    http_server *s = argument;

    for (;;) {
        struct pollfd polled[2] = {{.fd = s->wake[0], .events = POLLIN},
                                   {.fd = s->listener, .events = POLLIN}};
        if (poll(polled, 2, -1) < 0)
            continue;
        if (polled[0].revents)
            return NULL;
        const int socket = accept(s->listener, NULL, NULL);
        if (socket >= 0) {
            serve(s, socket);
            close(socket);
        }
    }
}

http_server *http_server_open(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t bytes = sizeof address;
    http_server *s = calloc(1, sizeof *s);

    if (!s)
        return NULL;
    s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (s->listener < 0 || pipe(s->wake) != 0 ||
        bind(s->listener, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(s->listener, 16) != 0 ||
        getsockname(s->listener, (struct sockaddr *)&address, &bytes) != 0 ||
        pthread_mutex_init(&s->mutex, NULL) != 0 || pthread_create(&s->thread, NULL, run, s) != 0) {
        free(s);
        return NULL;
    }
    snprintf(s->url, sizeof s->url, "http://127.0.0.1:%d", ntohs(address.sin_port));
    return s;
}

void http_server_close(http_server **server)
{
    http_server *s = *server;

    if (!s)
        return;
    if (write(s->wake[1], "", 1) == 1)
        pthread_join(s->thread, NULL);
    close(s->listener);
    close(s->wake[0]);
    close(s->wake[1]);
    pthread_mutex_destroy(&s->mutex);
    free(s);
    *server = NULL;
}

const char *http_server_url(const http_server *server)
{
    return server->url;
}

void http_server_set(http_server *server, const http_server_plan *plan)
{
    pthread_mutex_lock(&server->mutex);
    server->plan = *plan;
    server->log.count = 0;
    server->answers = 0;
    pthread_mutex_unlock(&server->mutex);
}

void http_server_get_log(http_server *server, http_server_log *log)
{
    pthread_mutex_lock(&server->mutex);
    *log = server->log;
    pthread_mutex_unlock(&server->mutex);
}
