"""How wide a line of text may be."""

COLUMNS = 88  # JupyterLab breaks longer lines in the middle of a word
