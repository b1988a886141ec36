"""Pyodide from the site itself, where its CDN is blocked: an archive of a distribution, unpacked beside JupyterLite."""

import shutil
import tarfile
import tempfile
import zipfile
from pathlib import Path

NEEDED = ("pyodide.mjs", "pyodide-lock.json")  # what JupyterLite's kernel starts from
KINDS = ".tar.bz2, .tar.gz, .tar.xz or .zip"


class NoPyodide(Exception):
    """A sentence on why an archive is no Pyodide."""


def unpack(archive, folder):
    """Unpack a distribution of Pyodide, as its releases have it, into a new folder.

    Raises
    ------
    NoPyodide
    """
    archive, folder = Path(archive), Path(folder)
    if not archive.is_file():
        raise NoPyodide(f"there is no archive {archive}.")
    with tempfile.TemporaryDirectory(prefix="dropout-lab-pyodide-") as scratch:
        try:
            _extract(archive, scratch)
        except (tarfile.TarError, zipfile.BadZipFile, EOFError, OSError) as error:
            raise NoPyodide(f"{archive} cannot be unpacked: {error}. Pyodide's archives are {KINDS}.") from None
        tops = [path.parent for path in sorted(Path(scratch).rglob(NEEDED[0])) if (path.parent / NEEDED[1]).is_file()]
        if not tops:
            raise NoPyodide(f"{archive} holds no folder with {' and '.join(NEEDED)}. Pyodide 314 and later have them.")
        folder.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(min(tops, key=lambda top: len(top.parts)), folder)


def _extract(archive, folder):
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as opened:
            opened.extractall(folder)  # names that lead out of the folder are made to stay
    else:
        with tarfile.open(archive) as opened:
            opened.extractall(folder, filter="data")
