"""Volume nodes and images: voxel for voxel, at the same place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

from node_images import oblique_image

slicer = pytest.importorskip("slicer", reason="slicer-core is not installed (pip install .[slicer])")

import vtk  # noqa: E402

from DefaceCompareLib.nodes.volumes import add_volume, image_of_volume  # noqa: E402

pytestmark = pytest.mark.slicer_core


def test_a_volume_keeps_every_voxel_its_type_and_its_place(scene: Any) -> None:
    for pixel_type in (sitk.sitkUInt8, sitk.sitkInt16, sitk.sitkUInt16, sitk.sitkInt32, sitk.sitkFloat32, sitk.sitkFloat64):
        image = oblique_image(pixel_type)
        node = add_volume(scene, image, "volume")
        back = image_of_volume(node)
        assert back.GetPixelID() == pixel_type
        np.testing.assert_array_equal(sitk.GetArrayViewFromImage(back), sitk.GetArrayViewFromImage(image))
        # measured 0 for origin and spacing, 6e-17 for the direction
        np.testing.assert_allclose(back.GetOrigin(), image.GetOrigin(), atol=1e-9)
        np.testing.assert_allclose(back.GetSpacing(), image.GetSpacing(), atol=1e-12)
        np.testing.assert_allclose(back.GetDirection(), image.GetDirection(), atol=1e-12)


def test_a_volume_lies_where_slicer_itself_would_load_it(scene: Any, tmp_path: Path) -> None:
    image = oblique_image(sitk.sitkInt16)
    sitk.WriteImage(image, str(tmp_path / "volume.nrrd"))
    storage = slicer.vtkMRMLVolumeArchetypeStorageNode()
    storage.SetFileName(str(tmp_path / "volume.nrrd"))
    by_slicer = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "by Slicer")
    assert storage.ReadData(by_slicer)
    ours, theirs = vtk.vtkMatrix4x4(), vtk.vtkMatrix4x4()
    add_volume(scene, image, "ours").GetIJKToRASMatrix(ours)
    by_slicer.GetIJKToRASMatrix(theirs)
    # measured 6e-14 mm: the file keeps decimal digits
    np.testing.assert_allclose(slicer.util.arrayFromVTKMatrix(ours), slicer.util.arrayFromVTKMatrix(theirs), atol=1e-9)
