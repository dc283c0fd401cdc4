// cpu_kernels.cpp: the kernels of the CPU as kernels of a GPU: a launch copies its arguments and is
// a piece of its stream's work. With these an engine on the executor gives the bits of one on the
// CPU, in little more time; what differs then is the runtime's fault alone.
#include "kernels/ops.h"
#include "tests/simt/work.h"

#include <cstring>
#include <utility>

namespace
{

const cleave_ops &cpu_table()
{
    static const cleave_ops table = [] {
        cleave_ops made = {};
        cleave_ops_cpu(&made, cleave_cpu_features());
        return made;
    }();

    return table;
}

template <size_t OP> void run(const void *args, const cleave_work *work)
{
    const unsigned char *const bytes = static_cast<const unsigned char *>(args);
    const std::vector<unsigned char> copied(bytes, bytes + cleave_op_get(OP)->args_bytes);
    const cleave_work whole = *work;

    simt_give(work->stream, [=] {
        alignas(16) unsigned char aligned[CLEAVE_ARGS_BYTES_MAX];
        memcpy(aligned, copied.data(), copied.size());
        cpu_table().kernel[OP].run(aligned, &whole);
    });
}

template <size_t... OP> void fill(cleave_ops *ops, std::index_sequence<OP...>)
{
    *ops = cpu_table();
    ((ops->kernel[OP].run = run<OP>), ...);
}

} // namespace

void simt_cpu_kernels(cleave_ops *ops)
{
    fill(ops, std::make_index_sequence<CLEAVE_OP_COUNT>());
}
