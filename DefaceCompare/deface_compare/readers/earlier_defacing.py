"""What a scan's own header or file name says of an earlier defacing: archives publish defaced forms of head scans.

Marks that are looked for: DeidentificationMethod and the codes of DeidentificationMethodCodeSequence (PS3.15, code 113102; the
private code ``replace_recognizable`` of mri_reface), RecognizableVisualFeatures with PatientIdentityRemoved, descriptions and
private creators that name a defacer, file names as mri_reface, pydeface and BIDS make them (``_deFaced``, ``_defaced``,
``desc-defaced``, a ``_defacemask`` beside the image).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydicom.dataset import Dataset

from .dicom.copies import OURS
from .dicom.header import naming, value_of

CLEAN_VISUAL_FEATURES = "113102"
"""Clean Recognizable Visual Features Option (PS3.16, CID 7050)."""
CODE = ("CodeValue", "LongCodeValue", "CodingSchemeDesignator", "CodeMeaning")
"""What tells a code: a value of more than 16 characters is a long one (PS3.3 8.1)."""
TEXTS = (
    "DeidentificationMethod",
    "SeriesDescription",
    "ProtocolName",
    "DerivationDescription",
    "ImageComments",
    "ManufacturerModelName",
    "SoftwareVersions",
)
"""Attributes in which tools leave their name."""
DEFACER = re.compile(
    r"(?<![a-z])(?:de|re)-?fac(?:ed|ing|e|er)(?![a-z])|mri_reface|pydeface|mridefacer|petdeface|quickshear|curatai"
    r"|(?<![a-z])face(?:s)?[ _-]+(?:was |were )?(?:removed|masked|blurred|stripped)",
    re.IGNORECASE,
)
"""A defacer's name, or that a face was removed or replaced."""
DENIED = re.compile(
    r"(?<![a-z])(?:not|no|non|never|without|before|prior to|to be|for)[ _-]+(?:yet[ _-]+|been[ _-]+)*(?:de|re)-?fac",
    re.IGNORECASE,
)
"""Words that say the opposite."""
DEFACE_MASK = re.compile(r"_defacemask(?=\.|$)", re.IGNORECASE)
MODALITY_ENTITY = re.compile(r"_mod-([A-Za-z0-9]+)")
"""BIDS: of which image a mask is (``sub-01_mod-T1w_defacemask`` belongs to ``sub-01_T1w``)."""
CREATOR_ELEMENTS = range(0x10, 0x100)
"""Elements of an odd group that hold private creators (PS3.5 7.8.1)."""


def stated_defacing(path: Path, dataset: Dataset) -> str:
    """How a DICOM header says that its object was defaced; ``""`` if it does not.

    Parameters
    ----------
    path : Path
        The file, for the error's sentence.

    Raises
    ------
    UnusableInput
        If the header holds damaged values.
    """
    with naming(path):
        if any(text.startswith(OURS) for text in _texts(value_of(dataset, "DeidentificationMethod"))):
            return "DeidentificationMethod says so"
        for keyword in TEXTS:
            if any(_names_a_defacer(text) for text in _texts(value_of(dataset, keyword))):
                return f"{keyword} says so"
        for item in value_of(dataset, "DeidentificationMethodCodeSequence") or []:
            words = [str(item.get(keyword) or "") for keyword in CODE]
            if CLEAN_VISUAL_FEATURES in words or any("replace_recognizable" in each or _names_a_defacer(each) for each in words):
                return "DeidentificationMethodCodeSequence says so"
        if [str(value_of(dataset, each) or "") for each in ("RecognizableVisualFeatures", "PatientIdentityRemoved")] == [
            "NO",
            "YES",
        ]:
            return "RecognizableVisualFeatures is NO"
        if any(map(_names_a_defacer, _private_creators(dataset))):
            return "a private creator names a defacer"
    return ""


def told_defacing(told: Mapping[str, Any]) -> str:
    """How the JSON file of a BIDS image says that it was defaced; ``""`` if it does not."""
    for key in TEXTS:
        if any(text.startswith(OURS) or _names_a_defacer(text) for text in _texts(told.get(key))):
            return f"{key} says so"
    codes = told.get("DeidentificationMethodCodeSequence")
    for item in codes if isinstance(codes, list) else []:
        words = [str(value) for value in item.values()] if isinstance(item, dict) else []
        if CLEAN_VISUAL_FEATURES in words or any(map(_names_a_defacer, words)):
            return "DeidentificationMethodCodeSequence says so"
    return ""


def named_defacing(path: Path) -> str:
    """How a volume file's name says that it was defaced; ``""`` if it does not."""
    if DEFACE_MASK.search(path.name):
        return "it is a mask of a defacer by its name"
    if _names_a_defacer(path.name):
        return "its file's name says so"
    stem = path.name.split(".")[0].lower()
    masks = [each.name for each in path.parent.iterdir() if DEFACE_MASK.search(each.name)] if path.parent.is_dir() else []
    return "a _defacemask lies beside it" if any(_masked_by(mask) == stem for mask in masks) else ""


def _masked_by(mask: str) -> str:
    """The lower-case stem of the image that a BIDS mask belongs to."""
    before = DEFACE_MASK.split(mask)[0]
    modality = MODALITY_ENTITY.search(before)
    stem = MODALITY_ENTITY.sub("", before) + f"_{modality.group(1)}" if modality else before
    return stem.lower()


def _names_a_defacer(text: str) -> bool:
    return bool(DEFACER.search(text)) and not DENIED.search(text)


def _texts(value: object) -> list[str]:
    """The values of an attribute, one or several, as texts."""
    if value is None:
        return []
    return (
        [str(value)] if isinstance(value, str) else [str(each) for each in value] if hasattr(value, "__iter__") else [str(value)]
    )


def _private_creators(dataset: Dataset) -> Iterator[str]:
    for tag in dataset.keys():  # noqa: SIM118 (a data set's own iteration decodes every element)
        if tag.group % 2 and tag.element in CREATOR_ELEMENTS:
            yield str(dataset[tag].value)
