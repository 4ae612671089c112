"""One patient's headers, read once for all who ask within a task, as long as no file below the folder changes meanwhile."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path

from pydicom.dataset import Dataset

from ..found_files import find_files
from .contour_item import points_kept
from .header import Header, tag_of
from .scan import Scan, scan_folder

Marks = tuple[tuple[str, int, int, int, int], ...]


@dataclass
class _Kept:
    """What was scanned last, and what its files were like before that: all of it, or some attributes of each header."""

    folder: Path | None = None
    marks: Marks = ()
    scan: Scan | None = None
    keywords: Sequence[str] = ()
    headers: dict[Path, Dataset] | None = None


_KEPT: ContextVar[_Kept | None] = ContextVar("scan that is kept", default=None)


@contextmanager
def read_once() -> Iterator[None]:
    """Within this block the first folder that `kept_scan` is asked for is scanned again only if something in it changed.

    Nor are the coordinates of a contour turned into numbers again.
    """
    token = _KEPT.set(_Kept())
    try:
        with points_kept():
            yield
    finally:
        _KEPT.reset(token)


@contextmanager
def attributes_kept(keywords: Sequence[str]) -> Iterator[None]:
    """Within this block `kept_headers` knows these attributes of the folder that was scanned last.

    Whole headers would hold memory that the voxels need.
    """
    token = _KEPT.set(_Kept(keywords=keywords))
    try:
        yield
    finally:
        _KEPT.reset(token)


def kept_scan(folder: Path) -> Scan:
    """`scan_folder`; within `read_once` what it gave before, if the files are the same ones, unchanged. Not to be altered.

    Raises
    ------
    UnusableInput
        As `scan_folder`.
    """
    kept = _KEPT.get()
    if kept is None or (not kept.keywords and kept.folder is not None and kept.folder != folder.resolve()):
        return scan_folder(folder)
    marks = _marks(folder)  # before reading: what changes while it is read is read again the next time
    if kept.keywords:
        scan = scan_folder(folder)
        found = {header.path: _only(header.dataset, kept.keywords) for header in all_headers(scan)}
        kept.folder, kept.marks, kept.headers = folder.resolve(), marks, found
        return scan
    if kept.scan is None or kept.marks != marks:
        kept.folder, kept.marks, kept.scan = folder.resolve(), marks, scan_folder(folder)
    return kept.scan


def kept_headers(folder: Path) -> dict[Path, Header]:
    """The headers of a folder that is kept and has not changed since, by path; nothing is read for this."""
    kept = _KEPT.get()
    if kept is None or kept.scan is None or not _is_kept(kept, folder):
        return {}
    return {header.path: header for header in all_headers(kept.scan)}


def kept_attributes(folder: Path) -> dict[Path, Dataset]:
    """What is kept of the headers of a folder that has not changed since, by path: within `attributes_kept` those only."""
    kept = _KEPT.get()
    if kept is not None and kept.headers is not None and _is_kept(kept, folder):
        return kept.headers
    return {path: header.dataset for path, header in kept_headers(folder).items()}


def _is_kept(kept: _Kept, folder: Path) -> bool:
    return kept.folder == folder.resolve() and kept.marks == _marks(folder)


def _only(data: Dataset, keywords: Sequence[str]) -> Dataset:
    """Some attributes of a header as they are stored."""
    tags = [tag for keyword in keywords if (tag := tag_of(keyword)) in data]
    few = Dataset({tag: data.get_item(tag) for tag in tags})
    implicit, little = data.original_encoding
    few.set_original_encoding(implicit, little, data.original_character_set)
    return few


def all_headers(scan: Scan) -> list[Header]:
    """The headers of all objects that are used: images, then those of RT."""
    images = [header for headers in scan.series.values() for header in headers]
    return [*images, *scan.structure_sets, *scan.segmentations, *scan.doses, *scan.plans, *scan.registrations]


def _marks(folder: Path) -> Marks:
    """Path, size, times of change of content and of entry (which no program sets back), and number of each file."""
    found = ((path, path.stat()) for path in find_files(folder).files)
    return tuple((str(path), told.st_size, told.st_mtime_ns, told.st_ctime_ns, told.st_ino) for path, told in found)
