"""The results of grading as they stand on disk: one JSON file per submission, schema "dropout-lab/result", version 1.

Our own engine writes them, but names, messages and files in them come from students, and a file may be cut, copied or
edited by hand. So everything is checked on the way in, and what is not right becomes a sentence.
"""

import json
import math
import re
from array import array
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path

from dropout_lab.checks.exercises import EXERCISES
from dropout_lab.instructor.escaping import one_line
from dropout_lab.system.files import digest

SCHEMA, VERSION = "dropout-lab/result", 1
STATUS = ("passed", "failed", "blank", "error")
NO_RESULT = "no result in time"
LONGEST_CODE = 800  # characters of one function
LARGEST = 64_000_000  # bytes of one file; six modules of the largest size that is taken in make half of it


class NotAResult(ValueError):
    """A sentence on what is wrong with a file."""


@dataclass(frozen=True, slots=True)
class Row:
    """One exercise of one submission.

    `suffers` names the exercises under it that are at fault, `raised` the kind of error that ended it, `code` is the
    function as it was handed in, where the fault is its own.
    """

    exercise: str
    module: str
    lesson: str
    number: str
    status: str
    points: float
    max_points: float
    mistake: str | None = None
    suffers: tuple[str, ...] = ()
    message: str = ""
    headline: str = ""
    raised: str = ""
    code: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Result:
    """One submission. `stem` is the name of its file, safe to name further files with.

    `sources` is {module: hashes of its runs of tokens}, eight bytes each; `also` other names by which a table may know
    the student; `ignored` names of files that were not looked at.
    """

    stem: str
    student: str
    submission: str
    points: float
    max_points: float
    rows: tuple[Row, ...]
    files: dict = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    sources: dict = field(default_factory=dict)
    seconds: float = 0.0
    isolation: str = ""
    seed: int | None = None

    @property
    def percent(self):
        return 100 * self.points / self.max_points if self.max_points else 0.0

    def row(self, exercise):
        """The row of an exercise, or None."""
        return next((row for row in self.rows if row.exercise == exercise), None)

    def brief(self):
        """The same without what only its own feedback says, so that a class can be kept in memory."""
        rows = tuple(_one_object(replace(row, message="", headline="", seconds=0.0)) for row in self.rows)
        files = {name: one_line(said) for name, said in self.files.items() if said != "ok"}
        return replace(self, rows=rows, files=files, notes=tuple(map(one_line, self.notes)))


@lru_cache(10_000)
def _one_object(row):
    """Of rows that are equal, the first: without messages a class has few that differ."""
    return row


def each(folder, problems):
    """The results of a folder, one after the other; `problems` gets a sentence on each file that cannot be read."""
    for path in sorted(paths(folder)):
        try:
            yield read(path)
        except NotAResult as problem:
            problems.append(f"{one_line(path.name)}: {problem}")


def by_name(result):
    """The key of the order in which a class is listed."""
    return one_line(result.student).casefold(), result.stem


def two_decimals(points):
    """Points as every page and table prints them: with a point, never -0.00."""
    return f"{float(points) + 0.0:.2f}".replace("-0.00", "0.00")


def paths(folder):
    """The files that claim to be results: JSON files in the folder's results/, or right in it if there are none."""
    for place in (Path(folder) / "results", Path(folder)):
        found = [p for p in place.glob("*.json") if p.is_file() and not p.name.startswith(".") and _claims(p)]
        if found:
            return found
    return []


def read(path):
    """One result.

    Raises
    ------
    NotAResult
        If the file is not one, with the reason.
    """
    path = Path(path)
    try:
        if path.stat().st_size > LARGEST:
            raise NotAResult(f"larger than {LARGEST} bytes")
        data = json.loads(path.read_text("utf-8"), parse_constant=_refuse)
    except (OSError, ValueError, RecursionError) as error:
        raise (
            error
            if isinstance(error, NotAResult)
            else NotAResult(f"not JSON that can be read ({type(error).__name__})")
        ) from None
    return parse(data, path.stem)


