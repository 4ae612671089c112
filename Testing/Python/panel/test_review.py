"""Visual review in the panel: twenty cases by keys, by mouse, blinded, killed and resumed, into the side-by-side views."""

from __future__ import annotations

import csv
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from deface_compare.cohort.decision import FAIL, PASS, UNSURE
from deface_compare.cohort.review import Review, read_decisions
from panel_host import ROOT, click, load_ct, press, show_tab_of, spin
from review_study import METHODS, opened, volumes, write_study
from views_on_screen import listed, settle

slicer = pytest.importorskip("slicer", reason="slicer-core is not installed (pip install .[slicer])")
pytestmark = [pytest.mark.slicer_core, pytest.mark.xdist_group("panel")]


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """A study's output of twenty cases; the first's and the third's originals are there, the second's is gone."""
    out = write_study(tmp_path, cases=20, looked_at=(1, 3))
    with (out / "identifiable" / "key.csv").open("a", newline="") as stream:
        csv.writer(stream).writerow(("case-002", "P2", "/gone"))
    return out


def test_twenty_cases_are_reviewed_by_keys_alone_and_every_answer_is_on_disk_at_once(panel: Any, study: Path) -> None:
    ui = opened(panel, study)
    assert ui.placeLabel.text == "1 of 20; 0 finished"
    file = study / "identifiable" / "review.csv"
    for case in range(20):
        for answer, key in ((PASS, "P"), (UNSURE, "U"), (FAIL, "F"), (PASS, "P")):
            press(ui.reviewTable, key)
            said = [d for d in read_decisions(file) if d.case == f"case-{case + 1:03d}"]
            assert answer in (said[-1].face_gone, said[-1].data_whole)
        press(ui.reviewTable, "N")
    decisions = read_decisions(file)
    assert len(decisions) == 40
    assert {(d.method, d.face_gone, d.data_whole) for d in decisions} == {
        ("quickshear", PASS, UNSURE),
        ("surface_blur", FAIL, PASS),
    }
    assert ui.placeLabel.text == "20 of 20; 20 finished"
    assert file.stat().st_mode & 0o077 == 0 or file.parent.stat().st_mode & 0o077 == 0
    press(ui.reviewTable, "B")
    assert ui.placeLabel.text == "19 of 20; 20 finished"


def test_at_400_pixels_both_questions_are_seen_beside_long_names_without_scrolling_sideways(
    panel: Any, panel_widget: Any, study: Path
) -> None:
    size = panel_widget.parent.size
    show_tab_of(panel.ui.reviewTable)
    panel_widget.parent.resize(400, size.height())
    settle()
    for report in study.glob("cases/*/case_report.json"):
        report.write_text(report.read_text().replace(METHODS["quickshear"], "Biometric_mask (ours, from its description)"))
    table = opened(panel, study).reviewTable
    settle()
    assert table.item(0, 0).text() == "Biometric_mask (ours, from its description)"
    assert table.horizontalScrollBar().maximum == 0
    assert sum(table.columnWidth(column) for column in range(3)) < table.viewport().width
    panel_widget.parent.resize(size)


def test_answers_by_mouse_land_on_the_chosen_question_and_can_be_changed(panel: Any, study: Path) -> None:
    ui = opened(panel, study)
    ui.reviewTable.setCurrentCell(1, 2)
    click(ui.failButton)
    (said,) = read_decisions(study / "identifiable" / "review.csv")
    assert (said.method, said.face_gone, said.data_whole) == ("surface_blur", "", FAIL)
    ui.reviewTable.setCurrentCell(1, 2)
    click(ui.passButton)
    (said,) = read_decisions(study / "identifiable" / "review.csv")
    assert said.data_whole == PASS
    click(ui.nextButton)
    assert ui.placeLabel.text.startswith("2 of 20")
    click(ui.previousButton)
    assert ui.reviewTable.item(1, 2).text() == PASS
    assert not ui.previousButton.enabled


def test_a_comment_is_typed_into_its_cell_and_its_letters_answer_nothing(panel: Any, study: Path) -> None:
    import qt

    ui = opened(panel, study)
    ui.reviewTable.setCurrentCell(0, 3)
    ui.reviewTable.editItem(ui.reviewTable.item(0, 3))
    (editor,) = ui.reviewTable.findChildren(qt.QtWidgets.QLineEdit)
    for letter in "PUFF":
        press(editor, letter)
    press(editor, "Return")
    slicer.app.processEvents()
    (said,) = read_decisions(study / "identifiable" / "review.csv")
    assert (said.comment, said.face_gone, said.data_whole) == ("puff", "", "")


def test_blinded_methods_have_letters_in_an_order_that_the_seed_decides(panel: Any, study: Path) -> None:
    ui = opened(panel, study, blinded=True)
    orders = []
    for _ in range(20):
        names = [ui.reviewTable.item(row, 0).text() for row in range(ui.reviewTable.rowCount)]
        assert names == ["Method A", "Method B"]
        orders.append(tuple(panel.review.review.order()))
        press(ui.reviewTable, "N")
    assert len(set(orders)) == 2
    second = Review(study, "CD", blinded=True, seed=1)
    assert orders == [tuple(second.order(case)) for case in second.cases]
    texts = [ui.reviewTable.item(row, column).text() for row in range(2) for column in range(4)]
    assert not [text for text in texts if "shear" in text or "blur" in text]


