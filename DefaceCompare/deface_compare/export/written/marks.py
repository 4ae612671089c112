"""The marks of a defaced object: which tool did what, and what was not done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Any

from pydicom import dcmwrite
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import UID, ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from ...storage.atomic import write_bytes
from ...version import __version__
from ...writers.study import IMPLEMENTATION_UID, code, reference

CLEAN_VISUAL_FEATURES = ("113102", "DCM", "Clean Recognizable Visual Features Option")
"""De-identification method code (PS3.15 annex E, CID 7050)."""

RETAIN_SAFE_PRIVATE = ("113111", "DCM", "Retain Safe Private Option")
"""Of an object that keeps private elements which are known to hold numbers only."""

SOURCE_IMAGE_PURPOSE = ("121322", "DCM", "Source image for image processing operation")

LONGEST_LO = 64
"""Characters of one value of the VR LO."""

NO = "NO"

GENERAL = (
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "StudyDate",
    "StudyTime",
    "ReferringPhysicianName",
    "StudyID",
    "AccessionNumber",
    "SeriesNumber",
    "InstanceNumber",
    "PositionReferenceIndicator",
    "Manufacturer",
)
"""Attributes of type 2 (they may be empty, not absent) of the patient, study, series, frame and equipment modules of PS3.3."""

OF_MODALITY = {"CT": ("KVP", "AcquisitionNumber"), "MR": ("RepetitionTime", "EchoTime", "EchoTrainLength"), "PT": ()}
"""Those of the image modules."""

THIRD_IMAGE_TYPE = {"CT": "AXIAL", "MR": "OTHER"}
"""Third value of ImageType where these modalities have to have one; no localiser gets this far."""


@dataclass(frozen=True)
class Marks:
    """What the export says of itself in every object.

    Parameters
    ----------
    lines : tuple of str
        DeidentificationMethod: tool and version, method, parameters; each at most 64 characters.
    codes : tuple of codes
        What else was done than to the face: the profile and options by which headers were cleaned.
    identity_removed : bool
        Whether nothing is left that names or shows the patient, as far as it was checked.
    """

    lines: tuple[str, ...]
    codes: tuple[tuple[str, str, str], ...] = ()
    identity_removed: bool = False

    @property
    def description(self) -> str:
        """All of it in one text, for images."""
        return "; ".join(self.lines)[:1024]

    def on_object(self, data: Dataset) -> None:
        """Mark an object of the set (all alike: DICOM has these marks describe the patient); other tools' marks stay."""
        earlier = data.get("DeidentificationMethod") or []
        known = [str(earlier)] if isinstance(earlier, str) else [str(each) for each in earlier]
        data.DeidentificationMethod = [*(each for each in known if each not in self.lines), *self.lines]
        private = (RETAIN_SAFE_PRIVATE,) if self.codes and any(tag.is_private for tag in data.keys()) else ()  # noqa: SIM118
        ours = (CLEAN_VISUAL_FEATURES, *self.codes, *private)
        values = {value for value, _, _ in ours}
        codes = [i for i in data.get("DeidentificationMethodCodeSequence") or [] if str(i.get("CodeValue") or "") not in values]
        data.DeidentificationMethodCodeSequence = Sequence([*codes, *(code(*each) for each in ours)])
        if self.identity_removed and str(data.get("BurnedInAnnotation") or "NO") == "NO":
            data.PatientIdentityRemoved = "YES"
        elif self.codes and "PatientIdentityRemoved" in data:
            del data.PatientIdentityRemoved

    def put_back(self, data: Dataset) -> None:
        """Mark an object that another program gave back: its own marks stay; that nobody is named must be said by both."""
        claimed = str(data.get("PatientIdentityRemoved") or "") == "YES"
        if "PatientIdentityRemoved" in data:
            del data.PatientIdentityRemoved
        replace(self, identity_removed=self.identity_removed and claimed).on_object(data)

    def put_back_on_image(self, data: Dataset, passed: bool) -> None:
        """The marks of a defaced slice which another program may have taken away."""
        kinds = [str(value) for value in data.get("ImageType") or ["DERIVED", "PRIMARY"]]
        data.ImageType = ["DERIVED", *kinds[1:]]
        data.DerivationDescription = data.get("DerivationDescription") or self.description
        recognisable(data, passed)

    def on_image(self, data: Dataset, passed: bool) -> None:
        """Mark a defaced slice: derived, from which image, and whether recognisable features are known to be gone."""
        kinds = [str(value) for value in data.get("ImageType") or ["ORIGINAL", "PRIMARY"]]
        data.ImageType = ["DERIVED", *(kinds[1:] or ["PRIMARY"])]
        data.DerivationDescription = self.description
        source = reference(str(data.SOPClassUID), str(data.SOPInstanceUID))
        source.PurposeOfReferenceCodeSequence = Sequence([code(*SOURCE_IMAGE_PURPOSE)])
        data.SourceImageSequence = Sequence([source])
        recognisable(data, passed)


