"""What shared outputs say where a sentence names a patient's file or folder; the names stay in ``identifiable``."""

from __future__ import annotations

import csv
import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..case_report import CaseReport
from ..readers.files.case_json import CASE_FILE
from ..storage.atomic import written_csv
from ..words import DOSE_SENTENCE, SYNTHETIC_WARNING
from .folder import OutputFolder

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

COLUMNS = ("said", "name")
"""Of ``identifiable/file_names/<id>.csv``."""
NOUNS = {
    "RTDOSE": "dose file",
    "RTSTRUCT": "structure set",
    "SEG": "segmentation",
    "RTPLAN": "plan",
    "REG": "registration",
    "CT": "CT file",
    "MR": "MR file",
    "PT": "PET file",
}
"""What a file is called, by its DICOM modality."""
FILE, SUBFOLDER, IDENTITY, UID = "file", "a subfolder", "(identity)", "(UID)"
SAID_BEFORE = r"(?P<before>(?:\b(?:dose|structure set|segmentation|registration|plan|folder) )?)"
"""A noun that sentences put before a file's name; the neutral words bring their own."""
ORDINARY = frozenset(
    {
        *(
            "ct",
            "mr",
            "pt",
            "pet",
            "reg",
            "seg",
            "rtdose",
            "rtstruct",
            "rtplan",
            "dose",
            "doses",
            "plan",
            "plans",
            "image",
            "images",
        ),
        *("structures", "structure", "masks", "labels", "dicom", "dicomdir"),
    }
)
"""Names of files and folders that are words of ours, and lead to nobody."""
OWN_SENTENCES = re.compile(f"({'|'.join(map(re.escape, (SYNTHETIC_WARNING, DOSE_SENTENCE)))})")
"""Sentences that stay whole although a patient may be called like one of their words."""
UIDS = re.compile(r"\b[0-2]\.\d+(?:\.\d+){4,}\b")
IDENTIFYING = (
    "PatientName",
    "PatientID",
    "OtherPatientIDs",
    "OtherPatientNames",
    "PatientBirthName",
    "PatientMotherBirthName",
    "PatientBirthDate",
    "PatientAddress",
    "PatientTelephoneNumbers",
    "IssuerOfPatientID",
    "MilitaryRank",
    "AccessionNumber",
    "StudyID",
    "InstitutionName",
    "InstitutionAddress",
    "InstitutionalDepartmentName",
    "ReferringPhysicianName",
    "PhysiciansOfRecord",
    "PerformingPhysicianName",
    "NameOfPhysiciansReadingStudy",
    "RequestingPhysician",
    "OperatorsName",
    "ReviewerName",
    "StationName",
    "DeviceSerialNumber",
    "StudyDate",
    "SeriesDate",
    "AcquisitionDate",
    "ContentDate",
)
"""Attributes whose values no shared sentence may repeat (a choice of DICOM PS3.15 table E.1-1)."""
TELLING = ("Modality", *IDENTIFYING)
"""What of a header is asked here."""
SHORTEST_WORD, SHORTEST_NUMBER = 3, 5
"""Shorter values are found in any sentence: letters, and digits alone."""


