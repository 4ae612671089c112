"""A small shaded picture of a skin for a list; drawn without OpenGL, so that no view has to be there."""

from __future__ import annotations

import numpy as np
import scipy
from numpy.typing import NDArray
from vtkmodules.util.numpy_support import vtk_to_numpy
from vtkmodules.vtkCommonDataModel import vtkPolyData

from deface_compare.privacy.shading import SKIN_COLOUR

from .camera import THREE_QUARTERS, WIDTH_SHARE
from .head_field import HeadField

PIXELS = 72
BACKGROUND = (41, 43, 51)
"""Red, green, blue: the background of our 3D views."""
AMBIENT = 0.2
"""Light that reaches every point, of 1."""
MOST_MM = 4.0
"""Points of a skin lie so near each other that every pixel of this size has one."""


def face_thumbnail(skin: vtkPolyData, head: HeadField) -> NDArray[np.uint8]:
    """Draw the points of a skin from the three-quarter view, the nearest of each pixel, lit from the camera.

    Parameters
    ----------
    skin : vtkPolyData
        With point normals, RAS mm.
    head : HeadField

    Returns
    -------
    ndarray of uint8, shape (`PIXELS`, `PIXELS`, 3)
        RGB, first row on top.
    """
    yaw, pitch = np.deg2rad(THREE_QUARTERS.yaw_deg), np.deg2rad(THREE_QUARTERS.pitch_deg)
    towards = np.array([-np.sin(yaw) * np.cos(pitch), np.cos(yaw) * np.cos(pitch), np.sin(pitch)])
    to_the_right = np.cross(-towards, (0.0, 0.0, 1.0))
    to_the_right /= np.linalg.norm(to_the_right)
    axes = np.stack([to_the_right, np.cross(to_the_right, -towards), towards])
    points = (vtk_to_numpy(skin.GetPoints().GetData()).astype(np.float64) - head.centre) @ axes.T
    normals = vtk_to_numpy(skin.GetPointData().GetNormals()).astype(np.float64) @ towards
    field_mm = WIDTH_SHARE * float(head.size_mm.max())
    pixels = min(PIXELS, int(field_mm / MOST_MM))
    across, up = (np.floor((points[:, axis] / field_mm + 0.5) * pixels).astype(int) for axis in (0, 1))
    seen = (across >= 0) & (across < pixels) & (up >= 0) & (up < pixels) & (normals > 0.0)
    order = np.flatnonzero(seen)[np.argsort(points[seen, 2])]  # the nearest is written last
    light = np.full((pixels, pixels), np.nan)
    light[pixels - 1 - up[order], across[order]] = AMBIENT + (1.0 - AMBIENT) * normals[order]
    skin_rgb = 255.0 * np.clip(light, 0.0, 1.0)[..., None] * np.array(SKIN_COLOUR)
    small = np.where(np.isnan(light)[..., None], np.array(BACKGROUND, float), skin_rgb)
    drawn = scipy.ndimage.zoom(small, (PIXELS / pixels, PIXELS / pixels, 1.0), order=1)
    return np.ascontiguousarray(np.clip(np.rint(drawn), 0, 255).astype(np.uint8))
