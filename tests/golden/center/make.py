#!/usr/bin/env python3
"""Makes the golden vectors of the centre method, in float64 and independently of the engine.

    make.py        writes its files beside itself; needs numpy and scipy

Input: LENGTH samples of the formula of tests/signal.h. README.md lists the files.
Shapes: T frames, F bins, C channels; planes are (T, F)."""
import os
import numpy as np
from scipy.ndimage import median_filter

RATE, LENGTH, N = 44100, 132300, 4096
FIRST = 84056  # here no two frames are so much alike that rounding decides which is taken
HOP = N // 4
FLOOR = 1e-15
HZ = (60, 120, 200, 350, 600, 1000, 2000, 4000, 6000, 9000, 13000)
ODDS = (-7.0, -5.5, -2.0, -2.0, -2.5, -2.25, -2.75, -2.0, -2.75, -3.25, -3.5)


def signal(count):
    """(count, 2): bass, voice, pad, sweep, noise and offset, quantised to 16 bits."""
    n = np.arange(count)
    t, turn = n / RATE, 2 * np.pi
    since = (n % 22050) / RATE
    hz = 55 * 2.0 ** (np.array((0, 0, 7, 5, 3, 3, 10, 12))[n // 22050 % 8] / 12)
    bass = 0.25 * np.exp(-3 * since) * (np.sin(turn * hz * since) + 0.5 * np.sin(turn * 2 * hz * since))
    vibrato = np.sin(turn * 5.5 * t)
    voice = 0.12 * (0.5 + 0.5 * np.sin(turn * 0.7 * t)) * (
        np.sin(turn * 440 * t + 6 * vibrato) + 0.4 * np.sin(turn * 1320 * t + 18 * vibrato))
    out = np.empty((count, 2))
    for c, gain in enumerate(((0.9, 0.7, 1.0), (1.0, 0.9, 0.6))):
        pad = sum(np.sin(turn * 220 * h * (1 + 0.0005 * h) * t + 0.3 * h + 1.1 * c * h) / h
                  for h in range(1, 9))
        sweep = np.sin(turn * (8000 * t - 300 * t * t)) if c else np.sin(turn * (200 * t + 400 * t * t))
        z = np.uint64(0x6C092771D20768D1) + np.uint64(2) * n.astype(np.uint64) + np.uint64(c)
        z = z + np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
        noise = (z >> np.uint64(40)).astype(float) * 2.0 ** -23 - 1
        envelope = 0.3 * np.exp(-40 * (n % 11025) / RATE)
        y = gain[0] * bass + gain[1] * voice + 0.06 * pad + 0.08 * sweep + gain[2] * envelope * noise
        out[:, c] = np.clip(np.floor(32767 * (y + 0.01) + 0.5), -32768, 32767) / 32768
    return out


WINDOW = np.hanning(N + 1)[:-1]
BEFORE = N - HOP


def stft(x):
    """(L, C) -> (T, C, F), every sample in four frames."""
    frames = -(-(len(x) + BEFORE) // HOP)
    after = HOP * (frames - 1) + N - BEFORE - len(x)
    padded = np.pad(x, ((BEFORE, after), (0, 0)), mode='reflect')
    return np.fft.rfft(np.lib.stride_tricks.sliding_window_view(padded, N, axis=0)[::HOP] * WINDOW)


def istft(X, length):
    """(T, C, F) -> (length, C)."""
    frames = np.fft.irfft(X, N) * WINDOW
    out = np.zeros((HOP * (len(X) - 1) + N, X.shape[1]))
    for t, frame in enumerate(frames):
        out[HOP * t:HOP * t + N] += frame.T
    return out[BEFORE:BEFORE + length] / 1.5


def repeating(A):
    T = len(A)
    B = np.sqrt(A)
    S = B @ B.T
    S = S / np.sqrt(np.maximum(np.diag(S), 1e-300))
    R = A * np.exp(-1)
    for t in range(T):
        free = (np.abs(np.arange(T) - t) > 20) & (S[t] > 0)
        free[0] = free[-2:] = False                 # mirrored
        taken = []
        for j in np.argsort(-S[t], kind='stable'):
            if free[j] and len(taken) < 15:
                taken.append(j)
                free[max(0, j - 4):j + 5] = False
        if len(taken) >= 3:
            R[t] = np.median(A[taken[:len(taken) - 1 + len(taken) % 2]], axis=0)
    return R


def box(P, frames, bins):
    """Mean over a neighbourhood, summed afresh: running sums carry the rounding of loud stretches."""
    h, w = frames // 2, bins // 2
    padded = np.pad(P, ((h, h), (w, w)), mode='symmetric')
    rows = sum(padded[i:i + len(P)] for i in range(frames))
    return sum(rows[:, k:k + P.shape[1]] for k in range(bins)) / (frames * bins)


def log_ratio(a, b, floor):
    return np.clip(np.log((a + floor) / (b + floor)), -6, 6)


def main():
    x = signal(FIRST + LENGTH)[FIRST:]
    X = stft(x)
    PL, PR = np.abs(X[:, 0]) ** 2, np.abs(X[:, -1]) ** 2
    E = (PL + PR) / 2
    A = np.sqrt(E)
    floor = max(FLOOR * E.max(), 1e-36)
    f = np.arange(N // 2 + 1) * RATE / N
    prior = np.interp(np.log(np.maximum(f, 1)), np.log(HZ), ODDS)
    R = repeating(A)
    Q = median_filter(A, size=(1, 31), mode='reflect')
    l, r = box(PL, 3, 3), box(PR, 3, 3)
    z = prior + 0.6 * log_ratio(E, R * R, floor) + 0.3 * log_ratio(E, Q * Q, floor)
    z += 2 * np.log(4 * l * r / (l + r + 2 * floor) ** 2 + 0.01)
    p = 1 / (1 + np.exp(-z))
    V, U = box(p * E, 17, 5), box((1 - p) * E, 17, 5)
    m = 1 / (1 + np.exp(-(0.5 * np.clip(z, -6, 6) + 1.3 * log_ratio(V, U, floor))))
    rest = (1 - m) * A
    H = median_filter(rest, size=(31, 1), mode='reflect')
    P = median_filter(rest, size=(1, 17), mode='reflect')
    PP = P * P * np.where(f < 200, 4, 1)
    d = (PP + floor / 2) / (H * H + PP + floor)
    g = 1 / (1 + (f / 200) ** 8)
    drums, bass = (1 - m) * d, (1 - m) * (1 - d) * g
    planes = {'magnitude': A, 'repeating': R, 'broadband': Q, 'odds': z, 'voice': m,
              'harmonic': H, 'percussive': P, 'drums_share': drums, 'bass_share': bass}
    stems = {k: istft(v[:, None] * X, LENGTH) for k, v in
             {'vocals': m, 'drums': drums, 'bass': bass}.items()}
    stems['other'] = x - sum(stems.values())
    here = os.path.dirname(os.path.abspath(__file__))
    for name, plane in planes.items():
        plane[::7, ::5].astype('<f4').tofile(os.path.join(here, name + '.f32'))
    for name, stem in stems.items():
        stem[::29].astype('<f4').tofile(os.path.join(here, name + '.f32'))


main()
