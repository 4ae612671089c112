"""What is known of a face: of an original, and of a version of it as an attacker sees that."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from vtkmodules.vtkCommonDataModel import vtkPolyData

from ..anatomy.head_axes import HeadAxes
from .render import Camera
from .surface import FaceBox, SkinLevel


@dataclass(frozen=True)
class ModelColumns:
    """A recognition model, and which numbers of an embedding are its own; every model's part has length one.

    Parameters
    ----------
    key, title, sha256 : str
        As ``data/models.json`` tells them.
    columns : slice
    """

    key: str
    title: str
    sha256: str
    columns: slice


@dataclass(frozen=True)
class FaceProbe:
    """A version of an image as an attacker sees it.

    Parameters
    ----------
    own, reference : ndarray of float32, shape (views, length)
        Embeddings by the landmarks found on this version's own renders, and by the original's landmarks; NaN where missing.
    low_score : ndarray of float32, shape (views, length)
        Embeddings by landmarks of any detection score from `networks.detector.LEAST_SCORE` on.
    mean_landmarks : ndarray of float32, shape (views, length)
        Embeddings where other people's faces have their landmarks, whether or not a face is found.
    found : ndarray of bool, shape (views,)
        In which views a face was found; ``found[0]`` is the frontal one.
    others : ndarray of float32, shape (levels, length)
        Frontal embeddings, own landmarks, drawn at the attacker's other thresholds (`SkinLevel.others`); NaN where no face
        was found.
    border : ndarray of float32, shape (levels, length)
        Frontal embeddings, own landmarks, of the skins drawn from the edit's border (`edit_border.LEVELS`); NaN without one.
    maps : ndarray of float32, shape (kinds, views, length)
        Embeddings of other maps of the same face (`face_maps.KINDS`) by its own landmarks; no kinds unless asked for.
    rebuilt : ndarray of float32, shape (length,)
        Frontal embedding after the average face was laid over what was altered; NaN where no face was found or none laid.
    rebuilt_reason : str
        Why nothing was rebuilt; empty if it was.
    surface : vtkPolyData
    frontal, frontal_rebuilt : ndarray of uint8, shape (448, 448, 3), or None
    """

    own: NDArray[np.float32]
    reference: NDArray[np.float32]
    low_score: NDArray[np.float32]
    mean_landmarks: NDArray[np.float32]
    found: NDArray[np.bool_]
    others: NDArray[np.float32]
    border: NDArray[np.float32]
    maps: NDArray[np.float32]
    rebuilt: NDArray[np.float32]
    rebuilt_reason: str
    surface: vtkPolyData
    frontal: NDArray[np.uint8] | None
    frontal_rebuilt: NDArray[np.uint8] | None = None

    def of(self, model: ModelColumns) -> FaceProbe:
        """What one of several recognition models makes of it."""
        here = model.columns
        return replace(
            self,
            own=self.own[:, here],
            reference=self.reference[:, here],
            low_score=self.low_score[:, here],
            mean_landmarks=self.mean_landmarks[:, here],
            others=self.others[:, here],
            border=self.border[:, here],
            maps=self.maps[..., here],
            rebuilt=self.rebuilt[here],
        )

    @property
    def detected(self) -> bool:
        """Whether a face was found in the frontal view."""
        return bool(self.found.size and self.found[0])


@dataclass(frozen=True)
class FaceReference:
    """What is known of an original's face; every version of the image is scored against it.

    Parameters
    ----------
    engine : str
        Title of the (main) recognition model, for the rows' ``engine``; ``builtin`` without a model.
    models : tuple of ModelColumns
        All recognition models, the main one first.
    unscored : str
        Why there are no embeddings (scorer without a model), else empty.
    extent : str
        ``full``, ``upper`` or ``lower``: which part of the face the scan holds.
    level, box, axes, cameras
        Found on the original, reused for its versions.
    surface : vtkPolyData
        The original's skin, LPS mm.
    landmarks_px : ndarray, shape (views, 5, 2)
        Landmarks in each view; NaN where no face was found.
    embeddings : ndarray of float32, shape (views, length)
        L2-normalised; NaN where no face was found.
    maps : ndarray of float32, shape (kinds, views, length)
        The same of other maps of the face, no kinds unless asked for.
    frontal : ndarray of uint8, shape (448, 448, 3), or None
        The frontal picture (identifiable).
    faceless : FaceProbe or None
        The control without the front half of the head, frontal view, not at other people's landmarks; None without a model.
    planted : FaceProbe or None
        The control that keeps the upper half of the face, frontal view, not at the original's landmarks; None without a model.
    """

    image_key: str
    engine: str
    models: tuple[ModelColumns, ...]
    unscored: str
    extent: str
    level: SkinLevel
    box: FaceBox
    axes: HeadAxes
    cameras: tuple[Camera, ...]
    landmarks_mm: dict[str, tuple[float, float, float]]
    surface: vtkPolyData
    landmarks_px: NDArray[np.float64]
    embeddings: NDArray[np.float32]
    maps: NDArray[np.float32]
    frontal: NDArray[np.uint8] | None
    faceless: FaceProbe | None
    planted: FaceProbe | None

    def of(self, model: ModelColumns) -> FaceReference:
        """What one of several recognition models makes of it, controls left out."""
        return replace(
            self,
            engine=model.title,
            models=(model,),
            embeddings=self.embeddings[:, model.columns],
            maps=self.maps[..., model.columns],
            faceless=None,
            planted=None,
        )
