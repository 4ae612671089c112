"""A finished case with its source: the patient as read again, and the patches that one method made."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from glob import escape
from pathlib import Path
from typing import Any

import SimpleITK as sitk

from ..case import Case, CaseImage
from ..case_report import REPORT, CaseReport, image_hash, input_hashes
from ..errors import UnusableInput
from ..geometry.boxes import Patch
from ..measurement import OK, Measurement
from ..near_names import did_you_mean
from ..readers import read_case
from ..readers.bids.dataset import is_bids_patient
from ..readers.choices import ReadingChoices
from ..readers.files.case_json import CASE_FILE
from ..settings import KEEP, Settings
from ..storage.native_names import native_name
from ..version import __version__
from .finished_mark import read_mark
from .folder import OutputFolder
from .kept_edit import DOSE, STRUCTURES, kept_dose_patch, kept_sources
from .key import key_source


@dataclass(frozen=True)
class FinishedCase:
    """One method's result on one finished case, and the DICOM files it came from.

    Parameters
    ----------
    out : Path
        The output folder that holds the case.
    report : CaseReport
        What the comparison told, without its rows.
    source : Path
        The patient's folder.
    case : Case
        Read again from there; its voxels are those that were compared (by hash).
    patches : mapping of image key to Patch
        Of the images that are exported: an image that shows no face has one that changes nothing.
    dose_patch : Patch or None
        None where the dose stays as it is, or there is none.
    measurements : tuple of Measurement
        The rows of this method.
    """

    out: Path
    id: str
    method: str
    report: CaseReport
    source: Path
    choices: ReadingChoices
    case: Case
    patches: Mapping[str, Patch]
    dose_patch: Patch | None
    measurements: tuple[Measurement, ...]

    @property
    def told(self) -> Mapping[str, Any]:
        """What ``case_report.json`` says about the method."""
        return self.report.methods[self.method]

    @property
    def judged(self) -> CaseImage:
        """The image whose skin the edit moved: the primary, or, where that shows no face, the first edited one."""
        return next(image for image in self.case.images if image.key in self.told["images"])

    @property
    def drawn_on(self) -> CaseImage | None:
        """The image by whose edit contours are cut: the one they were drawn on, or, where that shows no face, an edited one.

        None where no exported image shares the structures' frame of reference.
        """
        structures = self.case.structure_set
        if structures is None:
            return None
        here = [
            image
            for image in self.case.images
            if image.key in self.patches and image.frame_of_reference_uid == structures.frame_of_reference_uid
        ]
        edited = [image for image in here if image.key in self.told["images"]] or here
        named = [image for image in edited if image.series_uid == structures.referenced_series_uid]
        return next(iter(named or edited), None)

    @property
    def settings(self) -> Settings:
        """The settings the case was compared with."""
        return self.report.settings


def open_finished_case(folder: Path, method: str, dose_policy: str, *, bids: bool = False) -> FinishedCase:
    """Open ``OUT/cases/<id>`` and read its patient again.

    Parameters
    ----------
    bids : bool
        Whether the patient must be of a BIDS data set, and not of DICOM.

    Raises
    ------
    UnusableInput
        If the folder is no finished case, the method did not deface its primary image, the source is gone or changed, or it is
        of the other kind.
    """
    report = _report(folder)
    case_id, out = report.case_id, folder.resolve().parents[1]
    told = report.methods.get(method)
    if told is None:
        near = did_you_mean(method, report.methods)
        raise UnusableInput(f"case {case_id} was not compared with {method}, but with {', '.join(report.methods)}{near}")
    if told["status"] != OK:
        raise UnusableInput(f"{method} did not deface case {case_id}: {told['note']}")
    sources = kept_sources(out, case_id)
    source = _source_folder(out, case_id, sources)
    case, choices = _read(source, case_id, _choices(out, case_id, sources), sources)
    if input_hashes(case) != report.inputs:
        raise UnusableInput(f"the patient behind case {case_id} has changed since it was compared; compare it again")
    if bids and not is_bids_patient(source):
        raise UnusableInput(f"case {case_id} was not read from a BIDS data set, and a derivative of one cannot be made of it")
    if not bids and is_bids_patient(source):
        raise UnusableInput(f"case {case_id} was read from a BIDS data set: share OUT --format bids writes a derivative of it")
    if source.is_file() or (source / CASE_FILE).is_file():
        raise UnusableInput(f"case {case_id} was read from image files; export writes DICOM RT and needs DICOM to begin with")
    dose_patch = None if case.dose is None or dose_policy == KEEP else kept_dose_patch(out, case_id, method, dose_policy)
    rows = tuple(row for row in report.measurements if row.method == method)
    patches = {key: _patch(out, entry, key) for key, entry in told["images"].items()}
    patches |= {key: _unchanged(case.image(key)) for key in told["no_face"]}
    return FinishedCase(out, case_id, method, report, source, choices, case, patches, dose_patch, rows)


def read_again(out: Path, case_id: str) -> Case:
    """The patient behind a finished case, read from the same files in the same way.

    Raises
    ------
    UnusableInput
        If the source is gone or has changed.
    """
    report, sources = _report(OutputFolder(out).case(case_id)), kept_sources(out, case_id)
    case, _ = _read(_source_folder(out, case_id, sources), case_id, _choices(out, case_id, sources), sources)
    if input_hashes(case) != report.inputs:
        raise UnusableInput(f"the patient behind case {case_id} has changed since it was compared; compare it again")
    return case


def _report(folder: Path) -> CaseReport:
    report = CaseReport.read(folder)
    if report.version != __version__:
        path = folder / REPORT
        raise UnusableInput(f"{path} is of another version of DefaceCompare ({report.version}); compare the case again")
    return report


def _source_folder(out: Path, case_id: str, sources: Mapping[str, tuple[Path, ...]]) -> Path:
    """The patient's folder: as the key says, else what its files have in common."""
    known = key_source(out, case_id)
    if known is not None and known.exists():
        return known
    files = [path for paths in sources.values() for path in paths]
    lost = next((path for path in files if not path.is_file()), None)
    if lost is not None or not files:
        raise UnusableInput(f"the source of case {case_id} is no longer where it was ({lost or 'no file is known'})")
    return Path(os.path.commonpath([path.parent for path in files]))


