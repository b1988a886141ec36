"""Feedback at once begins with imports: what a check needs is NumPy, and nothing that takes long to load."""

import pytest

from benchmarks.feedback import HEAVY, heavy_imports

MODULES = ("dropout_lab", "dropout_lab.checks", "dropout_lab.checks.worker", "dropout_lab.network")


@pytest.mark.parametrize("module", MODULES)
def test_what_a_check_imports_is_light(module):
    assert heavy_imports(module) == []


def test_a_heavy_import_would_be_seen():
    assert "matplotlib" in HEAVY
    assert heavy_imports("dropout_lab.lab.plots") != []


@pytest.mark.parametrize("module", ["fast.in_numpy", "fast.in_numba", "fast.in_your_functions", "mnist.paper"])
def test_the_fast_half_of_the_lab_needs_only_numpy(module):
    """numba is imported where the kernel is compiled, tqdm where a bar is shown, scikit-learn where data are read."""
    assert heavy_imports(f"dropout_lab.lab.{module}") == []
