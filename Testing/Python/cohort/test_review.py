"""Visual quality control without Slicer: order, resuming, saving, agreement."""

from __future__ import annotations

import math
import os
import random
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from deface_compare.cohort.catch_trials import CatchTrials, catch_trials, has_catch_trial, without_catch_trials
from deface_compare.cohort.decision import ANSWERS, FAIL, ORIGINAL, PASS, QUESTIONS, UNSURE
from deface_compare.cohort.review import Review, cohen_kappa, read_decisions, review_cases
from deface_compare.errors import UnusableInput
from made_report import write_made_report
from places import MODULE

METHODS = ("quickshear", "biometric_mask", "average_face", "surface_blur")


def study_output(folder: Path, cases: int) -> Path:
    """An output folder as a study leaves it, as far as a review reads it."""
    for number in range(1, cases + 1):
        case = folder / "cases" / f"case-{number:03d}"
        case.mkdir(parents=True)
        told = {key: {"title": f"Title of {key}", "images": {"MR_T1": {}, "CT": {}}} for key in METHODS}
        told["failed_one"] = {"title": "Failed", "images": {}}
        write_made_report(case, told, ("CT", "MR_T1"))
    return folder


def answer_all(review: Review, answer: str = PASS) -> None:
    """Answer every question of the present case."""
    for method in review.order():
        for question in QUESTIONS:
            review.answer(method, question, answer)


def test_a_study_is_listed_with_the_methods_that_gave_an_image(tmp_path: Path) -> None:
    cases = review_cases(study_output(tmp_path, 3))
    assert [case.id for case in cases] == ["case-001", "case-002", "case-003"]
    assert sorted(cases[0].titles) == sorted(METHODS)
    assert cases[0].image == "CT"


def test_a_folder_of_patients_is_listed_without_questions(tmp_path: Path) -> None:
    for name in ("p2", "p1", ".hidden"):
        (tmp_path / name).mkdir()
    cases = review_cases(tmp_path)
    assert [(case.id, dict(case.titles)) for case in cases] == [("p1", {}), ("p2", {})]
    review = Review(tmp_path, "AB")
    assert (review.place(), review.done()) == ("1 of 2", 0)


def test_an_empty_folder_and_a_review_without_a_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnusableInput, match="neither finished cases"):
        review_cases(tmp_path)
    with pytest.raises(UnusableInput, match="name or initials"):
        Review(study_output(tmp_path, 1), "  ")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no modes of files")
def test_every_answer_is_on_disk_at_once_and_for_its_owner_only(tmp_path: Path) -> None:
    review = Review(study_output(tmp_path, 2), "AB")
    review.answer("quickshear", "face_gone", "fail")
    file = tmp_path / "identifiable" / "review.csv"
    (decision,) = read_decisions(file)
    assert (decision.reviewer, decision.case, decision.method, decision.image) == ("AB", "case-001", "quickshear", "CT")
    assert (decision.face_gone, decision.data_whole, decision.complete) == ("fail", "", False)
    assert decision.time.endswith("+00:00")
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    review.comment("quickshear", "left ear,\nstill there")
    review.answer("quickshear", "face_gone", "unsure")
    (decision,) = read_decisions(file)
    assert (decision.face_gone, decision.comment) == ("unsure", "left ear, still there")
    assert [path.name for path in file.parent.iterdir()] == ["review.csv"]


