"""Two thousand seeds for right variants of dropout: the files test_checks_dropout_seeds_*.py run side by side."""

import numpy as np

from dropout_lab.checks.functions import Blank, Broke, Functions
from dropout_lab.checks.verdicts import observe
from variants import dropout

QUARTERS = [range(start, start + 500) for start in range(0, 2000, 500)]


def part(k, of=5):
    """A fifth of the right variants."""
    return sorted(dropout.RIGHT)[k::of]


def quick(name, function):
    """A guard that does not look for the line that raised, nor silence warnings: there are none here."""

    def guarded(*args, **kwargs):
        try:
            return function(*args, **kwargs)
        except (Blank, Broke):
            raise
        except Exception as error:
            raise Broke(name, type(error).__name__, str(error)) from None

    return guarded


def functions(variant):
    return Functions({name: quick(name, f) for name, f in dropout.functions(variant).items()})


def passes(variant, seeds):
    """Inverted dropout over these seeds, the paper's, which shares the samplers, over every tenth.

    A right function fails a check with probability below 4e-10 (checks/chance.py): all files together, below 3e-5.
    """
    f = functions(variant)
    with np.errstate(all="ignore"):
        for seed in seeds:
            for kind in ("dropout", "zeroing")[: 1 + (seed % 10 == 0)]:
                for name in (f"{kind}_forward", f"{kind}_backward"):
                    failing = [(a.name, a.seen, a.say) for a in observe(name, f, seed) if not a.ok]
                    assert not failing, (name, seed, failing)
