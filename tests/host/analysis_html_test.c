/* analysis_html_test.c: the report: escaped, well-formed, and in need of nothing else. */
#include "host/analysis_html.h"
#include "host/audio_internal.h"
#include "host/png.h"
#include "tests/test.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void words_become(const char *bytes, const char *expected)
{
    html_page page = {0};
    html_words(&page, bytes);
    if (!TEST_CHECK(page.bytes == strlen(expected) &&
                    memcmp(page.text, expected, page.bytes) == 0)) {
        TEST_FAIL("\"%s\" became \"%.*s\"", bytes, (int)page.bytes, page.text);
    }
    html_free(&page);
}

static void test_words(void)
{
    words_become("a<b>&\"c'", "a&lt;b&gt;&amp;&quot;c&#39;");
    words_become("Caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x8e\xb5", "Caf\xc3\xa9 \xe2\x82\xac "
                                                              "\xf0\x9f\x8e\xb5");
    words_become("\x01\x7f", "\xef\xbf\xbd\xef\xbf\xbd");
    words_become("\xff\xc3", "\xef\xbf\xbd\xef\xbf\xbd");
    words_become("\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd");                 /* overlong */
    words_become("\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"); /* a surrogate */
    words_become("\xe2\x82", "\xef\xbf\xbd\xef\xbf\xbd");
}

