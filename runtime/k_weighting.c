/* k_weighting.c: coefficients of loudness at any rate. */
#include "runtime/k_weighting.h"

#include <math.h>

#define PI          3.14159265358979323846
#define OFFSET_LUFS (-0.691)

void cleave_k_weighting(double rate_hz, double out[CLEAVE_K_SECTIONS * CLEAVE_BIQUAD_COEFFICIENTS])
{
    const double shelf_hz = 1681.974450955533, shelf_q = 0.7071752369554196;
    const double high = pow(10, 3.999843853973347 / 20), band = pow(high, 0.4996667741545416);
    const double pass_hz = 38.13547087602444, pass_q = 0.5003270373238773;
    double *shelf = out, *pass = out + CLEAVE_BIQUAD_COEFFICIENTS;

    double k = tan(PI * shelf_hz / rate_hz);
    double a0 = 1 + k / shelf_q + k * k;
    shelf[CLEAVE_BIQUAD_B0] = (high + band * k / shelf_q + k * k) / a0;
    shelf[CLEAVE_BIQUAD_B1] = 2 * (k * k - high) / a0;
    shelf[CLEAVE_BIQUAD_B2] = (high - band * k / shelf_q + k * k) / a0;
    shelf[CLEAVE_BIQUAD_A1] = 2 * (k * k - 1) / a0;
    shelf[CLEAVE_BIQUAD_A2] = (1 - k / shelf_q + k * k) / a0;

    k = tan(PI * pass_hz / rate_hz);
    a0 = 1 + k / pass_q + k * k;
    pass[CLEAVE_BIQUAD_B0] = pass[CLEAVE_BIQUAD_B2] = 1;
    pass[CLEAVE_BIQUAD_B1] = -2;
    pass[CLEAVE_BIQUAD_A1] = 2 * (k * k - 1) / a0;
    pass[CLEAVE_BIQUAD_A2] = (1 - k / pass_q + k * k) / a0;
}

double cleave_k_lufs(double mean_square)
{
    return mean_square > 0 ? OFFSET_LUFS + 10 * log10(mean_square) : -INFINITY;
}
