/* signal.c: samples for the end-to-end tests: makes them, adds them up, measures them. Files are
 * float32 unless said.
 *
 *     signal make KIND RATE CHANNELS FRAMES FORMAT
 *         a WAV file, or headerless for FORMAT raw:..., to standard output
 *     signal residual MIX STEM...
 *         the largest |mix - sum of stems|, and the mix's peak
 *     signal fit MIX STEM...
 *         the gain g that minimises |g mix - sum of stems|, and the largest difference at it, of
 *         int16 files
 *     signal stats FILE
 *         samples, peak, rms and count of NaN
 *     signal channels FROM TO FILE
 *         the frames with other channels: their mean, the first of them, or the one repeated
 *     signal scale GAIN FILE
 *     signal lag CHANNELS REFERENCE FILE
 *         by how many frames the file comes late, at the greatest correlation, and that
 *         correlation, 0 to 1; channels are added up
 *
 * KIND: music (voice in the middle, other tones left and right), taps (the same under short sounds
 * at times that do not repeat), loud (music at 1.6 times full scale), noise, silence, nan (music
 * with a NaN, an infinity and 1e30 in it), tone (a sine of 997 Hz whose RMS is 0.1 in every
 * channel), faults (that tone, silent from 2 to 2.5 s, clipped for 3 samples of the first channel
 * at 4 s, with a click at 6 s and cut off for 20 ms at 8 s). FORMAT: s16 s24 s32 u8 f32.
 * Little-endian machines only. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The tone, with faults at known places if wanted. */
static double tone(int64_t frame, int channel, int rate_hz, int has_faults)
{
    double t = (double)frame / rate_hz;
    if (has_faults && ((t >= 2 && t < 2.5) || (t >= 8 && t < 8.02))) {
        return 0.0;
    }
    if (has_faults && channel == 0 && frame >= 4 * rate_hz && frame < 4 * rate_hz + 3) {
        return 1.0;
    }
    if (has_faults && frame == 6 * rate_hz) {
        return 0.8;
    }
    return 0.1 * M_SQRT2 * sin(2.0 * M_PI * 997.0 * t);
}

static double value(const char *kind, int64_t frame, int channel, int rate_hz)
{
    double t = (double)frame / rate_hz;
    if (strcmp(kind, "silence") == 0) {
        return 0.0;
    }
    if (strcmp(kind, "noise") == 0) {
        uint64_t z = ((uint64_t)frame * 8 + (uint64_t)channel + 1) * UINT64_C(0x9e3779b97f4a7c15);
        z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
        return 0.2 * ((double)(z >> 11) / 4503599627370496.0 - 1.0);
    }
    if (strcmp(kind, "tone") == 0 || strcmp(kind, "faults") == 0) {
        return tone(frame, channel, rate_hz, kind[0] == 'f');
    }
    if (strcmp(kind, "nan") == 0 && channel == 0 && frame >= 100 && frame < 103) {
        return frame == 100 ? NAN : frame == 101 ? INFINITY : 1e30;
    }
    double vibrato = 220.0 * t + 0.8 * sin(2.0 * M_PI * 5.0 * t);
    double voice = sin(2.0 * M_PI * vibrato) + 0.5 * sin(4.0 * M_PI * vibrato) +
                   0.3 * sin(6.0 * M_PI * vibrato);
    double side = sin(2.0 * M_PI * (110.0 + 55.0 * channel) * t + channel);
    double level = strcmp(kind, "loud") == 0 ? 1.6 : 0.5;
    double tap = 0.0;
    if (strcmp(kind, "taps") == 0) {
        double number = floor(t / 0.13);
        double since = t - 0.13 * number - 0.05 * fmod(number * 0.618034, 1.0);
        tap = since >= 0.0 ? 0.5 * exp(-80.0 * since) * sin(2.0 * M_PI * 900.0 * since) : 0.0;
        level = 0.15;
    }
    return level * (0.3 * voice + 0.4 * side) + tap;
}

static void put(uint64_t bits, int bytes)
{
    for (int i = 0; i < bytes; i++) {
        putchar((int)(bits >> (8 * i) & 255));
    }
}

