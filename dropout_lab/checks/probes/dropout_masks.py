"""What the probes of dropout share: one call looked at by dividing, out / x, and the words for what was seen."""

import re
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from dropout_lab.checks.aspects import Aspect
from dropout_lab.checks.functions import result_or_broke
from dropout_lab.checks.probes import unpack

EXACT = 1e-12  # float64; what was rounded to float32 on the way is 1e-8 to 1e-7 off
CLOSE = 1e-5
WIDTHS = (1, 2, 7, 10, 31, 32, 33, 63, 64, 65, 100, 127, 128, 129, 255, 256, 257, 1000, 1023, 1024, 1025)


@dataclass(frozen=True)
class Look:
    """What one call did: ratio is out / x, entry by entry.

    changed: whether it wrote into the x that it was given; drew: whether it took numbers from the generator.
    """

    p: float
    x: np.ndarray
    ratio: np.ndarray
    cache: object
    changed: bool
    drew: bool
    dtype: np.dtype

    @cached_property
    def dropped(self):
        return self.ratio == 0

    @cached_property
    def share(self):
        return np.count_nonzero(self.dropped) / self.dropped.size

    def kept(self, otherwise):
        """The smallest and the largest factor of the kept entries; `otherwise` if none was kept."""
        return span(self.ratio[~self.dropped], otherwise)

    def coins(self):
        """How many coins the pattern can have come from: fewer than entries where whole rows or columns are alike."""
        z = self.dropped
        fewest = z.size
        for table in (z.reshape(len(z), -1), z.reshape(-1, z.shape[-1])) if z.ndim > 1 else ():
            if (table == table[:1]).all():
                fewest = min(fewest, table.shape[1])
            if (table == table[:, :1]).all():
                fewest = min(fewest, table.shape[0])
        return fewest


def look(call, x, p, generator, **mode):
    """A `Look` at one call. The call gets a copy of x, of any shape; whatever it does to that spoils nothing."""
    given, before = x.copy(), generator.bit_generator.state
    out, cache = unpack(call(given, p, generator, **mode), "out", "cache")
    ratio, drew = measurable("out", out, x.shape) / x, generator.bit_generator.state != before
    return Look(p, x, ratio, cache, not (given == x).all(), drew, np.asarray(out).dtype)


def away_from_zero(rng, shape):
    """0.5 to 1.5 in size, of either sign. What is too much to draw repeats itself."""
    size = int(np.prod(shape))
    some = rng.uniform(0.5, 1.5, min(size, 10_007)) * (2.0 * rng.integers(0, 2, min(size, 10_007)) - 1.0)
    return np.resize(some, shape)


def coins(rng):
    """A generator for the function under judgement, which shares no number with the inputs."""
    return np.random.default_rng(int(rng.integers(2**63)))


def rate(rng, low, high, digits=4):
    """A rate from the whole interval, with no more digits than a report can print."""
    return round(float(rng.uniform(low, high)), digits)


def middle(rng):
    """A rate at which coins show well; a half now and then, where p cannot be told from 1 - p."""
    fair = rng.random() < 1 / 8
    p = rate(rng, 0.25, 0.75)
    return 0.5 if fair else p


def small_shapes(rng):
    """{what is special: shapes} of small arrays; so many of a single entry that its coin shows."""
    few = int(rng.integers(2, 5))
    return {
        "of a single entry": [(1, 1), (1, 1, 1, 1)] * 80,
        "of a single sample": [(1, w) for w in WIDTHS[::2]],
        "of a single unit": [(w, 1) for w in WIDTHS[1::2]],
        "of any width": [(w,) for w in WIDTHS[::2]] + [(few, w) for w in WIDTHS[1::2]] + [(few, 1, 5)],
    }


def span(values, otherwise):
    return (float(values.min()), float(values.max())) if values.size else (otherwise, otherwise)


def alike(got, want, tolerance=CLOSE):
    """Whether all of got are want, relative to want. Never true of nan."""
    return bool((np.abs(np.subtract(got, want)) <= tolerance * np.abs(want)).all())


def times(x):
    """A factor as the reports print it."""
    if not np.isfinite(x):
        return "nan" if np.isnan(x) else "infinite"
    x = x + 0.0  # -0.0 is 0
    return f"{x:.2f}" if abs(x) >= 0.1 or x == 0 else f"{x:.2g}"


def between(low, high):
    return times(low) if times(low) == times(high) else f"{times(low)} to {times(high)}"


