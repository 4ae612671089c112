"""An analytic head for the tests of methods and gate: ellipsoids whose answers are known in closed form."""

from __future__ import annotations

from dataclasses import replace
from functools import cache, lru_cache

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from deface_compare.anatomy.head import Head
from deface_compare.case import CT, Case, CaseImage, Dose

SKULL_MM, CENTRE_MM = (75.0, 95.0, 110.0), (0.0, 0.0, 0.0)
"""Half axes (x, y, z) and centre of the head, LPS mm."""
BRAIN_MM, BRAIN_CENTRE_MM = (60.0, 75.0, 55.0), (0.0, 8.0, 40.0)
NOSE_MM, NOSE_CENTRE_MM = (12.0, 22.0, 18.0), (0.0, -92.0, -25.0)
EAR_MM, EAR_CENTRE_MM = (12.0, 12.0, 22.0), (78.0, 15.0, -15.0)
AIR_HU, TISSUE_HU, BRAIN_HU = -1000, 40, 35


Triple = tuple[float, float, float]


def grid(spacing: Triple = (2.0, 2.0, 2.0), half_mm: Triple = (110.0, 130.0, 124.0)) -> sitk.Image:
    """An empty LPS grid centred on the head."""
    size = [int(np.ceil(2 * h / s)) for h, s in zip(half_mm, spacing, strict=True)]
    empty = sitk.Image(size, sitk.sitkUInt8)
    empty.SetSpacing(spacing)
    empty.SetOrigin([-0.5 * (n - 1) * s for n, s in zip(size, spacing, strict=True)])
    return empty


def points(of: sitk.Image) -> NDArray[np.float64]:
    """LPS mm of every voxel centre, shape (z, y, x, 3)."""
    return _points(of.GetSize(), of.GetSpacing(), of.GetOrigin(), of.GetDirection())


@lru_cache(maxsize=4)
def _points(
    size: tuple[int, ...], spacing: tuple[float, ...], origin: tuple[float, ...], direction: tuple[float, ...]
) -> NDArray:
    matrix = np.array(direction).reshape(3, 3) * np.array(spacing)
    axes = [np.arange(n, dtype=float)[:, None] * column for n, column in zip(size, matrix.T, strict=True)]
    where = axes[2][:, None, None] + axes[1][None, :, None] + axes[0][None, None, :] + np.array(origin)
    where.setflags(write=False)
    return where


def inside(where: NDArray[np.float64], half_mm: Triple, centre_mm: Triple) -> NDArray[np.bool_]:
    """Which points lie in an ellipsoid."""
    return np.sum(((where - np.array(centre_mm)) / np.array(half_mm)) ** 2, axis=-1) <= 1.0


def outline_at(where: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Head, nose and both ears."""
    left, right = EAR_CENTRE_MM, (-EAR_CENTRE_MM[0], *EAR_CENTRE_MM[1:])
    parts = [(SKULL_MM, CENTRE_MM), (NOSE_MM, NOSE_CENTRE_MM), (EAR_MM, left), (EAR_MM, right)]
    return np.any([inside(where, half, centre) for half, centre in parts], axis=0)


def mask(of: sitk.Image, array: NDArray[np.bool_]) -> sitk.Image:
    """A uint8 image on the grid `of`."""
    image = sitk.GetImageFromArray(array.astype(np.uint8))
    image.CopyInformation(of)
    return image


def ct(of: sitk.Image, seed: int = 7) -> CaseImage:
    """int16 HU with a little noise."""
    return _ct(of.GetSize(), of.GetSpacing(), of.GetOrigin(), of.GetDirection(), seed)


@lru_cache(maxsize=4)
def _ct(
    size: tuple[int, ...], spacing: tuple[float, ...], origin: tuple[float, ...], direction: tuple[float, ...], seed: int
) -> CaseImage:
    where = _points(size, spacing, origin, direction)
    values = np.where(outline_at(where), TISSUE_HU, AIR_HU)
    values[inside(where, BRAIN_MM, BRAIN_CENTRE_MM)] = BRAIN_HU
    values = values + np.random.default_rng(seed).integers(-8, 9, values.shape)
    image = sitk.GetImageFromArray(values.astype(np.int16))
    image.SetSpacing(spacing)
    image.SetOrigin(origin)
    image.SetDirection(direction)
    return CaseImage(key="CT", modality=CT, image=image, unit="HU")


def head(**changes: object) -> Head:
    """The analytic head on a 2 mm grid; its own mm serve as average-head and template mm."""
    return replace(_head(), **changes)  # type: ignore[arg-type]


@cache
def _head() -> Head:
    working = grid()
    where = points(working)
    fields: dict[str, object] = {
        "image_key": "CT",
        "outline": mask(working, outline_at(where)),
        "devices": mask(working, np.zeros(where.shape[:3], dtype=bool)),
        "brain": mask(working, inside(where, BRAIN_MM, BRAIN_CENTRE_MM)),
        "brain_source": "image",
        "brain_independent": mask(working, inside(where, BRAIN_MM, BRAIN_CENTRE_MM)),
        "average_to_patient": sitk.AffineTransform(3),
        "brain_to_patient": sitk.TranslationTransform(3, (0.0, 20.0, 0.0)),
        "landmarks_mm": {
            "eye_left": (32.0, -75.0, 5.0),
            "eye_right": (-32.0, -75.0, 5.0),
            "nasion": (0.0, -95.0, 5.0),
            "nose_tip": (0.0, -114.0, -25.0),
            "mouth": (0.0, -82.0, -55.0),
            "chin": (0.0, -55.0, -90.0),
            "ear_left": (85.0, 15.0, -15.0),
            "ear_right": (-85.0, 15.0, -15.0),
            "vertex": (0.0, 0.0, 110.0),
        },
        "face_extent": "full",
    }
    fields.setdefault("witnesses", ("its formula",))
    return Head(**fields)  # type: ignore[arg-type]


def dose(of: sitk.Image) -> Dose:
    """A smooth dose, 60 Gy in the middle."""
    where = points(of)
    gray = 60.0 * np.exp(-np.sum((where / 80.0) ** 2, axis=-1))
    image = sitk.GetImageFromArray(gray.astype(np.float32))
    image.CopyInformation(of)
    return Dose(image=image)


def case(*images: CaseImage, **more: object) -> Case:
    """A case of these images."""
    return Case(id="case-001", images=images, **more)  # type: ignore[arg-type]
