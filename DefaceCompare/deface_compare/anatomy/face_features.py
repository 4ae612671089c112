"""Which feature of the face a skin point belongs to: brow, eyes, nose, mouth, chin, cheeks or ears."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ..geometry.grids import mapped
from .face_region import BEHIND_EYES_MM, FaceRegion

FEATURES = ("forehead_and_brow", "eyes", "nose", "mouth", "chin", "cheeks", "ears")
"""All features, from top to bottom; every point of the face belongs to one, those of the ears lie beside it."""

# Borders on the average head, seen from the front, in mm from its landmarks. Set on a render of the average head by its visible
# features (lids, alae, vermilion); adult anthropometry gives the same sizes to a few mm: Farkas, Anthropometry of the head and
# face, 1994: eye fissure 31 mm wide, nose 35 mm wide and 50 mm long, mouth 53 mm wide.
FOREHEAD_ABOVE_EYES_MM = 50.0
"""Upper end of the forehead over the eyes' centres: below the hairline."""
EYE_HALF_WIDTH_MM, EYE_HALF_HEIGHT_MM = 20.0, 13.0
"""An eye with its lids and the lower edge of its brow, around its centre."""
NOSE_HALF_WIDTH_TOP_MM, NOSE_HALF_WIDTH_BASE_MM = 10.0, 21.0
"""The nose widens from its root to its wings."""
NOSE_BELOW_TIP_MM = 13.0
"""Where the nose meets the lip, under the tip."""
MOUTH_HALF_WIDTH_MM, MOUTH_BELOW_MM = 29.0, 12.0
"""The lips, and how far the mouth reaches below its middle; above it reaches to the nose."""
CHIN_HALF_WIDTH_MM = 29.0
CHIN_FRONT_MM = 35.0
"""The chin ends so far behind its landmark."""
BELOW_CHIN_MM = 8.0
"""Lower end under the chin landmark: where the skin turns back to the neck."""


def face_features(region: FaceRegion, points_mm: NDArray[np.float64]) -> Mapping[str, NDArray[np.bool_]]:
    """The points of each feature.

    Parameters
    ----------
    region : FaceRegion
        Of the head.
    points_mm : ndarray, shape (n, 3)
        Skin points, patient LPS mm.

    Returns
    -------
    mapping of str to ndarray of bool, shape (n,)
        By name in the order of `FEATURES`; no point belongs to two of them.
    """
    at = mapped(region.to_average, points_mm)
    marks = region.marks
    eye = 0.5 * (marks["eye_left"] + marks["eye_right"])
    x, y, z = np.abs(at[:, 0] - eye[0]), at[:, 1], at[:, 2]
    chin, mouth, tip = marks["chin"], marks["mouth"], marks["nose_tip"]
    front = y <= eye[1] + BEHIND_EYES_MM
    face = front & (z > chin[2] - BELOW_CHIN_MM) & (z < eye[2] + FOREHEAD_ABOVE_EYES_MM)
    eye_x = 0.5 * float(np.abs(marks["eye_left"][0] - marks["eye_right"][0]))
    nose_base = tip[2] - NOSE_BELOW_TIP_MM
    down = np.clip((marks["nasion"][2] - z) / (marks["nasion"][2] - nose_base), 0.0, 1.0)
    claims = {
        "ears": region.ears(points_mm) & ~front,
        "nose": (z <= marks["nasion"][2] + 5.0)
        & (z > nose_base)
        & (x < NOSE_HALF_WIDTH_TOP_MM + down * (NOSE_HALF_WIDTH_BASE_MM - NOSE_HALF_WIDTH_TOP_MM)),
        "eyes": ((x - eye_x) / EYE_HALF_WIDTH_MM) ** 2 + ((z - eye[2]) / EYE_HALF_HEIGHT_MM) ** 2 < 1.0,
        "mouth": (x < MOUTH_HALF_WIDTH_MM) & (z <= nose_base) & (z > mouth[2] - MOUTH_BELOW_MM),
        "chin": (x < CHIN_HALF_WIDTH_MM) & (z <= mouth[2] - MOUTH_BELOW_MM) & (y < chin[1] + CHIN_FRONT_MM),
        "forehead_and_brow": z > eye[2],
        "cheeks": np.ones(len(at), dtype=np.bool_),
    }
    free = np.ones(len(at), dtype=np.bool_)
    found = {}
    for name, claimed in claims.items():
        found[name] = claimed & free & (face if name != "ears" else True)
        free &= ~found[name]
    return {name: found[name] for name in FEATURES}
