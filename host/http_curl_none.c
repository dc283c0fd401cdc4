/* http_curl_none.c: a build without libcurl. */
#include "host/http.h"

const char *http_backend(void)
{
    return NULL;
}

http_result http_get(const http_request *request, http_answer *answer,
                     char message[CLEAVE_SENTENCE_BYTES])
{
    (void)request;
    *answer = (http_answer){.total = -1};
    cleave_sentence(message, "this build is without libcurl");
    return HTTP_REFUSED;
}
