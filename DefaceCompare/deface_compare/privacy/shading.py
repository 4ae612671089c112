"""Skin under fixed lights: a surface whose points have the colours in which they are seen, from wherever a camera looks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from vtkmodules.util.numpy_support import numpy_to_vtk, vtk_to_numpy
from vtkmodules.vtkCommonDataModel import vtkPolyData

from ..anatomy.head_axes import HeadAxes

SKIN_COLOUR = (0.85, 0.68, 0.58)
"""A medium skin tone (red, green, blue); choice."""
AMBIENT = 0.05
"""Light from everywhere, so that no skin is black; choice."""
LIGHTS = (((0.25, 0.75, 1.0), 0.85), ((-0.9, 0.2, 0.7), 0.25), ((0.95, 0.0, 0.6), 0.2))
"""Three lights: direction from the face in (left, up, forward) and strength; a high key light and two weak side lights."""


def shaded(surface: vtkPolyData, axes: HeadAxes) -> vtkPolyData:
    """The surface with a colour at each point in place of its normal; points and triangles are shared.

    The lights stand still with respect to the head and skin does not shine, so that a point has one colour for all cameras, and
    no pixel is lit again, which takes a third of a picture's time. Between points colours are mixed instead of normals: of three
    heads 0.3 to 0.5 grey levels of 255 on average, more on rough skin; cosines of embeddings 0.01 on average.

    Parameters
    ----------
    surface : vtkPolyData
        Triangles with point normals.
    axes : HeadAxes
    """
    coloured = vtkPolyData()
    coloured.SetPoints(surface.GetPoints())
    coloured.SetPolys(surface.GetPolys())
    normals = surface.GetPointData().GetNormals()
    if normals is not None:
        coloured.GetPointData().SetScalars(numpy_to_vtk(skin_colours(vtk_to_numpy(normals), axes), deep=True))
    return coloured


def skin_colours(normals: NDArray[np.float32], axes: HeadAxes) -> NDArray[np.uint8]:
    """The colours of skin that faces along `normals`, shape (n, 3): red, green, blue (Lambert's law)."""
    light = np.full(len(normals), AMBIENT, np.float32)
    for (left, up, forward), strength in LIGHTS:
        towards = left * axes.left + up * axes.up + forward * axes.forward
        facing = normals @ (strength / np.linalg.norm(towards) * towards).astype(np.float32)
        light += np.maximum(facing, 0.0, out=facing)
    colours = light[:, None] * (255.0 * np.array(SKIN_COLOUR, np.float32)) + np.float32(0.5)
    return np.minimum(colours, 255.0).astype(np.uint8)
