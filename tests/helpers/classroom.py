"""Made-up results of a class, in the schema that grading writes."""

import json

import numpy as np

from dropout_lab.checks import mistakes
from dropout_lab.checks.exercises import EXERCISES
from dropout_lab.instructor.grading import similarity
from dropout_lab.instructor.grading.results import SCHEMA, parse

HOSTILE = '=HYPERLINK("http://evil";"x")<script>alert(1)</script>`[a](javascript:1)|\u202e\x1b[31m\n# boo @all'


def row(name, status="passed", mistake=None, message="", **more):
    e = EXERCISES[name]
    return {
        "exercise": name,
        "module": e.module,
        "lesson": e.lesson,
        "number": e.number,
        "status": status,
        "points": e.points if status == "passed" else 0,
        "max_points": e.points,
        "mistake": mistake,
        "message": message,
        "seconds": 0.01,
        **more,
    }


def document(student, rows=None, **more):
    rows = [row(name) for name in EXERCISES] if rows is None else rows
    return {
        "schema": SCHEMA,
        "version": 1,
        "student": student,
        "submission": student,
        "seed": 7,
        "isolation": "plain",
        "started": "2026-11-23T10:00:00+00:00",
        "seconds": 1.5,
        "files": {"layers": "ok"},
        "exercises": rows,
        "points": sum(r["points"] for r in rows),
        "max_points": sum(r["max_points"] for r in rows),
        "notes": [],
        "sources": {},
        **more,
    }


def result(student, rows=None, stem=None, **more):
    return parse(document(student, rows, **more), stem or student)


def write(folder, documents):
    folder.mkdir(parents=True, exist_ok=True)
    for i, data in enumerate(documents):
        (folder / f"s{i:03}.json").write_text(json.dumps(data), "utf-8")
    return folder


def a_class(n=40, seed=1):
    """n students who get on to different lengths and make mistakes of the bank; the last two share their code."""
    rng, (bank, _) = np.random.default_rng(seed), mistakes.load_all()
    documents = []
    for i in range(n):
        skill, reach, rows = rng.beta(5, 2), rng.integers(12, 27), []
        for k, (name, e) in enumerate(EXERCISES.items()):
            if k >= reach:
                rows.append(row(name, "blank", message=f"`{name}` is still blank. {e.place}."))
            elif rng.random() < skill ** (0.3 * e.level):
                rows.append(row(name))
            else:
                known = [m for m in bank.get(name, ()) if rng.random() < 0.7][:1]
                rows.append(
                    row(
                        name,
                        "failed",
                        known[0].id if known else None,
                        f"{known[0].title}. `dx` is 0.5 times what it should be."
                        if known
                        else "`dx` is wrong in 3 of 12 entries.",
                    )
                )
        documents.append(document(f"Student {i:02}", rows, sources=similarity.fingerprints("layers", own_code(i))))
    documents[-1]["sources"] = documents[-2]["sources"]
    return documents


def own_code(i):
    """Code that no one else writes."""
    rng = np.random.default_rng(i)
    return "\n".join(
        f"def f{j}(x):\n    return x.m{rng.integers(99)} + {rng.integers(999)} * x.k{rng.integers(99)}"
        for j in range(20)
    )
