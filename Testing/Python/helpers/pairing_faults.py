"""Faults of who belongs to whom, and of what is there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pydicom
from pydicom.dataset import FileDataset
from pydicom.uid import ImplicitVRLittleEndian

from dicom_set import uid
from fault_patient import IMAGES, OBJECTS, Fault, changed, paths_of
from registration_file import rigid


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
