"""The review's pace: the list with its letters and faces, the next case loaded beforehand, going on by itself, catch trials."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from deface_compare.cohort.catch_trials import catch_trials
from deface_compare.cohort.decision import FAIL, ORIGINAL, PASS
from deface_compare.cohort.review import read_decisions
from panel_host import click, press, spin
from review_study import METHODS, opened, write_study
from views_on_screen import listed, seen, skin_meshes

slicer = pytest.importorskip("slicer", reason="slicer-core is not installed (pip install .[slicer])")
pytestmark = [pytest.mark.slicer_core, pytest.mark.xdist_group("panel")]

ROOM_PIXELS = (413, 630)
"""What Slicer 5.12.3 leaves a module in a window of 1280 × 800 (help and data probe folded)."""
FACE = 0
"""Place of *One face* in the list of arrangements."""


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """Three cases whose originals are there."""
    return write_study(tmp_path, cases=3, looked_at=(1, 2, 3))


def loaded_beforehand(panel: Any) -> int:
    """How many skins of the next case are drawn already."""
    loaded = panel.review._volumes._next._loaded
    return len(loaded.surfaces)


def face_is(name: str) -> bool:
    """Whether a person sees one face alone, the skin of this volume."""
    shown = seen("DefaceFace")
    return len(shown) == 1 and np.array_equal(shown[0], skin_meshes()[name])


def test_the_questions_and_their_answers_are_in_sight_in_a_window_of_1280_by_800(
    panel: Any, panel_widget: Any, study: Path
) -> None:
    import qt

    parent, size = panel_widget.parent, panel_widget.parent.size
    parent.resize(*ROOM_PIXELS)
    try:
        ui = opened(panel, study)
        slicer.app.processEvents()
        area = ui.reviewScrollArea
        for widget in (ui.reviewTable, ui.passButton, ui.failButton, ui.unsureButton):
            bottom = widget.mapTo(area.widget(), qt.QPoint(0, widget.height)).y() - area.verticalScrollBar().value
            assert 0 < bottom <= area.viewport().height, widget.name
    finally:
        parent.resize(size)


def test_the_list_shows_a_letter_for_every_answer(panel: Any, study: Path) -> None:
    ui = opened(panel, study)
    assert listed(ui.reviewCasesList)[:2] == ["case-001  ·· ··", "case-002  ·· ··"]
    for key in "PFU":
        press(ui.reviewTable, key)
    assert listed(ui.reviewCasesList)[0] == "case-001  PF U·"
    press(ui.reviewTable, "P")
    assert listed(ui.reviewCasesList)[0] == "\N{CHECK MARK} case-001  PF UP"
    ui.cohortCollapsibleButton.collapsed = False
    slicer.app.processEvents()
    click(ui.reviewButton)  # opened again
    assert listed(ui.reviewCasesList)[0] == "\N{CHECK MARK} case-001  PF UP"


def test_the_list_shows_the_faces_that_the_study_has_drawn(panel: Any, study: Path) -> None:
    from deface_compare.output.folder import OutputFolder
    from deface_compare.privacy.render import write_png

    picture = OutputFolder(study).render("case-002", "CT", ORIGINAL)
    picture.parent.mkdir(parents=True)
    write_png(picture, np.full((64, 64, 3), 128, np.uint8))
    ui = opened(panel, study)
    spin(lambda: not ui.reviewCasesList.item(1).icon().isNull())
    assert ui.reviewCasesList.item(0).icon().isNull()


def test_a_case_that_is_answered_gives_way_to_the_next_if_that_is_wished(panel: Any, study: Path) -> None:
    ui = opened(panel, study, advance=True)
    for _ in range(4):
        assert ui.placeLabel.text.startswith("1 of 3")
        press(ui.reviewTable, "P")
    assert ui.placeLabel.text == "2 of 3; 1 finished"
    assert (ui.reviewTable.currentRow(), ui.reviewTable.currentColumn()) == (0, 1)
    click(ui.previousButton)
    ui.reviewTable.setCurrentCell(0, 1)
    press(ui.reviewTable, "F")  # a corrected answer leads on, too
    assert ui.placeLabel.text == "2 of 3; 1 finished"


def test_the_next_case_is_read_and_drawn_while_the_reviewer_looks_and_n_reads_nothing_more(
    panel: Any, study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from DefaceCompareLib.ahead import loaded_case

    panel.ui.arrangementComboBox.setCurrentIndex(FACE)
    ui = opened(panel, study)
    click(ui.reviewShowButton)
    spin(lambda: loaded_beforehand(panel) == 3)
    monkeypatch.setattr(loaded_case, "_read", lambda file: pytest.fail(f"{file} is read when N is pressed"))
    press(ui.reviewTable, "N")
    monkeypatch.undo()
    ui.wipeSlider.value = 100
    spin(lambda: face_is("case-002 CT"))
    spin(lambda: loaded_beforehand(panel) == 3)
    press(ui.reviewTable, "B")  # not the one that was loaded
    spin(lambda: face_is("case-001 CT"))
    assert face_is("case-001 CT")


def test_what_was_loaded_beforehand_gives_the_faces_that_loading_now_gives(panel: Any, study: Path) -> None:
    ui = opened(panel, study)
    click(ui.reviewShowButton)
    spin(lambda: loaded_beforehand(panel) == 3)
    press(ui.reviewTable, "N")
    beforehand = skin_meshes()
    panel.review.close()
    click(ui.reviewShowButton)
    now = skin_meshes()
    assert list(now) == list(beforehand)
    assert all(np.array_equal(now[name], beforehand[name]) for name in now)


def test_a_next_case_that_is_damaged_is_told_when_it_is_come_to_not_before(panel: Any, study: Path) -> None:
    (study / "cases" / "case-002" / "quickshear" / "CT.nrrd").write_bytes(b"NRRD0004\n")
    ui = opened(panel, study)
    click(ui.reviewShowButton)
    spin(lambda: panel.review._volumes._next._error is not None)
    assert "damaged" not in ui.placeLabel.text
    press(ui.reviewTable, "N")
    assert "damaged: compare again" in ui.placeLabel.text


def test_a_catch_trial_stands_among_the_blinded_methods_undefaced_and_is_kept_apart(panel: Any, study: Path) -> None:
    ui = opened(panel, study, blinded=True, catch_percent=100)
    order = panel.review.review.order()
    assert sorted(order) == sorted([*METHODS, ORIGINAL])
    assert [ui.reviewTable.item(row, 0).text() for row in range(3)] == ["Method A", "Method B", "Method C"]
    click(ui.reviewShowButton)
    place = order.index(ORIGINAL)
    original = slicer.util.getNode("case-001 CT")
    shown = slicer.util.getNode(f"case-001 Method {'ABC'[place]}")
    assert np.array_equal(slicer.util.arrayFromVolume(original), slicer.util.arrayFromVolume(shown))
    ui.reviewTable.setCurrentCell(place, 1)
    press(ui.reviewTable, "F")
    ui.reviewTable.setCurrentCell(place, 2)
    press(ui.reviewTable, "P")
    decisions = read_decisions(study / "identifiable" / "review.csv")
    assert [(each.method, each.face_gone, each.data_whole) for each in decisions] == [(ORIGINAL, FAIL, PASS)]
    assert (catch_trials(decisions)[0].caught, catch_trials(decisions)[0].shown) == (1, 1)
    ui = opened(panel, study, catch_percent=100)  # not blinded: everybody would see which it is
    assert panel.review.review.order() == list(METHODS)
