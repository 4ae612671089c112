"""A scan that ends inside its grid is found and placed as the same scan on a grid that ends with it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import SimpleITK as sitk

from deface_compare.anatomy.average_head import average_head
from deface_compare.anatomy.find_head import find_head
from deface_compare.anatomy.scan_ends import measured_scan
from deface_compare.case import CT, Case, CaseImage
from deface_compare.settings import Settings
from synthetic_head import AIR_HU, ct, grid

PADDING_HU = -1024


def padded(image: CaseImage, height_mm: float, ragged: float = 0.0) -> CaseImage:
    """The image with one value above a height; a share of the last slice's voxels goes before."""
    array = image.array().copy()
    first = image.image.TransformPhysicalPointToIndex((0.0, 0.0, height_mm))[2]
    array[first:] = PADDING_HU
    if ragged:
        array[first - 1, : int(ragged * array.shape[1])] = PADDING_HU
    filled = sitk.GetImageFromArray(array)
    filled.CopyInformation(image.image)
    return replace(image, image=filled)


def slices(image: CaseImage) -> int:
    return int(image.image.GetSize()[2])


@pytest.mark.parametrize("height_mm", [-30.0, 10.0, 60.0])
def test_slices_of_one_value_beyond_a_flat_cut_are_no_part_of_the_scan(height_mm: float) -> None:
    whole = ct(grid())
    first = whole.image.TransformPhysicalPointToIndex((0.0, 0.0, height_mm))[2]
    left = measured_scan(padded(whole, height_mm))
    assert slices(left) == first
    assert left.image.GetOrigin() == whole.image.GetOrigin()
    assert (left.array() == whole.array()[:first]).all()


def test_the_ragged_last_slice_of_a_cut_goes_with_the_padding() -> None:
    whole = ct(grid())
    first = whole.image.TransformPhysicalPointToIndex((0.0, 0.0, 10.0))[2]
    assert slices(measured_scan(padded(whole, 10.0, ragged=0.9))) == first - 1


def test_both_ends_are_found_and_a_turned_slice_axis_too() -> None:
    whole = padded(ct(grid()), 10.0)
    array = whole.array()[::-1].copy()
    array[-25:] = PADDING_HU  # at the chin, where the turned axis ends
    turned = sitk.GetImageFromArray(array)
    turned.SetSpacing(whole.image.GetSpacing())
    turned.SetDirection([1, 0, 0, 0, 1, 0, 0, 0, -1])
    left = measured_scan(replace(whole, image=turned))
    first = whole.image.TransformPhysicalPointToIndex((0.0, 0.0, 10.0))[2]
    assert slices(left) == first - 25


def test_a_head_that_ends_by_itself_keeps_the_constant_air_around_it() -> None:
    noiseless = np.where(ct(grid()).array() > -500, 40, AIR_HU).astype(np.int16)
    image = sitk.GetImageFromArray(noiseless)
    image.SetSpacing((2.0, 2.0, 2.0))
    quiet = CaseImage("CT", CT, image, "HU")
    assert measured_scan(quiet) is quiet
    assert measured_scan(ct(grid())).image.GetSize() == ct(grid()).image.GetSize()


def test_a_head_cut_and_padded_at_the_nasion_lies_where_the_same_head_without_padding_lies() -> None:
    average = average_head()
    image = CaseImage("MR_T1", "MR", sitk.Cast(average.image, sitk.sitkInt16), "a.u.")
    nasion_z = average.landmarks_mm["nasion"][2]
    last = image.image.TransformPhysicalPointToIndex((0.0, 0.0, nasion_z))[2]
    cut = replace(image, image=image.image[:, :, :last])
    array = image.array().copy()
    array[last:] = 0
    filled = sitk.GetImageFromArray(array)
    filled.CopyInformation(image.image)
    alone, among_padding = (find_head(Case("x", (each,)), each, Settings()) for each in (cut, replace(image, image=filled)))
    errors_mm = [
        float(np.linalg.norm(np.subtract(among_padding.landmarks_mm[name], point))) for name, point in alone.landmarks_mm.items()
    ]
    assert max(errors_mm) < 0.1
    assert among_padding.face_extent == alone.face_extent
