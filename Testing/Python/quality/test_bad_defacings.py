"""The gate against defacings that leave the face in the image: each is a tool's result, and none may count as done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

import bad_defacings as bad
from bad_defacings import Face, Values
from deface_compare.anatomy.face_region import face_region
from deface_compare.anatomy.find_head import PLANNED
from deface_compare.anatomy.head import Head
from deface_compare.case import Case, CaseImage
from deface_compare.defacers.average_face import AverageFace
from deface_compare.defacers.biometric_mask import BiometricMask
from deface_compare.defacers.deface import deface
from deface_compare.defacers.defacing import Defacer, Defacing
from deface_compare.defacers.external.edit import ExternalEdit, ToolVoxels
from deface_compare.defacers.external.folder import ExternalFolder
from deface_compare.defacers.quickshear import Quickshear
from deface_compare.defacers.stored_values import rounded
from deface_compare.defacers.surface_blur import SurfaceBlur
from deface_compare.measurement import Measurement, Scope
from deface_compare.quality.aligned_skin import best_aligned, movements
from deface_compare.quality.gate import quality_rows
from deface_compare.quality.movement import SurfaceMovement, surface_movement
from deface_compare.quality.skin import calm_defaced, original_skin
from deface_compare.quality.skin_profiles import skin_normals, skin_profiles
from deface_compare.settings import Settings
from other_face import other_face

SCOPE = Scope("case-001", "tool", "", "own", "none")
HIDDEN, BACK = "the skin still stands on", "of the face (the average head"

# The outside skin alone took each of these for done; with the words of the surface that betrays it.
FOOLED: dict[str, tuple[Callable[[Face], Values], str, str]] = {
    "grown by 3 mm of tissue": (bad.grown_by_tissue, "CT", BACK),
    "eroded by 3 mm": (bad.eroded, "CT", BACK),
    "behind a noisy shell": (bad.shell, "MR", HIDDEN),
    "behind noisy bone that fills all air": (bad.filled, "CT", HIDDEN),
    "under a thin bright layer": (bad.bright_layer, "CT", BACK),
    "times 0.15 in CT": (bad.dimmed, "CT", HIDDEN),
    "times 0.15 in MR": (bad.dimmed, "MR", HIDDEN),
    "cleared to just under the threshold": (bad.capped, "CT", HIDDEN),
    "air and tissue exchanged in CT": (bad.inverted, "CT", "bright and dark exchanged"),
    "air and tissue exchanged in MR": (bad.inverted, "MR", "bright and dark exchanged"),
    "contrast cubed": (bad.cubed, "CT", HIDDEN),
    "one bright value": (bad.flat, "CT", BACK),
    "hollowed behind 2 mm of skin": (bad.hollowed, "CT", BACK),
    "pulled forward, up and nodded": (bad.shifted_and_turned, "CT", BACK),
    "40 % of it left, times 0.15": (bad.partly_dimmed, "CT", HIDDEN),
}
FOUND_BY_THE_OUTSIDE: dict[str, Callable[[Face], Values]] = {
    "dilated by 3 mm of its own grey values": bad.dilated,
    "pushed in by 4 mm": bad.shifted,
    "mirrored": bad.mirrored,
    "blurred by 3 mm": bad.blurred,
    "every other block cleared": bad.chequered,
    "only the nose tip gone": bad.without_nose_tip,
    "only the eyes boxed": bad.eye_boxes,
    "60 % of the face gone": bad.sixty_percent,
    "only noise added": bad.noisy,
}


def tools_edit(image: CaseImage, head: Head, values: Values) -> ExternalEdit:
    """The edit of a tool that gave back these values."""
    stored = rounded(values, image.array().dtype)
    return ExternalEdit(ToolVoxels("tool", lambda one, voxels: stored), None, face_region(head).face)


def judged(image: CaseImage, head: Head, edit: ExternalEdit) -> dict[str, Measurement]:
    """The rows of a tool's edit by metric (features by name)."""
    patch = edit.apply(image, head, Settings())
    defacing = Defacing("tool", "Tool", "", "ok", patches={image.key: patch}, edits={image.key: edit})
    rows = quality_rows(Case("case-001", (image,)), {image.key: head}, defacing, SCOPE, Settings())
    return {row.structure if row.metric == "feature_moved" else row.metric: row for row in rows}


def movement(image: CaseImage, head: Head, edit: ExternalEdit) -> SurfaceMovement:
    """How the gate sees a tool's edit."""
    patch = edit.apply(image, head, Settings())
    return surface_movement(image, original_skin(image, head), edit.seen(image, patch), edit, patch)


@pytest.mark.parametrize("name", FOOLED)
def test_a_face_that_can_still_be_had_is_not_done_as_intended(name: str) -> None:
    make, modality, words = FOOLED[name]
    image, head = other_face(modality)
    edit = tools_edit(image, head, make(bad.face_of(image, head)))
    rows = judged(image, head, edit)
    assert rows["done_as_intended"].defaced == rows["success"].defaced == 0.0
    assert rows["data_whole"].defaced == 1.0
    assert words in rows["done_as_intended"].note
    assert movement(image, head, edit).outside_moved  # so that it is this search that found it
    assert rows["face_surface_moved_p95"].note.startswith("of the outside skin")


@pytest.mark.parametrize("name", FOUND_BY_THE_OUTSIDE)
def test_a_face_that_is_seen_to_stay_is_not_done_as_intended(name: str) -> None:
    image, head = other_face("CT")
    rows = judged(image, head, tools_edit(image, head, FOUND_BY_THE_OUTSIDE[name](bad.face_of(image, head))))
    assert rows["done_as_intended"].defaced == rows["success"].defaced == 0.0


