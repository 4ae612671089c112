"""Reading a patient from image files with a ``case.json``."""

from __future__ import annotations

import errno
import json
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import SimpleITK as sitk

from ...case import CT, MR, PET, Case, CaseImage, Dose, StructureSet
from ...demographics import FEMALE, MALE, OLDEST_YEARS, UNKNOWN, Demographics
from ...errors import NotAvailable, UnusableInput
from ...structures.naming import structure_notes, unique_names
from ..checks import checked_image, dose_warnings
from ..dicom.rtdose import RELATIVE as DICOM_RELATIVE
from ..dicom.rtdose import read_dose_grid
from ..dicom.scan import read_header
from ..earlier_defacing import named_defacing
from ..found_files import HEADERS, IMAGE_ENDINGS, NOT_NAMED, count_words, find_files, is_dicom
from ..suv_checks import SUV, suv_warnings
from .data_files import data_files_of
from .place import LIKE, Place, stated_place
from .segmentations import CONTOURS, mask_files
from .structures import read_structures
from .volume import read_volume

CASE_FILE = "case.json"
IMAGES = "images"
STRUCTURES, DOSE = "structures", "dose"
"""What ``geometry`` may name beside the images' keys."""
GY, RELATIVE = "Gy", "relative"
"""Units of a dose."""
NUMBER = (int, float)
KNOWN_FIELDS: dict[str, tuple[type | tuple[type, ...], type | tuple[type, ...], str]] = {
    "id": ((*NUMBER, str), (), "a text"),
    "images": (dict, str, 'like {"CT": "ct.nrrd"}'),
    "units": (dict, str, 'like {"PET": "SUVbw"}'),
    "structures": (str, (), "a file or folder name"),
    "labels": (dict, str, 'like {"1": "Brain"}'),
    "dose": (str, (), "a file name"),
    "geometry": (dict, dict, f'like {{"CT": {LIKE}}}'),
    "prescription_gy": (NUMBER, (), "a number"),
    "prescriptions_gy": (dict, NUMBER, 'like {"PTV": 60}'),
    "synthetic": (bool, (), "true or false"),
    "person": ((*NUMBER, str), (), "a text"),
    "sex": (str, (), f'"{FEMALE}" or "{MALE}"'),
    "age_years": (NUMBER, (), f"a number above 0, at most {OLDEST_YEARS:.0f}"),
}
"""What a field may be, what its values may be if it has any, and how to say it."""
SHOWN = 40
"""So many letters of a name that is none are shown."""
PRESCRIPTIONS = ("prescription_gy", "prescriptions_gy")
UNITS = {CT: "HU", MR: "a.u.", PET: "a.u."}
"""Units where ``case.json`` does not state one."""


def read_case_file(folder: Path) -> Case:
    """Read the patient that ``folder/case.json`` describes.

    Fields: ``id``, ``images`` (key to file), ``structures`` (``.seg.nrrd``, ``.seg.vtm``, ``.vtp``, a labelmap, or a folder of
    masks or ``.vtp`` files), ``dose`` (Gy), and optionally ``units`` (image key to unit, for example ``{"PET": "SUVbw"}``),
    ``labels`` (of a labelmap: value to name), ``geometry`` (of files that do not state theirs), ``prescription_gy``,
    ``prescriptions_gy`` (target's name to its own), ``synthetic``, ``person``, ``sex`` (``F`` or ``M``), ``age_years``. Any part
    may be missing, but not all.

    Raises
    ------
    UnusableInput
        With one sentence that names the file and what to do.
    """
    described = _described(folder)
    images = _images(folder, described)
    structure_set = _structure_set(folder, described)
    left_out = _left_out(folder, described)
    dose, missing_dose = _dose(folder, described)
    if not images and not (dose and structure_set):
        raise UnusableInput(f"{CASE_FILE} in {folder.name} names neither an image nor a dose with structures")
    return Case(
        id=str(described.get("id") or folder.name),
        images=images,
        structure_set=structure_set,
        dose=dose,
        synthetic=bool(described.get("synthetic", False)),
        notes=tuple(filter(None, [missing_dose, count_words(left_out)])) + (structure_set.notes if structure_set else ()),
        person=str(described.get("person", "")),
        missing_dose=missing_dose,
        left_out=left_out,
        demographics=Demographics.of(described),
    )


