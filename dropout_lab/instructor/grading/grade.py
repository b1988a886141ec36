"""One submission in, one result out.

The result is a plain dictionary that JSON can hold, schema "dropout-lab/result", version 1:

    schema, version
    student       name, from the folder or file
    submission    name of the folder or file as it lay there
    seed          of all inputs: the same seed gives the same result
    isolation     "bwrap" or "plain"; confined: what the process could not do: of "files", "memory", "processes"
    started       ISO time (UTC); seconds: how long it took
    files         {module: "ok", or a sentence on what is wrong with the file}
    exercises     [{exercise, number, module, lesson, status, points, max_points, mistake, message, headline,
                  seconds}, ...], where the message begins with the headline
    points, max_points
    notes         sentences on what was unusual
    ignored       names of files that were not looked at
    also          other names by which a table may know the student
    sources       {function: fingerprint of its tokens}, for likeness
    run           three fingerprints, of what was asked for, of what was handed in, and of the judge: where all are
                  equal it need not be done again
"""

import time
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import cache

from dropout_lab.checks.exercises import EXERCISES, MODULES
from dropout_lab.checks.verdicts import Verdict, judge
from dropout_lab.instructor.grading.boundary.proxies import Boundary, Lost, TooLong, Unavailable
from dropout_lab.instructor.grading.boundary.sandbox import BWRAP, Limits, Sandbox
from dropout_lab.instructor.grading.clock import OutOfTime, until
from dropout_lab.instructor.grading.results import SCHEMA, VERSION
from dropout_lab.instructor.grading.similarity import fingerprints
from dropout_lab.system.files import digest
from dropout_lab.system.places import PACKAGE

COMPARING = 10  # seconds for the fingerprints of likeness
MESSAGE = 4000  # characters; names that a submission chose may stand in one


@dataclass(frozen=True)
class Settings:
    """What every submission of a run is judged by.

    `exercises` are names, `points` what each is worth where that is not what the table says. `secrets` are paths that
    no submission may be able to read, `unprotected` tells whether to grade where it can.
    """

    seed: int
    isolation: str
    exercises: tuple[str, ...] = tuple(EXERCISES)
    points: dict = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    secrets: tuple[str, ...] = ()
    unprotected: bool = True

    @classmethod
    def from_record(cls, record):
        """From what `record` gave and JSON carried."""
        tuples = {name: tuple(record[name]) for name in ("exercises", "secrets")}
        return cls(**{**record, **tuples, "limits": Limits(**record["limits"])})

    def record(self):
        """The settings as JSON can carry them."""
        return asdict(self)

    def fingerprint(self, submission):
        """The same for the same demands, files and judge; how long is waited is no demand."""
        asked = repr((VERSION, self.seed, self.exercises, sorted(self.points.items()), self.isolation))
        texts = {**submission.sources, **submission.helpers}
        files = (part for name in sorted(texts) for part in (name.encode(), texts[name]))
        rest = repr((sorted(submission.missing.items()), submission.notes))
        return "-".join((digest(asked.encode()), digest(rest.encode(), *files), judge_digest()))


def why_again(known, now):
    """What differs between two fingerprints, in words; "" if there was none before."""
    parts = list(zip(("demands", "files", "judge"), str(known).split("-"), now.split("-"), strict=False))
    return next((name for name, before, after in reversed(parts) if before != after), "") if len(parts) == 3 else ""


@cache
def judge_digest():
    """Of everything that decides a verdict: another judge grades again."""
    files = sorted(path for wing in ("checks", "instructor/grading") for path in (PACKAGE / wing).rglob("*.py"))
    parts = (part for path in files for part in (path.relative_to(PACKAGE).as_posix().encode(), path.read_bytes()))
    return digest(*parts)


