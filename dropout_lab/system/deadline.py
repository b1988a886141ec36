"""A time limit on code that runs in this process: an endless loop is an answer, and what comes next still runs."""

import signal
import sys
import threading
import time
from contextlib import contextmanager

AGAIN = 0.2  # seconds until the next try, should the code have caught what ended it


class TimeUp(BaseException):
    """The code took too long. Nothing that catches Exception catches it."""


@contextmanager
def within(seconds):
    """Raise `TimeUp` in the block after some seconds of the clock.

    Where the system has alarms and this is the main thread, an alarm does it. Elsewhere (Windows, a browser, another
    thread) every line of Python looks at the clock; that is slower, and sees an end only where Python runs.
    """
    alarms = hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()
    with _alarm(seconds) if alarms and sys.platform != "emscripten" else _trace(seconds):
        yield


@contextmanager
def _alarm(seconds):
    before = signal.signal(signal.SIGALRM, _ring)
    others = signal.setitimer(signal.ITIMER_REAL, seconds, AGAIN)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, *others)
        signal.signal(signal.SIGALRM, before)


def _ring(number, frame):
    raise TimeUp


@contextmanager
def _trace(seconds):
    end, before = time.monotonic() + seconds, sys.gettrace()

    def look(frame, event, argument):
        if time.monotonic() > end:
            raise TimeUp
        return look

    sys.settrace(look)
    try:
        yield
    finally:
        sys.settrace(before)
