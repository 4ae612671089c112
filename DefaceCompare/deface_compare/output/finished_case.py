"""A finished case with its source: the patient as read again, and the patches that one method made."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from glob import escape
from pathlib import Path
from typing import Any

import SimpleITK as sitk

from .. import __version__
from ..case import Case
from ..case_report import image_hash, input_hashes
from ..errors import UnusableInput
from ..geometry.boxes import Patch
from ..measurement import OK, Measurement, read_measurements
from ..readers import read_case
from ..readers.choices import ReadingChoices
from ..readers.files.case_json import CASE_FILE
from ..settings import KEEP, Settings, Tolerances
from .kept_edit import DOSE, kept_dose_patch, kept_sources

REPORT, ROWS = "case_report.json", "measurements.csv"


@dataclass(frozen=True)
class FinishedCase:
    """One method's result on one finished case, and the DICOM files it came from.

    Parameters
    ----------
    out : Path
        The output folder that holds the case.
    report : mapping
        ``case_report.json``.
    source : Path
        The patient's folder.
    case : Case
        Read again from there; its voxels are those that were compared (by hash).
    patches : mapping of image key to Patch
    dose_patch : Patch or None
        None where the dose stays as it is, or there is none.
    measurements : tuple of Measurement
        The rows of this method.
    """

    out: Path
    id: str
    method: str
    report: Mapping[str, Any]
    source: Path
    choices: ReadingChoices
    case: Case
    patches: Mapping[str, Patch]
    dose_patch: Patch | None
    measurements: tuple[Measurement, ...]

    @property
    def told(self) -> Mapping[str, Any]:
        """What ``case_report.json`` says about the method."""
        entry: Mapping[str, Any] = self.report["methods"][self.method]
        return entry

    @property
    def settings(self) -> Settings:
        """The settings the case was compared with."""
        return _settings(self.report)


def open_finished_case(folder: Path, method: str, dose_policy: str) -> FinishedCase:
    """Open ``OUT/cases/<id>`` and read its patient again.

    Raises
    ------
    UnusableInput
        If the folder is no finished case, the method did not deface its primary image, or the source is gone or changed.
    """
    report = _report(folder)
    case_id, out = str(report["case"]), folder.resolve().parents[1]
    told = report["methods"].get(method)
    if told is None:
        raise UnusableInput(f"case {case_id} was not compared with {method}, but with {', '.join(report['methods'])}")
    if told["status"] != OK:
        raise UnusableInput(f"{method} did not deface case {case_id}: {told['note']}")
    sources = kept_sources(out, case_id)
    source, choices = _source_folder(out, case_id, sources), _choices(out, case_id, sources)
    case = read_case(source, case_id, choices)
    if input_hashes(case) != report["inputs"]:
        raise UnusableInput(f"the patient behind case {case_id} has changed since it was compared; compare it again")
    if (source / CASE_FILE).is_file():
        raise UnusableInput(f"case {case_id} was read from image files; export writes DICOM RT and needs DICOM to begin with")
    dose_patch = None if case.dose is None or dose_policy == KEEP else kept_dose_patch(out, case_id, method, dose_policy)
    if not (folder / ROWS).is_file():
        raise UnusableInput(f"{folder / ROWS} is missing; compare case {case_id} again")
    rows = tuple(row for row in read_measurements(folder / ROWS) if row.method == method)
    patches = {key: _patch(out, entry, key) for key, entry in told["images"].items()}
    return FinishedCase(out, case_id, method, report, source, choices, case, patches, dose_patch, rows)


def _settings(report: Mapping[str, Any]) -> Settings:
    stored = dict(report["settings"])
    return Settings(**{**stored, "tolerances": Tolerances(**stored["tolerances"])})


def read_again(out: Path, case_id: str) -> Case:
    """The patient behind a finished case, read from the same files in the same way.

    Raises
    ------
    UnusableInput
        If the source is gone or has changed.
    """
    report, sources = _report(out / "cases" / case_id), kept_sources(out, case_id)
    case = read_case(_source_folder(out, case_id, sources), case_id, _choices(out, case_id, sources))
    if input_hashes(case) != report["inputs"]:
        raise UnusableInput(f"the patient behind case {case_id} has changed since it was compared; compare it again")
    return case


def _report(folder: Path) -> dict[str, Any]:
    path = folder / REPORT
    if not path.is_file():
        raise UnusableInput(f"{folder} is no finished case: it holds no {REPORT}; give OUT/cases/<id>")
    try:
        report: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        missing = [key for key in ("case", "methods", "inputs", "settings") if key not in report]
    except (ValueError, TypeError) as error:
        raise UnusableInput(f"{path} is damaged ({error}); compare the case again") from error
    if missing:
        raise UnusableInput(f"{path} is damaged (no {missing[0]}); compare the case again")
    if report.get("version") != __version__:
        raise UnusableInput(f"{path} is of another version of DefaceCompare ({report.get('version')}); compare the case again")
    try:
        _settings(report)
    except (TypeError, ValueError, KeyError) as error:
        raise UnusableInput(f"{path} is damaged (its settings: {error}); compare the case again") from error
    return report


def _source_folder(out: Path, case_id: str, sources: Mapping[str, tuple[Path, ...]]) -> Path:
    """The patient's folder: as the key says, else what its files have in common."""
    key = out / "identifiable" / "key.csv"
    if key.is_file():
        with key.open(newline="", encoding="utf-8") as stream:
            found = [row["source"] for row in csv.DictReader(stream) if row["case"] == case_id and row["source"]]
        if found and Path(found[0]).is_dir():
            return Path(found[0])
    files = [path for paths in sources.values() for path in paths]
    lost = next((path for path in files if not path.is_file()), None)
    if lost is not None or not files:
        raise UnusableInput(f"the source of case {case_id} is no longer where it was ({lost or 'no file is known'})")
    return Path(os.path.commonpath([path.parent for path in files]))


def _choices(out: Path, case_id: str, sources: Mapping[str, tuple[Path, ...]]) -> ReadingChoices:
    """How the patient was read: the same dose file, the same table of names."""
    remembered = out / "identifiable" / "finished" / f"{case_id}.json"
    kept = json.loads(remembered.read_text(encoding="utf-8")).get("names", "") if remembered.is_file() else ""
    if kept and not Path(kept).is_file():
        raise UnusableInput(f"the table of structure names of case {case_id} is no longer at {kept}")
    doses = sources.get(DOSE, ())
    return ReadingChoices(dose=escape(doses[0].name) if len(doses) == 1 else "", names=Path(kept) if kept else None)


def _patch(out: Path, entry: Mapping[str, Any], key: str) -> Patch:
    """The changed box of one image, from the defaced image that the case keeps."""
    path = out / str(entry.get("file", ""))
    if not path.is_file():
        raise UnusableInput(f"the defaced image {key} ({path.name}) is missing; compare the case again")
    try:
        image = sitk.ReadImage(str(path))
    except RuntimeError as error:
        raise UnusableInput(f"the defaced image {key} ({path.name}) is damaged; compare the case again") from error
    if image_hash(image) != entry["sha256"]:
        raise UnusableInput(f"the defaced image {key} ({path.name}) is not the one that was measured; compare the case again")
    (x, y, z), (width, height, depth) = entry["box_offset"], entry["box_size"]
    array = sitk.GetArrayFromImage(image)[z : z + depth, y : y + height, x : x + width]
    return Patch((x, y, z), array)
