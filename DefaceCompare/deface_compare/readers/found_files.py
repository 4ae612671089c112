"""Which files lie below a folder, and which of them cannot be read: links are followed once, all else is counted."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Literal

from ..errors import UnusableInput
from ..storage.own_output import is_output
from .dicom_begin import IDENTIFYING_GROUP, META_GROUP, dicom_begin

EMPTY = "empty (0 bytes)"
DEAD_LINK = "a link that leads nowhere"
SAME_AGAIN = "a link to what is read already"
LOCKED_FOLDER = "a folder that may not be opened"
NO_FILE = "a pipe, socket or device"
OWN_OUTPUT = "an output folder of DefaceCompare"
POINTER = "a pointer of Git LFS or git-annex, whose content is not on this disk"
GZIP, ZIP, PACKED = "packed with gzip; unpack it", "a zip archive; unpack it", "packed (tar, bzip2, xz, 7z or rar); unpack it"
NO_PREAMBLE = "DICOM data without the preamble of a DICOM file (128 bytes and DICM), whose kind or compression nothing tells"
DICOM_INDEX, NOT_DICOM, NOT_NAMED = "a DICOMDIR, which only lists files", "not DICOM", "not named in case.json"

ANNEX = f"annex{os.sep}objects"
"""Where the links of git-annex lead, whether or not the content is there."""
HEAD_BYTES = 512
"""So much of a file tells what it is."""
HIGHEST_FIRST_ELEMENT = 0x0018
"""Last element that such data begin with (SOPInstanceUID)."""
POINTERS = (b"version https://git-lfs.github.com/spec/", b"/annex/objects/", b"../.git/annex/objects/", b".git/annex/objects/")
"""What the two kinds of pointer files begin with (Git LFS specification 1; git-annex, "pointer file format")."""
MAGIC = {
    b"\x1f\x8b": GZIP,
    b"PK\x03\x04": ZIP,
    b"PK\x05\x06": ZIP,
    b"BZh": PACKED,
    b"\xfd7zXZ\x00": PACKED,
    b"7z\xbc\xaf\x27\x1c": PACKED,
    b"Rar!\x1a\x07": PACKED,
}
"""First bytes of packed files (RFC 1952 for gzip, PKWARE's APPNOTE for zip, the formats' own documents for the others)."""
TAR_AT, TAR = 257, b"ustar"
"""Where a tar archive says what it is (POSIX.1-1988)."""


IMAGE_ENDINGS = (".nii.gz", ".nii", ".nrrd", ".nhdr", ".mha", ".mhd")
"""Image files that say where they lie, and so can be a patient by themselves."""
SEGMENTATION = ".seg.nrrd"
HEADERS = (".mhd", ".nhdr")
"""Image files whose voxels lie in another file."""


@dataclass(frozen=True)
class FoundFiles:
    """What lies below a folder.

    Parameters
    ----------
    folder : Path
    files : tuple of Path
        All that can be read, sorted by path; each once, whatever links lead to it.
    left_out : mapping of reason to count
        What is no file to read, by reason.
    """

    folder: Path
    files: tuple[Path, ...]
    left_out: Mapping[str, int] = field(default_factory=dict)


def find_files(folder: Path) -> FoundFiles:
    """All files below a folder; a folder that is reached twice (a link in a circle) is read once.

    Of a file that is a patient by itself: that file, and the voxels that lie beside its header.

    Raises
    ------
    UnusableInput
        If the folder itself cannot be opened.
    """
    left_out: Counter[str] = Counter()
    if folder.is_file():
        return FoundFiles(folder.parent, tuple(sorted({folder, *_data_of(folder)})))
    try:
        with os.scandir(folder):
            pass
    except OSError as error:
        raise UnusableInput(f"{folder} cannot be opened ({error.strerror})") from error
    files: list[Path] = []
    links: list[Path] = []
    for path in _walk(folder, left_out):
        (links if path.is_symlink() else files).append(path)
    known = {_identity(path) for path in files} if links else set()
    for path in sorted(links):
        if _identity(path) in known:
            left_out[SAME_AGAIN] += 1
        else:
            known.add(_identity(path))
            files.append(path)
    return FoundFiles(folder, tuple(sorted(files)), {reason: left_out[reason] for reason in sorted(left_out)})


def _data_of(header: Path) -> list[Path]:
    """The files beside a header of its own name: ``ct.raw`` or ``ct.zraw`` of ``ct.mhd``."""
    if header.suffix.lower() not in HEADERS:
        return []
    return [path for path in header.parent.iterdir() if path.is_file() and path.stem == header.stem]


def _walk(folder: Path, left_out: Counter[str]) -> Iterator[Path]:
    """Every file with content; what else is met is counted. Folders come before links to folders."""
    seen = {_identity(above) for above in folder.resolve().parents if above.exists()}  # other patients lie there
    waiting: list[Path] = [folder]
    links: list[Path] = []
    while waiting or links:
        place = waiting.pop() if waiting else links.pop()
        try:
            identity = _identity(place)
            if place is not folder and (identity in seen or is_output(place)):
                left_out[SAME_AGAIN if identity in seen else OWN_OUTPUT] += 1
                continue
            seen.add(identity)
            entries = sorted(os.scandir(place), key=lambda entry: entry.name, reverse=True)
        except OSError:
            left_out[LOCKED_FOLDER] += 1
            continue
        for entry in entries:
            path = place / entry.name
            try:
                if not entry.is_dir():
                    reason = _file_reason(path)
                    if not reason:
                        yield path
                else:
                    reason = ""
                    (links if entry.is_symlink() else waiting).append(path)
            except OSError:
                reason = DEAD_LINK if entry.is_symlink() else NO_FILE
            if reason:
                left_out[reason] += 1


def _file_reason(path: Path) -> str:
    """Why what is no folder cannot be read, ``""`` if it can."""
    if not path.is_file():
        return NO_FILE if path.exists() else POINTER if ANNEX in os.readlink(path) else DEAD_LINK
    return "" if path.stat().st_size else EMPTY


def _identity(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_dev, status.st_ino


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """A file's bytes.

    Raises
    ------
    UnusableInput
        If the system does not give them (no permission, a broken disk), or it is no file: a pipe would never end.
    """
    if path.exists() and not path.is_file():
        raise UnusableInput(f"{path.name} is {NO_FILE}; take it away")
    try:
        with path.open("rb") as stream:
            yield stream
    except OSError as error:
        if error.errno is None:
            raise  # not the system's: pydicom's own, of a damaged file
        raise UnusableInput(f"{path.name} cannot be read ({error.strerror}); make it readable, or take it away") from error


def is_image_file(path: Path) -> bool:
    """Whether a path is a file that can be a patient by itself, by its ending."""
    return path.name.lower().endswith(IMAGE_ENDINGS) and not path.name.lower().endswith(SEGMENTATION) and path.is_file()


def is_dicom(path: Path) -> bool:
    """Whether a file carries DICOM's mark, or its content proves to be an object that is read."""
    with opened(path) as stream:
        return dicom_begin(stream) is not None


