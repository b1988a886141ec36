"""What a screen shows: how wide a line may be, and colours where there are any."""

import os
import shutil
import sys
from dataclasses import dataclass

LOOKS = {"passed": "32", "failed": "31", "error": "31", "blank": "36", "bold": "1", "soft": "2"}
COLUMNS = 88  # of a line where nothing else is known; JupyterLab breaks longer ones in the middle of a word
NARROWEST, WIDEST = 60, 100  # columns of a sentence that an eye still follows


@dataclass(frozen=True)
class Style:
    """Colours as a terminal's codes, or none."""

    coloured: bool = False

    def status(self, text, status):
        """The text in the colour of a card's status."""
        return self._coded(text, LOOKS[status])

    def bold(self, text):
        """The text in bold."""
        return self._coded(text, LOOKS["bold"])

    def soft(self, text):
        """The text, fainter."""
        return self._coded(text, LOOKS["soft"])

    def _coded(self, text, code):
        return f"\x1b[{code}m{text}\x1b[0m" if self.coloured else text


PLAIN = Style()


def style(stream=None):
    """Colours for a terminal that shows them; none for a file, for TERM=dumb, or where NO_COLOR is set to anything."""
    stream = stream or sys.stdout
    refused = stream is None or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    if refused or not stream.isatty():
        return PLAIN
    return Style(sys.platform != "win32" or _windows_reads_colours())


def columns():
    """Columns to write in: those of the terminal, within bounds in which a sentence can be read."""
    return min(max(shutil.get_terminal_size((COLUMNS, 24)).columns, NARROWEST), WIDEST)


def clear():
    """An empty screen, where there is one."""
    if style().coloured:
        print("\x1b[2J\x1b[H", end="")


def _windows_reads_colours():
    """Ask the console of Windows 10 and later to understand escape sequences."""
    import ctypes

    handle = ctypes.windll.kernel32.GetStdHandle(-11)  # STD_OUTPUT_HANDLE
    mode = ctypes.c_ulong()
    if not ctypes.windll.kernel32.GetConsoleMode(handle, ctypes.byref(mode)):
        return False
    return bool(ctypes.windll.kernel32.SetConsoleMode(handle, mode.value | 4))  # ENABLE_VIRTUAL_TERMINAL_PROCESSING
