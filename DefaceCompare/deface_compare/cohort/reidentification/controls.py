"""Controls beside every AUC: what a sound model and protocol must give, and why an AUC is kept back where they do not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ..summary import SummaryRow
from .auc import FEW_PERSONS, FEWEST_PERSONS, Reidentification, reidentify
from .linkage import LINK_MARGIN_AUC
from .pairs import highest_impostor
from .records import FaceRecord, Faces, estimate_numbers, joined

LOWEST_RERENDERED_AUC = 0.95
"""A model that cannot link an original to its own re-rendering measures nothing (docs/design.md#rerendered-control)."""
HIGHEST_FACELESS_AUC = LINK_MARGIN_AUC
"""Heads without a face whose AUC lies above this beyond doubt are linked by something else than their face: noise, grid, field
of view, shape of the skull (docs/design.md#faceless-control)."""
CHANCE_AUC = 0.5


def control_rows(faces: Faces) -> tuple[list[SummaryRow], str]:
    """The control rows, and why no AUC may be shown ("" if it may)."""
    have = [k for k, record in enumerate(faces.records) if record.rerendered is not None]
    if len(have) < FEWEST_PERSONS:
        return [], "no AUC shown: the originals were not re-rendered, so the controls cannot be checked"
    similarity = faces.similarity([faces.records[k].undefaced for k in have])
    genuine = np.array(have)
    result = reidentify(similarity, genuine, faces.persons, seed=faces.seed)
    notes = joined(faces.words, _likeness(faces, similarity, genuine), faces.told_of_copies)
    rows = [faces.row("control_rerendered_auc", None, result.probes, **estimate_numbers(result), note=notes)]
    faceless = _scored(faces, lambda record: record.faceless_reference)
    planted = _scored(faces, lambda record: record.planted)
    if faceless is not None:
        rows.append(_row(faces, "control_faceless_auc", faceless))
    if planted is not None:
        rows.append(_row(faces, "control_planted_auc", planted))
    if result.auc.value < LOWEST_RERENDERED_AUC:
        return rows, f"no AUC shown: the re-rendered control is {result.auc.value:.2f}, below {LOWEST_RERENDERED_AUC}"
    if faceless is not None and faceless.auc.low > HIGHEST_FACELESS_AUC:
        linked = f"heads without a face are linked (AUC {_interval(faceless)}), so it is not the face that is"
        return rows, f"no AUC shown: {linked}"
    if planted is not None and planted.persons >= FEW_PERSONS and planted.auc.low <= CHANCE_AUC:
        return rows, f"no AUC shown: the upper half of the face, left on purpose, is not found (AUC {_interval(planted)})"
    return rows, ""


def _scored(faces: Faces, probe: Callable[[FaceRecord], NDArray[np.float64] | None]) -> Reidentification | None:
    """How often a control's heads lead back to their owners; None with too few of them."""
    found = [(k, probes) for k, record in enumerate(faces.records) if (probes := probe(record)) is not None]
    if len({faces.records[k].person for k, _ in found}) < FEWEST_PERSONS:
        return None
    genuine = np.array([k for k, _ in found])
    return reidentify(faces.similarity([probes for _, probes in found]), genuine, faces.persons, seed=faces.seed)


def _row(faces: Faces, metric: str, result: Reidentification) -> SummaryRow:
    return faces.row(metric, None, result.probes, **estimate_numbers(result), note=faces.words)


def _interval(result: Reidentification) -> str:
    return f"{result.auc.value:.2f} [{result.auc.low:.2f}, {result.auc.high:.2f}]"


def _likeness(faces: Faces, similarity: NDArray[np.float64], genuine: NDArray[np.intp]) -> str:
    pair = highest_impostor(similarity, genuine, faces.persons)
    if pair is None:
        return ""
    first, second = faces.records[int(genuine[pair.probe])].case, faces.records[pair.gallery].case
    return f"most alike of different patients: {first} and {second}, cosine {pair.similarity:.2f}"
