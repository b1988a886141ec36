"""How long a student waits: imports, the check of everything, one check after the first, a diagnosis, a lesson."""

import json
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOLUTIONS = ROOT / "solutions"
HEAVY = (
    "matplotlib",
    "sklearn",
    "IPython",
    "ipykernel",
    "ipywidgets",
    "jupyter_client",
    "jupyter_core",
    "tqdm",
    "torch",
    "numba",
    "scipy",
)
CHECKS = """
import json, time
from dropout_lab.checks.exercises import EXERCISES
from dropout_lab.checks.functions import load
from dropout_lab.checks.verdicts import judge
functions, times = load(), {}
for again in range(2):
    for name in EXERCISES:
        start = time.perf_counter()
        status = judge(name, functions, 0).status
        times.setdefault(name, {"status": status})["again" if again else "first"] = time.perf_counter() - start
print(json.dumps(times))
"""
DIAGNOSES = """
import json, statistics, time
from dropout_lab.checks import mistakes
from dropout_lab.checks.exercises import EXERCISES
from dropout_lab.checks.verdicts import judge
bank, right = mistakes.load_all()
found = []
for name in EXERCISES:
    times = []
    for seed, entry in enumerate(bank[name][::3]):
        start = time.process_time()
        judge(name, entry.functions(right), seed)
        times.append(1e3 * (time.process_time() - start))
    found.append(
        {"what": name, "in the bank": len(bank[name]), "tried": len(times), "first ms": times[0],
         "median ms": statistics.median(times), "worst ms": max(times)}
    )
print(json.dumps(found))
"""


def run(count):
    """Seconds, the median of a few fresh processes."""
    count = max(3, count // 5)
    found = [
        {"table": "waiting", "what": what, "seconds": _median(command, count)}
        for what, command in (
            ("python -c pass", ["-c", "pass"]),
            ("import numpy", ["-c", "import numpy"]),
            ("import dropout_lab", ["-c", "import dropout_lab"]),
            ("import dropout_lab.checks", ["-c", "import dropout_lab.checks"]),
            ("dropout-lab check, everything", ["-m", "dropout_lab", "check"]),
            ("dropout-lab check, one exercise", ["-m", "dropout_lab", "check", "affine_forward"]),
        )
    ]
    times = json.loads(_python("-c", CHECKS))
    found += [{"table": "one check in a session that runs", "what": name, **row} for name, row in times.items()]
    named = json.loads(_python("-c", DIAGNOSES))
    return found + [{"table": "a wrong answer on new inputs, processor time", **row} for row in named]


def lessons():
    """Seconds to execute each lesson from top to bottom, its kernel's start included."""
    import nbformat

    from dropout_lab.instructor.publishing.execute import execute

    found = []
    for file in sorted(SOLUTIONS.glob("[0-9]*.ipynb")):
        notebook, start = nbformat.read(file, 4), time.perf_counter()
        execute(notebook, SOLUTIONS)
        found.append({"table": "lessons", "what": file.stem, "seconds": time.perf_counter() - start})
    return found


def heavy_imports(module):
    """Which heavy packages `import module` pulls in, by -X importtime."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", f"import {module}"],
        check=True,
        cwd=SOLUTIONS,
        capture_output=True,
        encoding="utf-8",
    )
    roots = {line.rsplit("|", 1)[1].strip().split(".")[0] for line in done.stderr.splitlines() if line.count("|") == 2}
    return sorted(roots & set(HEAVY))


def _python(*arguments):
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=SOLUTIONS, check=True, capture_output=True, encoding="utf-8").stdout


def _median(command, count):
    times = []
    for _ in range(count):
        start = time.perf_counter()
        _python(*command)
        times.append(time.perf_counter() - start)
    return sorted(times)[count // 2]
