"""Figures in tests: drawn without a window, and read."""

from io import BytesIO

import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest
from matplotlib.figure import Figure


@pytest.fixture(autouse=True)
def no_window(monkeypatch):
    """Imported into a module, keeps its figures in memory and closes them after each test."""
    monkeypatch.setattr(plt, "show", lambda: None)
    with mpl.rc_context({"backend": "agg"}):
        yield
        plt.close("all")


def rendered(figure=None):
    """The figure, or the current one, after it was painted without errors."""
    figure = figure or plt.gcf()
    figure.savefig(BytesIO(), format="png")
    return figure


def title(figure=None):
    """The sentence over a figure."""
    figure = rendered(figure)
    return figure.get_suptitle() or figure.axes[0].get_title(loc="left") or figure.axes[0].get_title()


def drawn(draw, *arguments):
    """(title, caption) of a figure that was drawn without errors."""
    figure = Figure()
    caption = draw(figure, *arguments)
    return title(figure), caption
