"""Writing one RT structure set from closed planar contours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag
from pydicom.uid import RTStructureSetStorage

from ..case import Structure
from .study import DicomStudy, WrittenSeries, new_object, reference, save

CONTOUR_DATA = Tag(0x3006, 0x0050)
DETACHED_STUDY_MANAGEMENT = "1.2.840.10008.3.1.2.3.1"
"""SOP class of the referenced study; retired, but what readers expect there."""
INTERPRETED_TYPE: Mapping[str, str] = {"external": "EXTERNAL", "gtv": "GTV", "ctv": "CTV", "ptv": "PTV"}
"""RT ROI Interpreted Type by lower-case structure group; everything else is an ORGAN."""


def write_rtstruct(
    structures: Sequence[Structure],
    series: WrittenSeries,
    path: Path,
    study: DicomStudy,
    *,
    label: str,
    colours: Mapping[str, tuple[int, int, int]] | None = None,
) -> str:
    """Write structures with contours as an RTSTRUCT that refers to `series`.

    Parameters
    ----------
    structures : sequence of Structure
        Each with `contours`, polygons (n, 3) in LPS mm that lie in slices of `series`. `name` becomes ROIName;
        `group` decides the interpreted type.
    series : WrittenSeries
        The image series drawn on.
    path : Path
    study : DicomStudy
    label : str
        StructureSetLabel, at most 16 characters.
    colours : mapping of name to (r, g, b), optional

    Returns
    -------
    str
        SOPInstanceUID of the object.

    Raises
    ------
    ValueError
        If a structure has no contours form.
    """
    sop_uid = study.uid("RTSTRUCT")
    data = new_object(study, RTStructureSetStorage, sop_uid, "RTSTRUCT")
    data.SeriesInstanceUID, data.SeriesNumber, data.InstanceNumber = study.uid("RTSTRUCT series"), 10, 1
    data.SeriesDescription, data.OperatorsName = f"{study.manufacturer} structures", ""
    data.StructureSetLabel, data.StructureSetDate, data.StructureSetTime = label, study.date, study.time
    data.ApprovalStatus = "UNAPPROVED"
    data.FrameOfReferenceUID, data.PositionReferenceIndicator = study.frame_of_reference_uid, ""
    data.ReferencedFrameOfReferenceSequence = [_frame(series, study)]
    data.StructureSetROISequence, data.ROIContourSequence, data.RTROIObservationsSequence = [], [], []
    for number, structure in enumerate(structures, start=1):
        if structure.contours is None:
            raise ValueError(f"structure {structure.standard_name} has no contours to write")
        roi = Dataset()
        roi.ROINumber, roi.ROIName = number, structure.name
        roi.ReferencedFrameOfReferenceUID, roi.ROIGenerationAlgorithm = study.frame_of_reference_uid, "AUTOMATIC"
        data.StructureSetROISequence.append(roi)
        colour = (colours or {}).get(structure.name, _colour(number))
        data.ROIContourSequence.append(_contours(number, structure.contours, series, colour))
        observation = Dataset()
        observation.ObservationNumber = observation.ReferencedROINumber = number
        observation.RTROIInterpretedType = INTERPRETED_TYPE.get(structure.group.lower(), "ORGAN")
        observation.ROIInterpreter = ""
        data.RTROIObservationsSequence.append(observation)
    save(data, path)
    return sop_uid


def _frame(series: WrittenSeries, study: DicomStudy) -> Dataset:
    """Frame of reference, study, series and every slice that the contours were drawn on."""
    referenced_series = Dataset()
    referenced_series.SeriesInstanceUID = series.series_uid
    referenced_series.ContourImageSequence = [reference(series.sop_class_uid, uid) for _, uid in series.instances]
    referenced_study = reference(DETACHED_STUDY_MANAGEMENT, series.study_uid)
    referenced_study.RTReferencedSeriesSequence = [referenced_series]
    frame = Dataset()
    frame.FrameOfReferenceUID = study.frame_of_reference_uid
    frame.RTReferencedStudySequence = [referenced_study]
    return frame


def _contours(
    number: int, contours: Sequence[NDArray[np.float64]], series: WrittenSeries, colour: tuple[int, int, int]
) -> Dataset:
    """All polygons of one structure."""
    item = Dataset()
    item.ROIDisplayColor, item.ReferencedROINumber = list(colour), number
    item.ContourSequence = []
    for order, points in enumerate(contours, start=1):
        polygon = Dataset()
        polygon.ContourImageSequence = [reference(series.sop_class_uid, series.instance_at(float(points[0, 2])))]
        polygon.ContourGeometricType, polygon.NumberOfContourPoints, polygon.ContourNumber = "CLOSED_PLANAR", len(points), order
        polygon.add(_contour_data(points))
        item.ContourSequence.append(polygon)
    return item


def _contour_data(points: NDArray[np.float64]) -> DataElement:
    """Coordinates with three decimals as one finished text: pydicom would check each number on its own, at 100 times the cost."""
    text = "\\".join(f"{value:.3f}" for value in points.ravel().tolist())
    return DataElement(CONTOUR_DATA, "DS", text, already_converted=True)


def _colour(number: int) -> tuple[int, int, int]:
    """Well separated colours by walking the hue circle in golden-ratio steps."""
    hue = (number * 0.618034) % 1.0 * 6.0
    ramp = round(255 * (1.0 - abs(hue % 2.0 - 1.0)))
    return ((255, ramp, 0), (ramp, 255, 0), (0, 255, ramp), (0, ramp, 255), (ramp, 0, 255), (255, 0, ramp))[int(hue)]
