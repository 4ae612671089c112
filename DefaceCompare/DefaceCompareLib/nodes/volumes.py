"""Scalar volume nodes to SimpleITK images and back, voxel for voxel."""

from __future__ import annotations

from typing import Any

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from vtkmodules.util.numpy_support import numpy_to_vtk, vtk_to_numpy
from vtkmodules.vtkCommonDataModel import vtkImageData
from vtkmodules.vtkCommonMath import vtkMatrix4x4

from deface_compare.errors import UnusableInput

from ..ahead.voxels import index_to_lps

RAS_TO_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
"""MRML keeps world coordinates in RAS mm, images and files in LPS mm."""

AXES_ARE_ORTHOGONAL = 1e-4
"""Largest cosine between two image axes that is still rounding (no unit; 1e-4 is 0.006 degrees)."""

DECIMALS_MM = 11
"""Decimals of millimetres that a place keeps: all that a DICOM header can hold (16 characters), but not the last bit, which
Slicer's loading changes: that bit alone moved three voxels of an edit, against the same files read by the command line."""


LOWEST_OF_MR = -200.0
"""An image with lower values than this is a CT (air is -1000 HU), where nothing else tells."""

HEAD_WINDOW_HU, HEAD_LEVEL_HU = 400.0, 40.0
"""Soft tissue of head and neck in CT; what Slicer chooses by itself covers the teeth's metal and shows one grey."""

SAMPLED_VOXELS, SHOWN_PERCENTILES = 200_000, (0.1, 99.9)
"""So many voxels tell which values an image has; nearly all of them are shown, as Slicer's own choice does (both a choice)."""


def is_ct(volume: Any) -> bool:
    """Whether a volume node holds the low values of air in CT, where nothing else tells."""
    return bool(_sample(volume.GetImageData()).min() < LOWEST_OF_MR)


