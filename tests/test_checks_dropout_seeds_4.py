"""Right ways to write dropout pass whatever the seed: part 4 of 5."""

import pytest

from seeded import QUARTERS, part, passes


@pytest.mark.parametrize("variant", part(3))
@pytest.mark.parametrize("seeds", QUARTERS, ids=str)
def test_a_right_variant_passes_two_thousand_seeds(variant, seeds):
    passes(variant, seeds)
