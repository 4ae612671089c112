"""The face detector: the size of picture that it sees, and its network against the one that its file once held."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from deface_compare.privacy.face import FaceReference
from deface_compare.privacy.networks import models
from deface_compare.privacy.networks.detector import SCORE_THRESHOLD, Detector, Face, letterbox
from deface_compare.privacy.networks.models import DETECTOR, known_model, model_path
from deface_compare.privacy.networks.open_sides import HEIGHT, WIDTH, with_open_sides
from deface_compare.privacy.networks.session import onnx_session

onnx = pytest.importorskip("onnx")
PUBLISHED_PX = 640
"""The size of picture that YuNet's published file names."""
STRIDES_PX = (8, 16, 32)
RANGE_PX = 300.0
"""The longest side of a face that YuNet was trained to find (its page in the OpenCV Zoo)."""


@pytest.fixture(scope="module")
def frontal(average_reference: FaceReference) -> NDArray[np.uint8]:
    """The average head from the front."""
    assert average_reference.frontal is not None
    return average_reference.frontal


@pytest.fixture(scope="module")
def detector(frontal: NDArray[np.uint8]) -> Detector:
    return Detector()


def _best(detector: Detector, picture: NDArray[np.uint8]) -> Face:
    face = detector.face(picture)
    assert face is not None
    return face


def _of_published_size(network: bytes) -> bytes:
    """The detector's network with the size of picture that its published file names."""
    model = onnx.load_model_from_string(network)
    for picture in model.graph.input:
        for side in picture.type.tensor_type.shape.dim[2:]:
            side.dim_value = PUBLISHED_PX
    for output in model.graph.output:
        stride = int(output.name.rpartition("_")[2])
        output.type.tensor_type.shape.dim[1].dim_value = (PUBLISHED_PX // stride) ** 2
    return bytes(model.SerializeToString())


def test_an_open_network_gives_the_same_numbers_as_one_of_the_published_size(frontal: NDArray[np.uint8]) -> None:
    path = model_path(DETECTOR)
    closed = _of_published_size(path.read_bytes())
    opened = with_open_sides(closed)
    sessions = [
        onnx_session(path, closed),
        onnx_session(path, opened, {HEIGHT: PUBLISHED_PX, WIDTH: PUBLISHED_PX}),
    ]
    blob = letterbox(frontal[..., ::-1], PUBLISHED_PX)[None]
    (expected, found) = (session.run(None, {session.get_inputs()[0].name: blob}) for session in sessions)
    for one, other in zip(expected, found, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_network_is_opened_once(frontal: NDArray[np.uint8]) -> None:
    once = with_open_sides(_of_published_size(model_path(DETECTOR).read_bytes()))
    assert with_open_sides(once) == once


def test_a_file_that_an_earlier_version_made_ready_finds_the_same_face(
    detector: Detector, frontal: NDArray[np.uint8], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = known_model(DETECTOR)
    earlier = tmp_path / model.file
    earlier.write_bytes(_of_published_size(model_path(DETECTOR).read_bytes()))
    monkeypatch.setattr("deface_compare.privacy.networks.detector.model_path", lambda key: earlier)
    found, expected = _best(Detector(), frontal), _best(detector, frontal)
    assert found.score == expected.score
    np.testing.assert_array_equal(found.landmarks_px, expected.landmarks_px)


def test_a_whole_face_is_seen_within_the_sizes_that_the_detector_was_trained_for(
    detector: Detector, frontal: NDArray[np.uint8]
) -> None:
    seen_px = _best(detector, frontal).box_px[2:].max() * known_model(DETECTOR).preprocessing.width_px / len(frontal)
    assert seen_px < RANGE_PX  # measured 172; in a picture of 640 it would be 344


def test_landmarks_are_told_in_pixels_of_the_picture_as_it_was_drawn(detector: Detector, frontal: NDArray[np.uint8]) -> None:
    moved = np.zeros_like(frontal)
    moved[:, 28:] = frontal[:, :-28]  # 28 of 448 are 20 of 320 pixels
    shift = _best(detector, moved).landmarks_px - _best(detector, frontal).landmarks_px
    assert np.abs(shift - [28.0, 0.0]).max() < 6.0  # the grid's cells are 8 of 320 pixels, 11 of these


def test_half_a_picture_is_no_face(detector: Detector, frontal: NDArray[np.uint8]) -> None:
    chin = frontal.copy()
    chin[:300] = 0
    face = detector.face(chin)
    assert face is None or face.score < SCORE_THRESHOLD


def test_the_listed_size_is_a_whole_number_of_cells() -> None:
    side_px = models.known_model(DETECTOR).preprocessing.width_px
    assert all(side_px % stride == 0 for stride in STRIDES_PX)
