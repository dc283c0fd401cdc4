/* cuda_api_cuda_none.c: stands in for the CUDA runtime in builds without it. */
#include "runtime/cuda_api.h"

const cleave_cuda_api *cleave_cuda_api_get(void)
{
    return NULL;
}
