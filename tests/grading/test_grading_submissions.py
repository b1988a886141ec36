"""What students hand in is found, read and named, and leads nowhere."""

import json
import os
import tarfile
import time
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dropout_lab.instructor.grading import submissions as taking_in
from dropout_lab.instructor.grading.archives import ENTRIES, Unreadable
from dropout_lab.instructor.grading.downloads import HandedIn, find
from dropout_lab.instructor.grading.submissions import Submission, collect
from submissions import MODULES, pack, right, shapes, with_code, write

WHOLE = {f"{name}.py": text.encode() for name, text in ((n[:-3], t) for n, t in right().items())}


def _same(submission):
    return {
        f"{k}.py": v.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n") for k, v in submission.sources.items()
    } == WHOLE


@pytest.mark.parametrize("shape", shapes.WHOLE)
@pytest.mark.parametrize("zipped", [False, True], ids=["folder", "zip"])
def test_every_usual_shape_is_read_without_a_note(tmp_path, shape, zipped):
    files = shapes.WHOLE[shape]
    if not zipped and "\\" in "".join(files):
        pytest.skip("a backslash is a letter in a file's name here")
    submission = collect(pack(tmp_path / "anna.zip", files) if zipped else write(tmp_path / "anna", files))
    assert _same(submission)
    assert submission.missing == {}
    assert submission.notes == ()
    assert submission.student == "anna"


@pytest.mark.parametrize("shape", shapes.NOTED)
@pytest.mark.parametrize("zipped", [False, True], ids=["folder", "zip"])
def test_what_is_odd_is_read_and_said(tmp_path, shape, zipped):
    files, note = shapes.NOTED[shape]
    submission = collect(pack(tmp_path / "anna.zip", files) if zipped else write(tmp_path / "anna", files))
    assert _same(submission)
    assert any(note in said for said in submission.notes)


def test_a_zip_in_a_folder_is_opened(tmp_path):
    pack(tmp_path / "Jane Doe_12_assignsubmission_file" / "work.zip", shapes.under("dropout_lab/"))
    assert _same(collect(tmp_path / "Jane Doe_12_assignsubmission_file"))


def test_zips_in_zips_are_opened_three_deep(tmp_path):
    inner = pack(tmp_path / "inner.zip", right()).read_bytes()
    for i in range(3):
        assert _same(collect(pack(tmp_path / f"anna{i}.zip", {"work/inner.zip": inner})))
        inner = pack(tmp_path / "twice.zip", {"inner.zip": inner}).read_bytes()
    assert collect(pack(tmp_path / "berta.zip", {"four.zip": inner})).sources == {}


@pytest.mark.parametrize(
    "path",
    [
        "../layers.py",
        "../../etc/layers.py",
        "/etc/layers.py",
        "a/../../layers.py",
        "C:\\layers.py",
        "..\\layers.py",
        "//server/layers.py",
    ],
)
def test_a_path_that_leads_out_of_a_zip_is_refused_and_nothing_is_unpacked(tmp_path, path):
    before = set(tmp_path.rglob("*"))
    submission = collect(
        pack(tmp_path / "in" / "eve.zip", {**{k: v for k, v in right().items() if k != "layers.py"}, path: "x = 1"})
    )
    assert "layers" not in submission.sources
    assert submission.missing["layers"] == "has a path that leads out of the zip file"
    assert set(tmp_path.rglob("*")) - before == {tmp_path / "in", tmp_path / "in" / "eve.zip"}


def test_a_link_in_a_zip_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "eve.zip", "w") as archive:
        archive.writestr(*shapes.link("layers.py"))
    assert collect(tmp_path / "eve.zip").missing["layers"] == "is a link, not a file"


