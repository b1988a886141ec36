"""One submission in, one result out.

The result is a plain dictionary that JSON can hold, schema "dropout-lab/result", version 1:

    schema, version
    student       name, from the folder or file
    submission    name of the folder or file as it lay there
    seed          of all inputs: the same seed gives the same result
    isolation     "bwrap" or "plain"; confined: what the process could not do: of "files", "memory", "processes"
    started       ISO time (UTC); seconds: how long it took
    files         {module: "ok", or a sentence on what is wrong with the file}
    exercises     [{exercise, number, module, lesson, status, points, max_points, mistake, suffers, message, headline,
                  code, seconds}, ...], where the message begins with the headline, suffers names the exercises under
                  this one that are at fault, and code is the function where the fault is its own
    points, max_points
    notes         sentences on what was unusual
    ignored       names of files that were not looked at
    also          other names by which a table may know the student
    sources       {function: fingerprint of its tokens}, for likeness
    run           three fingerprints, of what was asked for, of what was handed in, and of the judge: where all are
                  equal it need not be done again
"""

import ast
import time
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import cache

from dropout_lab.checks.exercises import EXERCISES, MODULES
from dropout_lab.checks.ground import drops, ground
from dropout_lab.checks.verdicts import Verdict, judge
from dropout_lab.instructor.grading import following
from dropout_lab.instructor.grading.boundary.proxies import Boundary, Lost, TooLong, Unavailable
from dropout_lab.instructor.grading.boundary.sandbox import BWRAP, Limits, Sandbox
from dropout_lab.instructor.grading.clock import OutOfTime, until
from dropout_lab.instructor.grading.results import LONGEST_CODE, NO_RESULT, SCHEMA, VERSION, kind_raised
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
    marker = Marker(submission, settings, end, precedents)
    boundary, notes, rows = marker.boundary, list(submission.notes), []
    try:
        for name in settings.exercises:
            rows.append(_row(name, marker, settings))
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


class Marker:
    """The verdicts on one submission. Each exercise is judged once, and once more where what it needs is at fault."""

    def __init__(self, submission, settings, end, precedents=None):
        self.submission, self.settings, self.end, self.precedents = submission, settings, end, precedents
        self.boundary = self._beside({})
        self._first, self._final = {}, {}

    def final(self, name):
        """The verdict on an exercise, whatever went wrong in others."""
        if name not in self._final:
            self._final[name] = self._followed(name, self.first(name))
        return self._final[name]

    def first(self, name):
        """The verdict on an exercise as it was handed in, beside the others."""
        if name not in self._first:
            functions = self.boundary.functions
            self._first[name] = verdict_on(name, self.boundary, self.settings, functions, self.precedents)
        return self._first[name]

    def _followed(self, name, verdict):
        exercise = EXERCISES[name]
        own_stub = verdict.status == "blank" and not verdict.suffers
        if verdict.status == "passed" or own_stub or exercise.module in self.boundary.unusable:
            return verdict
        if not any(self.first(n).status != "passed" for n in ground(name)):
            return verdict
        beside = self._beside(following.neighbours(name))
        try:
            return self._judged_beside(name, verdict, beside)
        finally:
            beside.close()

    def _judged_beside(self, name, verdict, beside):
        """The verdict on an exercise beside right functions; as it was if nothing that it uses is at fault."""
        settings, beside.patient = self.settings, self.boundary.patient
        uses = "mlp_forward" in (name, *ground(name)) and self._drops(beside)
        under = [n for n in ground(name, uses) if self.first(n).status != "passed"]
        if not under or (_without_result(verdict) and not any(_without_result(self.first(n)) for n in under)):
            return verdict
        failing = [n for n in under if self.final(n).status != "passed"]
        stuck = [n for n in failing if _without_result(self.final(n))]
        roots = following.at_fault(under, uses, self.final)
        verdicts = []
        for functions in following.ways(name, beside.functions, failing, stuck):
            verdicts.append(verdict_on(name, beside, settings, functions))
            if verdicts[-1].status == "passed":
                return following.right_by_itself(name, roots)
            if _without_result(verdicts[-1]):
                break
        return verdicts[0] if verdicts else verdict

    def _drops(self, beside):
        try:
            beside.begin(self.settings.limits.exercise)
            return bool(drops(beside.functions))
        except Lost:
            beside.close()
            return False

    def _beside(self, neighbours):
        settings = self.settings
        return Boundary(self.submission, settings.limits, self.end, lambda: _sandbox(settings), neighbours)


def _without_result(verdict):
    return kind_raised(verdict.status, verdict.headline) == NO_RESULT


def _row(name, marker, settings):
    start = time.monotonic()
    try:
        with until(marker.end):
            verdict = marker.final(name)
    except OutOfTime:
        marker.boundary.close()
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
        "code": _code(marker.submission, EXERCISES[name]) if verdict.status in _TRIED and not verdict.suffers else "",
        "number": EXERCISES[name].number,
        "max_points": worth,
        "points": worth if verdict.status == "passed" else 0,
        "seconds": round(time.monotonic() - start, 3),
    }


_TRIED = ("failed", "error")


def _code(submission, exercise):
    """The function of an exercise as it was handed in; nothing where its module cannot be read."""
    text = submission.sources.get(exercise.module, b"").decode("utf-8", "replace")
    try:
        body = ast.parse(text).body
        found = [node for node in body if getattr(node, "name", None) == exercise.function]
        return ast.unparse(_undocumented(found[-1]))[:LONGEST_CODE] if found else ""
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ""


def _undocumented(node):
    """A definition without its docstring."""
    first = node.body[0]
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and len(node.body) > 1:
        node.body = node.body[1:]
    return node


def verdict_on(name, boundary, settings, functions, precedents=None):
    """The verdict on one exercise by these functions; a time-out or a death is tried once more, in a fresh process.

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
            verdict = judge(name, functions, settings.seed)
            if precedents and boundary.story:
                precedents.add(name, settings.seed, boundary.story, verdict)
            if verdict.status == "passed" and boundary.meddled:
                verdict = _second_look(name, boundary, settings, functions)
            return verdict
        except Unavailable as lost:
            return Verdict(EXERCISES[name], "error", lost.sentence)
        except Lost as lost:
            boundary.close()
            boundary.patient = boundary.patient and not (last and isinstance(lost, TooLong))
            if last or not lost.again:
                return Verdict(EXERCISES[name], "error", lost.sentence)
    raise AssertionError("unreachable")


def _second_look(name, boundary, settings, functions):
    """A function that passed, and changed arguments: is it still right when the judge's own arrays stay what they were?

    One that is right cannot tell the difference; one that sets the inputs to what suits its answer can.
    """
    boundary.begin(settings.limits.exercise, mirror=False)
    verdict = judge(name, functions, settings.seed)
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
