"""What may be sent: folders that ``share`` or ``export`` wrote and checked, as they were then."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pydicom

from ..errors import UnusableInput
from ..export.manifest import read_manifest, wrong_files
from ..readers.dicom.header import PYDICOM_ERRORS
from ..storage.own_output import MANIFEST, shared_manifest
from ..study.share_manifest import SHARED
from .archive import Series

KEYS = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "Modality")
NOTE = "headers_note"
"""The manifest's key of what the headers still tell."""


@dataclass(frozen=True)
class SendableCase:
    """A checked folder.

    Parameters
    ----------
    id : str
        Of the case, as its manifest has it.
    files : mapping of SOP instance UID to Path
    series : mapping of Series to its SOP instance UIDs
    """

    id: str
    files: Mapping[str, Path]
    series: Mapping[Series, frozenset[str]]


@dataclass(frozen=True)
class Sendable:
    """All that is to be sent, and why some is not; `note` is what the manifest says of the headers."""

    cases: tuple[SendableCase, ...]
    refused: Mapping[str, str] = field(default_factory=dict)
    note: str = ""


def find_sendable(folder: Path) -> Sendable:
    """The cases of a folder of ``share``, or the one of ``export``.

    Raises
    ------
    UnusableInput
        If it is neither, or ``share`` did not come to its end.
    """
    if not folder.is_dir():
        raise UnusableInput(f"{folder} is no folder; give one that `share` or `export` wrote")
    told = shared_manifest(folder)
    if told is None:
        single = read_manifest(folder)
        if single is None:
            raise UnusableInput(
                f"{folder} has no {MANIFEST} of `share` or `export`; only folders that they wrote and checked are sent"
            )
        folders = {str(single.get("case")): folder}
        note = next((str(each) for each in reversed(single.get("notes") or ()) if "eader" in str(each)), "")
    else:
        if told.get("complete") is not True:
            raise UnusableInput(f"{folder} is not complete: give the command `share` again first")
        ids = [str(each["id"]) for each in told["cases"] if each.get("status") == SHARED]
        if any(Path(case).name != case or case == ".." for case in ids):
            raise UnusableInput(f"{folder / MANIFEST} names a case that is no folder beside it: it is not what `share` wrote")
        folders = {case: folder / case for case in ids}
        note = str(told.get(NOTE, ""))
    cases: list[SendableCase] = []
    refused: dict[str, str] = {}
    for case, place in folders.items():
        reason = why_not_sent(place)
        if reason:
            refused[case] = reason
        else:
            cases.append(_case(case, place))
    if not folders:
        raise UnusableInput(f"{folder} holds no shared case")
    return Sendable(tuple(cases), refused, note)


def why_not_sent(folder: Path) -> str:
    """Why a case's folder is not what was checked; ``""`` if it is."""
    told = read_manifest(folder)
    if told is None:
        return f"has no {MANIFEST} of an export"
    if not told.get("verified") or not told["files"]:
        return "its manifest tells of no check"
    wrong = wrong_files(folder)
    if wrong:
        return f"{len(wrong)} files are missing, changed or not in its {MANIFEST}: what was checked is not what lies there"
    return ""


def _case(case: str, folder: Path) -> SendableCase:
    told = read_manifest(folder)
    assert told is not None
    files: dict[str, Path] = {}
    series: dict[Series, set[str]] = {}
    for name in sorted(told["files"]):
        path = folder / name
        try:
            head = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=list(KEYS))
            study, series_uid, uid, modality = (str(head[key].value) for key in KEYS)
        except PYDICOM_ERRORS as error:
            raise UnusableInput(f"{path} cannot be read as DICOM; share {case} again") from error
        files[uid] = path
        series.setdefault(Series(study, series_uid, modality), set()).add(uid)
    return SendableCase(case, files, {each: frozenset(uids) for each, uids in series.items()})
