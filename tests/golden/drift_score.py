#!/usr/bin/env python3
"""Writes tests/golden/drift_score.h: the article's drift scores by numpy 1.24 and scipy 1.10.1.

The vectors come from whole numbers, made here and by tests/drift_vectors.h in the same way.

    tests/golden/drift_score.py > tests/golden/drift_score.h
"""
import struct

import numpy as np
from scipy.spatial.distance import cosine

GAMMA = 0x9e3779b97f4a7c15
MASK = 2 ** 64 - 1


def mix(seed, index):
    """splitmix64, its number of a place."""
    with np.errstate(over="ignore"):
        z = (np.uint64(seed & MASK) + (index.astype(np.uint64) + np.uint64(1)) * np.uint64(GAMMA))
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xbf58476d1ce4e5b9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94d049bb133111eb)
        return z ^ (z >> np.uint64(31))


def signed(seed, index, bits):
    return (mix(seed, index).view(np.int64) >> np.int64(64 - bits)).astype(np.int64)


# kind: bits of the center, of the difference between the two sides, of noise; power of two.
KINDS = [
    (48, 0, 48, -48),     # spread about a direction, no drift
    (48, 47, 48, -48),    # drift
    (0, 0, 50, -50),      # noise alone
    (48, 40, 46, 200),    # squares of squares up to 2^1000
    (48, 40, 46, -300),   # down to 2^-1000
    (48, 40, 46, -312),   # squares of squares are subnormal
    (48, 30, 0, -48),     # identical rows
    (48, 44, 20, -48),    # almost identical rows
    (48, 44, 50, -48),    # of very different sizes, from 2^-16 to 2^15
]


def rows(kind, seed, side, count, columns, is_double):
    center, shift, noise, power = KINDS[kind]
    index = np.arange(count * columns, dtype=np.uint64)
    column = index % np.uint64(columns)
    whole = np.zeros(count * columns, dtype=np.int64)
    if center:
        whole += signed(seed, column, center)
    if shift and side:
        whole += signed(seed + 1, column, shift)
    if noise:
        whole += signed(seed + 2 + side, index, noise)
    values = np.ldexp(whole.astype(np.float64), power)
    if kind == 8:
        sizes = (mix(seed + 4 + side, index) >> np.uint64(59)).astype(np.int32)
        values = np.ldexp(values, sizes - 16)
    if not is_double:
        values = values.astype(np.float32).astype(np.float64)
    assert np.isfinite(values).all()
    return values.reshape(count, columns).tolist()


def compute_drift_score(baseline_embeddings, current_embeddings):
    """The article's, which tells its parts, too."""
    baseline_centroid = np.mean(baseline_embeddings, axis=0)
    current_centroid = np.mean(current_embeddings, axis=0)
    centroid_distance = cosine(baseline_centroid, current_centroid)
    baseline_spread = np.std([cosine(e, baseline_centroid) for e in baseline_embeddings])
    current_spread = np.std([cosine(e, current_centroid) for e in current_embeddings])
    spread_change = abs(current_spread - baseline_spread) / (baseline_spread + 1e-8)
    drift_score = min(1.0, (centroid_distance * 0.7) + (spread_change * 0.3))
    return drift_score, centroid_distance, baseline_spread, current_spread, spread_change


def cases():
    columns = [1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 63, 64, 65, 100, 127, 128, 129, 130, 135, 136,
               137, 255, 256, 257, 264, 272, 300, 384, 511, 512, 513, 768, 1000, 1024, 1025, 1100,
               1535, 1536]
    counts = [1, 2, 3, 7, 8, 9, 15, 16, 17, 40, 100, 127, 128, 129, 130, 136, 200, 256, 257, 300]
    number = 0
    for d in columns:
        for kind in range(9):
            if (number + d) % 2 == 0 or d in (1, 2, 7, 8, 9, 128, 129, 384):
                m = counts[number * 7 % len(counts)]
                n = counts[(number * 11 + 5) % len(counts)]
                if d > 600 and m + n > 300:
                    m, n = min(m, 130), min(n, 130)
                narrow = 3 <= kind <= 5  # beyond the range of floats
                yield kind, 1000 + number * 8, m, n, d, narrow or number % 3 != 0
            number += 1
    yield 0, 5, 1, 1, 100000, True
    yield 1, 13, 2, 3, 100000, False
    yield 2, 53, 2, 3, 8192, False
    yield 2, 61, 3, 2, 8193, True
    yield 1, 69, 3, 4, 16500, False
    yield 2, 77, 8193, 8192, 2, True
    yield 1, 85, 2, 8200, 5, False
    yield 1, 21, 1, 300, 10, True
    yield 1, 29, 300, 1, 10, False
    yield 0, 37, 20000, 9, 3, True
    yield 1, 45, 9000, 9001, 1, True


def bits(value):
    return "0x%016x" % struct.unpack("<Q", struct.pack("<d", float(value)))[0]


print("/* By tests/golden/drift_score.py: kind, seed, rows, rows, columns, doubles; the score, the")
print("   distance of centroids, both spreads, the change of spread. */")
print("static const golden_score golden_scores[] = {")
for kind, seed, m, n, d, is_double in cases():
    found = compute_drift_score(rows(kind, seed, 0, m, d, is_double),
                                rows(kind, seed, 1, n, d, is_double))
    print("    {%d, %d, {%d, %d}, %d, %d,\n     {UINT64_C(%s), UINT64_C(%s), UINT64_C(%s),\n"
          "      UINT64_C(%s), UINT64_C(%s)}},"
          % ((kind, seed, m, n, d, is_double) + tuple(bits(x) for x in found)))
print("};")
