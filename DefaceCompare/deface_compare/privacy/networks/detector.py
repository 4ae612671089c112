"""The face detector YuNet on ONNX Runtime: where a face is, and its five landmarks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .models import DETECTOR, known_model, model_path
from .open_sides import HEIGHT, WIDTH, with_open_sides
from .session import onnx_session, session_options

SCORE_THRESHOLD = 0.6
"""A face is detected from this YuNet score on (the model's published default is 0.6 to 0.9; docs/design.md#detector-score)."""
OVERLAP_THRESHOLD = 0.3
"""Of two boxes with more than this intersection over union only the better one counts."""
LEAST_SCORE = 0.1
"""An attacker may follow a weaker answer: from this score on it is one (docs/design.md#detector-score)."""
STRIDES_PX = (8, 16, 32)
"""Cell sizes of YuNet's three output grids."""


@dataclass(frozen=True)
class Face:
    """A detected face.

    Parameters
    ----------
    score : float
        0 to 1.
    box_px : ndarray, shape (4,)
        x, y of the corner, width, height.
    landmarks_px : ndarray, shape (5, 2)
        Eyes, nose tip, mouth corners, (x, y), image-left first.
    """

    score: float
    box_px: NDArray[np.float64]
    landmarks_px: NDArray[np.float64]


class Detector:
    """YuNet, opened once.

    Parameters
    ----------
    side_px : int, optional
        Pictures are scaled to this size; default is that of ``data/models.json`` (docs/design.md#detector-size).

    Raises
    ------
    NotAvailable
        If the model or onnxruntime is missing.
    """

    def __init__(self, side_px: int | None = None) -> None:
        session_options()  # first: a model cannot be made ready without the package that runs it either
        self._size = side_px or known_model(DETECTOR).preprocessing.width_px
        self._session = _session(self._size)
        self._input = self._session.get_inputs()[0].name
        self._outputs = [output.name for output in self._session.get_outputs()]

    def faces(self, picture: NDArray[np.uint8]) -> list[Face]:
        """All faces of `LEAST_SCORE` or more in an RGB picture, shape (height, width, 3), best first."""
        scale = self._size / max(picture.shape[:2])
        planes = letterbox(picture[..., ::-1], self._size)  # YuNet wants BGR
        outputs = dict(zip(self._outputs, self._session.run(None, {self._input: planes[None]}), strict=True))
        found = [face for stride in STRIDES_PX for face in _decode(outputs, stride, self._size, scale)]
        return _without_overlaps(sorted(found, key=lambda face: -face.score))

    def face(self, picture: NDArray[np.uint8]) -> Face | None:
        """The best face of a picture, or None; below `SCORE_THRESHOLD` it does not count as seen."""
        found = self.faces(picture)
        return found[0] if found else None


def _session(side_px: int) -> Any:
    """YuNet for pictures of this size; a file that an earlier version made ready has another size in it."""
    path, sides_px = model_path(DETECTOR), {HEIGHT: side_px, WIDTH: side_px}
    session = onnx_session(path, sides_px=sides_px)
    if session.get_inputs()[0].shape[2:] == [side_px, side_px]:
        return session
    return onnx_session(path, with_open_sides(path.read_bytes()), sides_px)


def letterbox(picture: NDArray[np.uint8], size: int) -> NDArray[np.float32]:
    """Scale a picture so that its longer side is `size`, black below or to the right; linear, rounded.

    Parameters
    ----------
    picture : ndarray of uint8, shape (height, width, channels)

    Returns
    -------
    ndarray of float32, shape (channels, size, size)
    """
    scale = size / max(picture.shape[:2])
    boxed = np.zeros((picture.shape[2], size, size), np.float32)
    lit = np.bitwise_or.reduce([picture[..., channel] for channel in range(picture.shape[2])])
    rows, columns = np.flatnonzero(lit.any(axis=1)), np.flatnonzero(lit.any(axis=0))
    if not rows.size:
        return boxed
    down, across = (
        _taps(length, round(length * scale), int(some[0]), int(some[-1]))
        for length, some in zip(picture.shape[:2], (rows, columns), strict=True)
    )
    inner = picture[down.first : down.last + 1, across.first : across.last + 1].transpose(2, 0, 1).astype(np.float32, order="C")
    tall = np.take(inner, down.left, axis=1) * down.left_share[:, None]
    tall += np.take(inner, down.right, axis=1) * down.right_share[:, None]
    wide = np.take(tall, across.left, axis=2) * across.left_share
    wide += np.take(tall, across.right, axis=2) * across.right_share
    boxed[:, down.places, across.places] = np.rint(wide, out=wide)
    return boxed


@dataclass(frozen=True)
class _Taps:
    """Along one side, the two pixels that each new pixel mixes; `left` and `right` count from the pixel `first`."""

    first: int
    last: int
    places: slice
    left: NDArray[np.intp]
    right: NDArray[np.intp]
    left_share: NDArray[np.float32]
    right_share: NDArray[np.float32]


def _taps(length: int, new_length: int, first_lit: int, last_lit: int) -> _Taps:
    """Linear interpolation between pixel centres, edges repeated, for the new pixels that lit ones take part in."""
    position = np.clip((np.arange(new_length) + 0.5) * length / new_length - 0.5, 0, length - 1)
    left = position.astype(np.intp)
    right = np.minimum(left + 1, length - 1)
    share = (position - left).astype(np.float32)
    touched = np.flatnonzero((right >= first_lit) & (left <= last_lit))
    places = slice(int(touched[0]), int(touched[-1]) + 1)
    first, last = int(left[places][0]), int(right[places][-1])
    return _Taps(first, last, places, left[places] - first, right[places] - first, 1.0 - share[places], share[places])


def _decode(outputs: dict[str, NDArray], stride: int, size: int, scale: float) -> list[Face]:
    """Faces of one output grid, in pixels of the picture before scaling."""
    cells = size // stride
    confidence = np.clip(outputs[f"cls_{stride}"][0, :, 0], 0, 1) * np.clip(outputs[f"obj_{stride}"][0, :, 0], 0, 1)
    scores = np.sqrt(confidence)
    faces = []
    for cell in np.flatnonzero(scores >= LEAST_SCORE):
        corner = np.array([cell % cells, cell // cells], np.float64)
        box = outputs[f"bbox_{stride}"][0, cell].astype(np.float64)
        points = outputs[f"kps_{stride}"][0, cell].astype(np.float64).reshape(5, 2)
        extent = np.exp(box[2:]) * stride
        centre = (corner + box[:2]) * stride
        box_px = np.concatenate([centre - extent / 2, extent]) / scale
        faces.append(Face(float(scores[cell]), box_px, (corner + points) * stride / scale))
    return faces


def _without_overlaps(faces: list[Face]) -> list[Face]:
    """Greedy non-maximum suppression, `faces` sorted best first."""
    kept: list[Face] = []
    for face in faces:
        if all(intersection_over_union(face.box_px, other.box_px) <= OVERLAP_THRESHOLD for other in kept):
            kept.append(face)
    return kept


def intersection_over_union(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """Overlap of two boxes (x, y, width, height), 0 to 1."""
    corner = np.maximum(first[:2], second[:2])
    sides = np.minimum(first[:2] + first[2:], second[:2] + second[2:]) - corner
    common = float(np.prod(np.maximum(sides, 0.0)))
    return common / (float(np.prod(first[2:])) + float(np.prod(second[2:])) - common)
