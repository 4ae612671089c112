"""Structures stored as voxels: Slicer's ``.seg.nrrd`` and folders of one mask file a structure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from ...case import Structure
from ...errors import UnusableInput
from ...structures.naming import named
from .place import Place
from .volume import read_volume

MASK_SUFFIXES = (".nii.gz", ".nii", ".nrrd", ".mha", ".mhd")
CONTOURS = ".vtp"
NOT_A_FILE = "._"
"""How the files begin that macOS leaves beside others on foreign disks."""
HALF = 0.5
"""A voxel of a fractional mask is inside from this share on."""
SEGMENT_NAME = re.compile(r"Segment(\d+)_Name")


def read_seg_nrrd(path: Path, place: Place | None = None) -> list[Structure]:
    """Read the segments of a Slicer segmentation by its ``Segment{N}_`` headers (name, label value, layer).

    Parameters
    ----------
    place : Place, optional
        Where it lies, for a file that does not say it.

    Raises
    ------
    UnusableInput
        If the file has no segment headers or a header points to a layer that is not there.
    """
    image, notes = read_volume(path, f"segmentation {path.name}", place)
    layers = sitk.GetArrayViewFromImage(image)
    if image.GetNumberOfComponentsPerPixel() == 1:
        layers = layers[..., np.newaxis]
    structures: list[Structure] = []
    owned: dict[int, set[int]] = {}
    for segment in sorted(int(found[1]) for key in image.GetMetaDataKeys() if (found := SEGMENT_NAME.fullmatch(key))):
        prefix = f"Segment{segment}_"
        # Files older than Slicer 4.11 have one layer a segment and no such headers.
        old_layer = segment if layers.shape[-1] > 1 else 0
        layer = _number(image, prefix + "Layer", old_layer, path)
        value = _number(image, prefix + "LabelValue", 1, path)
        if not 0 <= layer < layers.shape[-1]:
            raise UnusableInput(f"{path.name}: segment {segment} lies in layer {layer}, which the file has not")
        name = image.GetMetaData(prefix + "Name")
        structures.append(labelmap_structure(name, layers[..., layer] == value, image, len(structures) + 1))
        owned.setdefault(layer, {0}).add(value)
    if not structures:
        raise UnusableInput(
            f"{path.name} holds no Segment0_Name header; save it from Slicer as a segmentation (.seg.nrrd), or, as a labelmap,"
            ' name its values in case.json ("labels": {"1": "Brain"})'
        )
    nobodys = sum(len(set(np.unique(layers[..., k]).tolist()) - owned.get(k, {0})) for k in range(layers.shape[-1]))
    if nobodys:
        notes += (f"its file holds {nobodys} label value{'s' * (nobodys > 1)} that no segment has: their voxels were not read",)
    return [replace(structure, notes=(*structure.notes, *notes)) for structure in structures]


def _number(image: sitk.Image, key: str, absent: int, path: Path) -> int:
    """A whole number of the file's headers, `absent` if there is none."""
    text = image.GetMetaData(key) if image.HasMetaDataKey(key) else str(absent)
    if not text.strip().isdecimal():
        raise UnusableInput(f"{path.name}: the header {key} is no whole number ({text!r}); save it from Slicer again")
    return int(text)


def read_labelmap(path: Path, labels: Mapping[str, str], place: Place | None = None) -> list[Structure]:
    """Read an image of label values, with the name of each value; `place` as in `read_seg_nrrd`.

    Raises
    ------
    UnusableInput
        If the image has several values a voxel, a label is no whole number, or a value in the image has no name.
    """
    image, notes = read_volume(path, f"labelmap {path.name}", place)
    if image.GetNumberOfComponentsPerPixel() != 1:
        raise UnusableInput(f"labelmap {path.name} has several values a voxel; save one 3-D labelmap")
    array = sitk.GetArrayFromImage(image)
    if not all(label.isdecimal() for label in labels) or len(set(map(int, labels))) < len(labels):
        raise UnusableInput(f'labels of {path.name} must be whole numbers with names, each once, like {{"1": "Brain"}}')
    unnamed = sorted(set(np.unique(array).tolist()) - {0} - {int(label) for label in labels})
    if unnamed:
        raise UnusableInput(f"labelmap {path.name} holds the values {unnamed}, which have no name")
    structures = [
        labelmap_structure(name, array == int(label), image, number) for number, (label, name) in enumerate(labels.items(), 1)
    ]
    return [replace(structure, notes=(*structure.notes, *notes)) for structure in structures]


