"""One method on one case: one edit per frame of reference, applied to every image in it and to the dose."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import SimpleITK as sitk

from ..anatomy.air import skin_threshold
from ..anatomy.find_heads import NO_REGISTRATION
from ..anatomy.head import Head
from ..case import Case, CaseImage
from ..errors import DefaceCompareError, MethodFailed
from ..geometry.box_sampling import sample_mask
from ..geometry.boxes import Patch, VoxelBox, box_around, box_of_points, boxed, corners_mm
from ..machine.freed_memory import give_back
from ..measurement import FAILED, NO_FACE, NOT_AVAILABLE, OK, Missing
from ..progress import Cancelled
from ..settings import FOLLOW, MASK, Settings
from .defacing import Defacer, Defacing
from .detached import without_detached
from .devices import devices_near_edit, trunk_warning, without_devices
from .edit import Edit
from .protection import protected_voxels, targets, with_originals

UNEXPECTED = (ArithmeticError, LookupError, ValueError)
"""What numpy raises where a patient has what nobody thought of (a scan without a brain): one method's failure, not the case's."""
EXPECTED = (DefaceCompareError, RuntimeError, np.linalg.LinAlgError, *UNEXPECTED)
NOT_PROTECTED = "the tool's own result: --protect does not reach it"


@dataclass
class _Run:
    """What accumulates while one method runs over one case."""

    patches: dict[str, Patch] = field(default_factory=dict)
    edits: dict[str, Edit] = field(default_factory=dict)
    unavailable: dict[str, Missing] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    logs: dict[str, str] = field(default_factory=dict)
    parameters: dict[str, Any] = field(default_factory=dict)


def deface(
    defacer: Defacer, case: Case, heads: Mapping[str, Head], settings: Settings, reasons: Mapping[str, Missing] | None = None
) -> Defacing:
    """Run one method on one case.

    Parameters
    ----------
    defacer : Defacer
    case : Case
    heads : mapping of image key to Head
        Images of one frame of reference share one `Head` object; an image that is not here is not edited.
    settings : Settings
    reasons : mapping of image key to Missing, optional
        Why an image has no head, for its rows.

    Returns
    -------
    Defacing
        Never raises for a patient's sake: a failure is ``status="failed"`` with the reason in `note`. A method that is
        `verbatim` (a real tool) keeps its voxels: devices and protected structures are as the tool left them.
    """
    clock = time.perf_counter if defacer.starts_programs else time.thread_time  # other work of this machine is not its own
    start = clock()
    run = _Run()
    why_not = defacer.available()
    if why_not:
        run.unavailable.update({image.key: Missing(NOT_AVAILABLE, f"{NOT_AVAILABLE}: {why_not}") for image in case.images})
    else:
        _edit_images(run, defacer, case, heads, settings, reasons or {})
    primary = case.primary
    missing = Missing(NOT_AVAILABLE, "the case holds no image") if primary is None else run.unavailable.get(primary.key)
    judged = primary
    if missing is not None and missing.status == NO_FACE and run.patches:
        judged = next(image for image in case.images if image.key in run.patches)
        missing = None
    free = replace(settings, protect="none") if defacer.verbatim else settings
    dose_patches = {} if judged is None or missing else _edit_dose(run, case, judged, heads[judged.key], free)
    return Defacing(
        method=defacer.key,
        title=defacer.title,
        variant=defacer.variant,
        status=missing.status if missing else OK,
        note=missing.reason if missing else "",
        patches=run.patches,
        dose_patches=dose_patches,
        edits=run.edits,
        unavailable=run.unavailable,
        warnings=tuple(dict.fromkeys(run.warnings)),
        seconds=clock() - start,
        parameters=run.parameters,
        fill=defacer.fill or settings.fill,
        protect=free.protect,
        logs=run.logs,
    )


def _edit_images(
    run: _Run, defacer: Defacer, case: Case, heads: Mapping[str, Head], settings: Settings, reasons: Mapping[str, Missing]
) -> None:
    """Find one edit a frame and apply it to the frame's images, the image it is found on first."""
    verbatim = defacer.verbatim
    if settings.protect != "none" and (verbatim or not targets(case)):
        run.warnings.append(NOT_PROTECTED if verbatim else "there is no target structure to protect")
    for head in {id(head): head for head in heads.values()}.values():
        images = [image for image in case.images if heads.get(image.key) is head]
        images.sort(key=lambda image: image.key != head.image_key)
        try:
            edit = defacer.find_edit(case, case.image(head.image_key), head, settings)
        except EXPECTED as failure:
            run.unavailable.update({image.key: _why(failure) for image in images})
            continue
        run.parameters[head.image_key] = dict(edit.parameters)
        _apply(run, edit, images, case, head, settings, verbatim)
        run.warnings.extend(edit.warnings)
        run.logs.update(edit.logs)
    for image in case.images:
        if image.key not in heads:
            run.unavailable[image.key] = reasons.get(image.key, Missing(NOT_AVAILABLE, NO_REGISTRATION))


