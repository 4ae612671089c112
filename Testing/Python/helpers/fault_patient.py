"""A patient of all eight kinds of DICOM objects, what must be right of it, and how a fault is put into one kind of them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pydicom
import SimpleITK as sitk
from pydicom.dataset import FileDataset

from deface_compare.case import Case
from deface_compare.errors import UnusableInput
from deface_compare.readers import read_case
from deface_compare.settings import Settings
from deface_compare.utility.baseline import ImageBaseline, RegionOnImage, utility_baseline
from dicom_set import head_hu, square, write_dose, write_plan, write_series, write_structures
from registration_file import rigid, write_registration
from seg_file import write_segmentation

IMAGES = ("CT", "MR", "PT")
OBJECTS = (*IMAGES, "RTSTRUCT", "RTDOSE", "RTPLAN", "REG", "SEG")
PLANES = (-24, -21, -18, -15)
FILES = {"RTSTRUCT": "rs.dcm", "RTDOSE": "rd.dcm", "RTPLAN": "rp.dcm", "REG": "reg.dcm", "SEG": "seg.dcm"}


def write_patient(folder: Path, *, segmentation: bool) -> None:
    """CT, MR in a frame of its own that a REG joins, PET, RTSTRUCT or SEG, RTPLAN and RTDOSE."""
    hu = head_hu((8, 16, 16))
    stored = (hu + 1100).astype(np.uint16)
    write_series(folder, hu)
    write_series(
        folder, stored, modality="MR", series="mr", frame="mr frame", extra={"SeriesDescription": "t1", "SeriesNumber": 4}
    )
    write_series(folder, stored, modality="PT", series="pt", extra={"Units": "GML", "SUVType": "BW", "SeriesNumber": 5})
    write_registration(folder / "reg.dcm", "frame", "mr frame", [rigid(5.0)])
    drawn = {"Brain": [("CLOSED_PLANAR", square(4, -6, z, 6)) for z in PLANES], "PTV": [("CLOSED_PLANAR", square(4, -6, -18, 3))]}
    if segmentation:
        inside = np.zeros((8, 16, 16), bool)
        inside[2:6, 4:10, 4:10] = True
        write_segmentation(folder / "seg.dcm", {"Brain": inside})
    else:
        write_structures(folder / "rs.dcm", drawn, extra={"StructureSetDate": "20250101"})
    write_plan(folder / "rp.dcm", 60.0, structures="rs.dcm", targets=[(2, 60.0)])
    z, y, x = np.mgrid[:6, :8, :8]
    write_dose(folder / "rd.dcm", (4000 + 100 * z + 10 * y + x).astype(np.uint16), [4.0 * k for k in range(6)])


def facts(case: Case) -> dict[str, object]:
    """What a case says that must be right: voxels, units and places, volumes, doses, prescriptions, who it is.

    Places are told on the CT's grid: whatever frame of reference all of them are moved to, they are the same.
    """
    found: dict[str, object] = {"person": case.person}
    ct = next((image for image in case.images if image.key == "CT"), None)
    for image in case.images:
        found[f"voxels of {image.key}"] = (hashlib.sha256(image.array().tobytes()).hexdigest(), image.unit)
        if ct is not None and image.frame_of_reference_uid == ct.frame_of_reference_uid:
            found[f"place of {image.key}"] = on_grid(ct.image, image.image)
    if case.dose is not None:
        found["dose"] = (hashlib.sha256(sitk.GetArrayViewFromImage(case.dose.image).tobytes()).hexdigest(), case.dose.unit)
        if ct is not None and case.dose.frame_of_reference_uid == ct.frame_of_reference_uid:
            found["place of the dose"] = on_grid(ct.image, case.dose.image)
        if case.dose.prescription_gy is not None:
            found["prescription"] = case.dose.prescription_gy
    known = utility_baseline(case, Settings()).images.get("CT")
    for name, region in (known.regions if isinstance(known, ImageBaseline) else {}).items():
        if isinstance(region, RegionOnImage):
            found[f"volume of {name}"] = round(region.volumes.planned_cc, 6)
    for structure in case.structure_set.structures if case.structure_set else ():
        if structure.prescription_gy is not None:
            found[f"prescription of {structure.standard_name}"] = structure.prescription_gy
    return found


def on_grid(ct: sitk.Image, image: sitk.Image) -> list[float]:
    """Where the first and the last voxel of an image lie on the CT's grid."""
    corners = ((0, 0, 0), tuple(size - 1 for size in image.GetSize()))
    places = [ct.TransformPhysicalPointToContinuousIndex(image.TransformIndexToPhysicalPoint(corner)) for corner in corners]
    return [round(value, 4) + 0.0 for place in places for value in place]


def sentences(case: Case) -> set[str]:
    """All that a case and its rows say in words."""
    structures = case.structure_set.structures if case.structure_set else ()
    said = [*case.notes, case.missing_dose, case.missing_structures, *(note for image in case.images for note in image.notes)]
    said += [word for structure in structures for word in (*structure.notes, structure.problem)]
    said += list(case.dose.notes) if case.dose else []
    baseline = utility_baseline(case, Settings())
    said += [reason for reason in (*baseline.images.values(), *baseline.dose.values()) if isinstance(reason, str)]
    return {*said, baseline.dose_reason} - {""}


def reading(folder: Path) -> tuple[dict[str, object], set[str]]:
    """Facts and sentences of a patient; of one who is refused no fact, and the reason."""
    try:
        case = read_case(folder)
    except UnusableInput as reason:
        return {}, {str(reason)}
    return facts(case), sentences(case)


def sentences_of(folder: Path) -> set[str]:
    """All that is said of a patient, usable or not."""
    return reading(folder)[1]


Change = Callable[[FileDataset], None]


def paths_of(folder: Path, kind: str) -> list[Path]:
    """The files of a kind."""
    if kind in IMAGES:
        return sorted(folder.glob(f"{kind.lower()}_*.dcm"))
    return [folder / FILES[kind]]


def changed(folder: Path, kind: str, change: Change, *, all_files: bool = True, to: str = "") -> None:
    """Change the files of a kind (images: all slices or one in the middle), in place or as further files."""
    paths = paths_of(folder, kind)
    for path in paths if all_files else [paths[len(paths) // 2]]:
        data = pydicom.dcmread(path)
        change(data)
        data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID
        place = folder / to / path.name
        place.parent.mkdir(exist_ok=True)
        data.save_as(place)


@dataclass(frozen=True)
class Fault:
    """A source of fault, the kinds of objects that it can befall, and where a changed fact is the right one.

    Parameters
    ----------
    right : mapping of kind to facts
        Facts that are right in spite of differing from the whole patient's.
    """

    apply: Callable[[Path, str], None]
    kinds: tuple[str, ...] = OBJECTS
    silent: tuple[str, ...] = ()
    """Kinds whose absence needs no word: what is not in the folder is no fault of a reading."""
    right: Mapping[str, Mapping[str, object]] | None = None
    harmless: bool = False
    """Whether nothing of the patient may be lost."""
