/* audio_tags_test.c: tags and covers, there and back, and from other programs. */
#include "host/audio_internal.h"
#include "tests/host/audio_fixtures.h"

static void check_tags(const char *name, const audio_info *expected, int cover)
{
    fixture_audio audio = fixture_read(fixture_path(name));
    const audio_info *info = audio.reader ? audio_reader_info(audio.reader) : NULL;

    if (!info) {
        TEST_FAIL("%s: %s", name, audio.message);
        return;
    }
    for (int32_t i = 0; i < expected->tag_count; i++) {
        const char *value = audio_tags_find(info, expected->tags[i].key);
        if (!value || strcmp(value, expected->tags[i].value))
            TEST_FAIL("%s: %s is \"%s\"", name, expected->tags[i].key, value ? value : "(none)");
    }
    if (cover && (!info->cover || info->cover_bytes != expected->cover_bytes ||
                  memcmp(info->cover, expected->cover, info->cover_bytes) ||
                  strcmp(info->cover_mime, "image/png")))
        TEST_FAIL("%s: the cover did not come through", name);
    TEST_CHECK(audio.frames == 9000 && audio.status == 0);
    fixture_free(&audio);
}

static void tags_and_cover(void)
{
    static const struct {
        const char *name;
        audio_format format;
        int cover;
    } files[] = {{"t.wav", AUDIO_WAV, 0}, {"t.flac", AUDIO_FLAC, 1}, {"t.mp3", AUDIO_MP3, 1},
                 {"t.m4a", AUDIO_M4A, 1}, {"t.opus", AUDIO_OPUS, 1}, {"t.ogg", AUDIO_OGG, 1}};
    static const char *const tags[][2] = {
        {"title", "Grüße an 東京"}, {"artist", "A; B"}, {"album", "Long \"one\""},
        {"date", "1999"},           {"track", "3"},     {"genre", "Jazz"},
        {"comment", "odd"}};
    char message[AUDIO_MESSAGE_BYTES];
    float *x = fixture_signal(9000, 2, 48000);
    audio_info info = {0};

    for (size_t i = 0; i < sizeof tags / sizeof *tags; i++)
        audio_tags_add(&info, tags[i][0], tags[i][1], strlen(tags[i][1]));
    audio_tags_set_cover(&info, fixture_png, sizeof fixture_png);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        audio_writer_config config = fixture_config(files[i].format, 48000, 2, 16);
        config.tags_from = &info;
        if (!fixture_can_write(files[i].format))
            continue;
        if (TEST_CHECK(!fixture_encode(fixture_path(files[i].name), &config, x, 9000, message)))
            check_tags(files[i].name, &info, files[i].cover && audio_backend_ffmpeg());
    }
    if (fixture_has("flac") && fixture_can_write(AUDIO_FLAC))
        TEST_CHECK(fixture_run("flac -t -s '%s'", fixture_path("t.flac")));
    audio_tags_free(&info);
    free(x);
}

static void tags_are_cleaned(void)
{
    audio_info info = {0};

    audio_tags_add(&info, "TITLE", "Caf\xE9", 4); /* Latin-1 */
    audio_tags_add(&info, "title", "second", 6);
    audio_tags_add(&info, "encoder", "x", 1);
    audio_tags_add(&info, "artist", "", 0);
    TEST_CHECK(info.tag_count == 1 && !strcmp(info.tags[0].key, "title"));
    TEST_CHECK(info.tag_count == 1 && !strcmp(info.tags[0].value, "Café"));
    for (int i = 0; i < 200; i++) {
        char key[16];
        snprintf(key, sizeof key, "k%d", i);
        audio_tags_add(&info, key, "v", 1);
    }
    TEST_CHECK(info.tag_count == AUDIO_TAGS_MAX);
    audio_tags_set_cover(&info, (const unsigned char *)"not a picture at all", 20);
    TEST_CHECK(info.cover == NULL);
    audio_tags_free(&info);
}

static void foreign_tags(void)
{
    static const char *const files[] = {"t.mp3",  "t.m4a", "t.flac", "t.ogg",
                                        "t.opus", "t.wav", "t.wma"};

    if (!fixture_has("ffmpeg") || !audio_backend_ffmpeg()) {
        test_skip("needs the ffmpeg command and a build with FFmpeg");
        return;
    }
    char message[AUDIO_MESSAGE_BYTES];
    audio_writer_config config = fixture_config(AUDIO_WAV, 48000, 2, 16);
    float *x = fixture_signal(60000, 2, 48000);
    TEST_CHECK(!fixture_encode(fixture_path("source.wav"), &config, x, 60000, message));
    free(x);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        if (!TEST_CHECK(fixture_run("ffmpeg -nostdin -v quiet -y -i '%s' -metadata title='Grüße' "
                                    "-metadata artist=Somebody -metadata track=3 '%s'",
                                    fixture_path("source.wav"), fixture_path(files[i]))))
            continue;
        fixture_audio audio = fixture_read(fixture_path(files[i]));
        const audio_info *info = audio.reader ? audio_reader_info(audio.reader) : NULL;
        int found = 0;
        for (int32_t t = 0; info && t < info->tag_count; t++) {
            found += !strcmp(info->tags[t].key, "title") && !strcmp(info->tags[t].value, "Grüße");
            found +=
                !strcmp(info->tags[t].key, "artist") && !strcmp(info->tags[t].value, "Somebody");
            found += !strcmp(info->tags[t].key, "track") && !strcmp(info->tags[t].value, "3");
            TEST_CHECK(strcmp(info->tags[t].key, "encoder") != 0);
        }
        if (found != 3)
            TEST_FAIL("%s: %d of 3 tags came through", files[i], found);
        fixture_free(&audio);
    }
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"tags_and_cover", tags_and_cover},
        {"tags_are_cleaned", tags_are_cleaned},
        {"foreign_tags", foreign_tags},
    };
    fixture_open();
    int status = test_main(argc, argv, cases, sizeof cases / sizeof *cases);
    fixture_close();
    return status;
}
