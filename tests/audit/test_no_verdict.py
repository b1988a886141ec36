"""What cannot be audited is said in a sentence; what a file does beside its layer is left out."""

import json

import pytest

from dropout_lab.audit import audit
from dropout_lab.audit.examining import examine

LAYER = """
class Dropout:
    def __init__(self, p):
        self.p = p
    def forward(self, x, training=True):
        {body}
        return x
"""
RIGHT = """
class Dropout:
    def __init__(self, p):
        self.p = p
    def forward(self, x, training=True):
        if not training:
            return x
        self.m = (np.random.rand(*x.shape) > self.p) / (1 - self.p)
        {body}
        return x * self.m
    def backward(self, dout):
        return dout * self.m
"""
SENTENCES = {
    "no layer": ("class Dense:\n    def forward(self, x):\n        return x\n", "has no dropout layer"),
    "two layers": (
        LAYER.format(body="pass") + LAYER.format(body="pass").replace("Dropout", "DropoutLayer"),
        "Name one",
    ),
    "data": ("import numpy as np\n" + LAYER.format(body="np.load('weights.npy')"), "needs data that is not here"),
    "arguments": (
        LAYER.format(body="x.a").replace("(self, p)", "(self, p, schedule)"),
        "cannot be guessed: `schedule`",
    ),
    "endless": (LAYER.format(body="while True: pass"), "no result within 2 s"),
    "ends Python": ("import sys\n" + LAYER.format(body="sys.exit(3)"), "ends Python"),
    "ends the process": ("import os\n" + LAYER.format(body="os._exit(0)"), "the process ended"),
    "forks": ("import os\n" + LAYER.format(body="os.fork()"), "starts other processes"),
    "network": (
        "import socket\n" + LAYER.format(body="socket.create_connection(('127.0.0.1', 9))"),
        "asks the network",
    ),
    "memory": ("import numpy as np\n" + LAYER.format(body="np.ones((200000, 200000))"), "more memory"),
    "GPU": ("import cupy as cp\n" + LAYER.format(body="x = x * (cp.random.rand(*x.shape) > self.p)"), "needs a GPU"),
    "Python 2": ("class Dropout:\n    def forward(self, x):\n        print 'forward'\n", "is Python 2"),
    "a name that is gone": (
        "import numpy as np\n" + LAYER.format(body="x = x.astype(np.float)"),
        "Write float or np.float64",
    ),
    "a fixed rate": (
        "import numpy as np\ndef dropout(x):\n    return x * (np.random.rand(*x.shape) > 0.5)\n",
        "as the rate",
    ),
    "no syntax": ("class Dropout\n", "does not parse"),
    "weights": (
        "import numpy as np\n" + RIGHT.format(body="x = x @ np.ones((x.shape[1], x.shape[1]))"),
        "does more than drop",
    ),
    "a mode out of reach": (
        "import numpy as np\ndef is_training():\n    return False\n"
        + RIGHT.format(body="pass")
        .replace("self.p = p", "self.p, self.m = p, 1.0")
        .replace(", training=True", "")
        .replace("not training", "not is_training()"),
        "Its code asks for `is_training`",
    ),
    "a test time that raises": (
        "import numpy as np\n"
        + RIGHT.format(body="pass").replace("            return x", "            return len(x, x)", 1),
        "it raised TypeError: len() takes exactly one argument (2 given). In line 8 of its code",
    ),
    "a gradient that is not returned": (
        "import numpy as np\n" + RIGHT.format(body="pass").replace("return dout", "dout"),
        "the backward pass returned nothing, and left nothing in an attribute.",
    ),
    "a stub": (LAYER.format(body="raise NotImplementedError"), "not written yet"),
    "nothing returned": (LAYER.format(body="pass").replace("return x", "return None"), "returned nothing"),
}


@pytest.mark.parametrize("case", SENTENCES)
def test_what_stands_in_the_way_is_said_in_a_sentence(tmp_path, case):
    code, sentence = SENTENCES[case]
    path = tmp_path / "layer.py"
    path.write_text(code, encoding="utf-8")
    found = audit(path, time_limit=2)
    assert (found.verdict, found.status) == ("undriven", 2)
    assert sentence in found.message
    assert "Traceback" not in str(found)


def test_a_file_that_is_not_there_is_said_to_be_missing(tmp_path):
    assert "there is no file" in audit(tmp_path / "none.py").message


