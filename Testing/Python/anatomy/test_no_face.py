"""A scan that is known to show no face: it needs no defacing, and is nobody's failure."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from deface_compare.anatomy.average_head import average_head
from deface_compare.anatomy.find_heads import find_heads
from deface_compare.case import Case
from deface_compare.compare import compare_case
from deface_compare.measurement import Measurement
from deface_compare.settings import Settings
from planned_patient import head_of_planned_patient, planned_patient, search_once

pytestmark = pytest.mark.xdist_group("planned_patient")

ABOVE_EYES_MM = 50.0


@pytest.fixture(autouse=True)
def searched_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The head of an image is searched once."""
    search_once(monkeypatch)


@cache
def slab_and_head() -> Case:
    """A planning CT that begins over the brow, with an MR of the whole head in its frame."""
    whole, head = planned_patient(), head_of_planned_patient()
    ct, mr = whole.images
    x, y, z = head.patient_points(np.array([average_head().landmarks_mm["nasion"]]))[0].tolist()
    first = ct.image.TransformPhysicalPointToIndex((x, y, z + ABOVE_EYES_MM))[2]
    return replace(whole, images=(replace(ct, image=ct.image[:, :, first:]), mr))


@cache
def rows() -> tuple[Measurement, ...]:
    return compare_case(slab_and_head(), ["quickshear"], Settings(face_model="none")).measurements


def test_a_ct_that_begins_over_the_brow_shows_no_face_and_the_mr_has_it() -> None:
    heads, reasons = find_heads(slab_and_head(), Settings())
    assert list(heads) == ["MR_T1"]
    assert reasons["CT"].status == "no face"
    assert reasons["CT"].reason == "image CT holds no face between brow and chin: the face lies in image MR_T1"


def test_its_rows_say_no_face_and_no_method_failed() -> None:
    success = {row.image: row for row in rows() if row.metric == "success"}
    assert success["CT"].status == "no face"
    assert (success["MR_T1"].status, success["MR_T1"].defaced) == ("ok", 1.0)
    assert not [row for row in rows() if row.status == "failed"]


def test_the_dose_is_edited_with_the_image_that_shows_the_face() -> None:
    (dose,) = (row for row in rows() if row.metric == "success" and row.image == "DOSE")
    assert dose.dose_policy == "mask"
    assert dose.status in ("ok", "no face")  # no face: the dose does not reach the removed part
    dvh = [row for row in rows() if row.domain == "dose" and row.dose_policy == "mask" and row.metric == "Dmean"]
    assert dvh
    assert {row.status for row in dvh if row.structure.startswith("PTV")} == {"ok"}