def _sample(data: vtkImageData) -> NDArray[Any]:
    """Some of the voxels: all of a clinical CT take a third of a second."""
    values: NDArray[Any] = vtk_to_numpy(data.GetPointData().GetScalars())
    return values[:: max(len(values) // SAMPLED_VOXELS, 1) | 1]  # an odd step does not stay in one column of a row of 512


def refuse_transformed(node: Any, what: str) -> None:
    """Raise `UnusableInput` if a transform is applied to the node: files carry none, so the numbers would be silently wrong."""
    if node.GetParentTransformNode() is not None:
        raise UnusableInput(
            f"The {what} is under the transform '{node.GetParentTransformNode().GetName()}': "
            "harden the transform (Data module, right click) and compare again."
        )


def image_of_volume(node: Any, what: str = "volume") -> sitk.Image:
    """Copy a vtkMRMLScalarVolumeNode into an image of the same voxel type.

    Parameters
    ----------
    node : vtkMRMLScalarVolumeNode
        Without parent transform.
    what : str
        How an error sentence calls the node.

    Returns
    -------
    SimpleITK.Image
        Values and type as stored, LPS mm, origin and spacing to `DECIMALS_MM`.

    Raises
    ------
    UnusableInput
        No voxels, several components, a sheared grid or a parent transform.
    """
    refuse_transformed(node, what)
    data = node.GetImageData()
    if data is None or data.GetNumberOfPoints() == 0:
        raise UnusableInput(f"The {what} '{node.GetName()}' holds no voxels: choose a loaded volume.")
    if data.GetNumberOfScalarComponents() != 1:
        raise UnusableInput(f"The {what} '{node.GetName()}' has several values a voxel: choose a scalar volume.")
    values: NDArray[Any] = vtk_to_numpy(data.GetPointData().GetScalars()).reshape(data.GetDimensions()[::-1])
    image = sitk.GetImageFromArray(values)
    to_lps = RAS_TO_LPS @ _ijk_to_ras(node)
    spacing_mm = np.linalg.norm(to_lps[:3, :3], axis=0)
    axes = to_lps[:3, :3] / spacing_mm
    if np.abs(axes.T @ axes - np.eye(3)).max() > AXES_ARE_ORTHOGONAL:
        raise UnusableInput(f"The {what} '{node.GetName()}' has axes that are not at right angles: resample it first.")
    first_voxel = np.array([*data.GetExtent()[::2], 1.0])
    image.SetSpacing(np.round(spacing_mm, DECIMALS_MM).tolist())
    image.SetDirection(axes.ravel().tolist())
    image.SetOrigin(np.round((to_lps @ first_voxel)[:3], DECIMALS_MM).tolist())
    return image


def _ijk_to_ras(node: Any) -> NDArray[np.float64]:
    """Index to RAS mm, shape (4, 4)."""
    matrix = vtkMatrix4x4()
    node.GetIJKToRASMatrix(matrix)
    return np.array([[matrix.GetElement(row, column) for column in range(4)] for row in range(4)])


def add_volume(scene: Any, image: sitk.Image, name: str) -> Any:
    """Add an image to the scene as a vtkMRMLScalarVolumeNode with the same values, voxel type and geometry.

    Parameters
    ----------
    scene : vtkMRMLScene
    image : SimpleITK.Image
        Scalar 3-D image, LPS mm.
    name : str
        Name of the node.

    Returns
    -------
    vtkMRMLScalarVolumeNode
    """
    return add_image_data(scene, image_data(image), index_to_ras(image), name)


def add_image_data(scene: Any, data: vtkImageData, to_ras: vtkMatrix4x4, name: str) -> Any:
    """The same of voxels that lie in memory as a volume node wants them: nothing is copied, and no voxel read but a sample.

    The window is chosen here: Slicer would count all voxels for it, 0.7 s for a CT of 512 × 512 × 216.

    Parameters
    ----------
    scene : vtkMRMLScene
    data : vtkImageData
        From `image_data`.
    to_ras : vtkMatrix4x4
        From `index_to_ras`.
    name : str
    """
    node = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", name)
    node.CreateDefaultDisplayNodes()
    fill_volume(node, data, to_ras, name)
    return node


def fill_volume(node: Any, data: vtkImageData, to_ras: vtkMatrix4x4, name: str) -> None:
    """Give a volume node in the scene other voxels, another place and name; nothing of what it held is left.

    A node that stays costs Slicer nothing in its selectors; one that goes and one that comes cost 10 to 25 ms each.
    """
    display = node.GetDisplayNode()
    shown, told = display.StartModify(), node.StartModify()
    display.SetAutoWindowLevel(False)
    display.SetWindowLevel(*window_and_level(data))
    node.SetName(name)
    node.SetIJKToRASMatrix(to_ras)
    node.SetAndObserveImageData(data)
    node.EndModify(told)
    display.EndModify(shown)


def window_and_level(data: vtkImageData) -> tuple[float, float]:
    """Soft tissue of head and neck for what has a CT's air; else nearly all values of a sample."""
    sample = _sample(data)
    if sample.min() < LOWEST_OF_MR:
        return HEAD_WINDOW_HU, HEAD_LEVEL_HU
    low, high = np.percentile(sample, SHOWN_PERCENTILES)
    return max(float(high - low), float(np.finfo(np.float32).eps)), 0.5 * float(low + high)


def image_data(image: sitk.Image) -> vtkImageData:
    """The voxels of an image without its place: origin 0, spacing 1, as a volume node wants them."""
    return data_of_values(sitk.GetArrayViewFromImage(image))


def data_of_values(values: NDArray[Any]) -> vtkImageData:
    """The same of an array of shape (z, y, x)."""
    scalars = numpy_to_vtk(values.ravel(), deep=True)
    scalars.SetName("ImageScalars")
    data = vtkImageData()
    data.SetDimensions(values.shape[::-1])
    data.GetPointData().SetScalars(scalars)
    return data


def index_to_ras(image: sitk.Image) -> vtkMatrix4x4:
    """The place of an image: index to RAS mm."""
    return ras_matrix(index_to_lps(image))


def ras_matrix(to_lps: NDArray[np.float64]) -> vtkMatrix4x4:
    """Index to RAS mm from index to LPS mm, shape (4, 4)."""
    to_ras = RAS_TO_LPS @ to_lps
    matrix = vtkMatrix4x4()
    for row in range(4):
        for column in range(4):
            matrix.SetElement(row, column, to_ras[row, column])
    return matrix


def remove_node(scene: Any, node: Any) -> None:
    """Take a node out of the scene, together with what displays it; a scene that was closed meanwhile has it no longer."""
    if node.GetScene() is None:
        return
    count = node.GetNumberOfDisplayNodes() if node.IsA("vtkMRMLDisplayableNode") else 0
    displays = [node.GetNthDisplayNode(index) for index in range(count)]  # held until the end: views may still ask for them
    for display in reversed(displays):
        scene.RemoveNode(display)
    scene.RemoveNode(node)
