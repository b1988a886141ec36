"""Right ways to write dropout pass whatever the seed: part 3 of 5."""

import pytest

from seeded import part, passes_all_seeds


@pytest.mark.parametrize("variant", part(2))
def test_a_right_variant_passes_two_thousand_seeds(variant):
    passes_all_seeds(variant)
