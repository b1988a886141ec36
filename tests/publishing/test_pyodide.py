"""Python in the browser from the site itself: a stand-in for a distribution of Pyodide is unpacked and started from."""

import json
import shutil
import tarfile

import pytest

pytest.importorskip("sphinx_book_theme", reason="Sphinx is not installed: the extra site")
from dropout_lab.instructor.publishing.site import lite, pyodide

KERNEL = "@jupyterlite/pyodide-kernel-extension:kernel"


@pytest.fixture
def distribution(tmp_path):
    """A folder as a release of Pyodide has it: the two files that a kernel starts from, and a wheel."""
    folder = tmp_path / "made" / "pyodide"
    folder.mkdir(parents=True)
    (folder / "pyodide.mjs").write_text("export const loadPyodide = () => {};")
    (folder / "pyodide-lock.json").write_text('{"info": {}, "packages": {}}')
    (folder / "numpy-2.wasm.whl").write_bytes(b"wheel")
    return folder


@pytest.mark.parametrize("kind", ["bztar", "gztar", "zip"])
def test_an_archive_is_unpacked_to_the_files_that_a_kernel_starts_from(distribution, tmp_path, kind):
    archive = shutil.make_archive(str(tmp_path / "pyodide-314"), kind, distribution.parent)
    pyodide.unpack(archive, tmp_path / "out" / "pyodide")
    names = {path.name for path in (tmp_path / "out" / "pyodide").iterdir()}
    assert names == {"pyodide.mjs", "pyodide-lock.json", "numpy-2.wasm.whl"}


def test_what_is_no_distribution_is_said(distribution, tmp_path):
    with pytest.raises(pyodide.NoPyodide, match="there is no archive"):
        pyodide.unpack(tmp_path / "none.tar.bz2", tmp_path / "out")
    (tmp_path / "text.tar.bz2").write_text("no archive")
    with pytest.raises(pyodide.NoPyodide, match="cannot be unpacked"):
        pyodide.unpack(tmp_path / "text.tar.bz2", tmp_path / "out")
    (distribution / "pyodide-lock.json").unlink()
    archive = shutil.make_archive(str(tmp_path / "older"), "gztar", distribution.parent)
    with pytest.raises(pyodide.NoPyodide, match=r"holds no folder with pyodide\.mjs and pyodide-lock\.json"):
        pyodide.unpack(archive, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_an_archive_cannot_write_outside_of_its_folder(distribution, tmp_path):
    (tmp_path / "evil").write_text("out")
    with tarfile.open(tmp_path / "evil.tar.gz", "w:gz") as archive:
        archive.add(distribution, "pyodide")
        archive.add(tmp_path / "evil", "../../escaped")
    with pytest.raises(pyodide.NoPyodide, match="cannot be unpacked"):
        pyodide.unpack(tmp_path / "evil.tar.gz", tmp_path / "deep" / "out")
    assert not list(tmp_path.rglob("escaped"))


@pytest.mark.skipif(not lite.available(), reason="JupyterLite is not installed: the extra site")
def test_the_kernel_of_the_site_starts_from_the_site(distribution, tmp_path):
    archive = shutil.make_archive(str(tmp_path / "pyodide-314"), "bztar", distribution.parent)
    scratch, out = tmp_path / "scratch", tmp_path / "lite"
    scratch.mkdir()
    lite.build({"README.md": b"# here"}, scratch, out, archive)
    settings = json.loads((out / "jupyter-lite.json").read_text("utf-8"))["jupyter-config-data"]["litePluginSettings"]
    assert settings[KERNEL]["pyodideUrl"] == "./static/pyodide/pyodide.mjs"
    assert (out / "static/pyodide/numpy-2.wasm.whl").read_bytes() == b"wheel"
