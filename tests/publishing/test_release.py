"""The students' zip: what is in it, what is not, that it works, and that it is the same every time."""

import io
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile

import pytest

from conftest import ROOT
from dropout_lab.checks.exercises import EXERCISES
from dropout_lab.instructor import selection
from dropout_lab.instructor.publishing import classroom, leaks, release
from dropout_lab.system.files import pack

HEAD = """\
# %% [markdown]
# # {n} · {name}
#
# **Next:** [the next one]({after}).

# %% tags=["setup"]
import numpy as np

# %% [markdown]
# ### BEGIN SOLUTION
# The answer in words.
# ### END SOLUTION

# %% tags=["solution"]
print("an answer")
"""
README = """\
# A course

## The lessons

| | lesson |
|---|---|
| 00 | [start](lessons/00_start.ipynb) |
| 01 | [one](lessons/01_one.ipynb) |
| 02 | [two](lessons/02_two.ipynb) |

<!-- teachers -->
The answers are in `solutions/`.
<!-- /teachers -->
## Licence

[LICENSE](LICENSE), [home](https://example.org).
"""


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    """A small repository: the real modules, three lessons, and litter of every kind."""
    root = tmp_path_factory.mktemp("repository")
    shutil.copytree(
        ROOT / "solutions/dropout_lab", root / "solutions/dropout_lab", ignore=shutil.ignore_patterns("__pycache__")
    )
    names = ("00_start", "01_one", "02_two")
    for name, after in zip(names, (*names[1:], "00_start"), strict=True):
        (root / f"solutions/{name}.py").write_text(
            HEAD.format(n=name[:2], name=name[3:], after=f"{after}.ipynb"), "utf-8"
        )
        (root / f"solutions/{name}.ipynb").write_text("{}")
    for path, text in {
        "README.md": README,
        "LICENSE": "BSD",
        "pyproject.toml": "[project]\nname = 'x'\n",
        "grades.csv": "Zoë,3",
        "dropout_lab/__init__.py": '"""A course."""\n',
        "dropout_lab/instructor/grade.py": "",
        "tests/test_x.py": "",
        "dropout_lab/__pycache__/layers.cpython-311.pyc": "\0",
        "lessons/.ipynb_checkpoints/00_start-checkpoint.ipynb": "{}",
        "dropout_lab/layers.py": "return x @ w + b, (x, w)  # tried out",
        ".git/config": "",
        "lessons/00_start.ipynb": "{",
        "lessons/picture.svg": "<svg/>",
        "dropout_lab.egg-info/PKG-INFO": "",
        "dropout_lab/checks/table.py": "",
    }.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, "utf-8")
    shutil.rmtree(root / ".git")
    return root


def unzip(path):
    with zipfile.ZipFile(path) as archive:
        return {name.removeprefix("dropout-lab/"): archive.read(name) for name in archive.namelist()}


def test_the_zip_holds_what_a_student_needs_and_nothing_else(repository, tmp_path):
    release.release(repository, tmp_path / "course.zip")
    modules = [
        f"dropout_lab/{m}.py" for m in ("__init__", "dropout", "gradcheck", "layers", "network", "noise", "training")
    ]
    lessons = [f"lessons/{n}" for n in ("00_start.ipynb", "01_one.ipynb", "02_two.ipynb", "picture.svg")]
    assert sorted(unzip(tmp_path / "course.zip")) == sorted(
        [
            "LICENSE",
            "README.md",
            "pyproject.toml",
            "dropout_lab/checks/table.py",
            *modules,
            *lessons,
            *classroom.files(),
        ]
    )


