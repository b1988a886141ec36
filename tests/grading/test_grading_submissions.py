"""What students hand in is found, read and named, and leads nowhere."""

import os
import zipfile

import pytest

from dropout_lab.instructor.grading.submissions import ARCHIVE, collect, find, names
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


def test_a_zip_in_a_zip_is_opened_once(tmp_path):
    inner = pack(tmp_path / "inner.zip", right()).read_bytes()
    assert _same(collect(pack(tmp_path / "anna.zip", {"work/inner.zip": inner})))
    twice = pack(tmp_path / "twice.zip", {"inner.zip": inner}).read_bytes()
    assert collect(pack(tmp_path / "berta.zip", {"twice.zip": twice})).sources == {}


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
    assert not data or "eve.zip is not a zip file that can be read" in submission.notes[0]
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
    path = pack(tmp_path / "eve.zip", {f"{i}.txt": "" for i in range(20_001)})
    assert "holds more than 20000 files" in collect(path).notes[0]
    assert ARCHIVE < 1 << 30


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_that_may_not_be_read_is_said_to_be_so(tmp_path):
    write(tmp_path / "eve", right())
    (tmp_path / "eve" / "layers.py").chmod(0)
    assert "cannot be read" in collect(tmp_path / "eve").missing["layers"]


def test_two_submissions_of_one_name_are_kept_apart_by_the_names_of_their_files(tmp_path):
    write(tmp_path / "anna", right())
    pack(tmp_path / "anna.zip", right())
    pack(tmp_path / "berta.zip", right())
    (tmp_path / "list.txt").write_text("x")
    paths, ignored = find(tmp_path)
    assert sorted(names(paths).values()) == ["anna", "anna.zip", "berta"]
    assert ignored == ["list.txt"]


def test_names_that_are_no_text_or_look_like_paths_are_only_names(tmp_path):
    for odd in (b"n\xff\xfe", b"n\xfe\xff"):
        write(tmp_path / os.fsdecode(odd), right())
    write(tmp_path / "=cmd()", with_code(layers="x = 1"))
    students = list(names(find(tmp_path)[0]).values())
    assert students == ["=cmd()", "n\ufffd\ufffd", "n\ufffd\ufffd (2)"]
    "".join(students).encode("utf-8")
