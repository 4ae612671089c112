"""At which size of picture the face detector finds most of what defacing left: the frontal pictures of finished studies.

``python Testing/Proofs/detector_sizes.py OUT [OUT ...] [--images CT]``: for each image and method the share of pictures in which
YuNet finds a face, and the AUC of SFace at its landmarks (each defaced face against all originals), by size of picture. Pictures
are read from ``OUT/identifiable/renders``; nothing is written. What is printed goes into docs/design.md#detector-size.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from deface_compare.privacy.networks.detector import SCORE_THRESHOLD, Detector
from deface_compare.privacy.networks.recogniser import Recogniser, open_recogniser
from deface_compare.privacy.render import read_png

SIZES_PX = (640, 448, 320, 224)
ORIGINAL = "original"
NO_FACE = -1.0
"""Similarity of a picture without a face: the lowest cosine."""

Faces = dict[str, NDArray[np.float32] | None]
"""By case: the embedding of its face, None where none is found."""


def pictures(out: Path) -> Iterator[tuple[str, str, str, NDArray[np.uint8]]]:
    """Case, image, method and frontal picture of all scored faces of a study."""
    for path in sorted(out.glob("identifiable/renders/*/*.png")):
        folder_image, method = _image_and_method(path, out)
        yield path.parent.name, folder_image, method, np.ascontiguousarray(read_png(path))


def _image_and_method(path: Path, out: Path) -> tuple[str, str]:
    """A picture's name is ``IMAGE_METHOD``; the originals tell which images there are."""
    images = [each.stem.removesuffix(f"_{ORIGINAL}") for each in path.parent.glob(f"*_{ORIGINAL}.png")]
    image = max((key for key in images if path.stem.startswith(f"{key}_")), key=len)
    return image, path.stem.removeprefix(f"{image}_")


def face(detector: Detector, recogniser: Recogniser, picture: NDArray[np.uint8]) -> NDArray[np.float32] | None:
    """The embedding of the best face that counts as seen."""
    found = detector.face(picture)
    if found is None or found.score < SCORE_THRESHOLD:
        return None
    return recogniser.embedding(recogniser.crop(picture, found.landmarks_px))


def auc(defaced: Faces, originals: Faces) -> float:
    """How well the similarity tells a defaced face's own original from others."""
    own, similarities = [], []
    for case, one in defaced.items():
        for other_case, other in originals.items():
            own.append(case == other_case)
            similarities.append(NO_FACE if one is None or other is None else float(one @ other))
    return float(roc_auc_score(own, similarities))


def main() -> None:
    """Print one line for each image, method and size of picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, nargs="+")
    parser.add_argument("--images", nargs="*", help="keys of images; default all")
    arguments = parser.parse_args()
    detectors = {side_px: Detector(side_px) for side_px in SIZES_PX}
    recogniser = open_recogniser("sface")
    for out in arguments.out:
        faces: dict[tuple[str, str, int], Faces] = defaultdict(dict)
        for case, image, method, picture in pictures(out):
            if not arguments.images or image in arguments.images:
                for side_px, detector in detectors.items():
                    faces[image, method, side_px][case] = face(detector, recogniser, picture)
        for (image, method, side_px), found in sorted(faces.items()):
            if method == ORIGINAL:
                continue
            seen = np.mean([each is not None for each in found.values()])
            value = auc(found, faces[image, ORIGINAL, side_px])
            print(f"{out.name} {image} {method} {side_px} px: found {seen:.2f} of {len(found)}, AUC {value:.3f}")


if __name__ == "__main__":
    main()
