"""An output folder: what lies where below it, and which of it shows or leads to a person."""

from __future__ import annotations

import glob
import tempfile
from dataclasses import dataclass
from pathlib import Path

from ..case_report import REPORT
from ..errors import UnusableInput
from ..natural_order import natural
from ..storage.atomic import is_full
from ..storage.own_output import IDENTIFIABLE, LOCKS

CASES, UNFINISHED = "cases", ".unfinished"
SLICE_INDEX = "slices.json"
"""Beside a case's slices: which there are, and what their lines mean."""


def make_out(out: Path, patient: Path | None = None) -> None:
    """Make an output folder that can be written to.

    Parameters
    ----------
    patient : Path, optional
        The one patient that is compared: nothing is written among its files. A cohort's folder may be the output folder, too.

    Raises
    ------
    UnusableInput
        If it is `patient` or a file, or the system does not let us write there.
    OSError
        If there is no room.
    """
    if out.exists() and not out.is_dir():
        raise UnusableInput(f"{out} is a file; --out must be a folder, a new one or one of an earlier run")
    if patient is not None and out.is_dir() and patient.is_dir() and out.samefile(patient):
        raise UnusableInput(f"{out} is the patient's own folder; choose another --out, which may lie in it")
    try:
        out.mkdir(parents=True, exist_ok=True)
        OutputFolder(out).make_private(OutputFolder(out).identifiable)
        with tempfile.TemporaryFile(dir=out):
            pass
    except OSError as error:
        if is_full(error):
            raise
        raise UnusableInput(f"nothing can be written to {out} ({error.strerror}); choose another --out") from error


