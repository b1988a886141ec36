"""The page "Is my dropout right?": how to ask, and the card of a layer that is wrong, audited at each build."""

import inspect

from dropout_lab.audit import audit
from dropout_lab.instructor.publishing.site.wrong_layer import Dropout

NAME = "is_my_dropout_right"
_PAGE = """# Is my dropout right?

1. Install the package, in a clone of its repository: `python -m pip install -e .`
2. In a terminal: `dropout-lab audit my_layer.py`. In Python: `from dropout_lab.audit import audit; audit(MyLayer)`.
3. Read the card. It says how your layer was called, what it does, whether that is dropout, and if not, which known
   mistake it is.

No adapter is needed for most layers: names, defaults and attributes say how a layer wants to be called, and trying
settles the rest. Your file is not edited, and only what the layer needs of it is run.

## An example

This layer trains, and no error ever comes:

```python
{code}
```

The audit of it:

{card}
"""


def write(folder):
    """Write the page's source into a folder."""
    card = audit(Dropout)._repr_html_()
    text = _PAGE.format(code=inspect.getsource(Dropout).strip(), card=f"```{{raw}} html\n{card}\n```")
    (folder / f"{NAME}.md").write_text(text, "utf-8")
