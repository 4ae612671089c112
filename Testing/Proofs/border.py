"""How much of a face the border of an edit draws: share of the original skin within 2.5 mm of what an attacker draws.

`python Testing/Proofs/border.py ../shared/data OUT`: heads that OUT already holds are not measured again. Three shares stand
beside each other, of the face from brow to chin: the defaced skin as it is, the best of the skins drawn from the edit's border
(`privacy.edit_border`), and the skins of all other heads of the modality laid in the same pose. Only cohort figures are printed
and recorded; OUT holds surfaces of real people: keep it to yourself.
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
from deface_compare.privacy.edit_border import border_greys
from deface_compare.privacy.surface import FaceBox, SkinLevel, face_surface, image_box, outline_on_box, skin_level, surface_at
from deface_compare.settings import DEFAULT_METHODS, Settings
from measure_real_heads import heads
from record import record

NEAR_MM = 2.5
"""The audit's measure of skin that is the patient's."""


def near_share(face_mm: NDArray[np.float64], image: sitk.Image, box: FaceBox, level: SkinLevel) -> tuple[float, float]:
    """Share of face points near the defaced skin as it is, and near the best skin that its border draws; 0 if it draws none."""
    plain = float(np.mean(distances_mm(face_mm, face_surface(image, box, level)) <= NEAR_MM))
    coarse = box.coarse()
    drawn = [surface_at(grey, coarse, quick=True) for grey in border_greys(image, coarse, level) if grey is not None]
    return plain, max((float(np.mean(distances_mm(face_mm, each) <= NEAR_MM)) for each in drawn), default=0.0)


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
            found[key] = near_share(skin[face], defacing.edited_image(image), box, level)
    common = mapped(head.average_to_patient, skin)
    np.savez(kept, skin=common, face=face, **{key: np.array(shares) for key, shares in found.items()})


def stranger_shares(skins: list[NDArray[np.float64]], faces: list[NDArray[np.bool_]]) -> list[float]:
    """For each head the mean share of its face that lies near another head's skin, both in the average head's frame."""
    trees = [cKDTree(skin) for skin in skins]
    shares = []
    for k, (skin, face) in enumerate(zip(skins, faces, strict=True)):
        others = [np.mean(tree.query(skin[face])[0] <= NEAR_MM) for j, tree in enumerate(trees) if j != k]
        shares.append(float(np.mean(others)))
    return shares


def summarise(kept: list[Path], words: str) -> dict[str, str]:
    """Cohort figures: medians and ranges, percent of the face."""
    known = [dict(np.load(path)) for path in kept]
    strangers = stranger_shares([each["skin"] for each in known], [each["face"] for each in known])
    figures = {f"{words}, a stranger's face in the same pose": _range(strangers)}
    for key in DEFAULT_METHODS:
        pairs = np.array([each[key] for each in known if key in each])
        if len(pairs):
            figures[f"{words}, {key}: defaced skin as it is"] = _range(pairs[:, 0])
            figures[f"{words}, {key}: best of what the border draws"] = _range(pairs[:, 1])
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
