"""What is known of structures on an image is what they are drawn as."""

from __future__ import annotations

import numpy as np
import pytest

import synthetic_head as synthetic
from deface_compare.case import CaseImage, Structure
from deface_compare.geometry.boxes import VoxelBox, common_part, whole_box
from deface_compare.structures.known_mask import known_mask
from deface_compare.structures.mask import structure_mask


def square(name: str, centre: tuple[float, float], half_mm: float) -> Structure:
    """A box of contours, 30 mm high."""
    x, y = centre
    flat = np.array(
        [[x - half_mm, y - half_mm], [x + half_mm, y - half_mm], [x + half_mm, y + half_mm], [x - half_mm, y + half_mm]]
    )
    return Structure(name, name, contours=tuple(np.column_stack([flat, np.full(4, z)]) for z in np.arange(-15.0, 16.0, 3.0)))


@pytest.fixture
def image() -> CaseImage:
    return synthetic.ct(synthetic.grid((2.5, 3.0, 4.0)))


@pytest.mark.parametrize("box", [VoxelBox((10, 5, 8), (60, 40, 50)), VoxelBox((0, 0, 0), (3, 3, 3)), None])
def test_several_structures_together_are_their_masks_together_in_any_box(image: CaseImage, box: VoxelBox | None) -> None:
    drawn = (square("a", (-20.0, 10.0), 15.0), square("b", (0.0, 0.0), 12.0), square("nowhere", (900.0, 0.0), 5.0))
    masks = [structure_mask(each, image.image) for each in drawn]
    together = np.any([mask.whole(image.image) for mask in masks if mask is not None], axis=0)
    known = known_mask(drawn, image)
    assert known is not None
    asked = box or whole_box(image.image)
    np.testing.assert_array_equal(known.in_box(asked), together[asked.slices])
    assert known_mask(drawn, image) is known


def test_structures_that_lie_beside_the_image_have_no_mask(image: CaseImage) -> None:
    assert known_mask((square("nowhere", (900.0, 0.0), 5.0),), image) is None
    assert known_mask((), image) is None


def test_what_two_boxes_share_is_told_in_the_indices_of_both() -> None:
    array = np.arange(9 * 8 * 7).reshape(9, 8, 7)
    first, second = VoxelBox((1, 2, 3), (5, 4, 4)), VoxelBox((3, 0, 5), (4, 4, 4))
    common = common_part(first, second)
    assert common is not None
    own, other = common
    np.testing.assert_array_equal(array[first.slices][own], array[second.slices][other])
    assert array[first.slices][own].shape == (2, 2, 3)
    assert common_part(first, VoxelBox((6, 2, 3), (1, 4, 4))) is None
