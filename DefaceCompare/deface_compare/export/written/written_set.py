"""The objects of a defaced patient, written to a folder that nobody sees until they are verified."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from pydicom.dataset import Dataset

from ...case import CaseImage
from ...output.finished_case import FinishedCase
from ...progress import Progress, report_step
from ...readers.dicom.header import Header, naming
from ...readers.dicom.kept_scan import all_headers, kept_scan
from ...readers.dicom.prescription import plan_uids, structure_set_uid
from ...readers.dicom.stored_pixels import read_object
from ..headers.header_cleaner import HeaderCleaner
from ..headers.patient_words import patient_words, subject_of
from ..headers.structure_names import shared_names
from ..headers.time_shift import time_shift
from ..moved_skin import NO_MOVED_SKIN, MovedSkin
from ..options import BASIC, BY_TOOL, KEEP_FRAMES, ExportOptions
from .dose_grid import COMMENTS, edited_dose, grid_bytes
from .head_surface import HeadSurface, head_surface
from .image_slice import SeriesEdit, exported_image
from .marks import complete_image, recognisable, write_object
from .marks_of_export import marks_of_export
from .references import exported_registrations, prune_references
from .stale_content import remove_stale
from .structure_clip import ClippedStructure
from .structure_set import edited_structure_set
from .uid_map import UidMap, case_salt, stored_kinds

OBJECT_UIDS = ("SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID", "FrameOfReferenceUID")


@dataclass(frozen=True)
class WrittenObject:
    """One file of the export and the file it came from; images know their key and slice."""

    path: Path
    source: Path
    key: str
    index: int = 0


@dataclass
class WrittenSet:
    """What was written, and what must be said about it.

    Parameters
    ----------
    unresolved : set of str
        Old UIDs that plans or doses refer to although no such object was there, or it is not exported.
    left_out : mapping of str to int
        How many of the source's files stay behind, by what they are.
    stale : mapping of str to int
        What was taken out of headers, by name.
    named : bool
        Whether the headers name a person, patient or staff.
    cleaned : mapping of str to int
        What was taken out of headers or altered there because it may name somebody, by keyword.
    names : mapping of int to str
        What structures are called instead of their planned names, by ROI number; empty where names stay.
    texts : frozenset of str
        What the export itself wrote into headers.
    surface : HeadSurface, optional
        Of the defaced image that the structures lie on, as they were clipped to it.
    faults : list of str
        What a program that cleaned the headers did to anything else.
    """

    folder: Path
    uids: UidMap
    old_uids: frozenset[str]
    objects: list[WrittenObject] = field(default_factory=list)
    clipped: list[ClippedStructure] = field(default_factory=list)
    unresolved: set[str] = field(default_factory=set)
    left_out: Mapping[str, int] = field(default_factory=dict)
    stale: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)
    named: bool = False
    cleaned: Counter[str] = field(default_factory=Counter)
    names: Mapping[int, str] = field(default_factory=dict)
    texts: frozenset[str] = frozenset()
    surface: HeadSurface | None = None
    faults: list[str] = field(default_factory=list)


class SetWriter:
    """Writes the objects of one export.

    Parameters
    ----------
    finished : FinishedCase
    options : ExportOptions
    folder : Path
        Where to write; empty.
    passed : mapping of image key to bool
        Whether the series' privacy check is passed.
    moved : mapping of image key to MovedSkin, optional
        The skin that was taken away: no structures may draw it together.
    """

    def __init__(
        self,
        finished: FinishedCase,
        options: ExportOptions,
        folder: Path,
        passed: Mapping[str, bool],
        moved: Mapping[str, MovedSkin] | None = None,
    ) -> None:
        self._finished, self._options, self._passed, self._moved = finished, options, passed, moved or {}
        self._scan = kept_scan(finished.source)
        self._images = [image for image in finished.case.images if image.key in finished.patches]
        self.marks = marks_of_export(finished, options, all(passed.values()) and bool(passed))
        self._frames = {_own_frame(image) for image in self._images}
        self._chosen = self._choose()
        headers = [header for group in self._chosen.values() for header in group]
        self._instances = {header.text("SOPInstanceUID") for header in headers}
        self._instances |= {header.text("StudyInstanceUID") for header in headers}
        self._series = {header.text("SeriesInstanceUID") for header in headers}
        everything = frozenset(
            header.text(keyword) for header in all_headers(self._scan) for keyword in OBJECT_UIDS if header.text(keyword)
        )
        self.written = WrittenSet(folder, self._uid_map(), everything)
        self.written.uids.learn(sorted(everything))
        self.written.left_out = self._left_out(headers)
        self._cleaner = self._header_cleaner(headers)
        self.written.notes += self._scan.notes
        if finished.case.structure_set is not None and not self._chosen["RTSTRUCT"]:
            self.written.notes.append("the structures are not exported: only those of an RTSTRUCT on a defaced image are")

    def write(self, progress: Progress, done: int, total: int) -> WrittenSet:
        """Write all objects.

        Raises
        ------
        UnusableInput
            If an object cannot be edited without loss.
        Cancelled
        """
        for image in self._images:
            report_step(progress, done, total, f"{self._finished.id}: writing {image.key}")
            self._write_image(image)
        report_step(progress, done + 1, total, f"{self._finished.id}: writing structures, dose and plans")
        for kind in ("RTSTRUCT", "RTDOSE", "RTPLAN", "REG"):
            for number, header in enumerate(self._chosen[kind], 1):
                with naming(header.path):
                    self._write_other(kind, header, number)
        return self.written

    def _choose(self) -> dict[str, list[Header]]:
        """The source's headers that are exported, by kind."""
        case, scan = self._finished.case, self._scan
        by_path = {header.path.resolve(): header for header in all_headers(scan)}
        images = [by_path[path.resolve()] for image in self._images for path in image.sources]
        drawn = [by_path[p.resolve()] for p in (case.structure_set.sources if case.structure_set else ())]
        structures = [header for header in drawn if header in scan.structure_sets and self._finished.drawn_on is not None]
        doses = [by_path[path.resolve()] for path in (case.dose.sources if case.dose else ())]
        doses = [header for header in doses if header.text("FrameOfReferenceUID") in self._frames or not self._frames]
        planned = {uid for header in doses for uid in plan_uids(header)}
        sets = {header.text("SOPInstanceUID") for header in structures}
        plans = [p for p in scan.plans if p.text("SOPInstanceUID") in planned or structure_set_uid(p) in sets]
        instances = {header.text("SOPInstanceUID") for header in images}
        registrations = exported_registrations(scan.registrations, self._frames, instances)
        return {"image": images, "RTSTRUCT": structures, "RTDOSE": doses, "RTPLAN": plans, "REG": registrations}

    def _uid_map(self) -> UidMap:
        options, told = self._options, self._finished.told
        pixels = "".join(str(entry["sha256"]) for _, entry in sorted(told["images"].items()))
        version = sha256(f"{options.method}|{options.dose_policy}|{pixels}".encode()).hexdigest()
        headers = all_headers(self._scan)
        frames = {header.text("FrameOfReferenceUID") for header in headers}
        studies = {header.text("StudyInstanceUID") for header in headers}
        kept = frames if options.frame == KEEP_FRAMES else set()
        return UidMap(case_salt(self._finished.out), version, frames | studies, kept, keep_all=options.keep_uids)

    def _write_image(self, image: CaseImage) -> None:
        edit = SeriesEdit(image, self._finished.patches[image.key])
        clamped = 0
        added: set[str] = set()
        for index, path in enumerate(image.sources):
            with naming(path):
                edited = edit.slice(index)
                clamped += edited.clamped
                self.marks.on_image(edited.data, self._passed[image.key])
                added.update(complete_image(edited.data, self.written.uids.made("frame of " + image.series_uid)))
                self._save(edited.data, path, f"{image.key}/{image.key}_{index + 1:04d}.dcm", image.key, index, plain=True)
        if added:
            self.written.notes.append(f"{image.key}: added to the headers, since DICOM requires it: {', '.join(sorted(added))}")
        if clamped:
            self.written.notes.append(f"{image.key}: {clamped} new voxel values lay beyond the stored bits and were clamped")

    def _write_other(self, kind: str, header: Header, number: int) -> None:
        if kind == "RTSTRUCT":
            self._write_structures(header)
        elif kind == "RTDOSE":
            self._write_dose(header, number)
        else:
            self._save(read_object(header.path), header.path, f"{kind}_{number}.dcm", kind)

    def _write_structures(self, header: Header) -> None:
        drawn_on, structures = self._finished.drawn_on, self._finished.case.structure_set
        assert drawn_on is not None
        assert structures is not None
        patch = self._finished.patches[drawn_on.key]
        surface = self.written.surface = head_surface(drawn_on, patch, exported_image(drawn_on, patch))
        data, clipped, others = edited_structure_set(
            header.path,
            structures.structures,
            surface,
            {structures.frame_of_reference_uid},
            self._moved.get(drawn_on.key, NO_MOVED_SKIN),
        )
        self.written.clipped += clipped
        if others:
            self.written.notes.append(
                f"{len(others)} structures lie in another frame of reference than their images and were left out"
            )
        if self._cleaner is not None:
            self.written.names = self._cleaner.roi_names = shared_names(data, structures.structures, self._cleaner.forbidden)
        self._save(data, header.path, "RTSTRUCT.dcm", "RTSTRUCT")

    def _write_dose(self, header: Header, number: int) -> None:
        dose, patch = self._finished.case.dose, self._finished.dose_patch
        if patch is None or dose is None:
            data = read_object(header.path)
            data.PixelData = grid_bytes(data)
        else:
            data = edited_dose(header.path, dose, patch, self._options.dose_policy)
        recognisable(data, passed=False)
        self._save(data, header.path, f"RTDOSE_{number}.dcm", "RTDOSE", plain=patch is not None)

    def _save(self, data: Dataset, source: Path, name: str, key: str, index: int = 0, *, plain: bool = False) -> None:
        """Take out what is stale or dangling, map the UIDs, write."""
        written = self.written
        if "PixelData" not in data and str(data.get("FrameOfReferenceUID") or "") not in self._frames:
            _without_frame(data)
        written.stale += remove_stale(data)
        if self._cleaner is not None:
            written.cleaned += self._cleaner.clean(data)
        self.marks.on_object(data)
        if self._options.headers == BY_TOOL and "PatientIdentityRemoved" in data:
            del data.PatientIdentityRemoved  # what stands there afterwards is the program's own claim
        written.unresolved |= set(prune_references(data, self._instances, self._series))
        written.uids.apply(data)
        written.named |= self._cleaner is None and _names_someone(data)
        write_object(data, written.folder / name, plain=plain)
        written.objects.append(WrittenObject(written.folder / name, source, key, index))

    def _header_cleaner(self, headers: list[Header]) -> HeaderCleaner | None:
        """What cleans the headers; None where they stay as they are."""
        self.written.texts = frozenset({self.marks.description, *self.marks.lines, *COMMENTS.values()})
        if self._options.headers != BASIC:
            return None
        met = patient_words(header.dataset for header in headers)
        person = self._scan.person or self._finished.id
        shift = time_shift(case_salt(self._finished.out), person, met.dates, met.times)
        subject = subject_of(self._finished.id, case_salt(self._finished.out))
        return HeaderCleaner(subject, frozenset(self._options.retain), shift, met.names, self.written.texts)

    def _left_out(self, headers: list[Header]) -> dict[str, int]:
        """Every file of the source's folder that stays behind, by modality, counted."""
        taken = {header.path.resolve() for header in headers}
        kinds = Counter(h.text("Modality") or "other" for h in all_headers(self._scan) if h.path.resolve() not in taken)
        files = sum(1 for path in self._finished.source.rglob("*") if path.is_file())
        others = files - len(taken) - sum(kinds.values())
        return dict(sorted(kinds.items())) | ({"other files": others} if others else {})


def _own_frame(image: CaseImage) -> str:
    return image.own_frame.uid if image.own_frame else image.frame_of_reference_uid


def _without_frame(data: Dataset) -> None:
    """Take out a frame of reference that no exported image lies in (plans and structure sets may state an old one)."""
    for keyword in ("FrameOfReferenceUID", "PositionReferenceIndicator"):
        if keyword in data:
            del data[keyword]


def _names_someone(data: Dataset) -> bool:
    names = [data[tag].value for tag, kind in stored_kinds(data) if kind == "PN"]
    return any(str(name or "").strip("^ ") for name in names)
