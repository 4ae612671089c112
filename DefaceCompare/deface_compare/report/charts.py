"""The charts of the report as values: trade-off, ROC and CMC, DVHs; the page's script draws them as SVG."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..cohort.arm_names import ArmNames
from ..cohort.arms import Arm
from ..cohort.dvh_bands import STEP_GY, CaseDvhs, DvhBand
from ..cohort.reidentification.curves import Curve
from ..cohort.reidentification.summary import FaceCurves
from ..cohort.summary import SummaryRow
from ..cohort.tradeoff import Axis
from ..structures.organs import is_further, is_target
from ..words import auc_number, count, interval, number
from .page_data import finite, finite_list

CURVE_DECIMALS, DVH_DECIMALS = 3, 1
"""Of a share of probes, and of a percentage of a volume: finer than a line is wide."""
LEAST_DVH_PERCENT = 0.5
"""A curve of one case that lies nowhere further than this from the original is not drawn a second time."""


@dataclass(frozen=True)
class CostPanel:
    """One panel of the trade-off: a cost, and the AUC that stands with it.

    Parameters
    ----------
    title : str
        Of its button.
    auc_title : str
        Whose AUC it is.
    aucs, references : mapping of Arm to SummaryRow
        The AUC, and its upper bound with the original's landmarks (may be empty).
    """

    axis: Axis
    title: str
    auc_title: str
    aucs: Mapping[Arm, SummaryRow]
    references: Mapping[Arm, SummaryRow]

    def arms(self, names: ArmNames) -> list[Arm]:
        """The arms that have a point."""
        return [arm for arm in names.arms if self.axis.worked(arm) and arm in self.aucs and not math.isnan(self.aucs[arm].value)]


def tradeoff_data(panels: Sequence[CostPanel], names: ArmNames) -> list[dict[str, Any]]:
    """Panels that have a point: cost across (median, quartiles), AUC up (95 % interval)."""
    return [
        {
            "title": panel.title,
            "x": panel.axis.label,
            "y": panel.auc_title,
            "points": [_point(panel, arm, names) for arm in panel.arms(names)],
        }
        for panel in panels
        if panel.arms(names)
    ]


def _point(panel: CostPanel, arm: Arm, names: ArmNames) -> dict[str, Any]:
    axis, own, reference = panel.axis, panel.aucs[arm], panel.references.get(arm)
    low, median, high = axis.quartiles(arm)
    failed = len(axis.failed.get(arm, ()))
    lost = f", did not work on {failed}" if failed else ""
    spread = "" if math.isnan(own.low) else f" {interval(own.low, own.high)}"
    return {
        "arm": names.arms.index(arm),
        "x": finite_list((median, low, high), 4),
        "y": finite_list((own.value, own.low, own.high), 4),
        "reference": None if reference is None else finite(reference.value, 4),
        "hover": [
            f"{number(median, axis.unit)} {axis.unit} {interval(low, high, axis.unit)}, {count(len(axis.worked(arm)))}{lost}",
            f"AUC {auc_number(own.value)}{spread}, {count(own.n)}",
        ],
    }


def curve_data(curves: Sequence[FaceCurves], names: ArmNames) -> dict[str, list[dict[str, Any]]]:
    """ROC and CMC of each arm, with 95 % bands; empty lists without curves."""
    return {
        kind: [{"arm": names.arms.index(each.arm)} | _banded(getattr(each, kind)) for each in curves] for kind in ("roc", "cmc")
    }


def _banded(curve: Curve) -> dict[str, list[float | int | None]]:
    return {name: finite_list(getattr(curve, name), CURVE_DECIMALS) for name in ("x", "y", "low", "high")}


def dvh_data(bands: Sequence[DvhBand], names: ArmNames) -> dict[str, Any]:
    """Per structure the original's and each arm's median DVH with its quartiles, by dose policy."""
    structures: dict[str, dict[str, Any]] = {}
    for band in bands:
        key = band.key
        found = structures.setdefault(key.structure, {"n": 0, "original": None, "policies": {}})
        told = {name: finite_list(getattr(band, name), DVH_DECIMALS) for name in ("median", "low", "high")} | {"n": band.n}
        if key.arm is None:
            found["n"], found["original"] = band.n, told
        elif key.arm in names.arms:
            found["policies"].setdefault(key.policy, {})[str(names.arms.index(key.arm))] = told
    listed = [name for name, found in structures.items() if found["original"] is not None]
    listed.sort(key=lambda name: (is_further(name), not is_target(name), name))
    return {"step": STEP_GY, "structures": {name: structures[name] for name in listed}}


def case_dvh_data(curves: CaseDvhs, names: ArmNames) -> dict[str, Any]:
    """One case's DVHs: each structure's original, and those of an arm and policy that differ from it."""
    found: dict[str, Any] = {}
    originals = {key.structure: percents for key, percents in curves.items() if key.arm is None}
    for key, percents in curves.items():
        original = originals.get(key.structure)
        if key.arm is None or original is None or key.arm not in names.arms:
            continue
        longest = min(len(original), len(percents))
        apart = max(abs(original[:longest] - percents[:longest]), default=0.0)
        if apart < LEAST_DVH_PERCENT:
            continue
        told = found.setdefault(key.structure, {"original": _trimmed(original), "policies": {}})
        told["policies"].setdefault(key.policy, {})[str(names.arms.index(key.arm))] = _trimmed(percents)
    return found


def _trimmed(percents: Any) -> list[float | int | None]:
    """A curve up to its first 0."""
    told = finite_list(percents, DVH_DECIMALS)
    return told[: told.index(0) + 1] if 0 in told else told
