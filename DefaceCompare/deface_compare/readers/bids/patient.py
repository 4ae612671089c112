"""Reading one patient of a BIDS data set: a subject's folder, or that of one of its sessions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import SimpleITK as sitk

from ...case import CT, MR, PET, Case, CaseImage, StoredForm, StructureSet
from ...errors import UnusableInput
from ...structures.naming import structure_notes, unique_names
from ..checks import checked_image
from ..earlier_defacing import named_defacing, told_defacing
from ..files.volume import read_volume
from ..found_files import count_words
from ..suv_checks import SUV, suv_warnings
from .dataset import dataset_of, session_of, sessions_of, subject_of, title_of
from .images import FOLDERS, BidsImage, choose_images, chosen_note
from .masks import labelled_masks
from .sidecar import participant, sidecar
from .suv import BidsPetScale, bids_pet_scale

UNITS = {CT: "HU", MR: "a.u.", PET: "a.u."}
DEVICE = ("Manufacturer", "ManufacturersModelName", "DeviceSerialNumber", "StationName")
"""By what sidecars tell whether two images come from one machine."""
NO_IMAGE = "holds no image that is compared (T1w, T2w, FLAIR, PDw, T2starw, pet or ct in {})"


def read_bids_case(folder: Path) -> Case:
    """Read one session of a subject.

    Parameters
    ----------
    folder : Path
        ``sub-01`` (without sessions, or with one), or ``sub-01/ses-1``.

    Raises
    ------
    UnusableInput
        With one sentence that names the file and what to do.
    """
    root = dataset_of(folder)
    assert root is not None
    sessions = sessions_of(folder)
    if len(sessions) > 1:
        raise UnusableInput(
            f"{folder} holds {len(sessions)} sessions ({', '.join(path.name for path in sessions[:3])} ...), a case each;"
            " give one of them, or compare all with `study`"
        )
    chosen, left_out = choose_images(sessions[0])
    if not chosen:
        raise UnusableInput(f"{folder} {NO_IMAGE.format(', '.join(FOLDERS))}; {count_words(left_out) or 'it is empty'}")
    subject, session = subject_of(folder), session_of(sessions[0])
    person = participant(root, subject)
    frames: dict[tuple[str, ...], str] = {}
    images, notes = [], []
    for each in chosen:
        try:
            images.append(_image(each, root, person, frames))
        except UnusableInput as error:
            if len(chosen) == 1:
                raise
            notes.append(f"image {each.key} is not read: {error}")
    if not images:
        raise UnusableInput(f"{folder} holds no image that can be read: {'; '.join(notes)}")
    structure_set, missing = _structures(root, sessions[0], chosen, images[0])
    return Case(
        id="_".join(filter(None, [subject, session])),
        images=tuple(images),
        structure_set=structure_set,
        notes=tuple(filter(None, [*notes, *map(chosen_note, chosen), count_words(left_out)])),
        person=f"{subject} of {title_of(root)} in {root.resolve()}",
        missing_structures=missing,
        left_out=left_out,
    )


def _image(chosen: BidsImage, root: Path, person: Mapping[str, str], frames: dict[tuple[str, ...], str]) -> CaseImage:
    told = sidecar(chosen.path, chosen.name, root)
    modality = chosen.key.partition("_")[0]
    pixels, said = read_volume(chosen.path, f"image {chosen.key} ({chosen.path.name})")
    if pixels.GetNumberOfComponentsPerPixel() != 1:
        raise UnusableInput(f"{chosen.path.name} has several values a voxel; save it as one 3-D volume")
    scale = bids_pet_scale(told, person) if modality == PET else BidsPetScale(1.0, UNITS[modality])
    if scale.factor != 1.0:
        pixels = sitk.Cast(pixels, sitk.sitkFloat32) * scale.factor
    image = checked_image(
        CaseImage(
            key=chosen.key,
            modality=modality,
            image=pixels,
            unit=scale.unit,
            frame_of_reference_uid=_frame(modality, told, frames),
            notes=(*said, *scale.notes),
            sources=(chosen.path,),
            stored_form=StoredForm(factor=scale.factor),
            defaced_before=named_defacing(chosen.path) or told_defacing(told),
        )
    )
    warnings = suv_warnings(image.array(), scale.stated) if scale.unit == SUV else ()
    return replace(image, notes=(*image.notes, *warnings))


def _frame(modality: str, told: Mapping[str, Any], frames: dict[tuple[str, ...], str]) -> str:
    """Which images share a frame of reference: those of one machine in one session; MR without a sidecar are taken for such.

    A PET and a CT of one session are taken for one machine's unless their sidecars name two.
    """
    device = tuple(str(told.get(key, "")) for key in DEVICE)
    kind = "MR" if modality == MR else "PET/CT"
    return frames.setdefault((*device, "" if any(device) else kind), f"bids-{len(frames) + 1}")


def _structures(root: Path, folder: Path, chosen: tuple[BidsImage, ...], primary: CaseImage) -> tuple[StructureSet | None, str]:
    """The structures that derivatives hold of the first image, or none and the reason (``""`` if there are none)."""
    name = next(each.name for each in chosen if each.key == primary.key)
    try:
        found = labelled_masks(root, folder, name)
    except UnusableInput:
        return None, "masks in the data set's derivatives cannot be read"
    if not found:
        return None, ""
    structures = unique_names(found)
    frame = primary.frame_of_reference_uid
    return StructureSet(structures=structures, frame_of_reference_uid=frame, notes=structure_notes(structures)), ""