def test_what_a_file_does_beside_its_layer_is_left_out(tmp_path):
    path = tmp_path / "layer.py"
    around = (
        "import argparse\nimport numpy as np\nimport matplotlib.pyplot as plt\n{}\n{}\nwhile True:\n    print('on')\n"
    )
    asks = "args = argparse.ArgumentParser().parse_args()\nname = input('who? ')\nprint('training')"
    path.write_text(
        around.format(asks, RIGHT.format(body="print(self.m); plt.imshow(self.m); plt.show()")), encoding="utf-8"
    )
    assert audit(path).verdict == "right"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_is_not_written_to_and_writes_nowhere_else(tmp_path):
    path, elsewhere = tmp_path / "layer.py", tmp_path / "log.txt"
    code = "import numpy as np\n" + RIGHT.format(body=f"open({str(elsewhere)!r}, 'w').write('x')")
    path.write_text(code, encoding="utf-8")
    assert "it writes to" in audit(path).message
    assert path.read_text(encoding="utf-8") == code
    assert not elsewhere.exists()
    path.write_text(code.replace(str(elsewhere), "log.txt"), encoding="utf-8")
    assert audit(path).verdict == "right"  # into the scratch folder
    assert not elsewhere.exists()


def test_the_code_cells_of_a_notebook_are_read(tmp_path):
    cells = [
        "%matplotlib inline\nimport numpy as np\n!ls",
        RIGHT.format(body="pass"),
        "this is no Python",
        "%%bash\nls",
    ]
    notebook = {"cells": [{"cell_type": "code", "source": [c]} for c in cells], "nbformat": 4, "metadata": {}}
    path = tmp_path / "layer.ipynb"
    path.write_text(json.dumps(notebook), encoding="utf-8")
    assert audit(path).verdict == "right"


def test_a_question_that_also_sets_is_the_mode(tmp_path):
    path = tmp_path / "layer.py"
    base = (
        "class Base:\n    _on = False\n    def is_training(self, value=None):\n"
        "        self._on = self._on if value is None else value\n        return self._on\n"
    )
    code = RIGHT.format(body="pass").replace("Dropout:", "Dropout(Base):").replace(", training=True", "")
    path.write_text(f"import numpy as np\n{base}{code.replace('not training', 'not self.is_training()')}")
    assert examine(path).verdict == "right"


def test_a_missing_base_is_initialised_by_its_name(tmp_path):
    path = tmp_path / "layer.py"
    code = RIGHT.format(body="self.kind.lower()").replace("Dropout:", "Dropout(Layer):")
    code = code.replace("self.p = p", "Layer.__init__(self, kind='DROPOUT')\n        self.p = p")
    path.write_text(f"import numpy as np\nfrom .layer import Layer\n{code}", encoding="utf-8")
    assert examine(path).verdict == "right"


@pytest.mark.parametrize("names", [("foward", "backward"), ("update_output", "update_grad"), ("feed", "backprop")])
def test_rarer_names_of_methods_are_known(tmp_path, names):
    path, code = tmp_path / "layer.py", RIGHT.format(body="pass")
    for usual, rarer in zip(("forward", "backward"), names, strict=True):
        code = code.replace(f"def {usual}(", f"def {rarer}(")
    path.write_text("import numpy as np\n" + code, encoding="utf-8")
    assert examine(path).verdict == "right"


def test_a_name_chooses_among_layers(tmp_path):
    path = tmp_path / "layer.py"
    code = RIGHT.format(body="pass")
    path.write_text(
        "import numpy as np\n" + code + code.replace("Dropout", "DropoutLayer").replace("/ (1 - self.p)", "* 1.0")
    )
    assert audit(f"{path}:Dropout").verdict == "right"
    assert audit(f"{path}:DropoutLayer").mistakes[0]["id"] == "C03"
    assert "has no Missing" in audit(f"{path}:Missing").message


def test_a_base_class_of_the_same_project_is_read_where_it_lies(tmp_path):
    (tmp_path / "layer.py").write_text(
        "raise_at_import = 1 / 0\nclass Layer:\n    def switch(self, on):\n        self.on = on\n"
    )
    path = tmp_path / "dropout.py"
    path.write_text(
        "import numpy as np\nfrom layer import Layer\n"
        + RIGHT.format(body="pass")
        .replace("Dropout:", "Dropout(Layer):")
        .replace("self.p = p", "self.p = p\n        self.switch(True)")
    )
    assert audit(path).verdict == "right"


def test_what_cannot_be_driven_comes_with_an_adapter(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(LAYER.format(body="x.data.device"))
    found = audit(path)
    assert "from mine import Dropout" in found.adapter
    assert "self.layer = Dropout(p=p)" in found.adapter
    compile(found.adapter, "adapter", "exec")


def test_what_a_missing_base_class_would_hold_and_convert_is_stood_in_for(tmp_path):
    path = tmp_path / "dropout.py"
    code = RIGHT.format(body="self.cache['m'] = self.m").replace("Dropout:", "Dropout(Layer):")
    path.write_text("import numpy as np\nfrom .layer import Layer\n" + code)
    assert audit(path).verdict == "right"
    path.write_text(
        "from core import as_variable, Config, cuda\n\ndef dropout(x, dropout_ratio=0.5):\n    x = as_variable(x)\n"
        "    if not Config.train:\n        return x\n    xp = cuda.get_array_module(x)\n"
        "    return x * (xp.random.rand(*x.shape) > dropout_ratio) / (1 - dropout_ratio)\n"
    )
    assert audit(path).verdict == "right"
