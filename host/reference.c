/* reference.c: how near the stems are to the true ones. */
#include "host/reference.h"

#include "host/score.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct stem_reference {
    audio_reader *reader;
    int32_t channels, block_frames_max;
    int ended;
    float *block; /* [block_frames_max][channels] */
    cleave_quality *score;
};

char *reference_find(const char *folder, const char *stem)
{
    struct dirent **entries = NULL;
    int count = scandir(folder, &entries, NULL, alphasort);
    size_t bytes = strlen(stem);
    char *path = NULL;
    for (int i = 0; i < count; i++) {
        const char *name = entries[i]->d_name;
        if (path == NULL && strncmp(name, stem, bytes) == 0 && name[bytes] == '.' &&
            strchr(name + bytes + 1, '.') == NULL && asprintf(&path, "%s/%s", folder, name) < 0) {
            path = NULL;
        }
        free(entries[i]);
    }
    free(entries);
    return path;
}

static int open_file(stem_reference *reference, const char *path, int32_t rate_hz, char *message)
{
    if (audio_reader_open(&reference->reader, path, NULL, message) != 0) {
        return -1;
    }
    const audio_info *info = audio_reader_info(reference->reader);
    if (info->rate_hz != rate_hz || info->channels != reference->channels) {
        snprintf(message, AUDIO_MESSAGE_BYTES,
                 "the reference %s has %d Hz and %d channels, the stem %d Hz and %d", path,
                 info->rate_hz, info->channels, rate_hz, reference->channels);
        return -1;
    }
    return 0;
}

int reference_open(stem_reference **opened, const char *folder, const char *stem, int32_t rate_hz,
                   int32_t channels, int32_t block_frames_max, char message[AUDIO_MESSAGE_BYTES])
{
    char *path = reference_find(folder, stem);
    *opened = NULL;
    if (path == NULL) {
        return 0;
    }
    stem_reference *reference = calloc(1, sizeof *reference);
    int failed = reference == NULL;
    snprintf(message, AUDIO_MESSAGE_BYTES, "out of memory");
    if (!failed) {
        reference->channels = channels;
        reference->block_frames_max = block_frames_max;
        reference->block = malloc((size_t)block_frames_max * (size_t)channels * sizeof(float));
        reference->score = score_open(channels);
        failed = reference->block == NULL || reference->score == NULL ||
                 open_file(reference, path, rate_hz, message) != 0;
    }
    free(path);
    if (failed) {
        reference_close(&reference);
        return -1;
    }
    *opened = reference;
    return 0;
}

void reference_compare(stem_reference *reference, const float *estimate, int32_t frames)
{
    char message[AUDIO_MESSAGE_BYTES];
    int32_t done = 0;
    while (done < frames) {
        int32_t wanted = frames - done < reference->block_frames_max ? frames - done
                                                                     : reference->block_frames_max;
        int64_t got = reference->ended
                          ? 0
                          : audio_reader_read(reference->reader, reference->block, wanted, message);
        if (got <= 0) {
            reference->ended = 1;
            memset(reference->block, 0,
                   (size_t)wanted * (size_t)reference->channels * sizeof(float));
            got = wanted;
        }
        cleave_quality_push(reference->score, reference->block,
                            estimate + (int64_t)done * reference->channels, got);
        done += (int32_t)got;
    }
}

int reference_compare_length(stem_reference *reference)
{
    char message[AUDIO_MESSAGE_BYTES];
    if (reference->ended) {
        return -1;
    }
    return audio_reader_read(reference->reader, reference->block, 1, message) > 0;
}

void reference_finish(stem_reference *reference, cleave_quality_scores *scores)
{
    cleave_quality_finish(reference->score, scores);
}

void reference_close(stem_reference **reference)
{
    if (*reference != NULL) {
        audio_reader_close(&(*reference)->reader);
        score_close(&(*reference)->score);
        free((*reference)->block);
        free(*reference);
        *reference = NULL;
    }
}
