"""Which file or DICOM series of a folder is the defaced form of an image."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path

import SimpleITK as sitk

from ...case import CaseImage
from ...errors import DefaceCompareError, MethodFailed, UnusableInput
from ...readers.dicom.header import Header
from ...readers.dicom.identity import tell_one_person
from ...readers.dicom.image import MODALITIES, read_image
from ...readers.dicom.scan import IMAGE_MODALITIES, read_header
from ...readers.dicom.series import Series, arrange
from ...readers.earlier_defacing import stated_defacing
from ...readers.files.volume import read_voxels
from .check import geometry_difference, own_grid, with_axes_of

ENDINGS = (".nrrd", ".nii.gz", ".mha", ".nii", ".nhdr", ".mhd")
"""Volume formats that are looked for, in this order."""
SUFFIXES = ("_deFaced", "_defaced", "_refaced", "")
"""What tools put behind a name (mri_reface: ``<input>_deFaced``); looked for in this order, whatever the case of the letters."""
BIDS_ENTITIES = ("_desc-defaced", "_desc-refaced", "_desc-deface", "_desc-reface")
"""What BIDS derivatives put before a name's last part: ``sub-01_desc-defaced_T1w`` of ``sub-01_T1w``."""


def defaced_volume(
    name: str, folders: Sequence[Path], image: CaseImage, shared: Path | None = None
) -> tuple[sitk.Image, str, str]:
    """Find and read the defaced form of an image.

    A file is found by its name: the image's key or the original file's name, also with a suffix of `SUFFIXES`. A DICOM series
    is found by its SeriesInstanceUID, by the original images it says it was made from, or as the only series of the modality
    on the original's grid. A series whose header says that it was defaced comes before others.

    Parameters
    ----------
    name : str
        The tool, for messages.
    folders : sequence of Path
        Looked through in turn; the first that holds the image counts.
    image : CaseImage
    shared : Path, optional
        A folder of many patients, looked through last: no file names and no grids count there, only UIDs and patient ID.

    Returns
    -------
    volume : SimpleITK.Image
        In the image's own frame of reference, LPS mm.
    file : str
        What it is called in messages.
    warning : str
        What the reader of the numbers must know of the match; mostly empty.

    Raises
    ------
    MethodFailed
        If there is none, several, or one that cannot be read.
    """
    for folder in folders:
        file = _file(folder, image)
        if file is not None:
            label = told_as(file, image)
            return _read(name, file, label), label, ""
        series, warning = _series(name, folder, image)
        if series is not None:
            return _read_series(name, series, image), series.name, warning
    series, _ = _series(name, shared, image, of_many=True) if shared is not None else (None, "")
    if series is not None:
        return _read_series(name, series, image), series.name, ""
    if not any(folder.is_dir() for folder in (*folders, *([shared] if shared else []))):
        raise MethodFailed(f"{name}: the folder {folders[-1].name} of its results does not exist")
    raise MethodFailed(
        f"{name}: there is no file {image.key}.nrrd (or .nii.gz, .mha ...) and no DICOM series of image {image.key}"
    )


def _file(folder: Path, image: CaseImage) -> Path | None:
    """The file whose name is the image's, the one with a defacer's suffix before one without."""
    present = {path.name.lower(): path for path in sorted(folder.iterdir()) if path.is_file()} if folder.is_dir() else {}
    stems = [image.key, *(stem_of(path) for path in image.sources[:1] if len(image.sources) == 1)]
    names = [f"{stem}{suffix}" for suffix in SUFFIXES[:-1] for stem in stems]
    names += [f"{head}{entity}_{last}" for entity in BIDS_ENTITIES for stem in stems for head, _, last in [stem.rpartition("_")]]
    wanted = (f"{name}{ending}".lower() for name in (*names, *stems) for ending in ENDINGS)
    return next((present[file] for file in wanted if file in present), None)


def stem_of(path: Path) -> str:
    """A volume file's name without its ending (``.nii.gz`` is one)."""
    ending = next((ending for ending in ENDINGS if path.name.lower().endswith(ending)), path.suffix)
    return path.name[: len(path.name) - len(ending)] if ending else path.name


def told_as(file: Path, image: CaseImage) -> str:
    """What rows call a result's file: its name, unless that is made from the patient's own file."""
    return file.name if file.name.lower().startswith(image.key.lower()) else f"its file of image {image.key}"


