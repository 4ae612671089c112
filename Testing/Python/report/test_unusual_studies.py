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
from deface_compare.case_report import CaseReport
from deface_compare.cohort.reidentification.summary import SCORES
from deface_compare.measurement import Measurement
from deface_compare.output.folder import OutputFolder
from deface_compare.privacy.face_prints import load_face_prints, save_face_prints
from deface_compare.report.answer_section import Card, cards
from deface_compare.settings import Tolerances
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


def remade(out: Path, change: Callable[[CaseReport], CaseReport]) -> Path:
    """The finished cases written anew as another report tells them."""
    for case in OutputFolder(out).finished_cases():
        change(CaseReport.read(case)).write(case)
    return out


def test_a_model_that_found_no_face_in_any_defaced_scan_is_told_and_not_called_none(tmp_path: Path) -> None:
    def no_face(rows: list[Measurement]) -> list[Measurement]:
        lost = {"defaced": math.nan, "status": "not available", "note": "no face detected"}
        return [replace(row, **lost) if row.metric.startswith("cosine_") else row for row in rows if row.method == "quickshear"]

    out = change_rows(make_out(tmp_path / "out", 6, images=("CT",)), no_face)
    report = pool([out], out)
    assert report.manifest["face_model"]["name"] == report.answer.model == "SFace"
    assert "  " not in report.answer.sentence
    assert "None of them" not in report.answer.sentence
    assert "costs least" not in report.answer.sentence


def test_made_up_people_among_patients_are_counted_and_not_all_called_made_up(tmp_path: Path) -> None:
    patients = make_out(tmp_path / "patients", 3, synthetic=False, images=("CT",))
    made = make_out(tmp_path / "made", 2, seed=2, synthetic=True, images=("CT",))
    report = pool([patients, made], tmp_path / "out")
    warning = "SYNTHETIC: 2 of 5 cases are made-up people"
    assert report.lines()[0].startswith(warning)
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert page.count(warning) == 2  # banner and limits
    assert pool([made], tmp_path / "alone").lines()[0].startswith("SYNTHETIC: made-up people")
    assert "SYNTHETIC" not in pool([patients], tmp_path / "none").lines()[0]


def test_cases_of_other_versions_and_settings_are_told_on_the_page_and_in_the_manifest(tmp_path: Path) -> None:
    old = make_out(tmp_path / "old", 2, synthetic=False, images=("CT",))
    new = make_out(tmp_path / "new", 3, seed=2, synthetic=False, images=("CT",))
    tolerances = Tolerances(volume_percent=20.0)
    remade(old, lambda told: replace(told, version="0.4.1", settings=replace(told.settings, tolerances=tolerances)))
    same = Tolerances(dose_gy=1)  # not another one than 1.0
    remade(new, lambda told: replace(told, version="0.4.2", settings=replace(told.settings, tolerances=same)))
    report = pool([old, new], tmp_path / "out")
    assert report.manifest["differing"] == {
        "version": {"0.4.1": 2, "0.4.2": 3},
        "tolerances.volume_percent": {"20": 2, "5": 3},
    }
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "Not all cases were made alike:</b> version 0.4.1 (2 cases), 0.4.2 (3 cases); tolerances.volume_percent" in page
    assert "tolerances are those of the first case" in page
    alike = pool([new], tmp_path / "alike")
    assert alike.manifest["differing"] == {}
    assert "made alike" not in (tmp_path / "alike" / "report.html").read_text(encoding="utf-8")


def test_a_centre_of_tables_only_is_not_said_to_be_of_this_version(tmp_path: Path) -> None:
    whole = make_out(tmp_path / "whole", 3, synthetic=False, images=("CT",))
    pool([make_out(tmp_path / "made", 3, seed=2, synthetic=False, images=("CT",))], tmp_path / "made")
    (tmp_path / "shared").mkdir()
    for name in ("measurements.csv", "notes.csv", "summary.csv"):
        shutil.copy(tmp_path / "made" / name, tmp_path / "shared" / name)
    report = pool([whole, tmp_path / "shared"], tmp_path / "out")
    assert report.manifest["differing"]["version"]["not told"] == 3


def test_a_dose_that_no_patient_loses_has_no_worst_patient(tmp_path: Path) -> None:
    found, _ = pooled(tmp_path / "out", lambda rows: [row for row in rows if row.structure in ("", "GTV")])
    assert {(card.dose, card.dose_detail, card.dose_case) for card in found.values()} == {("", "no change", "")}


def test_a_rate_of_one_scan_of_many_is_a_share_and_no_plain_no(tmp_path: Path) -> None:
    scans = iter(range(CASES))

    def all_but_one(rows: list[Measurement]) -> list[Measurement]:
        return failed("average_face")(rows) if next(scans) else rows

    _, page = pooled(tmp_path / "out", all_but_one)
    assert re.search(r"Average face[^<]*</th>\s*(<td[^>]*>.*?</td>\s*)*?<td[^>]*>[01]/1<small>", page, re.DOTALL)
    assert not re.search(r"<td[^>]*>(yes|no)</td>", page.partition('id="published"')[0])


@pytest.mark.parametrize(("cases", "word"), [(1, "patient"), (2, "patients")])
def test_one_patient_is_no_patients_on_a_card(tmp_path: Path, cases: int, word: str) -> None:
    out = make_out(tmp_path / "out", cases, synthetic=False, images=("CT",))
    pool([out], out)
    page = (out / "report.html").read_text(encoding="utf-8")
    assert f"</b> {word}<small>" in page
    assert "1/1</b> patients" not in page
    assert "1/1</b> scans" not in page
