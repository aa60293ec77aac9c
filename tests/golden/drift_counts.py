#!/usr/bin/env python3
"""Writes tests/golden/drift_counts.h: p-values of two windows by scipy (1.10.1), from pairs of
windows that are drawn here.

    tests/golden/drift_counts.py > tests/golden/drift_counts.h
"""
import math
import textwrap

import numpy as np
from scipy import stats

VALUES, CATEGORIES = 64, 8
rng = np.random.default_rng(11)


def put(line):
    print(textwrap.fill(line, 98, initial_indent="    ", subsequent_indent="      "))


def bin_of(value):
    """0 below 1, then eight to an octave, equally wide, up to 2^24."""
    if value < 1:
        return 0
    if value >= 2 ** 24:
        return 193
    octave = int(math.floor(math.log2(value)))
    octave -= 2.0 ** octave > value
    return 1 + 8 * octave + int((value / 2.0 ** octave - 1) * 8)


def groups_of(before, after):
    """Bins in order, until a group has an eighth of all, and 5 expected in the smaller window."""
    n, m = sum(after), sum(before)
    least = max((n + m) / 8, 5 * (n + m) / min(n, m))
    groups, h, k = [], 0, 0
    for one_before, one_after in zip(before, after):
        h, k = h + one_before, k + one_after
        if h + k >= least:
            groups.append([h, k])
            h = k = 0
    if groups and h + k > 0:
        groups[-1] = [groups[-1][0] + h, groups[-1][1] + k]
    return groups or [[h, k]]


def homogeneity(table):
    return stats.chi2_contingency(np.array(table).T, correction=False)[1]


def category_p(table):
    table = [row for row in table if sum(row) > 0]
    if len(table) < 2:
        return 1.0
    sums = np.array(table).sum(axis=0)
    expected = np.outer(np.array(table).sum(axis=1), sums) / sums.sum()
    if expected.min() >= 5:
        return homogeneity(table)
    tests = len(table) if len(table) > 2 else 1
    return min(1.0, tests * min(
        stats.fisher_exact([[k, sums[1] - k], [h, sums[0] - h]])[1] for h, k in table))


def row(name, values, categories, flag):
    counts = {}
    for at, window in enumerate(values):
        for value in window:
            counts.setdefault(float(value), [0, 0])[at] += 1
    assert len(counts) <= VALUES, len(counts)
    bins = np.zeros((194, 2), dtype=int)
    for value, pair in counts.items():
        bins[bin_of(value)] += pair
    used = bins[bins.sum(axis=1) > 0]
    n, m = int(bins[:, 1].sum()), int(bins[:, 0].sum())
    ranked = [[bin_of(value) for value in window] for window in values]
    if len(used) > 1:
        test = stats.mannwhitneyu(ranked[1], ranked[0], use_continuity=False, method="asymptotic",
                                  alternative="two-sided")
        location, superiority = test.pvalue, test.statistic / (n * m)
    else:
        location, superiority = 1.0, 0.5
    groups = groups_of(bins[:, 0].tolist(), bins[:, 1].tolist())
    shape = homogeneity(groups) if len(groups) > 1 else 1.0
    before_no, before_yes, after_no, after_yes = flag
    flag_p = stats.fisher_exact([[after_yes, after_no], [before_yes, before_no]])[1]
    put('{"%s", %d,' % (name, len(counts)))
    put("{" + ", ".join("{%r, %d, %d}" % (value, *pair) for value, pair in sorted(counts.items()))
        + "},")
    put("%d, {" % len(categories) + ", ".join("{%d, %d}" % pair for pair in categories) + "},")
    put("{%d, %d, %d, %d}," % flag)
    put("%r, %r, %d, %r, %r, %r}," % (float(superiority), float(location), len(groups),
                                      float(shape), float(category_p(categories)), float(flag_p)))


def grid(draws, most=60):
    """Draws brought to at most so many different values, bins and ties as they come."""
    levels = np.unique(np.quantile(np.concatenate(draws), np.linspace(0, 1, most)).round(3))
    return [levels[np.abs(draw[:, None] - levels).argmin(axis=1)] for draw in draws]


def drawn(m, n, shift, sigma=0.8):
    return grid([rng.lognormal(5, 0.8, m), rng.lognormal(5 + shift, sigma, n)])


print("/* By tests/golden/drift_counts.py: scipy 1.10.1. Values with their counts before and after,")
print("   categories with theirs, a flag (no and yes before, no and yes after); superiority, p of")
print("   location, groups, p of shape, of the category, of the flag. */")
print("static const golden_windows golden[] = {")
row("nothing moved", drawn(400, 200, 0), [(300, 150), (80, 40), (20, 10)], (392, 8, 196, 4))
row("longer", drawn(1000, 200, 0.15), [(900, 150), (80, 40), (20, 10)], (980, 20, 188, 12))
row("much longer", drawn(1000, 200, 1), [(900, 100), (80, 80), (20, 20)], (980, 20, 100, 100))
row("shorter", drawn(1000, 50, -0.3), [(900, 50), (80, 0), (20, 0)], (980, 20, 50, 0))
row("wider", drawn(1000, 500, 0, 1.2), [(900, 430), (80, 60), (10, 9), (10, 1)], (1, 999, 3, 497))
row("narrower", drawn(300, 300, 0, 0.5), [(150, 150), (150, 150)], (150, 150, 150, 150))
row("few", drawn(1000, 20, 0), [(950, 18), (40, 1), (10, 1)], (980, 20, 19, 1))
row("few, longer", drawn(1000, 20, 0.7), [(950, 15), (40, 1), (10, 4)], (980, 20, 17, 3))
row("both few", drawn(20, 20, 0.5), [(18, 12), (2, 8)], (20, 0, 15, 5))
row("more after than before", drawn(50, 800, 0.4), [(40, 500), (10, 300)], (50, 0, 770, 30))
row("one value", [np.full(100, 17.0), np.full(40, 17.5)], [(100, 40)], (100, 0, 40, 0))
row("two values", [np.repeat([0.0, 300.0], [90, 30]), np.repeat([0.0, 300.0], [20, 25])],
    [(90, 20), (30, 25)], (90, 30, 20, 25))
row("geometric", [rng.geometric(0.3, 500), rng.geometric(0.25, 300)],
    [(480, 280), (20, 12), (0, 8)], (499, 1, 290, 10))
row("below 1 and far up", [np.repeat([0.0, 0.25, 0.99, 1.0, 16777215.0, 1e9, 1e300],
                                     [30, 20, 10, 40, 20, 10, 5]),
                           np.repeat([0.0, 0.5, 1.0, 1.124, 1.125, 16777216.0], 10)],
    [(100, 0), (35, 60)], (135, 0, 0, 60))
row("eight names", drawn(700, 90, 0.05),
    [(300, 35), (200, 20), (100, 10), (50, 10), (30, 5), (15, 5), (4, 3), (1, 2)],
    (690, 10, 85, 5))
row("names that come and go", drawn(200, 200, 0.1), [(150, 150), (50, 0), (0, 50)],
    (100, 100, 120, 80))
print("};")
