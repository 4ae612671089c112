"""The faces that networks see in pictures of a surface: landmarks and embeddings, view by view."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from vtkmodules.vtkCommonDataModel import vtkPolyData

from ..anatomy.head_axes import HeadAxes
from ..machine.side_by_side import each
from .face import ModelColumns
from .face_maps import face_maps
from .networks.detector import SCORE_THRESHOLD, Detector
from .networks.recogniser import Recogniser
from .render import Camera, renderer

FEW_VIEWS = 3
"""Controls, and embeddings at the original's landmarks, are taken in the first three views: frontal and to both sides."""
MEAN_LANDMARKS_PX = np.array(
    [
        [[179, 173], [263, 171], [223, 219], [189, 252], [260, 250]],
        [[180, 172], [263, 168], [216, 216], [192, 251], [262, 248]],
        [[181, 172], [262, 173], [229, 220], [188, 251], [255, 253]],
    ],
    np.float64,
)
"""Where other people's eyes, nose tip and mouth corners lie in the first `FEW_VIEWS` views: means over 30 real heads, 12 MR and
18 CT (standard deviation 4 to 11 px). The views follow the head's axes, which skull and ears give on a defaced scan, too."""


class PictureFaces:
    """Detector and recognisers; what several recognisers make of a face stands side by side in one embedding.

    Parameters
    ----------
    detector : Detector or None
        None: nothing is drawn and recognised.
    recognisers : sequence of Recogniser
        The main one first.
    """

    def __init__(self, detector: Detector | None, recognisers: Sequence[Recogniser] = ()) -> None:
        self._detector, self._recognisers = detector, tuple(recognisers)
        ends = np.cumsum([0, *(each.model.output_length for each in self._recognisers)]).tolist()
        self.models = tuple(
            ModelColumns(each.model.key, each.model.title, each.model.sha256, slice(first, last))
            for each, first, last in zip(self._recognisers, ends[:-1], ends[1:], strict=True)
        )
        self.length: int = ends[-1]

    def at_known(self, pictures: list[NDArray[np.uint8]], known_px: NDArray[np.float64]) -> NDArray[np.float32]:
        """Embeddings at the original's landmarks in the first `FEW_VIEWS` views."""
        wanted = known_px[: len(pictures)].copy()
        wanted[FEW_VIEWS:] = np.nan
        return self.embeddings(pictures, wanted)

    def pictures(self, surface: vtkPolyData, axes: HeadAxes, cameras: Sequence[Camera]) -> list[NDArray[np.uint8]]:
        """The surface in each view; none where nothing is recognised."""
        return renderer().pictures(surface, axes, cameras) if self.models else []

    def maps(self, surface: vtkPolyData, cameras: Sequence[Camera], landmarks_px: NDArray[np.float64]) -> NDArray[np.float32]:
        """The face in maps of normals and depths at its landmarks, shape (kinds, views, length); NaN without landmarks."""
        drawn = [face_maps(depth) for depth in renderer().depths_mm(surface, cameras)]
        return np.stack([self.embeddings(list(pictures), landmarks_px) for pictures in zip(*drawn, strict=True)])

    def landmarks(self, pictures: list[NDArray[np.uint8]]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Landmarks of the best face of each picture, shape (views, 5, 2), NaN without one: of seen ones, of any score."""
        seen, any_score = (np.full((len(pictures), 5, 2), np.nan) for _ in range(2))
        for view, face in enumerate(each(self._detector.face, pictures) if self._detector else ()):
            if face is not None:
                any_score[view] = face.landmarks_px
            if face is not None and face.score >= SCORE_THRESHOLD:
                seen[view] = face.landmarks_px
        return seen, any_score

    def embeddings(self, pictures: list[NDArray[np.uint8]], landmarks_px: NDArray[np.float64]) -> NDArray[np.float32]:
        """The face of each picture at its landmarks, shape (views, length); NaN without landmarks."""
        embeddings = np.full((len(pictures), self.length), np.nan, np.float32)
        views = [view for view, _ in enumerate(zip(pictures, landmarks_px, strict=True)) if np.isfinite(landmarks_px[view]).all()]

        def embed(view: int) -> None:
            for recogniser, model in zip(self._recognisers, self.models, strict=True):
                crop = recogniser.crop(pictures[view], landmarks_px[view])
                embeddings[view, model.columns] = recogniser.embedding(crop)

        each(embed, views)
        return embeddings


def mean_landmarks(views: int) -> NDArray[np.float64]:
    """`MEAN_LANDMARKS_PX` for so many views, NaN for those beyond the first few, shape (views, 5, 2)."""
    landmarks = np.full((views, 5, 2), np.nan)
    landmarks[:FEW_VIEWS] = MEAN_LANDMARKS_PX[:views]
    return landmarks
