"""The marks of a defaced object: which tool did what, and what was not done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from .. import __version__
from ..writers.dicom_study import code, reference

CLEAN_VISUAL_FEATURES = ("113102", "DCM", "Clean Recognizable Visual Features Option")
"""De-identification method code (PS3.15 annex E, CID 7050)."""
SOURCE_IMAGE_PURPOSE = ("121322", "DCM", "Source image for image processing operation")
LONGEST_LO = 64
"""Characters of one value of the VR LO."""
NO = "NO"


@dataclass(frozen=True)
class Marks:
    """What the export says of itself in every object.

    Parameters
    ----------
    lines : tuple of str
        DeidentificationMethod: tool and version, method, parameters; each at most 64 characters.
    """

    lines: tuple[str, ...]

    def on_object(self, data: Dataset) -> None:
        """Mark an object of the set (all alike: DICOM has these marks describe the patient); other tools' marks stay."""
        earlier = data.get("DeidentificationMethod") or []
        known = [str(earlier)] if isinstance(earlier, str) else [str(each) for each in earlier]
        data.DeidentificationMethod = [*(each for each in known if each not in self.lines), *self.lines]
        codes = [item for item in data.get("DeidentificationMethodCodeSequence") or [] if not _is_ours(item)]
        data.DeidentificationMethodCodeSequence = Sequence([*codes, code(*CLEAN_VISUAL_FEATURES)])

    def on_image(self, data: Dataset, passed: bool) -> None:
        """Mark a defaced slice: derived, from which image, and whether recognisable features are known to be gone."""
        kinds = [str(value) for value in data.get("ImageType") or ["ORIGINAL", "PRIMARY"]]
        data.ImageType = ["DERIVED", *(kinds[1:] or ["PRIMARY"])]
        data.DerivationDescription = "; ".join(self.lines)[:1024]
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


def _is_ours(item: Dataset) -> bool:
    return str(item.get("CodeValue") or "") == CLEAN_VISUAL_FEATURES[0]
