"""Do made-up people resemble each other no more than real ones, and themselves on another day?

``python Testing/Proofs/people.py [--people 40]``: the CT and the MR of each person at two visits, faces by SFace. The pictures of
all lie in ``build/proofs/people/faces.png``. The twelve real heads of ``../shared/data`` have an impostor cosine of 0.42.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from deface_compare.anatomy.find_heads import find_heads
from deface_compare.case import CT, MR, Case, CaseImage
from deface_compare.errors import FaceNotFound
from deface_compare.privacy.scorer import FaceScorer
from deface_compare.sample.patient import sample_patient
from deface_compare.settings import Settings
from record import record

SEED = 1
VISITS = (1, 2)
COLUMNS = 8
"""Faces in a row of the picture."""


def main() -> None:
    """Make the people, look at them, record how alike they are."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=40)
    parser.add_argument("--work", type=Path, default=Path("build/proofs/people"))
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    scorer = FaceScorer(Settings().face_model, SEED)
    prints: dict[str, dict[tuple[int, int], NDArray[np.float32]]] = {CT: {}, MR: {}}
    pictures = []
    for number in range(1, arguments.people + 1):
        for visit in VISITS:
            made = sample_patient(number, SEED, "brain", visit=visit)
            for modality, image, unit in ((CT, made.ct, "HU"), (MR, made.mr, "a.u.")):
                found = face_print(scorer, CaseImage(modality, modality, image, unit))
                if found is None:
                    continue
                prints[modality][number, visit], picture = found
                if modality == CT and visit == VISITS[0]:
                    pictures.append(picture)
        print(f"person {number} of {arguments.people}", flush=True)
    save_sheet(pictures, arguments.work / "faces.png")
    figures: dict[str, object] = {}
    for modality, found in prints.items():
        figures |= {f"{modality}: {name}": value for name, value in alike(found, arguments.people).items()}
    record("people", figures)


def face_print(scorer: FaceScorer, image: CaseImage) -> tuple[NDArray[np.float32], NDArray[np.uint8]] | None:
    """Frontal embedding and picture; None where no face is found."""
    heads, _ = find_heads(Case("person", (image,)), Settings())
    if image.key not in heads:
        return None
    try:
        reference = scorer.reference(image, heads[image.key])
    except FaceNotFound:
        return None
    assert reference.frontal is not None
    return reference.embeddings[0] / np.linalg.norm(reference.embeddings[0]), reference.frontal


def alike(prints: dict[tuple[int, int], NDArray[np.float32]], people: int) -> dict[str, object]:
    """Cosines of strangers and of persons with themselves at another visit, and how often a face is found."""
    first = {number: found for (number, visit), found in prints.items() if visit == VISITS[0]}
    strangers = [float(one @ other) for a, one in first.items() for b, other in first.items() if a < b]
    selves = [float(found @ prints[number, VISITS[1]]) for number, found in first.items() if (number, VISITS[1]) in prints]
    return {
        "impostor cosine, mean": round(float(np.mean(strangers)), 3),
        "impostor cosine, standard deviation": round(float(np.std(strangers)), 3),
        "impostor cosine, highest": round(max(strangers), 3),
        "second visit cosine, mean": round(float(np.mean(selves)), 3),
        "second visit cosine, lowest": round(min(selves), 3),
        "face found, %": round(100.0 * len(prints) / (people * len(VISITS)), 1),
    }


def save_sheet(pictures: list[NDArray[np.uint8]], path: Path) -> None:
    """All faces in one picture, half size."""
    blank = np.zeros_like(pictures[0])
    padded = pictures + [blank] * (-len(pictures) % COLUMNS)
    rows = [np.concatenate(padded[start : start + COLUMNS], axis=1) for start in range(0, len(padded), COLUMNS)]
    sheet = Image.fromarray(np.concatenate(rows))
    sheet.resize((sheet.width // 2, sheet.height // 2)).save(path)


if __name__ == "__main__":
    main()