def test_a_review_that_was_killed_resumes_at_the_first_open_question(panel: Any, study: Path) -> None:
    program = f"""
import os, sys
sys.path.insert(0, {str(ROOT / "DefaceCompare")!r})
from pathlib import Path
from deface_compare.cohort.review import Review
review = Review(Path({str(study)!r}), "AB")
for case in range(5):
    for method in review.order():
        for question in ("face_gone", "data_whole"):
            if case == 4 and method == "surface_blur" and question == "data_whole":
                os.kill(os.getpid(), 9)
            review.answer(method, question, "pass")
    review.go(1)
"""
    killed = subprocess.run([sys.executable, "-c", program], check=False)
    assert killed.returncode == -9
    ui = opened(panel, study)
    assert ui.placeLabel.text == "5 of 20; 4 finished"
    assert (ui.reviewTable.currentRow(), ui.reviewTable.currentColumn()) == (1, 2)
    press(ui.reviewTable, "P")
    assert ui.placeLabel.text == "5 of 20; 5 finished"


def test_a_case_is_shown_in_the_views_under_its_labels_and_leaves_the_scene_with_the_next(panel: Any, study: Path) -> None:
    ui = opened(panel, study, blinded=True)
    click(ui.reviewShowButton)
    assert slicer.app.shown_messages == []
    assert ui.sideBySideButton.checked
    labels = listed(ui.methodList)
    assert labels == ["Method A", "Method B"]
    assert volumes() == ["case-001 CT", "case-001 Method A", "case-001 Method B"]
    press(ui.reviewTable, "N")
    assert volumes() == []
    assert not ui.sideBySideButton.checked
    assert "The original of case-002 is not where it was compared from" in ui.placeLabel.text
    assert slicer.app.shown_messages == []
    click(ui.reviewShowButton)
    (told,) = slicer.app.shown_messages
    assert told.startswith("The original of case-002")


def test_views_that_are_on_follow_the_reviewer_and_go_with_the_scene(panel: Any, study: Path) -> None:
    ui = opened(panel, study)
    (study / "cases" / "case-002").rename(study / "case-002")
    click(ui.reviewButton)
    click(ui.reviewShowButton)
    press(ui.reviewTable, "N")
    spin(lambda: volumes() == ["case-003 CT", *(f"case-003 {title}" for title in METHODS.values())])
    assert ui.sideBySideButton.checked
    slicer.mrmlScene.Clear()
    assert volumes() == []
    assert not ui.sideBySideButton.checked


def test_a_comparison_that_ends_during_a_review_leaves_the_reviewed_case_in_the_views(
    panel: Any, study: Path, child: Callable[[str], Path]
) -> None:
    child("finishes")
    panel.ui.ctSelector.setCurrentNode(load_ct())
    ui = opened(panel, study)
    click(ui.reviewShowButton)
    before = listed(ui.methodList)
    skins = skin_names()
    click(ui.compareButton)
    spin(lambda: not panel.running)
    assert panel.results.rows
    assert listed(ui.methodList) == before
    assert skin_names() == skins
    assert all("case-001" in name for name in skins)


def skin_names() -> list[str]:
    """Names of the skin models."""
    count = slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLModelNode")
    names = [slicer.mrmlScene.GetNthNodeByClass(index, "vtkMRMLModelNode").GetName() for index in range(count)]
    return [name for name in names if name.startswith("skin of")]


def test_patients_that_were_not_compared_yet_can_be_chosen_for_compare(panel: Any, tmp_path: Path) -> None:
    for name in ("anna", "bert"):
        (tmp_path / "patients" / name).mkdir(parents=True)
    ui = opened(panel, tmp_path / "patients")
    assert ui.placeLabel.text.startswith("1 of 2")
    assert not ui.passButton.enabled
    click(ui.nextButton)
    click(ui.reviewShowButton)
    assert ui.casePathEdit.currentPath == str(tmp_path / "patients" / "bert")
    assert panel.case.from_folder
    press(ui.reviewTable, "P")
    assert not (tmp_path / "patients" / "identifiable").exists()


def test_no_name_and_a_wrong_folder_are_refused_in_one_sentence(panel: Any, study: Path, tmp_path: Path) -> None:
    ui = panel.ui
    ui.reviewPathEdit.currentPath, ui.reviewerLineEdit.text = str(study), " "
    panel.review.start()
    ui.reviewPathEdit.currentPath, ui.reviewerLineEdit.text = str(tmp_path / "nowhere"), "AB"
    panel.review.start()
    assert slicer.app.shown_messages == [
        "Give your name or initials: every decision is kept with its reviewer.",
        f"{tmp_path / 'nowhere'} is not a folder; give a study's output or a folder of patients",
    ]
    assert not ui.reviewCaseWidget.visible


def test_a_disk_that_refuses_is_told_and_the_table_shows_what_is_kept(
    panel: Any, study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import deface_compare.cohort.review

    ui = opened(panel, study)
    press(ui.reviewTable, "P")

    def full(*given: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(deface_compare.cohort.review, "write_table", full)
    press(ui.reviewTable, "F")
    assert slicer.app.shown_messages == ["The answer could not be saved: No space left on device"]
    assert [ui.reviewTable.item(0, column).text() for column in (1, 2)] == [PASS, ""]
