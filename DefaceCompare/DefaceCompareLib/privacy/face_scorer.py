"""From a scan to face embeddings: surface, five views, landmarks, recogniser; one protocol for originals and defaced scans."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from vtkmodules.vtkCommonDataModel import vtkPolyData

from ..anatomy.head import Head
from ..case import CaseImage
from ..errors import FaceNotFound
from .alignment import aligned_face
from .detector import Detector
from .recogniser import open_recogniser
from .render import VIEWS_DEG, Camera, face_camera, renderer
from .surface import FaceBox, SkinLevel, face_box, face_surface, outline_on_box, skin_level
from .view_axes import HeadAxes, head_axes

NO_MODEL = "none"
"""Model key of a scorer that only measures surfaces."""
CONTROL_YAW_DEG, CONTROL_PITCH_DEG = 5.0, 4.0
"""How far the control's camera stands from each of the five views."""
CONTROL_NOISE = 0.1
"""Standard deviation of the control's voxel noise, as a share of the contrast between air and skin threshold."""


@dataclass(frozen=True)
class FaceReference:
    """What is known of an original's face; every version of the image is scored against it.

    Parameters
    ----------
    engine : str
        Title of the recognition model, for the rows' ``engine``; ``builtin`` without a model.
    unscored : str
        Why there are no embeddings (scorer without a model), else empty.
    level, box, axes, cameras
        Found on the original, reused for its versions.
    surface : vtkPolyData
        The original's skin, LPS mm.
    landmarks_px : ndarray, shape (views, 5, 2)
        Landmarks in each view; NaN where no face was found.
    embeddings : ndarray of float32, shape (views, length)
        L2-normalised; NaN where no face was found.
    frontal : ndarray of uint8, shape (448, 448, 3), or None
        The frontal picture (identifiable).
    """

    image_key: str
    engine: str
    unscored: str
    level: SkinLevel
    box: FaceBox
    axes: HeadAxes
    cameras: tuple[Camera, ...]
    landmarks_mm: dict[str, tuple[float, float, float]]
    surface: vtkPolyData
    landmarks_px: NDArray[np.float64]
    embeddings: NDArray[np.float32]
    frontal: NDArray[np.uint8] | None


@dataclass(frozen=True)
class FaceProbe:
    """A version of an image as an attacker sees it.

    Parameters
    ----------
    own, reference : ndarray of float32, shape (views, length)
        Embeddings by the landmarks found on this version's own renders, and by the original's landmarks; NaN where missing.
    found : ndarray of bool, shape (views,)
        In which views a face was found; ``found[0]`` is the frontal one.
    surface : vtkPolyData
    frontal : ndarray of uint8, shape (448, 448, 3), or None
    """

    own: NDArray[np.float32]
    reference: NDArray[np.float32]
    found: NDArray[np.bool_]
    surface: vtkPolyData
    frontal: NDArray[np.uint8] | None

    @property
    def detected(self) -> bool:
        """Whether a face was found in the frontal view."""
        return bool(self.found.size and self.found[0])


