"""The face recogniser: an aligned face becomes a vector of length one; the cosine of two vectors says how alike they are."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ...errors import NotAvailable
from . import arcface, dlib_resnet
from .alignment import CROP_PX, aligned_face
from .models import Model, known_model, model_path
from .session import normalised, onnx_session, require_shape

SELF_TEST_TOLERANCE = 0.05
"""How far the cosine of the two self-test pictures may be from the one in ``data/models.json``, as a share of what that one lacks
to 1: models differ in how near to 1 they put all faces. dlib's network with exchanged channels is 0.09 off."""

ARCFACE_KEYS = ("arcface", "buffalo_l", "antelopev2")
"""Models that InsightFace's own loader opens (see `arcface`)."""
DLIB_KEY = "dlib"
"""The model that dlib itself opens (see `dlib_resnet`)."""


class Recogniser(Protocol):
    """A recognition network, opened once."""

    model: Model

    def crop(self, picture: NDArray[np.uint8], landmarks_px: NDArray[np.float64]) -> NDArray[np.uint8]:
        """Cut out a face by its five landmarks as the network was trained to see it: RGB, shape (height_px, width_px, 3)."""

    def embedding(self, crop: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Embed what `crop` gives; returns a vector of length one, shape (output_length,)."""


class OnnxRecogniser:
    """A recogniser that runs on ONNX Runtime directly (SFace)."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self._session = onnx_session(model_path(model.key))
        self._input = self._session.get_inputs()[0].name
        wanted = model.preprocessing
        require_shape(self._session, model.title, (3, wanted.height_px, wanted.width_px), model.output_length)

    def crop(self, picture: NDArray[np.uint8], landmarks_px: NDArray[np.float64]) -> NDArray[np.uint8]:
        """Cut out a face as it was trained with, shape (112, 112, 3)."""
        return aligned_face(picture, landmarks_px)

    def embedding(self, crop: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Embed an aligned RGB face, shape (112, 112, 3); returns a vector of length one, shape (output_length,)."""
        wanted = self.model.preprocessing
        channels = crop if wanted.channels == "RGB" else crop[..., ::-1]
        blob = (channels.astype(np.float32) - np.float32(wanted.mean)) / np.float32(wanted.std)
        vector = self._session.run(None, {self._input: np.ascontiguousarray(blob.transpose(2, 0, 1)[None])})[0][0]
        return normalised(vector)


def open_recogniser(key: str) -> Recogniser:
    """Open a recogniser and test that it can tell two pictures apart.

    Raises
    ------
    NotAvailable
        If the model, onnxruntime, (ArcFace models) insightface or (dlib's) dlib is missing, or the self-test fails.
    UnusableInput
        If there is no such model.
    """
    model = known_model(key)
    if model.role != "recogniser":
        raise NotAvailable(f"{model.title} is a {model.role}, not a face recogniser")
    recogniser: Recogniser
    if key in ARCFACE_KEYS:
        recogniser = arcface.ArcFaceRecogniser(model, model_path(key))
    elif key == DLIB_KEY:
        recogniser = dlib_resnet.DlibRecogniser(model, model_path(key))
    else:
        recogniser = OnnxRecogniser(model)
    self_test(recogniser)
    return recogniser


def missing_packages(key: str) -> str:
    """What of the packages that run a recogniser is not installed, and what to do; ``""`` if nothing. Nothing is imported."""
    if key in ARCFACE_KEYS:
        missing, advice = arcface.missing_packages(), arcface.how_to_install_packages()
    elif key == DLIB_KEY:
        missing, advice = dlib_resnet.missing_packages(), dlib_resnet.how_to_install_packages()
    else:
        return ""
    return f"{', '.join(missing)}, not installed here: {advice}" if missing else ""


def self_test(recogniser: Recogniser) -> float:
    """Embed two unlike pictures, one of them twice; returns the cosine between the two.

    Raises
    ------
    NotAvailable
        If the same picture gives two vectors, or two pictures (nearly) one: a network with collapsed weights or wrong scaling.
    """
    first, second = _test_pictures(recogniser.model.preprocessing.width_px)
    vectors = [recogniser.embedding(picture) for picture in (first, second, first)]
    title, expected = recogniser.model.title, recogniser.model.self_test_cosine
    if not all(np.isfinite(vector).all() for vector in vectors) or len(vectors[0]) != recogniser.model.output_length:
        raise NotAvailable(
            f"face model {title} fails its self-test: no finite vector of {recogniser.model.output_length} numbers"
        )
    if not np.array_equal(vectors[0], vectors[2]):
        raise NotAvailable(f"face model {title} fails its self-test: one picture gave two different vectors")
    cosine = float(vectors[0] @ vectors[1])
    if cosine > 0.99 or (expected is not None and abs(cosine - expected) > SELF_TEST_TOLERANCE * (1 - expected)):
        raise NotAvailable(f"face model {title} fails its self-test: cosine of two unlike pictures is {cosine:.3f}")
    return cosine


def _test_pictures(size_px: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Two face-like drawings (oval, eyes, mouth; different proportions and tints), shape (size_px, size_px, 3)."""
    y, x = np.mgrid[:size_px, :size_px] * (CROP_PX / size_px)
    pictures = []
    for half_width, tint, mouth_px in ((38.0, (217, 173, 148), 10.0), (50.0, (150, 110, 90), 20.0)):
        oval = ((x - 56) / half_width) ** 2 + ((y - 62) / 55) ** 2
        shade = np.clip(1.2 - oval, 0, 1)
        for eye_x in (38.3, 73.5):
            shade *= 1 - 0.8 * np.exp(-((x - eye_x) ** 2 / 60 + (y - 51.6) ** 2 / 20))
        shade *= 1 - 0.6 * np.exp(-((x - 56) ** 2 / mouth_px**2 + (y - 92.3) ** 2 / 12))
        pictures.append(np.rint(shade[..., None] * np.array(tint)).astype(np.uint8))
    return pictures[0], pictures[1]
