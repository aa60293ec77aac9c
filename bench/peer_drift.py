"""The article's ModelDriftDetector, measuring itself: milliseconds a score, the least of some.

    bench/peer_drift.py lists|arrays ROWS COLUMNS
"""
import sys
import time

import numpy as np
from scipy.spatial.distance import cosine


def compute_drift_score(baseline_embeddings, current_embeddings):
    baseline_centroid = np.mean(baseline_embeddings, axis=0)
    current_centroid = np.mean(current_embeddings, axis=0)
    centroid_distance = cosine(baseline_centroid, current_centroid)
    baseline_spread = np.std([cosine(e, baseline_centroid) for e in baseline_embeddings])
    current_spread = np.std([cosine(e, current_centroid) for e in current_embeddings])
    spread_change = abs(current_spread - baseline_spread) / (baseline_spread + 1e-8)
    return min(1.0, (centroid_distance * 0.7) + (spread_change * 0.3))


kind, rows, columns = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
random = np.random.default_rng(1)
center = random.normal(size=columns)
sides = [(center + random.normal(size=(rows, columns))).astype(np.float32) for _ in range(2)]
if kind == "lists":
    sides = [side.tolist() for side in sides]
times = []
for _ in range(3):
    start = time.perf_counter()
    compute_drift_score(*sides)
    times.append(time.perf_counter() - start)
print(min(times) * 1e3)
