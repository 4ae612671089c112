"""A stand-in for SlicerRT's DVH logic on real MRML nodes. Only for tests.

It knows the methods of `slicerrt_api.json` and no others, and refuses arguments of another kind. The computing follows SlicerRT's
order of steps with Slicer's own classes (conversion, oversampling, resampling), its bins, its reading off of D- and V-values and
its mistakes: an error ends the call at once, results are text of six digits, and what it made for one input is found again.
"""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any

import numpy as np
import slicer
import vtk
from numpy.typing import NDArray
from vtkmodules.util.numpy_support import vtk_to_numpy

from slicerrt_sampling import copied, oversampled, samples

API = json.loads((Path(__file__).parent / "slicerrt_api.json").read_text(encoding="utf-8"))
KINDS: dict[str, Any] = {"float": (int, float), "bool": bool, "str": str}
"""What stands for a recorded argument; a node's kind is its class."""

NO_OVERLAP = "Dose volume and the structure do not overlap"
CREATED_ROLE = "DoseVolumeHistogram.createdDvhArrayRef"


def _fits(value: Any, kind: str) -> bool:
    if kind in ("parameter node", "comparison node"):
        return isinstance(value, slicer.vtkMRMLScriptedModuleNode) and getattr(value, "stands_for", "") == kind
    if kind == "list of str":
        return isinstance(value, (list, tuple)) and all(isinstance(each, str) for each in value)
    if kind in KINDS:
        return isinstance(value, KINDS[kind])
    return value is None or (hasattr(value, "IsA") and value.IsA(kind))


def strict(section: str) -> Any:
    """Let a class have exactly the recorded methods, with exactly the recorded arguments."""
    recorded = API[section]["methods"]

    def decorate(cls: Any) -> Any:
        own = {name for name, member in vars(cls).items() if name[0].isupper() and inspect.isfunction(member)}
        if own != set(recorded):
            raise TypeError(f"{cls.__name__}: not as recorded: {sorted(own ^ set(recorded))}")
        for name, described in recorded.items():
            setattr(cls, name, _checked(getattr(cls, name), name, described["arguments"]))
        return cls

    return decorate


def _checked(method: Any, name: str, kinds: list[str]) -> Any:
    def call(self: Any, *arguments: Any) -> Any:
        if len(arguments) != len(kinds) or not all(_fits(a, kind) for a, kind in zip(arguments, kinds, strict=True)):
            raise TypeError(f"{name} wants {kinds}, not {arguments}")
        return method(self, *arguments)

    return call


@strict("parameter node")
class ParameterNode(slicer.vtkMRMLScriptedModuleNode):
    """In place of vtkMRMLDoseVolumeHistogramNode: a real node with real references."""

    stands_for = "parameter node"
    MetricColumnVolumeCc = API["parameter node"]["constants"]["MetricColumnVolumeCc"]["value"]
    MetricColumnMeanDose = API["parameter node"]["constants"]["MetricColumnMeanDose"]["value"]
    MetricColumnMaxDose = API["parameter node"]["constants"]["MetricColumnMaxDose"]["value"]

    def __init__(self) -> None:
        self.chosen_ids: list[str] = []
        self.flags = {"automatic": False, "fractional": False, "surface": False, "V cc": False, "V %": False, "D": False}
        self.asked = {"V": "", "D cc": "", "D %": ""}

    def SetAndObserveDoseVolumeNode(self, node: Any) -> None:
        self.SetNodeReferenceID("doseVolumeRef", node.GetID() if node is not None else None)

    def SetAndObserveSegmentationNode(self, node: Any) -> None:
        self.SetNodeReferenceID("segmentationRef", node.GetID() if node is not None else None)

    def GetMetricsTableNode(self) -> Any:
        if self.GetNodeReference("dvhMetricsTableRef") is None:
            table = self.GetScene().AddNewNodeByClass("vtkMRMLTableNode", self.GetScene().GenerateUniqueName("DvhMetrics"))
            self.SetNodeReferenceID("dvhMetricsTableRef", table.GetID())
        return self.GetNodeReference("dvhMetricsTableRef")

    def SetSelectedSegmentIDs(self, ids: Any) -> None:
        self.chosen_ids = list(ids)

    def AssembleDvhNodeReference(self, segment_id: str) -> str:
        dose, segmentation = self.GetNodeReference("doseVolumeRef"), self.GetNodeReference("segmentationRef")
        if dose is None or segmentation is None or not segment_id:
            return ""
        return f"DoseVolumeHistogram.{dose.GetID()}_{segmentation.GetID()}_{segment_id}"

    def SetVDoseValues(self, values: str) -> None:
        self.asked["V"] = values

    def SetShowVMetricsCc(self, shown: bool) -> None:
        self.flags["V cc"] = shown

    def SetShowVMetricsPercent(self, shown: bool) -> None:
        self.flags["V %"] = shown

    def SetDVolumeValuesCc(self, values: str) -> None:
        self.asked["D cc"] = values

    def SetDVolumeValuesPercent(self, values: str) -> None:
        self.asked["D %"] = values

    def SetShowDMetrics(self, shown: bool) -> None:
        self.flags["D"] = shown

    def SetAutomaticOversampling(self, on: bool) -> None:
        self.flags["automatic"] = on

    def SetUseFractionalLabelmap(self, on: bool) -> None:
        self.flags["fractional"] = on

    def SetDoseSurfaceHistogram(self, on: bool) -> None:
        self.flags["surface"] = on


