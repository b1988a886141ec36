"""lab/fast/in_numba.py, where numba is installed: the same distribution as in_numpy.py, under the same tests."""

import subprocess
import sys

import numpy as np
import pytest

import coins
from coins import floats
from dropout_lab.lab.fast import in_numba, in_numpy

BLOCK = in_numba.BLOCK
SHAPES = [(), (1,), (0,), (3, 0), (5,), (7, 11), (2, 3, 5), (BLOCK,), (BLOCK + 1,), (in_numpy.BLOCK + 3,)]


@pytest.fixture(scope="module")
def layer():
    pytest.importorskip("numba", reason="numba, the optional extra `fast`, is not installed")
    return in_numba.Dropout


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("p", [0.0, 0.3, 1.0])
def test_forward_and_backward_multiply_by_one_scaled_mask(layer, p, shape, dtype):
    x, dout = floats(*shape, dtype=dtype) + dtype(3), floats(*shape, seed=1, dtype=dtype)
    scale = dtype(in_numpy.cut_and_scale(p)[1])
    mask = coins.masks(layer, p, shape, seed=4, times=2)[1] * scale
    dropout = layer(p, seed=4)
    for _ in range(2):
        out, dx = dropout.forward(x), dropout.backward(dout)
    assert out.shape == dx.shape == x.shape
    assert out.dtype == dx.dtype == dtype
    assert np.array_equal(out, x * mask)
    assert np.array_equal(dx, dout * mask)
    assert p != 0 or mask.all()
    assert p != 1 or not mask.any()


@pytest.mark.parametrize(
    "entries", [1, BLOCK - 3, BLOCK + 1, in_numpy.BLOCK, in_numpy.BLOCK + 1, 4 * in_numpy.BLOCK + 2]
)
def test_any_number_of_threads_draws_the_same_bits(layer, entries):
    coins.threads_draw_the_same_bits(layer, entries)


def test_the_seed_decides_the_masks_and_every_call_has_its_own(layer):
    coins.seed_and_call_decide(layer)


@pytest.mark.parametrize("p", [0.1, 0.2, 0.5, 0.8])
def test_the_counts_of_ten_thousand_masks_are_binomial(layer, p):
    coins.counts_are_binomial(layer, p)


@pytest.mark.parametrize(
    "lag", [1, 2, 3, 4, 5, 16, 1000, BLOCK // 2, BLOCK // 2 + 1, BLOCK, BLOCK + 1, 4 * in_numpy.BLOCK]
)
def test_neighbours_are_uncorrelated(layer, lag):
    """Entries half a block apart share a 32-bit number, a block apart the counter, a call apart the block."""
    coins.neighbours_are_uncorrelated(layer, lag)


def test_every_place_of_a_block_is_equally_fair(layer):
    coins.lanes_are_equally_fair(layer, lanes=8)


def test_without_numba_the_sentence_says_what_to_install():
    code = (
        "import sys; sys.modules['numba'] = None; from dropout_lab.lab.fast import in_numba; in_numba.Dropout(0.5, 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, encoding="utf-8", timeout=60)
    assert done.stderr.strip().endswith('the fused dropout needs numba: python -m pip install -e ".[fast]"')
