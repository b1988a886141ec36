"""The switch of `fit`: step="fast" trains on lab/fast, step="yours" on your functions with the same coins."""

from functools import partial

from dropout_lab.lab.fast.in_numpy import MLP, mlp_test_scores, scores_to_error


def named(name):
    """The step that `fit` calls by this name.

    The results of the two are the same to rounding, in float32, if `dropout_forward` keeps where
    `rng.random(x.shape) >= p`; drawn in another way, the masks are others of the same kind.
    """
    if name == "fast":
        return FastStep()
    if name == "yours":
        from dropout_lab.lab.fast.in_your_functions import YourMLP

        return Step(YourMLP)
    raise ValueError(f'step must be "fast", "yours" or a function, not {name!r}')


class Step:
    """A network that carries its own parameters, as one of `fit`'s functions. Empty velocity: a new network."""

    def __init__(self, network):
        self.network = network

    def __call__(self, params, velocity, x, y, p, lr, momentum, rng):
        if not velocity:
            self.net = self.network(params, p, seed=int(rng.integers(2**63)))
        loss = self.net.step(x, y, lr, momentum)
        return self.net.params, self.net.velocity, loss


class FastStep(Step):
    """The step of lab/fast. It needs none of the six modules' exercises, and neither does its `evaluate`."""

    def __init__(self):
        super().__init__(MLP)

    def evaluate(self, params, x, y, p=0.0):
        """(loss, accuracy) at test time, on all of x (N, D) with labels y (N,)."""
        loss, errors = measure(partial(mlp_test_scores, params), x, y)
        return loss, 1 - errors / len(x)


def measure(scores_of, x, y, rows=2000):
    """(mean loss, number of errors) of a function from images (N, D) to scores (N, C), a few rows at a time."""
    loss = errors = 0
    for start in range(0, len(x), rows):
        part = slice(start, start + rows)
        scores = scores_of(x[part])
        errors += int((scores.argmax(axis=1) != y[part]).sum())
        loss += scores_to_error(scores, y[part], 0) * len(scores)
    return loss / len(x), errors
