/* status.c: fixed texts of the library. */
#include "runtime/cleave.h"

#define TEXT_OF(x) #x
#define TEXT(x)    TEXT_OF(x)

const char *cleave_status_text(cleave_status status)
{
    switch (status) {
    case CLEAVE_OK:
        return "ok";
    case CLEAVE_AGAIN:
        return "not now, try again";
    case CLEAVE_END:
        return "end of the track";
    case CLEAVE_INVALID:
        return "invalid argument";
    case CLEAVE_UNSUPPORTED:
        return "not supported";
    case CLEAVE_NO_MEMORY:
        return "not enough memory";
    case CLEAVE_NO_MODEL:
        return "no such model";
    case CLEAVE_NO_DEVICE:
        return "no such device";
    case CLEAVE_CANCELLED:
        return "cancelled";
    case CLEAVE_SYSTEM:
        return "refused by the operating system";
    }
    return "unknown status";
}

const char *cleave_version(void)
{
    return TEXT(CLEAVE_VERSION_MAJOR) "." TEXT(CLEAVE_VERSION_MINOR) "." TEXT(CLEAVE_VERSION_PATCH);
}
