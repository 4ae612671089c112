"""Spatial Registration objects, written with pydicom."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as DicomSequence

from dicom_set import new_file, save, uid

REG_CLASS, DEFORMABLE_CLASS = "1.2.840.10008.5.1.4.1.1.66.1", "1.2.840.10008.5.1.4.1.1.66.3"


def rigid(degrees: float = 20.0, shift: tuple[float, float, float] = (12.0, -7.0, 31.0)) -> NDArray[np.float64]:
    """A turn about (1, 2, 3) by Rodrigues' formula, then a shift."""
    axis = np.array([1.0, 2.0, 3.0]) / np.sqrt(14.0)
    cross = np.array([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
    angle = np.radians(degrees)
    matrix = np.eye(4)
    matrix[:3, :3] = np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross
    matrix[:3, 3] = shift
    return matrix


def write_registration(
    path: Path,
    target: str,
    source: str,
    matrices: list[NDArray[np.float64]],
    *,
    images: tuple[str, ...] = (),
    date: str = "20260101",
    sop_class: str = REG_CLASS,
) -> None:
    """A REG that maps frame `source` (or the frame of `images`) into frame `target`."""
    dataset = new_file(path, sop_class, "REG", path.name, target)
    dataset.ContentDate, dataset.ContentTime = date, "120000"
    itself, other, group = Dataset(), Dataset(), Dataset()
    itself.FrameOfReferenceUID = uid(target)
    itself.MatrixRegistrationSequence = DicomSequence([_group([np.eye(4)])])
    if images:
        references = []
        for word in images:
            reference = Dataset()
            reference.ReferencedSOPInstanceUID = uid(word)
            references.append(reference)
        other.ReferencedImageSequence = DicomSequence(references)
    else:
        other.FrameOfReferenceUID = uid(source)
    group = _group(matrices)
    other.MatrixRegistrationSequence = DicomSequence([group])
    dataset.RegistrationSequence = DicomSequence([itself, other])
    save(dataset, path)


def _group(matrices: list[NDArray[np.float64]]) -> Dataset:
    items = []
    for matrix in matrices:
        item = Dataset()
        item.FrameOfReferenceTransformationMatrixType = "RIGID"
        item.FrameOfReferenceTransformationMatrix = [f"{value:.9f}".rstrip("0").rstrip(".") for value in matrix.ravel()]
        items.append(item)
    group = Dataset()
    group.MatrixSequence = DicomSequence(items)
    return group
