"""The skin that was taken away, and how much of it everything that leaves follows together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from ...anatomy.air import air_level, skin_threshold
from ...case import CaseImage
from ...geometry.boxes import cropped_to
from ...geometry.grids import onto_grid
from ...geometry.mesh import iso_surface, points_of
from ..contour_lines import ON_SKIN_MM, draws, followed, near_points
from ..moved_skin import MOVED_MM, MovedSkin

DRAWN_SHARE = 0.2
"""Contours, dose and images that together follow this share of the moved skin draw the face; each alone has its own limit."""
GRID_MM = 2.0
MARGIN_MM = 10.0
CONTOURS = "contours"


class DrawnTogether:
    """Collects which points of the moved skin the written objects follow.

    Parameters
    ----------
    moved : MovedSkin
        Of the judged image.
    """

    def __init__(self, moved: MovedSkin) -> None:
        self._moved = moved
        self._drawn: dict[str, NDArray[np.bool_]] = {}

    def add(self, kind: str, drawn: NDArray[np.bool_]) -> None:
        """Add points that an object of this kind follows, shape (n,)."""
        known = self._drawn.get(kind)
        self._drawn[kind] = drawn if known is None else known | drawn

    def add_contours(self, contours_mm: Sequence[NDArray[np.float64]]) -> None:
        """Add the contours of a structure, each of shape (n, 3)."""
        self.add(CONTOURS, followed(contours_mm, self._moved))

    def add_image(self, original: CaseImage, written: sitk.Image) -> None:
        """Add the surface of a written image at its original's skin threshold.

        Only points that moved by more than its coarsest voxel are asked: its new skin is no better known.
        """
        if not len(self._moved):
            return
        grid = _grid_around(self._moved.points_mm)
        values = sitk.GetArrayFromImage(onto_grid(cropped_to(written, grid), grid, air_level(original)))
        surface = points_of(iso_surface(values, skin_threshold(original), grid.GetOrigin(), grid.GetSpacing()))
        far = self._moved.moved_mm >= MOVED_MM + max(original.image.GetSpacing())
        self.add(f"image {original.key}", near_points(self._moved.points_mm, surface, ON_SKIN_MM) & far)

    def told(self) -> dict[str, float]:
        """Share of the moved skin that each kind of object follows, and all together."""
        shares = {kind: round(self._moved.share(drawn), 3) for kind, drawn in self._drawn.items()}
        return shares | {"all": round(self._moved.share(self._all()), 3)}

    def contour_faults(self) -> list[str]:
        """Contours that draw the face together, one sentence."""
        drawn = self._drawn.get(CONTOURS)
        if drawn is None or not draws(drawn, self._moved):
            return []
        name, share = self._moved.feature_share(drawn)
        feature = f", and {100 * share:.0f} % of the {name}" if name else ""
        return [f"all contours together follow {100 * self._moved.share(drawn):.0f} % of the skin that was taken away{feature}"]

    def faults(self) -> list[str]:
        """All that leaves draws the face together, one sentence."""
        share = self._moved.share(self._all())
        if share <= DRAWN_SHARE:
            return []
        parts = ", ".join(f"{kind} {100 * self._moved.share(drawn):.0f} %" for kind, drawn in self._drawn.items() if drawn.any())
        return [f"all that is written follows {100 * share:.0f} % of the skin that was taken away together ({parts})"]

    def _all(self) -> NDArray[np.bool_]:
        nothing = np.zeros(len(self._moved), dtype=np.bool_)
        return np.logical_or.reduce([nothing, *self._drawn.values()])


def _grid_around(points_mm: NDArray[np.float64]) -> sitk.Image:
    """An empty grid along LPS axes around points, shape (n, 3)."""
    low, high = points_mm.min(axis=0) - MARGIN_MM, points_mm.max(axis=0) + MARGIN_MM
    grid = sitk.Image((np.ceil((high - low) / GRID_MM).astype(int) + 1).tolist(), sitk.sitkUInt8)
    grid.SetOrigin(low.tolist())
    grid.SetSpacing([GRID_MM] * 3)
    return grid
