"""SlicerRT's own DVH, through its module's logic: a dose and segments in, numbers out, nothing left behind in the scene.

The only file that knows SlicerRT. What it calls is recorded in ``Testing/SlicerHost/slicerrt_api.json`` with the place in
SlicerRT's sources that declares it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import SimpleITK as sitk
import slicer

from deface_compare.errors import NotAvailable
from deface_compare.measurement import metrics
from deface_compare.utility.dvh import DOSE_AT_CC, DOSE_AT_PERCENT, VOLUME_AT_DOSE

from ..nodes.case_folder import DOSE_ATTRIBUTE
from ..nodes.volumes import add_volume, refuse_transformed, remove_node
from .dose_box import dose_around

ENGINE = "SlicerRT-x2"
"""How rows name it: SlicerRT with its fixed oversampling of the dose grid."""

OVERSAMPLING = 2.0
"""Samples per dose voxel and axis: SlicerRT's own default; its automatic choice fails for labelmaps."""

STEP_GY = 0.01
"""First dose and step of the histogram, from which D- and V-values are read off. SlicerRT's default of 0.2 Gy would round them;
0.01 Gy is the step at which its own test compares curves."""

MODULE = "dosevolumehistogram"
"""Name of SlicerRT's module in ``slicer.modules``."""

PARAMETER_NODE = "vtkMRMLDoseVolumeHistogramNode"

METRICS_TABLE_ROLE, CHART_ROLE = "dvhMetricsTableRef", "chartRef"
"""Node references of the parameter node to what SlicerRT makes for it."""

TABLE_ROW, FACTOR = "DoseVolumeHistogram.TableRow", "DoseVolumeHistogram.DoseVolumeOversamplingFactor"
"""Attributes of a segment's DVH table: its row in the metrics table, and how it was sampled."""


@dataclass(frozen=True)
class SegmentDvh:
    """What SlicerRT found for one segment.

    Parameters
    ----------
    volume_cc : float
        Volume of the segment's samples inside the dose grid.
    values : dict of metric name to float
        The dose metrics of ``data/metrics.csv`` in Gy, % or cc, to the six digits that SlicerRT's table holds. The dose of a
        volume larger than the segment is left out: SlicerRT calls it 0 Gy.
    """

    volume_cc: float
    values: dict[str, float]


def slicerrt_logic() -> Any | None:
    """SlicerRT's DVH logic, or None where SlicerRT is not installed."""
    module = getattr(getattr(slicer, "modules", None), MODULE, None)
    return None if module is None else module.logic()


def segment_dvhs(
    logic: Any,
    scene: Any,
    segmentation: Any,
    dose_gy: sitk.Image,
    segment_ids: Sequence[str],
    between: Callable[[], None] = lambda: None,
) -> dict[str, SegmentDvh | str]:
    """Compute the DVH metrics of segments in a dose, with nodes of their own.

    SlicerRT writes results into the tables it finds for the same dose and segment, and refuses when the highest dose has changed:
    so every call has a dose node, a parameter node and tables of its own, and takes them out again. The module's settings, which
    the user shares, are put back.

    Parameters
    ----------
    logic : vtkSlicerDoseVolumeHistogramModuleLogic
    scene : vtkMRMLScene
        The scene of `logic` and `segmentation`.
    segmentation : vtkMRMLSegmentationNode
        In its source representation, without parent transform; not changed.
    dose_gy : SimpleITK.Image
        Dose in Gy, LPS mm; a floating point type (SlicerRT rounds interpolated whole numbers).
    segment_ids : sequence of str
        Measured one by one, each in the part of the dose around it: else Slicer's window would be dead for seconds.
    between : callable
        Called without arguments before each segment; what it raises ends the measuring.

    Returns
    -------
    dict of segment id to SegmentDvh, or to SlicerRT's own reason why there is none

    Raises
    ------
    UnusableInput
        If the segmentation is under a transform.
    NotAvailable
        If the scene does not know SlicerRT's parameter node, or SlicerRT sampled otherwise than asked.
    """
    refuse_transformed(segmentation, "segmentation")
    if not segment_ids:
        return {}  # to SlicerRT an empty choice means all
    with _own_settings(logic):
        return _each_segment(logic, scene, segmentation, sitk.Cast(dose_gy, sitk.sitkFloat32), list(segment_ids), between)


def _each_segment(
    logic: Any, scene: Any, segmentation: Any, dose_gy: sitk.Image, segment_ids: list[str], between: Callable[[], None]
) -> dict[str, SegmentDvh | str]:
    """One call a segment, with the dose around it; SlicerRT stops at the first that it cannot do, and says why."""
    highest_gy = float(sitk.GetArrayViewFromImage(dose_gy).max())

    def alone(segment_id: str) -> SegmentDvh | str:
        segment = segmentation.GetSegmentation().GetSegment(segment_id)
        dose = add_volume(scene, dose_around(dose_gy, highest_gy, segment), "DefaceCompare dose")
        try:
            dose.SetAttribute(DOSE_ATTRIBUTE, "1")
            found = compute(logic, scene, segmentation, dose, [segment_id])
        finally:
            remove_node(scene, dose)
        return found if isinstance(found, str) else found[segment_id]

    results: dict[str, SegmentDvh | str] = {}
    for segment_id in segment_ids:
        between()
        results[segment_id] = alone(segment_id)
    done = [segment_id for segment_id, result in results.items() if not isinstance(result, str)]
    if done and done[-1] != segment_ids[-1]:
        # an error leaves the events of the shared logic switched off; only its next success switches them on again
        alone(done[-1])
    return results


