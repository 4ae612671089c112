"""The structure set of a defaced patient: contours byte for byte, but for those that draw the face."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from pydicom.dataset import Dataset

from ...case import Structure
from ...errors import UnusableInput
from ...readers.dicom.stored_pixels import read_object
from ..moved_skin import NO_MOVED_SKIN, MovedSkin
from .followers import drop_followers, with_dropped
from .head_surface import HeadSurface
from .planned_outline import PlannedOutline
from .structure_clip import OTHER, ClippedStructure, clip_structure, role_of

ROI_SEQUENCES = ("StructureSetROISequence", "ROIContourSequence", "RTROIObservationsSequence")


def edited_structure_set(
    path: Path,
    structures: Collection[Structure],
    surface: HeadSurface,
    frames: Collection[str],
    moved: MovedSkin = NO_MOVED_SKIN,
) -> tuple[Dataset, list[ClippedStructure], list[int]]:
    """Read a structure set and clip what draws the face.

    Parameters
    ----------
    path : Path
        The source's RTSTRUCT.
    structures : collection of Structure
        The same as read: their groups tell which is an outer contour.
    surface : HeadSurface
        Of the defaced image they were drawn on.
    frames : collection of str
        The frame of reference of the images they were drawn on; structures in another one are left out.
    moved : MovedSkin
        The skin that was taken away: what all structures together still draw of it goes, too.

    Returns
    -------
    data : pydicom.Dataset
    clipped : list of ClippedStructure
    left_out : list of int
        ROI numbers of structures in another frame of reference.
    """
    data = read_object(path)
    try:
        left_out = drop_other_frames(data, frames)
        roles = roles_of(data, structures)
        names = {int(roi.ROINumber): str(roi.get("ROIName") or "") for roi in data.get("StructureSetROISequence") or []}
        outline = PlannedOutline(data, roles)
        clipped = []
        for item in data.get("ROIContourSequence") or []:
            number = int(item.ReferencedROINumber)
            found = clip_structure(item, names.get(number, ""), roles.get(number, OTHER), surface, outline.is_touched_by)
            clipped += [found] if found else []
        clipped = with_dropped(clipped, drop_followers(data, moved), names, data)
    except (ValueError, TypeError, AttributeError, KeyError) as error:  # what pydicom raises on values that are no numbers
        raise UnusableInput(f"{path.name} has damaged structures ({type(error).__name__}); export it again") from error
    return data, clipped, left_out


def roles_of(data: Dataset, structures: Collection[Structure]) -> dict[int, str]:
    """Whether each structure, by ROI number, is an outer contour, a device or something else."""
    groups = {structure.name: structure.group for structure in structures}
    interpreted = {
        int(item.ReferencedROINumber): str(item.get("RTROIInterpretedType") or "")
        for item in data.get("RTROIObservationsSequence") or []
    }
    names = {int(roi.ROINumber): str(roi.get("ROIName") or "") for roi in data.get("StructureSetROISequence") or []}
    return {number: role_of(name, groups.get(name, ""), interpreted.get(number, "")) for number, name in names.items()}


def drop_other_frames(data: Dataset, frames: Collection[str]) -> list[int]:
    """Take out, in place, the structures and frame items of other frames of reference; return the structures' ROI numbers."""
    stated = data.get("ReferencedFrameOfReferenceSequence") or []
    if stated:
        data.ReferencedFrameOfReferenceSequence = [i for i in stated if str(i.get("FrameOfReferenceUID") or "") in frames]
    others = [
        int(roi.ROINumber)
        for roi in data.get("StructureSetROISequence") or []
        if str(roi.get("ReferencedFrameOfReferenceUID") or "") not in {"", *frames}
    ]
    if others:
        for keyword, number in zip(ROI_SEQUENCES, ("ROINumber", "ReferencedROINumber", "ReferencedROINumber"), strict=True):
            items = data.get(keyword) or []
            setattr(data, keyword, [item for item in items if int(item[number].value) not in others])
    return others