def why_not_read(path: Path) -> str:
    """What a file is that no reader takes: a pointer, packed, or something else that is not DICOM."""
    with opened(path) as stream:
        head = stream.read(HEAD_BYTES)
    if head.startswith(POINTERS):
        return POINTER
    if head[TAR_AT:].startswith(TAR):
        return PACKED
    packed = next((kind for magic, kind in MAGIC.items() if head.startswith(magic)), "")
    return packed or (NO_PREAMBLE if _begins_like_dicom(head) else NOT_DICOM)


def _begins_like_dicom(head: bytes) -> bool:
    """Whether the first element could be DICOM's: a tag of a first group, and a value representation or a short length."""
    if len(head) < 8:
        return False
    order: Literal["little", "big"] = "little" if head[1] == 0 else "big"
    group, element = int.from_bytes(head[:2], order), int.from_bytes(head[2:4], order)
    stated = head[4:6].isalpha() and head[4:6].isupper()
    begins = group in (META_GROUP, IDENTIFYING_GROUP) and element <= HIGHEST_FIRST_ELEMENT
    return begins and (stated or int.from_bytes(head[4:8], order) <= HEAD_BYTES)


def count_words(left_out: Mapping[str, int]) -> str:
    """``3 files not read: 2 empty (0 bytes), 1 not DICOM``; ``""`` if all was read."""
    total = sum(left_out.values())
    if not total:
        return ""
    reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(left_out.items()))
    return f"{total} file{'s' * (total > 1)} not read: {reasons}"
