"""How SlicerRT samples a dose inside a segment, by Slicer's own classes: the stand-in's part without tables. Only for tests."""

from __future__ import annotations

from typing import Any

import numpy as np
import slicer
import vtk
from numpy.typing import NDArray
from vtkmodules.util.numpy_support import vtk_to_numpy


def copied(segmentation: Any, selected: list[str], dose: Any, factor: float) -> tuple[Any, list[str]]:
    """The chosen segments, to be converted on the dose's lattice."""
    source = segmentation.GetSegmentation()
    ids = selected or [source.GetNthSegmentID(number) for number in range(source.GetNumberOfSegments())]
    copy = slicer.vtkSegmentation()
    copy.SetSourceRepresentationName(source.GetSourceRepresentationName())
    copy.CopyConversionParameters(source)
    for segment_id in ids:
        copy.CopySegmentFromSegmentation(source, segment_id)
    geometry = slicer.vtkSegmentationConverter.SerializeImageGeometry(_oriented(dose))
    copy.SetConversionParameter(slicer.vtkSegmentationConverter.GetReferenceImageGeometryParameterName(), geometry)
    copy.SetConversionParameter("Oversampling factor", f"{factor:g}")
    copy.SetConversionParameter("Collapse labelmaps", "0")
    return copy, ids


def _oriented(volume: Any) -> Any:
    return slicer.vtkSlicerSegmentationsModuleLogic.CreateOrientedImageDataFromVolumeNode(volume)


def oversampled(dose: Any, factor: float) -> Any:
    coarse, fine = _oriented(dose), slicer.vtkOrientedImageData()
    fine.ShallowCopy(coarse)
    slicer.vtkCalculateOversamplingFactor.ApplyOversamplingOnImageGeometry(fine, factor)
    resample = slicer.vtkOrientedImageDataResample.ResampleOrientedImageToReferenceOrientedImage
    assert resample(coarse, fine, fine, True)
    return fine


def samples(segment: Any, fine: Any, resampled: bool) -> tuple[NDArray[np.float64], float]:
    """The doses at the voxel centres inside a segment, and a voxel's volume in cc."""
    merged = segment.GetRepresentation("Binary labelmap")
    one = vtk.vtkImageThreshold()
    one.SetInputData(merged)
    one.ThresholdBetween(segment.GetLabelValue(), segment.GetLabelValue())
    one.SetInValue(1)
    one.SetOutValue(0)
    one.SetOutputScalarTypeToUnsignedChar()
    one.Update()
    labelmap = slicer.vtkOrientedImageData()
    labelmap.ShallowCopy(one.GetOutput())
    labelmap.CopyDirections(merged)
    if resampled:
        resample = slicer.vtkOrientedImageDataResample.ResampleOrientedImageToReferenceOrientedImage
        assert resample(labelmap, fine, labelmap, False, False, None, 0.0)
    pad = vtk.vtkImageConstantPad()
    pad.SetInputData(labelmap)
    pad.SetConstant(0)
    pad.SetOutputWholeExtent(fine.GetExtent())
    pad.Update()
    inside = vtk_to_numpy(pad.GetOutput().GetPointData().GetScalars()) > 0
    return vtk_to_numpy(fine.GetPointData().GetScalars())[inside].astype(float), float(np.prod(labelmap.GetSpacing())) / 1000.0
