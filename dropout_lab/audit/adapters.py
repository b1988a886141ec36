"""The shortest code that would let an audit drive a layer that it could not drive, filled in as far as is known."""

from dropout_lab.audit import vocabulary
from dropout_lab.audit.calling import parameters, rate_of


def adapter(layer):
    """A file that `dropout-lab audit` takes, with the layer's own calls where they are known and `...` where not."""
    where = layer.file.source.path.stem if layer.file else (layer.thing.__module__ or "your_file")
    where = where if where.isidentifier() else "your_file"
    if not layer.is_class:
        return _of_function(layer, where)
    init = parameters(layer.thing.__init__)
    rate = rate_of(init)
    others = ", ".join(
        f"{p.name}=..." for p in init if p is not rate and p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD
    )
    arguments = ", ".join(filter(None, (rate and f"{rate.name}=p", others)))
    forward = next((n for n in vocabulary.FORWARD if callable(getattr(layer.thing, n, None))), "forward")
    backward = next((n for n in vocabulary.BACKWARD if callable(getattr(layer.thing, n, None))), "backward")
    return "\n".join((
        f"from {where} import {layer.name}",
        "",
        "",
        "class Dropout:",
        "    def __init__(self, p):  # the probability to drop",
        f"        self.layer = {layer.name}({arguments or '...'})",
        "",
        "    def forward(self, x, training):",
        f"        return self.layer.{forward}(x) if training else x  # arrays of the shape of x",
        "",
        "    def backward(self, dout):",
        f"        return self.layer.{backward}(dout)",
    ))  # fmt: skip


def _of_function(layer, where):
    given = ", ".join(p.name for p in parameters(layer.thing)) or "x, ..."
    return "\n".join((
        f"from {where} import {layer.name}",
        "",
        "",
        "def dropout_forward(x, p, training):  # p: the probability to drop",
        f"    return {layer.name}({given}), ...  # out, and what the backward pass needs",
        "",
        "",
        "def dropout_backward(dout, cache):",
        "    return ...  # dx",
    ))  # fmt: skip
