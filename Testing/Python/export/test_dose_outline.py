"""Where a dose ends, beside the old skin and the new one: flat skins, whose distances are known."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk

from deface_compare.export.dose_outline import DRAWN_SHARE, draws_skin
from deface_compare.export.moved_skin import MovedSkin
from deface_compare.geometry.mesh import iso_surface

VOXEL_MM = 2.5
HALF_MM = 60.0


def flat_skin(new_mm: float) -> MovedSkin:
    """The old skin in the plane y = 0, which faces towards -y; the new one `new_mm` before it."""
    x, z = (axis.ravel() for axis in np.meshgrid(np.arange(-30.0, 31.0, 2.0), np.arange(-30.0, 31.0, 2.0)))
    points = np.stack([x, np.zeros_like(x), z], axis=1)
    away = np.broadcast_to((np.arange(-HALF_MM, HALF_MM + 1.0, 1.0) + new_mm).astype(np.float32)[None, :, None], (121, 121, 121))
    surface = iso_surface(np.ascontiguousarray(away), 0.0, (-HALF_MM,) * 3, (1.0,) * 3)
    return MovedSkin(points, np.tile([0.0, -1.0, 0.0], (len(points), 1)), np.full(len(points), abs(new_mm)), {}, surface)


def dose_to(end_mm: float, falls_over_mm: float = 0.0) -> sitk.Image:
    """50 Gy from the back of the head up to `end_mm` before the old skin; grid planes lie between whole millimetres."""
    y = -HALF_MM + 0.3 + VOXEL_MM * np.arange(round(2 * HALF_MM / VOXEL_MM))
    gy = 50.0 * (np.clip((y + end_mm) / falls_over_mm, 0.0, 1.0) if falls_over_mm else (y >= -end_mm))
    image = sitk.GetImageFromArray(np.broadcast_to(gy.astype(np.float32)[None, :, None], (48, len(y), 48)).copy())
    image.SetSpacing([VOXEL_MM] * 3)
    image.SetOrigin((-HALF_MM + 0.3,) * 3)
    return image


@pytest.mark.parametrize("new_mm", [-30.0, -6.0, 4.0, 6.0, 9.0])
def test_a_dose_that_ends_at_the_old_skin_draws_it_wherever_the_new_one_lies(new_mm: float) -> None:
    assert draws_skin(dose_to(0.0), flat_skin(new_mm)) == 1.0


@pytest.mark.parametrize("new_mm", [3.5, 5.0, 7.0, 9.0])
def test_a_dose_that_ends_at_a_new_skin_before_the_old_one_draws_what_the_image_draws(new_mm: float) -> None:
    assert draws_skin(dose_to(new_mm), flat_skin(new_mm)) == 0.0 < DRAWN_SHARE


@pytest.mark.parametrize("end_mm", [5.0, 7.0, 10.0])
def test_a_dose_that_ends_some_millimetres_before_the_old_skin_draws_it_unless_the_new_one_lies_there(end_mm: float) -> None:
    assert draws_skin(dose_to(end_mm), flat_skin(-20.0)) == 1.0
    assert draws_skin(dose_to(end_mm), flat_skin(end_mm)) == 0.0


def test_a_dose_that_goes_on_through_the_air_draws_nothing() -> None:
    assert draws_skin(dose_to(40.0), flat_skin(-20.0)) == 0.0
    assert draws_skin(dose_to(30.0, falls_over_mm=60.0), flat_skin(-20.0)) == 0.0


@pytest.mark.parametrize(("face_gy", "drawn"), [(5.0, 1.0), (0.25, 1.0), (0.01, 0.0)])
def test_scatter_that_ends_at_the_skin_draws_it_down_to_a_thousandth_of_the_plan(face_gy: float, drawn: float) -> None:
    values = sitk.GetArrayFromImage(dose_to(0.0)) * (face_gy / 50.0)
    values[:, -4:] = 50.0  # the target lies far back
    image = sitk.GetImageFromArray(values)
    image.CopyInformation(dose_to(0.0))
    assert draws_skin(image, flat_skin(-30.0)) == drawn


def test_where_the_new_skin_is_not_known_every_end_counts() -> None:
    known = flat_skin(6.0)
    unknown = MovedSkin(known.points_mm, known.outward, known.moved_mm, {})
    assert draws_skin(dose_to(6.0), unknown) == 1.0
