"""Which image files of a subject are read, and what each of them shows."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...case import CT, MR, PET
from ..earlier_defacing import DEFACE_MASK
from ..found_files import find_files
from .names import NIFTI_ENDINGS, BidsName, parse_name

FOLDERS = ("anat", "pet", "ct")
"""Data types whose images are read; ``ct`` is a proposal to BIDS (BEP 024)."""
SUFFIXES = {
    "T1w": "MR_T1",
    "inplaneT1": "MR_T1",
    "T2w": "MR_T2",
    "inplaneT2": "MR_T2",
    "FLAIR": "MR_FLAIR",
    "PDw": MR,
    "PDT2": MR,
    "T2starw": MR,
    "pet": PET,
    "ct": CT,
    "CT": CT,
}
"""Suffixes of the images that show a head as it is. Maps of parameters, angiographies and raw echoes are not compared."""
CONTRAST = {"MR_T1": "MR_T1C"}
"""What a T1 with contrast agent (entity ``ce``) is called."""
NOT_COMPARED = "BIDS files of kinds that are not compared"
OTHER_FOLDER = "BIDS files of other data types (func, dwi, fmap ...)"
OTHER_FILES = "BIDS files that are no images (TSV ...)"
SIDECAR = ".json"
MASKS = "masks of an earlier defacing"
PARTS = "phase, real or imaginary parts"
OTHER_RUNS = "other runs, echoes or reconstructions of an image that is read"


@dataclass(frozen=True)
class BidsImage:
    """One image file.

    Parameters
    ----------
    key : str
        As in `CaseImage`.
    path : Path
    name : BidsName
    others : int
        Files of the same key that were not chosen.
    """

    key: str
    path: Path
    name: BidsName
    others: int = 0


def choose_images(folder: Path) -> tuple[tuple[BidsImage, ...], dict[str, int]]:
    """The images of a subject's or a session's folder, one a kind, and how many files were left out, by reason.

    Of several runs the first is taken: lowest run, echo 1, magnitude, the name that says least.
    """
    found = find_files(folder)
    left_out: dict[str, int] = defaultdict(int, found.left_out)
    by_key: dict[str, list[tuple[Path, BidsName]]] = defaultdict(list)
    for path in found.files:
        name = parse_name(path)
        if name is not None and name.ending == SIDECAR:
            continue  # read with its image
        reason = _left_out(path, name, folder)
        if reason or name is None:
            left_out[reason] += 1
            continue
        key = SUFFIXES[name.suffix]
        by_key[CONTRAST.get(key, key) if "ce" in name.entities else key].append((path, name))
    images = []
    for key, candidates in by_key.items():
        path, name = min(candidates, key=lambda each: _rank(each[1]))
        images.append(BidsImage(key, path, name, len(candidates) - 1))
        if len(candidates) > 1:
            left_out[OTHER_RUNS] += len(candidates) - 1
    return tuple(sorted(images, key=_place)), dict(left_out)


def chosen_note(image: BidsImage) -> str:
    """That one of several runs was taken; ``""`` if there was one only."""
    if not image.others:
        return ""
    return f"{image.path.name} is read, and {image.others} more of its kind are not: give one file to `case` to compare another"


def _left_out(path: Path, name: BidsName | None, folder: Path) -> str:
    """Why a file is not read, ``""`` if it is an image to choose from."""
    if DEFACE_MASK.search(path.name):
        return MASKS
    relative = path.relative_to(folder).parts
    if len(relative) != 2 or relative[0] not in FOLDERS:
        return OTHER_FOLDER if len(relative) > 1 else OTHER_FILES
    if not path.name.endswith(NIFTI_ENDINGS):
        return OTHER_FILES
    if name is None or name.suffix not in SUFFIXES:
        return NOT_COMPARED
    return "" if name.entities.get("part", "mag") == "mag" else PARTS


def _rank(name: BidsName) -> tuple[object, ...]:
    """Lowest first: fewer entities of choice, then numbers as numbers."""
    entities: Mapping[str, str] = name.entities
    chosen: Sequence[str] = [key for key in entities if key in ("acq", "rec", "task", "chunk", "space", "desc")]
    return len(chosen), _natural(entities.get("run", "")), _natural(entities.get("echo", "")), _natural(str(name))


def _natural(text: str) -> tuple[tuple[int, str], ...]:
    return tuple((int(part), "") if part.isdigit() else (0, part) for part in re.split(r"(\d+)", text))


def _place(image: BidsImage) -> tuple[int, str]:
    """A CT first, then T1: what other images are placed on."""
    order = (CT, "MR_T1", "MR_T1C", "MR_T2", "MR_FLAIR", MR, PET)
    return (order.index(image.key) if image.key in order else len(order)), image.key
