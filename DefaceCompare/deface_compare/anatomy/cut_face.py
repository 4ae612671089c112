"""Whether the face is missing from an image inside its field of view: cut away before the image came here."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from ..geometry.found_once import FoundOnce
from ..geometry.morphology import shrunk
from .face_region import FaceRegion

DEEP_MM = 12.0
"""So far below the skin there is tissue or a cavity in every face, whatever its shape."""
CUT_SHARE = 0.5
"""Of these depths, from which on without tissue a face counts as cut (docs/design.md#defaced-before)."""
SEEN_SHARE = 0.5
"""So much of them must lie in the field of view."""
_KNOWN = FoundOnce()
"""The depths of a head's face: every other image of the frame asks for the same ones."""


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
    deep = _KNOWN.of(body, _place(region), lambda: _deep_places(region, body))
    inside = sitk.GetArrayViewFromImage(seen)[deep] > 0
    if inside.size == 0 or inside.mean() < SEEN_SHARE:
        return float("nan")
    return float(1.0 - (sitk.GetArrayViewFromImage(outline)[deep][inside] > 0).mean())


def _place(region: FaceRegion) -> tuple[float, ...]:
    return (*region.to_average.GetFixedParameters(), *region.to_average.GetParameters())


def _deep_places(region: FaceRegion, body: sitk.Image) -> tuple[NDArray[np.intp], ...]:
    """Indices (z, y, x) of the voxels of a face that lie deep below the skin."""
    whole = sitk.GetArrayViewFromImage(body) > 0
    index = np.argwhere(shrunk(whole, float(np.nextafter(np.float32(DEEP_MM), np.float32(0.0))), body.GetSpacing()[0]))
    points_mm = index[:, ::-1] * np.array(body.GetSpacing()) + np.array(body.GetOrigin())
    return tuple(index[region.face(points_mm)].T)
