"""Heads that end in the scan: the edit fades into the cut, follows the whole head's, and leaves nothing hanging in air."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage

import synthetic_head as synthetic
from deface_compare.anatomy.average_head import average_head
from deface_compare.anatomy.head import Head
from deface_compare.case import CaseImage, Structure, StructureSet
from deface_compare.defacers.average_face import AverageFace
from deface_compare.defacers.detached import without_detached
from deface_compare.defacers.edit import Edit
from deface_compare.defacers.removal import Polytope, Removal
from deface_compare.defacers.surface_blur import SHELL, SurfaceBlur
from deface_compare.geometry.boxes import Patch
from deface_compare.geometry.grids import on_grid
from deface_compare.geometry.level_set import mask_level_mm, sample_at
from deface_compare.settings import Settings

METHODS = (AverageFace, SurfaceBlur)
Patient = tuple[CaseImage, Head]


def patient_of(outline: NDArray[np.bool_], grid: sitk.Image, brain: sitk.Image) -> Patient:
    """A CT of this outline, 40 HU inside, with the average head's own pose."""
    values = np.where(outline, 40, -1000) + np.random.default_rng(5).integers(-12, 13, outline.shape)
    head = Head(
        image_key="CT",
        outline=on_grid(outline, grid),
        devices=on_grid(np.zeros_like(outline), grid),
        brain=brain,
        brain_source="average head",
        brain_independent=None,
        average_to_patient=sitk.AffineTransform(3),
        brain_to_patient=average_head().to_mni,
        landmarks_mm=average_head().landmarks_mm,
        face_extent="full",
    )
    return CaseImage("CT", "CT", on_grid(values.astype(np.int16), grid), "HU"), head


@cache
def average_patient() -> Patient:
    """A patient who is the average head."""
    average = average_head()
    return patient_of(sitk.GetArrayFromImage(average.outline) > 0, average.outline, average.brain)


@cache
def long_headed() -> Patient:
    """The average head with a back that is 8 mm longer: the face is the average's, what holds the spline is not."""
    average = average_head()
    where = synthetic.points(average.outline)
    shift = np.zeros(where.shape)
    shift[..., 1] = -8.0 * np.clip((where[..., 1] - average.landmarks_mm["ear_left"][1] + 40.0) / 120.0, 0.0, 1.0)
    field = sitk.GetImageFromArray(shift, isVector=True)
    field.CopyInformation(average.outline)
    bend = sitk.DisplacementFieldTransform(3)
    bend.SetDisplacementField(field)
    outline = sitk.Resample(average.outline, average.outline, bend, sitk.sitkNearestNeighbor, 0)
    return patient_of(sitk.GetArrayFromImage(outline) > 0, average.outline, average.brain)


def cut_above(patient: Patient, mark: str, above_mm: float = 0.0) -> Patient:
    """The patient in a scan that ends so far over a landmark."""
    image, head = patient
    height = average_head().landmarks_mm[mark][2] + above_mm
    last = image.image.TransformPhysicalPointToIndex((0.0, 0.0, height))[2]
    fields = {name: getattr(head, name)[:, :, :last] for name in ("outline", "devices", "brain")}
    return replace(image, image=image.image[:, :, :last]), replace(head, **fields)


def edit_of(method: Callable[[], AverageFace | SurfaceBlur], patient: Patient) -> Edit:
    image, head = patient
    return method().find_edit(synthetic.case(image), image, head, Settings())


@pytest.mark.parametrize(("mark", "above_mm"), [("nasion", 12.0), ("nasion", 0.0), ("nose_tip", 0.0)])
def test_the_average_face_of_a_cut_scan_lies_where_that_of_the_whole_scan_lies(mark: str, above_mm: float) -> None:
    whole, part = edit_of(AverageFace, long_headed()), edit_of(AverageFace, cut_above(long_headed(), mark, above_mm))
    away = new_skin_mm(part, part) - new_skin_mm(whole, part)
    # measured: 0.53, 0.65 and 0.41 mm; where nothing but the back holds the spline: 1.15, 1.22 and 1.16 mm
    assert np.percentile(np.abs(away), 95) < 0.9


def new_skin_mm(edit: Edit, of: Edit) -> NDArray[np.float64]:
    """How far the new skin of an edit lies from the old skin of another one's face, mm."""
    old = sitk.GetArrayFromImage(of.old)
    index = np.argwhere(np.abs(old) < 1.5)
    points = index[:, ::-1] * np.array(of.old.GetSpacing()) + np.array(of.old.GetOrigin())
    points = points[of.region.face(points, -10.0)]
    return sample_at(sitk.GetArrayFromImage(edit.new), edit.new, points, 99.0)


