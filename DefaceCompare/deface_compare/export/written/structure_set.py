"""The structure set of a defaced patient: contours byte for byte, but for those that draw the face."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from itertools import product
from pathlib import Path

from pydicom.dataset import Dataset

from ...case import Structure
from ...errors import UnusableInput
from ...readers.dicom.stored_pixels import read_object
from ...readers.dicom.texts import name_in
from ...structures.names import read_structure_name
from ..moved_skin import NO_MOVED_SKIN, MovedSkin
from .followers import drop_followers, with_dropped
from .head_surface import HeadSurface
from .planned_outline import PlannedOutline
from .structure_clip import OTHER, STRICTEST_FIRST, ClippedStructure, clip_structure, role_of

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

    Raises
    ------
    UnusableInput
        If values are damaged, or contours are moved by a ContourOffsetVector.
    """
    data = read_object(path)
    try:
        _refuse_moved(data, path)
        left_out = drop_other_frames(data, frames)
        roles = roles_of(data, structures)
        names = _names(data)
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


def _refuse_moved(data: Dataset, path: Path) -> None:
    """Raise `UnusableInput` for contours that a vector draws elsewhere than where they are stored and judged."""
    for item in data.get("ROIContourSequence") or []:
        for contour in item.get("ContourSequence") or []:
            if any(float(value) for value in contour.get("ContourOffsetVector") or ()):
                raise UnusableInput(f"{path.name} moves contours by a ContourOffsetVector; export the structure set without it")


def _names(data: Dataset) -> dict[int, str]:
    """Planned names by ROI number, all of those that share one."""
    names: dict[int, str] = {}
    for roi in data.get("StructureSetROISequence") or []:
        number, name = int(roi.ROINumber), name_in(roi, "ROIName")
        names[number] = f"{names[number]}, {name}" if number in names else name
    return names


def roles_of(data: Dataset, structures: Collection[Structure]) -> dict[int, str]:
    """Whether each structure, by ROI number, is an outer contour, a device or something else.

    Where several structures or statements share a number, or a name, the strictest holds: a second drawing of the skin, which
    measurements set aside, draws the face like the first one.
    """
    groups, kinds = defaultdict[str, set[str]](set), defaultdict[int, set[str]](set)
    for structure in structures:
        groups[structure.name].add(structure.group)
    for item in data.get("RTROIObservationsSequence") or []:
        kinds[int(item.ReferencedROINumber)].add(str(item.get("RTROIInterpretedType") or ""))
    roles: dict[int, str] = {}
    for roi in data.get("StructureSetROISequence") or []:
        number, name = int(roi.ROINumber), name_in(roi, "ROIName")
        said = (groups[name] | {read_structure_name(name).group}, kinds[number] or {""})
        found = {role_of(name, group, kind) for group, kind in product(*said)} | {roles.get(number, OTHER)}
        roles[number] = next(role for role in STRICTEST_FIRST if role in found)
    return roles


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
