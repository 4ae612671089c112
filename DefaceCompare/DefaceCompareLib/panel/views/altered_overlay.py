"""The edit of one method as a labelmap over the slices: what it changed within the body."""

from __future__ import annotations

from typing import Any

import numpy as np
import slicer
from numpy.typing import NDArray
from vtkmodules.util.numpy_support import vtk_to_numpy
from vtkmodules.vtkCommonCore import vtkUnsignedCharArray
from vtkmodules.vtkCommonDataModel import vtkImageData
from vtkmodules.vtkCommonMath import vtkMatrix4x4

from ...ahead.altered import altered_voxels
from ...nodes.volumes import remove_node

ALTERED_COLOUR = (0.95, 0.55, 0.10)
"""Orange: no tissue of an image or structure has it, and it shows on black and on white."""


class AlteredOverlay:
    """One labelmap node, refilled when another method is looked at; not saved with the scene.

    Parameters
    ----------
    scene : vtkMRMLScene
    """

    def __init__(self, scene: Any) -> None:
        self._scene = scene
        self._colours = hidden(slicer.vtkMRMLColorTableNode(), "DefaceCompare altered")
        self._colours.SetTypeToUser()
        self._colours.SetNumberOfColors(2)
        self._colours.SetColor(0, "unaltered", 0.0, 0.0, 0.0, 0.0)
        self._colours.SetColor(1, "altered", *ALTERED_COLOUR, 1.0)
        scene.AddNode(self._colours)
        display = scene.AddNode(hidden(slicer.vtkMRMLLabelMapVolumeDisplayNode(), "altered voxels display"))
        display.SetAndObserveColorNodeID(self._colours.GetID())
        self.node = scene.AddNode(hidden(slicer.vtkMRMLLabelMapVolumeNode(), "altered voxels"))
        self.node.SetAndObserveDisplayNodeID(display.GetID())

    def show(self, original: Any, defaced: Any, body_from: float, known: NDArray[np.int64] | None = None) -> int:
        """Mark the voxels that differ and are body before or after, and say how many there are.

        Air that changed is no tissue that changed: there noise would speckle the mark.

        Parameters
        ----------
        original, defaced : vtkMRMLScalarVolumeNode
            On one grid.
        body_from : float
            The skin's isovalue on the original, in the image's unit.
        known : ndarray of int64, optional
            Flat indices of these voxels, x fastest, if they were looked for beforehand.

        Raises
        ------
        ValueError
            If the grids differ.
        """
        before, after = original.GetImageData(), defaced.GetImageData()
        if before.GetDimensions() != after.GetDimensions():
            raise ValueError(f"{original.GetName()} and {defaced.GetName()} have different grids")
        if known is None:
            values = [vtk_to_numpy(image.GetPointData().GetScalars()) for image in (before, after)]
            known = altered_voxels(values[0], values[1], body_from)
        scalars = vtkUnsignedCharArray()
        scalars.SetNumberOfTuples(before.GetNumberOfPoints())
        altered = vtk_to_numpy(scalars)
        altered[:] = 0
        altered[known] = 1
        image = vtkImageData()
        image.SetDimensions(before.GetDimensions())
        image.GetPointData().SetScalars(scalars)
        to_ras = vtkMatrix4x4()
        original.GetIJKToRASMatrix(to_ras)
        modified = self.node.StartModify()
        self.node.SetIJKToRASMatrix(to_ras)
        self.node.SetAndObserveImageData(image)
        self.node.EndModify(modified)
        return len(known)

    def remove(self) -> None:
        """Take all its nodes out of the scene, what displays before what is displayed."""
        remove_node(self._scene, self.node)
        self._scene.RemoveNode(self._colours)


def hidden(node: Any, name: str) -> Any:
    """Name a node that is not in the scene yet, and keep it out of lists and saved scenes."""
    node.SetName(name)
    node.SetHideFromEditors(True)
    node.SetSaveWithScene(False)
    return node
