"""A picture for each lesson on the map, 120 by 60: blue is what is there, vermilion what goes wrong or is looked at.

None shows what a lesson asks for before it shows it.
"""

import itertools


def _path(way, look="", dashes=""):
    return f'<path class="{look}" d="{way}"' + (f' stroke-dasharray="{dashes}"/>' if dashes else "/>")


def _dots(x, ys, look="f"):
    return "".join(f'<circle class="{look}" cx="{x}" cy="{y}" r="4"/>' for y in ys)


def _network(*columns):
    """Columns of units, each (x, heights), and all wires between neighbours."""
    wires = [
        _path(f"M{x} {y}L{to} {other}")
        for (x, ys), (to, others) in itertools.pairwise(columns)
        for y in ys
        for other in others
    ]
    return "".join(wires) + "".join(_dots(x, ys) for x, ys in columns)


def _box(x, y, width, height, look=""):
    return _path(f"M{x} {y}h{width}v{height}h-{width}z", look)


_TWO, _THREE, _FOUR = (22, 38), (14, 30, 46), (9, 23, 37, 51)
_BAR = "M{0} {1}v26m-6-26h12m-12 26h12"
PICTURES = {
    "00": _path("M50 20a11 11 0 1 1 15 10q-5 3-5 9", "b") + _dots(60, (51,), "w"),
    "01": _network((28, _THREE), (62, (30,))) + _path("M100 30H74m7-7l-7 7 7 7", "v"),
    "02": _path("M15 50Q60 50 105 8", "b")
    + _path("M38 53L98 21", "v")
    + _dots(52, (45.5,), "w")
    + _dots(84, (28,), "w"),
    "03": _network((25, _THREE), (60, _FOUR), (95, _TWO)),
    "04": _path("M15 12Q35 48 105 50", "b") + _path("M15 12Q35 42 60 34T105 14", "v", "5 4"),
    "05": _network((30, (14, 46)), (90, _TWO)) + _path("M24 24l12 12m0-12L24 36", "v"),
    "06": _box(22, 14, 32, 32, "b") + _path("M38 14v32M22 30h32") + _path("M66 30h34m-7-7l7 7-7 7", "v"),
    "07": _path("M37 27a17 17 0 1 1 34 0a17 17 0 1 1-34 0M67 39l16 14", "b") + _path("M47 27l5 6 10-12", "v"),
    "08": _path(_BAR.format(40, 12), "b") + _path(_BAR.format(80, 22), "b") + _dots(40, (25,)) + _dots(80, (35,), "w"),
    "09": "".join(_network((x, _TWO), (x + 20, _TWO)) for x in (14, 50, 86)),
    "10": _path("M12 50Q40 50 48 26T60 10T72 26T108 50", "b") + _path("M60 10v40", "v", "4 4"),
    "11": _box(28, 12, 38, 30, "b") + _path("M54 20h38v30h-38z", "v", "5 4"),
    "12": _box(38, 6, 44, 48) + _path("M50 18h20L56 44", "b"),
    "13": _path("M20 48a40 36 0 0 1 80 0", "b") + _path("M60 48L84 24", "v") + _dots(60, (48,), "w"),
}
