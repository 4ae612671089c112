"""Sources of fault against kinds of objects: in each cell every value is right, or it is missing and a sentence says why.

A patient of all eight kinds is read whole; the facts of that reading are the truth. Then one fault is put into one kind of object
and the patient is read again. A fact that differs from the truth fails the cell: nothing may be wrong in silence.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from pydicom.dataset import FileDataset
from pydicom.uid import ImplicitVRLittleEndian

from deface_compare.case import Case
from deface_compare.errors import UnusableInput
from deface_compare.readers import read_case
from deface_compare.settings import Settings
from deface_compare.utility.baseline import ImageBaseline, RegionOnImage, utility_baseline
from dicom_set import head_hu, square, uid, write_dose, write_plan, write_series, write_structures
from registration_file import rigid, write_registration
from seg_file import write_segmentation

IMAGES = ("CT", "MR", "PT")
OBJECTS = (*IMAGES, "RTSTRUCT", "RTDOSE", "RTPLAN", "REG", "SEG")
PLANES = (-24, -21, -18, -15)
FILES = {"RTSTRUCT": "rs.dcm", "RTDOSE": "rd.dcm", "RTPLAN": "rp.dcm", "REG": "reg.dcm", "SEG": "seg.dcm"}
SAID_OF_NOBODY = ("Secret", "Person", "Other^", "Jones")
"""No sentence holds a name of a patient."""


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


Change = Callable[[FileDataset], None]


def paths_of(folder: Path, kind: str) -> list[Path]:
    """The files of a kind."""
    if kind in IMAGES:
        return sorted(folder.glob(f"{kind.lower()}_*.dcm"))
    return [folder / FILES[kind]]


def changed(folder: Path, kind: str, change: Change, *, all_files: bool = True, to: str = "") -> None:
    """Change the files of a kind (images: all slices or one), in place or as further files."""
    for path in paths_of(folder, kind)[: None if all_files else 1]:
        data = pydicom.dcmread(path)
        change(data)
        data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID
        place = folder / to / path.name
        place.parent.mkdir(exist_ok=True)
        data.save_as(place)


def other_content(data: FileDataset) -> None:
    """What makes an object another one, of each kind."""
    if data.Modality in IMAGES:
        data.PixelData = data.PixelData[::-1]
    elif data.Modality == "RTDOSE":
        data.DoseGridScaling = float(data.DoseGridScaling) / 2
    elif data.Modality == "RTSTRUCT":
        for contour in data.ROIContourSequence[0].ContourSequence:
            contour.ContourData = [float(value) * (0.5 if k % 3 != 2 else 1) for k, value in enumerate(contour.ContourData)]
    elif data.Modality == "RTPLAN":
        data.DoseReferenceSequence[0].TargetPrescriptionDose = 30.0
    elif data.Modality == "REG":
        item = data.RegistrationSequence[1].MatrixRegistrationSequence[0].MatrixSequence[0]
        item.FrameOfReferenceTransformationMatrix = [f"{value:.6f}" for value in rigid(12.0).ravel()]
    else:
        data.PixelData = bytes(len(data.PixelData))


def renamed(data: FileDataset, word: str) -> None:
    """Another object's UIDs."""
    data.SOPInstanceUID = uid(f"{word} {data.SOPInstanceUID}")
    data.SeriesInstanceUID = uid(f"{word} {data.SeriesInstanceUID if 'SeriesInstanceUID' in data else ''}")


def twin(folder: Path, kind: str) -> None:
    changed(folder, kind, other_content, all_files=False, to="a twin")


def copy(folder: Path, kind: str) -> None:
    """The same object in another transfer syntax."""
    for path in paths_of(folder, kind):
        data = pydicom.dcmread(path)
        data.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
        (folder / "a copy").mkdir(exist_ok=True)
        pydicom.dcmwrite(folder / "a copy" / path.name, data, implicit_vr=True, little_endian=True, force_encoding=True)


def whose(**values: str) -> Callable[[Path, str], None]:
    def apply(folder: Path, kind: str) -> None:
        changed(folder, kind, lambda data: [setattr(data, keyword, value) for keyword, value in values.items()] and None)

    return apply


def other_frame(folder: Path, kind: str) -> None:
    def change(data: FileDataset) -> None:
        data.FrameOfReferenceUID = uid("far away")
        for item in (*data.get("StructureSetROISequence", []), *data.get("ReferencedFrameOfReferenceSequence", [])):
            keyword = "FrameOfReferenceUID" if "FrameOfReferenceUID" in item else "ReferencedFrameOfReferenceUID"
            setattr(item, keyword, uid("far away"))

    changed(folder, kind, change)


def truncated(folder: Path, kind: str) -> None:
    path = paths_of(folder, kind)[0]
    path.write_bytes(path.read_bytes()[:-30])


def absent(folder: Path, kind: str) -> None:
    for path in paths_of(folder, kind):
        path.unlink()


