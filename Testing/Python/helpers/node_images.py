"""Small images, structures and a finished output, as nodes and files for the tests of the Slicer side."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk

from deface_compare.measurement import Scope
from made_report import write_made_report

SIZE = (20, 24, 16)
"""Voxels in x, y, z."""


def oblique_image(pixel_type: int, seed: int = 1) -> sitk.Image:
    """Random voxels on an oblique, anisotropic grid."""
    values = np.random.default_rng(seed).integers(0, 120, SIZE[::-1])
    image = sitk.Cast(sitk.GetImageFromArray(values.astype(np.int16)), pixel_type)
    turn = sitk.Euler3DTransform((0.0, 0.0, 0.0), 0.3, -0.2, 0.1)
    image.SetSpacing((1.5, 2.0, 3.0))
    image.SetOrigin((-30.0, 12.5, 400.0))
    image.SetDirection(turn.GetMatrix())
    return image


def ct_image() -> sitk.Image:
    """A CT-like block in air."""
    values = np.full(SIZE[::-1], -1000, np.int16)
    values[4:12, 4:20, 4:16] = 40
    image = sitk.GetImageFromArray(values)
    image.CopyInformation(oblique_image(sitk.sitkInt16))
    return image


def masks() -> dict[str, np.ndarray]:
    """Two structures that overlap, shape (z, y, x)."""
    brain, target = np.zeros(SIZE[::-1], np.uint8), np.zeros(SIZE[::-1], np.uint8)
    brain[6:12, 6:18, 5:15] = 1
    target[8:13, 10:14, 8:18] = 1
    return {"Brain": brain, "GTV 1": target}


def segmentation_of(scene: Any, volume: Any, arrays: dict[str, np.ndarray]) -> Any:
    """A segmentation node with a labelmap a structure, on the volume's grid."""
    import slicer

    node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "plan")
    node.SetReferenceImageGeometryParameterFromVolumeNode(volume)
    for name, array in arrays.items():
        node.GetSegmentation().AddEmptySegment(name, name)
        slicer.util.updateSegmentBinaryLabelmapFromArray(array, node, name, volume)
    return node


def one_method_output(folder: Path) -> Path:
    """An output folder as the command line writes it: one case, one method, rows of three domains."""
    scope = Scope(case="case-001", method="quickshear", variant="", fill="background", protect="none")
    rows = [
        scope.row("success", original=float("nan"), defaced=1.0, image="CT"),
        scope.row("planned_volume", original=12.25, defaced=12.25, structure="Brain", image="CT"),
        scope.missing("Dmean", "the dose does not cover it", structure="Lens_L", dose_policy="mask"),
    ]
    method = folder / "cases" / "case-001" / "quickshear"
    method.mkdir(parents=True)
    sitk.WriteImage(ct_image(), str(method / "CT.nrrd"))
    told = {"quickshear": {"title": "Quickshear (ours)", "variant": "nipy", "parameters": {"buffer_mm": 10.0}}}
    write_made_report(method.parent, told, rows=rows)
    return folder
