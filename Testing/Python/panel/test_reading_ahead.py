"""A reviewed case is read and drawn in a process of its own: Slicer does not stand still, and nobody sees the case before."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from panel_host import alive, click, install_launcher, press, spin
from review_study import opened, volumes, write_study
from views_on_screen import layout, seen, settle, skin_meshes

slicer = pytest.importorskip("slicer", reason="slicer-core is not installed (pip install .[slicer])")
pytestmark = [pytest.mark.slicer_core, pytest.mark.xdist_group("panel")]

FACE = 0
"""Place of *One face* in the list of arrangements."""


@pytest.fixture
def ui(panel: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Three cases to be reviewed, and a PythonSlicer that runs this Python."""
    install_launcher(tmp_path, monkeypatch, f'"{sys.executable}" "$@"')
    panel.ui.arrangementComboBox.setCurrentIndex(FACE)
    panel.ui.wipeSlider.value = 100
    return opened(panel, write_study(tmp_path, cases=3, looked_at=(1, 2, 3), eye=True))


def face_is(name: str) -> bool:
    """Whether a person sees one face alone, the skin of this volume."""
    there = skin_meshes()
    shown = seen("DefaceFace") if name in there else []
    return len(shown) == 1 and np.array_equal(shown[0], there[name])


def process_ids(panel: Any) -> set[int]:
    """The processes that read for the panel."""
    run = panel.review._volumes._next._run
    return set(run._process_ids) if run is not None else set()


def folders() -> list[Path]:
    """What lies in Slicer's temporary folder."""
    return list(Path(slicer.app.temporaryPath).iterdir())


def shown_now() -> dict[str, Any]:
    """Skins and voxels of the case in the scene."""
    return {
        **skin_meshes(),
        **{f"voxels of {name}": slicer.util.arrayFromVolume(slicer.util.getNode(name)) for name in volumes()},
    }


def test_a_case_comes_from_another_process_as_it_would_have_been_read_here(
    panel: Any, ui: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from DefaceCompareLib.panel.views.arrangements import is_ours

    click(ui.reviewShowButton)
    assert ui.placeLabel.text.endswith("The faces are loaded …")
    assert volumes() == []
    assert is_ours(layout())  # on the screen already: bringing it there takes longer than filling it
    slicer.app.processEvents()
    assert seen("DefaceFace") == []  # nor the last patient's, whose picture the view still has
    spin(lambda: face_is("case-001 CT"))
    (segmentation,) = slicer.util.getNodesByClass("vtkMRMLSegmentationNode")
    beside = shown_now()
    panel.review.close()
    monkeypatch.setenv("PATH", "")
    click(ui.reviewShowButton)
    here = shown_now()
    assert list(here) == list(beside)
    assert all(np.array_equal(here[name], beside[name]) for name in here)
    assert segmentation.GetName() == "case-001 structures"


def test_n_shows_the_case_that_was_read_ahead_at_once_and_nothing_is_left_behind(panel: Any, ui: Any) -> None:
    click(ui.reviewShowButton)
    for number in (2, 3):
        spin(lambda: panel.review._volumes._next._loaded.complete)
        press(ui.reviewTable, "N")
        spin(lambda number=number: face_is(f"case-00{number} CT"))
        spin(lambda number=number: all(name.startswith(f"case-00{number}") for name in volumes()))
        assert face_is(f"case-00{number} CT")  # still, when the case before has gone
    spin(lambda: folders() == [])
    assert [name for name in volumes() if not name.startswith("case-003")] == []


def test_while_a_case_is_on_its_way_the_views_show_nothing_of_the_one_before(panel: Any, ui: Any) -> None:
    click(ui.reviewShowButton)
    spin(lambda: face_is("case-001 CT"))
    ours = layout()
    press(ui.reviewTable, "N")  # the process has just begun
    settle()
    assert (volumes(), skin_meshes(), seen("DefaceFace")) == ([], {}, [])
    assert layout() == ours
    ui.frontButton.click()  # whoever plays with the empty view
    ui.wipeSlider.value = 30
    ui.flickerButton.click()
    ui.wipeSlider.value = 100
    press(ui.reviewTable, "P")  # answers are taken all the same
    assert ui.reviewTable.item(0, 1).text() == "pass"
    press(ui.reviewTable, "N")  # on, before it came
    spin(lambda: face_is("case-003 CT"))
    assert all(name.startswith("case-003") for name in volumes())


def test_closing_the_scene_ends_the_process_and_removes_what_it_has_read(panel: Any, ui: Any) -> None:
    click(ui.reviewShowButton)
    spin(lambda: process_ids(panel) != set())
    (process,) = process_ids(panel)
    slicer.mrmlScene.Clear()
    spin(lambda: not alive(process))
    assert folders() == []
    settle()
    assert volumes() == []


def test_a_case_that_cannot_be_read_is_told_in_its_own_sentence(panel: Any, ui: Any, tmp_path: Path) -> None:
    (tmp_path / "study" / "cases" / "case-002" / "quickshear" / "CT.nrrd").write_bytes(b"NRRD0004\n")
    click(ui.reviewShowButton)
    spin(lambda: face_is("case-001 CT"))
    press(ui.reviewTable, "N")
    spin(lambda: "damaged: compare again" in ui.placeLabel.text)
    assert volumes() == []
    assert folders() == []


def test_a_process_that_has_told_all_is_not_waited_for(panel: Any, ui: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from DefaceCompareLib.panel.child_run import ChildRun

    waited: list[ChildRun] = []
    really = ChildRun.abandon
    monkeypatch.setattr(ChildRun, "abandon", lambda run: (waited.append(run), really(run))[1])
    click(ui.reviewShowButton)
    spin(lambda: face_is("case-001 CT"))
    for number in (2, 3):
        press(ui.reviewTable, "N")
        spin(lambda number=number: face_is(f"case-00{number} CT"))
    assert waited == []
    spin(lambda: folders() == [])


def test_a_file_in_the_folder_that_slicer_was_started_from_is_not_taken_for_a_module(
    panel: Any, ui: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "started from").mkdir()
    (tmp_path / "started from" / "json.py").write_text("raise SystemExit('the wrong module')\n")
    monkeypatch.chdir(tmp_path / "started from")
    click(ui.reviewShowButton)
    spin(lambda: face_is("case-001 CT"))
    assert slicer.app.shown_messages == []
