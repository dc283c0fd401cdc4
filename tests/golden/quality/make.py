#!/usr/bin/env python3
"""The expected figures of tests/runtime/bss_test.c, in float64, with numpy and scipy.

    make.py >bss.txt

Written from the definition (E. Vincent, R. Gribonval, C. Fevotte, "Performance measurement in blind
audio source separation", 2006; windows and silence as BSS Eval version 4 has them: F.-R. Stoeter,
A. Liutkus, N. Ito, "The 2018 Signal Separation Evaluation Campaign", 2018). A line for each window
and stem: SDR, ISR, SIR, SAR in dB. The signals are those of the test: u(seed, index) is splitmix64.
"""
import numpy as np
import scipy.linalg
import scipy.signal

STEMS, CHANNELS, FRAMES, WINDOW, TAPS = 3, 2, 20000, 8000, 512


def uniform(seed, count):
    z = np.arange(count, dtype=np.uint64) + np.uint64(seed) + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z ^= z >> np.uint64(31)
    return (z >> np.uint64(40)).astype(np.float64) * 2.0**-23 - 1


def signals():
    """References: noise, the second low-passed and quiet, the third nearly mono. Estimates: a
    filter of their reference, a delay, leaks of the next stem, and noise. All as float32."""
    count = FRAMES * CHANNELS
    noise = [uniform(1000000 * s, count).reshape(FRAMES, CHANNELS) for s in range(2 * STEMS)]
    r = [0.5 * noise[0], np.zeros((FRAMES, CHANNELS)), 0.2 * noise[2]]
    for n in range(1, FRAMES):
        r[1][n] = 0.875 * r[1][n - 1] + 0.0078125 * noise[1][n]
    r[2][:, 1] = 0.75 * r[2][:, 0] + 0.015625 * noise[2][:, 1]
    r = [x.astype(np.float32).astype(np.float64) for x in r]
    e = []
    for s in range(STEMS):
        x = np.zeros((FRAMES, CHANNELS))
        for tap, gain in ((0, 0.75), (3, 0.25), (100, -0.125)):
            x[tap:] += gain * r[s][: FRAMES - tap]
        x += 0.0625 * r[(s + 1) % STEMS] + 0.0078125 * noise[STEMS + s]
        e.append(x.astype(np.float32).astype(np.float64))
    return np.array(r), np.array(e)


def correlation(a, b):
    """sum_m a[m] b[m + lag] for lag = -(TAPS - 1) .. TAPS - 1."""
    size = 1 << (len(a) + len(b) - 1).bit_length()
    r = np.fft.irfft(np.conj(np.fft.rfft(a, size)) * np.fft.rfft(b, size), size)
    return np.concatenate([r[-(TAPS - 1) :], r[:TAPS]])


def filters(inputs, outputs):
    """[in][tap][out] of the least squared error over the whole track."""
    count = len(inputs)
    gram = np.zeros((count * TAPS, count * TAPS))
    right = np.zeros((count * TAPS, len(outputs)))
    for i, a in enumerate(inputs):
        rows = slice(i * TAPS, (i + 1) * TAPS)
        for j, b in enumerate(inputs):
            r = correlation(a, b)
            gram[rows, j * TAPS : (j + 1) * TAPS] = scipy.linalg.toeplitz(
                r[TAPS - 1 :], r[TAPS - 1 :: -1]
            )
        for o, b in enumerate(outputs):
            right[rows, o] = correlation(a, b)[TAPS - 1 :]
    return np.linalg.solve(gram, right).reshape(count, TAPS, len(outputs))


def filtered(inputs, taps):
    """[out][time] of `inputs` [in][time] through [in][tap][out]."""
    return np.array(
        [
            sum(scipy.signal.fftconvolve(x, taps[i, :, o]) for i, x in enumerate(inputs))
            for o in range(taps.shape[2])
        ]
    )


def ratio_db(signal, noise):
    return 10 * np.log10(np.sum(signal**2) / np.sum(noise**2))


def main():
    references, estimates = (x.transpose(0, 2, 1) for x in signals())
    every = references.reshape(STEMS * CHANNELS, FRAMES)
    joint = [filters(every, e) for e in estimates]
    own = [filters(references[s], estimates[s]) for s in range(STEMS)]
    for begin in range(0, FRAMES - WINDOW + 1, WINDOW):
        window = slice(begin, begin + WINDOW)
        for s in range(STEMS):
            tail = ((0, 0), (0, TAPS - 1))
            source = np.pad(references[s][:, window], tail)
            estimate = np.pad(estimates[s][:, window], tail)
            image = filtered(references[s][:, window], own[s])
            explained = filtered(every[:, window], joint[s])
            print(
                "%.6f %.6f %.6f %.6f"
                % (
                    ratio_db(source, estimate - source),
                    ratio_db(source, image - source),
                    ratio_db(image, explained - image),
                    ratio_db(explained, estimate - explained),
                )
            )


main()