def _choices(out: Path, case_id: str, sources: Mapping[str, tuple[Path, ...]]) -> ReadingChoices:
    """How the patient was read: the same dose file, the same table of names."""
    remembered = read_mark(out, case_id)
    kept = "" if remembered is None else remembered.names
    if kept and not Path(kept).is_file():
        raise UnusableInput(f"the table of structure names of case {case_id} is no longer at {kept}")
    doses = sources.get(DOSE, ())
    images = [key for key in sources if key not in (STRUCTURES, DOSE)]
    return ReadingChoices(
        dose=escape(doses[0].name) if len(doses) == 1 else "",
        names=Path(kept) if kept else None,
        image=images[0] if len(images) == 1 else "",  # what a single file shows
    )


def _read(
    source: Path, case_id: str, choices: ReadingChoices, sources: Mapping[str, tuple[Path, ...]]
) -> tuple[Case, ReadingChoices]:
    """The patient as it was read, and the choices behind it: where no rule gives the structure set of then, it was the user's."""
    case, kept = read_case(source, case_id, choices), sources.get(STRUCTURES, ())
    read = case.structure_set.sources if case.structure_set else ()
    if len(kept) == 1 and [path.name for path in read] != [kept[0].name]:
        choices = replace(choices, structures=escape(kept[0].name))
        case = read_case(source, case_id, choices)
    return case, choices


def _unchanged(image: CaseImage) -> Patch:
    return Patch((0, 0, 0), image.array()[:1, :1, :1].copy())


def _patch(out: Path, entry: Mapping[str, Any], key: str) -> Patch:
    """The changed box of one image, from the defaced image that the case keeps."""
    path = out / str(entry.get("file", ""))
    if not path.is_file():
        raise UnusableInput(f"the defaced image {key} ({path.name}) is missing; compare the case again")
    try:
        image = sitk.ReadImage(native_name(path))
    except RuntimeError as error:
        raise UnusableInput(f"the defaced image {key} ({path.name}) is damaged; compare the case again") from error
    if image_hash(image) != entry["sha256"]:
        raise UnusableInput(f"the defaced image {key} ({path.name}) is not the one that was measured; compare the case again")
    (x, y, z), (width, height, depth) = entry["box_offset"], entry["box_size"]
    array = sitk.GetArrayFromImage(image)[z : z + depth, y : y + height, x : x + width]
    return Patch((x, y, z), array)
