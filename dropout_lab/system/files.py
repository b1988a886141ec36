"""Files that are whole or not there, zips that come out the same, and a short name for what is in them."""

import hashlib
import io
import os
import zipfile
from contextlib import contextmanager
from pathlib import Path

_TIME = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip can say


@contextmanager
def writing(path):
    """A binary stream; what is written to it stands in the file `path` when the block has ended, all of it or nothing.

    It is written beside and then renamed, so that a reader, or a crash, meets the old file or the new one.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.urandom(4).hex()}")
    try:
        with open(partial, "xb") as stream:
            yield stream
        if path.exists():
            partial.chmod(path.stat().st_mode & 0o777)
        os.replace(partial, path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def write_atomically(path, content):
    """Write text or bytes, whole or not at all."""
    with writing(path) as stream:
        stream.write(content.encode() if isinstance(content, str) else content)


def pack(content, folder=""):
    """A zip of {path: bytes} as bytes, the same for the same content: sorted names, one time, plain permissions.

    `folder` comes before each path; scripts may be run.
    """
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(content):
            entry = zipfile.ZipInfo(f"{folder}{name}", _TIME)
            mode = 0o100755 if content[name].startswith(b"#!") else 0o100644
            entry.create_system, entry.external_attr, entry.compress_type = 3, mode << 16, zipfile.ZIP_DEFLATED
            archive.writestr(entry, content[name])
    return out.getvalue()


def digest(*parts):
    """The first 16 hexadecimal digits of the SHA-256 of byte strings, each counted with its length."""
    whole = hashlib.sha256()
    for part in parts:
        whole.update(len(part).to_bytes(8, "big"))
        whole.update(part)
    return whole.hexdigest()[:16]
