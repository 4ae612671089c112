"""One patient's folder of a cohort that is fetched: hidden until all that the archive lists is there whole."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from ..errors import UnusableInput
from ..readers.dicom.scan import read_header
from ..storage.atomic import to_disk, write_bytes
from .archive import NEEDED, UID, Instance, Series

FILE = ".dcm"
SERIES_FOLDER = re.compile(rf"(?:{'|'.join(NEEDED)})_{UID.pattern}")
"""What a series' folder is called."""
PLAIN = " ^="
"""Characters that stay in a folder's name although an address would escape them."""


@dataclass(frozen=True)
class FileOnDisk:
    """A whole DICOM file as its own header tells it."""

    path: Path
    uid: str
    series: str
    patient_id: str


class PatientFolder:
    """``COHORT/ID`` when it is whole, ``COHORT/.ID.unfinished`` (mode 0700) before.

    Parameters
    ----------
    cohort : Path
    name : str
        The patient's id, or a study's UID; characters that no file system likes are written as in addresses (``%2F``).
    """

    def __init__(self, cohort: Path, name: str) -> None:
        safe = quote(name, safe=PLAIN).strip()
        safe = f"%2E{safe[1:]}" if safe.startswith(".") else safe
        self.whole = cohort / safe
        self.growing = cohort / f".{safe}.unfinished"

    @property
    def place(self) -> Path:
        """Where the files lie at this moment."""
        return self.growing if self.growing.is_dir() else self.whole

    def files(self) -> dict[str, FileOnDisk]:
        """The whole files by SOP instance UID, each as its own header says; damaged ones do not count."""
        return {file.uid: file for file in _files(self.place)}

    def holds_others(self) -> bool:
        """Whether a folder of the patient's name is there that no fetch wrote: nothing in it is called as `keep` does."""
        if not self.whole.is_dir() or not any(self.whole.iterdir()):
            return False
        return not any(path.is_dir() and SERIES_FOLDER.fullmatch(path.name) for path in self.whole.iterdir())

    def open(self) -> None:
        """Make the folder a growing one: nobody takes it for a whole patient.

        Raises
        ------
        UnusableInput
            If something else stands in its place.
        """
        if self.whole.is_symlink() or (self.whole.exists() and not self.whole.is_dir()):
            raise UnusableInput(f"{self.whole.name} is there already and is no folder; move it away")
        if not self.growing.is_dir():
            if self.whole.is_dir():
                self.whole.rename(self.growing)
            else:
                self.growing.mkdir(mode=0o700, parents=True)
        elif self.whole.is_dir():
            raise UnusableInput(f"both {self.whole.name} and {self.growing.name} are there; move one of them away")

    def keep(self, series: Series, uid: str, content: bytes) -> None:
        """Write one object."""
        folder = self.growing / f"{series.modality}_{series.uid}"
        folder.mkdir(exist_ok=True)
        write_bytes(folder / f"{uid}{FILE}", content)

    def close(self) -> None:
        """All is there: give the folder its name."""
        folders = [path for path in self.growing.iterdir() if path.is_dir()]
        to_disk([*(file for folder in folders for file in folder.iterdir() if file.is_file()), *folders, self.growing])
        self.growing.rename(self.whole)


def missing(listed: dict[Series, list[Instance]], here: dict[str, FileOnDisk]) -> dict[Series, list[Instance]]:
    """What is listed and not there; series of which all is there are left out."""
    lacking = {
        series: [each for each in instances if each.uid not in here or here[each.uid].series != series.uid]
        for series, instances in listed.items()
    }
    return {series: instances for series, instances in lacking.items() if instances}


def _files(folder: Path) -> Iterator[FileOnDisk]:
    for place, _, names in os.walk(folder):
        for name in sorted(names):
            path = Path(place, name)
            try:
                header = read_header(path) if path.suffix == FILE else None
            except UnusableInput:  # damaged: fetched again
                continue
            if header is not None:
                texts = (header.text(keyword) for keyword in ("SOPInstanceUID", "SeriesInstanceUID", "PatientID"))
                yield FileOnDisk(path, *texts)
