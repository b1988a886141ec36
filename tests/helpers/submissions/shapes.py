"""The shapes in which six files are handed in, as folders and as zip files."""

import stat
import zipfile

from submissions import MODULES, right


def link(name, target="/etc/passwd"):
    """(ZipInfo, content) of a symbolic link in a zip file."""
    info = zipfile.ZipInfo(name)
    info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    return info, target


def under(prefix):
    """A right submission some folders down."""
    return {f"{prefix}{name}": text for name, text in right().items()}


def renamed(**names):
    """A right submission with files under other names."""
    files = right()
    return {names.get(name[:-3], name): text for name, text in files.items()}


def repository(prefix=""):
    """What a student has on disk: the package, our own files of the same names, bytecode, an old copy of everything."""
    other = {
        f"dropout_lab/checks/{folder}/{name}.py": "raise SystemExit"
        for folder in ("probes", "mistakes")
        for name in MODULES
    }
    noise = {
        "dropout_lab/__init__.py": '"""Ours."""',
        "dropout_lab/lab/figures/training.py": "raise SystemExit",
        "README.md": "",
        "dropout_lab/__pycache__/layers.cpython-311.pyc": b"\0\1",
        ".git/layers.py": "raise SystemExit",
        "lessons/.ipynb_checkpoints/layers.py": "raise SystemExit",
        "solutions/dropout_lab/layers.py": "raise SystemExit",
        "venv/lib/site-packages/x/layers.py": "raise SystemExit",
    }
    return {prefix + name: text for name, text in {**under("dropout_lab/"), **other, **noise}.items()}


WHOLE = {
    "the repository": repository(),
    "the repository in a folder": repository("dropout-lab-main/"),
    "the package folder": under("dropout_lab/"),
    "only the files": right(),
    "a folder in a folder": under("my work/final/dropout_lab/"),
    "a folder that is named like one of ours": under("lab/"),
    "backslashes": under("work\\dropout_lab\\"),
    "files of a Mac": {
        **under("dropout_lab/"),
        **{f"__MACOSX/dropout_lab/._{n}.py": b"\0\5\26\7" for n in MODULES},
        **{f"__MACOSX/dropout_lab/{n}.py": "raise SystemExit" for n in MODULES},
        ".DS_Store": b"\0",
    },
    "BOM and CRLF": {k: b"\xef\xbb\xbf" + v.replace("\n", "\r\n").encode() for k, v in right().items()},
}  # every one of these earns all points, without a note

NOTED = {
    "a number behind the name": (renamed(layers="layers (1).py"), "layers (1).py was taken as layers.py"),
    "a number of Canvas": (renamed(layers="layers-2.py"), "layers-2.py was taken as layers.py"),
    "a copy": (renamed(layers="layers - Kopie.py"), "layers - Kopie.py was taken as layers.py"),
    "another case": (renamed(layers="Layers.PY"), "Layers.PY was taken as layers.py"),
    "one that is doubled": (
        {**right(), "layers (1).py": "raise SystemExit"},
        "layers.py was graded, not layers (1).py",
    ),
    "one that lies apart": (
        {("layers.py" if k == "layers.py" else f"dropout_lab/{k}"): v for k, v in right().items()},
        "layers.py lies apart from the other modules",
    ),
    "an old copy of the package": (
        {**under("dropout_lab/"), **{f"backup/old/{n}.py": "raise SystemExit" for n in MODULES}},
        "dropout_lab/layers.py was graded, not backup/old/layers.py",
    ),
}  # these too, with this in a note
