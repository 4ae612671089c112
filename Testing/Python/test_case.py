"""Views of an image's voxels: what they show while the image is there, and after it is gone."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest
import SimpleITK as sitk

from deface_compare.case import CaseImage


def ramp() -> sitk.Image:
    return sitk.GetImageFromArray(np.arange(64**3, dtype=np.int32).reshape(64, 64, 64))


def test_a_part_of_the_voxels_outlives_its_image_and_lets_it_go_with_itself() -> None:
    image = ramp()
    watched = weakref.ref(image)
    part = CaseImage("CT", "CT", image, "HU").array()[1:, 2:, 3:]
    del image
    gc.collect()
    other = [np.full(64**3, 7, np.int32) for _ in range(8)]  # would lie in the memory of an image that is gone
    assert part[0, 0, 0] == 64 * 64 + 2 * 64 + 3
    assert len(other) == 8
    del part
    gc.collect()
    assert watched() is None


def test_the_voxels_are_those_of_the_image_and_nobody_writes_to_them() -> None:
    image = ramp()
    voxels = CaseImage("CT", "CT", image, "HU").array()
    np.testing.assert_array_equal(voxels, sitk.GetArrayFromImage(image))
    assert voxels.dtype == np.int32
    assert np.shares_memory(voxels, sitk.GetArrayViewFromImage(image))
    with pytest.raises(ValueError, match="read-only"):
        voxels[0, 0, 0] = 1
