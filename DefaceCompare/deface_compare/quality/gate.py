"""Did the method work? The quality gate of one method on one case."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk

from ..anatomy.face_features import FEATURES
from ..anatomy.find_head import AVERAGE, PLANNED
from ..anatomy.head import Head
from ..case import Case, CaseImage
from ..defacers.defacing import Defacing
from ..defacers.edit import Edit
from ..defacers.external.edit import ExternalEdit
from ..defacers.protection import targets
from ..errors import NotAvailable
from ..geometry.box_sampling import sample_mask
from ..geometry.boxes import Patch
from ..geometry.lattice import voxel_cc
from ..measurement import NOT_AVAILABLE, Measurement, Missing, Scope
from ..settings import Settings
from ..structures.known_mask import known_mask
from .movement import MOVED_MM, SurfaceMovement, surface_movement
from .skin import OriginalSkin, original_skin

NOT_VERIFIED = "not verified: nothing but the outline says where the face lies, so that nothing can be said of it"
OWN_MASK = "own mask: judged on the brain that the methods steer by ({source}), the only one there is"
PLANNED_MASK = "judged on the planned brain, which the tool did not steer by"
OUTSIDE_ONLY = "of the outside skin; another surface keeps the face, see done_as_intended"
NO_BRAIN = "no brain was found in this scan, and where it would lie is not verified: whether it was altered cannot be said"
METRICS = (
    "success",
    "done_as_intended",
    "feature_moved",
    "face_covered_fraction",
    "face_surface_moved_p95",
    "data_whole",
    "brain_voxels_altered",
    "edited_volume",
    "target_altered_volume",
)
"""All metrics of the gate, in table order; `feature_moved` has a row for each of `FEATURES`."""


def quality_rows(
    case: Case,
    heads: Mapping[str, Head],
    defacing: Defacing,
    scope: Scope,
    settings: Settings,
    skins: dict[str, OriginalSkin] | None = None,
) -> list[Measurement]:
    """The quality rows of every image; numbers stand in the column `defaced`.

    Parameters
    ----------
    case : Case
    heads : mapping of image key to Head
    defacing : Defacing
    scope : Scope
    settings : Settings
    skins : dict of image key to OriginalSkin, optional
        Filled here; a caller that passes the same dict for every method of a case saves the original's surface each time.

    Returns
    -------
    list of Measurement
        `METRICS` for each image; an image that was not edited has the same rows with status and reason. What is told of the
        face's features rests on the place that a second witness confirms.
    """
    rows: list[Measurement] = []
    skins = {} if skins is None else skins
    for image in case.images:
        missing = defacing.blocked(image.key)
        if missing is not None:
            rows.extend(_missing_rows(METRICS, missing, image.key, scope))
            continue
        if image.key not in skins:
            skins[image.key] = original_skin(image, heads[image.key])
        rows.extend(_image_rows(case, image, heads[image.key], skins[image.key], defacing, scope))
    return rows


def _image_rows(
    case: Case, image: CaseImage, head: Head, skin: OriginalSkin, defacing: Defacing, scope: Scope
) -> list[Measurement]:
    """The rows of one edited image."""
    patch = defacing.patches[image.key]
    edited_cc = float(patch.altered(image.image).sum()) * voxel_cc(image.image)
    edit = defacing.edits[image.key]
    surface = _surface_rows(image, head, skin, patch, edit, scope)
    whole = data_rows(image.image, image.key, judging_brain(head, edit), patch, scope)
    edited = scope.row("edited_volume", defaced=edited_cc, image=image.key)
    target = _target_row(case, image, patch, scope)
    return [success_row(surface[0], whole[0], scope, image.key), *surface, *whole, edited, target]


def _missing_rows(names: Sequence[str], missing: Missing, key: str, scope: Scope) -> Iterator[Measurement]:
    for name in names:
        for feature in FEATURES if name == "feature_moved" else ("",):
            yield scope.missing(name, missing.reason, image=key, structure=feature, status=missing.status)


def success_row(gone: Measurement, whole: Measurement, scope: Scope, key: str, dose_policy: str = "") -> Measurement:
    """1 if both hold, 0 if one is known not to; not available where the other one is unknown."""
    if gone.defaced == 0.0 or whole.defaced == 0.0:
        return scope.row("success", defaced=0.0, image=key, dose_policy=dose_policy)
    for part in (gone, whole):
        if part.status != "ok":
            reason = f"{part.metric}: {part.note}"
            return scope.missing("success", reason, image=key, dose_policy=dose_policy, status=part.status)
    return scope.row("success", defaced=1.0, image=key, dose_policy=dose_policy)


def _surface_rows(image: CaseImage, head: Head, skin: OriginalSkin, patch: Patch, edit: Edit, scope: Scope) -> list[Measurement]:
    """`done_as_intended`, `feature_moved`, `face_covered_fraction`, `face_surface_moved_p95`."""
    names = ("done_as_intended", "feature_moved", "face_covered_fraction", "face_surface_moved_p95")
    if not head.witnesses:
        return list(_missing_rows(names, Missing(NOT_AVAILABLE, NOT_VERIFIED), image.key, scope))
    try:
        moved = surface_movement(image, skin, edit.seen(image, patch), edit, patch)
    except NotAvailable as reason:
        return list(_missing_rows(names, Missing(NOT_AVAILABLE, str(reason)), image.key, scope))
    criterion = f"{100 * moved.moved_share:.1f} % of the intended surface moved by {MOVED_MM:g} mm or more"
    criterion += "" if moved.kept is None else f", {moved.kept.how}"
    covered = scope.row("face_covered_fraction", defaced=moved.face_covered_percent, image=image.key)
    if np.isnan(moved.face_covered_percent):
        covered = scope.missing("face_covered_fraction", f"the face lies outside image {image.key}", image=image.key)
    return [
        scope.row("done_as_intended", defaced=float(moved.as_intended), image=image.key, note=criterion),
        *_feature_rows(image, moved, scope),
        covered,
        scope.row(
            "face_surface_moved_p95", defaced=moved.p95_mm, image=image.key, note="" if moved.kept is None else OUTSIDE_ONLY
        ),
    ]


def _feature_rows(image: CaseImage, moved: SurfaceMovement, scope: Scope) -> Iterator[Measurement]:
    for feature, percent in moved.feature_moved_percent.items():
        if np.isnan(percent):
            reason = f"image {image.key} does not show it"
            yield scope.missing("feature_moved", reason, image=image.key, structure=feature)
        else:
            yield scope.row("feature_moved", defaced=percent, image=image.key, structure=feature)


@dataclass(frozen=True)
class JudgingBrain:
    """The brain that an edit is judged on.

    Parameters
    ----------
    mask : SimpleITK.Image or None
        None where there is none that anything may be said of.
    note : str
        What a reader must know of the mask.
    """

    mask: sitk.Image | None
    note: str = ""


def judging_brain(head: Head, edit: Edit) -> JudgingBrain:
    """The brain that an edit is judged on: one that it did not steer by.

    The methods here steer by `Head.brain`, so that they are judged on `Head.brain_independent`, and on their own only where there
    is no other. A tool of others knows neither: the planned brain, a person's work, goes before what was found in the image.
    """
    foreign = isinstance(edit, ExternalEdit) and not edit.steered_by_brain
    if foreign and head.brain_source == PLANNED:
        return JudgingBrain(head.brain, PLANNED_MASK)
    if head.brain_independent is not None:
        return JudgingBrain(head.brain_independent)
    if head.brain_source == AVERAGE and not head.witnesses:
        return JudgingBrain(None, NO_BRAIN)
    return JudgingBrain(head.brain, "" if foreign else OWN_MASK.format(source=head.brain_source))


def data_rows(
    image: sitk.Image, key: str, brain: JudgingBrain, patch: Patch, scope: Scope, dose_policy: str = ""
) -> list[Measurement]:
    """`data_whole` and `brain_voxels_altered` of an image or a dose grid, on the brain of `judging_brain`."""
    if brain.mask is None:
        names = ("data_whole", "brain_voxels_altered")
        return [scope.missing(name, brain.note, image=key, dose_policy=dose_policy) for name in names]
    original = sitk.GetArrayViewFromImage(image)
    kept = patch.values.dtype == original.dtype and original[patch.box.slices].shape == patch.values.shape
    inside = sample_mask(brain.mask, image, patch.box)
    altered = int((inside & patch.altered(image)).sum())
    notes = "; ".join(filter(None, ["" if kept else "geometry or stored type changed", brain.note]))
    return [
        scope.row("data_whole", defaced=float(kept and altered == 0), image=key, dose_policy=dose_policy, note=notes),
        scope.row("brain_voxels_altered", defaced=float(altered), image=key, dose_policy=dose_policy, note=brain.note),
    ]


def _target_row(case: Case, image: CaseImage, patch: Patch, scope: Scope) -> Measurement:
    """`target_altered_volume` over GTV, CTV and PTV together."""
    primary = case.primary
    if primary is not None and image.frame_of_reference_uid != primary.frame_of_reference_uid:
        return scope.missing("target_altered_volume", "the targets lie in another frame of reference", image=image.key)
    found = known_mask(targets(case), image)
    if found is None:
        return scope.missing("target_altered_volume", "no GTV, CTV or PTV in this image", image=image.key)
    volume_cc = float((found.in_box(patch.box) & patch.altered(image.image)).sum()) * voxel_cc(image.image)
    return scope.row("target_altered_volume", defaced=volume_cc, image=image.key, structure="targets")
