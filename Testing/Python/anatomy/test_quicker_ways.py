"""What is found by a quicker way is what the plain one finds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import SimpleITK as sitk

import synthetic_head as synthetic
from deface_compare.anatomy import air
from deface_compare.anatomy.face_region import face_bounds, face_region
from deface_compare.anatomy.outline_fit import OutlineFit
from deface_compare.geometry.boxes import VoxelBox
from deface_compare.geometry.level_set import grid_points_mm


@pytest.mark.parametrize("values", [np.arange(300.0) ** 1.5 // 7.0, np.array([3.0, 3.0, -4.0, 900.0])])
def test_otsus_threshold_of_counted_whole_numbers_is_that_of_all_values(
    values: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = np.random.default_rng(1).permutation(np.tile(values, 11))
    counted = air.otsu_of_log(values)
    monkeypatch.setattr(air, "MOST_LEVELS", -1)
    assert air.otsu_of_log(values) == counted


@pytest.mark.parametrize("turned_degrees", [0.0, 25.0])
def test_a_faces_bounds_are_those_of_all_voxels_of_the_outline(turned_degrees: float) -> None:
    turn = sitk.AffineTransform(3)
    turn.Rotate(1, 2, np.radians(turned_degrees))
    head = synthetic.head(average_to_patient=turn)
    trunk = sitk.ConstantPad(head.outline, [10, 10, 40], [10, 10, 5], 1)
    head = replace(head, outline=trunk)
    index = np.argwhere(sitk.GetArrayViewFromImage(trunk) > 0)
    points, region = index[:, ::-1] * np.array(trunk.GetSpacing()) + np.array(trunk.GetOrigin()), face_region(head)
    face = region.face(points)
    for with_ears, there in ((False, face), (True, face | region.ears(points))):
        bounds = face_bounds(head, with_ears)
        assert bounds is not None
        np.testing.assert_array_equal(bounds[0], index[there].min(axis=0))
        np.testing.assert_array_equal(bounds[1], index[there].max(axis=0))


def test_a_fits_places_on_the_average_grid_are_those_of_its_points_one_by_one() -> None:
    random = np.random.default_rng(2)
    affine = sitk.AffineTransform(3)
    affine.SetMatrix((np.eye(3) + random.normal(0.0, 0.1, (3, 3))).ravel().tolist())
    affine.SetTranslation((3.0, -7.0, 11.0))
    grid, average = synthetic.grid((2.0, 2.0, 2.0), (20.0, 16.0, 12.0)), synthetic.grid((3.0, 3.0, 3.0))
    fit = OutlineFit(affine, np.array([-90.0, -80.0, -75.0]), 50.0, random.normal(0.0, 5.0, (5, 5, 4, 3)), 0.0)
    box = VoxelBox((1, 2, 3), (11, 9, 7))
    at = fit.at(grid_points_mm(grid, box))
    expected = ((at - average.GetOrigin()) / average.GetSpacing())[:, ::-1].T.reshape(3, *box.shape)
    # measured: 2e-14 voxels
    assert np.abs(fit.average_places(grid, box, average) - expected).max() < 1e-10
