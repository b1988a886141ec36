"""Whether bubblewrap works here at all, which decides whether tests of ours may be left out."""

import shutil
import subprocess

import pytest


def _bare():
    """Whether the smallest use of bubblewrap that there is works. Where it does ours must, and its tests run."""
    if not shutil.which("bwrap"):
        return False
    return subprocess.run(["bwrap", "--ro-bind", "/", "/", "true"], capture_output=True, check=False).returncode == 0


BARE = _bare()
needs_bwrap = pytest.mark.skipif(not BARE, reason="bubblewrap is not installed, or does nothing here")
