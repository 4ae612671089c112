"""The quality gate against surfaces whose movement is known."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import SimpleITK as sitk

import synthetic_head as synthetic
from deface_compare.anatomy.face_features import FEATURES
from deface_compare.anatomy.head import Head
from deface_compare.case import CaseImage, Structure, StructureSet
from deface_compare.defacers.defacing import Defacing
from deface_compare.defacers.edit import Edit
from deface_compare.defacers.quickshear import shear
from deface_compare.defacers.removal import Polytope, Removal
from deface_compare.geometry.boxes import Patch
from deface_compare.geometry.mesh import distances_mm, points_of
from deface_compare.measurement import Measurement, Missing, Scope
from deface_compare.quality.dose import DOSE_METRICS, dose_quality_rows
from deface_compare.quality.gate import METRICS, quality_rows
from deface_compare.quality.movement import surface_movement
from deface_compare.quality.skin import calm_defaced, calm_values, original_skin, outer_surface
from deface_compare.settings import Settings

SCOPE = Scope("case-001", "quickshear", "", "background", "none")
FRONT = Removal((Polytope(np.array([[0.0, 1.0, 0.0]]), np.array([-40.0])),))


def peeled(image: CaseImage, depth_mm: float) -> Patch:
    """The head with `depth_mm` taken off all round."""
    where = synthetic.points(image.image)
    array = image.array().copy()
    parts = [(synthetic.SKULL_MM, synthetic.CENTRE_MM)]
    keep = np.any([synthetic.inside(where, tuple(h - depth_mm for h in half), centre) for half, centre in parts], axis=0)  # type: ignore[misc]
    array[~keep] = synthetic.AIR_HU
    return Patch((0, 0, 0), array)


def rows_of(image: CaseImage, head: Head, patch: Patch, edit: Edit, **case: object) -> dict[str, Measurement]:
    defacing = Defacing("quickshear", "Quickshear", "", "ok", patches={image.key: patch}, edits={image.key: edit})
    rows = quality_rows(synthetic.case(image, **case), {image.key: head}, defacing, SCOPE, Settings())
    assert list(dict.fromkeys(row.metric for row in rows)) == list(METRICS)
    assert [row.structure for row in rows if row.metric == "feature_moved"] == list(FEATURES)
    return {row.structure if row.metric == "feature_moved" else row.metric: row for row in rows}


def test_the_outer_surface_lies_on_the_ellipsoid_and_has_no_inner_walls() -> None:
    image = synthetic.ct(synthetic.grid())
    where = synthetic.points(image.image)
    array = image.array().copy()
    array[synthetic.inside(where, (15.0, 15.0, 15.0), (0.0, -20.0, -60.0))] = synthetic.AIR_HU  # a closed sinus
    stored = sitk.GetImageFromArray(array)
    stored.CopyInformation(image.image)
    grid = synthetic.grid()
    calm = calm_values(stored, grid, synthetic.AIR_HU)
    surface = outer_surface(calm, -300.0, synthetic.AIR_HU, grid, np.zeros(grid.GetSize()[::-1], dtype=bool))
    points = points_of(surface)
    back = points[points[:, 1] > 40.0]
    scaled = np.linalg.norm(back / np.array(synthetic.SKULL_MM), axis=1)
    # measured: 0.44 mm, on half axes of 75-110 mm in 2 mm voxels
    assert np.percentile(np.abs(scaled - 1.0), 95) * 75.0 < 1.0
    assert np.linalg.norm(points - np.array([0.0, -20.0, -60.0]), axis=1).min() > 25.0
    # measured: 11.5 mm (the last voxel centre inside lies 1 mm before the ellipsoid's end)
    assert distances_mm(np.array([[0.0, 105.0, 0.0]]), surface)[0] == pytest.approx(10.0, abs=2.0)


def test_smoothing_only_around_the_patch_gives_the_values_of_smoothing_everything() -> None:
    head, image = synthetic.head(), synthetic.ct(synthetic.grid())
    skin = original_skin(image, head)
    z, y, x = np.array(image.array().shape) // 3
    values = np.full((z, y, x), synthetic.AIR_HU, image.array().dtype)
    patch = Patch((int(x), int(y) // 2, int(z)), values)
    whole = calm_values(patch.whole(image.image), skin.grid, skin.air)
    assert np.abs(whole - skin.calm).max() > 500.0
    # measured: 0.0002 HU
    assert np.abs(calm_defaced(image, skin, patch) - whole).max() < 0.01


@pytest.mark.parametrize(("depth_mm", "gone"), [(1.0, False), (4.0, True)])
def test_a_peeled_head_moves_by_what_was_peeled(depth_mm: float, gone: bool) -> None:
    head, image = synthetic.head(), synthetic.ct(synthetic.grid())
    side = Removal((Polytope(np.array([[0.0, -1.0, 0.0]]), np.array([-20.0])),))  # behind the ears: plain ellipsoid
    moved = surface_movement(image, original_skin(image, head), peeled(image, depth_mm), side)
    # measured: 1.0 -> 1.59 mm, 4.0 -> 4.47 mm (95th percentile, 2 mm voxels)
    assert moved.p95_mm == pytest.approx(depth_mm, abs=0.7)
    assert moved.as_intended is gone


def test_quickshear_passes_the_gate_with_no_brain_voxel_altered() -> None:
    head, image = synthetic.head(), synthetic.ct(synthetic.grid((1.5, 1.5, 3.0)))
    edit = shear(head.brain)
    rows = rows_of(image, head, edit.apply(image, head, Settings()), edit)
    assert rows["success"].defaced == rows["done_as_intended"].defaced == rows["data_whole"].defaced == 1.0
    assert rows["brain_voxels_altered"].defaced == 0.0
    removed_cc = edit.removed(image.image).sum() * np.prod(image.image.GetSpacing()) / 1000
    # noise that happens to equal the air level is not altered: measured 5.9 % of an all but empty region
    assert rows["edited_volume"].defaced == pytest.approx(removed_cc, rel=0.1)
    assert rows["target_altered_volume"].status == "not available"


def test_brain_loss_is_counted_and_ends_success() -> None:
    head, image = synthetic.head(), synthetic.ct(synthetic.grid())
    edit = FRONT
    rows = rows_of(image, head, edit.apply(image, head, Settings()), edit)
    where = synthetic.points(image.image)
    lost = synthetic.inside(where, synthetic.BRAIN_MM, synthetic.BRAIN_CENTRE_MM) & (where[..., 1] <= -40.0)
    assert rows["brain_voxels_altered"].defaced == lost.sum()
    assert rows["data_whole"].defaced == rows["success"].defaced == 0.0
    assert rows["done_as_intended"].defaced == 1.0


def test_a_brain_that_only_the_methods_know_is_judged_by_and_it_is_said() -> None:
    head, image = synthetic.head(brain_independent=None), synthetic.ct(synthetic.grid())
    edit = FRONT
    rows = rows_of(image, head, edit.apply(image, head, Settings()), edit)
    where = synthetic.points(image.image)
    lost = synthetic.inside(where, synthetic.BRAIN_MM, synthetic.BRAIN_CENTRE_MM) & (where[..., 1] <= -40.0)
    assert rows["brain_voxels_altered"].defaced == lost.sum()
    assert rows["data_whole"].defaced == rows["success"].defaced == 0.0
    assert rows["data_whole"].note == "own mask: judged on the brain that the methods steer by (image), the only one there is"


def test_where_no_brain_was_found_nobody_claims_success() -> None:
    head, image = (
        synthetic.head(brain_independent=None, brain_source="average head", witnesses=()),
        synthetic.ct(synthetic.grid()),
    )
    edit = shear(head.brain)
    rows = rows_of(image, head, edit.apply(image, head, Settings()), edit)
    for name in ("data_whole", "brain_voxels_altered"):
        assert rows[name].status == "not available"
        assert "no brain was found in this scan" in rows[name].note
        assert math.isnan(rows[name].defaced)
    assert rows["success"].status == "not available"
    placed = synthetic.head(brain_independent=None, brain_source="average head")
    rows = rows_of(image, placed, edit.apply(image, placed, Settings()), edit)
    assert rows["data_whole"].note.startswith("own mask: judged on the brain that the methods steer by (average head)")


def test_a_face_that_stays_fails_the_gate() -> None:
    head, image = synthetic.head(), synthetic.ct(synthetic.grid())
    array = image.array().copy()
    array[0, 0, 0] += 1
    rows = rows_of(image, head, Patch((0, 0, 0), array), FRONT)
    assert rows["done_as_intended"].defaced == rows["success"].defaced == rows["face_covered_fraction"].defaced == 0.0


def test_what_is_left_of_the_face_is_told_by_feature() -> None:
    head, image = synthetic.head(), synthetic.ct(synthetic.grid())
    below_eyes = head.landmarks_mm["eye_left"][2] - 15.0
    edit = Removal((Polytope(np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]), np.array([-40.0, below_eyes])),))
    rows = rows_of(image, head, edit.apply(image, head, Settings()), edit)
    moved = {name: rows[name].defaced for name in FEATURES}
    # measured: mouth and chin 100, nose 90, cheeks 80; brow, eyes 0 to 3, ears 0
    assert min(moved["mouth"], moved["chin"]) > 95.0
    assert max(moved["forehead_and_brow"], moved["eyes"], moved["ears"]) < 10.0
    assert {rows[name].unit for name in FEATURES} == {"%"}


def test_the_features_share_the_face_without_overlap() -> None:
    head, image = synthetic.head(), synthetic.ct(synthetic.grid())
    skin = original_skin(image, head)
    assert list(skin.features) == list(FEATURES)
    owners = np.sum(list(skin.features.values()), axis=0)
    assert owners.max() == 1
    assert (owners[skin.face] == 1).all()
    assert not (skin.features["ears"] & skin.face).any()


def test_a_feature_that_the_scan_does_not_show_has_a_row_with_the_reason() -> None:
    head = synthetic.head()
    chin = head.landmarks_mm["mouth"][2] - 10.0
    whole = synthetic.ct(synthetic.grid())
    first = int(np.ceil((chin - whole.image.GetOrigin()[2]) / whole.image.GetSpacing()[2]))
    image = replace(whole, image=whole.image[:, :, first:])
    rows = rows_of(image, head, FRONT.apply(image, head, Settings()), FRONT)
    assert (rows["chin"].status, rows["chin"].note) == ("not available", "image CT does not show it")
    assert rows["eyes"].defaced > 95.0


def test_altered_target_volume_is_the_overlap() -> None:
    head, image = synthetic.head(), synthetic.ct(synthetic.grid())
    where = synthetic.points(image.image)
    gtv = synthetic.inside(where, (10.0, 10.0, 10.0), (0.0, -100.0, -25.0))
    edit = shear(head.brain)
    structure = Structure("GTV", "GTV", "gtv", labelmap=synthetic.mask(image.image, gtv))
    patch = edit.apply(image, head, Settings())
    rows = rows_of(image, head, patch, edit, structure_set=StructureSet((structure,)))
    altered = gtv & (sitk.GetArrayFromImage(patch.whole(image.image)) != image.array())
    # measured: 4.45 against 4.29 cc (a labelmap's border voxels are decided by its surface)
    assert rows["target_altered_volume"].defaced == pytest.approx(altered.sum() * 0.008, rel=0.06)


def test_a_failed_method_has_every_row_with_its_reason() -> None:
    head, image = synthetic.head(), synthetic.ct(synthetic.grid())
    other = replace(image, key="MR")
    reasons = {"CT": Missing("failed", "the face box lies outside"), "MR": Missing("not available", "no registration")}
    defacing = Defacing("x", "X", "", "failed", note="the face box lies outside", unavailable=reasons)
    rows = quality_rows(synthetic.case(image, other), {"CT": head}, defacing, SCOPE, Settings())
    count = len(METRICS) - 1 + len(FEATURES)
    assert [row.status for row in rows] == ["failed"] * count + ["not available"] * count
    assert {row.note for row in rows if row.image == "CT"} == {"the face box lies outside"}


def test_the_dose_succeeds_where_it_is_zero_in_all_that_became_air_and_the_brain_keeps_its_own() -> None:
    head, image = synthetic.head(), synthetic.ct(synthetic.grid())
    dose = synthetic.dose(synthetic.grid((3.0, 3.0, 3.0)))
    edit = shear(head.brain)
    patches = {image.key: edit.apply(image, head, Settings())}
    kept = {"mask": Patch((0, 0, 0), sitk.GetArrayFromImage(dose.image)[:1, :1, :1])}
    for policies, expected in (({"mask": edit.follow(dose, head)}, 1.0), (kept, 0.0)):
        defacing = Defacing("quickshear", "Quickshear", "", "ok", patches=patches, dose_patches=policies, edits={image.key: edit})
        rows = dose_quality_rows(synthetic.case(image, dose=dose), {image.key: head}, defacing, SCOPE)
        assert [row.metric for row in rows] == list(DOSE_METRICS)
        assert {(row.image, row.dose_policy, row.status) for row in rows} == {("DOSE", "mask", "ok")}
        found = {row.metric: row.defaced for row in rows}
        assert (found["success"], found["done_as_intended"]) == (expected, expected)
        assert (found["data_whole"], found["brain_voxels_altered"]) == (1.0, 0.0)
    failed = Defacing("x", "X", "", "failed", note="no face")
    rows = dose_quality_rows(synthetic.case(image, dose=dose), {image.key: head}, failed, SCOPE)
    assert {(row.status, row.note) for row in rows} == {("failed", "no face")}
    assert dose_quality_rows(synthetic.case(image), {image.key: head}, failed, SCOPE) == []
