"""One hand for all figures: colours, sizes, labels. Each figure says one thing, in its title."""

from textwrap import fill

import matplotlib.pyplot as plt

from dropout_lab.system.screen import COLUMNS

BLUE, VERMILION, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#6B7280"  # Okabe and Ito, told apart by all
INK = {VERMILION: "#B34700", GREEN: "#007A5A"}  # their darker twins for words: 5 to 1 against white, where they have 3
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


def ink(colour):
    """The colour in which words about a line of that colour are written."""
    return INK.get(colour, colour)


def label_end(axes, x, y, text, colour):
    """Name a line where it ends, in its colour, instead of in a legend."""
    axes.annotate(
        text, (x[-1], y[-1]), xytext=(8, 0), textcoords="offset points", color=ink(colour), va="center", fontsize=9
    )


def in_words(figure):
    """The figure's titles, and what stands on the axes of each panel: its text for those who cannot see it."""
    titles = [figure.get_suptitle(), *(axes.get_title(at) for axes in figure.axes for at in ("left", "center"))]
    names = [(axes.get_xlabel(), axes.get_ylabel()) for axes in figure.axes]
    scales = [f"Across: {x}; up: {y}" if x and y else f"Across: {x}" if x else f"Up: {y}" for x, y in names if x or y]
    sentences = dict.fromkeys(" ".join(text.split()) for text in (*titles, *scales) if text)  # each once, in order
    return ". ".join(sentences)


def paint(draw, *arguments):
    """Show a figure that draw(figure, *arguments) paints, and print the caption that it returns, for those who read."""
    figure = plt.figure()
    try:
        caption = draw(figure, *arguments)
    except BaseException:
        plt.close(figure)  # or the notebook shows it, half painted, beside the error
        raise
    plt.show()
    print(fill(caption, COLUMNS))
