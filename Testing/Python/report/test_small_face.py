"""The small face of the report against the features that are measured."""

from __future__ import annotations

from deface_compare.anatomy.face_features import FEATURES
from deface_compare.report.small_face import SHAPES


def test_the_small_face_draws_every_measured_feature_and_no_other() -> None:
    assert tuple(SHAPES) == FEATURES
