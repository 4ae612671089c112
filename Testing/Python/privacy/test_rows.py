"""Face prints on disk, privacy rows, and the scorer without a model."""

from __future__ import annotations

import dataclasses
import math
import stat
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from numpy.typing import NDArray

from deface_compare.anatomy.head import Head
from deface_compare.case import MR, CaseImage
from deface_compare.errors import FaceNotFound, NotAvailable, UnusableInput
from deface_compare.measurement import Measurement, Scope
from deface_compare.privacy.face import FaceProbe, FaceReference
from deface_compare.privacy.face_prints import (
    DOSE_KEEP,
    PARTS,
    FacePrint,
    FacePrints,
    load_face_prints,
    save_face_prints,
    surface_print,
)
from deface_compare.privacy.networks.models import known_model
from deface_compare.privacy.networks.recogniser import open_recogniser, self_test
from deface_compare.privacy.networks.session import normalised
from deface_compare.privacy.render import VIEWS_DEG, views_deg
from deface_compare.privacy.rows import METRICS, missing_privacy_rows, privacy_rows
from deface_compare.privacy.scorer import FaceScorer
from deface_compare.privacy.similarity import similarity_matrix
from deface_compare.settings import DEFAULT_FACE_VIEWS, MANY_FACE_VIEWS, Settings

pytestmark = pytest.mark.xdist_group("average_reference")

SCOPE = Scope("case-001", "surface_blur", "", "background", "none")


def _smoothed(image: sitk.Image, sigma_mm: float) -> sitk.Image:
    return sitk.SmoothingRecursiveGaussian(image, sigma_mm)


def _without_face(image: sitk.Image, head: Head) -> sitk.Image:
    """Everything in front of the ears emptied: no face, no orbits, no forehead."""
    array = sitk.GetArrayFromImage(image)
    _, y_mm, _ = head.landmarks_mm["ear_left"]
    cut = image.TransformPhysicalPointToIndex((0.0, y_mm - 25.0, 0.0))[1]
    array[:, :cut] = 0
    result = sitk.GetImageFromArray(array)
    result.CopyInformation(image)
    return result


def _by_metric(rows: list[Measurement]) -> dict[str, Measurement]:
    assert [row.metric for row in rows] == list(METRICS)
    return {row.metric: row for row in rows}


def test_an_undefaced_image_is_its_own_twin(
    sface: FaceScorer, average_reference: FaceReference, average_patient: tuple[CaseImage, Head]
) -> None:
    probe = sface.probe(average_patient[0].image, average_reference)
    rows = _by_metric(privacy_rows(average_reference, probe, SCOPE, "MR_T1"))
    assert rows["cosine_similarity_own"].defaced > 0.999  # measured 1.0
    assert rows["cosine_similarity_reference"].defaced > 0.999  # measured 1.0
    assert rows["face_detected"].defaced == 1.0
    assert rows["face_surface_distance"].defaced < 0.05  # measured 0
    assert rows["cosine_similarity_own"].engine == "SFace"


def test_a_harmless_change_stays_recognisable_and_more_smoothing_is_less_so(
    sface: FaceScorer, average_reference: FaceReference, average_patient: tuple[CaseImage, Head]
) -> None:
    image, head = average_patient
    control = sface.control(image, head, average_reference)
    again = float(np.nanmean((control.own * average_reference.embeddings).sum(axis=1)))
    assert again > 0.9  # measured 0.958
    scores = []
    for sigma_mm in (2.0, 8.0):
        rows = _by_metric(
            privacy_rows(average_reference, sface.probe(_smoothed(image.image, sigma_mm), average_reference), SCOPE, "MR_T1")
        )
        scores.append((rows["cosine_similarity_own"].defaced, rows["face_surface_distance"].defaced))
    assert scores[0][0] > scores[1][0]
    assert scores[0][1] < scores[1][1]


def test_no_face_on_the_defaced_side_is_not_available_and_no_failure(
    sface: FaceScorer, average_reference: FaceReference, average_patient: tuple[CaseImage, Head]
) -> None:
    probe = sface.probe(_without_face(average_patient[0].image, average_patient[1]), average_reference)
    rows = _by_metric(privacy_rows(average_reference, probe, SCOPE, "MR_T1"))
    assert rows["face_detected"].defaced == 0.0
    assert rows["cosine_similarity_own"].status == "not available"
    assert rows["cosine_similarity_own"].note == "no face detected"
    assert math.isnan(rows["cosine_similarity_own"].defaced)
    assert rows["cosine_similarity_reference"].status == "ok"
    assert rows["face_surface_distance"].defaced > 15.0


def test_the_same_image_gives_the_same_embeddings(
    sface: FaceScorer, average_reference: FaceReference, average_patient: tuple[CaseImage, Head]
) -> None:
    again = FaceScorer("sface", seed=1).reference(*average_patient)
    np.testing.assert_array_equal(again.embeddings, average_reference.embeddings)
    np.testing.assert_array_equal(again.landmarks_px, average_reference.landmarks_px)