static void put_sample(double x, const char *format)
{
    if (strcmp(format, "f32") == 0) {
        float f = (float)x;
        uint32_t bits;
        memcpy(&bits, &f, sizeof bits);
        put(bits, 4);
    } else if (strcmp(format, "u8") == 0) {
        put((uint64_t)lrint(128.0 + 127.0 * fmax(-1.0, fmin(1.0, x))), 1);
    } else {
        int bits = atoi(format + 1);
        double scale = ldexp(1.0, bits - 1) - 1.0;
        put((uint64_t)llrint(scale * fmax(-1.0, fmin(1.0, x))), bits / 8);
    }
}

static int make(char **words)
{
    const char *kind = words[0];
    int rate_hz = atoi(words[1]);
    int channels = atoi(words[2]);
    int64_t frames = atoll(words[3]);
    int raw = strncmp(words[4], "raw:", 4) == 0;
    const char *format = raw ? words[4] + 4 : words[4];
    int bytes = strcmp(format, "u8") == 0 ? 1 : atoi(format + 1) / 8;
    uint64_t data = (uint64_t)frames * (uint64_t)(channels * bytes);
    if (!raw) {
        fputs("RIFF", stdout);
        put(36 + data, 4);
        fputs("WAVEfmt ", stdout);
        put(16, 4);
        put(format[0] == 'f' ? 3 : 1, 2);
        put((uint64_t)channels, 2);
        put((uint64_t)rate_hz, 4);
        put((uint64_t)rate_hz * (uint64_t)(channels * bytes), 4);
        put((uint64_t)(channels * bytes), 2);
        put((uint64_t)(8 * bytes), 2);
        fputs("data", stdout);
        put(data, 4);
    }
    for (int64_t frame = 0; frame < frames; frame++) {
        for (int channel = 0; channel < channels; channel++) {
            put_sample(value(kind, frame, channel, rate_hz), format);
        }
    }
    return fflush(stdout) == 0 ? 0 : 1;
}

/* The samples of a headerless file as doubles; exits if it cannot be read. */
static double *load(const char *path, int is_float, int64_t *count)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        perror(path);
        exit(2);
    }
    fseek(file, 0, SEEK_END);
    int64_t bytes = ftell(file);
    rewind(file);
    *count = bytes / (is_float ? 4 : 2);
    double *samples = malloc((size_t)(*count + 1) * sizeof *samples);
    for (int64_t i = 0; samples != NULL && i < *count; i++) {
        float f;
        int16_t s;
        if (is_float) {
            samples[i] = fread(&f, sizeof f, 1, file) == 1 ? f : NAN;
        } else {
            samples[i] = fread(&s, sizeof s, 1, file) == 1 ? s / 32768.0 : NAN;
        }
    }
    fclose(file);
    return samples;
}

/* mix and the sum of the rest; exits with 3 if their lengths differ. */
static double *load_sum(char **paths, int count, int is_float, double **mix, int64_t *samples)
{
    *mix = load(paths[0], is_float, samples);
    double *sum = calloc((size_t)*samples + 1, sizeof *sum);
    for (int s = 1; s < count; s++) {
        int64_t length = 0;
        double *stem = load(paths[s], is_float, &length);
        if (length != *samples) {
            printf("%s has %lld samples, not %lld\n", paths[s], (long long)length,
                   (long long)*samples);
            exit(3);
        }
        for (int64_t i = 0; i < length; i++) {
            sum[i] += stem[i];
        }
        free(stem);
    }
    return sum;
}

static int residual(char **paths, int count, int is_float)
{
    double *mix;
    int64_t samples;
    double *sum = load_sum(paths, count, is_float, &mix, &samples);
    double gain = 1.0, largest = 0.0, peak = 0.0, dot = 0.0, energy = 0.0;
    for (int64_t i = 0; i < samples; i++) {
        dot += mix[i] * sum[i];
        energy += mix[i] * mix[i];
        peak = fmax(peak, fabs(mix[i]));
    }
    if (!is_float) {
        gain = energy > 0 ? dot / energy : 1.0;
    }
    for (int64_t i = 0; i < samples; i++) {
        largest = fmax(largest, fabs(gain * mix[i] - sum[i]));
    }
    printf("%.9g %.9g\n", largest, is_float ? peak : gain);
    free(mix);
    free(sum);
    return 0;
}

