"""How the text of a lesson is dressed: cards for what there is to do, and folds for what comes after.

A paragraph that begins with **Predict.**, **Build ...**, **Say.** or **Try.** becomes a card. A line `▸ some words`
folds the rest of its cell under those words. JupyterLab, the site and a reader of the bare file show the same text.
"""

import re

KINDS = {"Predict": "info", "Build": "warning", "Say": "success", "Try": "success"}  # JupyterLab's colours for alerts
_CARD = re.compile(rf"^\*\*({'|'.join(KINDS)})\b.*?(?=\n\s*\n|\Z)", re.M | re.S)
_FOLD = re.compile(r"^▸ (.+)\n", re.M)


def dressed(text):
    """The text of a cell with its cards and its fold."""
    above, fold, inside = _halves(text)
    above = _CARD.sub(lambda found: _card(found[1], found[0]), above)
    return f"{above}{_folded(fold, inside)}" if fold else above


def _card(kind, text):
    look = f"alert alert-block alert-{KINDS[kind]} dl-card dl-{kind.lower()}"
    return f'<div class="{look}">\n\n{text}\n\n</div>'


def _halves(text):
    """(what stands above the fold, its words, what is inside)."""
    found = _FOLD.search(text)
    return (text[: found.start()], found[1], text[found.end() :]) if found else (text, "", "")


def _folded(words, inside):
    return f'<details class="dl-fold">\n<summary>{words}</summary>\n\n{inside.strip()}\n\n</details>'
