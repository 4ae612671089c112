"""Random heads: smooth, mostly mirror-symmetric deformations of the average head, its size and its pose."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage

FIELD_SPACING_MM = 4.0
FIELD_LOWER_MM = (-140.0, -164.0, -240.0)
FIELD_SIZE = (71, 75, 91)
"""Grid of the displacement field around the average head, x symmetric about 0."""
SMOOTHING_MM = (12.0, 30.0)
"""Sizes of the random bumps; both scales get the same share."""
AMPLITUDE_MM = 3.0
"""Root mean square length of the displacement; 7 mm looks like monsters."""
SKULL_BUMPS = 0.35
"""Share of the small bumps that is left above the brow."""
ASYMMETRY = 0.25
"""Share of the displacement that is not mirror symmetric (in amplitude)."""
SIZE_SPREAD, ASPECT_SPREAD = 0.03, 0.025
"""Standard deviation of the overall size and of each axis on top of it (stature varies by about 4 % in adults)."""
PITCH_DEGREES, YAW_DEGREES, ROLL_DEGREES = 3.0, 2.0, 1.5
"""Standard deviations of the pose on the couch."""
SHIFT_MM = 4.0


def random_head(random: np.random.Generator) -> sitk.CompositeTransform:
    """A random patient.

    Parameters
    ----------
    random : numpy.random.Generator
        Seeded.

    Returns
    -------
    SimpleITK.CompositeTransform
        Maps patient LPS mm to average-head mm (the transform to resample average-head images with).
    """
    pose = sitk.AffineTransform(3)
    turn = sitk.Euler3DTransform()
    pitch, roll, yaw = np.radians(random.standard_normal(3) * (PITCH_DEGREES, ROLL_DEGREES, YAW_DEGREES)).clip(-0.1, 0.1)
    turn.SetRotation(float(pitch), float(roll), float(yaw))
    scale = (1.0 + SIZE_SPREAD * random.standard_normal()) * (1.0 + ASPECT_SPREAD * random.standard_normal(3))
    scale = np.clip(scale, 0.94, 1.06)
    pose.SetMatrix((np.diag(1.0 / scale) @ np.array(turn.GetMatrix()).reshape(3, 3)).ravel().tolist())
    pose.SetCenter((0.0, 0.0, -35.0))
    pose.SetTranslation((SHIFT_MM * random.standard_normal(3)).clip(-8.0, 8.0).tolist())
    field = sitk.GetImageFromArray(displacement(random).astype(np.float64), isVector=True)
    field.SetSpacing([FIELD_SPACING_MM] * 3)
    field.SetOrigin(FIELD_LOWER_MM)
    # The transform added last is applied first: pose, then deformation in the average head's upright frame.
    return sitk.CompositeTransform([sitk.DisplacementFieldTransform(field), pose])


def calm_skull() -> NDArray[np.float64]:
    """Weight of the small bumps by height: full in the face, less on the skull, which has no dents in life."""
    z = FIELD_LOWER_MM[2] + FIELD_SPACING_MM * np.arange(FIELD_SIZE[2])
    return 1.0 - (1.0 - SKULL_BUMPS) * np.clip((z + 10.0) / 30.0, 0.0, 1.0)


def displacement(random: np.random.Generator) -> NDArray[np.float64]:
    """Random displacement in mm, shape (z, y, x, 3), root mean square length `AMPLITUDE_MM` over the field.

    The mirror at x = 0 flips the x component of the symmetric part.
    """
    shape = FIELD_SIZE[::-1]
    total = np.zeros((*shape, 3))
    mirror = np.array([-1.0, 1.0, 1.0])
    for size_mm in SMOOTHING_MM:
        sigma = size_mm / FIELD_SPACING_MM
        noise = random.standard_normal((*shape, 3))
        smooth = np.stack([ndimage.gaussian_filter(noise[..., i], sigma, mode="wrap") for i in range(3)], axis=-1)
        if size_mm == min(SMOOTHING_MM):
            smooth *= calm_skull()[:, None, None, None]
        flipped = smooth[:, :, ::-1] * mirror
        for part, weight in ((smooth + flipped, np.sqrt(1.0 - ASYMMETRY**2)), (smooth - flipped, ASYMMETRY)):
            total += weight * part / np.sqrt(np.mean(np.sum(part**2, axis=-1)))
    return total * (AMPLITUDE_MM / np.sqrt(np.mean(np.sum(total**2, axis=-1))))
