/* audio_load_ffmpeg.c: FFmpeg's libraries, loaded when they are first needed. */
#include "host/audio_ffmpeg.h"

#include <dlfcn.h>
#include <pthread.h>
#include <string.h>

#define LIBRARY "libavformat.so." AV_STRINGIFY(LIBAVFORMAT_VERSION_MAJOR)

ffmpeg_functions ffmpeg;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int is_loaded;

/* The function's address into *function, whose type is none that C converts a pointer to. */
static int find(void *library, const char *name, void *function)
{
    void *const address = dlsym(library, name);

    memcpy(function, &address, sizeof address);
    return address != NULL;
}

static void load(void)
{
    /* Functions of the libraries that this one needs are found through it. */
    void *const library = dlopen(LIBRARY, RTLD_LAZY);

    is_loaded = library != NULL;
#define FFMPEG_FUNCTION(name) is_loaded = is_loaded && find(library, #name, &ffmpeg.name)
#include "host/audio_ffmpeg_list.h"
#undef FFMPEG_FUNCTION
}

int audio_ffmpeg_load(void)
{
    pthread_once(&once, load);
    return is_loaded;
}
