"""Structures from any one file or folder: contours, segmentation, labelmap, masks, RTSTRUCT."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ...case import Case, Structure, StructureSet
from ...errors import UnusableInput
from ...structures.naming import structure_notes, unique_names
from ..choices import ReadingChoices
from ..dicom.header import Header
from ..dicom.identity import may_be
from ..dicom.references import frames_of
from ..dicom.rtstruct import read_structure_set
from ..dicom.scan import read_header
from ..dicom.seg import read_segmentations
from .contours import read_contours
from .place import Place
from .segmentations import CONTOURS, MASK_SUFFIXES, mask_files, read_labelmap, read_mask_folder, read_seg_nrrd

RTSTRUCT, SEG = "RTSTRUCT", "SEG"
"""Modality of DICOM files that hold structures."""


def read_structures(path: Path, labels: Mapping[str, str] | None = None, place: Place | None = None) -> list[Structure]:
    """Read the structures of a file or folder.

    Parameters
    ----------
    path : Path
        ``.seg.nrrd``, ``.vtm``, ``.vtp``, an RTSTRUCT or DICOM SEG, a labelmap, or a folder of masks or ``.vtp`` files.
    labels : mapping of label value to name, optional
        Makes `path` a labelmap. A Slicer colour table of the same name beside it (``.ctbl``) does the same.
    place : Place, optional
        Where voxels lie, for files that do not say it.

    Raises
    ------
    UnusableInput
        With one sentence that names the file and what to do.
    """
    if path.is_dir():
        only_contours = any(path.glob(f"*{CONTOURS}")) and not mask_files(path)
        return read_contours(path) if only_contours else read_mask_folder(path, place)
    if path.suffix.lower() in (".vtm", ".vtp"):
        return read_contours(path)
    header = _structure_header(path) if path.is_file() else None
    if header is not None:
        frames = sorted(frames_of(header))
        if len(frames) > 1:
            raise UnusableInput(
                f"{path.name} holds structures of {len(frames)} frames of reference; give the DICOM folder instead"
            )
        return list(_of_header(header, frames[0] if frames else "").structures)
    table = _beside(path, ".ctbl")
    if labels or table is not None:
        return read_labelmap(path, labels or read_colour_table(table), place)
    return read_seg_nrrd(path, place)


def _beside(path: Path, suffix: str) -> Path | None:
    stem = next((path.name[: -len(s)] for s in MASK_SUFFIXES if path.name.lower().endswith(s)), path.stem)
    candidate = path.with_name(stem + suffix)
    return candidate if candidate.is_file() else None


def read_colour_table(path: Path | None) -> dict[str, str]:
    """Label value to name of a Slicer colour table (value, name, four colours a line; ``_`` stands for a space)."""
    if path is None:
        return {}
    named = {}
    content = path.read_bytes()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:  # of a system whose own encoding is another one: ASCII is the same
        text = content.decode("latin-1")
    for line in text.splitlines():
        words = line.split()
        if len(words) >= 2 and words[0].isdecimal() and int(words[0]) > 0:
            named[words[0]] = words[1].replace("_", " ")
    return named


def read_resegmented(case: Case, folder: Path, choices: ReadingChoices) -> dict[str, StructureSet | str]:
    """The structure sets drawn again after defacing, by method, or the reason why there is none for this patient.

    Parameters
    ----------
    folder : Path
        The patient's folder: its name is looked for below each given folder.
    """
    return {method: _resegmented(case, choices.redrawn(path, folder, case.id)) for method, path in choices.resegmented}


def _resegmented(case: Case, path: Path | None) -> StructureSet | str:
    if path is None:
        return "there are no structures of this patient drawn again"
    header = _structure_header(path)
    if header is not None:
        if not may_be(header, case.person):
            return "the structure set drawn again is of another patient"
        frame = case.structure_set.frame_of_reference_uid if case.structure_set else ""
        if frame and frame not in frames_of(header):
            return "no registration: the structure set drawn again is in another frame of reference"
        return _of_header(header, frame)
    segmentations = sorted(path.glob("*.seg.nrrd")) if path.is_dir() else []
    try:
        structures = unique_names(read_structures(segmentations[0] if len(segmentations) == 1 else path))
    except UnusableInput as reason:
        return _without_names(str(reason), path)
    return StructureSet(structures=structures, notes=structure_notes(structures), sources=(path,))


def _without_names(reason: str, path: Path) -> str:
    """A reason for rows, which are shared: the files drawn again need not lie in the patient's folder."""
    names = [path.name, *(file.name for file in path.rglob("*"))] if path.is_dir() else [path.name]
    for name in sorted(names, key=len, reverse=True):
        reason = reason.replace(name, "drawn again")
    return reason


def _of_header(header: Header, frame_uid: str) -> StructureSet:
    if header.text("Modality") == SEG:
        return read_segmentations([header], frame_uid)
    return read_structure_set(header, frame_uid)


def _structure_header(path: Path) -> Header | None:
    """The one RTSTRUCT, or else DICOM SEG, that is the file or lies in the folder; None if there is none."""
    files = sorted(path.glob("*.dcm")) if path.is_dir() else [path]
    headers = [header for file in files if (header := read_header(file))]
    for modality in (RTSTRUCT, SEG):
        found = [header for header in headers if header.text("Modality") == modality]
        if len(found) == 1:
            return found[0]
    return None
