"""A stand-in for SlicerRT's Segment Comparison logic on real MRML nodes. Only for tests.

It knows the methods of `slicerrt_api.json` and no others. The labelmaps are read as SlicerRT reads them; the numbers come from
SimpleITK, where SlicerRT asks Plastimatch.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import SimpleITK as sitk
import slicer
from numpy.typing import NDArray
from vtkmodules.util.numpy_support import vtk_to_numpy

from slicerrt_stand_in import API, strict

PERCENT = 95.0


@strict("comparison node")
class ComparisonNode(slicer.vtkMRMLScriptedModuleNode):
    """In place of vtkMRMLSegmentComparisonNode: a real node with real references."""

    stands_for = "comparison node"

    def __init__(self) -> None:
        self.ids = {"reference": "", "compare": ""}
        self.found: dict[str, float] = {}

    def SetAndObserveReferenceSegmentationNode(self, node: Any) -> None:
        self.SetNodeReferenceID("referenceSegmentationRef", node.GetID() if node is not None else None)

    def SetAndObserveCompareSegmentationNode(self, node: Any) -> None:
        self.SetNodeReferenceID("compareSegmentationRef", node.GetID() if node is not None else None)

    def SetReferenceSegmentID(self, segment_id: str) -> None:
        self.ids["reference"] = segment_id

    def SetCompareSegmentID(self, segment_id: str) -> None:
        self.ids["compare"] = segment_id

    def GetDiceCoefficient(self) -> float:
        return self.found["dice"]

    def GetDiceResultsValid(self) -> bool:
        return "dice" in self.found

    def GetPercent95HausdorffDistanceForBoundaryMm(self) -> float:
        return self.found["hd95"]

    def GetHausdorffResultsValid(self) -> bool:
        return "hd95" in self.found


@strict("comparison logic")
class ComparisonLogic:
    """In place of vtkSlicerSegmentComparisonModuleLogic."""

    def ComputeDiceStatistics(self, parameters: ComparisonNode) -> str:
        masks = _masks(parameters)
        if masks is None:
            return "Error occurred during ITK conversion"
        overlap = sitk.LabelOverlapMeasuresImageFilter()
        overlap.Execute(*masks)
        parameters.found["dice"] = float(np.float32(overlap.GetDiceCoefficient()))
        return ""

    def ComputeHausdorffDistances(self, parameters: ComparisonNode) -> str:
        masks = _masks(parameters)
        if masks is None:
            return "Error occurred during ITK conversion"
        surfaces = [sitk.LabelContour(mask, fullyConnected=False) for mask in masks]
        parameters.found["hd95"] = max(_percentile_mm(*surfaces), _percentile_mm(*surfaces[::-1]))
        return ""


def _percentile_mm(here: sitk.Image, there: sitk.Image) -> float:
    far = sitk.Abs(sitk.SignedMaurerDistanceMap(there, squaredDistance=False, useImageSpacing=True, insideIsPositive=False))
    distances = sitk.GetArrayFromImage(far)[sitk.GetArrayFromImage(here) > 0]
    return float(np.percentile(distances, PERCENT))


def _masks(parameters: ComparisonNode) -> list[sitk.Image] | None:
    found = []
    for role, which in (("referenceSegmentationRef", "reference"), ("compareSegmentationRef", "compare")):
        node, image = parameters.GetNodeReference(role), slicer.vtkOrientedImageData()
        if node is None or not parameters.ids[which]:
            return None
        node.CreateBinaryLabelmapRepresentation()
        if not node.GetBinaryLabelmapRepresentation(parameters.ids[which], image):
            return None
        low, size = np.array(image.GetExtent())[::2], image.GetDimensions()
        values: NDArray[Any] = vtk_to_numpy(image.GetPointData().GetScalars()).reshape(size[::-1])
        mask = sitk.GetImageFromArray((values > 0).astype(np.uint8))
        mask.SetSpacing(image.GetSpacing())
        mask.SetOrigin(np.add(image.GetOrigin(), low * np.array(image.GetSpacing())).tolist())
        found.append(mask)
    return found


def install(scene: Any, monkeypatch: Any) -> ComparisonLogic:
    """Put the module where `slicer.modules` has it, and its parameter node where the scene makes nodes, for one test."""
    logic = ComparisonLogic()
    make = scene.AddNewNodeByClass

    def add(class_name: str, name: str = "") -> Any:
        if class_name == API["comparison node"]["class"]:
            return scene.AddNode(ComparisonNode())
        return make(class_name, name) if name else make(class_name)

    monkeypatch.setattr(scene, "AddNewNodeByClass", add, raising=False)
    monkeypatch.setattr(slicer.modules, "segmentcomparison", type("Module", (), {"logic": lambda self: logic})(), raising=False)
    return logic
