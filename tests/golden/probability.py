#!/usr/bin/env python3
"""Writes tests/golden/probability.h: what logarithms, exponentials and tails are.

Logarithms, exponentials and gamma functions of whole numbers come from decimal numbers of 60
digits, what is drawn from whole numbers, the rest from scipy (1.10.1), which is held against the
former where both can.

    tests/golden/probability.py > tests/golden/probability.h
"""
import math
import random
from decimal import Decimal, getcontext
from fractions import Fraction

from scipy import special, stats

getcontext().prec = 60
random.seed(7)
rows = []


def row(name, value, *arguments):
    arguments = list(arguments) + [0] * (4 - len(arguments))
    rows.append("    {%s, {%s}, %s}," % (name, ", ".join(repr(float(x)) for x in arguments),
                                         repr(float(value))))


def close(a, b, relative=1e-9):
    assert abs(a - b) <= relative * max(abs(a), abs(b)), (a, b)


def logarithms():
    values = [1.0, 2.0, 0.5, 10.0, 5e-324, 2.2250738585072014e-308, 1.7976931348623157e308,
              math.sqrt(2), math.sqrt(0.5), math.nextafter(1, 2) if hasattr(math, "nextafter")
              else 1.0000000000000002, 1 - 2.0 ** -53]
    values += [random.uniform(0.5, 2) for _ in range(60)]
    values += [2.0 ** random.uniform(-1000, 1000) for _ in range(60)]
    for x in values:
        row("OF_LOG", Decimal(x).ln(), x)


def exponentials():
    values = [0.0, 1.0, -1.0, 1e-300, 1e-17, -1e-17, 709.7, -707.0, 0.34657359027997264]
    values += [random.uniform(-700, 700) for _ in range(80)]
    values += [random.uniform(-1, 1) for _ in range(40)]
    for x in values:
        row("OF_EXP", Decimal(x).exp(), x)


def gammas():
    for n in list(range(1, 60)) + [100, 171, 1000, 12345]:
        row("OF_LOG_GAMMA", Decimal(math.factorial(n - 1)).ln(), n)
    for x in [0.9999999, 1.0000001, 1.9999999, 2.0000001]:  # close to its zeros
        t = Decimal(x) - round(x)
        value = (t * t * Decimal("1.644934066848226436472415166646025") / 2
                 - t ** 3 * Decimal("1.202056903159594285399738161511450") / 3
                 - t * Decimal("0.577215664901532860606512090082402"))
        row("OF_LOG_GAMMA", value + ((1 + t).ln() if x > 1.5 else 0), x)
    for x in [1e-300, 1e-10, 0.1, 0.5, 2.5, 39.99, 40.5, 1e3 + 0.5, 1e6, 123456.789, 1e9, 1e15]:
        row("OF_LOG_GAMMA", special.gammaln(x), x)


def whole_gamma_q(a, x):
    """e^-x times the sum of x^k / k!, k below a."""
    x = Decimal(x)
    term = total = Decimal(1)
    for k in range(1, a):
        term = term * x / k
        total += term
    return total * (-x).exp()


def gamma_q():
    for a in [1, 2, 5, 39, 40, 41, 100, 1000, 20000, 1000000]:
        spread = math.sqrt(a)
        far = [-3, -1, 0, 0.5, 1, 1.001, 2, 5, 10, 20] + ([35] if a < 30000 else [])
        for sigmas in far:
            x = a + sigmas * spread + (1 if sigmas == 1.001 else 0)
            if x > 0 and (a < 30000 or sigmas in (0, 5, 20)):
                value = whole_gamma_q(a, x)
                close(float(value), special.gammaincc(a, x), 1e-7)
                row("OF_GAMMA_Q", value, a, x)
    for x in [100, 300, 690]:
        row("OF_GAMMA_Q", whole_gamma_q(1, x), 1, x)
        row("OF_GAMMA_Q", whole_gamma_q(3, x), 3, x)
    for a in [1e-9, 1e-3, 0.1, 0.5, 0.999, 1.5, 7.25, 63.5, 4096.5, 123456.75, 999999.5]:
        for at in [1e-8, 0.3, 0.9, 1, 1.01, 1.5, 3]:
            x = (a + 0.2) * at
            value = special.gammaincc(a, x)
            if value > 1e-250:
                row("OF_GAMMA_Q", value, a, x)