def against(ends, want):
    """(the factors that were seen, the one that is right) with as many digits as it takes to tell them apart."""
    worst = max(ends, key=lambda end: abs(end - want))
    if times(worst) != times(want) or not np.isfinite(worst):
        return between(*ends), times(want)
    digits = next((d for d in range(3, 17) if f"{worst:.{d}f}" != f"{want:.{d}f}"), 16)
    low, high = (f"{end:.{digits}f}" for end in ends)
    return low if low == high else f"{low} to {high}", f"{want:.{digits}f}"


def percent(x):
    return f"{100 * x:.0f}%" if x in (0, 1) or 0.1 <= x <= 0.9 else f"{100 * x:.3g}%"


class Unmeasurable(Exception):
    """Something came back that cannot be measured by what went in; `aspect` says what. It ends the probe."""

    def __init__(self, say, seen):
        super().__init__(say)
        self.aspect = Aspect("shape", seen, False, say)


def measurable(name, got, shape):
    """The array that came back, in float64; `Unmeasurable` if it is no plain real array of the shape that went in."""
    if not isinstance(got, (np.ndarray, np.generic, float, int)):
        kind = "nothing (None)" if got is None else f"a {type(got).__name__}"
        raise Unmeasurable(f"`{name}` is {kind}; it should be an array of shape {shape}.", f"{name}: {kind}")
    if isinstance(got, np.ndarray) and type(got) is not np.ndarray:
        kind = type(got).__name__
        raise Unmeasurable(
            f"`{name}` is a NumPy {kind}, for which `*` and indexing mean something else;"
            " it should be a plain array, as what went in.",
            f"{name}: {kind}",
        )
    got = np.asarray(got)
    if got.shape != shape:
        raise Unmeasurable(
            f"`{name}` has shape {got.shape}; it should have {shape}, that of what went in.", f"{name} shape"
        )
    if got.dtype.kind not in "biuf":
        raise Unmeasurable(f"`{name}` holds {got.dtype} values; it should hold real numbers.", f"{name}: {got.dtype}")
    return got.astype(np.float64)


def while_measurable(aspects, *args):
    """The aspects, up to the first result that cannot be measured."""
    try:
        yield from aspects(*args)
    except Unmeasurable as unmeasurable:
        yield unmeasurable.aspect


def keeps(name, got, dtype, what):
    """dtype in, dtype out."""
    dtype, seen = np.dtype(dtype), str(got)
    why = (
        "A gradient check needs all digits."
        if dtype == np.float64
        else "Training runs in float32; a layer keeps what it is given."
    )
    return Aspect(
        name, seen, seen == str(dtype), f"{what} came out as {seen} where {dtype} went in. {why}", contract=True
    )


def refuses(call, rng, extra=()):
    """What the guards of the stub refuse, and by which name. They are given: this fails only where they were changed.

    call(p, generator) runs the function in training. `extra` are further rates that it has to refuse.
    """
    bad = [-rate(rng, 0.001, 0.5), 1 + rate(rng, 0.001, 0.5), float("nan"), *extra]
    accepted, vague = [], []
    for p in bad:
        _, broke = result_or_broke(lambda p=p: call(p, coins(rng)))
        if not broke:
            accepted.append(f"p = {p:g}")
        elif broke.kind != "ValueError" or not re.search(r"\bp\b", broke.message):
            vague.append(f"p = {p:g} with {broke.kind}: {broke.message or '(no message)'}")
    if not result_or_broke(lambda: call("0.3", coins(rng)))[1]:
        accepted.append('p = "0.3"')
    if not result_or_broke(lambda: call(rate(rng, 0.1, 0.9), None))[1]:
        accepted.append("rng = None")
    if accepted:
        what = ", ".join(accepted)
        say = f"it accepts {what}. The guards at the top of the stub refuse what makes no sense; keep them."
    else:
        say = f"it refuses {', '.join(vague)}. A rate that is none is a ValueError, and its message names p."
    yield Aspect("refusals", (len(accepted), len(vague)), not accepted and not vague, say, contract=True)


def idle_generator(call, rng):
    """At test time nothing is random: no generator is needed, and one that is passed is left as it is.

    call(generator) runs the function at test time.
    """
    _, broke = result_or_broke(lambda: call(None))
    yield Aspect(
        "no generator at test time",
        bool(broke),
        not broke,
        "with train=False it needs a generator. Nothing is random then: `rng` may be None.",
        contract=True,
    )
    generator = coins(rng)
    before = generator.bit_generator.state
    result_or_broke(lambda: call(generator))
    still = generator.bit_generator.state == before
    yield Aspect(
        "generator left alone at test time",
        still,
        still,
        "with train=False it draws from `rng`, so that looking at the test error changes the training that follows.",
        contract=True,
    )