def parse(data, stem="result"):
    """A result from the object that a file holds."""
    if not isinstance(data, dict) or data.get("schema") != SCHEMA:
        raise NotAResult(f"not of schema {SCHEMA}")
    if data.get("version") != VERSION:
        raise NotAResult(f"version {one_line(data.get('version'), 20)}; this program reads version {VERSION}")
    rows = tuple(row_from(row) for row in _list(data, "exercises"))
    points, most = _number(data, "points"), _number(data, "max_points")
    if len({row.exercise for row in rows}) < len(rows):
        raise NotAResult("an exercise stands in it twice")
    if points > most:
        raise NotAResult("more points than there are")
    if points > sum(row.points for row in rows) + 1e-6:
        raise NotAResult("more points in total than in its exercises")
    sources = data.get("sources")
    return Result(
        stem=_safe(stem),
        student=_text(data, "student"),
        submission=_text(data, "submission"),
        points=points,
        max_points=most,
        rows=rows,
        files={str(k): str(v) for k, v in _dict(data, "files").items()},
        notes=tuple(map(str, _list(data, "notes"))),
        ignored=tuple(map(str, _list(data, "ignored"))),
        also=tuple(map(str, _list(data, "also"))),
        sources={str(k): _runs(v) for k, v in sources.items()} if isinstance(sources, dict) else {},
        seconds=_number(data, "seconds", 0),
        isolation=_text(data, "isolation"),
        seed=data.get("seed") if isinstance(data.get("seed"), int) else None,
    )


def _safe(stem):
    """A name for files made of letters, digits, dots, dashes; two that differ stay different."""
    safe = re.sub(r"[^\w.-]", "_", stem)
    return safe if safe == stem else f"{safe}-{digest(stem.encode('utf-8', 'surrogateescape'))[:8]}"


def row_from(data):
    """A row from the object that stands for one exercise."""
    if not isinstance(data, dict) or data.get("exercise") not in EXERCISES:
        raise NotAResult("an exercise in it is not in the table")
    e = EXERCISES[data["exercise"]]
    row = Row(
        exercise=e.name,
        module=e.module,
        lesson=e.lesson,
        number=e.number,
        status=data.get("status"),
        points=_number(data, "points"),
        max_points=_number(data, "max_points"),
        mistake=data.get("mistake") if isinstance(data.get("mistake"), str) else None,
        suffers=tuple(name for name in EXERCISES if name in _list(data, "suffers")),
        message=_text(data, "message"),
        headline=_text(data, "headline"),
        raised=kind_raised(data.get("status"), _text(data, "message")),
        code=_text(data, "code")[:LONGEST_CODE],
        seconds=_number(data, "seconds", 0),
    )
    if row.status not in STATUS:
        raise NotAResult(f"{e.name} has no status that is known")
    if row.points > row.max_points or (row.points and row.status != "passed"):
        raise NotAResult(f"{e.name} has points that its status does not earn")
    return row


def kind_raised(status, message):
    """The kind of error that a message tells of: a class of Python's, or that time was up."""
    if status != "error":
        return ""
    kind = re.search(r"raised (\w{1,60})", message)
    return kind[1] if kind else NO_RESULT if "no result within" in message else ""


def _number(data, key, default=None):
    value = data.get(key, default)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value) or value < 0:
        raise NotAResult(f"{key} is not a number from 0 up")
    return float(value)


def _text(data, key):
    value = data.get(key, "")
    return value if isinstance(value, str) else ""


def _list(data, key):
    value = data.get(key, [])
    if not isinstance(value, list):
        raise NotAResult(f"{key} is not a list")
    return value


def _dict(data, key):
    value = data.get(key, {})
    return value if isinstance(value, dict) else {}


def _runs(value):
    return array("Q", [v for v in value if isinstance(v, int) and 0 <= v < 1 << 64] if isinstance(value, list) else ())


def _claims(path):
    """Whether the beginning of a file says that it is a result, so that other JSON beside it is left alone."""
    with path.open("rb") as file:
        return SCHEMA.encode() in file.read(4096)


def _refuse(constant):
    raise ValueError(f"{constant} is not JSON")