static int stats(const char *path)
{
    int64_t count, nans = 0;
    double *samples = load(path, 1, &count);
    double peak = 0.0, energy = 0.0;
    for (int64_t i = 0; i < count; i++) {
        if (!isfinite(samples[i])) {
            nans++;
            continue;
        }
        peak = fmax(peak, fabs(samples[i]));
        energy += samples[i] * samples[i];
    }
    printf("%lld %.9g %.9g %lld\n", (long long)count, peak,
           sqrt(energy / (double)(count > 0 ? count : 1)), (long long)nans);
    free(samples);
    return 0;
}

static void put_float(double x)
{
    float f = (float)x;
    uint32_t bits;
    memcpy(&bits, &f, sizeof bits);
    put(bits, 4);
}

/* Frames of `from` channels with `to`: the mean of all, or the first of them, or the one again and
 * again. */
static int channels(int from, int to, const char *path)
{
    int64_t count;
    double *samples = load(path, 1, &count);
    for (int64_t frame = 0; frame + from <= count; frame += from) {
        double sum = 0.0;
        for (int c = 0; c < from; c++) {
            sum += samples[frame + c];
        }
        for (int c = 0; c < to; c++) {
            put_float(to == 1 ? sum / from : samples[frame + (from == 1 ? 0 : c)]);
        }
    }
    free(samples);
    return fflush(stdout) == 0 ? 0 : 1;
}

static int scale(double gain, const char *path)
{
    int64_t count;
    double *samples = load(path, 1, &count);
    for (int64_t i = 0; i < count; i++) {
        put_float(gain * samples[i]);
    }
    free(samples);
    return fflush(stdout) == 0 ? 0 : 1;
}

/* The sum of the channels, of every frame. */
static double *load_mono(const char *path, int channel_count, int64_t *frames)
{
    double *samples = load(path, 1, frames);
    *frames /= channel_count;
    for (int64_t t = 0; t < *frames; t++) {
        double sum = 0.0;
        for (int c = 0; c < channel_count; c++) {
            sum += samples[t * channel_count + c];
        }
        samples[t] = sum;
    }
    return samples;
}

static int lag(int channel_count, const char *reference, const char *path)
{
    enum { LAGS = 3000 };
    int64_t frames, others;
    double *a = load_mono(reference, channel_count, &frames);
    double *b = load_mono(path, channel_count, &others);
    int64_t last = (frames < others ? frames : others) - LAGS;
    int64_t first = last - LAGS > 40000 ? last - 40000 : LAGS;
    double best = -1.0;
    int best_lag = 0;
    for (int shift = -LAGS; shift <= LAGS && last > first; shift++) {
        double product = 0.0, energy_a = 1e-30, energy_b = 1e-30;
        for (int64_t t = first; t < last; t++) {
            product += a[t] * b[t + shift];
            energy_a += a[t] * a[t];
            energy_b += b[t + shift] * b[t + shift];
        }
        double likeness = product / sqrt(energy_a * energy_b);
        if (likeness > best) {
            best = likeness;
            best_lag = shift;
        }
    }
    printf("%d %.6f\n", best_lag, best);
    free(a);
    free(b);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 7 && strcmp(argv[1], "make") == 0) {
        return make(argv + 2);
    }
    if (argc >= 4 && (strcmp(argv[1], "residual") == 0 || strcmp(argv[1], "fit") == 0)) {
        return residual(argv + 2, argc - 2, argv[1][0] == 'r');
    }
    if (argc == 3 && strcmp(argv[1], "stats") == 0) {
        return stats(argv[2]);
    }
    if (argc == 5 && strcmp(argv[1], "channels") == 0) {
        return channels(atoi(argv[2]), atoi(argv[3]), argv[4]);
    }
    if (argc == 4 && strcmp(argv[1], "scale") == 0) {
        return scale(atof(argv[2]), argv[3]);
    }
    if (argc == 5 && strcmp(argv[1], "lag") == 0) {
        return lag(atoi(argv[2]), argv[3], argv[4]);
    }
    fprintf(stderr, "usage: signal make|residual|fit|stats|channels|scale|lag ...\n");
    return 2;
}
