"""A scan that was defaced before it came here: said in one sentence, by its marks or by the face that is cut from it."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from deface_compare.anatomy.find_heads import find_heads
from deface_compare.case import CaseImage
from deface_compare.compare import compare_case
from deface_compare.defacers import methods_of
from deface_compare.defacers.deface import deface
from deface_compare.measurement import Measurement
from deface_compare.settings import Settings
from deface_compare.study.job import nothing_defaced
from deface_compare.words import DEFACED_BEFORE
from planned_patient import planned_patient, search_once

pytestmark = pytest.mark.xdist_group("planned_patient")

QUICK = Settings(face_model="none")


@pytest.fixture(autouse=True)
def searched_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The head of an image is searched once."""
    search_once(monkeypatch)


@cache
def cut(method: str) -> dict[str, CaseImage]:
    """The images as a method leaves them, by key."""
    case = planned_patient()
    heads, reasons = find_heads(case, QUICK)
    assert set(heads) == {"CT", "MR_T1"}  # the originals show their face: nothing is taken for cut
    defacing = deface(methods_of([method], {})[0], case, heads, QUICK, reasons)
    return {image.key: replace(image, image=defacing.patches[image.key].whole(image.image)) for image in case.images}


@cache
def rows_of_a_marked_ct() -> tuple[Measurement, ...]:
    ct, mr = planned_patient().images
    marked = replace(ct, defaced_before="SeriesDescription says so")
    return compare_case(replace(planned_patient(), images=(marked, mr)), ["quickshear"], QUICK).measurements


@pytest.mark.parametrize("method", ["quickshear"])
def test_a_face_that_is_cut_from_an_image_is_seen_in_the_image(method: str) -> None:
    heads, reasons = find_heads(replace(planned_patient(), images=(cut(method)["CT"],)), QUICK)
    assert heads == {}
    assert reasons["CT"].status == "no face"
    assert reasons["CT"].reason.startswith(DEFACED_BEFORE)  # measured: 62 % of the depths are air (CUT_SHARE 50 %), 0 before


def test_an_image_whose_face_is_cut_is_told_beside_one_that_shows_it() -> None:
    ct, mr = planned_patient().images
    for images, key in (((ct, cut("quickshear")["MR_T1"]), "MR_T1"), ((cut("quickshear")["CT"], mr), "CT")):
        heads, reasons = find_heads(replace(planned_patient(), images=images), QUICK)
        assert set(heads) == {"CT", "MR_T1"} - {key}
        assert reasons[key].status == "no face"
        assert reasons[key].reason.startswith(DEFACED_BEFORE)


def test_a_marked_image_has_rows_with_the_reason_and_the_others_go_on() -> None:
    success = {row.image: row for row in rows_of_a_marked_ct() if row.metric == "success"}
    assert success["CT"].status == "no face"
    assert f"{DEFACED_BEFORE} (SeriesDescription says so)" in success["CT"].note
    assert (success["MR_T1"].status, success["MR_T1"].defaced) == ("ok", 1.0)
    assert not [row for row in rows_of_a_marked_ct() if row.status == "failed"]


def test_the_dose_of_a_marked_ct_is_edited_with_the_image_that_shows_the_face() -> None:
    (dose,) = (row for row in rows_of_a_marked_ct() if row.metric == "success" and row.image == "DOSE")
    assert dose.status in ("ok", "no face")


def test_a_patient_of_whom_every_image_was_defaced_is_told_in_one_sentence(tmp_path: Path) -> None:
    marked = tuple(replace(image, defaced_before="DeidentificationMethod says so") for image in planned_patient().images)
    report = compare_case(replace(planned_patient(), images=marked), ["quickshear"], QUICK)
    assert nothing_defaced(report) == f"nothing was defaced: {DEFACED_BEFORE} (DeidentificationMethod says so)"
    assert f"CT: {DEFACED_BEFORE} (DeidentificationMethod says so)" in report.notes
