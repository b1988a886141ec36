"""The arrays that a layer wants, NumPy's, PyTorch's or JAX's, and the gradient that the framework itself gives."""

import numpy as np

from dropout_lab.audit.calling import array_in, as_array


class NumpyArrays:
    """Arrays as they are; the gradient is the layer's own."""

    framework, gradient = "numpy", False

    def give(self, x):
        return x

    def run(self, call, x):
        """(what the call returned, function from dout to dx, in the shape of x, or None)."""
        result = call(x)
        if isinstance(result, list) and len(result) == len(x) and x.ndim > 1:
            raise TypeError("a list came back: it goes through its input one entry at a time")
        return result, None


class Lists(NumpyArrays):
    """Flat lists of numbers, for a layer that goes through its input one number at a time."""

    def give(self, x):
        return x.ravel().tolist()

    def run(self, call, x):
        return call(self.give(x)), None


class Columns(NumpyArrays):
    """Samples in columns and features in rows."""

    def give(self, x):
        return np.ascontiguousarray(x.T)


class Torch:
    """Tensors; autograd gives the gradient where the layer has none of its own."""

    framework = "torch"

    def __init__(self, gradient):
        self.gradient = gradient

    def give(self, x):
        import torch

        return torch.from_numpy(np.array(x))

    def run(self, call, x):
        import torch

        if not self.gradient:
            return self._noted(call, self.give(x), x), None
        leaf = self.give(x).requires_grad_(np.asarray(x).dtype.kind == "f")
        result = self._noted(call, leaf * 1, x)  # not a leaf: what changes it in place is seen, and not refused
        out = array_in(result, x)

        def pull(dout):
            tensors = [
                t for t in (result if isinstance(result, (tuple, list)) else [result]) if isinstance(t, torch.Tensor)
            ]
            out_tensor = next(
                t for t in tensors if t.shape == leaf.shape and np.array_equal(as_array(t), out, equal_nan=True)
            )
            if not out_tensor.requires_grad:
                return np.zeros_like(dout)
            given = torch.from_numpy(np.array(dout)).to(out_tensor.dtype)
            (dx,) = torch.autograd.grad(out_tensor, leaf, given, retain_graph=True, allow_unused=True)
            return np.zeros_like(dout) if dx is None else dx.detach().numpy()

        return result, pull

    @staticmethod
    def _noted(call, given, x):
        """The result; a change of the tensor in place becomes one of x."""
        before = given.detach().clone()
        result = call(given)
        if isinstance(x, np.ndarray) and x.flags.writeable and not bool((before == given.detach()).all()):
            x[...] = given.detach().numpy()
        return result


class Jax:
    """JAX's arrays; `jax.vjp` gives the gradient, with the same key."""

    framework, gradient = "jax", True

    def give(self, x):
        import jax

        jax.config.update("jax_enable_x64", True)
        jax.config.update("jax_disable_jit", True)  # it would compile a whole layer for every rate
        return jax.numpy.asarray(x)

    def run(self, call, x):
        import jax

        roomy, corner = _roomy(np.asarray(x), 1), tuple(slice(n) for n in x.shape)
        given = self.give(roomy)

        def parts(h):
            made = call(h)
            return made if isinstance(made, tuple) else (made,)

        result = tuple(np.asarray(r)[corner] if np.shape(r) == roomy.shape else r for r in parts(given))
        out = array_in(result, x)
        at = [np.shape(r) == x.shape and np.array_equal(as_array(r), out, equal_nan=True) for r in result].index(True)

        def pull(dout):
            primal, back = jax.vjp(lambda h: parts(h)[at], given)
            return np.asarray(back(jax.numpy.asarray(_roomy(dout, 0), primal.dtype))[0])[corner]

        return result, pull


def _roomy(x, rest):
    """x in the corner of an array whose sides are powers of two: JAX compiles anew for every shape."""
    least = 64 if x.ndim < 3 else 8
    sides = [max(least, 1 << (n - 1).bit_length()) for n in x.shape]
    made = np.full(sides, rest, x.dtype)
    made[tuple(slice(n) for n in x.shape)] = x
    return made
