#!/usr/bin/env python3
"""Writes tests/golden/cusum.h: thresholds by bisection with 40 digits, and where a sequence alarms.

    tests/golden/cusum.py > tests/golden/cusum.h
"""
import random
from decimal import Decimal, getcontext

getcontext().prec = 40
OVERSHOOT = Decimal("1.166")


def run_length(k, h):
    x = 2 * k * (h + OVERSHOOT)
    return (x.exp() - 1 - x) / (4 * k * k)


def threshold(k, wanted):
    low, high = Decimal(0), Decimal(4000)
    for _ in range(150):
        middle = (low + high) / 2
        low, high = (middle, high) if run_length(k, middle) < wanted else (low, middle)
    return low


print("/* By tests/golden/cusum.py. Allowance, run length, threshold. */")
print("static const double golden_thresholds[][3] = {")
for k in ("0.01", "0.05", "0.25", "0.5", "1", "2"):
    for wanted in (20, 370, 1000, 10000, 100000, 10 ** 9, 10 ** 15):
        k_here = Decimal(float(k))
        if run_length(k_here, Decimal("0.05")) < wanted:
            print("    {%s, %d.0, %r}," % (k, wanted, float(threshold(k_here, wanted))))
print("};\n")

# Values are quarters, sums are exact: no rounding decides.
random.seed(3)
values = [random.randrange(-8, 9) / 4 for _ in range(60)]
values += [1 + random.randrange(-8, 9) / 4 for _ in range(60)]
values += [-2 + random.randrange(-4, 5) / 4 for _ in range(40)]
values += [50.0, -50.0, 0.0, -3.5, 3.5, 1e308, -1e308]
up = down = 0.0
signs, h = "", float(threshold(Decimal("0.25"), 1000))
for z in values:
    up, down = max(0.0, up + z - 0.25), max(0.0, down - z - 0.25)
    signs += "+" if up > h else "-" if down > h else "."
    if signs[-1] != ".":
        up = down = 0.0
print("/* Deviations from the mean, and where they are alarms at the allowance 0.25 and the run length")
print("   1000. */")
print("static const double golden_values[] = {")
for at in range(0, len(values), 10):
    print("    " + ", ".join(repr(z) for z in values[at:at + 10]) + ",")
print("};\n")
print("static const char golden_alarms[] =")
print("\n".join('    "%s"' % signs[at:at + 60] for at in range(0, len(signs), 60)) + ";")
