"""One HTML file that needs nothing else: no script, no address, readable in light and dark and on paper."""

from dropout_lab.checks.reports import COLOUR
from dropout_lab.instructor.escaping import html

STYLE = """
:root { color-scheme: light dark; --ink: #1f2933; --paper: #ffffff; --soft: #5f6b76; --line: #d5dae0;
       --fill: #f3f5f7;
        --passed: PASSED; --failed: FAILED; --blank: BLANK; --focus: #0072b2; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e9ec; --paper: #16191d; --soft: #a3adb8; --line: #39414a; --fill: #20252b;
          --passed: #35b58b; --failed: #f08a4b; --blank: #97a3af; --focus: #6db6e8; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 62rem; padding: 2rem 1.25rem 4rem; color: var(--ink);
       background: var(--paper);
       font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif;
       overflow-wrap: break-word; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .3rem; } h2 { font-size: 1.2rem; margin: 2.6rem 0 .4rem; }
h3 { font-size: 1rem; margin: 0 0 .2rem; }
p { margin: .3rem 0 .6rem; } .soft { color: var(--soft); }
code { font: .92em ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
table code, .name { white-space: nowrap; }
table { border-collapse: collapse; width: 100%; } caption { text-align: left; color: var(--soft);
       padding-bottom: .3rem; }
th, td { text-align: left; vertical-align: top; padding: .35rem .8rem .35rem 0;
       border-bottom: 1px solid var(--line); font-weight: normal; }
thead th { color: var(--soft); font-size: .88rem; } .number { text-align: right;
       font-variant-numeric: tabular-nums; white-space: nowrap; }
.card { border-left: 4px solid var(--blank); padding: .35rem .9rem; margin: .7rem 0; background: var(--fill);
       break-inside: avoid; }
.card p { margin: .25rem 0; }
.passed { border-color: var(--passed); } .failed, .error { border-color: var(--failed); }
.blank { border-color: var(--blank); }
.bar { display: flex; width: 100%; min-width: 9rem; height: .85rem; margin: .3rem 0; background: var(--fill);
       outline: 1px solid var(--line); }
.bar span { display: block; height: 100%; } .is-passed { background: var(--passed); }
.is-failed { background: repeating-linear-gradient(135deg, var(--failed) 0 5px, var(--paper) 5px 7px); }
.is-blank { background: transparent; }
.figure { overflow-x: auto; } svg text { fill: var(--ink); font-size: 12px; } svg .soft { fill: var(--soft); }
svg .line { stroke: var(--line); } svg rect { fill: var(--passed); }
details { margin: 1.6rem 0; } td details { margin: 0; } summary { font-weight: 600; padding: .2rem 0; }
@media screen and (max-width: 46rem) {
  body { padding: 1.2rem .9rem 3rem; } h1 { font-size: 1.4rem; }
  table, caption, tbody, tr, th, td { display: block; } thead { display: none; } tr { padding: .5rem 0; }
  th, td { border: 0; padding: .1rem 0; } tr { border-bottom: 1px solid var(--line); } .name { white-space: normal; }
  td.number { display: inline-block; margin-right: 1.2rem; text-align: left; }
  td[data-label]::before { content: attr(data-label) ": "; color: var(--soft); }
  td:has(.bar)::before, td:empty { display: none; } .bar { max-width: 20rem; } svg { max-width: 100%; height: auto; } }
summary { cursor: pointer; } summary:focus-visible, a:focus-visible { outline: 3px solid var(--focus);
       outline-offset: 2px; }
@media print { body { max-width: none; padding: 0; font-size: 10pt; } tr, .figure svg { break-inside: avoid; }
       thead { display: table-header-group; } h2, h3 { break-after: avoid; } .figure { overflow: visible; }
       .bar span, svg rect { print-color-adjust: exact;
       -webkit-print-color-adjust: exact; } }
"""
for _status in ("passed", "failed", "blank"):  # the colours of the lessons' own reports
    STYLE = STYLE.replace(_status.upper(), COLOUR[_status], 1)

_SHELL = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<meta name="referrer" content="no-referrer">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<main>
{body}
</main>
</body>
</html>
"""


def page(title, *parts):
    """A whole page. The title is text; the parts are HTML that has been escaped already."""
    title = html(title).replace("<code>", "").replace("</code>", "")
    return _SHELL.format(title=title, style=STYLE, body="\n".join(parts))


def table(caption, head, rows, numbers=()):
    """A table of HTML cells. The first cell of a row names it; `numbers` are the columns set to the right.

    On a narrow screen each row is a block, and each cell says its column.
    """

    def mark(column):
        return ' class="number"' if column in numbers else ""

    def cells(row):
        first, *rest = row
        named = (f'<td role="cell"{mark(i)} data-label="{head[i]}">{c}</td>' for i, c in enumerate(rest, 1))
        return f'<tr role="row"><th scope="row" role="rowheader">{first}</th>{"".join(named)}</tr>'

    top = "".join(f'<th scope="col" role="columnheader"{mark(i)}>{text}</th>' for i, text in enumerate(head))
    body = "\n".join(map(cells, rows))
    return (
        f'<div class="figure" tabindex="0" role="region" aria-label="{caption}"><table role="table">'
        f'<caption>{caption}</caption><thead role="rowgroup"><tr role="row">{top}</tr></thead>\n'
        f'<tbody role="rowgroup">\n{body}\n</tbody></table></div>'
    )
