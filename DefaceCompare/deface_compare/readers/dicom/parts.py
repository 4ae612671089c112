"""Whether folders that were given as patients hold the parts of one: its CT here, its MR or its structures there."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydicom.errors import InvalidDicomError

from ...errors import UnusableInput
from .dicom_file import read_file
from .header import PYDICOM_ERRORS, Header
from .identity import one_person
from .references import referenced_uids

FILES_A_FOLDER = 12
"""So many headers of each folder on the disk are looked at; folders of one series are told by a few of them."""


@dataclass(frozen=True)
class Part:
    """What some headers of a folder say of whom and what it holds."""

    headers: tuple[Header, ...]
    modalities: frozenset[str]
    series: frozenset[str]
    own: frozenset[str]
    """Studies, series, frames of reference and objects."""
    named: frozenset[str]
    """What its objects refer to."""

    def belongs_to(self, other: Part) -> bool:
        """Whether two folders hold different kinds of objects of one person: headers tell it, or a study, frame or plan."""
        if self.series & other.series or self.modalities & other.modalities:
            return False
        try:
            person = one_person([*self.headers, *other.headers])
        except UnusableInput:
            return False
        return bool(person or self.own & other.own or self.named & other.own or self.own & other.named)


def part_of(files: Sequence[Path]) -> Part | None:
    """What files hold; None if none of them is DICOM."""
    headers = tuple(header for path in files if (header := _looked_at(path)) is not None)
    if not headers:
        return None
    keywords = ("StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID", "SOPInstanceUID")
    try:
        own = {header.text(keyword) for header in headers for keyword in keywords} - {""}
        named = {uid for header in headers for uid in referenced_uids(header)}
    except UnusableInput:  # a damaged header is told when its patient is read
        return None
    return Part(
        headers=headers,
        modalities=frozenset(header.text("Modality") for header in headers),
        series=frozenset(header.text("SeriesInstanceUID") for header in headers),
        own=frozenset(own),
        named=frozenset(named),
    )


def some_files(folder: Path) -> Iterator[Path]:
    """Files of a folder and of each folder below it: all of a few, a few of many."""
    for place, below, names in os.walk(folder):
        below.sort()
        names = sorted(names)
        step = max(1, -(-len(names) // FILES_A_FOLDER))
        yield from (Path(place) / name for name in names[::step])


def parts_of_one(folders: Sequence[Path], loose: Sequence[Path] = ()) -> list[list[int]]:
    """Groups of folders that hold the parts of one patient, by their places in `folders`; only groups of several.

    Parameters
    ----------
    loose : sequence of Path
        Files that lie beside the folders: they count as one more, whose place is ``len(folders)``.
    """
    parts = [part_of(list(some_files(folder))) for folder in folders]
    parts += [part_of(loose)] if loose else []
    groups: list[list[int]] = []
    for place, part in enumerate(parts):
        mine = [group for group in groups if part is not None and any(_joined(part, parts[other]) for other in group)]
        groups = [group for group in groups if group not in mine] + [sorted([place, *(k for group in mine for k in group)])]
    return sorted(group for group in groups if len(group) > 1)


def _joined(one: Part, other: Part | None) -> bool:
    return other is not None and one.belongs_to(other)


def _looked_at(path: Path) -> Header | None:
    """A file's header; None if it is no DICOM, or cannot be read."""
    try:
        return Header(path, read_file(path, stop_before_pixels=True).data)
    except (InvalidDicomError, UnusableInput, OSError, *PYDICOM_ERRORS):
        return None
