"""Is my dropout right? The judge of `checks` for a layer of anybody's, in whatever way it wants to be called."""

from dropout_lab.audit.child import run
from dropout_lab.audit.examining import examine
from dropout_lab.audit.results import Audit

__all__ = ["Audit", "assert_dropout", "audit"]


def audit(target, p=None, time_limit=None, seed=0):
    """Find out how a dropout layer wants to be called, call it, and say whether it is right or which mistake it is.

    Parameters
    ----------
    target : str, path, class, function or instance
        Words, such as "layers.py", "layers.py:Dropout" or "package.module:Dropout", are read and run in a process of
        their own; things are called right here.
    p : "drop", "keep" or None
        What the layer's number is meant to be; None finds out.
    time_limit : float or None
        Seconds of processor time for a target in words; None gives 20, and 90 to one that names JAX.
    seed : int
        For the inputs; the same seed gives the same verdict.

    Returns
    -------
    audit : Audit
        A notebook shows it as a card; `print` gives the same as text, `.as_json()` a dictionary.
    """
    if p not in (None, "keep", "drop"):
        raise ValueError(f'p must be "keep", "drop" or None, not {p!r}')
    if isinstance(target, str) or hasattr(target, "__fspath__"):
        return run(str(target), p, time_limit, seed)
    return examine(target, p, seed)


def assert_dropout(layer, p=None):
    """Raise AssertionError with the card unless a layer is right; for the tests of other projects."""
    found = audit(layer, p)
    assert found.status == 0, f"\n{found}"