def test_an_attacker_with_25_views_has_the_five_among_them_and_20_more(
    average_reference: FaceReference, average_patient: tuple[CaseImage, Head]
) -> None:
    assert len(set(views_deg(MANY_FACE_VIEWS))) == MANY_FACE_VIEWS
    assert views_deg(DEFAULT_FACE_VIEWS) == list(VIEWS_DEG) == views_deg(MANY_FACE_VIEWS)[:DEFAULT_FACE_VIEWS]
    many = FaceScorer("sface", seed=1, views=MANY_FACE_VIEWS)
    reference = many.reference(*average_patient)
    np.testing.assert_array_equal(reference.embeddings[:DEFAULT_FACE_VIEWS], average_reference.embeddings)
    assert np.isfinite(reference.embeddings).all()  # a face is found in all 25
    probe = many.probe(average_patient[0].image, reference)
    assert probe.own.shape == reference.embeddings.shape
    assert float(similarity_matrix(probe.own[None], reference.embeddings[None])[0, 0]) > 0.999
    with pytest.raises(ValueError, match="face_views must be one of 5, 25, not 7"):
        Settings(face_views=7)


def test_a_scan_without_a_face_is_named_so(sface: FaceScorer, average_patient: tuple[CaseImage, Head]) -> None:
    image, head = average_patient
    faceless = CaseImage("MR_T1", MR, _without_face(image.image, head), "a.u.")
    with pytest.raises(FaceNotFound, match="face not in field of view of MR_T1: no face is detected"):
        sface.reference(faceless, head)
    outside = dataclasses.replace(head, face_extent="none")
    with pytest.raises(FaceNotFound, match="face not in field of view"):
        sface.reference(image, outside)


def test_without_a_model_the_surface_is_still_measured(average_patient: tuple[CaseImage, Head]) -> None:
    surfaces = FaceScorer("none", seed=1, reason="face model SFace is missing")
    reference = surfaces.reference(*average_patient)
    probe = surfaces.probe(_smoothed(average_patient[0].image, 5.0), reference)
    rows = _by_metric(privacy_rows(reference, probe, SCOPE, "MR_T1"))
    assert rows["face_surface_distance"].defaced > 0.3
    for metric in METRICS[:3]:
        assert (rows[metric].status, rows[metric].note) == ("not available", "face model SFace is missing")
    assert not probe.detected


def test_an_image_that_could_not_be_scored_still_has_all_its_rows() -> None:
    rows = _by_metric(missing_privacy_rows(SCOPE, "CT", "no skin surface", "failed"))
    assert {row.status for row in rows.values()} == {"failed"}
    assert {row.note for row in rows.values()} == {"no skin surface"}


def test_sface_scores_its_self_test_as_recorded(sface: FaceScorer) -> None:
    expected = known_model("sface").self_test_cosine
    assert self_test(open_recogniser("sface")) == pytest.approx(expected, abs=0.001)  # measured 0.80496


class _Collapsed:
    """A network whose conversion went wrong: one vector for every picture."""

    model = known_model("sface")

    def embedding(self, crop: NDArray[np.uint8]) -> NDArray[np.float32]:
        return normalised(np.ones(128))


class _Restless(_Collapsed):
    """A network that never gives the same vector twice."""

    def __init__(self) -> None:
        self.generator = np.random.default_rng(1)

    def embedding(self, crop: NDArray[np.uint8]) -> NDArray[np.float32]:
        return normalised(self.generator.normal(size=128))


def test_a_broken_network_fails_its_self_test() -> None:
    with pytest.raises(NotAvailable, match=r"cosine of two unlike pictures is 1\.000"):
        self_test(_Collapsed())
    with pytest.raises(NotAvailable, match="one picture gave two different vectors"):
        self_test(_Restless())


def test_a_detector_is_no_recogniser() -> None:
    with pytest.raises(NotAvailable, match="YuNet is a detector"):
        open_recogniser("yunet")


def _prints() -> FacePrints:
    generator = np.random.default_rng(1)
    own = generator.normal(size=(5, 128)).astype(np.float32)
    own[3] = np.nan
    reference, others = (generator.normal(size=(count, 128)).astype(np.float32) for count in (5, 2))
    each = FacePrint(own, reference, own, reference, np.isfinite(own[:, 0]), others, others[:1], own[3])
    nothing = surface_print(others, 5)
    prints = {("MR_T1", "original"): each, ("CT_2", "quickshear"): each, (DOSE_KEEP, "original"): nothing}
    return FacePrints("SFace", "ab" * 32, prints, {"MR_T1": "full", "CT_2": "upper"})


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no modes of files")
def test_face_prints_read_back_as_written_without_pickles(tmp_path: Path) -> None:
    path = tmp_path / "case-001.npz"
    save_face_prints(path, _prints())
    back = load_face_prints(path)
    assert (back.model, back.model_sha256) == ("SFace", "ab" * 32)
    assert set(back.prints) == {("MR_T1", "original"), ("CT_2", "quickshear"), (DOSE_KEEP, "original")}
    assert back.extents == {"MR_T1": "full", "CT_2": "upper"}
    for key, written in _prints().prints.items():
        for part in PARTS:
            np.testing.assert_array_equal(getattr(back.prints[key], part), getattr(written, part))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_same_face_prints_are_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a.npz", "b.npz"):
        save_face_prints(tmp_path / name, _prints())
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    with zipfile.ZipFile(tmp_path / "a.npz") as archive:
        assert {member.date_time for member in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_a_file_that_holds_no_face_prints_is_named(tmp_path: Path) -> None:
    path = tmp_path / "broken.npz"
    path.write_bytes(b"PK nothing")
    with pytest.raises(UnusableInput, match=r"broken\.npz holds no face prints"):
        load_face_prints(path)


def test_a_probe_without_views_is_not_detected() -> None:
    nothing = np.empty((0, 0), np.float32)
    assert not FaceProbe(*[nothing] * 4, np.empty(0, bool), nothing, nothing, nothing, nothing, "", None, None).detected  # type: ignore[arg-type]
