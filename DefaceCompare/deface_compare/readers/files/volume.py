"""One image file as a 3-D volume whose place is known: stated by the file, or by ``case.json``."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from ...errors import UnusableInput
from ...storage.native_names import native_name
from .data_files import head_of
from .data_length import refuse_other_length
from .nifti import is_nifti, read_nifti
from .place import HINT, SAME_MM, Place, refuse_no_scan

NRRD_SPACES = frozenset({"left-posterior-superior", "right-anterior-superior", "left-anterior-superior", "lps", "ras", "las"})
"""Spaces of a patient; ITK takes every other one as LPS."""
NRRD_UNITS_MM = {"": 1.0, "mm": 1.0, "millimeter": 1.0, "cm": 10.0, "m": 1000.0, "um": 0.001, "µm": 0.001}
META_UNITS_MM = {"": 1.0, "?": 1.0, "mm": 1.0, "cm": 10.0, "um": 0.001}
"""Of a MetaImage's DistanceUnits (MetaIO: metaTypes.h)."""
META_KEYS = {
    "its voxel size": ("elementspacing", "elementsize"),
    "its origin": ("offset", "position", "origin"),
    "its orientation": ("transformmatrix", "rotation", "orientation"),
}
"""What a MetaImage states under which names."""
WITH_A_PLACE = (".dcm", ".mnc")
"""Other formats that state where their voxels lie."""


def read_volume(path: Path, what: str, stated: Place | None = None) -> tuple[sitk.Image, tuple[str, ...]]:
    """Read a 3-D image file; several values a voxel are allowed.

    Parameters
    ----------
    what : str
        The file's part in the case and its name, for sentences: ``dose rd.nrrd``.
    stated : Place, optional
        Where ``case.json`` says that it lies; only for files that do not say it.

    Returns
    -------
    image : SimpleITK.Image
        LPS mm.
    notes : tuple of str
        What a reader must know of its place.

    Raises
    ------
    UnusableInput
        If the file is missing, damaged, of an unknown format or not 3-D, holds NaN or infinity, or its place is not known.
    """
    if not path.is_file():
        raise UnusableInput(f"{path.name} is named in case.json but is not in the folder")
    image, place, lacking, notes = _read(path)
    if image.GetDimension() != 3:
        raise UnusableInput(f"{path.name} has {image.GetDimension()} dimensions; save it as one 3-D volume")
    voxels = sitk.GetArrayViewFromImage(image)
    if voxels.dtype.kind == "f" and not np.isfinite(voxels).all():
        raise UnusableInput(f"{what} holds NaN or infinite voxels; repair or re-export it")
    if lacking and stated is None:
        raise UnusableInput(f"{what} does not state {lacking}; {HINT}")
    if not lacking and stated is not None and place.farthest_mm(stated, image.GetSize()) > SAME_MM:
        raise UnusableInput(f"{what} states its geometry itself, and case.json another one; take it out of case.json")
    place = stated if lacking and stated is not None else place
    refuse_no_scan(place, what)
    place.put(image)
    return image, notes


def read_voxels(path: Path) -> sitk.Image:
    """A 3-D image file as it is, NaN included; where it does not say where it lies, at the origin.

    Raises
    ------
    UnusableInput
        If the file is damaged, of an unknown format or not 3-D.
    """
    image, place, _, _ = _read(path)
    place.put(image)
    return image


def _read(path: Path) -> tuple[sitk.Image, Place, str, tuple[str, ...]]:
    """The voxels, their place, what the file does not state of it, and notes."""
    if is_nifti(path):
        nifti = read_nifti(path)
        return nifti.image, nifti.place or Place.of_image(nifti.image), nifti.lacking, nifti.notes
    try:
        image = sitk.ReadImage(native_name(path))
    except RuntimeError as error:
        raise UnusableInput(f"{path.name} cannot be read as an image; it is damaged or of an unknown format") from error
    place, suffix = Place.of_image(image) if image.GetDimension() == 3 else None, path.suffix.lower()
    if place is None:
        raise UnusableInput(f"{path.name} has {image.GetDimension()} dimensions; save it as one 3-D volume")
    if suffix in (".nrrd", ".nhdr"):
        fields = _nrrd_fields(path)
        refuse_other_length(path, fields, image)
        factor = _nrrd_mm(fields, path)
        return image, place.scaled(factor), _lacking_in_nrrd(fields), ()
    if suffix in (".mha", ".mhd"):
        meta = _meta_fields(path)
        refuse_other_length(path, meta, image)
        return image, place.scaled(_meta_mm(meta, path)), _lacking_in_meta_image(meta), ()
    return image, place, "" if suffix in WITH_A_PLACE else "where it lies (its format has no orientation)", ()


