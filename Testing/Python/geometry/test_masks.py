"""Boxes, parts and surfaces of masks against scipy, scikit-image and closed forms."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk
from scipy import ndimage
from skimage.measure import label

from deface_compare.geometry.boxes import Patch, VoxelBox, box_around
from deface_compare.geometry.mesh import distances_mm, iso_surface, points_of
from deface_compare.geometry.morphology import (
    grown,
    inner_distance_mm,
    largest_part,
    numbered_parts,
    part_at_first_corner,
    part_sizes,
)


@pytest.mark.parametrize("share", [0.02, 0.1, 0.2, 0.3, 0.5])
def test_the_largest_part_is_the_one_that_scikit_image_finds(share: float) -> None:
    mask = np.random.default_rng(7).random((23, 31, 17)) < share
    labels = label(mask, connectivity=1)
    sizes = np.bincount(labels.ravel())[1:]
    assert np.array_equal(largest_part(mask), labels == 1 + int(np.argmax(sizes)))  # of equal ones the first


@pytest.mark.parametrize("share", [0.3, 0.6])
def test_the_part_at_the_first_corner_is_the_one_that_scipy_finds(share: float) -> None:
    mask = np.random.default_rng(3).random((19, 23, 17)) < share
    mask[0, 0, 0] = True
    labels, count = ndimage.label(mask)
    assert count > 1
    assert np.array_equal(part_at_first_corner(mask), labels == labels[0, 0, 0])


@pytest.mark.parametrize("corners", [False, True])
def test_parts_are_numbered_and_counted_as_scipy_does(corners: bool) -> None:
    mask = np.random.default_rng(8).random((23, 31, 17)) < 0.15
    wanted, count = ndimage.label(mask, np.ones((3, 3, 3)) if corners else None)
    labels = sitk.GetArrayFromImage(numbered_parts(mask, corners=corners))
    assert len(np.unique(labels * (count + 1) + wanted)) == count + 1  # the same parts, whatever their numbers
    assert np.array_equal(part_sizes(labels), np.bincount(labels.ravel()))
    assert part_sizes(labels * 0).tolist() == [mask.size]


def test_an_empty_mask_has_no_part_and_no_box() -> None:
    nothing = np.zeros((3, 4, 5), bool)
    assert not largest_part(nothing).any()
    assert box_around(nothing) is None


@pytest.mark.parametrize("margin", [0, 2, 9])
def test_a_box_holds_all_that_is_true_and_its_margin_ends_with_the_array(margin: int) -> None:
    mask = np.zeros((11, 13, 17), bool)
    mask[4, 5, 6] = mask[7, 9, 12] = True
    (found,) = ndimage.find_objects(mask.astype(np.uint8))
    wider = tuple(slice(max(0, s.start - margin), min(n, s.stop + margin)) for s, n in zip(found, mask.shape, strict=True))
    box = box_around(mask, margin)
    assert box is not None
    assert box.slices == wider
    assert Patch(box.offset, mask[box.slices]).box == box
    assert box.within(VoxelBox((1, 0, 2), (1, 1, 1))).offset == tuple(np.add(box.offset, (1, 0, 2)))


def test_growth_and_inner_distance_agree_with_scipys_exact_distances() -> None:
    mask = np.zeros((20, 20, 20), bool)
    mask[6:14, 5:12, 8:15] = True
    outside = ndimage.distance_transform_edt(~mask) * 2.0
    assert np.array_equal(grown(mask, 6.0, 2.0), outside <= 6.0)
    assert inner_distance_mm(mask, 2.0) == pytest.approx(ndimage.distance_transform_edt(mask) * 2.0, abs=1e-5)


def test_the_surface_of_a_distance_field_is_its_sphere() -> None:
    z, y, x = np.meshgrid(*(np.arange(40.0),) * 3, indexing="ij")
    radius_mm, centre_mm, origin_mm = 15.0, np.array([30.0, 28.0, 33.0]), np.array([-9.0, 4.0, 7.0])
    places = np.stack([x, y, z], axis=-1) * 1.5 + origin_mm
    level = (np.linalg.norm(places - centre_mm, axis=-1) - radius_mm).astype(np.float32)
    whole = iso_surface(level, 0.0, origin_mm.tolist(), (1.5, 1.5, 1.5))
    reach = np.linalg.norm(points_of(whole) - centre_mm, axis=1)
    assert np.abs(reach - radius_mm).max() < 0.03  # measured: 0.014 mm, the chord of linear interpolation
    window = level[5:, 3:, 2:]
    part = iso_surface(window, 0.0, origin_mm.tolist(), (1.5, 1.5, 1.5), (2, 3, 5), normals=True)
    assert points_of(part) == pytest.approx(points_of(whole), abs=1e-5)
    assert distances_mm(centre_mm[None], whole)[0] == pytest.approx(radius_mm, abs=0.08)  # measured: 0.056 mm, a chord again
