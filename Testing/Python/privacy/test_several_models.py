"""Several recognisers in one scorer: each sees what it sees alone, and has rows and files of its own."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from deface_compare.anatomy.head import Head
from deface_compare.case import CaseImage
from deface_compare.errors import NotAvailable
from deface_compare.measurement import Scope
from deface_compare.privacy import scorer as scorer_module
from deface_compare.privacy.face_prints import joined_print, probe_print
from deface_compare.privacy.networks.alignment import aligned_face
from deface_compare.privacy.networks.models import Model, known_model
from deface_compare.privacy.networks.recogniser import Recogniser, open_recogniser
from deface_compare.privacy.rows import DISTANCE, OWN, privacy_rows, surface_rows
from deface_compare.privacy.scorer import FaceScorer

SCOPE = Scope("case-001", "method", "", "background", "none")
OTHER = "arcface"


class Projection:
    """A stand-in: the crop seen through a fixed random matrix, as a vector of length one."""

    def __init__(self) -> None:
        self.model: Model = known_model(OTHER)
        self._matrix = np.random.default_rng(3).normal(size=(self.model.output_length, 14 * 14 * 3))

    def crop(self, picture: NDArray[np.uint8], landmarks_px: NDArray[np.float64]) -> NDArray[np.uint8]:
        return aligned_face(picture, landmarks_px)

    def embedding(self, crop: NDArray[np.uint8]) -> NDArray[np.float32]:
        seen = self._matrix @ (crop[::8, ::8].astype(np.float64).ravel() - 127.5)
        return np.asarray(seen / np.linalg.norm(seen), np.float32)


@pytest.fixture
def both(monkeypatch: pytest.MonkeyPatch, sface: FaceScorer) -> FaceScorer:
    def opened(key: str) -> Projection | Recogniser:
        if key == "missing":
            raise NotAvailable("no such model")
        return Projection() if key == OTHER else open_recogniser(key)

    monkeypatch.setattr(scorer_module, "open_recogniser", opened)
    return FaceScorer(f"sface,{OTHER}", seed=1)


def test_the_main_model_sees_what_it_sees_alone(
    both: FaceScorer, sface: FaceScorer, average_patient: tuple[CaseImage, Head]
) -> None:
    together, alone = (scorer.reference(*average_patient) for scorer in (both, sface))
    main, other = both.models
    np.testing.assert_array_equal(together.of(main).embeddings, alone.embeddings)
    assert (main.title, other.title) == ("SFace", known_model(OTHER).title)
    assert together.engine == "SFace"
    np.testing.assert_allclose(np.linalg.norm(together.of(other).embeddings[0]), 1.0, atol=1e-6)


def test_each_model_has_its_similarities_and_what_no_model_sees_stands_once(
    both: FaceScorer, sface: FaceScorer, average_patient: tuple[CaseImage, Head]
) -> None:
    image, head = average_patient
    rows = {}
    for scorer in (both, sface):
        reference = scorer.reference(image, head)
        rows[scorer] = privacy_rows(reference, scorer.probe(image.image, reference), SCOPE, image.key)
    titles = [model.title for model in both.models]
    assert [repr(row) for row in rows[both] if row.engine != titles[1]] == [repr(row) for row in rows[sface]]
    assert [row.engine for row in rows[both] if row.metric == OWN] == titles
    assert [row.metric for row in rows[both]].count("face_detected") == 1
    assert [row.metric for row in rows[both]].count(DISTANCE) == 1
    reference = both.reference(image, head)
    drawn = surface_rows(reference, reference.embeddings[:1], SCOPE, "DOSE", "keep")
    assert [(row.engine, row.defaced) for row in drawn] == [(title, pytest.approx(1.0, abs=1e-6)) for title in titles]


def test_prints_are_taken_apart_and_put_together_again(both: FaceScorer, average_patient: tuple[CaseImage, Head]) -> None:
    reference = both.reference(*average_patient)
    whole = probe_print(both.control(*average_patient, reference))
    again = joined_print([whole.of(model) for model in both.models])
    for part, array in vars(whole).items():
        np.testing.assert_array_equal(getattr(again, part), array)


def test_of_two_models_one_that_is_missing_is_said(both: FaceScorer) -> None:
    with pytest.raises(NotAvailable, match="no such model"):
        FaceScorer("sface,missing", seed=1)
