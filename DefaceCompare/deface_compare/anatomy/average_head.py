"""The average head that ships with the package, and what is marked on it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
import SimpleITK as sitk

from ..data import data_file, data_text
from ..geometry.grids import on_grid
from ..geometry.morphology import fill_cavities, largest_part
from ..geometry.smoothing import smoothed_at
from .head import Point

SMOOTHING_MM = 1.2
"""As for MR outlines (`outline.MR_SMOOTHING_MM`): the average head is T1-like."""


@dataclass(frozen=True)
class AverageHead:
    """The average head; all images share one grid in its own LPS mm (see ``data/templates/NOTICE.txt``).

    Parameters
    ----------
    image : SimpleITK.Image
        T1-like intensities, float32.
    outline : SimpleITK.Image
        uint8, 1 = inside the skin, cavities filled.
    brain : SimpleITK.Image
        uint8, 1 = brain.
    steering : SimpleITK.Image
        uint8, 1 = where registration may look: not the neck, whose shape and pose differ from the head's.
    landmarks_mm : mapping of str to (x, y, z)
        Names as in `Head.landmarks_mm`.
    to_mni : SimpleITK.AffineTransform
        Maps average-head mm to MNI (ICBM152) mm, both LPS.
    """

    image: sitk.Image
    outline: sitk.Image
    brain: sitk.Image
    steering: sitk.Image
    skin_isovalue: float
    landmarks_mm: Mapping[str, Point]
    to_mni: sitk.AffineTransform


@cache
def template_image(name: str) -> sitk.Image:
    """Read one image of ``data/templates`` (``average_head``, ``average_brain``, ``average_regions``, ``mni_brain`` …)."""
    with data_file(f"templates/{name}.nrrd") as path:
        return sitk.ReadImage(str(path))


@cache
def average_head() -> AverageHead:
    """The average head, read once a process."""
    facts = json.loads(data_text("templates/average_head.json"))
    image = sitk.Cast(template_image("average_head"), sitk.sitkFloat32)
    calm = sitk.GetArrayFromImage(smoothed_at(image, SMOOTHING_MM, (slice(None),) * 3))
    inside = fill_cavities(largest_part(calm > facts["skin_isovalue"]), image.GetSpacing()[0])
    landmarks = {name: (float(x), float(y), float(z)) for name, (x, y, z) in facts["landmarks_mm"].items()}
    numbers = [float(number) for number in facts["average_to_mni"]]
    to_mni = sitk.AffineTransform(3)
    to_mni.SetMatrix(numbers[:9])
    to_mni.SetTranslation(numbers[9:])
    return AverageHead(
        image=image,
        outline=on_grid(inside, image),
        brain=template_image("average_brain"),
        steering=_without_neck(image, landmarks),
        skin_isovalue=float(facts["skin_isovalue"]),
        landmarks_mm=landmarks,
        to_mni=to_mni,
    )


@cache
def average_outside_mm() -> sitk.Image:
    """Distance in mm outside the average head, negative inside, on its own grid."""
    return sitk.SignedMaurerDistanceMap(average_head().outline, False, False, True)


def _without_neck(image: sitk.Image, landmarks: Mapping[str, Point]) -> sitk.Image:
    """All of the grid but what lies below the chin, and below the ears in the back half."""
    origin, spacing, size = np.array(image.GetOrigin()), np.array(image.GetSpacing()), image.GetSize()
    z = (origin[2] + spacing[2] * np.arange(size[2]))[:, None, None]
    y = (origin[1] + spacing[1] * np.arange(size[1]))[None, :, None]
    ear_y, ear_z = landmarks["ear_left"][1:]
    neck = (z < landmarks["chin"][2]) | ((z < ear_z - 30.0) & (y > ear_y - 20.0))
    return on_grid(np.broadcast_to(~neck, image.GetSize()[::-1]).copy(), image)
