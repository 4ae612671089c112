"""A face as an attacker may draw it otherwise than shaded: as a map of depths, and as a map of the skin's directions.

Shading shows a face as a camera would, which is what recognition networks were trained on. The shape itself has no light and no
shadow: a grey value for how far away the skin is, or three colours for where it faces.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .render import FIELD_MM, PICTURE_PX, camera_distance_mm

KINDS = ("normal map", "depth map")
"""What the maps are called, in the order of `face_maps`."""
BEFORE_MM, BEHIND_MM = 50.0, 60.0
"""The depths that are shown, before and behind the middle of the face: an adult's nose tip to the sides of the cheeks."""


def face_maps(depth_mm: NDArray[np.float32]) -> list[NDArray[np.uint8]]:
    """The pictures of `KINDS`, shape (height, width, 3) each.

    Parameters
    ----------
    depth_mm : ndarray of float32, shape (height, width)
        How far along the view the skin lies from the camera; NaN where there is none.
    """
    return [_normal_picture(depth_mm), _depth_picture(depth_mm)]


def _depth_picture(depth_mm: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Near is bright."""
    away = camera_distance_mm() + BEHIND_MM - depth_mm
    grey = np.nan_to_num(np.clip(away / (BEFORE_MM + BEHIND_MM), 0.0, 1.0), nan=0.0)
    return np.repeat(np.rint(255.0 * grey).astype(np.uint8)[..., None], 3, axis=2)


def _normal_picture(depth_mm: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Red to the image's right, green upwards, blue towards the camera, each from -1 to 1; black where there is no skin."""
    pixel_mm = FIELD_MM / PICTURE_PX * depth_mm / camera_distance_mm()
    down, right = np.gradient(depth_mm)
    normal = np.stack([right / pixel_mm, -down / pixel_mm, np.ones_like(depth_mm)])
    normal /= np.linalg.norm(normal, axis=0)
    colours = np.nan_to_num(127.5 * (normal + 1.0), nan=0.0)
    return np.rint(np.moveaxis(colours, 0, 2)).astype(np.uint8)
