"""Layers of our own in the ways in which public ones want to be called: files made of a core and a habit.

A core has the functions thin(x, p) -> out, m; rest(x, p) -> out; pull(dout, m) -> dx. A habit wraps them; where its
number is the probability to keep, it hands on 1 - keep.
"""

RIGHT = """
import numpy as np

def mask_of(x, p):
    return (np.random.rand(*x.shape) >= p) / (1 - p)

def thin(x, p):
    m = mask_of(x, p)
    return x * m, m

def rest(x, p):
    return x

def pull(dout, m, x=None):
    return dout * m
"""
PAPER = RIGHT.replace("/ (1 - p)", "* 1.0").replace(
    "def rest(x, p):\n    return x", "def rest(x, p):\n    return x * (1 - p)"
)


def wrong(**lines):
    """A core with one function of it written otherwise: its body in one line."""
    text = RIGHT
    for name, body in lines.items():
        head, _, rest = text.partition(f"def {name}(")
        signature, _, rest = rest.partition("\n")
        _, _, rest = rest.partition("\n\n")
        text = f"{head}def {name}({signature}\n    {body}\n\n{rest}"
    return text


MISTAKES = {
    "C01": wrong(mask_of="return (np.random.rand(*x.shape) < p) / p"),
    "C02": wrong(mask_of="return (np.random.rand(*x.shape) < p) / (1 - p)"),
    "C03": wrong(mask_of="return (np.random.rand(*x.shape) >= p) * 1.0"),
    "C05": wrong(rest="return x * (1 - p)"),
    "C06": wrong(mask_of="return (np.random.rand(*x.shape) >= p) * 1.0", rest="return x * p"),
    "C07": wrong(mask_of="return (np.random.rand(*x.shape) >= p) / p"),
    "C08": wrong(mask_of="return np.random.randint(0, 2, x.shape) / (1 - p)"),
    "C10": wrong(mask_of="return (np.random.randn(*x.shape) < 1 - p) / (1 - p)"),
    "C13": wrong(thin="m = np.random.rand(*x.shape) >= p; m = m * (m.size / max(m.sum(), 1)); return x * m, m"),
    "C17": wrong(thin="m = mask_of(x, p); return x * m * m, m * m"),
    "C20": wrong(pull="return dout * 1.0"),
    "C21": wrong(pull="return dout * (m != 0)"),
    "C22": wrong(pull="return dout * m.max()"),
    "C24": wrong(pull="return dout - dout * m"),
    "C25": wrong(thin="m = mask_of(x, p); return x * m, x * m", pull="return dout * m"),
    "C27": wrong(pull="return dout * m * m"),
    "C28": wrong(pull="return dout / np.where(m == 0, np.inf, m)"),
    "C30": wrong(mask_of="return (np.random.rand(x.shape[-1]) >= p) / (1 - p) * np.ones(x.shape)"),
    "C31": wrong(mask_of="return (np.random.rand(len(x), *[1] * (x.ndim - 1)) >= p) / (1 - p) * np.ones(x.shape)"),
    "C40": wrong(rest="return thin(x, p)[0]"),
    "C42": wrong(mask_of="np.random.seed(0); return (np.random.rand(*x.shape) >= p) / (1 - p)"),
    "C45": wrong(thin="m = mask_of(x, p); x *= m; return x, m"),
    "C46": wrong(pull="dout *= m; return dout"),
}
"""Cores by the id of the mistake in the bank."""

_CLASS = """
class Dropout{base}:
    def __init__(self, {number}):
        self.number = {drop}
{extra}
    def {forward}(self, x{arguments}):
        if {training}:
            out, self.m = thin(x, self.number)
        else:
            out, self.m = rest(x, self.number), np.ones(x.shape)
        {give}
    def {backward}(self, dout):
        {give_back}
"""


def _layer(
    number="p",
    drop=None,
    base="",
    extra="",
    forward="forward",
    arguments=", training=True",
    training="training",
    give="return out",
    backward="backward",
    give_back="return pull(dout, self.m)",
):
    name = number.split("=")[0].strip()
    extra = "\n".join(f"    {line}" for line in extra.splitlines())
    return _CLASS.format(**{**locals(), "drop": drop or name})


HABITS = {
    "an argument training": _layer(),
    "a default and is_training": _layer("rate=0.5", arguments=", is_training=True", training="is_training"),
    "train and eval": _layer(
        "drop_prob",
        arguments="",
        training="self.training",
        extra="    self.training = True\ndef train(self):\n    self.training = True\n"
        "def eval(self):\n    self.training = False",
    ),
    "an attribute that the network sets": "from .layer import Layer\n"
    + _layer("dropout_rate", base="(Layer)", arguments="", training="self.training"),
    "a testing phase of the base class": "from Layers.Base import BaseLayer\n"
    + _layer("probability", base="(BaseLayer)", arguments="", training="not self.testing_phase"),
    "a keep probability": _layer("keep_prob", "1 - keep_prob", arguments=", mode='train'", training="mode == 'train'"),
    "attributes hold the results": _layer(
        "rate", give="self.output = out", give_back="self.dinputs = pull(dout, self.m)"
    ),
    "no mode": _layer("ratio", arguments="", training="True"),
    "long names": _layer(
        "dropout_ratio=0.5",
        forward="forward_propagation",
        arguments=", train_flg=True",
        training="train_flg",
        backward="backward_propagation",
    ),
    "predict means test time": _layer("fraction", arguments=", predict=False", training="not predict"),
    "a setter": _layer(
        "p",
        arguments="",
        training="self.on",
        extra="    self.on = True\ndef set_training(self, training):\n    self.on = training",
    ),
    "a phase of an enumeration": "from layers.base import Base, Phase\n"
    + _layer(
        "p", base="(Base)", arguments="", training="self.phase == Phase.train", extra="    self.phase = Phase.train"
    ),
    "a dictionary": """
def dropout_forward(x, dropout_param):
    p, mode = dropout_param["p"], dropout_param["mode"]
    if mode == "train":
        out, m = thin(x, p)
    elif mode == "test":
        out, m = rest(x, p), np.ones(x.shape)
    return out, (dropout_param, m)

def dropout_backward(dout, cache):
    dropout_param, m = cache
    return pull(dout, m)
""",
    "two functions": """
def dropout_forward(x, p, train=True):
    return thin(x, p) if train else (rest(x, p), np.ones(x.shape))

def dropout_backward(dout, mask):
    return pull(dout, mask)
""",
    "called like Keras": _layer("rate", forward="call", arguments=", training=None", training="training"),
}
"""Habits by name; each drops with the probability that its number says, or keeps with it if its name says so."""


def write(folder, core, habit, name="layer.py"):
    """The path of a file with a layer: a core in a habit."""
    path = folder / name
    path.write_text(f"{core}\n\n{HABITS[habit]}", encoding="utf-8")
    return path
