"""dlib's ResNet: how a face is cut out for it, and the real network where its file and dlib are installed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from deface_compare.anatomy.head import Head
from deface_compare.case import CaseImage
from deface_compare.errors import NotAvailable, UnusableInput
from deface_compare.measurement import Scope
from deface_compare.privacy.networks import choice, dlib_resnet, models
from deface_compare.privacy.networks.alignment import TEMPLATE_PX, aligned_face
from deface_compare.privacy.networks.recogniser import OnnxRecogniser, Recogniser, missing_packages, open_recogniser, self_test
from deface_compare.privacy.rows import privacy_rows
from deface_compare.privacy.scorer import FaceScorer

CROP_PX, MARGIN = 150, 0.25
PROBE = """
import hashlib, numpy as np
from deface_compare.privacy.networks.recogniser import open_recogniser
crops = np.random.default_rng(3).integers(0, 256, (3, 150, 150, 3)).astype(np.uint8)
opened = open_recogniser("dlib")
print(hashlib.sha256(np.stack([opened.embedding(crop) for crop in crops]).tobytes()).hexdigest())
"""


@pytest.fixture(scope="module")
def network() -> Recogniser:
    """dlib's network; skips where it cannot run."""
    pytest.importorskip("dlib", reason="dlib is not installed (pip install dlib-bin)")
    state = models.verify_model("dlib")
    if state.status != "ok":
        pytest.skip(f"face model dlib is {state.status}: {state.note}")
    return open_recogniser("dlib")


@pytest.fixture
def entry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> models.Model:
    """The entry dlib as if its file were in place."""
    model = models.known_model("dlib")
    monkeypatch.setattr(choice, "verify_model", lambda key: models.ModelState(model, tmp_path / model.file, "ok", ""))
    return model


def test_a_face_on_dlibs_template_is_cut_out_as_it_is() -> None:
    picture = np.random.default_rng(1).integers(0, 256, (190, 200, 3)).astype(np.uint8)
    shift = np.array([20.0, 11.0])
    crop = aligned_face(picture, dlib_resnet.TEMPLATE_PX + shift, dlib_resnet.TEMPLATE_PX, CROP_PX)
    np.testing.assert_array_equal(crop, picture[11:161, 20:170])


def test_a_turned_and_smaller_face_comes_upright_at_dlibs_size() -> None:
    y, x = np.mgrid[:300, :300].astype(float)
    turn = 0.7 * np.array([[np.cos(0.4), -np.sin(0.4)], [np.sin(0.4), np.cos(0.4)]])
    marks = dlib_resnet.TEMPLATE_PX @ turn.T + [110.0, 60.0]
    blots = sum(np.exp(-((x - mark[0]) ** 2 + (y - mark[1]) ** 2) / 8) for mark in marks)
    picture = np.repeat(np.rint(255 * blots)[..., None], 3, axis=2).astype(np.uint8)
    crop = aligned_face(picture, marks, dlib_resnet.TEMPLATE_PX, 150)
    for column, row in np.rint(dlib_resnet.TEMPLATE_PX).astype(int):
        assert crop[row, column, 0] > 230
    assert crop.shape == (150, 150, 3)


def test_the_faces_of_the_other_recognisers_are_cut_out_by_the_template_of_arcface(
    sface: FaceScorer, average_patient: tuple[CaseImage, Head]
) -> None:
    picture = np.random.default_rng(2).integers(0, 256, (200, 200, 3)).astype(np.uint8)
    opened = OnnxRecogniser(models.known_model("sface"))
    np.testing.assert_array_equal(opened.crop(picture, TEMPLATE_PX + 30), picture[30:142, 30:142])


