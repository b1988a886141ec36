"""A table in a file that someone else's program wrote: cells are read, and can be replaced. All other bytes stay.

Rules: a record ends at CR, LF or CR LF outside quotes; a field that begins with " runs to the next " that is not
doubled; separators are one of , ; and tab. They are ASCII, which in UTF-8 and in the single-byte code pages stands
for itself.
"""

import re
from dataclasses import dataclass

BOM = b"\xef\xbb\xbf"


class SheetError(ValueError):
    """A sentence on why a file cannot be filled."""


@dataclass(frozen=True)
class Cell:
    """Where a field stands in the bytes of a file, and what it says."""

    start: int
    end: int
    text: str
    quoted: bool


class Sheet:
    """The cells of a file by row and column, with the header in `header`.

    Parameters
    ----------
    content : bytes
    needs : str
        The name of a column that has to be there; the separator is the one that finds it.
    """

    def __init__(self, content, *needs):
        if content[:2] in {b"\xff\xfe", b"\xfe\xff"}:
            raise SheetError("it is in UTF-16. Export it as CSV in UTF-8")
        self.content, self._edits = content, {}
        self.encoding = _encoding(content)
        self.separator, self.rows = self._read(needs)
        self.header = [cell.text.strip() for cell in self.rows[0]]
        if missing := [n for n in needs if n not in self.header]:
            raise SheetError(f"it has no column {missing[0]!r}. {self.columns()}")
        self._comma = self._uses_decimal_comma()

    def _read(self, needs):
        """(separator, rows): the separator that finds the columns, else the most frequent one in the header."""
        tried, refused = [], []
        for separator in _separators(self.content):
            try:
                tried.append((separator, list(_records(self.content, separator, self.encoding))))
            except SheetError as error:
                refused.append(error)
        tried = [(separator, rows) for separator, rows in tried if rows]
        found = [(d, rows) for d, rows in tried if all(n in [cell.text.strip() for cell in rows[0]] for n in needs)]
        if refused and not found:
            raise refused[0]
        if not tried:
            raise SheetError("it is empty")
        return (found or tried)[0]

    def columns(self):
        """A sentence that lists the columns."""
        return "Its columns: " + ", ".join(repr(name) for name in self.header)

    def text(self, row, column):
        """What a cell says, without blanks around it; nothing if the row is too short to have it."""
        return self.rows[row][column].text.strip() if column is not None and column < len(self.rows[row]) else ""

    def column(self, *names):
        """The position of the first of these columns that is there, or None. Case does not matter."""
        lower = [h.casefold() for h in self.header]
        return next((lower.index(n.casefold()) for n in names if n.casefold() in lower), None)

    def fill(self, row, column, text):
        """Replace one cell, quoted as it was, or as its new text needs."""
        cell = self.rows[row][column]
        raw = text.encode(self.encoding, "replace")
        if cell.quoted or any(mark in raw for mark in (b'"', b"\r", b"\n", self.separator)):
            raw = b'"' + raw.replace(b'"', b'""') + b'"'
        self._edits[cell.start, cell.end] = raw

    def number(self, value):
        """A number with two decimals, and a comma if that is how this file writes them."""
        return value.replace(".", ",") if self._comma else value

    def edited(self):
        """The bytes of the file with the replaced cells."""
        parts, at = [], 0
        for (start, end), raw in sorted(self._edits.items()):
            parts += [self.content[at:start], raw]
            at = end
        return b"".join([*parts, self.content[at:]])

    def _uses_decimal_comma(self):
        texts = [cell.text.strip() for row in self.rows[1:] for cell in row]
        points, commas = (sum(_ends_in(mark, text) for text in texts) for mark in ".,")
        return commas > points


_GROUPS = " \u00a0\u202f\u2009'’"  # what stands between thousands, beside a point or a comma
_WHOLE = rf"\d{{1,3}}(?:(?P<group>[.,{_GROUPS}])\d{{3}}(?:(?P=group)\d{{3}})*)?|\d+"
_AMOUNT = re.compile(rf"({_WHOLE})(?:(?P<mark>[.,])(\d+))?", re.ASCII)


def amount(text, what):
    """A number as other people's programs write it: 1000, 1000.00, 1,000.00, 1.000,00, 1 000,00 or 1'000.00.

    Returns
    -------
    number : float, or None where nothing stands

    Raises
    ------
    SheetError
        If it is no number from 0 up, or one that can be read in two ways, such as 1,000. `what` it is, is said.
    """
    text = text.strip()
    if not text:
        return None
    found = _AMOUNT.fullmatch(text)
    if not found or (not text.isascii() and not set(text) - set("0123456789.,") <= set(_GROUPS)):
        raise SheetError(f"its {what} is {text!r}, which is not read as a number from 0 up")
    whole, group, mark, decimals = found[1], found["group"], found["mark"], found[4]
    twice = (group in (".", ",") and not mark and whole.count(group) == 1 and not whole.startswith("0")) or (
        mark and not group and len(decimals) == 3 and len(whole) <= 3 and not whole.startswith("0")
    )
    if twice or (group and group == mark) or (group and whole.startswith("0")):
        raise SheetError(f"its {what} is {text!r}, which can be read in two ways. Write it without marks for thousands")
    return float(f"{whole.replace(group, '') if group else whole}.{decimals or 0}")


def _ends_in(mark, text):
    """Whether it is a number with this mark before its decimals; three of them might be a thousand."""
    return re.fullmatch(rf"-?\d[\d.,{_GROUPS}]*{re.escape(mark)}(?:\d{{1,2}}|\d{{4}})", text) is not None


def _encoding(content):
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def _separators(content):
    """The three separators, the one that stands most often in the first line first."""
    first = re.split(rb"[\r\n]", content.removeprefix(BOM), maxsplit=1)[0]
    return sorted((b",", b";", b"\t"), key=lambda d: -first.count(d))


def _records(content, separator, encoding):
    """Rows of cells. A last line end opens no further row."""
    at, row = len(BOM) if content.startswith(BOM) else 0, []
    while at <= len(content):
        end, text, quoted = _field(content, at, separator)
        row.append(Cell(at, end, text.decode(encoding, "replace"), quoted))
        following = content[end : end + 1]
        if following == separator:
            at = end + 1
            continue
        if len(row) > 1 or row[0].end > row[0].start:
            yield row
        row = []
        at = end + (2 if content[end : end + 2] == b"\r\n" else 1)
        if at >= len(content):
            return


def _field(content, at, separator):
    """(end, bytes of the text, quoted) of the field that begins at a position."""
    if content[at : at + 1] != b'"':
        found = re.compile(rb"[\r\n" + re.escape(separator) + rb"]").search(content, at)
        end = found.start() if found else len(content)
        return end, content[at:end], False
    found = re.compile(rb'"((?:[^"]|"")*)"').match(content, at)
    if not found or content[found.end() : found.end() + 1] not in {b"", b"\r", b"\n", separator}:
        line = content.count(b"\n", 0, at) + 1
        raise SheetError(f"line {line}: a quote is opened and not closed before the next field")
    return found.end(), found[1].replace(b'""', b'"'), True
