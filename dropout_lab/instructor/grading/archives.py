"""What lies in a folder, a zip or a tar file, as entries that can be read one by one. Nothing is unpacked to a disk."""

import bz2
import io
import lzma
import os
import stat
import struct
import tarfile
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

ENTRIES = 20_000  # files in one submission
ARCHIVE = 200 << 20  # bytes of one archive, packed or unpacked
DIRECTORY = 16 << 20  # bytes of a zip's table of contents
DEEP = 12  # folders in folders
NESTED = 3  # archives in archives
LONGEST = 255  # bytes of a name that a file can have
PACKED = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
CLOSED = (".7z", ".rar")  # no library that comes with Python opens them
ELSEWHERE = {"__macosx", "__pycache__", ".git", ".ipynb_checkpoints", "site-packages", "node_modules", ".venv", "venv"}
_DAMAGE = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    ValueError,
    OSError,
    RuntimeError,
    EOFError,
)
_DAMAGE += (NotImplementedError, struct.error, IndexError)


class Unreadable(Exception):
    """Why a file or an archive cannot be read."""


@dataclass(frozen=True)
class Entry:
    """A file of a submission: where it lies, why it cannot be taken (or ""), and how to read its first bytes."""

    path: PurePosixPath
    fault: str
    read: object

    @property
    def name(self):
        return self.path.name

    @property
    def elsewhere(self):
        """Whether it lies where no student's work is: other people's code, bytecode, what a system keeps for itself."""
        return bool(ELSEWHERE.intersection(part.lower() for part in self.path.parts[:-1])) or self.name == ".DS_Store"


def kind_of(name):
    """The ending of an archive that is opened, or refused by name; "" for all else."""
    return next((end for end in (*PACKED, *CLOSED) if name.lower().endswith(end)), "")


def without_kind(name):
    """A name without the ending of an archive."""
    return name[: len(name) - len(kind_of(name))] or name


def entries(path):
    """The entries of a folder, an archive or a file. Archives in archives are opened where there is nothing else.

    Raises
    ------
    Unreadable
        If it cannot be read, with the reason.
    """
    path = Path(path)
    if path.is_dir() and not path.is_symlink():
        return list(_folder(path))
    if kind_of(path.name):
        return _opened(path.name, _file(path, ARCHIVE + 1))
    return [Entry(PurePosixPath(text(path.name)), "", lambda most: _file(path, most))]


def within(entry):
    """The entries of an archive that is itself an entry, below its name."""
    return [
        Entry(entry.path / inner.path, inner.fault, inner.read)
        for inner in _opened(entry.name, entry.read(ARCHIVE + 1))
    ]


def text(name):
    """A name as text; bytes that are none are replaced."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _opened(name, data):
    if len(data) > ARCHIVE:
        raise Unreadable(f"is larger than {ARCHIVE >> 20} MB")
    kind = kind_of(name)
    if kind in CLOSED or data[:6] in (b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07"):
        raise Unreadable(f"is packed as {kind or '7z or rar'}, which is not opened here: pack it as zip")
    try:
        return list(_zip(data) if kind == ".zip" else _tar(data, kind))
    except _DAMAGE as error:
        what = "zip" if kind == ".zip" else "tar"
        raise Unreadable(f"is not a {what} file that can be read: {error}") from None


def _folder(folder):
    """The files under a folder; links are seen, never followed."""
    count, refused = 0, []
    for place, folders, files in os.walk(folder, followlinks=False, onerror=refused.append):
        here = PurePosixPath(Path(place).relative_to(folder).as_posix())
        folders[:] = sorted(f for f in folders if f.lower() not in ELSEWHERE) if len(here.parts) < DEEP else []
        for name in sorted(files):
            count += 1
            if count > ENTRIES:
                raise Unreadable(f"holds more than {ENTRIES} files")
            path = Path(place, name)
            yield Entry(_shown(here / name), "", lambda most, path=path: _file(path, most))
    if refused:
        raise Unreadable(f"cannot be read: {refused[0].strerror}")


def _file(path, most):
    """The first bytes of a regular file. It is opened once, not through a link, and what was opened is looked at."""
    try:
        number = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        link = path.is_symlink()
        raise Unreadable("is a link, not a file" if link else f"cannot be read: {error.strerror}") from None
    with os.fdopen(number, "rb") as file:
        if not stat.S_ISREG(os.fstat(number).st_mode):
            raise Unreadable("is not a plain file")
        try:
            return file.read(most)
        except OSError as error:
            raise Unreadable(f"cannot be read: {error.strerror}") from None


def _zip(data):
    """The files of a zip. It is read in memory; a path in it is only a name, and leads nowhere."""
    end = data.rfind(b"PK\5\6", max(0, len(data) - 65_557))
    if end >= 0 and len(data) >= end + 16:
        count, size = struct.unpack("<HI", data[end + 10 : end + 16])
        if count > ENTRIES or size > DIRECTORY:  # before a table is made of them
            raise Unreadable(f"holds more than {ENTRIES} files")
    archive = zipfile.ZipFile(io.BytesIO(data))
    infos = [info for info in archive.infolist() if info.filename and not info.is_dir()]
    if len(infos) > ENTRIES:
        raise Unreadable(f"holds more than {ENTRIES} files")
    for info in infos:
        link = stat.S_ISLNK(info.external_attr >> 16)
        encrypted = "is encrypted" if info.flag_bits & 1 else ""
        yield _member(info.filename, link, encrypted, lambda most, info=info: _unpacked(archive, info, most))


def _tar(data, kind):
    """The files of a tar, packed or not: unpacked in memory first, as far as a tar may be large."""
    unpack = {".gz": _gunzip, "tgz": _gunzip, "bz2": bz2.BZ2Decompressor, "bz": bz2.BZ2Decompressor}
    unpack |= {".xz": lzma.LZMADecompressor, "txz": lzma.LZMADecompressor}
    if kind != ".tar":
        data = unpack[kind[-3:]]().decompress(data, ARCHIVE + 1)
    if len(data) > ARCHIVE:
        raise Unreadable(f"unpacks to more than {ARCHIVE >> 20} MB")
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
        count = 0
        for info in archive:
            count += 1
            if count > ENTRIES:
                raise Unreadable(f"holds more than {ENTRIES} files")
            start, size = info.offset_data, info.size
            if not info.isdir() and info.name:
                link = not info.isreg()
                yield _member(info.name, link, "", lambda most, a=start, n=size: data[a : a + min(n, most)])


class _gunzip:
    def __init__(self):
        self._inner = zlib.decompressobj(31)

    def decompress(self, data, most):
        return self._inner.decompress(data, most)


def _member(name, link, fault, read):
    path = PurePosixPath(name.replace("\\", "/"))
    drive = len(name) > 1 and name[1] == ":" and name[0].isalpha()
    if len(name.encode("utf-8", "replace")) > 16 * LONGEST or len(path.name.encode("utf-8", "replace")) > LONGEST:
        return Entry(PurePosixPath(f"{text(path.name[:60])}…"), "has a name longer than any file's", read)
    if path.is_absolute() or ".." in path.parts or drive:
        fault = "has a path that leads out of the zip file"
    elif link:
        fault = "is a link, not a file"
    return Entry(_shown(path), fault, read)


def _unpacked(archive, info, most):
    """The first bytes of a member, whatever its header says of its size."""
    try:
        with archive.open(info) as file:
            return file.read(most)
    except _DAMAGE as error:
        raise Unreadable(f"cannot be unpacked: {type(error).__name__}") from None


def _shown(path):
    return PurePosixPath(text(str(path)))