def _nrrd_fields(path: Path) -> dict[str, str]:
    """The fields of a NRRD header, lower case."""
    text = re.split(r"\r?\n\r?\n", head_of(path).decode("latin-1"), maxsplit=1)[0]
    pairs = re.findall(r"^([^#:\n]+):[ \t]+(.*?)\r?$", text, flags=re.MULTILINE)
    return {name.strip().lower(): value.strip() for name, value in pairs}


def _lacking_in_nrrd(fields: dict[str, str]) -> str:
    space = fields.get("space", "")
    directions = re.findall(r"\(|none", fields.get("space directions", "").lower())
    if space.lower() not in NRRD_SPACES:
        return f"its orientation (space {space or 'is missing'})"
    spatial = sum(word == "(" for word in directions)
    if spatial != 3 or (fields.get("dimension") == "3" and "none" in directions):
        return "its voxel size and orientation (space directions)"
    return "" if "space origin" in fields else "its origin (space origin)"


def _nrrd_mm(fields: dict[str, str], path: Path) -> float:
    """Millimetres of the file's unit of length."""
    units = {unit.strip().lower() for unit in re.findall(r'"([^"]*)"', fields.get("space units", ""))} or {""}
    if len(units) > 1 or not units <= set(NRRD_UNITS_MM):
        raise UnusableInput(f"{path.name} states its place in {', '.join(sorted(units))}; save it in mm")
    return NRRD_UNITS_MM[units.pop()]


def _meta_fields(path: Path) -> dict[str, str]:
    """The fields of a MetaImage's header, names in lower case.

    Raises
    ------
    UnusableInput
        If its values are to be scaled: ITK's reader does not, others do.
    """
    head = re.split(r"^\s*ElementDataFile", head_of(path).decode("latin-1"), maxsplit=1, flags=re.MULTILINE)[0]
    pairs = re.findall(r"^\s*(\w+)\s*=[ \t]*(.*?)\s*$", head, flags=re.MULTILINE)
    _refuse_twice([(name.lower(), value) for name, value in pairs], path)
    fields = {name.lower(): value for name, value in pairs}
    for name, neutral in (("ElementToIntensityFunctionSlope", 1.0), ("ElementToIntensityFunctionOffset", 0.0)):
        if not _is_number(fields.get(name.lower(), str(neutral)), neutral):
            raise UnusableInput(f"{path.name} states a scaling of its values ({name}); save it with the values themselves")
    return fields


def _refuse_twice(pairs: list[tuple[str, str]], path: Path) -> None:
    """Raise `UnusableInput` if a MetaImage states one thing twice, and otherwise: each reader takes another one."""
    one_thing = {name: names[0] for names in (META_KEYS["its origin"], META_KEYS["its orientation"]) for name in names}
    stated: dict[str, str] = {}
    for name, value in pairs:
        if stated.setdefault(one_thing.get(name, name), value).split() != value.split():
            raise UnusableInput(f"{path.name} states {name} twice, and otherwise; save it again")


def _is_number(text: str, number: float) -> bool:
    try:
        return float(text) == number
    except ValueError:
        return False


def _meta_mm(fields: dict[str, str], path: Path) -> float:
    """Millimetres of a MetaImage's unit of length."""
    unit = fields.get("distanceunits", "").lower()
    if unit not in META_UNITS_MM:
        raise UnusableInput(f"{path.name} states its place in {unit}; save it in mm")
    return META_UNITS_MM[unit]


def _lacking_in_meta_image(fields: dict[str, str]) -> str:
    return " nor ".join(words for words, names in META_KEYS.items() if not fields.keys() & set(names))
