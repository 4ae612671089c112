"""The skin of the average head: artefacts of averaging removed, chin, jaw and neck added."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk
from scipy import ndimage

from .head import Point
from .template_source import like

SOURCE_SKIN = 85.0
"""Source intensity of the skin: the brow's shelf and the coil's shadows are below, lips and eyelids above."""
SKIN_ISOVALUE = 60.0
"""Isovalue of the skin in ``average_head.nrrd`` (0-255)."""

LANDMARKS_MM: dict[str, Point] = {
    "eye_left": (30.0, -78.0, -33.0),
    "eye_right": (-30.0, -78.0, -33.0),
    "nasion": (0.0, -100.0, -33.0),
    "nose_tip": (0.0, -116.0, -68.0),
    "mouth": (0.0, -96.0, -103.0),
    "chin": (0.0, -92.0, -140.0),
    "ear_left": (78.0, 14.0, -50.0),
    "ear_right": (-78.0, 14.0, -50.0),
    "vertex": (0.0, 18.0, 87.0),
}
"""Landmarks of the average head, read off its surface and its slices."""


def mended_head(source: sitk.Image) -> sitk.Image:
    """The average head with clean air and a firm skin.

    Parameters
    ----------
    source : SimpleITK.Image
        Symmetric head in source intensity, float32.

    Returns
    -------
    SimpleITK.Image
        uint8, T1-like, skin at `SKIN_ISOVALUE`.
    """
    array = sitk.GetArrayFromImage(source)
    solid = array > SOURCE_SKIN
    labels, _ = ndimage.label(solid)
    solid = ndimage.binary_fill_holes(labels == np.argmax(np.bincount(labels[solid])))
    soft = np.clip(ndimage.gaussian_filter(solid.astype(np.float32), 0.7), 0, 1)
    bright = np.clip(array * (255.0 / 500.0), 0, 255)
    bright = np.where(solid, np.maximum(bright, 1.5 * SKIN_ISOVALUE * (ndimage.distance_transform_edt(solid) < 3)), bright)
    return like(np.rint(bright * soft).astype(np.uint8), source)
