"""The wheel carries the course: stubs and lessons as `dropout-lab build` wrote them, for `dropout-lab init`."""

import hashlib
import json
from pathlib import Path

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CourseHook(BuildHookInterface):
    """Adds dropout_lab/course/, and refuses a file that was worked on since it was derived."""

    def initialize(self, version, build_data):
        """Name the files for hatchling."""
        if version == "editable":
            return
        root = Path(self.root)
        for name, known in json.loads((root / "solutions" / "manifest.json").read_text("utf-8")).items():
            if _digest((root / name).read_bytes()) != known:
                raise ValueError(f"{name} is not what its source in solutions/ gives. Run: dropout-lab build")
            build_data["force_include"][str(root / name)] = f"dropout_lab/course/{name}"


def _digest(data):
    """As `dropout_lab.system.files.digest` names one string of bytes; the package cannot be imported here."""
    return hashlib.sha256(len(data).to_bytes(8, "big") + data).hexdigest()[:16]
