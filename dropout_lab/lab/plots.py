"""One hand for all figures: colours, sizes, labels. Each figure says one thing, in its title."""

from textwrap import fill

import matplotlib.pyplot as plt

BLUE, VERMILION, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#6B7280"  # Okabe and Ito, told apart by all
WIDTH = 7.2  # inches, a notebook's column

STYLE = {
    "figure.figsize": (WIDTH, 3.2),
    "figure.dpi": 110,
    "figure.facecolor": "white",  # also under a dark theme, where labels would otherwise vanish
    "savefig.facecolor": "white",
    "figure.constrained_layout.use": True,
    "axes.prop_cycle": plt.cycler(color=[BLUE, VERMILION, GREEN], linestyle=["-", "--", ":"]),
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 11,
    "axes.titlelocation": "left",
    "axes.grid": True,
    "grid.color": "#E5E7EB",
    "legend.frameon": False,
    "lines.linewidth": 2,
}


def use_style():
    """Set the style for every figure that follows."""
    plt.rcParams.update(STYLE)


def small_print(figure, text):
    """Seeds, n and p, in small type below a figure."""
    figure.supxlabel(text, fontsize=8, color=GREY, ha="left", x=0.01)


def label_end(axes, x, y, text, colour):
    """Name a line where it ends, in its colour, instead of in a legend."""
    axes.annotate(text, (x[-1], y[-1]), xytext=(5, 0), textcoords="offset points", color=colour, va="center",
                  fontsize=9)  # fmt: skip


def paint(draw, *arguments):
    """Show a figure that draw(figure, *arguments) paints, and print the caption that it returns, for those who read."""
    figure = plt.figure()
    try:
        caption = draw(figure, *arguments)
    except BaseException:
        plt.close(figure)  # or the notebook shows it, half painted, beside the error
        raise
    plt.show()
    print(fill(caption, 100))