def _read(name: str, file: Path, label: str) -> sitk.Image:
    try:
        return read_voxels(file)
    except (UnusableInput, RuntimeError) as failure:
        raise MethodFailed(f"{name}: {label} cannot be read; import it again") from failure


def _read_series(name: str, series: Series, image: CaseImage) -> sitk.Image:
    try:
        read = read_image(series, image.key)
    except UnusableInput as failure:
        raise MethodFailed(f"{name}: {failure}") from failure
    if read.unit != image.unit:
        raise MethodFailed(
            f"{name}: {series.name} is in {read.unit}, the original in {image.unit}; the tool dropped what converts it"
        )
    return read.image


def _series(name: str, folder: Path, image: CaseImage, of_many: bool = False) -> tuple[Series | None, str]:
    """The series of a folder that is the image, and a warning if only its grid says so."""
    found = _series_below(folder)
    candidates = [one for one in found if MODALITIES[one.modality] == image.modality]
    originals = [header for path in image.sources if (header := _header(path)) is not None] if candidates else []
    instances = {header.text("SOPInstanceUID") for header in originals}
    rules: tuple[tuple[Callable[[Series], bool], str], ...] = (
        (lambda one: bool(image.series_uid) and one.uid == image.series_uid, ""),
        (lambda one: bool(instances & _made_from(one)), ""),
        (lambda one: bool(originals) and tell_one_person(originals[0], one.headers[0]) and _on_grid(one, image), ""),
        (
            lambda one: not of_many and _on_grid(one, image),
            "was matched by its grid alone: its UIDs and patient ID are not the original's",
        ),
    )
    marked = [one for one in candidates if stated_defacing(one.headers[0].path, one.headers[0].dataset)]
    for pool in filter(None, (marked, candidates)):
        for rule, warning in rules:
            matches = [one for one in pool if rule(one)]
            if len(matches) > 1:
                raise MethodFailed(f"{name}: {len(matches)} DICOM series could be image {image.key}; keep one in the folder")
            if matches:
                return matches[0], f"{name}: {matches[0].name} {warning}" if warning else ""
    return None, ""


def _made_from(series: Series) -> set[str]:
    """SOPInstanceUIDs of the images that a series says it was made from, and its own (some tools keep them)."""
    dataset = series.headers[0].dataset
    named = {series.headers[0].text("SOPInstanceUID")}
    for keyword in ("SourceImageSequence", "ReferencedImageSequence"):
        named |= {str(item.get("ReferencedSOPInstanceUID") or "") for item in dataset.get(keyword) or []}
    return named - {""}


def _on_grid(series: Series, image: CaseImage) -> bool:
    """Whether a series has the grid of the original, told from its headers."""
    first = series.headers[0].dataset
    original = own_grid(image)
    if sorted((int(first.Rows), int(first.Columns), series.depth)) != sorted(original.GetSize()):
        return False
    grid = sitk.Image((int(first.Columns), int(first.Rows), series.depth), sitk.sitkUInt8)
    grid.SetSpacing((*series.pixel_mm, series.step_mm))
    grid.SetOrigin([float(value) for value in first.ImagePositionPatient])
    grid.SetDirection(series.direction.ravel().tolist())
    return not geometry_difference(with_axes_of(grid, original), original)


def _header(path: Path) -> Header | None:
    """A file's DICOM header; None if it is none."""
    try:
        return read_header(path) if path.is_file() else None
    except UnusableInput:  # a damaged file of the original would have been refused when the case was read
        return None


def _series_below(folder: Path) -> tuple[Series, ...]:
    """All image series below a folder that make even volumes."""
    if not folder.is_dir():
        return ()
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return _arranged(tuple((path, path.stat().st_mtime_ns, path.stat().st_size) for path in files))


@lru_cache(maxsize=2)
def _arranged(files: tuple[tuple[Path, int, int], ...]) -> tuple[Series, ...]:
    """Sort the files into series; remembered, for every image of a case asks."""
    groups: dict[str, list[Header]] = {}
    for path, _, _ in files:
        header = None if path.name.lower().endswith(ENDINGS) else _header(path)
        if header is None or header.text("Modality") not in IMAGE_MODALITIES or "ImagePositionPatient" not in header.dataset:
            continue
        groups.setdefault(header.text("SeriesInstanceUID"), []).append(header)
    found = []
    for uid, headers in groups.items():
        try:
            found.append(arrange(uid, headers))
        except DefaceCompareError:  # a scout or a broken series: the image then has no match, and its row says so
            continue
    return tuple(found)