def test_the_template_is_dlibs_own() -> None:
    dlib = pytest.importorskip("dlib", reason="dlib is not installed (pip install dlib-bin)")
    # dlib's means of its five points (corners of the eyes, bottom of the nose), in thousandths: its chip of them is upright, and
    # the middles of the corners lie within the height of an eyelid of the template's eyes
    corners = np.array([(860, 213), (646, 229), (121, 214), (334, 229), (490, 628)])
    found = dlib.full_object_detection(dlib.rectangle(0, 0, 1000, 1000), [dlib.point(*corner) for corner in corners.tolist()])
    chip = dlib.get_face_chip_details(found, CROP_PX, MARGIN)
    middles = np.array([corners[2:4].mean(axis=0), corners[:2].mean(axis=0)])
    seen = (middles - [chip.rect.left(), chip.rect.top()]) * CROP_PX / chip.rect.width()
    assert chip.angle == pytest.approx(0, abs=1e-2)
    np.testing.assert_allclose(seen, dlib_resnet.TEMPLATE_PX[:2], atol=0.6)  # measured 0.50


def test_without_dlib_the_model_says_what_to_install(
    entry: models.Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "dlib", None)
    with pytest.raises(NotAvailable, match=r"^dlib ResNet needs the Python package dlib .*: pip install dlib-bin$"):
        dlib_resnet.DlibRecogniser(entry, tmp_path / entry.file)
    monkeypatch.setattr(dlib_resnet, "find_spec", lambda name: None)
    assert missing_packages("dlib") == "dlib-bin, not installed here: pip install dlib-bin"
    with pytest.raises(
        UnusableInput, match="face model dlib ResNet runs with dlib-bin, not installed here: pip install dlib-bin;"
    ):
        choice.refuse_unusable("dlib")


def test_with_dlib_and_its_file_the_model_is_not_refused(entry: models.Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dlib_resnet, "find_spec", lambda name: object())
    choice.refuse_unusable("dlib")
    assert missing_packages("sface") == ""


@pytest.mark.parametrize("content", [b"", b"<html>404 not found</html>\n" * 9, bytes(range(256)) * 8])
def test_a_file_that_is_no_network_of_dlib_is_one_sentence(entry: models.Model, tmp_path: Path, content: bytes) -> None:
    pytest.importorskip("dlib", reason="dlib is not installed (pip install dlib-bin)")
    (tmp_path / entry.file).write_bytes(content)
    with pytest.raises(NotAvailable, match=f"^dlib cannot read the face model {entry.file}: ") as raised:
        dlib_resnet.DlibRecogniser(entry, tmp_path / entry.file)
    assert "\n" not in str(raised.value)


def test_vectors_have_length_one_and_are_the_same_in_another_process(network: Recogniser) -> None:
    crops = np.random.default_rng(3).integers(0, 256, (3, 150, 150, 3)).astype(np.uint8)
    vectors = np.stack([network.embedding(crop) for crop in crops])
    assert (vectors.shape, vectors.dtype) == ((3, 128), np.float32)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)  # measured 3e-8
    hashes = {subprocess.run([sys.executable, "-c", PROBE], capture_output=True, text=True, check=True).stdout for _ in range(2)}
    assert len(hashes) == 1


def test_the_self_test_finds_exchanged_channels(network: Recogniser) -> None:
    assert self_test(network) == pytest.approx(0.9821, abs=1e-4)

    class Exchanged:
        model = network.model
        crop = network.crop

        def embedding(self, crop: np.ndarray) -> np.ndarray:
            return network.embedding(crop[..., ::-1])

    with pytest.raises(NotAvailable, match=r"dlib ResNet fails its self-test: cosine of two unlike pictures is 0\.984"):
        self_test(Exchanged())


def test_a_scan_is_scored_by_dlib_end_to_end(
    network: Recogniser, sface: FaceScorer, average_patient: tuple[CaseImage, Head]
) -> None:
    scorer = FaceScorer("dlib", seed=1)
    assert (scorer.engine, scorer.models[0].sha256) == ("dlib ResNet", network.model.sha256)
    reference = scorer.reference(*average_patient)
    assert reference.frontal is not None
    crop = network.crop(reference.frontal, reference.landmarks_px[0])
    assert crop.shape == (150, 150, 3)
    np.testing.assert_array_equal(reference.embeddings[0], network.embedding(crop))
    rows = privacy_rows(reference, scorer.probe(average_patient[0].image, reference), Scope("c", "m", "", "", ""), "MR_T1")
    own = next(row for row in rows if row.metric == "cosine_similarity_own")
    assert (own.status, own.engine) == ("ok", "dlib ResNet")
    assert own.defaced == pytest.approx(1.0, abs=1e-6)