class NeutralWords:
    """Replaces the names below one patient's folder, and values of identifying headers, in sentences.

    Parameters
    ----------
    folder : Path or None
        The patient's folder; None (a case that was made in memory) leaves all as it is.
    case_id : str
        What the case is called in shared outputs: it stays, and is said instead of the folder's name.
    """

    def __init__(self, folder: Path | None, case_id: str) -> None:
        self._folder, self._case_id = folder, case_id
        self.used: dict[str, str] = {}
        """Name by what was said instead of it."""

    def shared(self, text: str) -> str:
        """A sentence without names."""
        if self._folder is None or not text:
            return text
        parts = OWN_SENTENCES.split(text)  # ours at odd places
        return "".join(part if place % 2 else self._without_names(part) for place, part in enumerate(parts))

    def _without_names(self, text: str) -> str:
        met = sorted((name for name in {*self._files, *self._others} if name in text), key=lambda name: (-len(name), name))
        if met:  # the longest first, as whole words
            pattern = rf"{SAID_BEFORE}(?<![\w.^-])(?P<name>{'|'.join(map(re.escape, met))})(?![\w^-])"
            text = re.sub(pattern, self._said, text)
        return UIDS.sub(UID, text)

    def shared_values(self, value: Any) -> Any:
        """The same for all texts in nested lists and mappings (their keys stay)."""
        if isinstance(value, str):
            return self.shared(value)
        if isinstance(value, Mapping):
            return {key: self.shared_values(each) for key, each in value.items()}
        return [self.shared_values(each) for each in value] if isinstance(value, (list, tuple)) else value

    def shared_report(self, report: CaseReport) -> CaseReport:
        """A case's report without names."""
        known = {note: self.shared(note) for note in {row.note for row in report.measurements}}
        methods = {
            key: {field: each if field == "images" else self.shared_values(each) for field, each in told.items()}
            for key, told in report.methods.items()
        }
        return replace(
            report,
            measurements=tuple(
                row if known[row.note] == row.note else replace(row, note=known[row.note]) for row in report.measurements
            ),
            methods=methods,
            notes=tuple(self.shared(note) for note in report.notes),
            structures=_with_keys(self.shared, report.structures),
        )

    def take_over(self, out: Path) -> None:
        """Remember what the finished case says already, whose methods join this one."""
        path = OutputFolder(out).file_names(self._case_id)
        if path.is_file():
            with path.open(newline="", encoding="utf-8") as stream:
                for row in csv.DictReader(stream):
                    self.used.setdefault(row[COLUMNS[0]], row[COLUMNS[1]])

    def write(self, out: Path) -> None:
        """Write which name stands behind which words into the identifiable part; nothing if no name was met."""
        if self.used:
            folder = OutputFolder(out)
            path = folder.file_names(self._case_id)
            folder.make_private(path.parent)
            with written_csv(path) as table:
                table.writerow(COLUMNS)
                table.writerows(sorted(self.used.items()))

    def _said(self, match: re.Match[str]) -> str:
        name, before = match.group("name"), match.group("before")
        said = self._files_said[name] if name in self._files else self._others[name]
        if said != IDENTITY:
            self.used[said] = f"{self.used[said]}; {name}" if self.used.get(said, name) != name else name
        return said if before.strip() in said else before + said

    @cached_property
    def _found(self) -> list[Path]:
        """Every file below the folder, sorted; links are followed once."""
        assert self._folder is not None
        return sorted(_files_below(self._folder))

    @cached_property
    def _headers(self) -> Mapping[Path, Dataset]:
        """What each file's header tells of persons: a structure set names others than the scan beside it."""
        from ..readers.dicom.kept_scan import kept_attributes

        assert self._folder is not None
        known = kept_attributes(self._folder)
        return {path: known[path] if path in known else _header(path) for path in self._found}

    @cached_property
    def _files(self) -> Mapping[str, list[Path]]:
        """The files by their names and by their paths, as sentences may say them."""
        files: dict[str, list[Path]] = defaultdict(list)
        for path in self._found:
            if path.name not in (CASE_FILE, self._case_id) and ("." in path.name or not _is_ordinary(path.name)):
                files[path.name].append(path)
            for whole in {str(path), str(path.resolve())}:
                files[whole].append(path)
        return files

    @cached_property
    def _files_said(self) -> Mapping[str, str]:
        """What is said of each name: what kind of file, and the how many-th of its kind."""
        nouns = {path: NOUNS.get(str(header.get("Modality") or ""), FILE) for path, header in self._headers.items()}
        counts = Counter(nouns.values())
        number: Counter[str] = Counter()
        places = {}
        for path, noun in nouns.items():
            number[noun] += 1
            places[path] = number[noun]
        said = {}
        for name, paths in self._files.items():
            noun = nouns[paths[0]]
            which = " or ".join(str(places[path]) for path in dict.fromkeys(paths) if nouns[path] == noun)
            said[name] = f"{noun} {which} of {counts[noun]}"
        return said

    @cached_property
    def _others(self) -> Mapping[str, str]:
        """Folders, and values of identifying headers."""
        folder = self._folder
        assert folder is not None
        said: dict[str, str] = {}
        said |= dict.fromkeys(identifying_values(*self._headers.values()), IDENTITY)
        for path in dict.fromkeys(path.parent for path in self._found):
            here = path if path.is_relative_to(folder) else folder
            for part in here.relative_to(folder).parts:
                said |= {} if _is_ordinary(part) else {part: SUBFOLDER}
            said |= {str(path): SUBFOLDER, str(path.resolve()): SUBFOLDER}
        for own in (folder.name, folder.resolve().name):
            said |= {} if _is_ordinary(own) or not own else {own: self._case_id}
        said |= {str(folder): self._case_id, str(folder.resolve()): self._case_id}
        for word in (self._case_id, "", "."):
            said.pop(word, None)
        return said


def identifying_values(*headers: Dataset) -> set[str]:
    """The values of headers' identifying attributes, whole and in parts, as far as they could lead to somebody."""
    texts = {text for header in headers for text in _identifying_texts(header)}  # the slices of a scan say the same
    parts = {part.strip() for text in texts for part in (text, *re.split(r"[\^=\\]", text))}
    return {value for value in parts if value != "None" and _leads_to_somebody(value)}


def _identifying_texts(header: Dataset) -> Iterator[str]:
    from ..readers.dicom.header import value_of

    for keyword in IDENTIFYING:
        value = value_of(header, keyword)
        yield from [str(value)] if isinstance(value, str) or not isinstance(value, Sequence) else map(str, value)


def _leads_to_somebody(value: str) -> bool:
    return len(value) >= (SHORTEST_NUMBER if value.isdigit() else SHORTEST_WORD) and not _is_ordinary(value)


def _is_ordinary(name: str) -> bool:
    """Whether a name is a word of ours, a short number or a single Latin letter, which sentences hold anyway."""
    return (len(name) == 1 and name.isascii()) or re.sub(r"[ _-]?\d{0,4}$", "", name).casefold() in ORDINARY | {""}


def _header(path: Path) -> Dataset:
    """A file's header up to its pixels; an empty one of a file that is none."""
    import pydicom  # what only opens a panel need not wait for it

    from ..readers.dicom.dicom_file import read_file

    try:
        return read_file(path, stop_before_pixels=True, only=TELLING).data
    except Exception:  # pydicom raises many types on damaged and on other files: such a one is called a file
        return pydicom.Dataset()


def _files_below(folder: Path) -> Iterator[Path]:
    seen: set[str] = set()
    for place, below, names in os.walk(folder, followlinks=True):
        whole = os.path.realpath(place)
        if whole in seen:
            below.clear()
            continue
        seen.add(whole)
        yield from (Path(place) / name for name in names)


def _with_keys(shared: Any, value: Any) -> Any:
    """Nested values whose keys are sentences, too (reasons to names)."""
    if isinstance(value, str):
        return shared(value)
    if isinstance(value, Mapping):
        return {shared(key): _with_keys(shared, each) for key, each in value.items()}
    return [_with_keys(shared, each) for each in value] if isinstance(value, (list, tuple)) else value
