"""What every archive can be asked, whatever protocol it speaks."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ..errors import DefaceCompareError, UnusableInput
from .address import Address, WebAddress

TIMEOUT_S = 60.0
"""An archive that says nothing for so long has broken off; one that loads from tape may need more (``--timeout``)."""
CONNECT_S = 10.0
"""Until a connection stands."""
ATTEMPTS = 3
"""So often what is missing is asked for, or sent, again."""
UID = re.compile(r"[0-9.]{1,64}")
"""What a UID consists of (PS3.5 section 9.1); files are called by UIDs, so nothing else of an archive's answer will do."""
NEEDED = ("CT", "MR", "PT", "RTSTRUCT", "RTPLAN", "RTDOSE", "REG", "SEG")
"""Modalities that the reader uses; nothing else is fetched."""

Keep = Callable[[str, bytes], None]
"""``keep(sop_instance_uid, file_bytes)``, called for each object that comes."""


class ArchiveError(DefaceCompareError):
    """An archive did not do what was asked of it for one patient or case."""


class ArchiveSilent(UnusableInput):
    """An archive cannot be reached, or lets nobody in: the others need not be tried."""


@dataclass(frozen=True)
class Study:
    """A study as the archive lists it."""

    uid: str
    patient_id: str


@dataclass(frozen=True)
class Series:
    """A series as the archive lists it; `count` is how many objects it says there are, None if it says nothing."""

    study: str
    uid: str
    modality: str
    count: int | None = None


@dataclass(frozen=True)
class Instance:
    """An object as the archive lists it; `sop_class` may be empty."""

    uid: str
    sop_class: str = ""


class Archive(Protocol):
    """An open connection."""

    def studies_of(self, patient_id: str) -> list[Study]:
        """The studies of exactly this patient."""

    def study(self, uid: str) -> Study | None:
        """A study; None if there is no such one."""

    def series_of(self, study: str) -> list[Series]:
        """The series of a study."""

    def instances_of(self, series: Series) -> list[Instance]:
        """The objects of a series."""

    def fetch(self, series: Series, wanted: Sequence[Instance], keep: Keep, *, whole: bool) -> None:
        """Fetch objects of a series; `whole` if all of them are wanted."""

    def store(self, files: Sequence[Path], stored: Callable[[int], None]) -> dict[str, str]:
        """Store files; why the archive did not take one, by its name. `stored` is told how many more went out."""

    def close(self) -> None:
        """End the connection."""


def open_archive(address: Address, *, header_file: Path | None = None, timeout_s: float = TIMEOUT_S) -> Archive:
    """An archive, ready to be asked.

    Parameters
    ----------
    header_file : Path, optional
        Lines ``Name: value`` that go with each DICOMweb request, for example ``Authorization: Bearer ...``.

    Raises
    ------
    UnusableInput
        If the header file is no such file, or is given with a DIMSE address.
    NotAvailable
        If the library for the protocol is not installed.
    """
    if isinstance(address, WebAddress):
        from .dicomweb import WebArchive

        return WebArchive(address, header_file, timeout_s)
    if header_file is not None:
        raise UnusableInput("--header-file goes with DICOMweb (https://...); DIMSE knows its clients by application entity title")
    from .dimse import DimseArchive

    return DimseArchive(address, timeout_s)


def valid_uid(text: str) -> str:
    """A UID of an archive's answer.

    Raises
    ------
    ArchiveError
        If it is none.
    """
    if not UID.fullmatch(text) or not text.strip("."):
        raise ArchiveError("the archive's answer names something by what is no UID; ask who keeps the archive")
    return text