@dataclass(frozen=True)
class OutputFolder:
    """``OUT`` of a case or a study: the only place that knows the names below it.

    Parameters
    ----------
    path : Path
        The folder; nothing is made until something is written.
    """

    path: Path

    # shareable

    @property
    def measurements(self) -> Path:
        """All rows of all cases."""
        return self.path / "measurements.csv"

    @property
    def parquet(self) -> Path:
        """The same rows with types, where pyarrow is installed."""
        return self.path / "measurements.parquet"

    @property
    def summary(self) -> Path:
        """The cohort's numbers."""
        return self.path / "summary.csv"

    @property
    def manifest(self) -> Path:
        """What the study consists of."""
        return self.path / "study.json"

    @property
    def report(self) -> Path:
        """The page for people."""
        return self.path / "report.html"

    @property
    def cases(self) -> Path:
        """Holds one folder a finished case."""
        return self.path / CASES

    def case(self, case_id: str) -> Path:
        """A case's folder: rows, timings, report and the defaced images of each method."""
        return self.cases / case_id

    def dvh(self, case_id: str) -> Path:
        """A case's DVH curves."""
        return self.case(case_id) / "dvh.csv"

    def finished_cases(self) -> list[Path]:
        """The folders of all finished cases, sorted by id."""
        found = [path.parent for path in self.cases.glob(f"*/{REPORT}")]
        return sorted(found, key=lambda path: natural(path.name))

    # shows or leads to a person

    @property
    def identifiable(self) -> Path:
        """Readable by its owner only."""
        return self.path / IDENTIFIABLE

    @property
    def key(self) -> Path:
        """Who is who."""
        return self.identifiable / "key.csv"

    @property
    def reviews(self) -> Path:
        """What reviewers said."""
        return self.identifiable / "review.csv"

    @property
    def face_page(self) -> Path:
        """ROC, CMC and the similarities of faces."""
        return self.identifiable / "faces.html"

    @property
    def unfinished(self) -> Path:
        """Where cases grow until they are whole; the run removes it at its end.

        A worker that did so when it finds it empty would take it from under another one that is about to begin.
        """
        return self.path / UNFINISHED

    def finished_mark(self, case_id: str) -> Path:
        """What a finished case was made from and consists of."""
        return self.identifiable / "finished" / f"{case_id}.json"

    def errors(self, case_id: str) -> Path:
        """What is known of a case that stopped unexpectedly."""
        return self.identifiable / "errors" / f"{case_id}.txt"

    def export_errors(self, case_id: str) -> Path:
        """What is known of a case that could not be shared, with the names that its shared reason leaves out."""
        return self.identifiable / "errors" / f"{case_id}_export.txt"

    def renders(self, case_id: str) -> Path:
        """Holds a case's pictures of faces, original and defaced."""
        return self.identifiable / "renders" / case_id

    def render(self, case_id: str, image: str, method: str) -> Path:
        """The front view of one face; `method` is ``original`` or a method's key."""
        return self.renders(case_id) / f"{image}_{method}.png"

    def slices(self, case_id: str) -> Path:
        """Holds a case's slices, original and defaced, and what is drawn over them."""
        return self.identifiable / "slices" / case_id

    @property
    def cases_page(self) -> Path:
        """Faces and slices of every case."""
        return self.identifiable / "cases.html"

    @property
    def all_face_prints(self) -> Path:
        """Holds the embeddings of all cases."""
        return self.identifiable / "face_prints"

    def face_prints(self, case_id: str, further_model: str = "") -> Path:
        """The embeddings of a case's faces by the main face model, or by a further one (its key)."""
        return self.all_face_prints / further_model / f"{case_id}.npz"

    def all_prints_of(self, case_id: str) -> list[Path]:
        """The embeddings of a case's faces by every face model, the main one first, as far as they are there."""
        further = sorted(self.all_face_prints.glob(f"*/{glob.escape(case_id)}.npz"))
        return [path for path in (self.face_prints(case_id), *further) if path.is_file()]

    def demographics(self, case_id: str) -> Path:
        """Sex and age of a case's person."""
        return self.identifiable / "demographics" / f"{case_id}.json"

    def inner_prints(self, case_id: str) -> Path:
        """What tells a case's heads by their inner anatomy."""
        return self.identifiable / "inner_prints" / f"{case_id}.npz"

    def contact_sheet(self, case_id: str) -> Path:
        """All pictures of a case on one sheet."""
        return self.identifiable / "contact_sheets" / f"{case_id}.png"

    def edits(self, case_id: str) -> Path:
        """Holds what a later export needs: which files a case was read from, and its edited doses."""
        return self.identifiable / "edits" / case_id

    def logs(self, case_id: str) -> Path:
        """Holds what tools in child processes said; they may name the patient."""
        return self.identifiable / "logs" / case_id

    def structure_names(self, case_id: str) -> Path:
        """Every planned structure name of a case, and how it was read."""
        return self.identifiable / "structure_names" / f"{case_id}.csv"

    def file_names(self, case_id: str) -> Path:
        """Which of the patient's files and folders stand behind the neutral words of shared sentences."""
        return self.identifiable / "file_names" / f"{case_id}.csv"

    @property
    def exports(self) -> Path:
        """Holds old and new UIDs of every export, and the salt that they were made with."""
        return self.identifiable / "exports"

    def uid_map(self, case_id: str, method: str) -> Path:
        """Old and new UIDs of the export of a case by one method."""
        return self.exports / f"{case_id}_{method}.csv"

    @property
    def unpacked(self) -> Path:
        """Holds the patients of zip files that were given as input: an export reads them again."""
        return self.identifiable / "unpacked"

    @property
    def locks(self) -> Path:
        """Holds the locks that keep a second run out."""
        return self.identifiable / LOCKS

    def make_private(self, folder: Path) -> Path:
        """Make a folder in `identifiable` (or that one itself), readable by its owner only; returns it."""
        self.identifiable.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.identifiable.chmod(0o700)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return folder

    def make_case(self, case_id: str) -> Path:
        """Make a case's folder; returns it."""
        folder = self.case(case_id)
        folder.mkdir(parents=True, exist_ok=True)
        return folder
