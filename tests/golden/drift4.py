#!/usr/bin/env python3
"""DRIFT4 by its definition (docs/drift.md), in numpy and scipy: what tests/test_drift_golden.c holds
the library to. Nothing here is the library's: k-means, permutations and tests are done anew, with
direct differences for distances; what both share is written down in the documentation (splitmix64,
the hash of ids, normalised values that are rounded to float).

    tests/golden/drift4.py > tests/golden/drift4.h        numpy 1.24, scipy 1.10
"""
import numpy as np
from scipy import special, stats

MASK = (1 << 64) - 1
GAMMA = 0x9E3779B97F4A7C15


def mix(z):
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


class Random:
    """splitmix64."""

    def __init__(self, seed):
        self.state = seed

    def next(self):
        self.state = (self.state + GAMMA) & MASK
        return mix(self.state)

    def below(self, limit):
        return (self.next() * limit) >> 64


def fold(a, b):
    product = a * b
    return (product >> 64) ^ (product & MASK)


def hash_number(number, seed):
    """The hash of eight bytes."""
    root2, root3 = 0x6A09E667F3BCC909, 0xBB67AE8584CAA73B
    root5, root7 = 0x3C6EF372FE94F82B, 0xA54FF53A5F1D36F1
    mask_a = ((seed ^ root3) * root2) & MASK
    mask_b = ((seed ^ root7) * root5) & MASK
    lane_a = ((seed ^ root2) * root7) & MASK
    lane_b = ((seed ^ root5) * root3) & MASK
    lane_a = fold(number ^ lane_a, number ^ mask_a)
    return fold(lane_a ^ mask_b, lane_b ^ 8)


# ---- the golden windows' embeddings: whole numbers below 2^24, so that floats hold them -----------


def numbers(seed, count):
    """The first numbers of splitmix64, all at once."""
    state = np.uint64(seed) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(GAMMA)
    z = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


TOPICS = 6
SHIFTS = ["none", "mean", "new topic", "spread", "shares", "canned", "outlier"]


def embeddings(dimension, count, seed, shift):
    centres = (numbers(7, (TOPICS + 1) * dimension) % np.uint64(2001)).astype(np.int64) - 1000
    centres = centres.reshape(TOPICS + 1, dimension)
    r = numbers(seed, count * (dimension + 1)).reshape(count, dimension + 1)
    choice = r[:, 0]
    topic = (np.minimum(choice % np.uint64(TOPICS), (choice >> np.uint64(8)) % np.uint64(TOPICS))
             ).astype(np.int64)
    tenth = (choice >> np.uint64(16)) % np.uint64(10)
    noise = sum(((r[:, 1:] >> np.uint64(16 * k)) & np.uint64(1023)).astype(np.int64)
                for k in range(4)) - 2046
    lift = np.zeros(dimension, dtype=np.int64)
    if shift == "mean":
        lift[::3] = 120
    elif shift == "new topic":
        topic[tenth == 0] = TOPICS
    elif shift == "spread":
        noise = noise * 5 // 4
    elif shift == "shares":
        topic[tenth < 2] = TOPICS - 1
    elif shift == "canned":
        topic[tenth == 0] = 2
        noise[tenth == 0] //= 16
    elif shift == "outlier":
        noise[tenth == 0] *= 8
    return (2 * centres[topic] + noise + 300 + lift).astype(np.float32)


def normalise(rows):
    scale = 1.0 / np.sqrt((rows.astype(np.float64) ** 2).sum(axis=1))
    return (rows.astype(np.float64) * scale[:, None]).astype(np.float32).astype(np.float64)


# ---- the baseline ---------------------------------------------------------------------------------


def squares(rows, centre):
    return ((rows - centre) ** 2).sum(axis=1)


def nearest(rows, centres):
    each = np.array([squares(rows, c) for c in centres])
    index = each.argmin(axis=0)  # of several the first
    return index, np.sqrt(each[index, np.arange(len(rows))])


def as_float(values):
    return values.astype(np.float32).astype(np.float64)


