"""The two faces of a source: with its solutions, and without. The marker words are nbgrader's, which teachers know."""

import re

_REGION = re.compile(r"^([ \t]*)### BEGIN SOLUTION[^\n]*\n(.*?)^[ \t]*### END SOLUTION[^\n]*$\n?", re.M | re.S)
_TEACHERS = re.compile(r"<!-- teachers -->.*?<!-- /teachers -->\n?", re.S)


def complete(text):
    """The text with its solutions and without the marker lines."""
    return _REGION.sub(lambda region: region[2], _checked(text))


def blank(text, stub):
    """The text with each solution region replaced.

    Parameters
    ----------
    text : str
    stub : function of the match's start offset in text, returns the line that takes the region's place
    """
    return _REGION.sub(lambda region: _line(region[1], stub(region.start())), _checked(text))


def replaced(text, with_this):
    """The text with each solution region replaced by what the function `with_this` makes of its lines."""
    return _REGION.sub(lambda region: with_this(region[2]), _checked(text))


def solutions(text):
    """The lines inside the solution regions, stripped."""
    return [line.strip() for region in _REGION.finditer(text) for line in region[2].splitlines() if line.strip()]


def without_teachers(text):
    """README's text without what is for teachers."""
    return _TEACHERS.sub("", text)


def _line(indent, stub):
    return f"{indent}{stub}\n" if stub else ""


def _checked(text):
    words = re.findall(r"### (BEGIN|END) SOLUTION", text)
    if words != ["BEGIN", "END"] * (len(words) // 2):
        raise ValueError("a solution region is nested, or lacks its BEGIN or END line")
    return text