@contextmanager
def _own_settings(logic: Any) -> Iterator[None]:
    """Set step and oversampling, and put back what the user had."""
    before = (logic.GetStartValue(), logic.GetStepSize(), logic.GetDefaultDoseVolumeOversamplingFactor())
    try:
        _set(logic, STEP_GY, STEP_GY, OVERSAMPLING)
        yield
    finally:
        _set(logic, *before)


def _set(logic: Any, start_gy: float, step_gy: float, oversampling: float) -> None:
    logic.SetStartValue(start_gy)
    logic.SetStepSize(step_gy)
    logic.SetDefaultDoseVolumeOversamplingFactor(oversampling)


def compute(logic: Any, scene: Any, segmentation: Any, dose: Any, segment_ids: list[str]) -> dict[str, SegmentDvh] | str:
    """One call of SlicerRT with nodes of its own; its message where it fails."""
    parameters = scene.AddNewNodeByClass(PARAMETER_NODE)
    if parameters is None:
        raise NotAvailable("SlicerRT's DVH is not available: the scene does not know its parameter node")
    try:
        parameters.SetAndObserveDoseVolumeNode(dose)
        parameters.SetAndObserveSegmentationNode(segmentation)
        parameters.SetSelectedSegmentIDs(segment_ids)
        for switch_off in (
            parameters.SetAutomaticOversampling,
            parameters.SetUseFractionalLabelmap,
            parameters.SetDoseSurfaceHistogram,
        ):
            switch_off(False)
        message = logic.ComputeDvh(parameters)
        if message:
            return str(message)
        if not _compute_metrics(logic, parameters):
            return "SlicerRT computed the DVH but not its metrics"
        return {segment_id: _read(parameters, segment_id) for segment_id in segment_ids}
    finally:
        _remove(scene, parameters, segment_ids)


def _compute_metrics(logic: Any, parameters: Any) -> bool:
    """Let SlicerRT read off V- and D-values; it shows only what a flag asks for, and V before D keeps the columns in place."""
    volumes = {match.group(1) for name in _dose_metrics() if (match := VOLUME_AT_DOSE.match(name))}
    parameters.SetVDoseValues(",".join(sorted(volumes)))
    parameters.SetShowVMetricsCc(True)
    parameters.SetShowVMetricsPercent(True)
    parameters.SetDVolumeValuesCc(",".join(m.group(1) for name in _dose_metrics() if (m := DOSE_AT_CC.match(name))))
    parameters.SetDVolumeValuesPercent(",".join(m.group(1) for name in _dose_metrics() if (m := DOSE_AT_PERCENT.match(name))))
    parameters.SetShowDMetrics(True)
    return bool(logic.ComputeVMetrics(parameters)) and bool(logic.ComputeDMetrics(parameters))


def _dose_metrics() -> list[str]:
    return [metric.name for metric in metrics().values() if metric.domain == "dose"]


def _read(parameters: Any, segment_id: str) -> SegmentDvh:
    """One segment's line of the metrics table; its first columns go by number, since SlicerRT translates their names."""
    table_node = parameters.GetMetricsTableNode()
    curve = table_node.GetNodeReference(parameters.AssembleDvhNodeReference(segment_id))
    if float(curve.GetAttribute(FACTOR)) != OVERSAMPLING:
        raise NotAvailable(f"SlicerRT sampled the dose by {curve.GetAttribute(FACTOR)}, not by {OVERSAMPLING:g}")
    row, table = int(curve.GetAttribute(TABLE_ROW)), table_node.GetTable()
    columns = {table.GetColumnName(index).split(" (Gy")[0].split(" ()")[0]: index for index in range(table.GetNumberOfColumns())}
    columns |= {"Dmean": parameters.MetricColumnMeanDose, "Dmax": parameters.MetricColumnMaxDose}
    volume_cc = table.GetValue(row, parameters.MetricColumnVolumeCc).ToDouble()
    told = [name for name in _dose_metrics() if not (m := DOSE_AT_CC.match(name)) or float(m.group(1)) < volume_cc]
    return SegmentDvh(volume_cc, {name: table.GetValue(row, columns[_column(name)]).ToDouble() for name in told})


def _column(metric: str) -> str:
    """What SlicerRT heads the column of a metric with, without the dose unit behind it."""
    match = VOLUME_AT_DOSE.match(metric)
    return f"V{match.group(1)} ({'%' if match.group(2) == 'percent' else 'cc'})" if match else metric


def _remove(scene: Any, parameters: Any, segment_ids: Sequence[str]) -> None:
    """Take out the parameter node and what SlicerRT made for it; references to them in other nodes go with them."""
    table_node = parameters.GetNodeReference(METRICS_TABLE_ROLE)
    if table_node is not None:
        for segment_id in segment_ids:
            curve = table_node.GetNodeReference(parameters.AssembleDvhNodeReference(segment_id))
            if curve is not None:
                scene.RemoveNode(curve)
        scene.RemoveNode(table_node)
    chart = parameters.GetNodeReference(CHART_ROLE)
    if chart is not None:
        scene.RemoveNode(chart)
    scene.RemoveNode(parameters)