def grade_submission(submission, settings, after=lambda row: None, end=None, precedents=None):
    """The result of one submission (`submissions.Submission`). `after` is called with each row when it is done.

    `end` is when its time is over, by `time.monotonic()`; None counts from now. `precedents` are what was asked and
    answered before, by submissions of the same run.

    Raises
    ------
    sandbox.NoSandbox
        If no process can be started, or not confined. That is no fault of the submission, and there is no result then.
    """
    began, started = time.monotonic(), datetime.now(UTC).isoformat(timespec="seconds")
    end = began + settings.limits.submission if end is None else end
    boundary = Boundary(submission, settings.limits, end, lambda: _sandbox(settings))
    notes, rows = list(submission.notes), []
    try:
        for name in settings.exercises:
            rows.append(_row(name, boundary, settings, precedents))
            after(rows[-1])
    finally:
        boundary.close()
    if "files" not in boundary.confined and settings.isolation != BWRAP:
        notes.append("this system cannot keep a plain process from reading the files of the account that graded")
    sources = _likeness(submission.sources, notes)
    files = {name: boundary.unusable[name].sentence if name in boundary.unusable else "ok" for name in MODULES}
    return {
        "schema": SCHEMA,
        "version": VERSION,
        "student": submission.student,
        "submission": submission.name,
        "seed": settings.seed,
        "isolation": settings.isolation,
        "confined": list(boundary.confined),
        "started": started,
        "seconds": round(time.monotonic() - began, 3),
        "files": files,
        "exercises": rows,
        "points": _sum(row["points"] for row in rows),
        "max_points": _sum(row["max_points"] for row in rows),
        "notes": notes,
        "ignored": list(submission.ignored),
        "also": list(submission.also),
        "sources": sources,
        "run": settings.fingerprint(submission),
    }


def _printable(text):
    return "".join(c if c.isprintable() else " " for c in text[:MESSAGE])


def _sandbox(settings):
    return Sandbox(settings.isolation, settings.limits, settings.secrets, settings.unprotected)


def _row(name, boundary, settings, precedents):
    start = time.monotonic()
    try:
        with until(boundary.until):
            verdict = verdict_on(name, boundary, settings, precedents)
    except OutOfTime:
        boundary.close()
        said = (
            f"not judged: taking in and judging the submission took {settings.limits.submission:g} s, all that it has"
        )
        verdict = Verdict(EXERCISES[name], "error", said)
    record, worth = verdict.record(), settings.points.get(name, EXERCISES[name].points)
    said = _printable(record["message"])
    return {
        **record,
        "message": said,
        "headline": _printable(verdict.headline),
        "number": EXERCISES[name].number,
        "max_points": worth,
        "points": worth if verdict.status == "passed" else 0,
        "seconds": round(time.monotonic() - start, 3),
    }


def verdict_on(name, boundary, settings, precedents=None):
    """The verdict on one exercise; a time-out or a death is tried once more, in a fresh process.

    After an exercise that timed out twice the submission is known to loop, and no further time-out is tried again.
    `precedents` (`precedents.Precedents`) are looked at first, and added to.
    """
    for last in (False, True):
        try:
            boundary.begin(settings.limits.exercise)
            if precedents and not last and (known := precedents.verdict(name, settings.seed, boundary)):
                return known
            if boundary.life is None:
                boundary.begin(settings.limits.exercise)
            verdict = judge(name, boundary.functions, settings.seed)
            if precedents and boundary.story:
                precedents.add(name, settings.seed, boundary.story, verdict)
            if verdict.status == "passed" and boundary.meddled:
                verdict = _second_look(name, boundary, settings)
            return verdict
        except Unavailable as lost:
            return Verdict(EXERCISES[name], "error", lost.sentence)
        except Lost as lost:
            boundary.close()
            boundary.patient = boundary.patient and not (last and isinstance(lost, TooLong))
            if last or not lost.again:
                return Verdict(EXERCISES[name], "error", lost.sentence)
    raise AssertionError("unreachable")


def _second_look(name, boundary, settings):
    """A function that passed, and changed arguments: is it still right when the judge's own arrays stay what they were?

    One that is right cannot tell the difference; one that sets the inputs to what suits its answer can.
    """
    boundary.begin(settings.limits.exercise, mirror=False)
    verdict = judge(name, boundary.functions, settings.seed)
    if verdict.status == "passed":
        return verdict
    said = "it changed its arguments, and is right only for what it made of them"
    return Verdict(EXERCISES[name], "failed", said, verdict.details)


def _sum(numbers):
    """Without the dust of binary fractions; a whole number stays one."""
    total = round(sum(numbers), 6)
    return int(total) if total == int(total) else total


def _likeness(sources, notes):
    found = {}
    try:
        with until(time.monotonic() + COMPARING):
            for name, text in sources.items():
                found |= fingerprints(name, text.decode("utf-8", "replace"))
    except (OutOfTime, RecursionError, MemoryError):
        notes.append(f"{name}.py is written so that it cannot be compared with others within {COMPARING} s")
    return found
