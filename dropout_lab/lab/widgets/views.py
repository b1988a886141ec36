"""Views of a panel that are drawn beforehand, for pages on which no kernel runs.

There are too many states to draw them all. A page gets the values of the first controls, as many as there is room for,
and not the others.
"""

import base64
import io
import itertools
import os

from PIL import Image

MIME = "application/vnd.dropout-lab.views+json"
SWITCH = "DROPOUT_LAB_VIEWS"  # set to "keep" where notebooks are run for pages: some seconds for each panel
MOST, MOST_OF_ONE, SEEDS = 36, 17, 4  # views of a panel, values of one slider, seeds
COLOURS = 64  # of a picture; its size is a third of what it was


def wanted():
    """Whether panels shall keep views beside themselves in the notebook."""
    return os.environ.get(SWITCH) == "keep"


def views(title, controls, view):
    """What a page needs to show a panel: its first controls, and the view at each combination of their values.

    Parameters
    ----------
    title : str
    controls : list of controls, as `panel.py` makes them, each with its name
    view : function of (values, before)
        Gives (PNG as bytes, alt text, caption) at these values, after those that a reader would have passed.

    Returns
    -------
    views : {"title": ..., "controls": ..., "missing": labels of the other controls, "views": the last control fastest,
            "start": the number of the view that the panel opens with}
    """
    start, kept, room = {c["name"]: c["value"] for c in controls}, {}, MOST
    for control in controls:
        values = _values(control, min(room, MOST_OF_ONE))
        if len(values) < 2:
            break
        kept[control["name"]], room = values, room // len(values)
    states = [start | dict(zip(kept, values, strict=True)) for values in itertools.product(*kept.values())]
    return {
        "title": title,
        "controls": [_thinned(c, kept[c["name"]]) for c in controls if c["name"] in kept],
        "missing": [c["label"] for c in controls if c["name"] not in kept],
        "start": states.index(start),
        "views": [_as_json(*view(state, _way(start, state, kept))) for state in states],
    }


def _values(control, most):
    """The values of a control that are kept: all of them, or every second, third ..., the first one among them."""
    if control["kind"] == "choice":
        return control["options"] if len(control["options"]) <= most else []
    if control["kind"] == "seed":
        return [control["value"] + i for i in range(min(most, SEEDS))]
    if control["kind"] != "range" or most < 2:
        return []
    low, step = control["low"], control["step"]
    last, at = (round((end - low) / step) for end in (control["high"], control["value"]))
    grids = (range(at % every, last + 1, every) for every in itertools.count(1))
    grid = next(grid for grid in grids if len(grid) <= most)
    return [type(control["value"])(round(low + i * step, 10)) for i in grid]


def _thinned(control, values):
    """The control for a page: where it begins and ends, and how wide its steps are."""
    if control["kind"] == "choice":
        return control
    return {**control, "low": values[0], "high": values[-1], "step": round(values[1] - values[0], 10)}


def _way(start, state, kept):
    """The states that a reader passes who moves the first control last, step by step."""
    name = next(iter(kept), None)
    if name is None:
        return []
    values = kept[name]
    a, b = values.index(start[name]), values.index(state[name])
    return [state | {name: value} for value in (values[a:b] if a < b else values[a:b:-1])]


def _as_json(png, alt, caption):
    """A view with its picture in few colours, as WebP."""
    small = io.BytesIO()
    picture = Image.open(io.BytesIO(png)).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    picture.convert("RGB").save(small, "webp", lossless=True, method=6)
    return {"picture": base64.b64encode(small.getvalue()).decode(), "alt": alt, "caption": caption}
