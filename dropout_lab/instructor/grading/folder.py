"""`dropout-lab grade`, from what was typed to what is said at the end."""

from pathlib import Path

from dropout_lab.instructor.grading import terms
from dropout_lab.instructor.grading.batch import recorded_seed, run
from dropout_lab.instructor.grading.boundary.sandbox import NoSandbox, choose
from dropout_lab.instructor.grading.grade import Settings
from dropout_lab.instructor.texts import plain


class GradingError(Exception):
    """A sentence on why nothing was graded."""


def grade_folder(folder, out, seed, lessons, weights, late, late_percent, jobs, dask, isolation, required, say):
    """Grade a folder; returns whether every submission has a result.

    Raises
    ------
    GradingError
        If what was asked for cannot be done.
    """
    folder, out = Path(folder), Path(out)
    try:
        if not folder.is_dir():
            raise GradingError(f"{folder} is no folder")
        if (folder / "layers.py").exists() or (folder / "dropout_lab").exists():
            raise GradingError(f"{folder} looks like one submission; give the folder that holds the submissions")
        if out.resolve() == folder.resolve() or folder.resolve() in out.resolve().parents:
            raise GradingError("--out lies inside the submissions and would be graded next time; give another folder")
        chosen = terms.lessons(lessons)
        points = terms.weights(weights) if weights else {}
        days = terms.late(late, late_percent) if late else terms.Late()
        mode, sentence = choose(isolation, required)
        settings = Settings(recorded_seed(out) if seed is None else seed, mode, chosen, points)
        say(sentence)
        say(f"Seed: {settings.seed}. The same seed repeats this run exactly.")
        summary = run(folder, out, settings, jobs, days, dask)
    except (terms.Unclear, NoSandbox, OSError) as error:
        raise GradingError(str(error)) from None
    for line in _report(summary, out):
        say(line)
    return not summary.faults


def _report(summary, out):
    done = summary.graded + summary.kept
    rate = f", {60 * summary.graded / summary.seconds:.0f} per minute" if summary.graded else ""
    kept = f" {summary.kept} were there already." if summary.kept else ""
    graded = f"{summary.graded} graded in {summary.seconds:.0f} s{rate}"
    yield f"{done} submissions have a result in {out / 'results'}: {graded}.{kept}"
    if summary.ignored:
        yield f"Ignored, neither folder nor zip file: {', '.join(plain(name, 60) for name in summary.ignored[:10])}."
    for path, fault in summary.faults:
        yield f"NO RESULT for {plain(Path(path).name, 60)}: {plain(fault, 300)}"
