"""A file is whole or not there, whatever happens while it is written."""

import os
import stat

import pytest

from dropout_lab.system.files import write_atomically, writing


def test_text_and_bytes_arrive_in_folders_that_are_made_for_them(tmp_path):
    write_atomically(tmp_path / "a/b/text", "é\n")
    write_atomically(tmp_path / "a/b/bytes", b"\xff")
    assert (tmp_path / "a/b/text").read_bytes() == b"\xc3\xa9\n"
    assert (tmp_path / "a/b/bytes").read_bytes() == b"\xff"


def test_a_writer_that_fails_leaves_the_old_file_and_nothing_beside_it(tmp_path):
    write_atomically(tmp_path / "file", "old")

    def interrupted():
        with writing(tmp_path / "file") as stream:
            stream.write(b"half of the ne")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert (tmp_path / "file").read_text() == "old"
    assert os.listdir(tmp_path) == ["file"]


def test_the_old_file_stays_in_sight_until_the_new_one_is_whole(tmp_path):
    write_atomically(tmp_path / "file", "old")
    with writing(tmp_path / "file") as stream:
        stream.write(b"new")
        stream.flush()
        assert (tmp_path / "file").read_text() == "old"
    assert (tmp_path / "file").read_text() == "new"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
def test_a_new_file_has_the_permissions_of_any_other_and_an_old_one_keeps_its_own(tmp_path):
    usual = tmp_path / "usual"
    usual.touch()
    write_atomically(tmp_path / "new", "")
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == stat.S_IMODE(usual.stat().st_mode)
    (tmp_path / "new").chmod(0o600)
    write_atomically(tmp_path / "new", "again")
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o600