/* The vectors of RFC 4648. */
static void test_base64(void)
{
    static const char *const cases[][2] = {
        {"", ""},        {"f", "Zg=="},        {"fo", "Zm8="},
        {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"foobar", "Zm9vYmFy"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        html_page page = {0};
        html_base64(&page, (const unsigned char *)cases[i][0], strlen(cases[i][0]));
        TEST_CHECK(page.bytes == strlen(cases[i][1]) &&
                   (page.bytes == 0 || memcmp(page.text, cases[i][1], page.bytes) == 0));
        html_free(&page);
    }
}

/* A report of one good and one bad file, with names that want to break out of it. */
static html_page make_report(void)
{
    static char key[] = "title", value[] = "</td><script src=\"http://x\">&\"'";
    html_page page = {0};
    audio_reader reader = {.info = {.container = "wav",
                                    .codec = "pcm_s16le",
                                    .rate_hz = 44100,
                                    .channels = 2,
                                    .bits = 16,
                                    .frames = 44100,
                                    .duration_s = 1,
                                    .tag_count = 1,
                                    .tags = {{key, value}}}};
    analysis done = {.status = TRACK_DONE, .reader = &reader};
    analysis failed = {.status = TRACK_UNREADABLE};
    picture drawn;
    char message[PNG_MESSAGE_BYTES];
    done.result = calloc(1, sizeof *done.result);
    done.result->rms_dbfs = -20;
    done.result->snr_db = NAN;
    done.result->noise_dbfs = -INFINITY;
    done.result->clipping.total = 1000;
    done.result->clipping.count = CLEAVE_METER_PLACES_MAX;
    for (int i = 0; i < CLEAVE_METER_BANDS; i++) {
        done.result->band_hz[i] = 1000 * pow(10, (i - 17) / 10.0);
        done.result->band_db[i] = i == 5 ? -INFINITY : -30.0f;
    }
    TEST_CHECK(picture_open(&drawn, 30, 20, (colour){1, 2, 3}) == 0);
    if (png_backend() != NULL) {
        TEST_CHECK(png_encode(&drawn, &done.waveform, message) == 0);
        TEST_CHECK(png_encode(&drawn, &done.spectrogram, message) == 0);
    }
    picture_free(&drawn);
    snprintf(done.input, sizeof done.input, "%s", "<i>\"a\" & 'b'\xff.wav");
    snprintf(failed.input, sizeof failed.input, "%s", "no<ne.wav");
    analysis_fail(&failed, TRACK_UNREADABLE, "no<ne.wav: cannot be opened.");
    analysis_html_begin(&page, 2);
    analysis_html_add(&page, &done);
    analysis_html_add(&page, &failed);
    analysis_html_end(&page);
    free(done.result);
    free(done.waveform.bytes);
    free(done.spectrogram.bytes);
    html_add(&page, "%c", '\0');
    return page;
}

/* Every tag is closed in its order, attributes are quoted, and entities are XML's. */
static void test_well_formed(void)
{
    enum { DEPTH = 32 };
    html_page page = make_report();
    char open[DEPTH][16];
    int depth = 0, elements = 0;
    TEST_CHECK(!page.has_failed && strncmp(page.text, "<!DOCTYPE html>\n<html", 21) == 0);
    for (const char *at = strstr(page.text, "<html"); at != NULL && *at != '\0'; at++) {
        if (*at == '&') {
            TEST_CHECK(strncmp(at, "&amp;", 5) == 0 || strncmp(at, "&lt;", 4) == 0 ||
                       strncmp(at, "&gt;", 4) == 0 || strncmp(at, "&quot;", 6) == 0 ||
                       strncmp(at, "&#39;", 5) == 0);
        }
        if (*at != '<') {
            continue;
        }
        int is_end = at[1] == '/';
        const char *name = at + 1 + is_end;
        size_t bytes = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789");
        const char *end = name;
        for (int is_quoted = 0; *end != '\0' && (is_quoted || *end != '>'); end++) {
            is_quoted ^= *end == '"';
        }
        if (!TEST_CHECK(bytes > 0 && bytes < 16 && *end == '>')) {
            break;
        }
        if (is_end) {
            if (!TEST_CHECK(depth > 0 && strlen(open[depth - 1]) == bytes &&
                            memcmp(open[depth - 1], name, bytes) == 0)) {
                TEST_FAIL("</%.*s> closes nothing", (int)bytes, name);
                break;
            }
            depth--;
        } else if (end[-1] != '/' && TEST_CHECK(depth < DEPTH)) {
            snprintf(open[depth++], 16, "%.*s", (int)bytes, name);
        }
        elements++;
        at = end;
    }
    TEST_CHECK(depth == 0 && elements > 100);
    html_free(&page);
}

/* No script, no address, no file: pictures are in the page. */
static void test_self_contained(void)
{
    static const char *const wrong[] = {"<script", "http:", "https:", "url(", "@import",
                                        "<link",   "href",  "<i>",    "no<ne"};
    html_page page = make_report();
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        const char *found = strstr(page.text, wrong[i]);
        /* What a tag says is words, and stays. */
        if (found != NULL && strncmp(found, "http://x&quot;", 14) != 0) {
            TEST_FAIL("the page has \"%s\": %.40s", wrong[i], found);
        }
    }
    int pictures = 0;
    for (const char *at = page.text; (at = strstr(at, " src=\"")) != NULL; at++) {
        TEST_CHECK(strncmp(at, " src=\"data:image/png;base64,iVBORw0KGgo", 38) == 0);
        pictures++;
    }
    TEST_CHECK(pictures == (png_backend() != NULL ? 2 : 0));
    TEST_CHECK(strstr(page.text, "&lt;i&gt;&quot;a&quot; &amp; &#39;b&#39;\xef\xbf\xbd.wav") !=
               NULL);
    TEST_CHECK(strstr(page.text, "no&lt;ne.wav: cannot be opened</p>") != NULL);
    TEST_CHECK(strstr(page.text, "\xe2\x88\x92"
                                 "20.00") != NULL);
    TEST_CHECK(strstr(page.text, "Clipping: 1000 places") != NULL &&
               strstr(page.text, "and 900 more") != NULL);
    html_free(&page);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {{"words", test_words},
                                      {"base64", test_base64},
                                      {"well_formed", test_well_formed},
                                      {"self_contained", test_self_contained}};
    return test_main(argc, argv, cases, (int)(sizeof cases / sizeof cases[0]));
}
