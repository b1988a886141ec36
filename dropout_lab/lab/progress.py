"""Progress bars: the one place that knows tqdm. Silent where nobody watches, and where tqdm is missing."""

import os
import sys
from contextlib import contextmanager

from dropout_lab.system import processes


def track(iterable, description, total=None):
    """The items of iterable, with a bar while they are worked on.

    Parameters
    ----------
    iterable : iterable
    description : str
        What is being done, in a few words.
    total : int or None
        How many items there will be, where `len(iterable)` does not say it.
    """
    total = len(iterable) if total is None and hasattr(iterable, "__len__") else total
    with bar(description, total) as advance:
        for item in iterable:
            yield item
            advance(1)


@contextmanager
def bar(description, total=None, unit="it"):
    """A bar to be moved by hand: `with bar("reading", 3) as advance: ... advance(1)`.

    `advance(n, note="")` moves it by n and writes the note behind it. `unit="B"` counts bytes.
    """
    tqdm = _tqdm() if watched() else None
    if tqdm is None:
        yield lambda n=1, note="": None
        return
    with tqdm(desc=description, total=total, unit=unit, unit_scale=unit == "B", leave=False) as shown:

        def advance(n=1, note=""):
            if note:
                shown.set_postfix_str(note, refresh=False)
            shown.update(n)

        yield advance


def watched():
    """Whether progress is shown: to a reader, unless DROPOUT_LAB_PROGRESS=off says no."""
    return os.environ.get("DROPOUT_LAB_PROGRESS", "").lower() not in ("off", "0", "no") and has_a_reader()


def has_a_reader():
    """Whether somebody is looking: at a terminal, or at a notebook.

    A notebook that runs by itself (nbval, nbclient, nbconvert) sends its cells without leave to ask for input; a
    notebook with a reader in front of it gives that leave. In a browser that runs Python there always is a reader.
    """
    if not processes.AVAILABLE:
        return True
    kernel = _kernel()
    return getattr(kernel, "_allow_stdin", False) if kernel else sys.stderr is not None and sys.stderr.isatty()


def _kernel():
    """The notebook's kernel that runs this, or None."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return getattr(shell, "kernel", None)


def _tqdm():
    """The bar for this place, or None without tqdm."""
    try:
        if not _kernel():
            from tqdm import tqdm
        else:
            import ipywidgets  # noqa: F401  (without it tqdm's notebook bar warns on standard error)
            from tqdm.notebook import tqdm
    except ImportError:
        return None
    return tqdm
