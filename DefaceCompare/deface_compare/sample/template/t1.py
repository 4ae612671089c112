"""The average head's T1-like signal: the source where it reaches, drawn from the labels below it."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage

from .labels import LABELS
from .shapes import Coordinates, Field
from .surface import SOURCE_END_MM, SOURCE_END_SLOPE

SKIN_ISOVALUE = 60.0
"""Isovalue of the skin in ``average_head.nrrd`` (0-255)."""
SOURCE_TO_BYTE = 255.0 / 500.0
"""Source T1 intensity to 0-255; the brightest scalp saturates."""
SKIN_FIRM_MM = 4.0

T1_OF_LABEL: dict[str, float] = {
    "air": 0.0,
    "airway": 12.0,
    "skin_fat": 175.0,
    "muscle": 95.0,
    "skull": 60.0,
    "mandible": 75.0,
    "teeth": 25.0,
    "brain": 140.0,
    "brainstem": 150.0,
    "csf": 45.0,
    "eye_left": 60.0,
    "eye_right": 60.0,
    "lens_left": 90.0,
    "lens_right": 90.0,
    "optic_nerve_left": 120.0,
    "optic_nerve_right": 120.0,
    "optic_chiasm": 130.0,
    "parotid_left": 130.0,
    "parotid_right": 130.0,
    "oral_cavity": 100.0,
    "spinal_canal": 110.0,
    "vertebra": 85.0,
}
"""T1-weighted signal of each tissue on the 0-255 scale of the average head (relative brightness as in spin-echo T1)."""


def t1_of_labels(labels: NDArray[np.uint8]) -> Field:
    """The T1-like signal of a label array, same shape."""
    table = np.zeros(256, np.float32)
    for name, value in LABELS.items():
        table[value] = T1_OF_LABEL[name]
    return table[labels]


def t1_like(source: sitk.Image, depth: Field, labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The T1-like average head with clean air and a firm skin.

    Parameters
    ----------
    source : SimpleITK.Image
        Symmetric head in source intensity, float32, LPS mm.
    depth : ndarray of float32, shape (z, y, x)
        mm below the skin.
    labels : ndarray of uint8, shape (z, y, x)
        Tissue labels.

    Returns
    -------
    ndarray of uint8, shape (z, y, x)
        The iso-surface `SKIN_ISOVALUE` is the skin.
    """
    at = Coordinates(source)
    seen = sitk.GetArrayFromImage(source) * np.float32(SOURCE_TO_BYTE)
    drawn = ndimage.gaussian_filter(t1_of_labels(labels), 0.6)
    trust = np.clip((at.z - SOURCE_END_MM + SOURCE_END_SLOPE * (at.y + 95.0)) / 12.0, 0.0, 1.0)
    inner = trust * seen + (1.0 - trust) * drawn
    firm = 2.0 * SKIN_ISOVALUE
    below = np.clip(depth / SKIN_FIRM_MM, 0.0, 1.0)
    inner = np.where(below < 1.0, (1.0 - below) * firm + below * np.maximum(inner, firm), inner)
    occupied = np.clip(0.5 + depth / 4.0, 0.0, 1.0)
    return np.rint(np.clip(inner * occupied, 0.0, 255.0)).astype(np.uint8)
