"""The export button: what it asks of the command line, the question before a risk, cancel, refusals."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from made_report import write_made_report
from panel_host import EXPORTER, alive, click, install_child, require_host, show_tab_of, spin

require_host()

import qt  # noqa: E402

slicer = pytest.importorskip("slicer", reason="slicer-core is not installed (pip install .[slicer])")
pytestmark = [pytest.mark.slicer_core, pytest.mark.xdist_group("panel")]


@pytest.fixture
def exporter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Puts a child on the PATH that keeps the contract of ``export``."""
    return lambda behaviour: install_child(tmp_path, monkeypatch, behaviour, EXPORTER)


@pytest.fixture
def ready(panel: Any, tmp_path: Path) -> Any:
    """The panel with a finished case of two methods chosen, and a new folder to write to."""
    case = tmp_path / "kept" / "cases" / "case-001"
    case.mkdir(parents=True)
    told = {key: {"title": key, "images": images} for key, images in (("quickshear", {"CT": {}}), ("average_face", {}))}
    write_made_report(case, told, ("CT",))
    show_tab_of(panel.ui.exportButton)
    panel.ui.exportCasePathEdit.currentPath = str(case)
    panel.ui.exportToPathEdit.currentPath = str(tmp_path / "dicom")
    panel.ui.exportPolicyComboBox.setCurrentIndex(2)
    slicer.app.confirms = False
    return panel


def run(panel: Any) -> None:
    """Click and wait, also for a second run that a question started."""
    click(panel.ui.exportButton)
    spin(lambda: not panel.export.running)


def asked_of_the_command(marker: Path) -> list[list[str]]:
    """The arguments of every run."""
    return [json.loads(line)["arguments"] for line in marker.read_text().splitlines()]


def test_the_reason_stands_in_the_tooltip_while_something_is_missing(panel: Any, tmp_path: Path) -> None:
    ui = panel.ui
    ui.exportCasePathEdit.currentPath = ui.exportToPathEdit.currentPath = ""
    assert ui.exportButton.toolTip == "Choose a finished case: the folder cases/… of kept results."
    ui.exportCasePathEdit.currentPath = str(tmp_path)
    assert ui.exportButton.toolTip == "This folder holds no finished case with a defaced image."
    assert not ui.exportButton.enabled


def test_only_methods_with_a_defaced_image_are_offered(ready: Any) -> None:
    combo = ready.ui.exportMethodComboBox
    assert [combo.itemText(index) for index in range(combo.count)] == ["Quickshear (ours)"]
    assert ready.ui.exportButton.enabled


def test_headers_stay_as_they_are_only_where_that_is_chosen(ready: Any, exporter: Callable[[str], Path]) -> None:
    marker = exporter("writes")
    ready.ui.exportHeadersCheckBox.setChecked(False)
    run(ready)
    ((_, _, *options),) = asked_of_the_command(marker)
    ready.ui.exportHeadersCheckBox.setChecked(True)
    assert options[options.index("--headers") + 1] == "none"


def test_the_command_gets_what_the_panel_shows_and_the_folder_appears_whole(
    ready: Any, exporter: Callable[[str], Path], tmp_path: Path
) -> None:
    marker = exporter("writes")
    run(ready)
    ((command, case, *options),) = asked_of_the_command(marker)
    assert (command, case) == ("export", ready.ui.exportCasePathEdit.currentPath)
    assert (options[options.index("--method") + 1], options[options.index("--dose-policy") + 1]) == ("quickshear", "follow")
    assert options[options.index("--headers") + 1] == "basic"
    assert "--accept-risk" not in options
    assert [path.name for path in (tmp_path / "dicom").iterdir()] == ["CT.dcm"]
    assert slicer.app.asked == []
    assert ready.ui.exportStatusLabel.text.splitlines() == [
        "Skin <PTV> (structure 3): clipped in 12 planes",
        "left behind, not defaced: 2 RTPLAN",
        f"1 verified DICOM files in {tmp_path / 'dicom'}",
    ]
    assert ready.ui.exportStatusLabel.textFormat == qt.Qt.PlainText  # a structure's name is no markup
    assert not list(tmp_path.glob(".DefaceCompare-*"))
    assert ready.ui.exportButton.toolTip == "The folder for the DICOM files is not empty: choose a new one."


@pytest.mark.parametrize("confirms", [False, True])
def test_a_risk_is_accepted_by_the_user_only(ready: Any, exporter: Callable[[str], Path], tmp_path: Path, confirms: bool) -> None:
    marker = exporter("risks")
    slicer.app.confirms = confirms
    run(ready)
    (question,) = slicer.app.asked
    assert question.startswith("CT: privacy check not assessed.")
    assert [("--accept-risk" in options) for options in asked_of_the_command(marker)] == ([False, True] if confirms else [False])
    assert (tmp_path / "dicom").exists() == confirms
    assert slicer.app.shown_messages == []
    assert not list(tmp_path.glob(".DefaceCompare-*"))


def test_the_notes_of_the_real_command_are_shown_as_it_prints_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from deface_compare.cli.main import main
    from deface_compare.export import export_case
    from DefaceCompareLib.panel.child_run import is_progress, parse_json_line
    from DefaceCompareLib.panel.export_section import what_was_written

    done = export_case.Export(tmp_path, 7, (), ("Skin (structure 3): clipped in 12 planes", "left behind, not defaced: 2 RTPLAN"))
    monkeypatch.setattr(export_case, "export_with", lambda *given: done)
    arguments = ["export", str(tmp_path), "--method", "quickshear", "--to", str(tmp_path)]
    assert main(arguments) == 0
    printed = capsys.readouterr().out
    assert main([*arguments, "--progress", "json"]) == 0
    steps = [parse_json_line(line) for line in capsys.readouterr().out.splitlines()]
    (told,) = [step for step in steps if step is not None and not is_progress(step)]
    assert what_was_written(told, tmp_path).splitlines() == printed.splitlines() == [*done.notes, printed.splitlines()[-1]]


def test_a_refusal_is_shown_and_nothing_is_written(ready: Any, exporter: Callable[[str], Path], tmp_path: Path) -> None:
    exporter("refuses")
    run(ready)
    assert slicer.app.shown_messages == ["the case was not made from DICOM"]
    assert not (tmp_path / "dicom").exists()
    assert ready.ui.exportStatusLabel.text == "Nothing was written."


def test_cancel_and_scene_close_kill_the_export_and_leave_no_file(
    ready: Any, exporter: Callable[[str], Path], tmp_path: Path
) -> None:
    marker = exporter("hangs")
    for stop in (lambda: click(ready.ui.exportCancelButton), lambda: slicer.mrmlScene.Clear()):
        click(ready.ui.exportButton)
        spin(lambda: ready.ui.exportStatusLabel.text == "writing CT")
        assert ready.ui.compareButton.toolTip == "An export is running."
        process_id = json.loads(marker.read_text().splitlines()[-1])["process"]
        stop()
        spin(lambda: not ready.export.running)
        spin(lambda process_id=process_id: not alive(process_id), seconds=1.0)
        assert not list(tmp_path.glob(".DefaceCompare-*"))
        assert not (tmp_path / "dicom").exists()
