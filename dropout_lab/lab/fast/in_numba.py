"""Dropout as one loop over the array, compiled by numba: `pip install "dropout-lab[fast]"`. Nothing else needs it.

NumPy goes over a block once for each operation. Here an entry is read once, its coin is computed in registers, and the
product is written once. The coins are counter-based: a function of seed, call and position, with no state from one
entry to the next. So backward deals the same coins again and keeps no mask, and any thread may take any block.
"""

from functools import cache

import numpy as np

from dropout_lab.lab.fast import in_numpy

BLOCK = 8192  # entries that share a key; divides the blocks of `fast`, at which threads share the work


class Dropout(in_numpy.Dropout):
    """`in_numpy.Dropout` as a fused kernel: same arguments, same distribution, other coins.

    The first call of a process compiles, for about a second. What `forward` and `backward` return is overwritten by the
    next call.
    """

    def __init__(self, p, seed, threads=1):
        self.kernel = _compiled()
        super().__init__(p, seed, threads)
        self.key, self.call = np.random.SeedSequence(seed).generate_state(1, np.uint64)[0], 0

    def forward(self, x):
        """x * mask, with a fresh mask. x is an array of floats of any shape."""
        self.call += 1
        return super().forward(x)

    def _reserve(self, entries, dtype):
        self.kept = np.broadcast_to(True, entries)  # no mask is kept
        self.y, self.dx = np.empty(entries, dtype), np.empty(entries, dtype)

    def _forward(self, x, stream, start, stop):
        self.kernel(x, self.y, start, stop, self.key, self.call, self.cut, x.dtype.type(self.scale))

    def _backward(self, dout, stream, start, stop):
        self.kernel(dout, self.dx, start, stop, self.key, self.call, self.cut, dout.dtype.type(self.scale))


@cache
def _compiled():
    try:
        from numba import njit, uint32, uint64
    except ImportError:
        raise ImportError('the fused dropout needs numba: python -m pip install -e ".[fast]"') from None

    @njit(inline="always")
    def block_key(key, call, block):
        """64 bits for a block of a call, by the finaliser of splitmix64: different inputs, different outputs."""
        z = uint64(key) + (uint64(call) << uint64(32) | uint64(block)) * uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> uint64(30))) * uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> uint64(27))) * uint64(0x94D049BB133111EB)
        return z ^ (z >> uint64(31))

    @njit(inline="always")
    def coins(counter, key):
        """32 bits, two coins: two rounds of multiply and shift, a half of the key added before each."""
        h = uint32(counter + uint32(key))
        h ^= h >> uint32(16)
        h = uint32(h * uint32(0x21F0AAAD) + uint32(key >> uint64(32)))
        h ^= h >> uint32(15)
        h = uint32(h * uint32(0x735A2D97))
        return h ^ (h >> uint32(15))

    @njit(nogil=True)
    def kernel(x, out, start, stop, seed_key, call, cut, scale):
        """out = x * mask (size,) from start, where a block begins, to stop; i and i + half of a block share one."""
        cut, zero = uint32(cut), out.dtype.type(0)
        for a in range(start, stop, BLOCK):
            size = min(BLOCK, stop - a)
            half = (size + 1) // 2
            key = block_key(seed_key, call, a // BLOCK)
            low, high = x[a : a + half], x[a + half : a + size]
            low_out, high_out = out[a : a + half], out[a + half : a + size]
            for i in range(len(high)):
                h = coins(uint32(i), key)
                low_out[i] = low[i] * (scale if (h & uint32(0xFFFF)) >= cut else zero)
                high_out[i] = high[i] * (scale if (h >> uint32(16)) >= cut else zero)
            if len(low) > len(high):
                h = coins(uint32(len(high)), key)
                low_out[half - 1] = low[half - 1] * (scale if (h & uint32(0xFFFF)) >= cut else zero)

    return kernel