def _left_out(folder: Path, described: dict[str, Any]) -> dict[str, int]:
    """The files below the folder that ``case.json`` does not name, nor stand beside one (``ct.raw`` of ``ct.mhd``), by reason."""
    named = [*described.get("images", {}).values(), described.get("structures"), described.get("dose"), CASE_FILE]
    paths = [folder / name for name in named if name]
    folders = [path for path in paths if path.is_dir()]
    read = {file for each in folders for file in (*mask_files(each), *each.glob(f"*{CONTOURS}"))}
    read |= {file for each in (*paths, *read) for file in data_files_of(each)}
    begun = {*paths, *(path for path in read if path.suffix.lower() in HEADERS)}.difference(folders)
    stems = {(path.parent, path.name.split(".")[0]) for path in begun}
    found = find_files(folder)
    left_out = Counter(found.left_out)
    for path in found.files:
        beside = any((each.parent, each.name.split(".")[0]) in stems for each in (path, *path.parents))
        # an image is no other one's part, whatever it is called
        part = beside and not path.name.lower().endswith(IMAGE_ENDINGS)
        if path not in paths and path not in read and not part:
            left_out[NOT_NAMED] += 1
    return dict(left_out)


def _described(folder: Path) -> dict[str, Any]:
    try:
        described = json.loads(
            (folder / CASE_FILE).read_text(encoding="utf-8-sig"), object_pairs_hook=_once_each, parse_constant=_no_number
        )
    except (ValueError, RecursionError) as error:
        raise UnusableInput(f"{CASE_FILE} in {folder.name} is not valid JSON: {error}") from error
    if not isinstance(described, dict) or not isinstance(described.get("images", {}), dict):
        raise UnusableInput(f'{CASE_FILE} in {folder.name} must look like {{"id": "...", "images": {{"CT": "ct.nrrd"}}}}')
    unknown = sorted(set(described) - set(KNOWN_FIELDS))
    if unknown:
        raise UnusableInput(f"{CASE_FILE} in {folder.name} has unknown fields: {', '.join(unknown)}")
    stated = {field: value for field, value in described.items() if value is not None}
    for field, value in stated.items():
        kind, of, like = KNOWN_FIELDS[field]
        values = value.values() if isinstance(value, dict) and of else ()
        if not isinstance(value, kind) or not all(isinstance(one, of) for one in values):
            raise UnusableInput(f"{CASE_FILE} in {folder.name}: {field} must be {like}")
        texts = (*(value if isinstance(value, dict) else ()), *(values if field != IMAGES else ()), value)
        if not all(text.isprintable() for text in texts if isinstance(text, str) and field not in (STRUCTURES, DOSE)):
            raise UnusableInput(f"{CASE_FILE} in {folder.name}: {field} holds characters that cannot be written")
        if field in PRESCRIPTIONS and not all(map(_is_dose, values or [value])):
            raise UnusableInput(f"{CASE_FILE} in {folder.name}: {field} must be {like}, in Gy and above 0")
        if field in Demographics._fields and Demographics.of({field: value}) == UNKNOWN:
            raise UnusableInput(f"{CASE_FILE} in {folder.name}: {field} must be {like}")
    for name in (*stated.get("images", {}).values(), *(stated.get(field, "") for field in (STRUCTURES, DOSE))):
        _refuse_no_name(folder, name)
    return stated


def _refuse_no_name(folder: Path, name: str) -> None:
    """Raise `UnusableInput` if a text is no name that the system can look for."""
    try:
        (folder / name).lstat()
    except FileNotFoundError:
        pass  # told where it is wanted
    except (ValueError, OSError) as error:  # a NUL, half a character, too many letters
        if isinstance(error, OSError) and error.errno != errno.ENAMETOOLONG:
            return
        shown = ascii(name[:SHOWN])
        raise UnusableInput(f"{CASE_FILE} in {folder.name}: {shown} cannot be a file's name ({len(name)} letters)") from error


def _no_number(text: str) -> None:
    """NaN and Infinity, which Python takes and JSON does not know."""
    raise ValueError(f"{text} is no number")


def _is_dose(value: object) -> bool:
    """Whether a value can be a prescribed dose."""
    return isinstance(value, NUMBER) and not isinstance(value, bool) and 0 < value <= sys.float_info.max


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The fields of an object; a field that stands there twice would lose its first value in silence."""
    count = Counter(name for name, _ in pairs)
    if len(count) < len(pairs):
        raise ValueError(f"{count.most_common(1)[0][0]!r} stands twice in one object")
    return dict(pairs)


def _stated_place(folder: Path, described: dict[str, Any], what: str) -> Place | None:
    """Where ``geometry`` says that a file lies: an image's key, ``structures`` or ``dose``."""
    stated = described.get("geometry", {})
    unknown = sorted(set(stated) - set(described.get("images", {})) - {STRUCTURES, DOSE})
    if unknown:
        raise UnusableInput(f"{CASE_FILE} in {folder.name}: geometry names what is not there: {', '.join(unknown)}")
    return stated_place(stated[what], f"{CASE_FILE} in {folder.name}: geometry of {what}") if what in stated else None


