"""Files that are whole or not there, and a short name for what is in them."""

import hashlib
import os
from contextlib import contextmanager
from pathlib import Path


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


def digest(*parts):
    """The first 16 hexadecimal digits of the SHA-256 of byte strings, each counted with its length."""
    whole = hashlib.sha256()
    for part in parts:
        whole.update(len(part).to_bytes(8, "big"))
        whole.update(part)
    return whole.hexdigest()[:16]
