// device_memory.cpp: allocations of the executor's stand-in for the CUDA runtime.
#include "tests/simt/work.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <map>

namespace
{

struct allocation {
    unsigned char *map;
    size_t map_bytes, bytes;
    bool on_device;
};

std::map<unsigned char *, allocation> allocations; // by their first byte
int open_count = 0;

size_t page_bytes()
{
    return static_cast<size_t>(sysconf(_SC_PAGESIZE));
}

void protect_all(int access)
{
    const size_t page = page_bytes();

    for (auto &[first, a] : allocations)
        if (a.on_device && mprotect(a.map + page, a.map_bytes - 2 * page, access))
            simt_die("the access to memory of a GPU cannot be changed");
}

// The allocation in which the byte lies; NULL: none does.
const allocation *find(const void *byte)
{
    auto at = allocations.upper_bound(
        const_cast<unsigned char *>(static_cast<const unsigned char *>(byte)));

    if (at == allocations.begin())
        return nullptr;
    --at;
    return byte < at->first + at->second.bytes ? &at->second : nullptr;
}

} // namespace

simt_access::simt_access()
{
    if (open_count++ == 0)
        protect_all(PROT_READ | PROT_WRITE);
}

simt_access::~simt_access()
{
    if (--open_count == 0)
        protect_all(PROT_NONE);
}

int simt_allocate(void **memory, size_t bytes, size_t limit, bool on_device)
{
    const size_t page = page_bytes(), inside = (bytes + page - 1) / page * page;

    if (on_device && (limit < simt_device_bytes_used() || bytes > limit - simt_device_bytes_used()))
        return SIMT_OUT_OF_MEMORY;
    void *const map =
        mmap(nullptr, inside + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (map == MAP_FAILED)
        return SIMT_OUT_OF_MEMORY;
    unsigned char *const start = static_cast<unsigned char *>(map) + page;
    // Large pages, where there are any, are quick to fill and to protect.
    (void)madvise(map, inside + 2 * page, MADV_HUGEPAGE);
    mprotect(start, inside, PROT_READ | PROT_WRITE);
    memset(start, 0xFF, inside);
    if (on_device && open_count == 0)
        mprotect(start, inside, PROT_NONE);
    // Its start is aligned as the engine's tensors are and no better.
    unsigned char *const first = start + (inside - bytes) / 64 * 64;
    allocations[first] = {static_cast<unsigned char *>(map), inside + 2 * page, bytes, on_device};
    *memory = first;
    return 0;
}

void simt_release(void *memory)
{
    const auto at = allocations.find(static_cast<unsigned char *>(memory));

    if (at == allocations.end())
        simt_die("memory is given back that was not allocated");
    munmap(at->second.map, at->second.map_bytes);
    allocations.erase(at);
}

bool simt_is_pinned(const void *byte)
{
    const allocation *const a = find(byte);

    return a && !a->on_device;
}

void simt_check_extent(const void *first, size_t bytes)
{
    const allocation *const a = find(first);

    if (a && bytes > 0 && find(static_cast<const unsigned char *>(first) + bytes - 1) != a)
        simt_die("a copy goes past the end of an allocation");
}

size_t simt_device_bytes_used()
{
    size_t used = 0;

    for (auto &[first, a] : allocations)
        used += a.on_device ? a.bytes : 0;
    return used;
}

void simt_count_memory(simt_runtime_objects *live)
{
    for (auto &[first, a] : allocations)
        (a.on_device ? live->device_bytes : live->pinned_bytes) += a.bytes;
    live->allocations = static_cast<int32_t>(allocations.size());
}
