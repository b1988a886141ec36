"""One thing against another on the clock: in turns, and by their ratio, because machines are shared."""

import json
from pathlib import Path
from statistics import median
from time import perf_counter

RECORDED = Path(__file__).with_name("speed.json")  # written by tests/benchmarks


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


def milliseconds(times):
    """{name: median over the rounds}."""
    return {name: 1e3 * median(seconds) for name, seconds in times.items()}


def ratios(times, to):
    """{name: median over the rounds of its time divided by that of `to` in the same round}."""
    return {name: median(a / b for a, b in zip(seconds, times[to], strict=True)) for name, seconds in times.items()}


def recorded():
    """The kept measurements: {"made", "machine", "rounds", "dropout", "step", "growth", "caches"}."""
    return json.loads(RECORDED.read_text("utf-8"))


def table(measured):
    """Time as a fraction of PyTorch's in the same round: of the layer by shape and p, and of a whole step."""
    rates = sorted({row["p"] for row in measured["dropout"]})
    found = {(*row["shape"], row["what"], row["p"]): row["ratio"] for row in measured["dropout"]}
    lines = [f"{'dropout, forward and backward':46}" + "".join(f"  p = {p:<3}" for p in rates)]
    for rows, columns, what in dict.fromkeys(key[:3] for key in found):
        ratios = "".join(f"  {found[rows, columns, what, p]:7.3f}" for p in rates)
        lines.append(f"{f'{rows} x {columns}':12}  {what:32}{ratios}")
    lines += ["", f"{'a step, 784-1024-1024-10, batch 128':46}    ratio   middle half"]
    for row in measured["step"]:
        lines.append(f"{row['what']:46}{row['ratio']:9.3f}   {row['ratio_low']:.2f} to {row['ratio_high']:.2f}")
    return "\n".join(lines)
