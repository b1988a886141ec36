"""Times that can be compared on a machine that is not quiet: everything in every round, ratios within the round."""

import time
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, field
from functools import cache

import numpy as np

SECONDS = 0.03  # of one timed batch of calls


@dataclass
class Candidate:
    """One way to do the work. `threads` is set for BLAS, and for PyTorch, before each batch of calls."""

    name: str
    call: object
    threads: int = 1
    times: list = field(default_factory=list)  # seconds for one call, one entry a round


def interleave(candidates, rounds, seed=0, seconds=SECONDS):
    """Time every candidate once in every round, in a new random order each; an untimed call comes before each batch."""
    order, repeats = np.random.default_rng(seed), {}
    for candidate in candidates:
        with threads(candidate.threads):
            candidate.call()  # compiles, allocates
            repeats[candidate.name] = max(1, min(1000, round(seconds / _time(candidate.call, 1))))
    for _ in range(rounds):
        for i in order.permutation(len(candidates)):
            candidate = candidates[i]
            with threads(candidate.threads):
                candidate.call()
                candidate.times.append(_time(candidate.call, repeats[candidate.name]))
    return candidates


def rows(candidates, reference, **setting):
    """A row for each candidate: times, and ratios to the reference in the same round: median, least, middle half."""
    base = np.array(next(c.times for c in candidates if c.name == reference))
    found = []
    for c in candidates:
        ratios = np.array(c.times) / base
        low, high = np.quantile(ratios, [0.25, 0.75])
        found.append(
            {
                **setting,
                "what": c.name,
                "reference": reference,
                "best_ms": 1e3 * min(c.times),
                "median_ms": 1e3 * float(np.median(c.times)),
                "ratio": float(np.median(ratios)),
                "ratio_min": float(ratios.min()),
                "ratio_low": float(low),
                "ratio_high": float(high),
            }
        )
    return found


def pipes(row):
    """A row of a Markdown table."""
    return f"| {' | '.join(map(str, row))} |"


def _time(call, repeats):
    start = time.perf_counter()
    for _ in range(repeats):
        call()
    return (time.perf_counter() - start) / repeats


def threads(n):
    """NumPy's BLAS, and PyTorch where it is installed, on n threads."""
    stack = ExitStack()
    stack.enter_context(_blas().limit(limits=n) if _blas() else nullcontext())
    if torch():
        torch().set_num_threads(n)
    return stack


@cache
def _blas():
    """NumPy's OpenBLAS alone: PyTorch and JAX look after their own threads."""
    try:
        from threadpoolctl import ThreadpoolController
    except ImportError:
        return None
    return ThreadpoolController().select(internal_api="openblas")


@cache
def torch():
    """PyTorch, or None."""
    try:
        import torch
    except ImportError:
        return None
    return torch


@cache
def jax():
    """JAX, or None."""
    try:
        import jax
    except ImportError:
        return None
    return jax


@cache
def numba():
    """Whether numba is installed."""
    try:
        import numba
    except ImportError:
        return None
    return numba
