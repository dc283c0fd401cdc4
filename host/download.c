/* download.c: a file over HTTP, taken up again where a connection broke. */
#include "host/download.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define WAIT_SLICE_MS 50

/* Why a body was not taken to its end. */
typedef enum stop_reason {
    STOP_NONE,
    STOP_ASKED,     /* by progress() */
    STOP_STATUS,    /* the answer is not the file */
    STOP_MISPLACED, /* a range, but not the one asked for */
    STOP_TOO_LONG,
    STOP_WRITE /* see write_error */
} stop_reason;

typedef struct state {
    const download *d;
    int file;
    int64_t bytes, total; /* in the file; of the whole or -1 */
    int began;            /* this answer is being taken */
    stop_reason stop;
    int write_error;
} state;

static int stop(state *s, stop_reason reason)
{
    s->stop = reason;
    return 0;
}

static int cut(state *s, int64_t bytes)
{
    if (ftruncate(s->file, bytes) == 0 && lseek(s->file, bytes, SEEK_SET) == bytes) {
        s->bytes = bytes;
        return 1;
    }
    s->write_error = errno;
    return stop(s, STOP_WRITE);
}

/* At the first byte of an answer, or at its end if it has none: whether it is the file, or its
 * rest. */
static int begin(state *s, const http_answer *answer)
{
    s->began = 1;
    s->total = answer->total;
    if (answer->status != 200 && answer->status != 206)
        return stop(s, STOP_STATUS);
    if (answer->status == 206 && answer->first != s->bytes)
        return stop(s, STOP_MISPLACED);
    if (answer->total > s->d->bytes_max)
        return stop(s, STOP_TOO_LONG);
    return answer->status == 206 || cut(s, 0);
}

static int take(void *context, const http_answer *answer, const void *bytes, size_t count)
{
    const char *next = bytes;
    state *s = context;

    if (!s->began && !begin(s, answer))
        return 0;
    if ((int64_t)count > s->d->bytes_max - s->bytes)
        return stop(s, STOP_TOO_LONG);
    while (count > 0) {
        const ssize_t written = write(s->file, next, count);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0) {
            s->write_error = written < 0 ? errno : ENOSPC;
            return stop(s, STOP_WRITE);
        }
        next += written;
        count -= (size_t)written;
        s->bytes += written;
    }
    return 1;
}

static int alive(void *context)
{
    state *s = context;

    return s->d->progress(s->d->context, s->bytes, s->total) || stop(s, STOP_ASKED);
}

/* Waits before a further try; 0 when told to stop meanwhile. */
static int wait_before(state *s, int try)
{
    for (int64_t left_ms = (int64_t)s->d->retry_ms << (try - 1); left_ms > 0;
         left_ms -= WAIT_SLICE_MS) {
        const int64_t slice_ms = left_ms < WAIT_SLICE_MS ? left_ms : WAIT_SLICE_MS;
        if (!alive(s))
            return 0;
        nanosleep(&(struct timespec){.tv_nsec = (long)slice_ms * 1000000}, NULL);
    }
    return 1;
}

/* What one request led to. */
typedef enum try_outcome {
    OUTCOME_DONE,
    OUTCOME_STOPPED,
    OUTCOME_AGAIN,
    OUTCOME_FAILED,
    OUTCOME_LOST
} try_outcome;

static try_outcome judge_write(const state *s, char *why)
{
    cleave_sentence(why, "what comes cannot be written: %s", strerror(s->write_error));
    return OUTCOME_LOST;
}

/* What is there does not fit what the server has: all of it, if a part was asked for. */
static try_outcome restart(state *s, char *why)
{
    if (s->bytes == 0)
        return OUTCOME_FAILED;
    return cut(s, 0) ? OUTCOME_AGAIN : judge_write(s, why);
}

static try_outcome judge_stop(state *s, const http_answer *answer, char *why)
{
    switch (s->stop) {
    case STOP_ASKED:
        return OUTCOME_STOPPED;
    case STOP_WRITE:
        return judge_write(s, why);
    case STOP_TOO_LONG:
        cleave_sentence(why, "the file is longer than %lld bytes", (long long)s->d->bytes_max);
        return OUTCOME_LOST;
    case STOP_MISPLACED:
        cleave_sentence(why, "the server sent another range than was asked for");
        return restart(s, why);
    default:
        break;
    }
    cleave_sentence(why, "HTTP status %ld", answer->status);
    if (answer->status == 416)
        return restart(s, why);
    return answer->status == 408 || answer->status == 429 || answer->status >= 500 ? OUTCOME_AGAIN
                                                                                   : OUTCOME_FAILED;
}

static try_outcome try_once(state *s, int try, char *why)
{
    const http_request request = {.address = s->d->address,
                                  .from = s->bytes,
                                  .stall_seconds = s->d->stall_seconds,
                                  .context = s,
                                  .take = take,
                                  .alive = alive};
    http_answer answer;
    http_result result;

    s->began = 0;
    s->stop = STOP_NONE;
    result = http_get(&request, &answer, why);
    if (result == HTTP_DONE && !s->began) {
        /* A header that breaks off looks like the end of an answer without a length. */
        if ((answer.status == 200 || answer.status == 206) && answer.total < 0) {
            cleave_sentence(why, "the answer has neither a length nor a body");
            return OUTCOME_AGAIN;
        }
        if (!begin(s, &answer))
            result = HTTP_STOPPED;
    }
    switch (result) {
    case HTTP_DONE:
        if (s->total < 0 || s->bytes >= s->total)
            return OUTCOME_DONE;
        cleave_sentence(why, "the server sent less than it told");
        return OUTCOME_AGAIN;
    case HTTP_STOPPED:
        return judge_stop(s, &answer, why);
    case HTTP_BROKEN:
        return OUTCOME_AGAIN;
    case HTTP_UNREACHABLE: /* for good, unless it was reached before */
        return try > 0 ? OUTCOME_AGAIN : OUTCOME_FAILED;
    default:
        return OUTCOME_FAILED;
    }
}

download_status download_file(const download *d, int file, char message[CLEAVE_SENTENCE_BYTES])
{
    state s = {.d = d, .file = file, .total = -1};
    char why[CLEAVE_SENTENCE_BYTES] = "";
    try_outcome outcome = OUTCOME_AGAIN;
    struct stat status;

    if (fstat(file, &status) != 0 || lseek(file, 0, SEEK_END) != status.st_size) {
        cleave_sentence(message, "the part that is there cannot be read: %s", strerror(errno));
        return DOWNLOAD_FAILED;
    }
    s.bytes = status.st_size;
    for (int try = 0; try <= DOWNLOAD_RETRIES_MAX && outcome == OUTCOME_AGAIN; try++)
        outcome = try > 0 && !wait_before(&s, try) ? OUTCOME_STOPPED : try_once(&s, try, why);
    if (outcome == OUTCOME_DONE || outcome == OUTCOME_STOPPED)
        return outcome == OUTCOME_DONE ? DOWNLOAD_DONE : DOWNLOAD_STOPPED;
    if (outcome == OUTCOME_AGAIN)
        cleave_sentence(message, "%.120s: %.80s, also in %d further tries%s", d->address, why,
                        DOWNLOAD_RETRIES_MAX, s.bytes > 0 ? "; what came is kept" : "");
    else
        cleave_sentence(message, "%.150s: %.100s", d->address, why);
    return outcome == OUTCOME_LOST ? DOWNLOAD_LOST : DOWNLOAD_FAILED;
}
