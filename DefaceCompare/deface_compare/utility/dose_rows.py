"""The dose rows of one method on one case: the DVH of every region under each dose policy, before and after."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TypedDict

import numpy as np
import SimpleITK as sitk

from ..case import DOSE_IMAGE, Dose
from ..defacers.defacing import Defacing
from ..errors import NotAvailable
from ..geometry.boxes import Patch, box_around
from ..measurement import NOT_AVAILABLE, OK, Measurement, Missing, Scope, metrics
from ..settings import DOSE_POLICIES, KEEP
from ..structures.region import Region
from ..words import DOSE_SENTENCE
from .baseline import Baseline
from .dose_sampling import DoseSamples
from .dvh import DVH, VOLUME_AT_DOSE, dvh_metric
from .dvh_table import DvhTable

KEEP_NOTE = "unchanged by construction"
GY = "Gy"
BUILTIN = "builtin"
"""Engine of rows that no sampling stands behind."""


class _Where(TypedDict):
    image: str
    structure: str
    dose_policy: str
    engine: str


def dose_metrics() -> list[str]:
    """The dose metrics of a region."""
    return [metric.name for metric in metrics().values() if metric.domain == "dose"]


def dose_rows(
    dose: Dose | None, baseline: Baseline, defacing: Defacing, scope: Scope, curves: DvhTable | None = None
) -> Iterator[Measurement]:
    """One row for each dose policy, region and metric; without a dose one for each policy and metric, with the reason.

    Parameters
    ----------
    curves : DvhTable, optional
        Where the curves behind the rows are kept for drawing (doses in Gy only).
    """
    if dose is None or baseline.dose_reason:
        reason = baseline.dose_reason or "the case has no dose"
        for policy in DOSE_POLICIES:
            for metric in dose_metrics():
                yield scope.missing(metric, reason, image=DOSE_IMAGE, dose_policy=policy)
        return
    known: list[tuple[Patch, dict[str, DVH]]] = []
    for policy in DOSE_POLICIES:
        patch = defacing.dose_patches.get(policy)
        edited_dvhs = None if patch is None else _edited_dvhs(dose, patch, baseline, known)
        blocked = _blocked(defacing, policy)
        for region in baseline.regions:
            samples = baseline.dose[region.name]
            if isinstance(samples, str):
                why = blocked or Missing(NOT_AVAILABLE, samples)
                where = _Where(image=DOSE_IMAGE, structure=region.name, dose_policy=policy, engine=BUILTIN)
                for metric in dose_metrics():
                    yield scope.missing(metric, why.reason, status=why.status, unit=_unit(metric, dose), **where)
                continue
            edited = samples.original if edited_dvhs is None else edited_dvhs[region.name]
            if curves is not None and dose.unit == GY:
                if blocked:
                    curves.add_original(region.name, samples.original)
                else:
                    curves.add(region.name, defacing.method, policy, samples.original, edited)
            yield from _dvh_rows(region, policy, samples.original, edited, dose, scope, blocked)


def _edited_dvhs(dose: Dose, patch: Patch, baseline: Baseline, known: list[tuple[Patch, dict[str, DVH]]]) -> dict[str, DVH]:
    """The DVH of every region on an edited grid; two policies that edit the same (removal: follow and mask) share them."""
    for earlier, dvhs in known:
        if earlier.offset == patch.offset and np.array_equal(earlier.values, patch.values):
            return dvhs
    inner = box_around(patch.altered(dose.image))
    if inner is None:
        dvhs = {name: samples.original for name, samples in baseline.dose.items() if isinstance(samples, DoseSamples)}
    else:
        box = patch.box.within(inner)
        altered = Patch(box.offset, patch.values[inner.slices])
        array = sitk.GetArrayFromImage(dose.image)
        array[box.slices] = altered.values
        dvhs = {name: s.edited(array, altered) for name, s in baseline.dose.items() if isinstance(s, DoseSamples)}
    known.append((patch, dvhs))
    return dvhs


def _unit(metric: str, dose: Dose) -> str | None:
    """The grid's own unit for a dose; None: as ``data/metrics.csv`` has it."""
    return dose.unit if metrics()[metric].unit == GY else None


def _blocked(defacing: Defacing, policy: str) -> Missing | None:
    if defacing.status != OK:
        return Missing(defacing.status, defacing.note or "the method failed")
    if policy != KEEP and policy not in defacing.dose_patches:
        return Missing(NOT_AVAILABLE, f"the method gave no dose under the policy {policy}")
    return None


def _dvh_rows(
    region: Region,
    policy: str,
    original: DVH,
    edited: DVH,
    dose: Dose,
    scope: Scope,
    blocked: Missing | None,
) -> Iterator[Measurement]:
    """One row a metric; where there is no edited dose (`blocked`) the planned number with the reason."""
    own_gy = region.prescription_gy
    prescription_gy = dose.prescription_gy if own_gy is None else own_gy
    prescribed = "" if own_gy is None else f"percent of the structure's own prescription of {own_gy:g} Gy"
    parts = (KEEP_NOTE if policy == KEEP else "", prescribed, *original.warnings, DOSE_SENTENCE)
    note = "; ".join(part for part in parts if part)
    where = _Where(image=DOSE_IMAGE, structure=region.name, dose_policy=policy, engine=original.engine)
    for metric in dose_metrics():
        in_gy, unit = metrics()[metric].unit == GY, _unit(metric, dose)
        try:
            if dose.unit != GY and VOLUME_AT_DOSE.match(metric):
                raise NotAvailable("the dose is relative to a value that the file does not tell, not in Gy")
            before = dvh_metric(original, metric)
            after = before if blocked else dvh_metric(edited, metric)
        except NotAvailable as reason:
            why = blocked or Missing(NOT_AVAILABLE, str(reason))
            yield scope.missing(metric, why.reason, status=why.status, unit=unit, **where)
            continue
        if blocked:
            told = "; ".join((blocked.reason, *original.warnings))
            yield scope.missing(metric, told, status=blocked.status, original=before, unit=unit, **where)
            continue
        yield scope.row(
            metric,
            original=before,
            defaced=after,
            change_percent=100.0 * (after - before) / prescription_gy if in_gy and prescription_gy else math.nan,
            unit=unit,
            note=note,
            **where,
        )