@pytest.mark.parametrize("method", METHODS)
def test_the_edit_of_a_scan_cut_under_the_nose_leaves_no_plate_at_the_cut(method: type[AverageFace | SurfaceBlur]) -> None:
    image, head = part = cut_above(average_patient(), "nose_tip", -12.0)
    # the same voxels on a grid that goes on, without a value
    padded = replace(image, image=sitk.ConstantPad(image.image, [0, 0, 0], [0, 0, 20], -1024.0))
    depth = mask_level_mm(average_patient()[1].outline)[: image.image.GetSize()[2]]
    for each in (image, padded):
        edited = edit_of(method, part).apply(each, head, Settings()).whole(each.image)
        values = sitk.GetArrayFromImage(edited)
        assert (values[len(depth) :] == -1024).all()
        deep = depth < -SHELL.blended_mm - 10.0
        assert np.array_equal(values[: len(depth)][deep], image.array()[deep])
    last = values[len(depth) - 1]
    # the face moves at the cut, too
    assert ((last != image.array()[-1]) & (depth[-1] < 0)).any()


@pytest.mark.parametrize("method", METHODS)
def test_no_brain_voxel_is_altered_even_where_the_brain_mask_reaches_the_skin(method: type[AverageFace | SurfaceBlur]) -> None:
    image, head = average_patient()
    outline = sitk.GetArrayFromImage(head.outline) > 0
    nasion = image.image.TransformPhysicalPointToIndex(average_head().landmarks_mm["nasion"])[2]
    outline[:nasion] = False
    reaching = replace(head, brain=on_grid(outline, head.grid))
    patch = edit_of(method, (image, reaching)).apply(image, reaching, Settings())
    assert not (patch.altered(image.image) & outline[patch.box.slices]).any()
    assert patch.altered(image.image).any()


@pytest.mark.parametrize("mark", ["nasion", "mouth"])
def test_surface_blur_moves_a_part_of_a_face_as_it_moves_a_whole_one(mark: str) -> None:
    whole = edit_of(SurfaceBlur, average_patient())
    part = edit_of(SurfaceBlur, cut_above(average_patient(), mark))
    assert whole.parameters["line_lifted_mm"] == 0.0
    assert part.parameters["planned_share_over_2_mm"] >= 0.8  # measured: 0.87 and 0.97


EAR_SLAB = Removal(parts=(Polytope(np.array([[1.0, 0.0, 0.0], [-1.0, 0.0, 0.0]]), np.array([82.0, -72.0])),))
"""Cuts the synthetic head's left ear off and leaves its outer part, x from 82 to 90 mm, in air."""


def edited(case_image: CaseImage, patch: Patch) -> NDArray[np.bool_]:
    return np.asarray(sitk.GetArrayFromImage(patch.whole(case_image.image)) > -300)


def outer_ear(grid: sitk.Image) -> NDArray[np.bool_]:
    return np.asarray(synthetic.points(grid)[..., 0] > 80.0)


def test_no_piece_that_the_edit_cut_off_floats_beside_the_head() -> None:
    image, head = synthetic.ct(synthetic.grid()), synthetic.head()
    patch = EAR_SLAB.apply(image, head, Settings())
    before = edited(image, patch)
    assert (before & outer_ear(image.image)).sum() > 50
    after = without_detached(synthetic.case(image), image, head, Settings(), patch)
    tissue = edited(image, after)
    assert not (tissue & outer_ear(image.image)).any()
    assert np.array_equal(tissue & ~outer_ear(image.image), before & ~outer_ear(image.image))
    assert ndimage.label(tissue)[1] == 1
    assert after.altered(image.image).sum() > patch.altered(image.image).sum()


def test_a_piece_that_holds_a_target_stays_and_so_does_what_never_hung_on_the_head() -> None:
    image, head = synthetic.ct(synthetic.grid()), synthetic.head()
    patch = EAR_SLAB.apply(image, head, Settings())
    target = Structure("PTV", "PTV", "ptv", labelmap=synthetic.mask(image.image, outer_ear(image.image)))
    planned = synthetic.case(image, structure_set=StructureSet((target,)))
    kept = without_detached(planned, image, head, Settings(), patch)
    assert np.array_equal(edited(image, kept), edited(image, patch))
    values = image.array().copy()
    where = synthetic.points(image.image)
    speck = synthetic.inside(where, (5.0, 5.0, 5.0), (-60.0, -90.0, -40.0))  # a tube's end before the cheek, in air
    values[speck] = 40
    beside = replace(image, image=on_grid(values, image.image))
    after = without_detached(synthetic.case(beside), beside, head, Settings(), EAR_SLAB.apply(beside, head, Settings()))
    assert edited(beside, after)[speck].all()


def test_a_large_part_that_an_edit_divides_is_no_piece() -> None:
    image, head = synthetic.ct(synthetic.grid()), synthetic.head()
    halves = Removal(parts=(Polytope(np.array([[1.0, 0.0, 0.0], [-1.0, 0.0, 0.0]]), np.array([45.0, -40.0])),))
    patch = halves.apply(image, head, Settings())
    after = without_detached(synthetic.case(image), image, head, Settings(), patch)
    assert np.array_equal(edited(image, after), edited(image, patch))