def test_links_in_a_folder_are_not_followed(tmp_path):
    write(tmp_path / "other", right())
    write(tmp_path / "eve", {"layers.py": "x = 1"})
    (tmp_path / "eve" / "dropout.py").symlink_to(tmp_path / "other" / "dropout.py")
    (tmp_path / "eve" / "dropout_lab").symlink_to(tmp_path / "other", target_is_directory=True)
    submission = collect(tmp_path / "eve")
    assert list(submission.sources) == ["layers"]
    assert submission.missing["dropout"] == "is a link, not a file"
    assert submission.missing["noise"] == "is missing"


def test_a_submission_that_is_itself_a_link_is_ignored_and_named(tmp_path):
    write(tmp_path / "other", right())
    (tmp_path / "class").mkdir()
    (tmp_path / "class" / "eve").symlink_to(tmp_path / "other", target_is_directory=True)
    assert find(tmp_path / "class") == ([], ["eve"])


def test_a_file_is_read_once_so_that_swapping_it_later_changes_nothing(tmp_path):
    write(tmp_path / "eve", right())
    submission = collect(tmp_path / "eve")
    (tmp_path / "eve" / "layers.py").unlink()
    (tmp_path / "eve" / "layers.py").symlink_to("/etc/passwd")
    assert _same(submission)


def test_a_zip_bomb_is_read_no_further_than_a_module_may_be_large(tmp_path):
    files = {**right(), "layers.py": b"#" * (64 << 20)}
    assert collect(pack(tmp_path / "eve.zip", files)).missing["layers"] == "is larger than 256 kB"


def test_a_size_that_a_zip_only_claims_is_not_believed(tmp_path):
    data = pack(tmp_path / "eve.zip", {"layers.py": b"#" * 300_000}).read_bytes()
    (tmp_path / "eve.zip").write_bytes(data.replace((300_000).to_bytes(4, "little"), (10).to_bytes(4, "little")))
    submission = collect(tmp_path / "eve.zip")
    assert len(submission.sources.get("layers", b"")) <= 10
    assert "layers" in submission.sources or "unpacked" in submission.missing["layers"]


@pytest.mark.parametrize("data", [b"", b"PK", b"not a zip", b"PK\3\4" + b"\0" * 100, b"PK\5\6" + b"\xff" * 18])
def test_what_is_no_zip_is_said_to_be_none(tmp_path, data):
    (tmp_path / "eve.zip").write_bytes(data)
    submission = collect(tmp_path / "eve.zip")
    assert submission.sources == {}
    said = ("eve.zip is not a zip file that can be read", "eve.zip holds more than 20000 files")
    assert submission.notes[0].startswith(said)
    assert set(submission.missing) == set(MODULES)


def test_a_cut_zip_costs_only_itself(tmp_path):
    data = pack(tmp_path / "eve.zip", right()).read_bytes()
    for cut in range(0, len(data), 97):
        (tmp_path / "eve.zip").write_bytes(data[:cut])
        collect(tmp_path / "eve.zip")
    damaged = bytearray(data)
    damaged[60:200] = bytes(140)
    (tmp_path / "eve.zip").write_bytes(damaged)
    assert "cannot be unpacked" in str(collect(tmp_path / "eve.zip").missing)


def test_an_encrypted_file_is_said_to_be_encrypted(tmp_path):
    data = bytearray(pack(tmp_path / "eve.zip", {"layers.py": "x = 1"}).read_bytes())
    data[6] |= 1
    data[data.index(b"PK\1\2") + 8] |= 1
    (tmp_path / "eve.zip").write_bytes(data)
    assert collect(tmp_path / "eve.zip").missing["layers"] == "is encrypted"


def test_too_many_files_are_not_read(tmp_path):
    path = pack(tmp_path / "eve.zip", {f"{i}.txt": "" for i in range(ENTRIES + 1)})
    assert "holds more than 20000 files" in collect(path).notes[0]


