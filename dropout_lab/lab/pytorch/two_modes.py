"""Does an object behave in its two modes like a dropout layer? For the class that lesson 11 has students complete."""

import numpy as np


def try_modes(layer_class, p=0.3):
    """Run a layer in training, in test mode, and in training again, and say what it did."""
    if not callable(layer_class(p, np.random.default_rng(0))) or not hasattr(layer_class, "backward"):
        print("Still missing: __call__ and backward.")
        return
    layer, x = layer_class(p, np.random.default_rng(0)), np.ones((200, 50))
    for name, switch in (("train()", layer.train), ("eval() ", layer.eval), ("train()", layer.train)):
        switch()
        out = layer(x)
        follows = np.allclose(layer.backward(np.ones_like(x)), out)
        print(
            f"after {name}: {np.mean(out == 0):.2f} of the outputs are 0, the others {out.max():.2f};"
            f" backward uses the same mask: {follows}"
        )