def test_a_killed_review_resumes_at_its_first_open_case_with_all_that_was_said(tmp_path: Path) -> None:
    out = study_output(tmp_path, 5)
    program = (
        "import os, sys; from pathlib import Path; from deface_compare.cohort.review import Review\n"
        "review = Review(Path(sys.argv[1]), 'AB', blinded=True)\n"
        "for method in review.order(): review.answer(method, 'face_gone', 'pass'); review.answer(method, 'data_whole', 'pass')\n"
        "review.go(1); review.answer(review.order()[0], 'face_gone', 'fail'); os._exit(9)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(MODULE)}
    ended = subprocess.run([sys.executable, "-c", program, str(out)], env=environment, check=False)
    assert ended.returncode == 9
    resumed = Review(out, "AB", blinded=True)
    assert (resumed.place(), resumed.done()) == ("2 of 5", 1)
    assert resumed.decision(resumed.order()[0]).face_gone == "fail"


def test_two_reviewers_write_one_file_without_losing_a_word(tmp_path: Path) -> None:
    out = study_output(tmp_path, 1)
    first, second = Review(out, "AB"), Review(out, "CD")
    for method in METHODS:
        first.answer(method, "face_gone", "pass")
        second.answer(method, "face_gone", "fail")
    decisions = read_decisions(out / "identifiable" / "review.csv")
    assert {(d.reviewer, d.face_gone) for d in decisions} == {("AB", "pass"), ("CD", "fail")}
    assert len(decisions) == 2 * len(METHODS)


def test_blinded_methods_are_shuffled_by_case_and_the_same_again(tmp_path: Path) -> None:
    out = study_output(tmp_path, 97)
    review = Review(out, "AB", blinded=True, seed=7)
    orders = [tuple(review.order(case)) for case in review.cases]
    assert all(sorted(order) == sorted(METHODS) for order in orders)
    assert orders == [tuple(Review(out, "CD", blinded=True, seed=7).order(case)) for case in review.cases]
    assert orders != [tuple(Review(out, "AB", blinded=True, seed=8).order(case)) for case in review.cases]
    firsts = [orders.count(order) for order in set(orders)]
    assert len(firsts) >= 20  # of 24 possible orders; 24 with this seed
    assert max(firsts) <= 12  # 97 / 24 = 4 expected; 9 with this seed
    assert [review.label(method) for method in review.order()] == ["Method A", "Method B", "Method C", "Method D"]
    assert not any(title in review.label(method) for method in METHODS for title in ("quickshear", "Title"))
    assert review.go_to(33).id == "case-034"
    assert review.place() == "34 of 97"
    assert (review.go(-99).id, review.go(500).id) == ("case-001", "case-097")


def test_catch_trials_are_at_the_rate_that_is_set_the_same_for_all_reviewers_and_move_no_other_letter(tmp_path: Path) -> None:
    out = study_output(tmp_path, 200)
    plain = Review(out, "AB", blinded=True, seed=3)
    found: list[set[str]] = []
    for rate in (0.1, 0.5, 1.0):
        review, second = (Review(out, name, blinded=True, seed=3, catch_rate=rate) for name in ("AB", "CD"))
        orders = [review.order(case) for case in review.cases]
        assert orders == [second.order(case) for case in second.cases]
        assert [[key for key in order if key != ORIGINAL] for order in orders] == [plain.order(case) for case in plain.cases]
        with_trial = {case.id for case, order in zip(review.cases, orders, strict=True) if ORIGINAL in order}
        spread = 3.0 * math.sqrt(200 * rate * (1.0 - rate))
        assert abs(len(with_trial) - 200 * rate) <= spread  # binomial, three standard deviations
        found.append(with_trial)
    assert found[0] < found[1] < found[2]
    places = {order.index(ORIGINAL) for order in orders}
    assert places == set(range(len(METHODS) + 1))
    assert not any(ORIGINAL in Review(out, "AB", seed=3, catch_rate=1.0).order(case) for case in review.cases)  # not blinded


@pytest.mark.parametrize("rate", [-0.1, 1.1])
def test_a_rate_of_catch_trials_that_is_no_share_is_refused(rate: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        has_catch_trial("case-001", rate, 1)


def test_a_case_is_finished_when_its_catch_trial_is_answered_too_and_the_answers_are_counted_apart(tmp_path: Path) -> None:
    out = study_output(tmp_path, 3)
    review = Review(out, "AB", blinded=True, catch_rate=1.0)
    for position, answer in enumerate((FAIL, PASS, UNSURE)):
        case = review.go_to(position)
        for method in METHODS:
            for question in QUESTIONS:
                review.answer(method, question, PASS)
        assert not review.is_complete(case)
        review.answer(ORIGINAL, "face_gone", answer)
        review.answer(ORIGINAL, "data_whole", PASS)
        assert review.is_complete(case)
    decisions = read_decisions(out / "identifiable" / "review.csv")
    assert catch_trials(decisions) == [CatchTrials("AB", caught=1, missed=1, unsure=1)]
    assert catch_trials(decisions)[0].shown == 3
    assert {each.method for each in without_catch_trials(decisions)} == set(METHODS)
    with pytest.raises(ValueError, match="did not run"):
        Review(out, "CD", blinded=True).answer(ORIGINAL, "face_gone", PASS)


def test_a_finished_review_says_so(tmp_path: Path) -> None:
    review = Review(study_output(tmp_path, 3), "AB")
    for position in range(3):
        review.go_to(position)
        answer_all(review)
    assert review.done() == 3
    assert Review(tmp_path, "AB").place() == "3 of 3"


def test_a_foreign_or_damaged_file_is_refused_and_left_alone(tmp_path: Path) -> None:
    out = study_output(tmp_path, 1)
    file = out / "identifiable" / "review.csv"
    file.parent.mkdir()
    file.write_text("name,colour\nx,red\n")
    with pytest.raises(UnusableInput, match="not a review"):
        Review(out, "AB")
    assert file.read_text() == "name,colour\nx,red\n"
    file.write_text("reviewer,time,case,method,image,face_gone,data_whole,comment\nAB,,case-001,quickshear,CT,maybe,,\n")
    with pytest.raises(UnusableInput, match="'maybe' is no answer"):
        Review(out, "AB")


def test_cohens_kappa_is_that_of_scikit_learn() -> None:
    metrics = pytest.importorskip("sklearn.metrics", reason="scikit-learn is not installed")
    draw = random.Random(1)
    for n in (5, 40, 200):
        for spread in (0.1, 0.5, 0.9):
            first = [draw.choice(ANSWERS) for _ in range(n)]
            second = [draw.choice(ANSWERS) if draw.random() < spread else answer for answer in first]
            assert cohen_kappa(first, second) == pytest.approx(metrics.cohen_kappa_score(first, second), abs=1e-12)


def test_cohens_kappa_of_the_textbook_table() -> None:
    first = ["pass"] * 25 + ["fail"] * 25
    second = ["pass"] * 20 + ["fail"] * 5 + ["pass"] * 10 + ["fail"] * 15
    assert cohen_kappa(first, second) == pytest.approx(0.4)
    assert cohen_kappa(["pass", "fail"], ["pass", "fail"]) == 1.0
    assert math.isnan(cohen_kappa(["pass"], ["pass"]))
    assert math.isnan(cohen_kappa([], []))
