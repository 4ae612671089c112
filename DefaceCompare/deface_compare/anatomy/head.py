"""What is known of a patient's head in one frame of reference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from ..geometry.level_set import mask_level_mm

Point = tuple[float, float, float]
"""One point, (x, y, z) in LPS mm."""


@dataclass(frozen=True)
class Head:
    """The head found in the primary image of one frame of reference.

    All images here lie on one isotropic working grid (about 2 mm, LPS axes, covering the field of view of the image the
    head was found in), so that their arrays, shape (z, y, x), can be combined voxel by voxel.

    Parameters
    ----------
    image_key : str
        The image on which the head was found.
    outline : SimpleITK.Image
        uint8, 1 = patient: skin and all inside it, air cavities filled; couch, head holder and mask shells are 0.
    devices : SimpleITK.Image
        uint8, 1 = couch, holder, shell or other dense matter outside the outline.
    brain : SimpleITK.Image
        uint8, 1 = brain; the mask that methods steer by.
    brain_source : str
        ``planned structure``, ``image`` or ``average head``.
    brain_independent : SimpleITK.Image or None
        uint8; a brain mask that methods do not use, for measuring; None where there is only one source.
    average_to_patient : SimpleITK.Transform
        Affine; maps patient mm to average-head mm (ITK resampling convention: fixed = patient, moving = average head).
    brain_to_patient : SimpleITK.Transform
        Affine; maps patient mm to MNI (ICBM152) mm, same convention.
    landmarks_mm : mapping of str to (x, y, z)
        ``eye_left``, ``eye_right`` (centres), ``nasion``, ``nose_tip``, ``mouth``, ``chin``, ``ear_left``, ``ear_right``,
        ``vertex``; patient LPS mm, from the registered average head, so also where the scan ends before them.
    face_extent : str
        ``full`` (brow to chin in the scan), ``upper``, ``lower`` or ``none``.
    notes : tuple of str
    witnesses : tuple of str
        What agrees with the outline's fit about where the head lies (``bone``, ``inner edges``, ``planned organs``); empty:
        nothing does, and no claim may rest on the place.
    skin : SimpleITK.Image or None
        float32, mm from the skin, negative inside, located between voxels by the image's values; None: the outline's border.
    """

    image_key: str
    outline: sitk.Image
    devices: sitk.Image
    brain: sitk.Image
    brain_source: str
    brain_independent: sitk.Image | None
    average_to_patient: sitk.Transform
    brain_to_patient: sitk.Transform
    landmarks_mm: Mapping[str, Point]
    face_extent: str
    notes: tuple[str, ...] = ()
    witnesses: tuple[str, ...] = ()
    skin: sitk.Image | None = None

    @property
    def grid(self) -> sitk.Image:
        """The working grid (any image on it)."""
        return self.outline

    @cached_property
    def skin_distance_mm(self) -> NDArray[np.float32]:
        """Distance in mm from the outline's border on the grid, negative inside, shape (z, y, x); computed once a head."""
        return sitk.GetArrayFromImage(sitk.SignedMaurerDistanceMap(self.outline, False, False, True))

    @cached_property
    def skin_level_mm(self) -> NDArray[np.float32]:
        """Distance in mm from the skin without a mask's stair-steps, negative inside, shape (z, y, x); computed once a head."""
        return mask_level_mm(self.outline) if self.skin is None else sitk.GetArrayFromImage(self.skin)


def average_points_in_patient(head: Head, points_mm: NDArray[np.float64]) -> NDArray[np.float64]:
    """Map average-head points, shape (n, 3) LPS mm, to the patient."""
    inverse = head.average_to_patient.GetInverse()
    return np.array([inverse.TransformPoint(point.tolist()) for point in np.atleast_2d(points_mm)])