class FaceScorer:
    """Detector, recogniser and window, opened once.

    Parameters
    ----------
    model_key : str
        A recogniser of ``data/models.json``, or ``none``: surfaces are drawn and measured, nothing is recognised.
    seed : int
        Seed of the control's noise.
    reason : str
        With ``none``: what the rows of missing scores say.

    Raises
    ------
    NotAvailable
        If weights, onnxruntime or OpenGL are missing.
    """

    def __init__(self, model_key: str, seed: int, reason: str = "face recognition is switched off") -> None:
        self._seed = seed
        self._unscored = reason if model_key == NO_MODEL else ""
        self._detector = None if self._unscored else Detector()
        self._recogniser = None if self._unscored else open_recogniser(model_key)
        if not self._unscored:
            renderer()

    @property
    def engine(self) -> str:
        """Title of the recognition model, or ``builtin`` without one."""
        return self._recogniser.model.title if self._recogniser else "builtin"

    @property
    def model_sha256(self) -> str:
        """SHA-256 of the published model file, empty without a model."""
        return self._recogniser.model.sha256 if self._recogniser else ""

    def reference(self, image: CaseImage, head: Head) -> FaceReference:
        """Score an original.

        Raises
        ------
        FaceNotFound
            If the face is not in the field of view, or no face is detected in the frontal render.
        NotAvailable
            If the image shows no skin surface.
        """
        if head.face_extent == "none":
            raise FaceNotFound(f"face not in field of view of {image.key}")
        box, axes, level = face_box(head), head_axes(head), skin_level(image)
        surface = face_surface(image.image, box, level, outline_on_box(head, box))
        cameras = tuple(face_camera(axes, yaw, pitch) for yaw, pitch in VIEWS_DEG.values())
        pictures = self._pictures(surface, axes, cameras)
        landmarks = self._landmarks(pictures)
        if pictures and not np.isfinite(landmarks[0]).all():
            raise FaceNotFound(f"face not in field of view of {image.key}: no face is detected in its frontal render")
        return FaceReference(
            image_key=image.key,
            engine=self.engine,
            unscored=self._unscored,
            level=level,
            box=box,
            axes=axes,
            cameras=cameras,
            landmarks_mm=dict(head.landmarks_mm),
            surface=surface,
            landmarks_px=landmarks,
            embeddings=self._embeddings(pictures, landmarks),
            frontal=pictures[0] if pictures else None,
        )

    def probe(self, image: sitk.Image, reference: FaceReference) -> FaceProbe:
        """Score a defaced version of an original.

        Raises
        ------
        NotAvailable
            If it shows no skin surface at all (a failed load or wrong frame is an error, no success).
        """
        surface = face_surface(image, reference.box, reference.level)
        return self._probe(surface, reference.axes, reference.cameras, reference.landmarks_px)

    def control(self, image: CaseImage, head: Head, reference: FaceReference) -> FaceProbe:
        """Score the original again, with voxel noise and from another view: must be recognised.

        The camera has moved, so its `reference` embeddings are taken at its own landmarks too.
        """
        depth, height, width = reference.box.size[::-1]
        generator = np.random.default_rng(self._seed)
        noise = generator.normal(0.0, CONTROL_NOISE, (depth, height, width)).astype(np.float32)
        within = outline_on_box(head, reference.box)
        surface = face_surface(image.image, reference.box, reference.level, within, noise)
        cameras = tuple(
            face_camera(reference.axes, yaw + CONTROL_YAW_DEG, pitch + CONTROL_PITCH_DEG) for yaw, pitch in VIEWS_DEG.values()
        )
        return self._probe(surface, reference.axes, cameras, None)

    def _probe(
        self, surface: vtkPolyData, axes: HeadAxes, cameras: tuple[Camera, ...], known_px: NDArray[np.float64] | None
    ) -> FaceProbe:
        pictures = self._pictures(surface, axes, cameras)
        landmarks = self._landmarks(pictures)
        own = self._embeddings(pictures, landmarks)
        return FaceProbe(
            own=own,
            reference=own if known_px is None else self._embeddings(pictures, known_px),
            found=np.isfinite(landmarks[:, 0, 0]),
            surface=surface,
            frontal=pictures[0] if pictures else None,
        )

    def _pictures(self, surface: vtkPolyData, axes: HeadAxes, cameras: tuple[Camera, ...]) -> list[NDArray[np.uint8]]:
        return renderer().pictures(surface, axes, list(cameras)) if self._recogniser else []

    def _landmarks(self, pictures: list[NDArray[np.uint8]]) -> NDArray[np.float64]:
        """Landmarks of the best face of each picture, shape (views, 5, 2), NaN where there is none."""
        landmarks = np.full((len(pictures), 5, 2), np.nan)
        for view, picture in enumerate(pictures):
            face = self._detector.face(picture) if self._detector else None
            if face is not None:
                landmarks[view] = face.landmarks_px
        return landmarks

    def _embeddings(self, pictures: list[NDArray[np.uint8]], landmarks_px: NDArray[np.float64]) -> NDArray[np.float32]:
        length = self._recogniser.model.output_length if self._recogniser else 0
        embeddings = np.full((len(pictures), length), np.nan, np.float32)
        for view, (picture, landmarks) in enumerate(zip(pictures, landmarks_px, strict=True)):
            if self._recogniser and np.isfinite(landmarks).all():
                embeddings[view] = self._recogniser.embedding(aligned_face(picture, landmarks))
        return embeddings
