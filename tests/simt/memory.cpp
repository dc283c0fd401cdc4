// memory.cpp: rooms between pages without access, and asynchronous copies.
#include "tests/simt/simt.h"

#include <cstdio>
#include <cstring>
#include <sys/mman.h>
#include <unistd.h>
#include <vector>

namespace
{

constexpr size_t room_align = 16;
constexpr size_t front_bytes = 64; // before a room, NaN as well, since its page begins elsewhere

size_t page_bytes()
{
    static const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
    return page;
}

size_t padded(size_t bytes)
{
    return (bytes + room_align - 1) / room_align * room_align;
}

// Rooms that nobody has at the moment.
struct room {
    unsigned char *data;
    size_t bytes;
};

thread_local std::vector<room> vacant;

unsigned char *map_room(size_t bytes)
{
    const size_t page = page_bytes(),
                 inside = (front_bytes + padded(bytes) + page - 1) / page * page;
    void *map = mmap(nullptr, inside + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    unsigned char *const first = static_cast<unsigned char *>(map) + page;

    if (map == MAP_FAILED || mprotect(first, inside, PROT_READ | PROT_WRITE))
        simt_die("there is no memory for a shared array");
    return first + inside - padded(bytes);
}

struct copy {
    void *to;
    const void *from;
    size_t bytes, valid;
};

} // namespace

struct simt_copies {
    std::vector<copy> open;                // not committed yet
    std::vector<std::vector<copy>> groups; // oldest first
};

unsigned char *simt_room_take(size_t bytes)
{
    unsigned char *data = nullptr;

    for (size_t i = 0; i < vacant.size() && !data; i++)
        if (vacant[i].bytes == bytes) {
            data = vacant[i].data;
            vacant.erase(vacant.begin() + static_cast<std::ptrdiff_t>(i));
        }
    if (!data)
        data = map_room(bytes);
    memset(data - front_bytes, 0xFF, front_bytes + padded(bytes));
    return data;
}

bool simt_room_give_back(unsigned char *data, size_t bytes)
{
    vacant.push_back({data, bytes});
    for (size_t i = 0; i < front_bytes; i++)
        if (*(data - front_bytes + i) != 0xFF)
            return false;
    for (size_t i = bytes; i < padded(bytes); i++)
        if (data[i] != 0xFF)
            return false;
    return true;
}

void simt_check_aligned(const void *at, size_t bytes)
{
    if (reinterpret_cast<uintptr_t>(at) % bytes)
        simt_die("an access is not aligned on its size");
}

void simt_copies_free(simt_copies *copies)
{
    delete copies;
}

void simt_copy_start(void *to, const void *from, size_t bytes, size_t valid)
{
    simt_copies *&mine = *simt_copies_place();

    if (bytes != 4 && bytes != 16)
        simt_die("an asynchronous copy has 4 or 16 bytes");
    if (valid > bytes)
        simt_die("an asynchronous copy reads more than it writes");
    simt_check_aligned(to, bytes);
    simt_check_aligned(valid ? from : nullptr, bytes);
    if (!mine)
        mine = new simt_copies;
    memset(to, 0xFF, bytes);
    mine->open.push_back({to, from, bytes, valid});
}

void simt_copy_commit()
{
    simt_copies *&mine = *simt_copies_place();

    if (!mine)
        mine = new simt_copies;
    mine->groups.emplace_back(std::move(mine->open));
    mine->open.clear();
}

void simt_copy_wait(unsigned groups)
{
    simt_copies *const mine = *simt_copies_place();

    while (mine && mine->groups.size() > groups) {
        for (const copy &c : mine->groups.front()) {
            memset(c.to, 0, c.bytes);
            if (c.valid)
                memcpy(c.to, c.from, c.valid);
        }
        mine->groups.erase(mine->groups.begin());
    }
}
