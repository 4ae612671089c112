"""A case of a study as the review shows it: read and drawn part by part."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from deface_compare.case import CT, Case, Structure
from deface_compare.cohort.decision import ORIGINAL
from deface_compare.cohort.review import ReviewCase
from deface_compare.errors import UnusableInput
from deface_compare.output.key import key_source

from .altered import altered_voxels
from .parts import ALTERED, IMAGE, LEVEL, PATIENT, SKIN, Part
from .skin_drawing import SkinDrawing
from .voxels import Voxels

UNDEFACED = ""
"""Key of the undefaced image itself; `ORIGINAL` is its copy among the methods, in a catch trial."""


@dataclass(frozen=True)
class Planned:
    """What was planned on a patient.

    Parameters
    ----------
    structures : tuple of Structure
    dose : Voxels, optional
        In Gy.
    """

    structures: tuple[Structure, ...] = ()
    dose: Voxels | None = None


def loading(case: ReviewCase, methods: Sequence[str]) -> Iterator[Part]:
    """Read and draw a case: what was planned, the images, the isovalue, the skins in the order of the images.

    Parameters
    ----------
    case : ReviewCase
    methods : sequence of str
        Keys of the methods in the order of the views; `ORIGINAL` stands for the undefaced image.

    Raises
    ------
    UnusableInput
        If the original is not there any more, or a defaced image is damaged.
    FaceNotFound
        If the original shows no head.
    """
    from deface_compare.readers import read_case  # brings pydicom, which opening the panel need not wait for

    patient = read_case(source_of(case))
    originals = {image.key: image for image in patient.images}
    if case.image not in originals:
        raise UnusableInput(f"The original of {case.id} has no {case.image} any more: choose the folder it was made from.")
    yield Part(PATIENT, "", _planned(patient))
    original = originals[case.image].image
    images = {UNDEFACED: original}
    yield Part(IMAGE, UNDEFACED, Voxels.of(original))
    for method in methods:
        file = case.folder / method / f"{case.image}.nrrd"
        if method == ORIGINAL:
            images[method] = original
        elif file.is_file():
            images[method] = _read(file)
        else:
            continue
        yield Part(IMAGE, method, Voxels.of(images[method]))
    skins = SkinDrawing(images.pop(UNDEFACED), ct=originals[case.image].modality == CT)
    yield Part(LEVEL, "", skins.body_from)
    yield Part(SKIN, UNDEFACED, skins.surfaces[0])
    for method, image in images.items():
        yield Part(ALTERED, method, _altered(original, image, skins.body_from))
        skins.add(image)
        yield Part(SKIN, method, skins.surfaces[-1])


def _altered(original: sitk.Image, image: sitk.Image, body_from: float) -> NDArray[np.int64]:
    """Flat indices of what was altered; of another grid none, which the views refuse."""
    if image.GetSize() != original.GetSize():
        return np.empty(0, np.int64)
    return altered_voxels(sitk.GetArrayViewFromImage(original), sitk.GetArrayViewFromImage(image), body_from)


def _planned(patient: Case) -> Planned:
    structures = tuple(patient.structure_set.structures) if patient.structure_set is not None else ()
    return Planned(structures, Voxels.of(patient.dose.image) if patient.dose is not None else None)


def source_of(case: ReviewCase) -> Path:
    """The folder that a finished case was made from, as ``identifiable/key.csv`` says.

    Raises
    ------
    UnusableInput
        If the key does not say, or the folder is gone.
    """
    source = key_source(case.folder.parents[1], case.id)
    if source is None or not source.is_dir():
        raise UnusableInput(f"The original of {case.id} is not where it was compared from; the pictures are all there is.")
    return source


def _read(file: Path) -> sitk.Image:
    try:
        return sitk.ReadImage(str(file))
    except RuntimeError as error:
        raise UnusableInput(f"The defaced image {file.name} of {file.parent.name} is damaged: compare again.") from error
