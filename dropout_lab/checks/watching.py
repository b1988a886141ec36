"""`dropout-lab watch`: check what changed on every save."""

import sys
import threading
from contextlib import contextmanager

from watchfiles import watch as saves

from dropout_lab.checks.cards import Card
from dropout_lab.checks.exercises import EXERCISES, MODULES
from dropout_lab.checks.hints import hint_text
from dropout_lab.checks.reports import as_text
from dropout_lab.checks.runner import run_checks
from dropout_lab.system import screen

KEYS = "h: the next hint. Ctrl+C: end."


def watch(folder, say=print, stop=None):
    """Check a folder's functions whenever one of its modules is saved, until it is stopped.

    Parameters
    ----------
    folder : Path
    say : function of a string
    stop : threading.Event, optional
    """
    hints = _Hints(say)
    with _keys(hints.next):
        say(f"Watching {folder / 'dropout_lab'}. Save a module, and its exercises are checked. {KEYS}")
        for changes in saves(
            folder / "dropout_lab", recursive=False, stop_event=stop, raise_interrupt=True, debounce=200
        ):
            saved = {stem for _, path in changes for stem in MODULES if path.endswith(f"{stem}.py")}
            if saved:
                hints.about = _report(saved, folder, say)


def _report(saved, folder, say):
    """Show the exercises of the saved modules, blanks as a number; the first that is not right is returned."""
    screen.clear()
    names = [e.name for e in EXERCISES.values() if e.module in saved]
    records = list(run_checks(names, folder=folder))
    first = next((r["exercise"] for r in records if r["status"] not in ("passed", "blank")), None)
    for record in records:
        if record["status"] != "blank":
            say(as_text(Card(**record["card"]), screen.columns(), screen.style()))
    blank = sum(r["status"] == "blank" for r in records)
    say(f"\n{', '.join(f'{name}.py' for name in sorted(saved))}: {blank} still blank. {KEYS}")
    return first or next((r["exercise"] for r in records if r["status"] == "blank"), None)


class _Hints:
    """The hints for what stands on the screen, one after the other."""

    def __init__(self, say):
        self.say, self.about, self.seen = say, None, {}

    def next(self):
        if not self.about:
            self.say("No hint yet: save a module first.")
            return
        self.seen[self.about] = self.seen.get(self.about, 0) % 3 + 1
        self.say(hint_text(self.about, self.seen[self.about]))


@contextmanager
def _keys(on_h):
    """Call a function at each press of h, where there is a keyboard."""
    if sys.platform == "win32" or not sys.stdin or not sys.stdin.isatty():
        yield
        return
    import termios
    import tty

    before = termios.tcgetattr(sys.stdin)
    tty.setcbreak(sys.stdin)

    def read():
        while key := sys.stdin.read(1):
            if key == "h":
                on_h()

    threading.Thread(target=read, daemon=True).start()
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)
