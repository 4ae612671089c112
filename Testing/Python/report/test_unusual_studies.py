"""Studies that few people have: each page is whole, and says of every method what is known, no more."""

from __future__ import annotations

import math
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

import made_study
from deface_compare.cohort.reidentification.summary import SCORES
from deface_compare.measurement import Measurement
from deface_compare.output.folder import OutputFolder
from deface_compare.privacy.face_prints import load_face_prints, save_face_prints
from deface_compare.report.answer_section import Card, cards
from deface_compare.study.pool import pool, pool_cases
from made_study import METHODS, change_rows, failed_rows, make_out

Change = Callable[[list[Measurement]], list[Measurement]]
CASES = 5


def failed(*methods: str) -> Change:
    """The rows as they are if these methods failed on every patient."""
    return lambda rows: [new for row in rows for new in (failed_rows([row]) if row.method in methods else [row])]


def dose_only(rows: list[Measurement]) -> list[Measurement]:
    return [row for row in rows if row.domain == "dose"]


def relative(rows: list[Measurement]) -> list[Measurement]:
    return [replace(row, unit="relative") if row.domain == "dose" else row for row in rows]


def no_structures(rows: list[Measurement]) -> list[Measurement]:
    return [row for row in rows if not row.structure]


def pooled(out: Path, change: Change) -> tuple[dict[str, Card], str]:
    """The cards by method, and the page."""
    report = pool([change_rows(make_out(out, CASES, synthetic=False, images=("CT",)), change)], out)
    made = zip(report.answer.facts, cards(report.answer, {}), strict=True)
    return {facts.arm.method: card for facts, card in made}, (out / "report.html").read_text(encoding="utf-8")


def test_the_card_of_a_method_that_failed_on_all_says_not_measured_and_never_none(tmp_path: Path) -> None:
    found, page = pooled(tmp_path / "out", failed("average_face"))
    card = found["average_face"]
    assert (card.no_organs, card.dose, card.dose_detail) == ("not measured", "", "not measured")
    assert (card.beyond, card.beyond_detail) == ("", "not measured")
    assert (card.worked, card.rests) == (f"0/{CASES}", f"no figures of organs and dose; did not work on {CASES}")
    assert found["quickshear"].dose.endswith(" Gy")
    assert not re.search(r"–</b> (patients|scans)", page)


def test_a_cohort_without_images_has_no_heading_that_ends_in_nothing(tmp_path: Path) -> None:
    found, page = pooled(tmp_path / "out", dose_only)
    assert {card.no_organs for card in found.values()} == {"not measured"}
    assert "<figcaption>No image" in page
    assert not re.search(r">On\s*<", page)
    assert "those of no image" not in page


def test_a_relative_dose_is_not_called_no_dose(tmp_path: Path) -> None:
    found, page = pooled(tmp_path / "out", relative)
    assert {card.dose_detail for card in found.values()} == {"dose is relative, not in Gy"}
    assert "ΔDmean, relative" in page


def test_a_cohort_without_structures_says_that_no_organ_was_measured(tmp_path: Path) -> None:
    found, _ = pooled(tmp_path / "out", no_structures)
    assert {(card.no_organs, card.dose_detail) for card in found.values()} == {("not measured", "no dose")}


def test_the_face_model_is_that_of_the_first_case_that_has_a_score(tmp_path: Path) -> None:
    out = change_rows(make_out(tmp_path / "out", 6, images=("CT",)), list, {"case-001": "none"})
    report = pool([out], out)
    assert report.manifest["face_model"]["name"] == report.answer.model == "SFace"
    assert "linked by  " not in report.answer.sentence


def test_an_mr_cohort_has_no_button_in_hounsfield_units(tmp_path: Path) -> None:
    out = make_out(tmp_path / "out", 6, images=("MR_T1",))
    pool([out], out)
    page = (out / "report.html").read_text(encoding="utf-8")
    assert '"title":"intensity"' in page
    assert '"title":"HU"' not in page


def test_a_method_that_was_never_run_on_a_patient_did_not_fail_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = make_out(tmp_path / "one", 6, images=("MR_T1",))
    monkeypatch.setattr(made_study, "METHODS", ("tool",))
    monkeypatch.setitem(made_study.LIKENESS, "tool", 0.1)
    monkeypatch.setitem(made_study.ALTERED_PERCENT, "tool", {"Parotid_L": 9.0})
    other = make_out(tmp_path / "other", 7, seed=2, images=("MR_T1",))
    report = pool([one, other], tmp_path / "out")
    scans = {facts.arm.method: (facts.recognised.n, facts.recognised.undefaced) for facts in report.answer.facts}
    assert scans == {**dict.fromkeys(METHODS, (6, 0)), "tool": (7, 0)}
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "here are 0 on whom both succeeded" in page
    assert "[–," not in page  # the difference is not available, and no empty interval


def test_a_method_that_succeeded_on_nobody_has_no_rank_of_undefaced_scans(tmp_path: Path) -> None:
    out = change_rows(make_out(tmp_path / "out", 2 * CASES, images=("CT",)), failed("average_face"))
    for path in (out / "identifiable" / "face_prints").glob("*.npz"):
        prints = load_face_prints(path)
        kept = {key: each for key, each in prints.prints.items() if key[1] != "average_face"}
        save_face_prints(path, replace(prints, prints=kept))
    firsts = {}
    for row in pool([out], out).summary:
        if row.method == "average_face" and row.metric in SCORES:
            firsts.setdefault(row.metric, row)
    assert set(firsts) == set(SCORES)
    assert all(math.isnan(row.value) for row in firsts.values())


def test_a_study_that_shrinks_to_one_case_leaves_no_table_and_no_page_of_the_others(tmp_path: Path) -> None:
    out = make_out(tmp_path / "out", CASES, images=("CT",))
    pool([out], out)
    folder = OutputFolder(out)
    assert folder.summary.is_file()
    assert folder.face_page.is_file()
    for case in folder.finished_cases()[1:]:
        shutil.rmtree(case)
    pool_cases(out, ["case-001"], {}, alone=True)
    assert not folder.summary.exists()
    assert not folder.face_page.exists()
