"""The face detector YuNet on ONNX Runtime: where a face is, and its five landmarks."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from .models import DETECTOR, known_model, model_path
from .onnx_session import onnx_session

SCORE_THRESHOLD = 0.6
"""A face is detected from this YuNet score on (the model's published default is 0.6 to 0.9; DESIGN uses 0.6)."""
OVERLAP_THRESHOLD = 0.3
"""Of two boxes with more than this intersection over union only the better one counts."""
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

    Raises
    ------
    NotAvailable
        If the model or onnxruntime is missing.
    """

    def __init__(self) -> None:
        self._session = onnx_session(model_path(DETECTOR))
        self._input = self._session.get_inputs()[0].name
        self._outputs = [output.name for output in self._session.get_outputs()]
        self._size = known_model(DETECTOR).preprocessing.width_px

    def faces(self, picture: NDArray[np.uint8]) -> list[Face]:
        """All faces in an RGB picture, shape (height, width, 3), best first."""
        scale = self._size / max(picture.shape[:2])
        boxed = letterbox(picture, self._size)
        blob = np.ascontiguousarray(boxed[..., ::-1].transpose(2, 0, 1)[None], dtype=np.float32)  # YuNet wants BGR
        outputs = dict(zip(self._outputs, self._session.run(None, {self._input: blob}), strict=True))
        found = [face for stride in STRIDES_PX for face in _decode(outputs, stride, self._size, scale)]
        return _without_overlaps(sorted(found, key=lambda face: -face.score))

    def face(self, picture: NDArray[np.uint8]) -> Face | None:
        """The best face of a picture, or None."""
        found = self.faces(picture)
        return found[0] if found else None


def letterbox(picture: NDArray[np.uint8], size: int) -> NDArray[np.float32]:
    """Scale a picture so that its longer side is `size`, black below or to the right; shape (size, size, channels)."""
    scale = size / max(picture.shape[:2])
    height, width = (round(length * scale) for length in picture.shape[:2])
    boxed = np.zeros((size, size, picture.shape[2]), np.float32)
    lit: NDArray[np.bool_] = np.any(picture, axis=2)
    rows, columns = np.flatnonzero(lit.any(axis=1)), np.flatnonzero(lit.any(axis=0))
    if not rows.size:
        return boxed
    down, across = _interpolation(picture.shape[0], height), _interpolation(picture.shape[1], width)
    seen = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    inner = picture[seen].astype(np.float32)  # all else is black before and after
    tall = (down[:, seen[0]] @ inner.reshape(len(inner), -1)).reshape(height, *inner.shape[1:])
    on_its_side = tall.transpose(1, 0, 2).reshape(inner.shape[1], -1)
    boxed[:height, :width] = (across[:, seen[1]] @ on_its_side).reshape(width, height, -1).transpose(1, 0, 2)
    return np.rint(boxed, out=boxed)


@cache
def _interpolation(length: int, new_length: int) -> sparse.csr_matrix:
    """Linear interpolation between pixel centres, edges repeated: a matrix of shape (new_length, length), float32."""
    position = np.clip((np.arange(new_length) + 0.5) * length / new_length - 0.5, 0, length - 1)
    left = position.astype(np.intp)
    share = (position - left).astype(np.float32)
    right = np.minimum(left + 1, length - 1)
    place = np.tile(np.arange(new_length), 2)
    weights = np.concatenate([1.0 - share, share]).astype(np.float32)
    return sparse.csr_matrix((weights, (place, np.concatenate([left, right]))), shape=(new_length, length))


def _decode(outputs: dict[str, NDArray], stride: int, size: int, scale: float) -> list[Face]:
    """Faces of one output grid, in pixels of the picture before scaling."""
    cells = size // stride
    row, column = (index.ravel() for index in np.mgrid[:cells, :cells])
    confidence = np.clip(outputs[f"cls_{stride}"][0, :, 0], 0, 1) * np.clip(outputs[f"obj_{stride}"][0, :, 0], 0, 1)
    scores = np.sqrt(confidence)
    faces = []
    for cell in np.flatnonzero(scores >= SCORE_THRESHOLD):
        corner = np.array([column[cell], row[cell]], np.float64)
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
