"""Distances of voxels to a level between them: those of SimpleITK's filter, and those of planes and balls we know."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk
from scipy import ndimage

from deface_compare.geometry.crossings import distance_to_crossing_mm

FAR_MM = 1000.0


@pytest.mark.parametrize("spacing_mm", [(2.0, 2.0, 2.0), (3.0, 1.0, 2.0)])
def test_the_distances_are_those_of_the_filter_that_looks_everywhere(spacing_mm: tuple[float, float, float]) -> None:
    values = ndimage.gaussian_filter(np.random.default_rng(8).normal(size=(23, 31, 27)), 1.5).astype(np.float32)
    image = sitk.GetImageFromArray(values)
    image.SetSpacing(spacing_mm[::-1])
    expected = sitk.GetArrayFromImage(sitk.IsoContourDistance(image, 0.02, FAR_MM))
    near = np.abs(expected) < FAR_MM
    found = distance_to_crossing_mm(values, 0.02, spacing_mm, FAR_MM)
    assert 0.2 < near.mean() < 0.9
    np.testing.assert_array_equal(np.abs(found) < FAR_MM, near)
    np.testing.assert_allclose(found[near], expected[near], rtol=0.0, atol=1e-5)  # measured: 5e-7 mm


def test_a_tilted_plane_between_voxels_is_as_far_as_it_is() -> None:
    z, y, x = np.mgrid[:12, :13, :14] * np.array([3.0, 1.0, 2.0])[:, None, None, None]
    away = (z + 2.0 * y - 2.0 * x - 7.3) / 3.0
    found = distance_to_crossing_mm(away.astype(np.float32), 0.0, (3.0, 1.0, 2.0), FAR_MM)
    near = np.abs(found) < FAR_MM
    inner = np.zeros(near.shape, bool)
    inner[2:-2, 2:-2, 2:-2] = True  # at the rim the slopes are flatter than they should be
    assert np.count_nonzero(near & inner) > 50
    assert found[near & inner] == pytest.approx(away[near & inner], abs=1e-5)


def test_values_that_cross_nothing_are_far_everywhere() -> None:
    assert (distance_to_crossing_mm(np.ones((4, 5, 6), np.float32), 2.0, (1.0, 1.0, 1.0), FAR_MM) == FAR_MM).all()
