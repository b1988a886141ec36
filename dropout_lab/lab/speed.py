"""One thing against another on the clock: in turns, and by their ratio, because machines are shared."""

from statistics import median
from time import perf_counter


def race(runners, rounds=15):
    """Seconds of each runner, round by round, taking turns; the first round only warms up.

    Parameters
    ----------
    runners : {name: function without arguments}
    rounds : int

    Returns
    -------
    times : {name: list of seconds}
    """
    times = {name: [] for name in runners}
    for turn in range(rounds + 1):
        for name, run in runners.items():
            start = perf_counter()
            run()
            if turn:
                times[name].append(perf_counter() - start)
    return times


def ratios(times, to):
    """{name: median over the rounds of its time divided by that of `to` in the same round}."""
    return {name: median(a / b for a, b in zip(seconds, times[to])) for name, seconds in times.items()}
