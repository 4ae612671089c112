"""One method on one case: frames, devices, protection, dose, failures as rows."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
import SimpleITK as sitk

import synthetic_head as synthetic
from deface_compare.anatomy.find_heads import NO_REGISTRATION
from deface_compare.anatomy.head import Head
from deface_compare.case import Case, CaseImage, Structure, StructureSet
from deface_compare.defacers import REGISTRY, defacer
from deface_compare.defacers.deface import deface
from deface_compare.defacers.defacing import Defacer, Defacing
from deface_compare.defacers.edit import Edit
from deface_compare.defacers.quickshear import shear
from deface_compare.defacers.removal import Polytope, Removal
from deface_compare.errors import MethodFailed, UnusableInput
from deface_compare.geometry.boxes import Patch
from deface_compare.measurement import NOT_AVAILABLE, Missing
from deface_compare.settings import Settings


@dataclass(frozen=True)
class Fixed(Defacer):
    """A method that always finds the same edit, or fails with a sentence."""

    edit: Edit | None = None

    key = "fixed"
    title = "Fixed"
    reference = ""
    limits = ""
    licence = ""

    def available(self) -> str:
        return ""

    def find_edit(self, case: Case, image: CaseImage, head: Head, settings: Settings) -> Edit:
        if self.edit is None:
            raise MethodFailed("no face was found, for the test")
        return self.edit


@dataclass(frozen=True)
class Spoiled(Removal):
    """An edit whose result is what the test says."""

    result: np.ndarray | None = None

    def apply(self, image: CaseImage, head: Head, settings: Settings) -> Patch:
        assert self.result is not None
        return Patch((0, 0, 0), self.result)


def run(method: object, case: Case, head: Head, settings: Settings | None = None, **heads: Head) -> Defacing:
    keys = heads or {image.key: head for image in case.images}
    return deface(method, case, keys, settings or Settings())  # type: ignore[arg-type]


def test_two_images_of_a_frame_share_one_edit_and_a_third_without_a_head_says_why() -> None:
    head = synthetic.head()
    ct = synthetic.ct(synthetic.grid())
    thick = synthetic.ct(synthetic.grid((1.5, 2.0, 3.0))).image
    mr = replace(
        ct,
        key="MR_T1",
        image=sitk.Cast(thick + 1008, sitk.sitkUInt16),
        modality="MR",
    )
    other = replace(ct, key="MR_T2", frame_of_reference_uid="2")
    case = synthetic.case(ct, mr, other)
    defacing = run(defacer("quickshear"), case, head, CT=head, MR_T1=head)
    assert defacing.status == "ok"
    assert defacing.edits["CT"] is defacing.edits["MR_T1"]
    assert dict(defacing.unavailable) == {"MR_T2": Missing(NOT_AVAILABLE, NO_REGISTRATION)}
    assert sitk.GetArrayViewFromImage(defacing.edited_image(mr)).dtype == np.uint16
    with pytest.raises(KeyError):
        defacing.edited_image(other)


def test_everything_outside_a_patch_is_bit_identical() -> None:
    head, ct = synthetic.head(), synthetic.ct(synthetic.grid((2.0, 2.0, 4.0)))
    for method in REGISTRY:
        first = run(method, synthetic.case(ct), head)
        edited = sitk.GetArrayFromImage(first.edited_image(ct))
        changed = edited != ct.array()
        outside = np.ones_like(changed)
        outside[first.patches["CT"].box.slices] = False
        assert changed.any()
        assert not changed[outside].any()


@pytest.mark.parametrize("key", ["quickshear", "biometric_mask", "surface_blur"])
def test_two_runs_give_the_same_bytes(key: str) -> None:
    head, ct = synthetic.head(), synthetic.ct(synthetic.grid((2.0, 2.0, 4.0)))
    first, again = (run(defacer(key), synthetic.case(ct), head).patches["CT"] for _ in range(2))
    assert (first.offset, first.values.tobytes()) == (again.offset, again.values.tobytes())


def test_a_failure_is_a_sentence_and_leaves_no_image() -> None:
    head, ct = synthetic.head(), synthetic.ct(synthetic.grid())
    defacing = run(Fixed(), synthetic.case(ct), head)
    assert (defacing.status, defacing.note) == ("failed", "no face was found, for the test")
    assert not defacing.patches


@pytest.mark.parametrize("error", [ValueError("zero-size array"), IndexError("4"), ZeroDivisionError("by zero")])
def test_an_error_that_nobody_thought_of_is_one_methods_failure(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    head, ct = synthetic.head(), synthetic.ct(synthetic.grid())

    def stop(*_: object) -> Edit:
        raise error

    monkeypatch.setattr(Fixed, "find_edit", stop)
    defacing = run(Fixed(), synthetic.case(ct), head)
    assert (defacing.status, defacing.note) == ("failed", f"the method stopped at an unexpected {type(error).__name__}: {error}")
    assert not defacing.patches


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda a: a.copy(), "unchanged"),
        (lambda a: np.full(a.shape, np.nan, dtype=a.dtype), "NaN"),
        (lambda a: a.astype(np.float64), "float64"),
    ],
)
def test_an_unchanged_image_a_nan_or_another_type_is_a_failure(spoil, sentence) -> None:  # type: ignore[no-untyped-def]
    head, ct = synthetic.head(), synthetic.ct(synthetic.grid())
    float_ct = replace(ct, image=sitk.Cast(ct.image, sitk.sitkFloat32))
    spoiled = Spoiled(parts=(), result=spoil(float_ct.array()))
    defacing = run(Fixed(spoiled), synthetic.case(float_ct), head)
    assert defacing.status == "failed"
    assert sentence in defacing.note


def test_a_case_of_a_dose_alone_fails_for_want_of_an_image() -> None:
    case = replace(synthetic.case(), dose=synthetic.dose(synthetic.grid()))
    assert deface(defacer("quickshear"), case, {}, Settings()).note == "the case holds no image"


def shell(where: np.ndarray) -> np.ndarray:
    """A mask shell 2-5 mm in front of the skin, and a couch far behind it."""
    grown = synthetic.inside(where, (82.0, 120.0, 115.0), synthetic.CENTRE_MM)
    hollow = synthetic.inside(where, (80.0, 117.0, 112.0), synthetic.CENTRE_MM)
    couch = (where[..., 1] > 118.0) & (np.abs(where[..., 0]) < 80.0)
    return (grown & ~hollow & (where[..., 1] < -50.0)) | couch


def test_a_mask_shell_before_the_edited_face_becomes_air_and_the_couch_stays() -> None:
    grid = synthetic.grid()
    where = synthetic.points(grid)
    device = shell(where) & ~synthetic.outline_at(where)
    ct = synthetic.ct(grid)
    array = sitk.GetArrayFromImage(ct.image)
    array[device] = 200
    stored = sitk.GetImageFromArray(array)
    stored.CopyInformation(ct.image)
    ct = replace(ct, image=stored)
    head = synthetic.head(devices=synthetic.mask(grid, device))
    low = Removal((Polytope(np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]), np.array([-80.0, 0.0])),))
    case = synthetic.case(ct, dose=synthetic.dose(grid))
    defacing = run(Fixed(low), case, head)
    edited = sitk.GetArrayFromImage(defacing.edited_image(ct))
    near = device & (where[..., 1] < -85.0) & (np.abs(where[..., 2]) < 30.0)
    assert near.sum() > 500
    assert np.all(edited[near] < -900)
    far = device & (where[..., 1] > 100.0)
    assert np.array_equal(edited[far], array[far])
    assert case.dose is not None
    before = sitk.GetArrayFromImage(case.dose.image)
    gone = (array > -300) & (edited < -900)  # the dose lies on the image's grid
    assert (before[gone] > 0).sum() > 500
    for policy in ("mask", "follow"):
        after = sitk.GetArrayFromImage(defacing.dose_patches[policy].whole(case.dose.image))
        assert not after[gone].any(), policy
        assert np.array_equal(after[far], before[far])
        assert np.array_equal(after[where[..., 1] > 0], before[where[..., 1] > 0])


def target(group: str, half_mm: synthetic.Triple, centre_mm: synthetic.Triple) -> Structure:
    grid = synthetic.grid((1.0, 1.0, 1.0), half_mm=(40.0, 130.0, 60.0))
    inside = synthetic.inside(synthetic.points(grid), half_mm, centre_mm)
    return Structure(name=group, standard_name=group.upper(), group=group, labelmap=synthetic.mask(grid, inside))


def test_protected_targets_keep_every_voxel_with_margin_and_in_dose_one_voxel_more() -> None:
    head, ct = synthetic.head(), synthetic.ct(synthetic.grid())
    gtv_centre, gtv_half = (0.0, -95.0, -30.0), (10.0, 8.0, 10.0)
    planned = StructureSet((target("gtv", gtv_half, gtv_centre),))
    case = synthetic.case(ct, structure_set=planned, dose=synthetic.dose(synthetic.grid()))
    free = run(defacer("quickshear"), case, head)
    kept = run(defacer("quickshear"), case, head, Settings(protect="targets", protect_margin_mm=3.0))
    where = synthetic.points(synthetic.grid())
    grown = synthetic.inside(where, tuple(h + 2.5 for h in gtv_half), gtv_centre)  # type: ignore[arg-type]
    assert (sitk.GetArrayFromImage(free.edited_image(ct)) != ct.array())[grown].any()
    assert not (sitk.GetArrayFromImage(kept.edited_image(ct)) != ct.array())[grown].any()
    assert case.dose is not None
    wider = synthetic.inside(where, tuple(h + 4.5 for h in gtv_half), gtv_centre)  # type: ignore[arg-type]
    original = sitk.GetArrayFromImage(case.dose.image)
    for policy in ("mask", "follow"):
        dose = sitk.GetArrayFromImage(kept.dose_patches[policy].whole(case.dose.image))
        assert np.array_equal(dose[wider], original[wider])
        assert (dose != original).any()


def test_dose_in_another_frame_is_left_alone_and_said_so() -> None:
    head, ct = synthetic.head(), synthetic.ct(synthetic.grid())
    dose = replace(synthetic.dose(synthetic.grid()), frame_of_reference_uid="9")
    case = synthetic.case(replace(ct, frame_of_reference_uid="1"), dose=dose)
    defacing = run(defacer("quickshear"), case, head)
    assert not defacing.dose_patches
    assert any("another frame" in warning for warning in defacing.warnings)


def test_masked_dose_is_zero_exactly_where_the_edit_removed() -> None:
    head, ct = synthetic.head(), synthetic.ct(synthetic.grid())
    dose = synthetic.dose(synthetic.grid((3.0, 3.0, 3.0)))
    masked = run(defacer("quickshear"), synthetic.case(ct, dose=dose), head).dose_patches["mask"].whole(dose.image)
    removed = shear(head.brain).removed(dose.image)
    array, original = sitk.GetArrayFromImage(masked), sitk.GetArrayFromImage(dose.image)
    assert np.array_equal(array, np.where(removed, np.float32(0), original))


def test_an_unknown_method_or_variant_lists_what_exists() -> None:
    with pytest.raises(UnusableInput, match=r"quickshear, biometric_mask"):
        defacer("xyz")
    with pytest.raises(UnusableInput, match=r"did you mean pydeface\?"):
        defacer("py_deface")
    with pytest.raises(UnusableInput, match=r"'nipy'"):
        defacer("quickshear", "fast")
