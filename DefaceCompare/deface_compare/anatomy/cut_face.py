"""Whether the face is missing from an image inside its field of view: cut away before the image came here."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk

from ..geometry.morphology import inner_distance_mm
from .face_region import FaceRegion

DEEP_MM = 12.0
"""So far below the skin there is tissue or a cavity in every face, whatever its shape."""
CUT_SHARE = 0.5
"""Of these depths, from which on without tissue a face counts as cut (docs/design.md#defaced-before)."""
SEEN_SHARE = 0.5
"""So much of them must lie in the field of view."""


def cut_share(region: FaceRegion, body: sitk.Image, outline: sitk.Image, seen: sitk.Image) -> float:
    """How much of the depths of a face is air.

    Parameters
    ----------
    region : FaceRegion
    body : SimpleITK.Image
        A whole head as it should be (the average one laid on the patient, or the patient's own in another image), 0 or 1.
    outline : SimpleITK.Image
        The patient in the image, cavities filled, 0 or 1, on the grid of `body`.
    seen : SimpleITK.Image
        The image's field of view, 0 or 1, on the same grid.

    Returns
    -------
    float
        0 to 1; NaN if less than half of it lies in the field of view.
    """
    whole = sitk.GetArrayViewFromImage(body) > 0
    index = np.argwhere(inner_distance_mm(whole, body.GetSpacing()[0]) >= DEEP_MM)
    points_mm = index[:, ::-1] * np.array(body.GetSpacing()) + np.array(body.GetOrigin())
    deep = tuple(index[region.face(points_mm)].T)
    inside = sitk.GetArrayViewFromImage(seen)[deep] > 0
    if inside.size == 0 or inside.mean() < SEEN_SHARE:
        return float("nan")
    return float(1.0 - (sitk.GetArrayViewFromImage(outline)[deep][inside] > 0).mean())
