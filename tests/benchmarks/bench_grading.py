"""How many submissions a minute: `python tests/benchmarks/bench_grading.py [--few 20] [--many 500] [--write]`.

A class hands in right submissions (the most work: every probe runs to its end) with the full set of exercises, all in
the same words; a varied class writes four of its modules in ways drawn by lot, some of them wrong. Beside the time on
the clock stands the processor time of all processes, which other work on the machine disturbs less: what two cores with
nothing else to do could reach is 2 * 60 / (processor seconds of one submission). The last column is the most memory
that the parent had, from its start to the last page that it wrote.
"""

import argparse
import json
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1] / "solutions"), str(HERE.parent / "helpers")]
os.environ["OPENBLAS_NUM_THREADS"] = "1"

import rounds

from dropout_lab.checks.exercises import EXERCISES
from dropout_lab.checks.functions import load
from dropout_lab.checks.verdicts import judge
from dropout_lab.instructor.grading.boundary.sandbox import try_bwrap
from dropout_lab.system.machine import machine
from submissions import with_code, write

COMMAND = "from dropout_lab.cli import main; main()"
RESULTS = HERE / "results"
COLUMNS = ("class", "isolation", "processes", "submissions", "seconds", "per minute", "processor s each", "parent MB")


OTHER_WAYS = {
    "layers": (
        "def relu_forward(x):\n    return x * (x > 0), x",
        "def relu_forward(x):\n    return np.where(x > 0, x, x.dtype.type(0)), x",
        "def affine_forward(x, w, b):\n    return np.einsum('nd,dh->nh', x, w) + b, (x, w)",
        "def relu_forward(x):\n    return 2 * x, x",
    ),
    "dropout": (
        "def dropout_forward(x, p, rng, train=True, _first=dropout_forward):\n"
        "    return _first(x, p, rng.spawn(1)[0] if train else rng, train)",
        "def zeroing_forward(x, p, rng, train=True, _first=zeroing_forward):\n"
        "    rng.random()\n    return _first(x, p, rng, train)",
        "def dropout_forward(x, p, rng, train=True, _first=dropout_forward):\n"
        "    out, cache = _first(x, p, rng, train)\n    return out * out.dtype.type(1 - p) if train else out, cache",
    ),
    "training": (
        "def max_norm(w, limit, _first=max_norm):\n    return _first(w.copy(), limit)",
        "def sgd_momentum(params, grads, velocity, lr, momentum, _first=sgd_momentum):\n"
        "    return _first(params, grads, velocity, lr, 0.9)",
    ),
    "noise": (
        "def gaussian_dropout_forward(x, p, rng, train=True, _first=gaussian_dropout_forward):\n"
        "    rng.random()\n    return _first(x, p, rng, train)",
        "def spatial_dropout_forward(x, p, rng, train=True, _first=spatial_dropout_forward):\n"
        "    rng.random()\n    return _first(x, p, rng, train)",
        "def dropconnect_forward(x, w, b, p, rng, train=True, _first=dropconnect_forward):\n"
        "    rng.random()\n    return _first(x, w, b, p, rng, train)",
    ),
}


def a_class(folder, size, varied=False):
    """A folder with so many right submissions, or varied ones."""
    rng = random.Random(size)
    for i in range(size):
        ways = {module: rng.choice(("", *codes)) for module, codes in OTHER_WAYS.items()} if varied else {}
        write(Path(folder) / f"s{i:04}", with_code(**ways))
    return folder


def timed(folder, isolation, jobs):
    """(seconds, processor seconds of all processes, peak memory of the parent in MB) of one run of the command."""
    out = tempfile.mkdtemp(prefix="bench-")
    before, start = _processors(), time.perf_counter()
    words = ["grade", folder, "--out", out, "--jobs", str(jobs), "--isolation", isolation, "--seed", "1"]
    command = subprocess.Popen([sys.executable, "-c", COMMAND, *map(str, words)], stdout=subprocess.DEVNULL)
    peak = 0
    while command.poll() is None:
        peak = max(peak, _memory(command.pid))
        time.sleep(0.1)
    seconds, busy = time.perf_counter() - start, _processors() - before
    done = len(list(Path(out, "results").glob("*.json")))
    shutil.rmtree(out)
    if command.returncode or done != len(list(Path(folder).iterdir())):
        raise SystemExit(f"the run ended with {command.returncode} and {done} results")
    return seconds, busy, peak


def in_one_process(times=5):
    """Seconds for the same functions and probes, called in this process."""
    functions = load()
    for name in EXERCISES:
        judge(name, functions, 1)
    start = time.perf_counter()
    for _ in range(times):
        for name in EXERCISES:
            judge(name, functions, 1)
    return (time.perf_counter() - start) / times


def main():
    """Print the table, row by row, and keep it if that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--few", type=int, default=20)
    parser.add_argument("--many", type=int, default=0, help="a large class too, on two processes")
    parser.add_argument("--write", action="store_true", help="keep table and numbers in tests/benchmarks/results/")
    options = parser.parse_args()
    modes = ["plain"] + ([] if try_bwrap() else ["bwrap"])
    runs = [("right", mode, jobs, options.few) for mode in modes for jobs in (1, 2)]
    runs += [("varied", mode, 2, options.few) for mode in modes]
    runs += [("right", mode, 2, options.many) for mode in modes if options.many]
    result = {
        "made": date.today().isoformat(),
        "load": round(os.getloadavg()[0], 2),
        "machine": machine("numpy"),
        "exercises": len(EXERCISES),
        "one process": round(in_one_process(), 3),
        "rows": [],
    }
    lines = _opening(result)
    print("\n".join(lines), flush=True)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        for kind, mode, jobs, size in runs:
            place = a_class(Path(folder) / f"{kind}-{size}", size, kind == "varied")
            seconds, busy, peak = timed(place, mode, jobs)
            row = (
                kind,
                mode,
                jobs,
                size,
                round(seconds, 1),
                round(60 * size / seconds),
                round(busy / size, 3),
                round(peak),
            )
            result["rows"].append(dict(zip(COLUMNS, row, strict=True)))
            lines.append(rounds.pipes(row))
            print(lines[-1], flush=True)
    if options.write:
        (RESULTS / "grading.json").write_text(json.dumps(result, indent=1) + "\n", "utf-8")
        (RESULTS / "grading.md").write_text("\n".join(lines) + "\n", "utf-8")


def _opening(result):
    """What stands above the rows: the machine, the same work without any grading, and the names of the columns."""
    about = ", ".join(f"{key} {value}" for key, value in result["machine"].items())
    alone = f"The same functions in one process: {result['one process']} s for one submission."
    return [
        f"# grading, {result['made']}",
        "",
        f"{about}; {result['exercises']} exercises; load {result['load']:.1f}.",
        alone,
        "",
        rounds.pipes(COLUMNS),
        rounds.pipes(["---"] * len(COLUMNS)),
    ]


def _processors():
    """Processor seconds of all processes that were started from here and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _memory(pid):
    """The most resident memory that a process had until now, in MB; 0 where there is no /proc."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), 0)


if __name__ == "__main__":
    main()