@strict("logic")
class DvhLogic:
    """In place of vtkSlicerDoseVolumeHistogramModuleLogic."""

    def __init__(self) -> None:
        self._settings = dict(API["logic"]["defaults"])
        self.events_off = False
        self.calls: list[list[str]] = []
        self.dose_voxels: list[int] = []

    def GetStartValue(self) -> float:
        return self._settings["StartValue"]

    def SetStartValue(self, value: float) -> None:
        self._settings["StartValue"] = float(value)

    def GetStepSize(self) -> float:
        return self._settings["StepSize"]

    def SetStepSize(self, value: float) -> None:
        self._settings["StepSize"] = float(value)

    def GetDefaultDoseVolumeOversamplingFactor(self) -> float:
        return self._settings["DefaultDoseVolumeOversamplingFactor"]

    def SetDefaultDoseVolumeOversamplingFactor(self, value: float) -> None:
        self._settings["DefaultDoseVolumeOversamplingFactor"] = float(value)

    def ComputeDvh(self, parameters: ParameterNode) -> str:
        segmentation, dose = parameters.GetNodeReference("segmentationRef"), parameters.GetNodeReference("doseVolumeRef")
        if segmentation is None or dose is None:
            return "Both segmentation node and dose volume node need to be set"
        if any(parameters.flags[name] for name in ("automatic", "fractional", "surface")):
            raise NotImplementedError("this stand-in computes with fixed oversampling, binary, of volumes")
        self.events_off = True
        self.calls.append(list(parameters.chosen_ids))
        self.dose_voxels.append(dose.GetImageData().GetNumberOfPoints())
        highest = dose.GetImageData().GetScalarRange()[1]
        copy, ids = copied(segmentation, parameters.chosen_ids, dose, self.GetDefaultDoseVolumeOversamplingFactor())
        resampled = not copy.CreateRepresentation("Binary labelmap", True)
        if resampled and not copy.ContainsRepresentation("Binary labelmap"):
            return "Unable to acquire binary labelmap from segmentation"
        fine = oversampled(dose, self.GetDefaultDoseVolumeOversamplingFactor())
        for segment_id in ids:
            doses, voxel_cc = samples(copy.GetSegment(segment_id), fine, resampled)
            if not doses.size:
                return NO_OVERLAP
            if not self._write(parameters, segmentation, dose, segment_id, doses, voxel_cc, highest):
                return "The dose volume contains negative dose values"
        self.events_off = False
        return ""

    def _write(
        self, p: ParameterNode, segmentation: Any, dose: Any, segment_id: str, samples: Any, voxel_cc: float, highest: float
    ) -> bool:
        if samples.min() < 0:
            return False
        metrics = p.GetMetricsTableNode()
        if metrics.GetTable().GetNumberOfColumns() == 0:
            for name in ("Show", "Structure", "Volume name", "Volume (cc)", "Mean intensity", "Min intensity", "Max intensity"):
                _add_column(metrics, name)
        role = p.AssembleDvhNodeReference(segment_id)
        curve = metrics.GetNodeReference(role)
        if curve is None:
            curve = p.GetScene().AddNewNodeByClass("vtkMRMLTableNode", f"{segment_id}_DvhTable")
            curve.SetAttribute("DoseVolumeHistogram.TableRow", str(metrics.GetTable().GetNumberOfRows()))
            metrics.GetTable().InsertNextBlankRow()
            metrics.SetNodeReferenceID(role, curve.GetID())
        curve.SetAttribute(
            "DoseVolumeHistogram.DoseVolumeOversamplingFactor", f"{self.GetDefaultDoseVolumeOversamplingFactor():g}"
        )
        row = int(curve.GetAttribute("DoseVolumeHistogram.TableRow"))
        name = segmentation.GetSegmentation().GetSegment(segment_id).GetName()
        numbers = (samples.size * voxel_cc, samples.mean(dtype=float), samples.min(), samples.max())
        for column, value in enumerate((name, dose.GetName(), *numbers), 1):
            metrics.GetTable().SetValue(row, column, vtk.vtkVariant(value if isinstance(value, str) else float(value)))
        start, step = self.GetStartValue(), self.GetStepSize()
        axis = start + step * np.arange(int(np.ceil((highest - start) / step)) + 1)
        share = 100.0 * (samples.size - np.searchsorted(np.sort(samples), axis, side="left")) / samples.size
        slicer.util.updateTableFromArray(curve, [np.r_[0.0, axis], np.r_[100.0, share]], ["Dose", "Volume"])
        for node in (segmentation, dose):
            node.AddNodeReferenceID(CREATED_ROLE, curve.GetID())
        return True

    def ComputeVMetrics(self, p: ParameterNode) -> bool:
        metrics = p.GetMetricsTableNode()
        for text in p.asked["V"].split(",") if p.asked["V"] else ():
            for unit, shown in (("cc", p.flags["V cc"]), ("%", p.flags["V %"])):
                if shown:
                    column = _add_column(metrics, f"V{float(text):g} ({unit})")
                    for row, dose, share in _curves(metrics):
                        percent = float(np.interp(float(text), dose, share))
                        whole = metrics.GetTable().GetValue(row, p.MetricColumnVolumeCc).ToDouble()
                        value = percent if unit == "%" else percent * whole / 100.0
                        metrics.GetTable().SetValue(row, column, vtk.vtkVariant(value))
        return True

    def ComputeDMetrics(self, p: ParameterNode) -> bool:
        metrics = p.GetMetricsTableNode()
        wanted = [(text, "cc") for text in p.asked["D cc"].split(",")] + [(text, "%") for text in p.asked["D %"].split(",")]
        for text, unit in wanted if p.flags["D"] else ():
            column = _add_column(metrics, f"D{float(text):g}{unit} ()")
            for row, dose, share in _curves(metrics):
                whole = metrics.GetTable().GetValue(row, p.MetricColumnVolumeCc).ToDouble()
                volume = float(text) * whole / 100.0 if unit == "%" else float(text)
                metrics.GetTable().SetValue(row, column, vtk.vtkVariant(_dose_at(volume, dose, share / 100.0 * whole)))
        return True


