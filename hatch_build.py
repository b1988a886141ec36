"""The wheel carries the course: stubs and lessons as `dropout-lab build` wrote them, for `dropout-lab init`."""

import sys
from pathlib import Path

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CourseHook(BuildHookInterface):
    """Adds dropout_lab/course/, and refuses a file that was worked on since it was derived."""

    def initialize(self, version, build_data):
        """Name the files for hatchling."""
        if version == "editable":
            return
        root = Path(self.root)
        sys.path.insert(0, self.root)
        from dropout_lab.system import derived

        for path in derived.paths(root):
            if derived.edited(root, path):
                raise ValueError(f"{path} is not what its source in solutions/ gives. Run: dropout-lab build")
            build_data["force_include"][str(root / path)] = f"dropout_lab/course/{path.as_posix()}"
