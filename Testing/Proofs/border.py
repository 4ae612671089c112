"""How much of a face the border of an edit draws: share of the original skin within 2.5 mm of what an attacker draws.

`python Testing/Proofs/border.py ../shared/data OUT`: heads that OUT already holds are not measured again. Four shares stand
beside each other, of the face from brow to chin: the defaced skin as it is; the same, moved by the attacker's distances without
looking at any border; the best of the skins drawn from the edit's border (`privacy.edit_border`); the skins of all other heads of
the modality laid in the same pose, moved likewise. The best of several skins is near by chance alone: what a border tells is what
it draws more than the two that are moved. Only cohort figures are printed and recorded; OUT holds surfaces of real people: keep
it to yourself.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from deface_compare.anatomy.face_region import face_region
from deface_compare.anatomy.find_head import find_head
from deface_compare.anatomy.head import Head
from deface_compare.case import Case
from deface_compare.defacers import defacer
from deface_compare.defacers.deface import deface
from deface_compare.geometry.grids import mapped
from deface_compare.geometry.mesh import distances_mm, points_of
from deface_compare.privacy.edit_border import CLEARED_MM, REWRITTEN_MM, Grey, border_greys, greys_at_distances
from deface_compare.privacy.surface import (
    FaceBox,
    SkinLevel,
    face_surface,
    image_box,
    on_box,
    outline_on_box,
    skin_level,
    surface_at,
)
from deface_compare.settings import DEFAULT_METHODS, Settings
from measure_real_heads import heads
from record import record

NEAR_MM = 2.5
"""The audit's measure of skin that is the patient's."""
MOVED_MM = (0.0, *(-reach for reach in CLEARED_MM), *REWRITTEN_MM)
"""By how much a skin is moved outwards: what the attacker takes for granted, and nothing."""


def outwards_mm(
    face_mm: NDArray[np.float64], skin_mm: NDArray[np.float64], middle_mm: NDArray[np.float64]
) -> NDArray[np.float64]:
    """How far outside a skin, shape (m, 3), points of a face, shape (n, 3), lie; negative inside, seen from the head's middle."""
    distance, index = cKDTree(skin_mm).query(face_mm)
    outside = np.sum((face_mm - skin_mm[index]) * (face_mm - middle_mm), axis=1) > 0
    return np.where(outside, distance, -distance)


def best_share(outwards: NDArray[np.float64]) -> float:
    """Share of points near a skin that is moved by the best of `MOVED_MM`."""
    return max(float(np.mean(np.abs(outwards - moved) <= NEAR_MM)) for moved in MOVED_MM)


def near_shares(face_mm: NDArray[np.float64], image: sitk.Image, box: FaceBox, level: SkinLevel) -> tuple[float, float, float]:
    """Share of face points near the defaced skin as it is, moved, and as its border draws it (0 if that draws none)."""
    plain = float(np.mean(distances_mm(face_mm, face_surface(image, box, level)) <= NEAR_MM))
    coarse = box.coarse()
    tissue = on_box(image, coarse, level.air) > level.threshold
    ways = greys_at_distances(tissue, tissue, coarse), border_greys(image, coarse, level)
    moved, border = (best_of(greys, coarse, face_mm) for greys in ways)
    return plain, moved, border


def best_of(greys: list[Grey | None], box: FaceBox, face_mm: NDArray[np.float64]) -> float:
    """The largest share of face points near one of several drawn skins; 0 where none is drawn."""
    drawn = [surface_at(grey, box, quick=True) for grey in greys if grey is not None]
    return max((float(np.mean(distances_mm(face_mm, each) <= NEAR_MM)) for each in drawn), default=0.0)


def measure(case: Case, kept: Path) -> None:
    """Measure one head, and keep its shares with its skin in the average head's frame."""
    image, settings = case.images[0], Settings()
    head: Head = find_head(case, image, settings)
    box, level = image_box(head, image.image), skin_level(image)
    skin = points_of(face_surface(image.image, box, level, outline_on_box(head, box)))
    face = face_region(head).face(skin)
    found = {}
    for key in DEFAULT_METHODS:
        defacing = deface(defacer(key), case, {image.key: head}, settings)
        if image.key in defacing.patches:
            found[key] = near_shares(skin[face], defacing.edited_image(image), box, level)
    common = mapped(head.average_to_patient, skin)
    np.savez(kept, skin=common, face=face, **{key: np.array(shares) for key, shares in found.items()})


def stranger_shares(skins: list[NDArray[np.float64]], faces: list[NDArray[np.bool_]]) -> list[float]:
    """For each head the mean share of its face that lies near another head's skin, moved, both in the average head's frame."""
    shares = []
    for k, (skin, face) in enumerate(zip(skins, faces, strict=True)):
        middle = skin.mean(axis=0)
        others = [best_share(outwards_mm(skin[face], other, middle)) for j, other in enumerate(skins) if j != k]
        shares.append(float(np.mean(others)))
    return shares


def summarise(kept: list[Path], words: str) -> dict[str, str]:
    """Cohort figures: medians and ranges, percent of the face."""
    known = [dict(np.load(path)) for path in kept]
    strangers = stranger_shares([each["skin"] for each in known], [each["face"] for each in known])
    figures = {f"{words}, a stranger's face in the same pose, moved by the best distance": _range(strangers)}
    for key in DEFAULT_METHODS:
        pairs = np.array([each[key] for each in known if key in each])
        if len(pairs):
            figures[f"{words}, {key}: defaced skin as it is"] = _range(pairs[:, 0])
            figures[f"{words}, {key}: the same, moved by the best distance"] = _range(pairs[:, 1])
            figures[f"{words}, {key}: best of what the border draws"] = _range(pairs[:, 2])
    return figures


def _range(shares: NDArray[np.float64] | list[float]) -> str:
    percent = 100.0 * np.asarray(shares)
    return f"median {np.median(percent):.0f} % ({percent.min():.0f} to {percent.max():.0f} %), n {len(percent)}"


def main() -> None:
    """Measure what is missing, print and record the cohort figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True, mode=0o700)
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    for name, case, _ in heads(arguments.data.resolve()):
        path = arguments.out / f"{name.replace(' ', '-')}.npz"
        if not path.is_file() and not name.startswith("phantom"):
            measure(case, path)
            print(f"{name} measured", flush=True)
    for kind, words in (("MR", "MR T1 heads"), ("CT", "CT heads")):
        record("border", summarise(sorted(arguments.out.glob(f"{kind}-*.npz")), words))


if __name__ == "__main__":
    main()
