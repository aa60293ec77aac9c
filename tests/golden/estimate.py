#!/usr/bin/env python3
"""Writes tests/golden/estimate.h: Wilson's intervals by scipy (1.10.1).

    tests/golden/estimate.py > tests/golden/estimate.h
"""
from scipy import stats

print("/* By tests/golden/estimate.py: scipy 1.10.1. Successes, n, confidence, low, high. */")
print("static const double golden_wilson[][5] = {")
for successes, n in ((0, 1), (1, 1), (0, 20), (1, 20), (19, 20), (20, 20), (3, 598), (0, 59914),
                     (184, 10000), (500, 1000), (999999, 1000000), (7, 10 ** 9)):
    for confidence in (0.5, 0.9, 0.95, 0.99, 0.9999):
        interval = stats.binomtest(successes, n).proportion_ci(confidence, method="wilson")
        print("    {%d.0, %d.0, %s, %r, %r}," % (successes, n, confidence, float(interval.low),
                                                 float(interval.high)))
print("};")
