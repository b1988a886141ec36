"""One deadline on the clock, whatever is at work: a pattern in a name, a tokenizer, an array that is compared."""

import signal
import threading
import time
from contextlib import contextmanager


class OutOfTime(BaseException):
    """The time is over. Not an Exception: what is interrupted takes it for no fault of its own."""


@contextmanager
def until(moment):
    """Raise OutOfTime in the block at a moment of `time.monotonic()`.

    Signals reach the main thread only: elsewhere, and where there are none, the block runs to its end.
    """
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "setitimer"):
        yield
        return
    before = signal.signal(signal.SIGALRM, _over)
    try:
        signal.setitimer(signal.ITIMER_REAL, max(1e-3, moment - time.monotonic()), 1.0)  # again, if it was swallowed
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _over(*_):
    raise OutOfTime
