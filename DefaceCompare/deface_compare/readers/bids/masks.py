"""Structures that a data set's derivatives hold of an image: masks with a label, and segmentations with a table."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import SimpleITK as sitk

from ...case import Structure
from ...errors import UnusableInput
from ..files.segmentations import labelmap_structure, read_labelmap
from ..files.volume import read_volume
from .names import NIFTI_ENDINGS, BidsName, parse_name

DERIVATIVES = "derivatives"
OWN_SPACES = frozenset({"", "orig", "T1w", "individual"})
"""Spaces of masks that lie on the subject's own image (BIDS, derivatives: spatial references); all others are templates."""
MASK, SEGMENTATION = "mask", "dseg"
SAYS_LESS = frozenset({"space", "label", "desc", "res", "den", "seg", "atlas"})
"""Entities that derivatives add to the name of the image they were made of."""


def labelled_masks(root: Path, folder: Path, image: BidsName) -> list[Structure]:
    """Structures of an image below ``derivatives``: ``_label-Brain_mask`` files, and ``_dseg`` files with a ``_dseg.tsv``.

    Masks without a label, and segmentations whose values nothing names, are left alone.

    Parameters
    ----------
    folder : Path
        The subject's or session's folder in the raw data set.
    image : BidsName
        The image that the structures must be of.

    Raises
    ------
    UnusableInput
        If a file is damaged.
    """
    structures: list[Structure] = []
    for path, name in _files(root, folder, image):
        if name.suffix == MASK and "label" in name.entities:
            mask, _ = read_volume(path, f"mask {path.name}")
            inside = sitk.GetArrayFromImage(mask) > 0
            structures.append(labelmap_structure(name.entities["label"], inside, mask, len(structures) + 1))
        elif name.suffix == SEGMENTATION:
            labels = _labels(path, name)
            structures += read_labelmap(path, labels) if labels else []
    return structures


def mask_sources(root: Path, folder: Path, image: BidsName) -> list[Path]:
    """The files behind `labelled_masks`."""
    return [path for path, _ in _files(root, folder, image)]


def _files(root: Path, folder: Path, image: BidsName) -> Iterator[tuple[Path, BidsName]]:
    """Masks and segmentations in every derivative that lie on this image, by path."""
    derivatives = root / DERIVATIVES
    below = folder.resolve().relative_to(root.resolve())
    for place in sorted(derivatives.iterdir()) if derivatives.is_dir() else []:
        for path in sorted((place / below).glob("*/*.nii*")):
            name = parse_name(path)
            if name and name.ending in NIFTI_ENDINGS and name.suffix in (MASK, SEGMENTATION) and _lies_on(name, image):
                yield path, name


def _lies_on(name: BidsName, image: BidsName) -> bool:
    """Whether a mask's name is that of the image but for what a derivative adds."""
    own = {key: value for key, value in name.entities.items() if key not in SAYS_LESS}
    space = name.entities.get("space", "")
    return own == dict(image.entities) and space in OWN_SPACES and (space != "T1w" or image.suffix == "T1w")


def _labels(path: Path, name: BidsName) -> dict[str, str]:
    """Value to name of a segmentation's own table; empty without one."""
    table = path.with_name(str(name.with_entities(ending=".tsv")))
    if not table.is_file():
        return {}
    try:
        with table.open(newline="", encoding="utf-8-sig") as stream:
            rows = [row for row in csv.DictReader(stream, delimiter="\t") if row.get("index") and row.get("name")]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UnusableInput(f"{table.name} cannot be read; it must be a table with tabs, in UTF-8") from error
    return {row["index"]: row["name"] for row in rows if row["index"] != "0"}
