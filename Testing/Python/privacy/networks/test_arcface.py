"""ArcFace: a 112 x 112 network made here with planted embeddings, through InsightFace; and files that are no such network."""

from __future__ import annotations

import dataclasses
import hashlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from deface_compare.anatomy.head import Head
from deface_compare.case import CaseImage
from deface_compare.errors import NotAvailable
from deface_compare.measurement import Scope
from deface_compare.privacy.networks import install_model, models, recogniser
from deface_compare.privacy.networks.alignment import aligned_face
from deface_compare.privacy.networks.recogniser import open_recogniser, self_test
from deface_compare.privacy.networks.session import normalised
from deface_compare.privacy.rows import privacy_rows
from deface_compare.privacy.scorer import FaceScorer

onnx = pytest.importorskip("onnx")
pytest.importorskip("insightface", reason="insightface is not installed")
pytest.importorskip("cv2", reason="insightface needs opencv-python-headless, which is not installed")
BLOCK_PX, LENGTH = 16, 512
SIDE = 112 // BLOCK_PX


def blocks(crop: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Mean scaled colour of each block of 16 x 16 pixels, red plane first, shape (147,)."""
    scaled = (crop.astype(np.float64) - 127.5) / 127.5
    return scaled.reshape(SIDE, BLOCK_PX, SIDE, BLOCK_PX, 3).mean(axis=(1, 3)).transpose(2, 0, 1).ravel()


def network(weights: NDArray[np.float32], side_px: int = 112) -> bytes:
    """An ONNX file that averages blocks and multiplies them by `weights`, shape (length, 147)."""
    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    nodes = [
        helper.make_node("AveragePool", ["x"], ["means"], kernel_shape=[BLOCK_PX] * 2, strides=[BLOCK_PX] * 2),
        helper.make_node("Flatten", ["means"], ["flat"]),
        helper.make_node("Gemm", ["flat", "w"], ["y"], transB=1),
    ]
    graph = helper.make_graph(
        nodes,
        "planted",
        [helper.make_tensor_value_info("x", kind, ["batch", 3, side_px, side_px])],
        [helper.make_tensor_value_info("y", kind, ["batch", len(weights)])],
        [onnx.numpy_helper.from_array(weights, "w")],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    return bytes(made.SerializeToString())


def planting(crops: Sequence[NDArray[np.uint8]], embeddings: NDArray[np.float64]) -> NDArray[np.float32]:
    """Weights that give each crop its planted embedding, shape (512, 147)."""
    seen = np.stack([blocks(crop) for crop in crops], axis=1)
    return (embeddings.T @ np.linalg.pinv(seen)).astype(np.float32)


@pytest.fixture
def put_in_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Puts bytes in place of the published buffalo_l through `models get`, the detector beside them."""
    detector = models.verify_model("yunet").path
    folder = tmp_path / "models"
    folder.mkdir()
    if detector.is_file():
        for file in (detector, detector.with_name(detector.name + ".json")):
            (folder / file.name).write_bytes(file.read_bytes())
    monkeypatch.setenv(models.CACHE_VARIABLE, str(folder))

    def put(content: bytes) -> models.Model:
        entry = dataclasses.replace(
            models.known_model("buffalo_l"), sha256=hashlib.sha256(content).hexdigest(), size_bytes=len(content)
        )
        known = {**models.known_models(), "buffalo_l": entry}
        monkeypatch.setattr(models, "known_models", lambda: known)
        own = tmp_path / "downloaded.onnx"
        own.write_bytes(content)
        assert install_model.get_model("buffalo_l", own, research_only=True).status == "ok"
        return entry

    return put


def test_planted_embeddings_come_back_through_insightface(put_in_place: Any) -> None:
    generator = np.random.default_rng(1)
    crops = generator.integers(0, 256, (4, 112, 112, 3)).astype(np.uint8)  # random colours: BGR for RGB would be seen
    planted = generator.normal(size=(4, LENGTH))
    entry = put_in_place(network(planting(list(crops), planted)))
    opened = open_recogniser("buffalo_l")
    assert opened.model.title == "ArcFace buffalo_l (w600k_r50)"
    assert opened.model.sha256 == entry.sha256
    for crop, wanted in zip(crops, planted, strict=True):
        np.testing.assert_allclose(opened.embedding(crop), normalised(wanted), atol=1e-6)  # measured 7e-8


def test_a_scan_is_scored_by_an_arcface_network_end_to_end(
    put_in_place: Any, sface: FaceScorer, average_patient: tuple[CaseImage, Head]
) -> None:
    weights = np.random.default_rng(2).normal(size=(LENGTH, 3 * SIDE * SIDE)).astype(np.float32)
    entry = put_in_place(network(weights))
    scorer = FaceScorer("buffalo_l", seed=1)
    assert [(model.title, model.sha256) for model in scorer.models] == [("ArcFace buffalo_l (w600k_r50)", entry.sha256)]
    reference = scorer.reference(*average_patient)
    assert reference.frontal is not None
    crop = aligned_face(reference.frontal, reference.landmarks_px[0])
    np.testing.assert_allclose(reference.embeddings[0], normalised(weights @ blocks(crop)), atol=1e-6)  # measured 1.1e-7
    rows = privacy_rows(reference, scorer.probe(average_patient[0].image, reference), Scope("c", "m", "", "", ""), "MR_T1")
    own = next(row for row in rows if row.metric == "cosine_similarity_own")
    assert (own.status, own.engine) == ("ok", "ArcFace buffalo_l (w600k_r50)")
    assert own.defaced == pytest.approx(1.0, abs=1e-6)


@pytest.mark.filterwarnings("ignore::FutureWarning")  # of scikit-image, as InsightFace calls it
def test_faces_are_cut_out_as_insightface_does_it() -> None:
    from insightface.utils import face_align

    generator = np.random.default_rng(3)
    coarse = generator.uniform(0, 255, (28, 28, 3))
    picture = np.kron(coarse, np.ones((16, 16, 1))).astype(np.uint8)  # 448 x 448
    marks = np.array([(190.0, 180), (258, 186), (226, 222), (196, 262), (250, 266)])
    theirs = face_align.norm_crop(picture, marks.astype(np.float32))
    difference = np.abs(aligned_face(picture, marks).astype(int) - theirs.astype(int))
    assert difference.mean() < 0.5  # measured 2.7e-5; OpenCV before 5 mixes pixels in steps of 1/32
    assert np.percentile(difference, 99) <= 8  # measured 0


def test_a_network_that_sees_only_the_mean_colour_fails_its_self_test(put_in_place: Any) -> None:
    ones = np.repeat(np.random.default_rng(4).normal(size=(LENGTH, 3)), SIDE * SIDE, axis=1).astype(np.float32)
    put_in_place(network(ones))
    with pytest.raises(NotAvailable, match=r"ArcFace buffalo_l \(w600k_r50\) fails its self-test: cosine of two unlike pictures"):
        open_recogniser("buffalo_l")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"<html><body>404 not found</body></html>\n", "w600k_r50.onnx is a text file, not an ONNX network"),
        (b"", "w600k_r50.onnx is empty, not an ONNX network"),
        (bytes(range(256)) * 8, "insightface cannot read the face model w600k_r50.onnx"),
        (network(np.ones((128, 147), np.float32)), "has another shape than it should: it takes .* and gives .*128"),
        (network(np.ones((LENGTH, 192), np.float32), 128), "has another shape than it should: it takes .*128, 128"),
    ],
)
def test_a_file_that_is_no_such_network_is_one_sentence(put_in_place: Any, content: bytes, sentence: str) -> None:
    put_in_place(content)
    with pytest.raises(NotAvailable, match=sentence) as raised:
        open_recogniser("buffalo_l")
    assert "\n" not in str(raised.value)


def test_another_file_than_the_published_one_is_never_opened(put_in_place: Any) -> None:
    put_in_place(network(np.ones((LENGTH, 147), np.float32)))
    models.model_path("buffalo_l").write_bytes(network(np.zeros((LENGTH, 147), np.float32)))
    with pytest.raises(
        NotAvailable,
        match=r"buffalo_l .* is damaged: .* not the expected; run `deface-compare models get buffalo_l --research-only`",
    ):
        open_recogniser("buffalo_l")


def test_arcface_without_insightface_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(recogniser.__dict__, "model_path", lambda key: tmp_path / "w600k_r50.onnx")
    monkeypatch.setitem(sys.modules, "insightface.model_zoo", None)
    with pytest.raises(NotAvailable, match=r"needs the Python package insightface .*: pip install --no-deps insightface"):
        open_recogniser("buffalo_l")


def test_the_self_test_tells_two_drawings_apart(put_in_place: Any) -> None:
    put_in_place(network(np.random.default_rng(5).normal(size=(LENGTH, 147)).astype(np.float32)))
    assert self_test(open_recogniser("buffalo_l")) < 0.99
