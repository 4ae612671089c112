"""Did the method work on the dose, too? A dose grid that ends at the skin draws the face; published success counts it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import SimpleITK as sitk

from ..anatomy.head import Head
from ..case import DOSE_IMAGE, Case
from ..defacers.defacing import Defacing
from ..geometry.lattice import voxel_cc
from ..measurement import NO_FACE, NOT_AVAILABLE, OK, Measurement, Scope
from ..settings import MASK
from .gate import data_rows, judging_brain, success_row

POLICY = MASK
"""The policy that is judged: 0 Gy where an image voxel was removed."""
SAYS_NOTHING_OF_THE_FACE = "whether the grid still draws the face: see its similarity and auc_any_file of this dose policy"
"""A method that moves the skin by millimetres removes little: its masked dose draws the face all the same."""
DOSE_METRICS = ("success", "done_as_intended", "data_whole", "brain_voxels_altered", "edited_volume")
"""All rows of the dose, in table order."""


def dose_quality_rows(case: Case, heads: Mapping[str, Head], defacing: Defacing, scope: Scope) -> list[Measurement]:
    """The quality rows of the dose under the policy ``mask``; none for a case without dose.

    `done_as_intended`: no dose is left where the image became air. `data_whole`: no dose voxel of the brain
    (`judging_brain`) is altered.

    Parameters
    ----------
    case : Case
    heads : mapping of image key to Head
    defacing : Defacing
    scope : Scope
    """
    dose, judged = case.dose, defacing.judged(case)
    if dose is None:
        return []
    patch = defacing.dose_patches.get(POLICY)
    if patch is None or judged is None:
        status, reason = (defacing.status, defacing.note) if defacing.status != OK else (NOT_AVAILABLE, "the dose was not edited")
        return [_missing(scope, metric, reason, status) for metric in DOSE_METRICS]
    removed = defacing.edits[judged.key].removed(dose.image)
    drawn = removed & (sitk.GetArrayViewFromImage(dose.image) > 0)
    edited = sitk.GetArrayFromImage(dose.image)
    edited[patch.box.slices] = patch.values
    left = int(np.count_nonzero(drawn & (edited > 0)))
    gone = _missing(scope, "done_as_intended", "there is no dose where the image became air", NO_FACE)
    if drawn.any():
        gone = _row(
            scope,
            "done_as_intended",
            float(left == 0),
            f"{left} of {drawn.sum()} dose voxels left where the image became air; {SAYS_NOTHING_OF_THE_FACE}",
        )
    brain = judging_brain(heads[judged.key], defacing.edits[judged.key])
    whole = data_rows(dose.image, DOSE_IMAGE, brain, patch, scope, POLICY)
    success = success_row(gone, whole[0], scope, DOSE_IMAGE, POLICY)
    edited_cc = float(patch.altered(dose.image).sum()) * voxel_cc(dose.image)
    return [success, gone, *whole, _row(scope, "edited_volume", edited_cc)]


def _row(scope: Scope, metric: str, value: float, note: str = "") -> Measurement:
    return scope.row(metric, defaced=value, image=DOSE_IMAGE, dose_policy=POLICY, note=note)


def _missing(scope: Scope, metric: str, reason: str, status: str = NOT_AVAILABLE) -> Measurement:
    return scope.missing(metric, reason, image=DOSE_IMAGE, dose_policy=POLICY, status=status)
