"""`dropout-lab grade`, from what was typed to what is said at the end."""

from pathlib import Path

from dropout_lab.checks.exercises import MODULES
from dropout_lab.instructor.escaping import one_line
from dropout_lab.instructor.grading import terms
from dropout_lab.instructor.grading.batch import recorded_seed, run
from dropout_lab.instructor.grading.boundary.sandbox import PLAIN, NoSandbox, choose
from dropout_lab.instructor.grading.grade import Settings


class GradingError(Exception):
    """A sentence on why nothing was graded."""


def grade_folder(
    folder,
    out,
    *,
    seed=None,
    lessons="",
    weights=None,
    late=None,
    late_percent=10.0,
    jobs=None,
    dask=None,
    isolation="auto",
    required=False,
    say=print,
):
    """Grade a folder; returns whether every submission has a result.

    Parameters are those of the command. `say` is called with each sentence.

    Raises
    ------
    GradingError
        If what was asked for cannot be done.
    """
    folder, out = Path(folder), Path(out)
    try:
        _check(folder, out)
        chosen = terms.lessons(lessons)
        points = terms.weights(weights, chosen) if weights else {}
        days = terms.late(late, late_percent) if late else terms.DaysLate()
        secrets = tuple(str(path.resolve()) for path in (folder, out) if path.exists())
        mode, sentence = choose(isolation, required, secrets)
        settings = Settings(
            seed=recorded_seed(out) if seed is None else seed,
            isolation=mode,
            exercises=chosen,
            points=points,
            secrets=secrets,
            unprotected=isolation == PLAIN,
        )
        say(sentence)
        say(f"Seed: {settings.seed}. The same seed repeats this run exactly.")
        summary = run(folder, out, settings, jobs=jobs, late=days, dask=dask)
    except (terms.Unclear, NoSandbox, OSError) as error:
        raise GradingError(str(error)) from None
    for line in _report(summary, out):
        say(line)
    return not summary.faults


def _check(folder, out):
    if not folder.is_dir():
        raise GradingError(f"{folder} is no folder")
    inside = [path for path in folder.iterdir() if not path.name.startswith(".")]
    only = len(inside) == 1 and inside[0].name == "dropout_lab"
    if only or sum(path.stem in MODULES and path.suffix == ".py" for path in inside) > 1:
        raise GradingError(f"{folder} looks like one submission; give the folder that holds the submissions")
    if out.resolve() == folder.resolve() or folder.resolve() in out.resolve().parents:
        raise GradingError("--out lies inside the submissions and would be graded next time; give another folder")


def _report(summary, out):
    done = summary.graded + summary.kept
    rate = f", {60 * summary.graded / summary.seconds:.0f} per minute" if summary.graded else ""
    kept = f" {summary.kept} were there already." if summary.kept else ""
    graded = f"{summary.graded} graded in {summary.seconds:.0f} s{rate}"
    yield f"{done} submissions have a result in {out / 'results'}: {graded}.{kept}"
    for what, count in sorted(summary.again.items()):
        yield f"{count} of them had a result, and were graded again since the {what} changed."
    if summary.ignored:
        yield f"Ignored, in no form in which work is handed in: {_listed(summary.ignored)}."
    if summary.left:
        yield f"Results of an earlier run that belong to no submission: {_listed(summary.left)}."
    for student, fault in summary.faults:
        yield f"NO RESULT for {one_line(student, 60)}: {one_line(fault, 300)}"


def _listed(names):
    return ", ".join(one_line(name, 60) for name in names)
