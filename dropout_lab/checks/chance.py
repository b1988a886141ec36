"""How far chance alone can move a statistic. Every bound is a theorem or an exact sum, none is a normal approximation.

A check makes fewer than 40 statistical judgements. Each rejects a right function with probability below `ALARM`,
so a check does so with probability below 4e-10.
"""

from functools import lru_cache
from math import exp, lgamma, log, sqrt

ALARM = 1e-11


@lru_cache(maxsize=1024)
def bernstein(n, variance, largest, alarm=ALARM):
    """t with P(|mean of n independent terms - its expectation| >= t) <= alarm, by Bernstein's inequality.

    Parameters
    ----------
    n : int
    variance : float
        Of one term.
    largest : float
        No term is farther than this from its expectation.
    """
    a = log(2 / alarm)
    b = a * largest / 3
    return (b + sqrt(b * b + 2 * n * variance * a)) / n


def coin_bound(n, p, alarm=ALARM):
    """How far the share of heads among n coins may be from p."""
    return bernstein(n, p * (1 - p), max(p, 1 - p), alarm)


@lru_cache(maxsize=1024)
def likeliest(n, p):
    """The largest probability of any single count of heads among n coins."""
    k = int((n + 1) * p)
    return exp(lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1) + k * log(p) + (n - k) * log(1 - p))


@lru_cache(maxsize=1024)
def narrowest(counts, n, p, alarm=ALARM):
    """The largest r with P(all of `counts` independent counts lie within r of each other) <= alarm;
    -1 if there is none.

    A window of r + 1 values holds one count with probability at most w = (r + 1) * `likeliest`; given where the
    smallest count lies, all others must lie in its window: P <= (r + 1) w^(counts - 1).
    """
    r = -1
    while (r + 2) * min(1.0, (r + 2) * likeliest(n, p)) ** (counts - 1) <= alarm:
        r += 1
    return r


def tie_bound(n, p, sums, alarm=ALARM):
    """How far any of `sums` sums over pairs of n centred coins may be from 0, if all coins are independent.

    Each sum takes a coin at most twice, once as the earlier and once as the later of a pair: given the coins before,
    the next term has mean 0, so Freedman's inequality holds, which is Bernstein's for the mean of the conditional
    variances. Those are p (1 - p) times the squared coins, whose mean stays near p (1 - p) by Bernstein.
    """
    v, most, lean = p * (1 - p), max(p, 1 - p), abs(1 - 2 * p)
    near = v + bernstein(n, v * lean**2, most * lean, alarm) if lean else v
    return n * bernstein(n, v * near, most**2, alarm / sums)


def least_spread(lines, n, p, alarm=ALARM):
    """What the mean of (count - n p)^2 / (n p (1 - p)) over independent lines of n coins does not fall below.

    Each term has mean 1, variance 2 + (1 - 6 p (1 - p)) / (n p (1 - p)), and is not below 0, so that the lower half of
    Bernstein's inequality holds with 1 for the largest deviation.
    """
    v = p * (1 - p)
    return 1 - bernstein(lines, 2 + (1 - 6 * v) / (n * v), 1.0, alarm)
