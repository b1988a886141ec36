"""A panel of lesson 08: the sweep over p with its bands. It shows runs that were made before; none is made here."""

from dropout_lab.lab.figures.rates import BANDS, FEWEST, MEASURES, PAIRED, complete, draw_band
from dropout_lab.lab.widgets.panel import choice, panel, seed, whole


def explore_rates(rows):
    """Errors at each p and what p saves, with bands, paired or not; `rows` are those of a sweep over p and seeds."""
    rows, n = complete(rows), len(rows.values("seed"))

    def draw(figure, measure, band, seeds, seed):
        return draw_band(figure, rows, measure, band, seeds, seed)

    return panel(
        draw,
        "The error at each p, and how sure it is",
        measure=choice("held-out error", "measure", MEASURES),
        band=choice(PAIRED, "show", BANDS),
        seeds=whole(n, "seeds", FEWEST, n),
        seed=seed("next seed", label="one seed alone"),
    )
