"""A stand-in for a site's own de-identification tool, run as a child process by the tests.

``stand_in_header_tool.py INPUT OUTPUT`` cleans every DICOM file below INPUT and writes it under a name of its own. The variable
BEHAVIOUR in its environment makes it misbehave, in one way each.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pydicom
from pydicom.dataset import Dataset
from pydicom.uid import UID

DAYS = 400
TEXTS = ("LO", "SH", "LT", "ST", "UT", "UC", "PN")
STAY = ("CodeValue", "CodingSchemeDesignator", "CodeMeaning", "DeidentificationMethod", "ROIName", "DoseComment", "RescaleType")
LABELS = {"StructureSetLabel": "STRUCTURES", "RTPlanLabel": "PLAN", "PatientName": "SUBJECT", "PatientID": "SUBJECT"}
STANDARD = "1.2.840.10008."


def new_uid(uid: str) -> str:
    """The same for the same."""
    return uid if uid.startswith(STANDARD) else "2.25." + str(int(sha256(uid.encode()).hexdigest()[:30], 16))


def clean(data: Dataset, element: pydicom.DataElement) -> None:
    """Clean one element."""
    keyword = element.keyword
    if element.VR == "UI" and element.value:
        element.value = [new_uid(each) for each in element.value] if element.VM > 1 else new_uid(element.value)
    elif element.VR in ("DA", "DT") and element.value:
        day = datetime.strptime(str(element.value)[:8], "%Y%m%d") - timedelta(days=DAYS)
        element.value = day.strftime("%Y%m%d") + str(element.value)[8:]
    elif element.VR in TEXTS and keyword not in STAY:
        element.value = LABELS.get(keyword, "")


def cleaned(path: Path) -> Dataset:
    """One object, clean."""
    data = pydicom.dcmread(path)
    data.walk(clean)
    data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID
    for name in ("DeidentificationMethod", "DeidentificationMethodCodeSequence", "DerivationDescription"):
        if os.environ.get("BEHAVIOUR") == "unmarks" and name in data:
            del data[name]
    return data


def _private_name(objects: list[Dataset]) -> None:
    objects[-1].private_block(0x0011, "SITE", create=True).add_new(0x01, "LO", "Secret^Person")


def _text_name(objects: list[Dataset]) -> None:
    objects[3].PatientComments = "seen with Mrs Secret"


def _pixel(objects: list[Dataset]) -> None:
    data = _of(objects, "CT")[2]
    data.PixelData = data.PixelData[:-2] + bytes([data.PixelData[-2] ^ 1]) + data.PixelData[-1:]


def _drop(objects: list[Dataset]) -> None:
    objects.remove(_of(objects, "CT")[1])


def _twice(objects: list[Dataset]) -> None:
    copy = pydicom.Dataset(_of(objects, "CT")[1])
    copy.file_meta, copy.SOPInstanceUID = objects[0].file_meta, UID(new_uid("another"))
    objects.append(copy)


def _same_uid(objects: list[Dataset]) -> None:
    one, other = _of(objects, "CT")[:2]
    one.SOPInstanceUID = other.SOPInstanceUID


def _dangling(objects: list[Dataset]) -> None:
    (plan,) = _of(objects, "RTPLAN")
    plan.ReferencedStructureSetSequence[0].ReferencedSOPInstanceUID = new_uid("nowhere")


def _frames(objects: list[Dataset]) -> None:
    for data in _of(objects, "CT")[::2]:
        data.FrameOfReferenceUID = new_uid("half")


def _moved(objects: list[Dataset]) -> None:
    for data in _of(objects, "CT"):
        data.ImagePositionPatient = [float(value) + 10.0 for value in data.ImagePositionPatient]


def _rescaled(objects: list[Dataset]) -> None:
    for data in _of(objects, "CT"):
        data.RescaleIntercept = float(data.RescaleIntercept) + 24.0


def _no_injection(objects: list[Dataset]) -> None:
    for data in _of(objects, "PT"):
        del data.RadiopharmaceuticalInformationSequence[0].RadiopharmaceuticalStartTime
        del data.RadiopharmaceuticalInformationSequence[0].RadiopharmaceuticalStartDateTime


def _another_weight(objects: list[Dataset]) -> None:
    for data in _of(objects, "PT"):
        data.PatientWeight = 2 * data.PatientWeight


def _swapped_names(objects: list[Dataset]) -> None:
    rois = {str(roi.ROIName): roi for roi in _of(objects, "RTSTRUCT")[0].StructureSetROISequence}
    rois["Brain"].ROIName, rois["GTV"].ROIName = "GTV", "Brain"


def _numbered(objects: list[Dataset]) -> None:
    for roi in _of(objects, "RTSTRUCT")[0].StructureSetROISequence:
        roi.ROIName = f"S{roi.ROINumber}"


def _contour(objects: list[Dataset]) -> None:
    contour = _of(objects, "RTSTRUCT")[0].ROIContourSequence[-1].ContourSequence[0]
    contour.ContourData = [float(contour.ContourData[0]) + 1.0, *contour.ContourData[1:]]


def _no_class(objects: list[Dataset]) -> None:
    for data in _of(objects, "CT")[:1]:
        data.SOPClassUID = "1.2.840.10008.5.1.4.1.1.7"


def _claims(objects: list[Dataset]) -> None:
    for data in objects:
        code = Dataset()
        code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = (
            "113100",
            "DCM",
            "Basic Application Confidentiality Profile",
        )
        data.DeidentificationMethodCodeSequence = [*(data.get("DeidentificationMethodCodeSequence") or []), code]
        data.DeidentificationMethod, data.PatientIdentityRemoved = "STAND-IN", "YES"
        data.RecognizableVisualFeatures = "NO"


WAYS: dict[str, Callable[[list[Dataset]], None]] = {
    "private name": _private_name,
    "name": _text_name,
    "pixel": _pixel,
    "drop": _drop,
    "twice": _twice,
    "same uid": _same_uid,
    "dangling": _dangling,
    "frames": _frames,
    "moved": _moved,
    "rescaled": _rescaled,
    "no injection": _no_injection,
    "another weight": _another_weight,
    "swapped names": _swapped_names,
    "numbered": _numbered,
    "contour": _contour,
    "another class": _no_class,
    "claims": _claims,
}


def _of(objects: list[Dataset], modality: str) -> list[Dataset]:
    return [data for data in objects if data.Modality == modality]


def main() -> int:
    """Clean a folder, or do what BEHAVIOUR says."""
    given, results = Path(sys.argv[1]), Path(sys.argv[-1])
    behaviour = os.environ.get("BEHAVIOUR", "good")
    files = sorted(path for path in given.rglob("*") if path.is_file())
    print(
        f"{len(files)} files of {pydicom.dcmread(files[0]).PatientName}; beside: {sorted(os.listdir(given.parent))}", flush=True
    )
    if behaviour == "exit code":
        return 7
    if behaviour == "hang":
        deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(120)"
        child = subprocess.Popen([sys.executable, "-c", deaf])
        Path(os.environ["CHILD_FILE"]).write_text(str(child.pid), encoding="ascii")
        time.sleep(120)
    objects = [cleaned(path) for path in files]
    if behaviour in WAYS:
        WAYS[behaviour](objects)
    if behaviour in ("into input", "input too"):
        for path in files:
            path.write_bytes(b"nothing")
    if behaviour == "in place":
        for path, data in zip(files, objects, strict=True):
            data.save_as(path)
    elif behaviour not in ("nothing", "into input"):
        for number, data in enumerate(objects):
            data.save_as(results / f"{number:04d} Secret Person")
    if behaviour == "table":
        (results / "key.csv").write_text("Secret^Person,SUBJECT\n", encoding="ascii")
    if behaviour == "garbage":
        (results / "0000 Secret Person").write_bytes(bytes(128) + b"DICM" + b"x" * 50)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