def _add_column(node: Any, name: str) -> int:
    """A text column, as MRML tables have them where no type is asked for."""
    node.AddColumn().SetName(name)
    return node.GetTable().GetNumberOfColumns() - 1


def _curves(metrics: Any) -> list[tuple[int, NDArray[np.float64], NDArray[np.float64]]]:
    found = []
    for index in range(metrics.GetNumberOfNodeReferenceRoles()):
        role = metrics.GetNthNodeReferenceRole(index)
        curve = metrics.GetNodeReference(role) if role.startswith("DoseVolumeHistogram.") else None
        if curve is not None:
            columns = [vtk_to_numpy(curve.GetTable().GetColumn(number)) for number in (0, 1)]
            found.append((int(curve.GetAttribute("DoseVolumeHistogram.TableRow")), *columns))
    return found


def _dose_at(volume_cc: float, dose: NDArray[np.float64], above_cc: NDArray[np.float64]) -> float:
    """The dose at which a volume remains: 0 for the whole volume, the last dose below the last volume, else between two rows."""
    if volume_cc >= above_cc[0]:
        return 0.0
    if volume_cc < above_cc[-1]:
        return float(dose[-1])
    index = int(np.flatnonzero((above_cc[:-1] > volume_cc) & (volume_cc >= above_cc[1:]))[0])
    share = (volume_cc - above_cc[index]) / (above_cc[index + 1] - above_cc[index])
    return float(dose[index] + share * (dose[index + 1] - dose[index]))


def install(scene: Any, monkeypatch: Any) -> DvhLogic:
    """Put the module where `slicer.modules` has it, and its parameter node where the scene makes nodes, for one test."""
    logic = DvhLogic()
    make = scene.AddNewNodeByClass

    def add(class_name: str, name: str = "") -> Any:
        if class_name == API["parameter node"]["class"]:
            return scene.AddNode(ParameterNode())
        return make(class_name, name) if name else make(class_name)

    monkeypatch.setattr(scene, "AddNewNodeByClass", add, raising=False)
    monkeypatch.setattr(slicer.modules, "dosevolumehistogram", type("Module", (), {"logic": lambda self: logic})(), raising=False)
    return logic