def recognisable(data: Dataset, passed: bool) -> None:
    """(0028,0302): NO only after a passed privacy check, else the attribute is left out (also where the source had it)."""
    if passed:
        data.RecognizableVisualFeatures = NO
    elif "RecognizableVisualFeatures" in data:
        del data.RecognizableVisualFeatures


def marks_of(method: str, told: Mapping[str, Any], dose_policy: str, fill: str, protect: str) -> Marks:
    """The marks of one method's result.

    Parameters
    ----------
    told : mapping
        The method's entry in ``case_report.json``.
    """
    name = f"{method} {told['variant']}" if told.get("variant") else method
    lines = [f"DefaceCompare {__version__}", f"defacing method {name}", f"fill={fill} protect={protect} dose={dose_policy}"]
    for image, parameters in (told.get("parameters") or {}).items():
        lines += [f"{image}: {key}={_short(value)}" for key, value in parameters.items()]
    return Marks(tuple(_plain(line)[:LONGEST_LO].rstrip() for line in lines))


def _short(value: object) -> str:
    """A parameter in few characters."""
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, (list, tuple)):
        return ",".join(_short(each) for each in value)
    return str(value)


def _plain(line: str) -> str:
    r"""Characters that every character set has; a backslash would begin another value."""
    return line.replace("\\", "/").encode("ascii", "replace").decode("ascii")


def complete_image(data: Dataset, frame_uid: str) -> list[str]:
    """Add, in place, what an image has to have; return the names of what was added.

    Parameters
    ----------
    frame_uid : str
        The frame of reference of a series that states none.
    """
    modality = str(data.get("Modality") or "")
    added = [keyword for keyword in (*GENERAL, *OF_MODALITY.get(modality, ())) if keyword not in data]
    for keyword in added:
        setattr(data, keyword, None)
    if not data.get("FrameOfReferenceUID"):
        data.FrameOfReferenceUID = frame_uid
        added.append("FrameOfReferenceUID")
    if "Laterality" not in data and "BodyPartExamined" not in data:
        data.Laterality = ""
        added.append("Laterality")
    kinds = list(data.ImageType)
    if modality in THIRD_IMAGE_TYPE and len(kinds) < 3:
        data.ImageType = [*kinds, *(["PRIMARY"] * (2 - len(kinds))), THIRD_IMAGE_TYPE[modality]]
        added.append("ImageType")
    return added


def write_object(data: Dataset, path: Path, *, plain: bool = False) -> None:
    """Write an object under a temporary name and rename it.

    Parameters
    ----------
    plain : bool
        Explicit VR little endian whatever the source was (pixels were edited). Else the source's syntax stays, so that what was
        not touched stays byte for byte; big endian, retired, becomes little endian.
    """
    syntax = UID(str(data.file_meta.get("TransferSyntaxUID") or ImplicitVRLittleEndian))
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = UID(str(data.SOPClassUID))
    meta.MediaStorageSOPInstanceUID = UID(str(data.SOPInstanceUID))
    meta.TransferSyntaxUID = ExplicitVRLittleEndian if plain or syntax == ExplicitVRBigEndian else syntax
    meta.ImplementationClassUID = IMPLEMENTATION_UID
    content = BytesIO()
    data.file_meta, data.preamble = meta, bytes(128)
    dcmwrite(content, data, enforce_file_format=True)  # save_as would refuse to turn big endian round
    path.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(path, content.getvalue())