def one_slice_absent(folder: Path, kind: str) -> None:
    paths_of(folder, kind)[len(paths_of(folder, kind)) // 2].unlink()


def our_defaced_copy(folder: Path, kind: str) -> None:
    def change(data: FileDataset) -> None:
        other_content(data)
        renamed(data, "defaced")
        data.DeidentificationMethod = ["DefaceCompare 0.6.0"]

    changed(folder, kind, change, to="an export")


def rival(folder: Path, kind: str) -> None:
    """A newer object of the kind that no other object refers to."""

    def change(data: FileDataset) -> None:
        other_content(data)
        renamed(data, "rival")
        data.SeriesNumber = 99
        for keyword in ("SeriesDate", "StructureSetDate", "ContentDate"):
            if keyword in data:
                setattr(data, keyword, "20240101" if kind == "REG" else "20991231")

    changed(folder, kind, change, to="a rival")


def lost_references(folder: Path, kind: str) -> None:
    """References to objects that are not here."""

    def change(data: FileDataset) -> None:
        for element in data.iterall():
            if element.keyword in ("ReferencedSOPInstanceUID", "SeriesInstanceUID") and element.value != data.get(
                "SeriesInstanceUID"
            ):
                element.value = uid("lost " + str(element.value))

    changed(folder, kind, change)


def empty(folder: Path, kind: str) -> None:
    """Nothing in it that it is there for."""

    def change(data: FileDataset) -> None:
        for keyword in (
            "ROIContourSequence",
            "DoseReferenceSequence",
            "FractionGroupSequence",
            "RegistrationSequence",
            "SegmentSequence",
            "PixelData",
        ):
            if keyword in data:
                del data[keyword]

    changed(folder, kind, change)


def uid_of_a_slice(folder: Path, kind: str) -> None:
    """The SOPInstanceUID of the first CT slice, in an object of another kind (a CT: of the next slice)."""
    first, second = paths_of(folder, "CT")[:2]
    wanted = pydicom.dcmread(second if kind == "CT" else first).SOPInstanceUID
    changed(folder, kind, lambda data: setattr(data, "SOPInstanceUID", wanted), all_files=False)


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


PAIRING_FAULTS: dict[str, Fault] = {
    "a twin of other content": Fault(twin),
    "a copy in another transfer syntax": Fault(copy),
    "another person without an ID": Fault(whose(PatientID="ANON", PatientName="Jones^Other", PatientBirthDate="19500101")),
    "another PatientID": Fault(whose(PatientID="ID-8")),
    "another issuer": Fault(whose(IssuerOfPatientID="Elsewhere", PatientName="")),
    "no patient": Fault(whose(PatientID="", PatientName="")),
    "another name": Fault(whose(PatientName="Jones^Other")),
    "another frame of reference": Fault(other_frame),
    "truncated": Fault(truncated),
    "absent": Fault(absent, silent=OBJECTS),
    "a slice absent": Fault(one_slice_absent, IMAGES),
    "our defaced copy beside it": Fault(our_defaced_copy),
    "a newer rival": Fault(rival),
    "references to nothing": Fault(lost_references, ("RTSTRUCT", "RTDOSE", "RTPLAN", "REG", "SEG")),
    "empty": Fault(empty),
    "the UID of a slice": Fault(uid_of_a_slice),
}
"""Faults of who belongs to whom, and of what is there."""

VALUE_FAULTS: dict[str, Fault] = {}
"""Faults of pixels, slopes, units and places."""

FAULTS = PAIRING_FAULTS | VALUE_FAULTS
CELLS = [(name, kind) for name, fault in FAULTS.items() for kind in fault.kinds]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[bool, Path]:
    """The patient with a structure set, and with a segmentation."""
    folders = {segmentation: tmp_path_factory.mktemp("whole") / "patient" for segmentation in (False, True)}
    for segmentation, folder in folders.items():
        write_patient(folder, segmentation=segmentation)
    return folders


@pytest.fixture(scope="module")
def truth(whole: dict[bool, Path]) -> dict[bool, tuple[dict[str, object], set[str]]]:
    return {segmentation: reading(folder) for segmentation, folder in whole.items()}


def test_the_whole_patient_has_all_facts(truth: dict[bool, tuple[dict[str, object], set[str]]]) -> None:
    images = {f"{what} of {key}" for what in ("voxels", "place") for key in ("CT", "MR_T1", "PET")}
    known = images | {"person", "dose", "place of the dose", "prescription", "volume of Brain"}
    assert set(truth[False][0]) == known | {"volume of PTV", "prescription of PTV"}
    assert set(truth[True][0]) == known
    assert truth[False][0]["volume of Brain"] == pytest.approx(12 * 12 * 12 / 1000)
    assert truth[False][0]["prescription of PTV"] == 60.0


@pytest.mark.parametrize(("name", "kind"), CELLS, ids=[f"{kind}: {name}" for name, kind in CELLS])
def test_every_value_is_right_or_a_sentence_says_why_not(
    name: str, kind: str, whole: dict[bool, Path], truth: dict[bool, tuple[dict[str, object], set[str]]], tmp_path: Path
) -> None:
    fault = FAULTS[name]
    folder = tmp_path / "patient"
    shutil.copytree(whole[kind == "SEG"], folder)
    fault.apply(folder, kind)
    known, said_before = truth[kind == "SEG"]
    found, said = reading(folder)
    assert all(sentence and "\n" not in sentence for sentence in said)
    assert not any(word in sentence for word in SAID_OF_NOBODY for sentence in said)
    expected = {**known, **(fault.right or {}).get(kind, {})}
    wrong = {fact: (found[fact], expected[fact]) for fact in expected if fact in found and found[fact] != expected[fact]}
    assert not wrong, said
    lost = sorted(set(expected) - set(found))
    assert not lost or said - said_before or kind in fault.silent, lost
