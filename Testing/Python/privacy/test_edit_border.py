"""The skin that an attacker draws from the border of an edit: a planted border is read, other scans tell nothing."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
import SimpleITK as sitk
from scipy import ndimage

from deface_compare.anatomy.average_head import average_head
from deface_compare.geometry.grids import on_grid
from deface_compare.geometry.level_set import mask_level_mm
from deface_compare.geometry.mesh import distances_mm, points_of
from deface_compare.privacy.edit_border import CLEARED_MM, LEVELS, REWRITTEN_MM, border_greys
from deface_compare.privacy.surface import FaceBox, SkinLevel, box_of_landmarks, surface_at

NEAR_MM = 2.5
"""The audit's measure: rebuilt skin this near to the original's is the patient's."""
LEVEL = SkinLevel(threshold=-300.0, air=-1000.0)


@cache
def ct(noise_hu: float = 12.0) -> tuple[sitk.Image, np.ndarray]:
    """The average head as a noisy CT, and mm from its skin; nobody may change them."""
    outline = average_head().outline
    level = on_grid(mask_level_mm(outline), outline)
    fine = sitk.Expand(level, [2, 2, 2], sitk.sitkLinear)  # a mm, as scans are
    skin_mm = sitk.GetArrayFromImage(fine)
    noise = np.random.default_rng(3).normal(0.0, noise_hu, skin_mm.shape)
    values = np.where(skin_mm < 0, 40.0, -1000.0) + noise
    skin_mm.setflags(write=False)
    return on_grid(np.rint(values).astype(np.int16), fine), skin_mm


def face_box() -> FaceBox:
    return box_of_landmarks(average_head().landmarks_mm).coarse()


@cache
def original_face() -> np.ndarray:
    """Points of the skin of the CT without noise, shape (n, 3), mm; nobody may change them."""
    box, average = face_box(), average_head()
    original, _ = ct(0.0)
    marks = average.landmarks_mm
    grey = ndimage.gaussian_filter(np.where(sitk.GetArrayFromImage(original) > -300, 1.0, -1.0), 0.5).astype(np.float32)
    from_image = sitk.Resample(
        on_grid(grey, original),
        box.size,
        sitk.Transform(),
        sitk.sitkLinear,
        box.origin_mm,
        box.spacings_mm,
        np.eye(3).ravel(),
        -1.0,
    )
    points = points_of(surface_at(sitk.GetArrayFromImage(from_image), box))
    face = points[
        (points[:, 1] < marks["eye_left"][1] + 20) & (points[:, 2] > marks["chin"][2]) & (points[:, 2] < marks["nasion"][2] + 20)
    ]
    assert len(face) > 2000
    face.setflags(write=False)
    return face


def shares_near(image: sitk.Image) -> list[float]:
    """Of each drawn skin: the share of the original face that it passes by; NaN where nothing was drawn."""
    box, face = face_box(), original_face()
    drawn = [None if grey is None else surface_at(grey, box) for grey in border_greys(image, box, LEVEL)]
    return [np.nan if each is None else float(np.mean(distances_mm(face, each) <= NEAR_MM)) for each in drawn]


def moved_in(image: sitk.Image, skin_mm: np.ndarray, by_mm: float) -> tuple[np.ndarray, np.ndarray]:
    """The image's values with the skin of its front moved inwards, and where that is."""
    y = np.array(image.GetOrigin())[1] + np.arange(skin_mm.shape[1]) * image.GetSpacing()[1]
    front = np.broadcast_to((y < average_head().landmarks_mm["eye_left"][1] + 25.0)[None, :, None], skin_mm.shape)
    values = sitk.GetArrayFromImage(image)
    gone = front & (skin_mm > -by_mm) & (skin_mm < 0)
    values[gone] = sitk.GetArrayFromImage(image)[skin_mm > 30][: gone.sum()]
    return values, front


@pytest.mark.parametrize("cleared_mm", CLEARED_MM)
def test_air_of_one_value_up_to_a_fixed_distance_from_the_old_skin_draws_it(cleared_mm: float) -> None:
    image, skin_mm = ct()
    values, front = moved_in(image, skin_mm, 8.0)
    values[front & (skin_mm > -8.0) & (skin_mm < cleared_mm)] = -1000
    shares = shares_near(on_grid(values, image))
    # measured: 0.998, 1.000, 0.992 at the depth that the planted edit has
    assert shares[CLEARED_MM.index(cleared_mm)] > 0.98


def test_tissue_without_noise_down_to_a_fixed_depth_under_the_old_skin_draws_it() -> None:
    image, skin_mm = ct()
    values, front = moved_in(image, skin_mm, 4.0)
    values[front & (skin_mm > -8.0) & (skin_mm < -4.0)] = 40
    shares = shares_near(on_grid(values, image))
    # measured: 0.915
    assert shares[len(CLEARED_MM) + REWRITTEN_MM.index(8.0)] > 0.88


def test_a_scan_that_was_not_edited_has_no_border() -> None:
    image, _ = ct()
    assert border_greys(image, face_box(), LEVEL) == [None] * len(LEVELS)


def test_a_scan_without_noise_tells_nothing() -> None:
    image, _ = ct(0.0)
    greys = border_greys(image, face_box(), LEVEL)
    assert all(grey is None for grey in greys)
