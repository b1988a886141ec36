"""Settings to try, and the rows that runs of them give."""

import itertools

import numpy as np


class Rows(list):
    """Results, one dictionary for each run: its setting, its seed, what it measured.

    They are in the order of settings and seeds. `interrupted` is True if some are missing since the sweep was stopped.
    """

    interrupted = False

    def to_rows(self):
        """The plain list of dictionaries, such as a data frame takes."""
        return [dict(row) for row in self]

    def where(self, **setting):
        """The rows with these values: `rows.where(p=0.5)`."""
        return Rows(row for row in self if all(row[name] == value for name, value in setting.items()))

    def column(self, name):
        """One entry of every row, as an array."""
        return np.array([row[name] for row in self])

    def values(self, name):
        """The different values of an entry, in order of appearance."""
        return list(dict.fromkeys(row[name] for row in self))

    def pairs(self, name, a, b):
        """An entry under setting a and under setting b, as two arrays over the seeds that have both."""
        first, second = ({row["seed"]: row[name] for row in self.where(**setting)} for setting in (a, b))
        seeds = [seed for seed in first if seed in second]
        return np.array([first[s] for s in seeds]), np.array([second[s] for s in seeds])


def grid(**lists):
    """Every combination: grid(p=[0, 0.5], hidden=[64, 512]) gives four settings."""
    return [dict(zip(lists, values, strict=True)) for values in itertools.product(*lists.values())]
