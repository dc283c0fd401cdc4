/* analysis_measures.c: what each measure is called, and what it means. */
#include "host/analysis.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>

/* By its offset, so that the table alone knows a measure. */
#define AT(field) offsetof(cleave_meter_result, field)

const analysis_measure analysis_measures[] = {
    {"rms_dbfs", "RMS level", "dBFS",
     "mean power; a sine of full scale has \xe2\x88\x92"
     "3.01",
     2, AT(rms_dbfs)},
    {"peak_dbfs", "Peak", "dBFS", "largest sample", 2, AT(peak_dbfs)},
    {"true_peak_dbtp", "True peak", "dBTP", "largest value between samples too", 2,
     AT(true_peak_dbtp)},
    {"crest_db", "Crest factor", "dB", "peak to RMS", 2, AT(crest_db)},
    {"dynamic_range_db", "Dynamic range", "dB", "loudest fifth of 3 s blocks to the peaks (DR)", 1,
     AT(dynamic_range_db)},
    {"integrated_lufs", "Loudness, integrated", "LUFS", "of the whole track, gated (BS.1770)", 1,
     AT(integrated_lufs)},
    {"momentary_max_lufs", "Loudness, momentary max.", "LUFS", "loudest 0.4 s", 1,
     AT(momentary_max_lufs)},
    {"short_term_max_lufs", "Loudness, short-term max.", "LUFS", "loudest 3 s", 1,
     AT(short_term_max_lufs)},
    {"loudness_range_lu", "Loudness range", "LU", "from soft to loud passages (EBU Tech 3342)", 1,
     AT(loudness_range_lu)},
    {"plr_db", "Peak to loudness", "dB", "true peak to integrated loudness", 1, AT(plr_db)},
    {"snr_db", "Signal to noise", "dB", "estimate: the rest to the noise floor", 1, AT(snr_db)},
    {"noise_dbfs", "Noise floor", "dBFS", "estimate, by minimum statistics", 1, AT(noise_dbfs)},
    {"stereo_correlation", "Stereo correlation", "",
     "1 mono, 0 unrelated, \xe2\x88\x92"
     "1 opposed",
     3, AT(stereo_correlation)},
    {"centroid_hz", "Spectral centroid", "Hz", "mean frequency, by power", 0, AT(centroid_hz)},
    {"rolloff_hz", "Spectral roll-off", "Hz", "85 % of the power lie below", 0, AT(rolloff_hz)},
    {"silence_s", "Silence", "s", "all silent places together", 2, AT(silence_s)},
    {0},
};

const analysis_finding analysis_findings[] = {
    {"clipping", "Clipping", "samples in a row at full scale", "peak", "Peak", AT(clipping)},
    {"silence", "Silence", "level below the threshold", "rms", "RMS", AT(silence)},
    {"dropouts", "Drop-outs", "the signal is cut off abruptly", "held", "Held at", AT(dropouts)},
    {"clicks", "Clicks", "short bursts that fit nothing around them", "ratio", "Ratio", AT(clicks)},
    {0},
};

double analysis_value(const analysis_measure *measure, const cleave_meter_result *result)
{
    return *(const double *)((const char *)result + measure->offset);
}

const cleave_meter_places *analysis_places(const analysis_finding *finding,
                                           const cleave_meter_result *result)
{
    return (const cleave_meter_places *)((const char *)result + finding->offset);
}

const char *analysis_number(double value, int decimals, char text[ANALYSIS_NUMBER_BYTES])
{
    if (isnan(value)) {
        return "-";
    }
    if (isinf(value)) {
        return value < 0 ? "-inf" : "inf";
    }
    /* No "-0.00". */
    double least = 0.5 * pow(10, -decimals);
    snprintf(text, ANALYSIS_NUMBER_BYTES, "%.*f", decimals, fabs(value) < least ? 0 : value);
    return text;
}