def test_a_page_comes_with_the_lesson_that_links_to_it(repository, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(repository, copy)
    (copy / "solutions/sheet.md").write_text("All on one page.\n", "utf-8")
    source = copy / "solutions/02_two.py"
    source.write_text(source.read_text("utf-8").replace("**Next:**", "[All](sheet.md). **Next:**"), "utf-8")
    for chosen, there in ((None, True), (("02",), True), (("01",), False)):
        release.release(copy, tmp_path / "course.zip", chosen)
        assert ("lessons/sheet.md" in unzip(tmp_path / "course.zip")) == there


def test_stubs_and_lessons_are_derived_and_not_copied(repository, tmp_path):
    release.release(repository, tmp_path / "course.zip")
    files = unzip(tmp_path / "course.zip")
    assert b"NotImplementedError" in files["dropout_lab/layers.py"]
    assert b"tried out" not in files["dropout_lab/layers.py"]
    cells = json.loads(files["lessons/00_start.ipynb"])["cells"]
    assert not [c for c in cells if c.get("outputs") or "solution" in c["metadata"].get("tags", [])]
    assert b"The answer in words" not in files["lessons/00_start.ipynb"]


def test_the_same_sources_give_the_same_bytes(repository, tmp_path):
    release.release(repository, tmp_path / "one.zip")
    copy = tmp_path / "elsewhere"
    shutil.copytree(repository, copy)
    for path in copy.rglob("*"):
        os.utime(path, (1e9, 1e9))
        path.chmod(0o755)
    release.release(copy, tmp_path / "two.zip")
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "one.zip") as archive:
        assert archive.namelist() == sorted(archive.namelist())
        assert {i.date_time for i in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


@pytest.mark.parametrize("leak", ["return x @ w + b, (x, w)", "The answer in words."])
def test_a_leak_stops_the_release_and_keeps_the_older_file(repository, tmp_path, leak):
    copy = tmp_path / "copy"
    shutil.copytree(repository, copy)
    (copy / "dropout_lab/checks/table.py").write_text(f"# a note\n    {leak}\n")
    (tmp_path / "course.zip").write_bytes(b"older")
    with pytest.raises(
        release.ReleaseError, match=r"nothing was written.*dropout-lab/dropout_lab/checks/table\.py:2: a solution line"
    ):
        release.release(copy, tmp_path / "course.zip")
    assert (tmp_path / "course.zip").read_bytes() == b"older"


@pytest.mark.parametrize("text", ["[gone](lessons/09_gone.ipynb)", "![a picture](gone.png)", "look into `solutions/`"])
def test_a_readme_that_would_not_be_true_stops_the_release(repository, tmp_path, text):
    copy = tmp_path / "copy"
    shutil.copytree(repository, copy)
    (copy / "README.md").write_text(f"# A course\n\n{text}\n")
    with pytest.raises(release.ReleaseError, match=r"README\.md (links to|speaks of)"):
        release.release(copy, tmp_path / "course.zip")


def test_the_teachers_part_of_readme_stays_at_home(repository):
    text = release.contents(repository)["README.md"].decode()
    assert "solutions" not in text
    assert "<!--" not in text
    assert "## Licence" in text


def test_a_part_of_the_course_has_those_lessons_and_a_readme_that_says_so(repository, tmp_path):
    done = release.release(repository, tmp_path / "part.zip", ("01",))
    files = unzip(tmp_path / "part.zip")
    assert done.lessons == ("00", "01")
    assert "lessons/02_two.ipynb" not in files
    readme = files["README.md"].decode()
    assert "This copy holds lessons 00 and 01." in readme
    assert "02_two" not in readme
    assert "01_one" in readme
    words = "".join(c["source"] for c in json.loads(files["lessons/01_one.ipynb"])["cells"])
    assert "**Next:** the next one." in words
    assert "[the next one](01_one.ipynb)" in "".join(
        c["source"] for c in json.loads(files["lessons/00_start.ipynb"])["cells"]
    )


def test_a_lesson_that_is_not_there_is_said(repository):
    with pytest.raises(release.ReleaseError, match="there is no lesson 09"):
        release.contents(repository, ("01", "09"))


@pytest.mark.parametrize(
    ("text", "chosen"), [("1-3", "01 02 03"), ("0, 2 - 3,10", "00 02 03 10"), ("6", "06"), ("3,1-3", "01 02 03")]
)
def test_lessons_are_chosen_by_numbers_and_ranges(text, chosen):
    assert selection.lessons(text) == tuple(chosen.split())


@pytest.mark.parametrize("text", ["", "6-1", "13", "-1", "a", "1-", "1;2", "1-3-5", "\u0661\u0662\u0663"])
def test_what_is_no_choice_of_lessons_is_said(text):
    with pytest.raises(selection.NoSuchLessons, match="is no choice of lessons"):
        selection.lessons(text)


@pytest.mark.parametrize(
    ("chosen", "words"),
    [("1", "01"), ("0-6", "00 to 06"), ("0,2", "00 and 02"), ("0-1,5,7-9", "00 and 01, 05 and 07 to 09")],
)
def test_a_choice_reads_well(chosen, words):
    assert selection.in_words(selection.lessons(chosen)) == words


def test_exercises_of_lessons_come_in_the_order_of_the_course():
    assert selection.exercises(("06", "04")) == ("sgd_momentum", "dropout_forward", "dropout_backward", "mlp_dropout")


@pytest.fixture(scope="module")
def student(tmp_path_factory):
    """This course as a student unpacks it."""
    folder = tmp_path_factory.mktemp("student")
    content = release.contents(ROOT)
    with zipfile.ZipFile(io.BytesIO(pack(content, f"{release.FOLDER}/"))) as archive:
        archive.extractall(folder)
    return folder / "dropout-lab"


def run(student, *arguments):
    env = {**os.environ, "PYTHONPATH": str(student), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [sys.executable, *arguments], cwd=student, env=env, capture_output=True, encoding="utf-8", timeout=120
    )


def test_every_module_of_this_course_imports_in_a_students_copy(student):
    names = [f.relative_to(student).with_suffix("").as_posix().replace("/", ".") for f in sorted(student.rglob("*.py"))]
    names = [n for n in names if not n.endswith("__main__") and "worker" not in n]
    optional = "('torch', 'numba')"
    code = (
        f"import importlib, dropout_lab\nassert dropout_lab.__file__.startswith({str(student)!r})\n"
        f"for name in {names!r}:\n  try: importlib.import_module(name.removesuffix('.__init__'))\n"
        f"  except ModuleNotFoundError as e:\n    assert e.name in {optional}, (name, e)\n"
    )
    done = run(student, "-W", "ignore", "-c", code)
    assert done.returncode == 0, done.stderr


def test_a_students_copy_checks_and_has_no_commands_of_teachers(student):
    done = run(student, "-m", "dropout_lab", "check", "--json")
    assert {r["status"] for r in json.loads(done.stdout)} == {"blank"}
    assert len(json.loads(done.stdout)) == len(EXERCISES)
    commands = re.findall(
        r"^  (\w+)", run(student, "-m", "dropout_lab", "--help").stdout.partition("For students:")[2], re.MULTILINE
    )
    assert {"check", "hint"} <= set(commands)
    assert not {"build", "grade", "release", "report", "gradescope"} & set(commands)


def test_a_students_copy_has_what_pyproject_names(student):
    tomllib = pytest.importorskip("tomllib")
    project = tomllib.loads((student / "pyproject.toml").read_text("utf-8"))
    for name in [project["project"]["readme"], *project["project"]["license-files"]]:
        assert (student / name).is_file()
    for package in project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]:
        assert (student / package / "__init__.py").is_file()
    script = project["project"]["scripts"]["dropout-lab"]
    assert run(student, "-c", f"from {script.replace(':', ' import ')}").returncode == 0


def test_this_course_passes_its_own_gate(tmp_path):
    there = sorted({p.name[:2] for p in (ROOT / "solutions").glob("[0-9][0-9]_*.py")})
    done = release.release(ROOT, tmp_path / "course.zip", tuple(there) if len(there) < 13 else None)
    assert list(done.lessons) == there
    assert leaks.find_in_zip(tmp_path / "course.zip") == []