def test_a_table_of_contents_without_end_is_not_made(tmp_path, monkeypatch):
    """Its size stands at the end of the file; no object is made for what it lists."""
    path = pack(tmp_path / "eve.zip", {f"{i}.txt": "" for i in range(ENTRIES + 1)})
    monkeypatch.setattr(zipfile, "ZipFile", lambda *_: pytest.fail("it was opened"))
    assert "holds more than 20000 files" in collect(path).notes[0]


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_that_may_not_be_read_is_said_to_be_so(tmp_path):
    write(tmp_path / "eve", right())
    (tmp_path / "eve" / "layers.py").chmod(0)
    assert "cannot be read" in collect(tmp_path / "eve").missing["layers"]


def test_what_is_gone_or_closed_has_no_result_since_it_may_be_there_later(tmp_path):
    with pytest.raises(Unreadable, match="no longer there"):
        collect(tmp_path / "gone")
    with pytest.raises(Unreadable, match="no longer there"):
        collect(tmp_path / "gone.zip")


def test_two_submissions_of_one_name_are_kept_apart_by_the_names_of_their_files(tmp_path):
    write(tmp_path / "anna", right())
    pack(tmp_path / "anna.zip", right())
    pack(tmp_path / "berta.zip", right())
    (tmp_path / "list.txt").write_text("x")
    found, ignored = find(tmp_path)
    assert [one.student for one in found] == ["anna", "anna.zip", "berta"]
    assert ignored == ["list.txt"]


def test_names_that_are_no_text_or_look_like_paths_are_only_names(tmp_path):
    for odd in (b"n\xff\xfe", b"n\xfe\xff"):
        write(tmp_path / os.fsdecode(odd), right())
    write(tmp_path / "=cmd()", with_code(layers="x = 1"))
    students = [one.student for one in find(tmp_path)[0]]
    assert students == ["=cmd()", "n\ufffd\ufffd", "n\ufffd\ufffd (2)"]
    "".join(students).encode("utf-8")


# ---- what course systems make of it


def people(folder):
    """{student: (modules, other names)} of all that is found in a folder, each with every module."""
    found, _ = find(folder)
    taken = {one.student: (collect(one), one.also) for one in found}
    assert {name for name, (one, _) in taken.items() if not one.sources} == set()
    return {name: (sorted(one.sources), also) for name, (one, also) in taken.items()}


ALL = sorted(MODULES)
FLAT = {
    "Canvas": ("doejane_4711_990{i}_{name}", {"doejane": ["4711"]}),
    "Canvas, late": ("doejane_LATE_4711_990{i}_{name}", {"doejane": ["4711"]}),
    "Moodle": ("Jane Doe_4711_assignsubmission_file_{name}", {"Jane Doe": ["Participant 4711", "4711"]}),
    "Blackboard": ("HW 1_jdoe_attempt_2026-11-02-10-00-00_{name}", {"jdoe": []}),
    "by hand, before": ("jdoe_{name}", {"jdoe": []}),
}


@pytest.mark.parametrize("system", FLAT)
def test_a_flat_download_is_sorted_by_student(tmp_path, system):
    pattern, wanted = FLAT[system]
    attempt = 1 if "Canvas" not in system else 0
    write(tmp_path, {pattern.format(i=attempt, name=name): text for name, text in right().items()})
    assert people(tmp_path) == {name: (ALL, also) for name, also in wanted.items()}


def test_of_several_attempts_the_last_counts_and_the_others_are_named(tmp_path):
    for attempt, code in (("99001", "x = 1"), ("99002", "x = 2")):
        write(tmp_path, {f"doejane_4711_{attempt}_{name}": text for name, text in with_code(layers=code).items()})
    ((one,), _) = find(tmp_path)
    taken = collect(one)
    assert taken.sources["layers"].endswith(b"x = 2\n")
    assert "the last of several attempts was graded" in taken.notes[0]
    assert "doejane_4711_99001_layers.py" in taken.ignored


def test_what_was_typed_beside_a_file_in_moodle_is_no_second_submission(tmp_path):
    write(tmp_path / "Jane Doe_12_assignsubmission_file", right())
    write(tmp_path / "Jane Doe_12_assignsubmission_onlinetext", {"onlinetext.html": "see file"})
    ((one,), _) = find(tmp_path)
    assert one.student == "Jane Doe"
    assert collect(one).ignored == ("Jane Doe_12_assignsubmission_onlinetext",)


