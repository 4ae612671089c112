"""Structures stored as voxels: Slicer's ``.seg.nrrd`` and folders of one mask file a structure."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from ...case import Structure
from ...errors import UnusableInput
from ...native_names import native_name
from ...structures.naming import named

MASK_SUFFIXES = (".nii.gz", ".nii", ".nrrd", ".mha", ".mhd")


def read_seg_nrrd(path: Path) -> list[Structure]:
    """Read the segments of a Slicer segmentation by its ``Segment{N}_`` headers (name, label value, layer).

    Raises
    ------
    UnusableInput
        If the file has no segment headers or a header points to a layer that is not there.
    """
    image = read_pixels(path)
    keys = set(image.GetMetaDataKeys())
    layers = sitk.GetArrayViewFromImage(image)
    if image.GetNumberOfComponentsPerPixel() == 1:
        layers = layers[..., np.newaxis]
    structures: list[Structure] = []
    while f"Segment{len(structures)}_Name" in keys:
        prefix = f"Segment{len(structures)}_"
        name = image.GetMetaData(prefix + "Name")
        # Files older than Slicer 4.11 have one layer a segment and no such headers.
        old_layer = len(structures) if layers.shape[-1] > 1 else 0
        layer = _number(image, prefix + "Layer", old_layer, path)
        value = _number(image, prefix + "LabelValue", 1, path)
        if not 0 <= layer < layers.shape[-1]:
            raise UnusableInput(f"{path.name}: segment {len(structures)} lies in layer {layer}, which the file has not")
        structures.append(labelmap_structure(name, layers[..., layer] == value, image, len(structures) + 1))
    if not structures:
        raise UnusableInput(
            f"{path.name} holds no Segment0_Name header; save it from Slicer as a segmentation (.seg.nrrd), or, as a labelmap,"
            ' name its values in case.json ("labels": {"1": "Brain"})'
        )
    return structures


def _number(image: sitk.Image, key: str, absent: int, path: Path) -> int:
    """A whole number of the file's headers, `absent` if there is none."""
    text = image.GetMetaData(key) if image.HasMetaDataKey(key) else str(absent)
    if not text.strip().isdigit():
        raise UnusableInput(f"{path.name}: the header {key} is no whole number ({text!r}); save it from Slicer again")
    return int(text)


def read_labelmap(path: Path, labels: Mapping[str, str]) -> list[Structure]:
    """Read an image of label values, with the name of each value.

    Raises
    ------
    UnusableInput
        If the image has several values a voxel, a label is no whole number, or a value in the image has no name.
    """
    image = read_pixels(path)
    if image.GetNumberOfComponentsPerPixel() != 1:
        raise UnusableInput(f"labelmap {path.name} has several values a voxel; save one 3-D labelmap")
    array = sitk.GetArrayFromImage(image)
    if not all(label.isdigit() for label in labels):
        raise UnusableInput(f'labels of {path.name} must be whole numbers with names, like {{"1": "Brain"}}')
    unnamed = sorted(set(np.unique(array).tolist()) - {0} - {int(label) for label in labels})
    if unnamed:
        raise UnusableInput(f"labelmap {path.name} holds the values {unnamed}, which have no name")
    return [
        labelmap_structure(name, array == int(label), image, number) for number, (label, name) in enumerate(labels.items(), 1)
    ]


def read_mask_folder(folder: Path) -> list[Structure]:
    """Read a folder of one mask file a structure; the file's stem is the planned name, non-zero is inside."""
    structures: list[Structure] = []
    for path in sorted(folder.iterdir()):
        suffix = next((s for s in MASK_SUFFIXES if path.name.lower().endswith(s)), None)
        if suffix is None or not path.is_file():
            continue
        mask = read_pixels(path)
        if mask.GetNumberOfComponentsPerPixel() != 1:
            raise UnusableInput(f"mask {path.name} has several values a voxel; save one 3-D mask a structure")
        name = path.name[: -len(suffix)]
        structures.append(labelmap_structure(name, sitk.GetArrayViewFromImage(mask) != 0, mask, len(structures) + 1))
    if not structures:
        raise UnusableInput(f"folder {folder.name} holds no mask file ({', '.join(MASK_SUFFIXES)})")
    return structures


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


def read_pixels(path: Path) -> sitk.Image:
    """Read a 3-D image file.

    Raises
    ------
    UnusableInput
        If the file is missing, damaged, of an unknown format or not 3-D.
    """
    if not path.is_file():
        raise UnusableInput(f"{path.name} is named in case.json but is not in the folder")
    try:
        image = sitk.ReadImage(native_name(path))
    except RuntimeError as error:
        raise UnusableInput(f"{path.name} cannot be read as an image; it is damaged or of an unknown format") from error
    if image.GetDimension() != 3:
        raise UnusableInput(f"{path.name} has {image.GetDimension()} dimensions; save it as one 3-D volume")
    return image