def _images(folder: Path, described: dict[str, Any]) -> tuple[CaseImage, ...]:
    """Images in the order of the file, a CT first (key ``CT`` before ``CT_2``)."""
    images = []
    where = f"{CASE_FILE} in {folder.name}"
    unknown = sorted(set(described.get("units", {})) - set(described.get("images", {})))
    if unknown:
        raise UnusableInput(f"{where}: units names what is not there: {', '.join(unknown)}")
    files = [(folder / name).resolve() for name in described.get("images", {}).values()]
    if len(set(files)) < len(files):
        raise UnusableInput(f"{where}: images names one file twice; give each image its own")
    for key, name in described.get("images", {}).items():
        modality = key.split("_")[0]
        if modality not in UNITS or {"/", "\\"} & set(key):
            raise UnusableInput(f"{where}: image {key!r} must be called CT, MR or PET (or MR_T1, CT_2, ...)")
        unit = described.get("units", {}).get(key, UNITS[modality])
        unit = SUV if unit.casefold() == SUV.casefold() else unit
        if modality == CT and unit != UNITS[CT]:
            raise UnusableInput(f"{where}: {key} is in {unit}; a CT must be in {UNITS[CT]}")
        notes = ('its unit is not stated ("units": {"PET": "SUVbw"} in case.json)',) if modality == PET and unit == "a.u." else ()
        path = folder / name
        if path.is_file() and is_dicom(path):
            raise UnusableInput(f"image {key} ({path.name}) is DICOM; give the folder of the series, without {CASE_FILE}")
        pixels, said = read_volume(path, f"image {key} ({path.name})", _stated_place(folder, described, key))
        image = CaseImage(key=key, modality=modality, image=pixels, unit=unit, notes=(*notes, *said), sources=(path,))
        image = replace(image, defaced_before=named_defacing(path))
        image = checked_image(image)
        warnings = suv_warnings(image.array()) if unit == SUV else ()
        images.append(replace(image, notes=(*image.notes, *warnings)))
    return tuple(sorted(images, key=lambda image: (image.modality != CT, image.key != CT if image.modality == CT else False)))


def _structure_set(folder: Path, described: dict[str, Any]) -> StructureSet | None:
    if not described.get("structures"):
        return None
    path = folder / described["structures"]
    if not path.exists():
        raise UnusableInput(f"{path.name} is named in {CASE_FILE} but is not in the folder")
    prescribed = described.get("prescriptions_gy", {})
    found = read_structures(path, described.get("labels"), _stated_place(folder, described, STRUCTURES))
    unknown = sorted(set(prescribed) - {structure.name for structure in found})
    if unknown:
        raise UnusableInput(f"{CASE_FILE} in {folder.name}: prescriptions_gy names structures that are not there: {unknown}")
    structures = unique_names(
        [replace(s, prescription_gy=float(prescribed[s.name])) if s.name in prescribed else s for s in found]
    )
    return StructureSet(structures=structures, notes=structure_notes(structures), sources=(path,))


def _dose(folder: Path, described: dict[str, Any]) -> tuple[Dose | None, str]:
    """The dose, or none and the reason (``""`` if none is named)."""
    if not described.get("dose"):
        return None, ""
    path = folder / described["dose"]
    stated = described.get("prescription_gy")
    try:
        image, said, unit = _dose_grid(path, _stated_place(folder, described, DOSE))
        prescription_gy = float(stated) if stated is not None and unit == GY else None
        notes = dose_warnings(image, unit, path.name, prescription_gy)
    except NotAvailable as reason:
        return None, str(reason)
    dose = Dose(
        image=sitk.Cast(image, sitk.sitkFloat32),
        prescription_gy=prescription_gy,
        notes=(*said, *notes),
        sources=(path,),
        unit=unit,
    )
    return dose, ""


def _dose_grid(path: Path, place: Place | None) -> tuple[sitk.Image, tuple[str, ...], str]:
    """A dose, notes and its unit: an image file is in Gy, an RTDOSE tells it (and how its integers are scaled).

    Raises
    ------
    NotAvailable
        If it is an RTDOSE that holds no dose to use.
    UnusableInput
        If the file is damaged, or no dose.
    """
    header = read_header(path) if path.is_file() and is_dicom(path) else None
    if header is None:
        image, said = read_volume(path, f"dose {path.name}", place)
        if image.GetNumberOfComponentsPerPixel() != 1:
            raise UnusableInput(f"dose {path.name} has several values a voxel; save one 3-D dose volume in Gy")
        return image, said, GY
    if header.text("Modality") != "RTDOSE" or place is not None:
        what = "is DICOM, but no RTDOSE" if place is None else "states its geometry itself: take it out of case.json"
        raise UnusableInput(f"dose {path.name} {what}")
    image, said = read_dose_grid(header)
    return image, said, RELATIVE if header.text("DoseUnits").upper() == DICOM_RELATIVE else GY
