"""Submissions for tests of grading: right ones, and right ones with a piece that is clumsy or hostile."""

import zipfile
from pathlib import Path

MODULES = ("layers", "gradcheck", "dropout", "network", "training", "noise")
SOLUTIONS = Path(__file__).resolve().parents[3] / "solutions" / "dropout_lab"


def right():
    """{file name: text} of a submission that earns every point."""
    return {f"{name}.py": (SOLUTIONS / f"{name}.py").read_text("utf-8") for name in MODULES}


def with_code(**code):
    """A right submission with code at the end of modules; a function that is defined again is the one that counts."""
    files = right()
    for name, text in code.items():
        files[f"{name}.py"] += f"\n\n{text}\n"
    return files


def write(folder, files):
    """Put files (text, bytes, or a function of the path that makes them) under a folder."""
    for name, content in files.items():
        path = Path(folder, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        if callable(content):
            content(path)
        else:
            path.write_bytes(content.encode() if isinstance(content, str) else content)
    return Path(folder)


def pack(path, files):
    """A zip file of {name or ZipInfo: text or bytes}."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return Path(path)
