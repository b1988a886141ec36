"""A picture with controls above it and, below it, in words and numbers, what it shows.

A panel is one function that draws, and what may be turned:

    def draw(figure, p, seed):
        figure.subplots().bar(...)
        return f"At p = {p} ..."          # the caption

    panel(draw, "What p does", p=rate(0.3), seed=seed("new mini-batch"))

The controls are HTML's own, each with a label, so that they work by keyboard and are read out; so is the caption
when it changes. Where no kernel runs (a preview on the web, a test) a panel is its caption.
"""

import base64
import io
from pathlib import Path

import anywidget
import matplotlib as mpl
import traitlets
from matplotlib.figure import Figure

from dropout_lab.lab.plots import STYLE, in_words
from dropout_lab.lab.widgets import views


def rate(value, label="drop probability p", low=0.0, high=0.9, step=0.05):
    """A slider over fractions."""
    return {"kind": "range", "label": label, "value": float(value), "low": low, "high": high, "step": step}


def whole(value, label, low, high, step=1):
    """A slider over whole numbers."""
    return {"kind": "range", "label": label, "value": int(value), "low": low, "high": high, "step": step}


def choice(value, label, options):
    """One of several words."""
    return {"kind": "choice", "label": label, "value": value, "options": list(options)}


def seed(button, value=0, label="seed", restarts=False):
    """A seed to type, and a button that takes the next one. One that restarts puts all other controls back."""
    return {"kind": "seed", "label": label, "value": int(value), "button": button, "restarts": restarts}


def moves(label, options, naming, names, button):
    """A button for each option, which counts once, and at the end one of the names, which closes the list.

    The value is the list of what was pressed and named, in this order. An option must not be among the names.
    """
    return {
        "kind": "moves",
        "label": label,
        "value": [],
        "options": list(options),
        "naming": naming,
        "names": list(names),
        "button": button,
    }


class Panel(anywidget.AnyWidget):
    """What `panel` returns. `turn(p=0.5)` does what a reader does by hand; `caption` is what it then says."""

    _esm = Path(__file__).with_name("panel.js")
    title = traitlets.Unicode().tag(sync=True)
    controls = traitlets.List().tag(sync=True)
    values = traitlets.Dict().tag(sync=True)
    picture = traitlets.Unicode().tag(sync=True)
    alt = traitlets.Unicode().tag(sync=True)
    caption = traitlets.Unicode().tag(sync=True)

    def __init__(self, draw, title, controls, remember=False):
        self._start, self._draw = {name: control["value"] for name, control in controls.items()}, draw
        super().__init__(
            title=title, values=self._start, controls=[{"name": name, **control} for name, control in controls.items()]
        )
        self._seen = [] if remember else None
        self._refresh()
        self.observe(self._redraw, "values")

    def __repr__(self):
        return self.caption

    def turn(self, **values):
        """Set some of the controls and redraw."""
        unknown = values.keys() - self.values.keys()
        if unknown:
            raise KeyError(f"no control named {', '.join(sorted(unknown))}; there are {', '.join(self.values)}")
        restarts = any(c["name"] in values and c.get("restarts") for c in self.controls)
        self.values = (self._start if restarts else self.values) | values

    def _redraw(self, change):
        """Redraw; a function of the student's that raises is an answer too, and no reader looks into a log."""
        try:
            self._refresh()
        except Exception as error:  # noqa: BLE001 - the student's function raises anything
            with self.hold_sync():
                self.picture, self.alt = "", ""
                self.caption = f"{type(error).__name__}: {error}"

    def _refresh(self):
        png, alt, caption = self._view(self.values, self._seen)
        if self._seen is not None:
            self._seen.append(self.values)
        with self.hold_sync():
            self.picture = f"data:image/png;base64,{base64.b64encode(png).decode()}"
            self.alt, self.caption = alt, caption

    def _view(self, values, before):
        """(PNG as bytes, alt text, caption) at these values, after those before them."""
        # A whole number comes back from the browser without its point: 1 where 1.0 was sent.
        values = {c["name"]: type(c["value"])(values[c["name"]]) for c in self.controls}
        memory = {} if self._seen is None else {"before": before}
        with mpl.rc_context(STYLE):
            figure, png = Figure(), io.BytesIO()
            caption = self._draw(figure, **values, **memory)
            figure.savefig(png, format="png")
        return png.getvalue(), in_words(figure), caption

    def _repr_mimebundle_(self, **kwargs):
        data, metadata = super()._repr_mimebundle_(**kwargs)
        if views.wanted():
            data[views.MIME] = views.views(self.title, self.controls, self._view)
        return data, metadata


def panel(draw, title, *, remember=False, **controls):
    """A picture that the reader can turn.

    Parameters
    ----------
    draw : function of a matplotlib Figure and of the controls by name; returns the caption, a str
        Called once at the start and again after each change. The figure's titles and axes become its alt text.
    title : str
        Names the group of controls for those who hear it.
    remember : bool
        Whether draw also takes `before`, the list of the values that were shown until now.
    **controls : made by `rate`, `whole`, `choice`, `seed`, `moves`

    Returns
    -------
    Panel
    """
    return Panel(draw, title, controls, remember)
