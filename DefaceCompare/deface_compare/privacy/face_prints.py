"""Face embeddings of a case on disk: one npz without pickles, the same bytes for the same numbers.

Identifiable: they are kept in ``OUT/identifiable/face_prints``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import UnusableInput
from ..settings import FOLLOW, KEEP, MASK
from .arrays_file import load_arrays, save_arrays
from .face import FaceProbe, FaceReference, ModelColumns

ORIGINAL, RERENDERED, FACELESS, PLANTED = "original", "rerendered", "faceless", "planted"
"""Stand in place of a method's key for the original and its controls."""
DOSE_KEEP, DOSE_MASK, DOSE_FOLLOW, BODY = f"DOSE:{KEEP}", f"DOSE:{MASK}", f"DOSE:{FOLLOW}", "BODY"
"""Stand in place of an image's key for surfaces that are no image: the dose grid under each policy and the outer contour."""
DOSE_SURFACES = {KEEP: DOSE_KEEP, MASK: DOSE_MASK, FOLLOW: DOSE_FOLLOW}
"""The surface that the dose grid of a package draws, by dose policy."""
OTHER_SURFACES = (*DOSE_SURFACES.values(), BODY)
FOUND = "found"
MAPS = "maps"
PARTS = ("own", "reference", "low_score", "mean_landmarks", FOUND, "others", "border", "rebuilt")
EXTENT = "extent"
WHAT = "face prints"


@dataclass(frozen=True)
class FacePrint:
    """Embeddings of one image under one method.

    Parameters
    ----------
    own, reference : ndarray of float32, shape (views, length)
        By own and by the original's landmarks (alike for originals); NaN where there is none.
    low_score, mean_landmarks : ndarray of float32, shape (views, length)
        By landmarks of a low detection score, and where other people have them (see `face.FaceProbe`).
    found : ndarray of bool, shape (views,)
        In which views a face was found, frontal first.
    others : ndarray of float32, shape (levels, length)
        Frontal embeddings at the attacker's other thresholds (of dose and outer contour: at all); may be empty.
    border : ndarray of float32, shape (levels, length)
        Frontal embeddings of the skins drawn from the edit's border; may be empty.
    maps : ndarray of float32, shape (kinds, views, length), optional
        By own landmarks on other maps of the face (`face_maps.KINDS`); None unless asked for.
    rebuilt : ndarray of float32, shape (length,)
        Frontal embedding with the average face laid over; NaN where there is none.
    """

    own: NDArray[np.float32]
    reference: NDArray[np.float32]
    low_score: NDArray[np.float32]
    mean_landmarks: NDArray[np.float32]
    found: NDArray[np.bool_]
    others: NDArray[np.float32]
    border: NDArray[np.float32]
    rebuilt: NDArray[np.float32]
    maps: NDArray[np.float32] | None = None

    def of(self, model: ModelColumns) -> FacePrint:
        """What one of several recognition models makes of it."""
        parts = {part: getattr(self, part) for part in PARTS if part != FOUND}
        maps = None if self.maps is None else self.maps[..., model.columns]
        return FacePrint(**{part: array[..., model.columns] for part, array in parts.items()}, found=self.found, maps=maps)


def joined_print(parts: Sequence[FacePrint]) -> FacePrint:
    """The prints of one image by several models, side by side, as a scorer with all of them makes it."""
    joined = {part: np.concatenate([getattr(each, part) for each in parts], axis=-1) for part in PARTS if part != FOUND}
    maps = [each.maps for each in parts if each.maps is not None]
    return FacePrint(**joined, found=parts[0].found, maps=np.concatenate(maps, axis=-1) if maps else None)


@dataclass(frozen=True)
class FacePrints:
    """All face prints of one case, by (image key, method key); `model` and `model_sha256` say what made them.

    Parameters
    ----------
    extents : mapping of image key to str
        How much of the face each scan holds: ``full``, ``upper`` or ``lower``.
    """

    model: str
    model_sha256: str
    prints: Mapping[tuple[str, str], FacePrint]
    extents: Mapping[str, str] = field(default_factory=dict)


def original_print(reference: FaceReference) -> FacePrint:
    """The print of an original."""
    found = np.isfinite(reference.landmarks_px[:, 0, 0])
    made = _of_all_landmarks(reference.embeddings, found, *_nothing(reference.embeddings))
    return replace(made, maps=reference.maps) if len(reference.maps) else made


def probe_print(probe: FaceProbe) -> FacePrint:
    """The print of a defaced image or of a control."""
    return FacePrint(
        probe.own,
        probe.reference,
        probe.low_score,
        probe.mean_landmarks,
        probe.found,
        probe.others,
        probe.border,
        probe.rebuilt,
        probe.maps if len(probe.maps) else None,
    )


def surface_print(others: NDArray[np.float32], views: int) -> FacePrint:
    """The print of a surface that is no image, shape (levels, length): frontal views at its levels only."""
    blank = np.full((views, others.shape[1]), np.nan, np.float32)
    return _of_all_landmarks(blank, np.zeros(views, bool), others, np.full(others.shape[1], np.nan, np.float32))


def _of_all_landmarks(
    embeddings: NDArray[np.float32], found: NDArray[np.bool_], others: NDArray[np.float32], rebuilt: NDArray[np.float32]
) -> FacePrint:
    """A print whose embeddings are the same by whatever landmarks."""
    no_border = np.empty((0, embeddings.shape[1]), np.float32)
    return FacePrint(embeddings, embeddings, embeddings, embeddings, found, others, no_border, rebuilt)


def _nothing(embeddings: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    length = embeddings.shape[1]
    return np.empty((0, length), np.float32), np.full(length, np.nan, np.float32)


def save_face_prints(path: Path, face_prints: FacePrints) -> None:
    """Write a case's prints; mode 600, written to a temporary name and renamed."""
    arrays: dict[str, NDArray] = {"model": np.array(face_prints.model), "model_sha256": np.array(face_prints.model_sha256)}
    for (image_key, method), each in sorted(face_prints.prints.items()):
        arrays.update({f"{image_key}|{method}|{part}": getattr(each, part) for part in PARTS})
        arrays.update({} if each.maps is None else {f"{image_key}|{method}|{MAPS}": each.maps})
    arrays.update({f"{image_key}|{EXTENT}": np.array(extent) for image_key, extent in sorted(face_prints.extents.items())})
    save_arrays(path, arrays)


def load_face_prints(path: Path) -> FacePrints:
    """Read what `save_face_prints` wrote (UnusableInput if it is something else)."""
    arrays = load_arrays(path, WHAT)
    named = [name.split("|") for name in arrays]
    keys = sorted({(parts[0], parts[1]) for parts in named if len(parts) == 3})
    try:
        prints = {
            (i, m): FacePrint(**{part: arrays[f"{i}|{m}|{part}"] for part in PARTS}, maps=arrays.get(f"{i}|{m}|{MAPS}"))
            for i, m in keys
        }
        extents = {parts[0]: str(arrays["|".join(parts)]) for parts in named if parts[1:] == [EXTENT]}
        return FacePrints(str(arrays["model"]), str(arrays["model_sha256"]), prints, extents)
    except KeyError as error:
        raise UnusableInput(f"{path} holds no {WHAT} ({error}); run the case again") from error
