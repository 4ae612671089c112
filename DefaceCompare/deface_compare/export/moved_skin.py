"""The original skin that an edit took away: what nothing that leaves may follow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from vtkmodules.vtkCommonDataModel import vtkPolyData

from ..anatomy.head import Head
from ..case import CaseImage
from ..geometry.boxes import Patch
from ..geometry.mesh import distances_mm
from ..output.finished_case import FinishedCase
from ..quality.skin import calm_defaced, original_skin, outer_surface

MOVED_MM = 3.0
"""Skin that moved by more is what defacing took away."""
FEWEST_OF_FEATURE = 30
"""Fewer moved points of a feature (about 1 cm²) are no feature that could be drawn."""
FACE_FEATURES = ("eyes", "nose", "mouth", "chin")
"""Features that one object may draw while the rest of the face is gone; brow, cheeks and ears tell less."""


@dataclass(frozen=True)
class MovedSkin:
    """Points of the original skin that moved by `MOVED_MM` or more.

    Parameters
    ----------
    points_mm, outward : ndarray, shape (n, 3)
        LPS mm, and the skin's outward unit normals.
    moved_mm : ndarray, shape (n,)
        How far each point lies from the new skin.
    features : mapping of str to ndarray of bool, shape (n,)
        The points of each feature of the face.
    new_skin : vtkPolyData
        The defaced skin, LPS mm; empty where it is not known.
    """

    points_mm: NDArray[np.float64]
    outward: NDArray[np.float64]
    moved_mm: NDArray[np.float64]
    features: Mapping[str, NDArray[np.bool_]]
    new_skin: vtkPolyData = field(default_factory=vtkPolyData)

    def __len__(self) -> int:
        return len(self.points_mm)

    def share(self, drawn: NDArray[np.bool_]) -> float:
        """Share of the moved skin that is drawn, shape (n,) of bool; 0 where no skin moved."""
        return float(np.mean(drawn)) if len(self) else 0.0

    def feature_share(self, drawn: NDArray[np.bool_]) -> tuple[str, float]:
        """The feature of `FACE_FEATURES` that is drawn most, and which share of it; ``""`` and 0 if none moved."""
        shares = {
            name: float(np.mean(drawn[there]))
            for name, there in self.features.items()
            if name in FACE_FEATURES and int(there.sum()) >= FEWEST_OF_FEATURE
        }
        return max(shares.items(), key=lambda each: each[1], default=("", 0.0))


NO_MOVED_SKIN = MovedSkin(np.empty((0, 3)), np.empty((0, 3)), np.empty(0), {})
"""Of an image whose head is not known, or that no edit changed."""


def moved_skin(image: CaseImage, head: Head, patch: Patch) -> MovedSkin:
    """Find the skin of an original image that a patch took away.

    Parameters
    ----------
    image : CaseImage
    head : Head
        Found in the image's frame of reference.
    patch : Patch
    """
    skin = original_skin(image, head)
    if not len(skin.points_mm):
        return NO_MOVED_SKIN
    defaced = outer_surface(calm_defaced(image, skin, patch), skin.isovalue, skin.air, skin.grid, skin.devices)
    away = distances_mm(skin.points_mm, defaced)
    index = ((skin.points_mm - skin.grid.GetOrigin()) / skin.grid.GetSpacing()).T[::-1]
    slopes = np.gradient(skin.calm)
    inward = np.stack([ndimage.map_coordinates(slope, index, order=1, mode="nearest") for slope in slopes[::-1]], axis=1)
    length = np.linalg.norm(inward, axis=1)
    held = (away >= MOVED_MM) & (length > 0)
    return MovedSkin(
        points_mm=skin.points_mm[held],
        outward=-inward[held] / length[held, None],
        moved_mm=away[held],
        features={name: there[held] for name, there in skin.features.items()},
        new_skin=defaced,
    )


def moved_skins(finished: FinishedCase, heads: Mapping[str, Head]) -> dict[str, MovedSkin]:
    """The skin that was taken away, of the image that stands for the patient and of the one by whose edit contours are cut.

    Parameters
    ----------
    heads : mapping of image key to Head
        An image without one has no entry.
    """
    images = [finished.judged, *([finished.drawn_on] if finished.drawn_on is not None else [])]
    by_key = {image.key: image for image in images if image.key in heads}
    return {key: moved_skin(image, heads[key], finished.patches[key]) for key, image in by_key.items()}