def normals():
    for z in [-37, -8, -2.5, -1, -1e-9, 0, 1e-12, 0.1, 0.5, 1, 1.7, 1.74, 2, 3, 5, 8, 12, 20, 30,
              37]:
        row("OF_NORMAL_UPPER", stats.norm.sf(z), z)
        row("OF_NORMAL_BOTH", special.erfc(abs(z) / math.sqrt(2)), z)
    for p in [1e-300, 1e-100, 1e-20, 1e-9, 1e-4, 0.01, 0.1, 0.2, 0.2499999, 0.25, 0.3, 0.4, 0.49,
              0.4999, 0.5, 0.51, 0.7, 0.75, 0.76, 0.95, 0.975, 0.995, 0.9999, 1 - 1e-9, 1 - 1e-15]:
        row("OF_NORMAL_QUANTILE", special.ndtri(p), p)
    for freedom in [1, 2, 3, 15, 31, 100, 1000]:
        for x in [0, 0.01, 1, freedom, 2 * freedom, 5 * freedom + 20]:
            row("OF_CHI_SQUARE", stats.chi2.sf(x, freedom), x, freedom)


def ways(population, successes, draws, k):
    return math.comb(successes, k) * math.comb(population - successes, draws - k)


def span(population, successes, draws):
    return range(max(0, draws + successes - population), min(successes, draws) + 1)


def urns():
    for population, successes, draws, k in [
            (10, 5, 5, 3), (10, 5, 5, 0), (10, 5, 5, 6), (10, 8, 7, 5), (1000, 100, 50, 20),
            (1000, 100, 50, 5), (1000, 100, 50, 2), (700, 200, 20, 8), (1500, 500, 300, 200),
            (5000, 2500, 2500, 1400), (5000, 2500, 2500, 1250), (5000, 2500, 2500, 1100),
            (100000, 300, 200, 30), (20000, 10000, 900, 750), (1200, 200, 3, 3), (30, 0, 5, 1),
            (30, 30, 5, 5), (1, 1, 1, 1)]:
        total = math.comb(population, draws)
        value = Fraction(sum(ways(population, successes, draws, i)
                             for i in span(population, successes, draws) if i >= k), total)
        row("OF_URN", float(value), population, successes, draws, k)


def fisher():
    tables = [(8, 2, 1, 5), (3, 1, 1, 3), (0, 5, 5, 0), (5, 5, 5, 5), (0, 0, 3, 4), (1, 0, 0, 1),
              (10, 2, 15, 3), (100, 2, 1000, 5), (2, 7, 8, 2), (190, 800, 200, 900), (1, 9, 11, 3),
              (0, 200, 12, 188), (40, 160, 20, 180), (500, 500, 400, 600), (7, 193, 7, 193),
              (8, 192, 7, 193), (6, 194, 7, 193)]
    tables += [tuple(random.randint(0, 30) for _ in range(4)) for _ in range(60)]
    tables += [tuple(random.randint(0, 400) for _ in range(4)) for _ in range(20)]
    for a, b, c, d in tables:
        population, successes, draws = a + b + c + d, a + b, a + c
        here = ways(population, successes, draws, a)
        value = Fraction(sum(w for w in (ways(population, successes, draws, i)
                                         for i in span(population, successes, draws))
                             if w <= here), math.comb(population, draws))
        close(float(value), stats.fisher_exact([[a, b], [c, d]])[1])
        row("OF_FISHER", float(value), a, b, c, d)


logarithms()
exponentials()
gammas()
gamma_q()
normals()
urns()
fisher()
print("/* By tests/golden/probability.py; of doubles, read exactly. */")
print("static const golden_row golden_rows[] = {")
print("\n".join(rows))
print("};")
