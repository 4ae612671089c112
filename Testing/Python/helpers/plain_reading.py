"""What a patient's files say to a reader that knows nothing but pydicom: values and contours, to hold another reader to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pydicom
import SimpleITK as sitk
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from deface_compare.case import Case
from deface_compare.structures.contours import stack_contours

MODALITIES = {"CT": "CT", "MR": "MR", "PT": "PET"}
RELATIVE, ABSOLUTE = 1e-5, 1e-3
"""Values are float32 after reading; volumes in cc."""


@dataclass
class Said:
    """What is known of a patient.

    Parameters
    ----------
    slices : mapping of modality to list of ndarray, shape (rows, columns)
        Values along the patient.
    dose : ndarray, optional
        Gy, shape (frames, rows, columns), from feet to head.
    volumes_cc : mapping of planned name to cc
    units, places, partners : mapping of str to str or tuple
        Units of images, where grids lie (mm), which files belong together.
    """

    slices: dict[str, list[NDArray[np.float64]]] = field(default_factory=dict)
    dose: NDArray[np.float64] | None = None
    volumes_cc: dict[str, float] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)
    places: dict[str, tuple[float, ...]] = field(default_factory=dict)
    partners: dict[str, tuple[str, ...]] = field(default_factory=dict)


def said_by_case(case: Case) -> Said:
    """What our reader made of it."""
    said = Said()
    for image in case.images:
        said.slices[image.modality] = list(image.array().astype(np.float64))
        said.units[image.modality] = image.unit
        said.places[image.modality] = _place(image.image)
        said.partners[image.modality] = tuple(sorted(path.name for path in image.sources))
    for structure in case.structure_set.structures if case.structure_set else ():
        if structure.contours and not structure.problem:
            said.volumes_cc[structure.name] = stack_contours(structure.contours).volume_cc
    if case.structure_set is not None:
        said.partners["structures"] = tuple(path.name for path in case.structure_set.sources)
    if case.dose is not None:
        said.dose = sitk.GetArrayFromImage(case.dose.image).astype(np.float64)
        said.units["dose"] = case.dose.unit
        said.places["dose"] = _place(case.dose.image)
        said.partners["dose"] = (*(path.name for path in case.dose.sources), f"{case.dose.prescription_gy}")
    return said


def _place(image: sitk.Image) -> tuple[float, ...]:
    return (*image.GetOrigin(), *image.GetSpacing(), *image.GetDirection())


def pet_factor(files: Sequence[Path], case: Said) -> float:
    """From what PET files state to the unit that our reader gives."""
    stated = [plane.max() for path in files for plane in said_by_file(path).slices.get("PET", [])]
    return float(max(plane.max() for plane in case.slices["PET"]) / max(stated)) if stated else 1.0


def said_by_file(path: Path, pet: float = 1.0) -> Said:
    """What one file says, as far as pydicom can read it: a slice, a dose or structures; `pet` is the factor of a PET."""
    said = Said()
    try:
        data = pydicom.dcmread(path, force=True)
        modality = str(data.get("Modality") or "")
        if modality in MODALITIES:
            slope, intercept = float(data.get("RescaleSlope", 1.0)), float(data.get("RescaleIntercept", 0.0))
            values = data.pixel_array.astype(np.float64) * slope + intercept
            said.slices[MODALITIES[modality]] = [values * (pet if modality == "PT" else 1.0)]
        elif modality == "RTDOSE":
            said.dose = data.pixel_array.astype(np.float64) * float(data.DoseGridScaling)
        elif modality == "RTSTRUCT":
            said.volumes_cc = _volumes(data)
    except Exception:  # a file that pydicom cannot read says nothing
        return Said()
    return said


def _volumes(data: Dataset) -> dict[str, float]:
    names = {roi.ROINumber: str(roi.ROIName) for roi in data.StructureSetROISequence}
    found = {}
    for item in data.ROIContourSequence:
        drawn = [np.array(each.ContourData, dtype=np.float64).reshape(-1, 3) for each in item.get("ContourSequence") or []]
        if drawn and item.ReferencedROINumber in names:
            found[names[item.ReferencedROINumber]] = stack_contours(tuple(drawn)).volume_cc
    return found


def differences(found: Said, intact: Said, own: Said) -> list[str]:
    """What our reader says that is neither the intact patient's nor what the damaged file itself plainly states."""
    wrong = [f"{what} of {name}" for what in ("units", "places", "partners") for name in _other(found, intact, what)]
    for modality, slices in intact.slices.items():
        if modality not in found.slices:
            wrong.append(f"image {modality} is gone")
        elif not _same_slices(found.slices[modality], slices, own.slices.get(modality, [])):
            wrong.append(f"values of {modality}")
    if intact.dose is not None and (found.dose is None or not any(_same(found.dose, each.dose) for each in (intact, own))):
        wrong.append("the dose")
    names = {*intact.volumes_cc, *found.volumes_cc}
    for name in sorted(names):
        volume = found.volumes_cc.get(name)
        allowed = [each.volumes_cc.get(name) for each in (intact, own) if each.volumes_cc]
        if not any(volume == each or _same(volume, each) for each in allowed):
            wrong.append(f"structure {name}: {volume} cc")
    return wrong


def _other(found: Said, intact: Said, what: str) -> list[str]:
    mine, theirs = getattr(found, what), getattr(intact, what)
    return [name for name in theirs if name in mine and not _alike(mine[name], theirs[name])]


def _alike(one: object, other: object) -> bool:
    if isinstance(one, tuple) and one and isinstance(one[0], float):
        return bool(np.allclose(one, other, atol=ABSOLUTE))
    return one == other


def _same_slices(found: Sequence[NDArray[np.float64]], intact: Sequence[NDArray[np.float64]], own: Sequence[object]) -> bool:
    """Whether all slices are the intact ones, but for one that is the damaged file's."""
    if len(found) != len(intact):
        return False
    other = [mine for mine, theirs in zip(found, intact, strict=True) if not _same(mine, theirs)]
    return not other or (len(other) == 1 and any(_same(other[0], each) for each in own))


def _same(one: object, other: object) -> bool:
    if one is None or other is None:
        return one is other
    first, second = np.asarray(one, dtype=np.float64), np.asarray(other, dtype=np.float64)
    return first.shape == second.shape and bool(np.allclose(first, second, rtol=RELATIVE, atol=ABSOLUTE))


def all_sentences(case: Case) -> set[str]:
    """All that a case says in words."""
    structures = case.structure_set.structures if case.structure_set else ()
    said = [*case.notes, case.missing_dose, case.missing_structures, *(note for image in case.images for note in image.notes)]
    said += [word for structure in structures for word in (*structure.notes, structure.problem)]
    said += list(case.structure_set.notes) if case.structure_set else []
    said += list(case.dose.notes) if case.dose else []
    return set(said) - {""}