def read_mask_folder(folder: Path, place: Place | None = None) -> list[Structure]:
    """Read a folder of one mask file a structure; the file's stem is the planned name.

    Inside is the one value beside 0, or, of a mask of shares from 0 to 1, what has half or more. `place` as in `read_seg_nrrd`.

    Raises
    ------
    UnusableInput
        If the folder holds no masks, or contour files beside them, or a mask cannot be read.
    """
    structures: list[Structure] = []
    if any(folder.glob(f"*{CONTOURS}")):
        raise UnusableInput(f"folder {folder.name} holds masks and contour files ({CONTOURS}); give one of the two")
    for path in mask_files(folder):
        mask, notes = read_volume(path, f"mask {path.name}", place)
        if mask.GetNumberOfComponentsPerPixel() != 1:
            raise UnusableInput(f"mask {path.name} has several values a voxel; save one 3-D mask a structure")
        suffix = next(s for s in MASK_SUFFIXES if path.name.lower().endswith(s))
        inside, said, problem = _inside(sitk.GetArrayViewFromImage(mask))
        structure = labelmap_structure(path.name[: -len(suffix)], inside, mask, len(structures) + 1)
        structures.append(
            replace(structure, notes=(*structure.notes, *notes, *said), problem=problem if problem else structure.problem)
        )
    if not structures:
        raise UnusableInput(f"folder {folder.name} holds no mask file ({', '.join(MASK_SUFFIXES)})")
    return structures


def mask_files(folder: Path) -> list[Path]:
    """The masks of a folder, by name; those in folders below it are none of them."""
    names = (path for path in sorted(folder.iterdir()) if not path.name.startswith(NOT_A_FILE))
    return [path for path in names if path.name.lower().endswith(MASK_SUFFIXES) and path.is_file()]


def _inside(mask: NDArray[np.generic]) -> tuple[NDArray[np.bool_], tuple[str, ...], str]:
    """The voxels of a mask that are inside, what must be said of them, and why nothing tells which they are."""
    values = np.unique(mask).astype(np.float64)
    beside_0 = values[values != 0]
    nothing = np.zeros(mask.shape, bool)
    if len(beside_0) and beside_0[0] > 0 and beside_0[-1] <= 1 and (np.any(beside_0 < 1)):
        return np.greater_equal(mask, HALF), (f"a mask of shares: voxels of {HALF:.0%} and more are inside",), ""
    if len(beside_0) > 1 or (len(beside_0) and (beside_0[0] < 0 or 0 not in values)):
        held = (
            f"{len(values)} values from {values[0]:g} to {values[-1]:g}" if len(values) > 1 else f"{values[0]:g} in every voxel"
        )
        return nothing, (), f"its mask holds {held}, not 0 and one value for inside: nothing tells which voxels are its own"
    inside = mask != 0
    corners = inside[:: inside.shape[0] - 1 or 1, :: inside.shape[1] - 1 or 1, :: inside.shape[2] - 1 or 1]
    return inside, ("its mask is set in all corners of its file: it may be inverted",) if corners.all() else (), ""


def labelmap_structure(name: str, inside: NDArray[np.bool_], grid: sitk.Image, number: int) -> Structure:
    """A structure as a uint8 labelmap cropped to its box plus one voxel (an empty one keeps a single voxel)."""
    low, high = [0, 0, 0], [1, 1, 1]
    if inside.any():
        for axis in range(3):
            where = np.flatnonzero(inside.any(axis=tuple(a for a in range(3) if a != axis)))
            low[axis], high[axis] = max(int(where[0]) - 1, 0), min(int(where[-1]) + 2, inside.shape[axis])
    crop = inside[tuple(slice(a, b) for a, b in zip(low, high, strict=True))]
    labelmap = sitk.GetImageFromArray(crop.astype(np.uint8))
    labelmap.SetSpacing(grid.GetSpacing())
    labelmap.SetDirection(grid.GetDirection())
    labelmap.SetOrigin(grid.TransformIndexToPhysicalPoint((low[2], low[1], low[0])))
    problem = "" if inside.any() else "the structure is empty"
    return named(Structure(name=name, standard_name="", labelmap=labelmap, problem=problem), number)