def _apply(run: _Run, edit: Edit, images: list[CaseImage], case: Case, head: Head, settings: Settings, verbatim: bool) -> None:
    """Apply one edit to the images of its frame; a failure on one image leaves the others."""
    devices: sitk.Image | None = None
    for image in images:
        give_back()
        try:
            if verbatim:
                patch = _checked(edit.apply(image, head, settings), image)
            else:
                first = _checked(edit.apply(image, head, settings), image) if image is images[0] else None
                if first is not None:
                    devices = devices_near_edit(image.image, first, head)
                    give_back()
                patch = _checked(without_devices(edit, case, image, head, settings, first, devices), image)
                patch = _checked(without_detached(case, image, head, settings, patch), image)
                kept = protected_voxels(image.image, patch.box, case, head, settings)
                patch = with_originals(patch, image.image, kept)
            run.patches[image.key] = _trimmed(patch, image)
            run.edits[image.key] = edit
            run.warnings.extend(filter(None, [trunk_warning(image, run.patches[image.key], head)]))
        except EXPECTED as failure:
            run.unavailable[image.key] = _why(failure)


def _why(failure: Exception) -> Missing:
    """A failure in one sentence; a cancelled run is no failure and goes on up."""
    if isinstance(failure, Cancelled):
        raise failure
    said = " ".join(str(failure).split())
    if isinstance(failure, UNEXPECTED) and not isinstance(failure, np.linalg.LinAlgError):
        said = f"the method stopped at an unexpected {type(failure).__name__}: {said}"
    return Missing(FAILED, said)


def _checked(patch: Patch, image: CaseImage) -> Patch:
    """Refuse a patch that would not fit the image bit for bit."""
    original = image.array()
    if patch.values.dtype != original.dtype:
        raise MethodFailed(f"the edit of image {image.key} is {patch.values.dtype}, but the image is stored as {original.dtype}")
    if original[patch.box.slices].shape != patch.values.shape:
        raise MethodFailed(f"the edit reaches beyond image {image.key}")
    if patch.values.dtype.kind == "f" and not np.isfinite(patch.values).all():
        raise MethodFailed(f"the edit of image {image.key} holds NaN or infinite voxels")
    return patch


def _trimmed(patch: Patch, image: CaseImage) -> Patch:
    """The smallest box that holds every altered voxel; an image that did not change is a failure."""
    inner = box_around(patch.altered(image.image))
    if inner is None:
        raise MethodFailed(f"the method left image {image.key} unchanged")
    box = patch.box.within(inner)
    return Patch(box.offset, np.ascontiguousarray(patch.values[inner.slices]))


def _edit_dose(run: _Run, case: Case, judged: CaseImage, head: Head, settings: Settings) -> dict[str, Patch]:
    """Dose under the policies ``mask`` and ``follow``; ``keep`` needs no patch.

    `judged` is the primary image, or, where that shows no face, the first edited one.
    """
    dose = case.dose
    if dose is None:
        return {}
    same = dose.frame_of_reference_uid == judged.frame_of_reference_uid
    if not same and dose.frame_of_reference_uid and judged.frame_of_reference_uid:
        run.warnings.append(f"the dose lies in another frame of reference than image {judged.key} and was not edited")
        return {}
    edit = run.edits[judged.key]
    guard_mm = max(dose.image.GetSpacing())
    emptied = _emptied(run.patches[judged.key], judged)
    patches = {}
    for policy, edited in ((MASK, _masked(edit, dose.image)), (FOLLOW, edit.follow(dose, head))):
        patch = _ending_with_image(edited, dose.image, emptied)
        kept = protected_voxels(dose.image, patch.box, case, head, settings, guard_mm)
        patches[policy] = with_originals(patch, dose.image, kept)
    return patches


def _emptied(patch: Patch, image: CaseImage) -> sitk.Image:
    """Where matter became air on the patch's box: the edit, the devices and the cut-off pieces; uint8."""
    threshold = skin_threshold(image)
    there = np.greater(image.array()[patch.box.slices], threshold)
    there &= np.less_equal(patch.values, threshold)
    return boxed(there.view(np.uint8), image.image, patch.box)


def _ending_with_image(patch: Patch, dose: sitk.Image, emptied: sitk.Image) -> Patch:
    """A patch of the dose with 0 Gy where the image became air: an ear that was cut off beside the edit ends no dose."""
    box = box_of_points(corners_mm(emptied), dose, max(dose.GetSpacing()))
    if box.empty or not np.any(sitk.GetArrayViewFromImage(emptied)):
        return patch
    values = sitk.GetArrayFromImage(patch.whole(dose))
    values[box.slices][sample_mask(emptied, dose, box)] = 0
    changed = box_around(values != sitk.GetArrayViewFromImage(dose)) or VoxelBox((0, 0, 0), (1, 1, 1))
    return Patch(changed.offset, np.ascontiguousarray(values[changed.slices]))


def _masked(edit: Edit, dose: sitk.Image) -> Patch:
    """0 Gy wherever an image voxel was removed; a dose grid that the edit does not meet keeps its values."""
    removed = edit.removed(dose)
    array = sitk.GetArrayViewFromImage(dose)
    box = box_around(removed) or VoxelBox((0, 0, 0), (1, 1, 1))
    return Patch(box.offset, np.where(removed[box.slices], array.dtype.type(0), array[box.slices]))
