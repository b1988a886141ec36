"""The zip that Gradescope asks for: setup.sh, run_autograder, and of the package what judging needs.

Only setup.sh uses the network, once, when Gradescope builds the image: a Python 3.11 or newer, NumPy, and bubblewrap.
"""

import json
from pathlib import Path

from dropout_lab.checks.exercises import EXERCISES
from dropout_lab.instructor.publishing.release import contents
from dropout_lab.system.files import pack

SETUP = """\
#!/usr/bin/env bash
# Runs once, when Gradescope builds the image.
set -eu
export DEBIAN_FRONTEND=noninteractive
newest() {
    for name in python3.14 python3.13 python3.12 python3.11 python3; do
        if "$name" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2> /dev/null
        then echo "$name"; return; fi
    done
}
apt-get update || true
apt-get install -y bubblewrap || echo "bubblewrap is not to be had; submissions run in a plain confined process"
if [ -z "$(newest)" ]; then
    apt-get install -y python3.12 python3.12-venv || apt-get install -y python3.11 python3.11-venv
fi
"$(newest)" -m venv /autograder/python
/autograder/python/bin/python -m pip install "numpy>=1.26"
chmod -R a+rX /autograder/source /autograder/python
"""
RUN = """\
#!/usr/bin/env bash
# Runs for each submission. The student's files are read, never run, by this process.
cd /
exec /autograder/python/bin/python -I -B -c "import sys; sys.path.insert(0, '/autograder/source')
from dropout_lab.instructor.autograder.run import main
sys.exit(main())"
"""


def autograder(root, exercises=tuple(EXERCISES), points=None):
    """The zip as bytes.

    Parameters
    ----------
    root : Path
        The repository.
    exercises : names of the exercises to grade
    points : {exercise: points} where they are not those of the table
    """
    root = Path(root)
    files = {name: data for name, data in contents(root).items() if _judges(name)}
    tools = (path for path in (root / "dropout_lab" / "instructor").rglob("*.py") if "publishing" not in path.parts)
    files |= {path.relative_to(root).as_posix(): path.read_bytes() for path in tools}
    settings = {"exercises": list(exercises), "points": points or {}}
    files |= {
        "settings.json": (json.dumps(settings, indent=1) + "\n").encode(),
        "LICENSE": (root / "LICENSE").read_bytes(),
    }
    return pack(files | {"setup.sh": SETUP.encode(), "run_autograder": RUN.encode()})


def _judges(name):
    """Whether a file of the student's copy is needed to judge: the package, without what lessons show."""
    return name.startswith("dropout_lab/") and not name.startswith("dropout_lab/lab/")
