"""From a scan to face embeddings: surface, five views, landmarks, recogniser; one protocol for originals and defaced scans."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from vtkmodules.vtkCommonDataModel import vtkPolyData

from ..anatomy.head import Head
from ..anatomy.head_axes import HeadAxes, head_axes
from ..case import CaseImage
from ..errors import FaceNotFound, NotAvailable
from .edit_border import LEVELS, border_greys
from .emptied_head import below_eyes, in_front
from .face import FaceProbe, FaceReference, ModelColumns
from .networks.detector import Detector
from .networks.recogniser import open_recogniser
from .picture_faces import FEW_VIEWS, PictureFaces, mean_landmarks
from .render import VIEWS_DEG, Camera, face_camera, renderer, views_deg
from .surface import FaceBox, face_surface, grey_values, image_box, outline_on_box, skin_level, surface_at

NO_MODEL = "none"
"""Model key of a scorer that only measures surfaces."""
CONTROL_YAW_DEG, CONTROL_PITCH_DEG = 5.0, 4.0
"""How far the control's camera stands from each of the five views."""
CONTROL_NOISE = 0.1
"""Standard deviation of the control's voxel noise, as a share of the contrast between air and skin threshold."""
NOTHING_REBUILT = "nothing to lay an average face over"


class FaceScorer:
    """Detector, recogniser and window, opened once.

    Parameters
    ----------
    model_keys : str
        A recogniser of ``data/models.json``, several with commas between, or ``none``: surfaces are drawn and measured, nothing
        is recognised.
    seed : int
        Seed of the control's noise.
    views : int
        In how many poses scans are pictured.
    maps : bool
        Also draw originals and defaced scans as maps of normals and depths.
    reason : str
        With ``none``: what the rows of missing scores say.

    Raises
    ------
    NotAvailable
        If weights, onnxruntime or OpenGL are missing.
    """

    def __init__(
        self,
        model_keys: str,
        seed: int,
        reason: str = "face recognition is switched off",
        views: int = len(VIEWS_DEG),
        *,
        maps: bool = False,
    ) -> None:
        self._seed, self._views, self._maps = seed, views_deg(views), maps
        self._unscored = reason if model_keys == NO_MODEL else ""
        detector = None if self._unscored else Detector()
        recognisers = [] if self._unscored else [open_recogniser(key) for key in model_keys.split(",")]
        self._faces = PictureFaces(detector, recognisers)
        if not self._unscored:
            renderer()

    @property
    def engine(self) -> str:
        """Title of the (main) recognition model, or ``builtin`` without one."""
        return self.models[0].title if self.models else "builtin"

    @property
    def models(self) -> tuple[ModelColumns, ...]:
        """All recognition models, the main one first."""
        return self._faces.models

    def reference(self, image: CaseImage, head: Head, *, emptied: bool = True) -> FaceReference:
        """Score an original.

        Parameters
        ----------
        image : CaseImage
        head : Head
            Found in the image's frame of reference.
        emptied : bool
            Score the two controls that lack a part of the face, too.

        Raises
        ------
        FaceNotFound
            If the face is not in the field of view, or no face is detected in the frontal render.
        NotAvailable
            If the image shows no skin surface.
        """
        if head.face_extent == "none":
            raise FaceNotFound(f"face not in field of view of {image.key}")
        box, axes, level = image_box(head, image.image), head_axes(head), skin_level(image)
        grey = grey_values(image.image, box, level, outline_on_box(head, box))
        surface = surface_at(grey, box)
        cameras = tuple(face_camera(axes, yaw, pitch) for yaw, pitch in self._views)
        pictures = self._faces.pictures(surface, axes, cameras)
        landmarks, _ = self._faces.landmarks(pictures)
        if pictures and not np.isfinite(landmarks[0]).all():
            raise FaceNotFound(f"face not in field of view of {image.key}: no face is detected in its frontal render")
        reference = FaceReference(
            image_key=image.key,
            engine=self.engine,
            models=self.models,
            unscored=self._unscored,
            extent=head.face_extent,
            level=level,
            box=box,
            axes=axes,
            cameras=cameras,
            landmarks_mm=dict(head.landmarks_mm),
            surface=surface,
            landmarks_px=landmarks,
            embeddings=self._faces.embeddings(pictures, landmarks),
            maps=self._mapped(surface, cameras, landmarks),
            frontal=pictures[0] if pictures else None,
            faceless=None,
            planted=None,
        )
        if not pictures or not emptied:
            return reference
        face = in_front(box, axes, reference.landmarks_mm)
        lower = face & below_eyes(box, axes, reference.landmarks_mm)
        return replace(
            reference,
            faceless=self._emptied(grey, face, reference, known=True),
            planted=self._emptied(grey, lower, reference, known=False),
        )

    def seen(self, image: sitk.Image, reference: FaceReference, *, elsewhere: bool = True) -> FaceProbe:
        """Score what any viewer shows of a defaced version of an original: its skin, drawn at each threshold.

        Parameters
        ----------
        elsewhere : bool
            Also where other people have their landmarks, which only an AUC over many heads asks for.

        Raises
        ------
        NotAvailable
            If it shows no skin surface at all.
        """
        grey = grey_values(image, reference.box, reference.level)
        surface = surface_at(grey, reference.box)
        known_px = reference.landmarks_px
        probe = self._probe(surface, reference.axes, reference.cameras, known_px, elsewhere=elsewhere, mapped=self._maps)
        if not self.models:
            return probe
        others = [reference.level.scaled(value) for value in reference.level.others]
        return replace(probe, others=self.frontal_embeddings([grey] * len(others), reference.box, reference, others))

    def _mapped(self, surface: vtkPolyData, cameras: Sequence[Camera], landmarks_px: NDArray[np.float64]) -> NDArray[np.float32]:
        """Embeddings of other maps of a face, if they are asked for and there is a model."""
        if self._maps and self.models:
            return self._faces.maps(surface, cameras, landmarks_px)
        return self._no_maps(len(cameras))

    def _no_maps(self, views: int) -> NDArray[np.float32]:
        return np.empty((0, views, self._faces.length), np.float32)

    def probe(self, image: sitk.Image, reference: FaceReference, overlay: vtkPolyData | str = NOTHING_REBUILT) -> FaceProbe:
        """Score a defaced version of an original: as it is seen, and as an attacker rebuilds it.

        Parameters
        ----------
        overlay : vtkPolyData or str
            The average face laid over what was altered (`average_overlay`), or why there is none.

        Raises
        ------
        NotAvailable
            If it shows no skin surface at all (a failed load or wrong frame is an error, no success).
        """
        probe = self.seen(image, reference)
        if not self.models:
            return probe
        coarse = reference.box.coarse()
        greys = border_greys(image, coarse, reference.level)
        probe = replace(probe, border=self.frontal_embeddings(greys, coarse, reference, [0.0] * len(LEVELS)))
        if isinstance(overlay, str):
            return replace(probe, rebuilt_reason=overlay)
        picture = renderer().pictures(probe.surface, reference.axes, reference.cameras[:1], overlay)
        rebuilt = self._faces.embeddings(picture, self._faces.landmarks(picture)[0])[0]
        return replace(probe, rebuilt=rebuilt, rebuilt_reason="", frontal_rebuilt=picture[0])

    def frontal_embeddings(
        self, greys: Sequence[NDArray[np.float32] | None], box: FaceBox, reference: FaceReference, isovalues: Sequence[float]
    ) -> NDArray[np.float32]:
        """What an attacker sees who draws other iso-surfaces: frontal view, own landmarks.

        Parameters
        ----------
        greys : sequence of ndarray, shape (z, y, x) of `box`, or None
            Scaled grey values, one for each isovalue; None where there is nothing to draw.
        isovalues : sequence of float
            Scaled.

        Returns
        -------
        ndarray of float32, shape (isovalues, length)
            NaN where no face is found, or nothing exceeds the isovalue.
        """
        drawn: list[int] = []
        pictures: list[NDArray[np.uint8]] = []
        for k, (grey, isovalue) in enumerate(zip(greys, isovalues, strict=True)):
            if grey is None:
                continue
            try:
                surface = surface_at(grey, box, isovalue, quick=True)
            except NotAvailable:  # nothing as dense as this: an attacker sees nothing either
                continue
            for picture in self._faces.pictures(surface, reference.axes, reference.cameras[:1]):
                drawn.append(k)
                pictures.append(picture)
        found = np.full((len(isovalues), self._faces.length), np.nan, np.float32)
        found[drawn] = self._faces.embeddings(pictures, self._faces.landmarks(pictures)[0])
        return found

    @property
    def unscored(self) -> str:
        """Why there is no recognition model, so that nothing but surfaces can be compared; empty if there is one."""
        return self._unscored

    def frontal_faces(
        self, grey: NDArray[np.float32], box: FaceBox, axes: HeadAxes, camera: Camera, known_px: Sequence[NDArray[np.float64]]
    ) -> tuple[NDArray[np.float32], NDArray[np.float64], list[NDArray[np.float32]]]:
        """One surface alone, in one view: as its own face is found, and where other faces are known to lie.

        Parameters
        ----------
        grey : ndarray, shape (z, y, x) of `box`
            Scaled grey values; the surface lies at 0.
        known_px : sequence of ndarray, shape (5, 2)
            Landmarks of other faces in this view.

        Returns
        -------
        own : ndarray of float32, shape (length,)
            NaN where no face is found.
        landmarks_px : ndarray, shape (5, 2)
            NaN where no face is found.
        at_known : list of ndarray of float32, shape (length,)

        Raises
        ------
        NotAvailable
            If there is no surface, or no recognition model.
        """
        if not self.models:
            raise NotAvailable(self._unscored)
        pictures = self._faces.pictures(surface_at(grey, box, quick=True), axes, [camera])
        landmarks, _ = self._faces.landmarks(pictures)
        at_known = [self._faces.embeddings(pictures, known[None])[0] for known in known_px]
        return self._faces.embeddings(pictures, landmarks)[0], landmarks[0], at_known

    def control(self, image: CaseImage, head: Head, reference: FaceReference) -> FaceProbe:
        """Score the original again, with voxel noise and from another view: must be recognised.

        The camera has moved, so its `reference` embeddings are taken at its own landmarks too.
        """
        depth, height, width = reference.box.size[::-1]
        generator = np.random.default_rng(self._seed)
        noise = generator.normal(0.0, CONTROL_NOISE, (depth, height, width)).astype(np.float32)
        within = outline_on_box(head, reference.box)
        surface = face_surface(image.image, reference.box, reference.level, within, noise)
        views = VIEWS_DEG[:FEW_VIEWS]
        cameras = [face_camera(reference.axes, yaw + CONTROL_YAW_DEG, pitch + CONTROL_PITCH_DEG) for yaw, pitch in views]
        probe = self._probe(surface, reference.axes, cameras, None, elsewhere=False)
        return _with_all_views(probe, len(reference.cameras))

    def _emptied(
        self, grey: NDArray[np.float32], gone: NDArray[np.bool_], reference: FaceReference, *, known: bool
    ) -> FaceProbe | None:
        """Score the original with a part emptied, frontal view; None if nothing is left of it.

        Seen at the original's landmarks if they are `known`, else where other people have them.
        """
        emptied = np.where(gone, np.float32(-1.0), grey)
        try:
            surface = surface_at(emptied, reference.box, quick=True)
        except NotAvailable:
            return None
        known_px = reference.landmarks_px[:1] if known else None
        frontal = self._probe(surface, reference.axes, reference.cameras[:1], known_px, elsewhere=not known)
        return _with_all_views(frontal, len(reference.cameras))

    def _probe(
        self,
        surface: vtkPolyData,
        axes: HeadAxes,
        cameras: Sequence[Camera],
        known_px: NDArray[np.float64] | None,
        *,
        elsewhere: bool = True,
        mapped: bool = False,
    ) -> FaceProbe:
        """A surface at its own landmarks, at the original's if they are known, and where other people have them if asked for."""
        pictures = self._faces.pictures(surface, axes, cameras)
        landmarks, any_score = self._faces.landmarks(pictures)
        own = self._faces.embeddings(pictures, landmarks)
        mean_px = mean_landmarks(len(pictures)) if elsewhere else np.full_like(landmarks, np.nan)
        unsure = np.where(np.isfinite(landmarks), np.nan, any_score)
        return FaceProbe(
            own=own,
            reference=own if known_px is None else self._faces.at_known(pictures, known_px),
            low_score=np.where(np.isfinite(own), own, self._faces.embeddings(pictures, unsure)),
            mean_landmarks=self._faces.at_known(pictures, mean_px),
            found=np.isfinite(landmarks[:, 0, 0]),
            others=np.empty((0, self._faces.length), np.float32),
            border=np.empty((0, self._faces.length), np.float32),
            maps=self._mapped(surface, cameras, landmarks) if mapped else self._no_maps(len(cameras)),
            rebuilt=np.full(self._faces.length, np.nan, np.float32),
            rebuilt_reason=NOTHING_REBUILT,
            surface=surface,
            frontal=pictures[0] if pictures else None,
        )


def _with_all_views(probe: FaceProbe, views: int) -> FaceProbe:
    """A probe of the first few views, with NaN for those that were not taken."""
    lost = np.full((views - len(probe.own), probe.own.shape[1]), np.nan, np.float32)
    return replace(
        probe,
        own=np.vstack([probe.own, lost]),
        reference=np.vstack([probe.reference, lost]),
        low_score=np.vstack([probe.low_score, lost]),
        mean_landmarks=np.vstack([probe.mean_landmarks, lost]),
        found=np.concatenate([probe.found, np.zeros(len(lost), bool)]),
    )
