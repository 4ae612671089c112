"""What is asked of every skin point at once: the same as what each gives by itself."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk

import synthetic_head
from deface_compare.quality.skin import SKIN_BAND_MM, near_skin
from deface_compare.quality.skin_profiles import OFFSETS_MM, SkinProfiles


@pytest.mark.parametrize("offset_mm", [-25.0, -20.0, -2.5, 0.0, 1.37, 16.0, 20.0, 24.0])
def test_one_offset_for_all_points_gives_what_an_offset_for_each_gives(offset_mm: float) -> None:
    profiles = SkinProfiles(np.random.default_rng(3).normal(size=(77, len(OFFSETS_MM))).astype(np.float32))
    once, again = profiles.at(offset_mm), profiles.at(offset_mm)
    each = profiles.at(np.full(77, offset_mm))
    np.testing.assert_array_equal(once, each)
    np.testing.assert_array_equal(again, each)
    assert once.dtype == each.dtype
    assert profiles.median_at(offset_mm) == np.median(each)


@pytest.mark.parametrize("or_inside", [False, True])
def test_near_the_skin_is_what_a_distance_map_of_the_outline_says(or_inside: bool) -> None:
    head = synthetic_head.head()
    to_skin = sitk.GetArrayFromImage(sitk.SignedMaurerDistanceMap(head.outline, False, False, True))
    expected = to_skin <= SKIN_BAND_MM if or_inside else np.abs(to_skin) <= SKIN_BAND_MM
    found = near_skin(head, or_inside=or_inside)
    assert 0 < found.sum() < found.size
    np.testing.assert_array_equal(found, expected)
