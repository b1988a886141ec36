"""The one place that knows whether a program may start others. Python in a browser may not: it works in turn."""

import sys

AVAILABLE = sys.platform not in {"emscripten", "wasi"}
