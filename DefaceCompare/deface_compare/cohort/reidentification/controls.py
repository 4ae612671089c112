"""Controls beside every AUC: what a sound model and protocol must give, and why an AUC is kept back where they do not."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..summary import SummaryRow
from .auc import FEWEST_PERSONS, reidentify
from .bootstrap import shuffled_control
from .pairs import constant_control, highest_impostor
from .records import Faces, estimate_numbers, joined

LOWEST_RERENDERED_AUC = 0.95
"""A model that cannot link an original to its own re-rendering measures nothing (docs/design.md#rerendered-control)."""
SHUFFLED_TOLERANCE = 0.02
"""How far the mean over permuted identities may lie from 0.5 (docs/design.md#shuffled-control)."""
HIGHEST_FACELESS_AUC = 0.8
"""A head without a face that the attacker's own landmarks link so often is linked by something else than its face."""


def control_rows(faces: Faces) -> tuple[list[SummaryRow], str]:
    """The control rows, and why no AUC may be shown ("" if it may)."""
    have = [k for k, record in enumerate(faces.records) if record.rerendered is not None]
    if len(have) < FEWEST_PERSONS:
        return [], "no AUC shown: the originals were not re-rendered, so the controls cannot be checked"
    similarity = faces.similarity([faces.records[k].undefaced for k in have])
    genuine = np.array(have)
    result = reidentify(similarity, genuine, faces.persons, seed=faces.seed)
    shuffled = shuffled_control(similarity, genuine, faces.persons, seed=faces.seed)
    constant = constant_control(similarity, genuine, faces.persons)
    likeness = joined(faces.words, _likeness(faces, similarity, genuine))
    rows = [
        faces.row("control_rerendered_auc", None, result.probes, **estimate_numbers(result), note=likeness),
        faces.row("control_shuffled_auc", None, result.probes, value=shuffled, note=f"a constant model gives {constant:.3g}"),
    ]
    floor, without_face = _faceless(faces)
    rows += floor
    if result.auc.value < LOWEST_RERENDERED_AUC:
        return rows, f"no AUC shown: the re-rendered control is {result.auc.value:.2f}, below {LOWEST_RERENDERED_AUC}"
    if abs(shuffled - 0.5) > SHUFFLED_TOLERANCE:
        return rows, f"no AUC shown: the shuffled control is {shuffled:.3f}, not 0.50 ± {SHUFFLED_TOLERANCE}"
    if abs(constant - 0.5) > 1e-12:
        return rows, f"no AUC shown: a constant model gives {constant:.3f}, not 0.5"
    if without_face > HIGHEST_FACELESS_AUC:
        return rows, f"no AUC shown: heads without a face are linked (AUC {without_face:.2f}), so it is not the face that is"
    return rows, ""


def _faceless(faces: Faces) -> tuple[list[SummaryRow], float]:
    """The floor of column B, and the attacker's own AUC on heads without a face (0.5 where there are none)."""
    have = [k for k, record in enumerate(faces.records) if record.faceless_own is not None]
    if len({faces.records[k].person for k in have}) < FEWEST_PERSONS:
        return [], 0.5
    genuine = np.array(have)
    own_probes = [faces.records[k].faceless_own for k in have]
    own = reidentify(faces.similarity(own_probes), genuine, faces.persons, seed=faces.seed)  # type: ignore[arg-type]
    known_probes = [faces.records[k].faceless_reference for k in have]
    known = reidentify(faces.similarity(known_probes), genuine, faces.persons, seed=faces.seed)  # type: ignore[arg-type]
    note = joined(
        faces.words, f"own landmarks {own.auc.value:.2f}; a face is seen in {round(own.detection_percent * own.probes / 100)}"
    )
    return [faces.row("control_faceless_auc", None, known.probes, **estimate_numbers(known), note=note)], own.auc.value


def _likeness(faces: Faces, similarity: NDArray[np.float64], genuine: NDArray[np.intp]) -> str:
    pair = highest_impostor(similarity, genuine, faces.persons)
    if pair is None:
        return ""
    first, second = faces.records[int(genuine[pair.probe])].case, faces.records[pair.gallery].case
    return f"most alike of different patients: {first} and {second}, cosine {pair.similarity:.2f}"