def test_gradescope_says_whose_a_folder_is(tmp_path):
    for number in (1, 2):
        write(tmp_path / f"submission_{number}", right())
    write(
        tmp_path,
        {
            "submission_metadata.yml": """---
submission_1:
  :submitters:
  - :name: Jane Doe
    :sid: '4711'
    :email: jane@uni.example
  :created_at: 2026-11-01
submission_2:
  :submitters:
  - :name: Kim O'Neill
    :email: kim@uni.example
"""
        },
    )
    assert people(tmp_path) == {
        "Jane Doe": (ALL, ["jane@uni.example", "4711", "submission_1"]),
        "Kim O'Neill": (ALL, ["kim@uni.example", "submission_2"]),
    }


def test_names_of_repositories_are_known_without_what_they_all_begin_with(tmp_path):
    for name in ("ana", "bella", "carl"):
        write(tmp_path / f"dropout-lab-{name}", right())
    assert [one.also for one in find(tmp_path)[0]] == [["ana"], ["bella"], ["carl"]]


def test_a_folder_named_like_the_package_is_a_submission_like_others(tmp_path):
    for name in ("dropout_lab", "anna"):
        write(tmp_path / name, right())
    assert set(people(tmp_path)) == {"anna", "dropout_lab"}


ODD = {
    "a second ending": (
        {f"{name}.txt": text for name, text in right().items()},
        "layers.py.txt was taken as layers.py",
    ),
    "a name before": (
        {f"jdoe_{name}": text for name, text in right().items()},
        "jdoe_layers.py was taken as layers.py",
    ),
    "a name behind": (
        {f"{name[:-3]}_jdoe_final.py": text for name, text in right().items()},
        "layers_jdoe_final.py was taken as layers.py",
    ),
    "one file": ({"all.py": "\n".join(right().values())}, "all.py was taken as layers.py, gradcheck.py, dropout.py"),
    "a notebook": (
        {
            "work.ipynb": json.dumps(
                {
                    "cells": [{"cell_type": "markdown", "source": ["def f(x): no"]}]
                    + [
                        {
                            "cell_type": "code",
                            "source": ["%matplotlib inline\n", *text.splitlines(True), "\n", "check('x')\n", "1/0"],
                        }
                        for text in right().values()
                    ]
                }
            )
        },
        "work.ipynb was taken as layers.py, gradcheck.py, dropout.py",
    ),
}


@pytest.mark.parametrize("shape", ODD)
def test_odd_shapes_are_taken_in_and_said(tmp_path, shape):
    files, note = ODD[shape]
    taken = collect(write(tmp_path / "anna", files))
    assert sorted(taken.sources) == ALL
    assert any(note in said for said in taken.notes)
    for text in taken.sources.values():
        compile(text, "anna", "exec")


@pytest.mark.parametrize("ending", [".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz"])
def test_a_tar_is_opened(tmp_path, ending):
    kind = {"tar": "", "gz": "gz", "tgz": "gz", "bz2": "bz2", "xz": "xz"}[ending.rpartition(".")[2]]
    write(tmp_path / "files", right())
    with tarfile.open(tmp_path / f"anna{ending}", f"w:{kind}") as archive:
        archive.add(tmp_path / "files", "work")
        archive.addfile(tarfile.TarInfo("../../etc/passwd"))
    assert _same(collect(tmp_path / f"anna{ending}"))
    assert collect(tmp_path / f"anna{ending}").student == "anna"


@pytest.mark.parametrize(
    ("name", "data"), [("anna.7z", b"7z\xbc\xaf\x27\x1c"), ("anna.rar", b"Rar!\x1a\x07"), ("anna.zip", b"Rar!\x1a\x07")]
)
def test_what_is_not_opened_is_a_submission_with_the_reason(tmp_path, name, data):
    write(tmp_path, {name: data})
    ((one,), ignored) = find(tmp_path)
    taken = collect(one)
    assert (taken.student, ignored) == ("anna", [])
    assert "is not opened here: pack it as zip" in taken.notes[0]


