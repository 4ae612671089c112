"""Values along normals at one offset of all points: the same as those found point by point."""

from __future__ import annotations

import numpy as np
import pytest

from deface_compare.quality.skin_profiles import OFFSETS_MM, SkinProfiles


@pytest.mark.parametrize("offset_mm", [-25.0, -20.0, -2.5, 0.0, 1.37, 16.0, 20.0, 24.0])
def test_one_offset_for_all_points_gives_what_an_offset_for_each_gives(offset_mm: float) -> None:
    profiles = SkinProfiles(np.random.default_rng(3).normal(size=(77, len(OFFSETS_MM))).astype(np.float32))
    once, again = profiles.at(offset_mm), profiles.at(offset_mm)
    each = profiles.at(np.full(77, offset_mm))
    np.testing.assert_array_equal(once, each)
    np.testing.assert_array_equal(again, each)
    assert once.dtype == each.dtype
