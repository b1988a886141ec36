"""Measure the course's code: `python tests/benchmarks --help`.

Every way to do a piece of work is timed once in every round, in a new random order each. A ratio is taken within a
round, so that what else the machine does weighs on both; the table gives the median of the rounds, the smallest, and
the middle half. PyTorch, JAX and numba take part where they are installed.
"""

import argparse
import json
import os
import sys
from datetime import date
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "solutions")]  # the completed functions

import dropout
import feedback
import gradients
import growth
import rounds
import step
import summary

from dropout_lab.system.machine import machine

RESULTS = HERE / "results"
PACKAGES = ("numpy", "torch", "jax", "numba", "threadpoolctl")
TABLES = {
    "dropout": dropout.run,
    "step": step.run,
    "gradients": gradients.run,
    "feedback": feedback.run,
    "lessons": lambda rounds: feedback.lessons(),
    "growth": growth.run,
}
USUAL = ("dropout", "step", "gradients", "feedback")


def main():
    options = _options()
    RESULTS.mkdir(exist_ok=True)
    for name in options.tables or ([] if options.summary else USUAL):
        result = {
            "made": date.today().isoformat(),
            "load": _load(),
            "machine": machine(*PACKAGES),
            "rounds": options.rounds,
            "rows": TABLES[name](options.rounds),
        }
        if name == "growth":
            result["caches"] = growth.caches()
        text = markdown(name, result)
        print(text, flush=True)
        if options.write:
            file = RESULTS / f"{name}{options.suffix}"
            file.with_suffix(".json").write_text(json.dumps(_rounded(result), indent=1) + "\n", "utf-8")
            file.with_suffix(".md").write_text(text, "utf-8")
            if name == "growth":
                growth.plot(result, file.with_suffix(".png"))
    if options.summary:
        summary.write(RESULTS)


def _load():
    """How many processes wanted a core in the last minute. With more than 0.5 at the start, do not keep the ratios."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    if load > 0.5:
        print(f"The machine is busy (load {load:.1f}): what runs on several threads suffers most.", file=sys.stderr)
    return load


def _options():
    parser = argparse.ArgumentParser(
        "python tests/benchmarks",
        description=__doc__.split("\n\n", 1)[1],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("tables", nargs="*", help=f"which of: {', '.join(TABLES)}; default: {', '.join(USUAL)}")
    parser.add_argument("--rounds", type=int, default=21, help="default: 21; 3 for a first look")
    parser.add_argument("--write", action="store_true", help="keep tables and numbers in tests/benchmarks/results/")
    parser.add_argument("--suffix", default="", help="added to the files' names, such as -2 for a second occasion")
    parser.add_argument("--summary", action="store_true", help="gather what lesson 12 shows from the kept numbers")
    options = parser.parse_args()
    if unknown := set(options.tables) - set(TABLES):
        parser.error(f"no such table: {', '.join(sorted(unknown))}")
    return options


def markdown(name, result):
    """The rows as tables, one for each setting, under the machine and the versions."""
    about = ", ".join(f"{key} {value}" for key, value in result["machine"].items())
    lines = [f"# {name}, {result['made']}", "", f"{about}; {result['rounds']} rounds; load {result['load']:.1f}.", ""]
    groups = {}
    for row in result["rows"]:
        setting = tuple(
            f"{key} {row[key]}" if key != "table" else row[key]
            for key in ("table", "shape", "p", "entries", "width", "batch")
            if key in row
        )
        groups.setdefault(", ".join(setting), []).append(row)
    for setting, rows in groups.items():
        lines += [f"## {setting}" if setting else "", "", *_table(rows), ""]
    return "\n".join(lines)


def _table(rows):
    if "ratio" not in rows[0]:
        names = list(dict.fromkeys(key for row in rows for key in row if key != "table"))
        return _pipes([names, *([_text(row.get(name, "")) for name in names] for row in rows)])
    extras = ("ns_per_entry", "ns_per_multiply_add", "error")
    extra = next((key for key in extras if any(key in row for row in rows)), None)
    head = ["what", "best ms", "median ms", f"ratio to {rows[0]['reference']}", "smallest", "middle half"]
    body = [
        [
            row["what"],
            _text(row["best_ms"]),
            _text(row["median_ms"]),
            f"**{_ratio(row['ratio'])}**",
            _ratio(row["ratio_min"]),
            f"{_ratio(row['ratio_low'])} to {_ratio(row['ratio_high'])}",
            *([_text(row.get(extra, ""))] if extra else []),
        ]
        for row in rows
    ]
    return _pipes([head + ([extra.replace("_", " ")] if extra else []), *body])


def _pipes(rows):
    return [rounds.pipes(row) for row in (rows[0], ["---"] * len(rows[0]), *rows[1:])]


def _text(value):
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _ratio(value):
    return f"{value:.3f}" if value >= 0.01 else f"{value:.2g}"


def _rounded(value):
    """Four digits of every time: the rest is noise, and the files stay small."""
    if isinstance(value, dict):
        return {key: _rounded(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_rounded(entry) for entry in value]
    return float(f"{value:.4g}") if isinstance(value, float) else value


if __name__ == "__main__":
    main()