def test_modules_beside_the_six_are_taken_as_helpers(tmp_path):
    files = {f"dropout_lab/{name}": text for name, text in right().items()}
    taken = collect(write(tmp_path / "anna", {**files, "dropout_lab/utils.py": "x = 1", "dropout_lab/cli.py": "y = 1"}))
    assert taken.helpers == {"utils": b"x = 1"}
    assert taken.notes == ()


def test_what_was_not_looked_at_is_listed_whole(tmp_path):
    more = {"essay.pdf": b"%PDF", "old/notes.txt": "x", "photo.jpg": b"\xff"}
    taken = collect(write(tmp_path / "anna", {**shapes.repository(), **more}))
    assert set(taken.ignored) == set(more)


def test_a_submission_can_be_sent_elsewhere():
    one = Submission(
        "anna", "anna.zip", {"layers": b"\xff\0"}, {"noise": "is missing"}, ("a",), {"utils": b""}, ("b",), ("c",)
    )
    assert Submission.from_record(json.loads(json.dumps(one.record()))) == one


# ---- names and archives of anything

QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
NAMES = st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=60) | st.sampled_from(
    [
        "a_1_2_layers.py",
        "layers.py.txt",
        " " * 200,
        "x_layers.py",
        "layers (1).py",
        "a_1_assignsubmission_file_b",
        "é" * 100,
    ]
)


@QUICK
@given(st.lists(NAMES, unique=True, max_size=6))
def test_every_name_in_a_folder_is_somebodys_or_ignored(tmp_path_factory, names):
    folder = tmp_path_factory.mktemp("class")
    placed = []
    for name in names:
        if name not in (".", "..") and len(name.encode()) < 256:
            (folder / name).write_bytes(b"x = 1")
            placed.append(name)
    found, ignored = find(folder)
    held = (
        {path.name for one in found for path in one.paths}
        | {name for one in found for name in one.ignored}
        | set(ignored)
    )
    assert {name for name in placed if not name.startswith(".") and name != "__MACOSX"} <= held | {"__pycache__"}
    assert len({one.student for one in found}) == len(found)
    for one in found:
        assert set(collect(one).sources) <= set(MODULES)


@QUICK
@given(st.binary(max_size=300), st.integers(0, 400), st.sampled_from(["zip", "tar", "tar.gz", "tar.xz"]))
def test_an_archive_with_bytes_of_anything_in_it_is_read_or_said_not_to_be(tmp_path_factory, noise, at, kind):
    folder = tmp_path_factory.mktemp("class")
    data = pack(folder / "a.zip", {"layers.py": "x = 1"}).read_bytes()
    (folder / f"b.{kind}").write_bytes(data[:at] + noise + data[at + len(noise) :])
    taken = collect(folder / f"b.{kind}")
    assert taken.sources or taken.notes or taken.missing["layers"]


def test_a_name_of_blanks_costs_no_time(tmp_path):
    start = time.monotonic()
    with zipfile.ZipFile(tmp_path / "eve.zip", "w") as archive:
        archive.writestr("layers" + " " * 60_000 + "x.py", "x = 1")
        archive.writestr(" " * 60_000, "x = 1")
    collect(tmp_path / "eve.zip")
    assert time.monotonic() - start < 1


def test_a_member_without_a_name_is_left(tmp_path):
    data = pack(tmp_path / "eve.zip", {"a": "x", **right()}).read_bytes()
    data = data.replace(b"\x01\0\0\0ax", b"\0\0\0\0ax")
    (tmp_path / "eve.zip").write_bytes(data)
    collect(tmp_path / "eve.zip")


def test_a_module_that_is_in_no_file_is_missing():
    assert taking_in.nothing(HandedIn("anna", []), "why").missing == dict.fromkeys(MODULES, "is missing")