@pytest.mark.parametrize("modality", ["CT", "MR"])
def test_a_face_that_is_gone_is_done(modality: str) -> None:
    image, head = other_face(modality)
    rows = judged(image, head, tools_edit(image, head, bad.gone(bad.face_of(image, head))))
    assert rows["done_as_intended"].defaced == rows["success"].defaced == 1.0
    assert "but" not in rows["done_as_intended"].note


@pytest.mark.parametrize("method", [Quickshear(), BiometricMask(), AverageFace(), SurfaceBlur()], ids=lambda each: each.key)
def test_the_methods_here_are_still_done_as_intended(method: Defacer) -> None:
    image, head = other_face("CT")
    defacing = deface(method, Case("case-001", (image,)), {"CT": head}, Settings())
    found = surface_movement(image, original_skin(image, head), defacing.patches["CT"], defacing.edits["CT"])
    assert found.outside_moved
    assert found.kept is None
    assert found.as_intended


def test_the_surface_that_decides_tells_the_features() -> None:
    image, head = other_face("CT")
    rows = judged(image, head, tools_edit(image, head, bad.dimmed(bad.face_of(image, head))))
    assert max(rows[name].defaced for name in ("eyes", "nose", "mouth", "chin", "cheeks")) < 35.0
    assert rows["face_covered_fraction"].defaced < 35.0


def test_a_known_shift_is_found_again() -> None:
    image, head = other_face("CT")
    skin, face = original_skin(image, head), bad.face_of(image, head)
    moved = np.array([2.0, -4.0, 3.0])  # LPS mm
    patch = tools_edit(image, head, face.only_face(face.pulled(face.points_mm - moved))).apply(image, head, Settings())
    points = skin.points_mm[skin.face][::2]
    normals = skin_normals(skin.calm, (skin.air, 2.0 * skin.isovalue - skin.air), skin.grid, points)
    found = best_aligned(
        skin_profiles(calm_defaced(image, skin, patch), skin.grid, points, normals),
        movements(points, normals),
        skin.isovalue - skin.air,
    )
    assert found is not None
    # a shift forward and an offset move a face alike: what is compared is how far each point of the skin moved
    off = movements(points, normals) @ found.pose - normals @ moved
    # the level that fits best lies 1.7 mm outside the skin everywhere: that is the uniform offset; the rest is the shift
    assert np.median(np.abs(off - np.median(off))) < 0.1  # measured 0.04
    assert found.share > 0.8


def test_an_image_from_a_folder_is_judged_like_any_other(tmp_path: Path) -> None:
    image, head = other_face("CT")
    values = rounded(bad.dimmed(bad.face_of(image, head)), image.array().dtype)
    volume = sitk.GetImageFromArray(values)
    volume.CopyInformation(image.image)
    sitk.WriteImage(volume, str(tmp_path / "CT.nii.gz"))
    case = Case("case-001", (image,))
    defacing = deface(ExternalFolder("tool", tmp_path), case, {"CT": head}, Settings())
    rows = {row.metric: row for row in quality_rows(case, {"CT": head}, defacing, SCOPE, Settings())}
    assert rows["done_as_intended"].defaced == rows["success"].defaced == 0.0


def stripped(image: CaseImage, head: Head, planned: sitk.Image) -> ExternalEdit:
    """A tool that clears the face and, with it, all of the planned brain in front of some plane."""
    face = bad.face_of(image, head)
    front = face.points_mm[..., 1] < np.percentile(face.points_mm[sitk.GetArrayViewFromImage(planned) > 0][:, 1], 8.0)
    lost = front & (sitk.GetArrayViewFromImage(planned) > 0) & (sitk.GetArrayViewFromImage(head.brain) == 0)
    return tools_edit(image, head, np.where(lost, face.background(), bad.gone(face)))


def test_the_planned_brain_counts_for_a_tool_that_does_not_steer_by_it() -> None:
    image, found = other_face("CT")
    planned = sitk.BinaryDilate(found.brain, (3, 3, 3))
    edit = stripped(image, found, planned)
    lost = (edit.voxels.of(image) != image.array()) & (sitk.GetArrayViewFromImage(planned) > 0)
    assert int(lost.sum()) > 0
    head = replace(found, brain=planned, brain_source=PLANNED, brain_independent=found.brain)
    rows = judged(image, head, edit)
    assert rows["done_as_intended"].defaced == 1.0
    assert rows["brain_voxels_altered"].defaced == lost.sum()
    assert rows["data_whole"].defaced == rows["success"].defaced == 0.0
    assert rows["data_whole"].note == "judged on the planned brain, which the tool did not steer by"


def test_a_method_that_steers_by_the_planned_brain_is_judged_on_the_other_one() -> None:
    image, found = other_face("CT")
    planned = sitk.BinaryDilate(found.brain, (3, 3, 3))
    head = replace(found, brain=planned, brain_source=PLANNED, brain_independent=found.brain)
    rows = judged(image, head, replace(stripped(image, found, planned), steered_by_brain=True))
    assert rows["data_whole"].defaced == 1.0
    assert rows["data_whole"].note == ""


def test_a_tool_of_others_is_no_judge_in_its_own_cause_where_only_one_brain_was_found() -> None:
    image, head = other_face("CT")
    rows = judged(image, replace(head, brain_independent=None), tools_edit(image, head, bad.gone(bad.face_of(image, head))))
    assert "own mask" not in rows["data_whole"].note