class Baseline:
    def __init__(self, rows, ids, prototypes, seed, sample_seed):
        rank = [hash_number(i, sample_seed) for i in ids]
        rows = normalise(rows)[np.argsort(np.array(rank, dtype=np.uint64), kind="stable")]
        m = len(rows)
        random = Random(seed)
        self.m, self.n2 = m, min(200, m // 2)
        a, held = rows[: m // 2], rows[m // 2:]
        self.h = len(held)
        self.mean = rows.mean(axis=0)
        self.centres = self.k_means(a, prototypes, random)
        index, distance = nearest(held, self.centres)
        self.held_in = np.bincount(index, minlength=prototypes)
        self.distance_mean, self.distance_sd = distance.mean(), distance.std(ddof=1)
        self.distance_most = distance.max()
        self.permute(rows, random)

    @staticmethod
    def k_means(rows, prototypes, random):
        centres = [rows[random.below(len(rows))]]
        best = squares(rows, centres[0])
        while len(centres) < prototypes:
            sums = np.cumsum(best)
            target = (random.next() >> 11) / 2.0**53 * sums[-1]
            centres.append(rows[np.searchsorted(sums, target, side="right")])
            best = np.minimum(best, squares(rows, centres[-1]))
        centres = np.array(centres)
        for _ in range(12):
            index, _distance = nearest(rows, centres)
            for k in range(prototypes):
                if (index == k).any():
                    centres[k] = as_float(rows[index == k].mean(axis=0))
        return centres

    def permute(self, rows, random):
        deck = list(range(self.m))
        t = []
        for _ in range(399):
            for i in range(self.n2):
                j = i + random.below(self.m - i)
                deck[i], deck[j] = deck[j], deck[i]
            drawn = np.zeros(self.m, dtype=bool)
            drawn[deck[: self.n2]] = True
            t.append(((rows[drawn].mean(axis=0) - rows[~drawn].mean(axis=0)) ** 2).sum())
        t = np.array(t)
        self.null_mean, self.null_sd = t.mean(), t.std(ddof=1)
        self.skew = (((t - t.mean()) / t.std()) ** 3).mean()

    # ---- the tests ----

    def test(self, rows):
        rows = normalise(rows)
        n, m, h = len(rows), self.m, self.h
        factor = (1 / m + 1 / n) / (1 / self.n2 + 1 / (m - self.n2))
        z = (((rows.mean(axis=0) - self.mean) ** 2).sum() - factor * self.null_mean) \
            / (factor * self.null_sd)
        a = 4 / self.skew**2
        at = a + z * np.sqrt(a)
        if self.skew <= 0:
            p1 = stats.norm.sf(z)
        else:
            p1 = special.gammaincc(a, at) if at > 0 else 1.0
        index, distance = nearest(rows, self.centres)
        z = (distance.mean() - self.distance_mean) / (self.distance_sd * np.sqrt(1 / n + 1 / h))
        p2 = special.erfc(abs(z) / np.sqrt(2))
        k = np.bincount(index, minlength=len(self.centres))
        p3 = self.topics(k, n)
        t = int((distance > self.distance_most).sum())
        p4 = 1.0
        for i in range(t):
            p4 *= (n - i) / (n + h - i)
        both = k + self.held_in
        expected = both * n / (n + h)
        with np.errstate(divide="ignore", invalid="ignore"):
            residual = (k - expected) / np.sqrt(expected * (1 - n / (n + h)) * (1 - both / (n + h)))
        residual = np.where(np.isfinite(residual), residual, 0.0)
        return [p1, p2, p3, p4, min(1.0, 4 * min(p1, p2, p3, p4))], t, int(residual.argmax()), \
            residual.max()

    def topics(self, k, n):
        h = self.h
        groups, now, before = [], 0, 0
        for j in np.argsort(self.held_in, kind="stable"):
            now, before = now + int(k[j]), before + int(self.held_in[j])
            if (now + before) * min(n, h) / (n + h) >= 5:
                groups.append([now, before])
                now = before = 0
        if groups:
            groups[-1][0] += now
            groups[-1][1] += before
        if len(groups) < 2:
            return 1.0
        table = np.array(groups, dtype=float)
        expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0) / table.sum()
        return special.gammaincc((len(groups) - 1) / 2, ((table - expected) ** 2 / expected).sum() / 2)


# ---- out ------------------------------------------------------------------------------------------

BASELINES = [(384, 1000, 16), (100, 601, 8), (7, 41, 3)]


def number(value):
    return "%.17g" % value


def main():
    print("/* Written by tests/golden/drift4.py. */")
    baselines, windows = [], []
    for b, (dimension, m, prototypes) in enumerate(BASELINES):
        base = Baseline(embeddings(dimension, m, 1000 + b, "none"), range(1, m + 1), prototypes,
                        11 + b, 5)
        baselines.append("    {%d, %d, %d,\n     {%s}},\n" % (dimension, m, prototypes, ",\n      ".join(map(
            number, [base.distance_mean, base.distance_sd, base.distance_most, base.null_mean,
                     base.null_sd, base.skew]))))
        for s, shift in enumerate(SHIFTS):
            for n in (20, 50, 200, 1000):
                seed = 100000 * (b + 1) + 10000 * s + n
                p, beyond, topic, residual = base.test(embeddings(dimension, n, seed, shift))
                windows.append("    {%d, %d, %d, %d, %d, %d, %s,\n     {%s}},\n" % (
                    b, s, n, seed, beyond, topic, number(residual), ",\n      ".join(map(number, p))))
    print("static const golden_baseline golden_baselines[] = {\n%s};\n" % "".join(baselines))
    print("static const golden_window golden_windows[] = {\n%s};" % "".join(windows))


main()
