"""The panel in the stand-in host: real module file, real .ui, real scene, real child processes; clicks by QTest."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

slicer = pytest.importorskip("slicer", reason="slicer-core is not installed (pip install .[slicer])")
pytest.importorskip(
    "PySide6.QtWidgets", reason="PySide6 is not installed, or Qt's system libraries are missing", exc_type=ImportError
)

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Testing" / "SlicerHost"))

import host  # noqa: E402
import qt  # noqa: E402
from DefaceCompareLib.defacers import REGISTRY  # noqa: E402
from DefaceCompareLib.slicer_bridge.volumes import add_volume  # noqa: E402

pytestmark = pytest.mark.slicer_core

CHILD = '''"""A child that keeps the command line's contract: steps as JSON lines, then an output folder."""
import json, os, sys, time
from pathlib import Path
sys.path.insert(0, {library!r})
import SimpleITK as sitk
from DefaceCompareLib.measurement import Scope, write_measurements
assert sys.argv[1:4] == ["-m", "DefaceCompareLib", "case"]
assert sys.argv[-1] == "--no-report"
given = dict(zip(sys.argv[5:-1:2], sys.argv[6:-1:2]))
assert given["--progress"] == "json"
case, out, methods = Path(sys.argv[4]), Path(given["--out"]), given["--methods"].split(",")
Path({marker!r}).write_text(f"{{os.getpid()}} {{case.parent}}")
print(json.dumps({{"process": os.getpid(), "done": 0, "total": len(methods), "text": "reading"}}), flush=True)
behaviour = {behaviour!r}
if behaviour == "refuses":
    print("deface-compare: case.json names an image that is not in the folder", file=sys.stderr, flush=True)
    sys.exit(2)
if behaviour == "hangs":
    time.sleep(60)
rows = []
for number, method in enumerate(methods, 1):
    (out / "cases" / "case-001" / method).mkdir(parents=True)
    sitk.WriteImage(sitk.ReadImage(str(case / "ct.nrrd")), str(out / "cases" / "case-001" / method / "CT.nrrd"))
    scope = Scope(case="case-001", method=method, variant="", fill="background", protect="none")
    rows.append(scope.row("success", defaced=1.0, image="CT"))
    rows.append(scope.row("planned_volume", original=2.5, defaced=2.5, structure="Brain"))
    print(json.dumps({{"done": number, "total": len(methods), "text": method}}), flush=True)
write_measurements(out / "cases" / "case-001" / "measurements.csv", rows)
(out / "cases" / "case-001" / "case_report.json").write_text("{{}}")
'''


@pytest.fixture(scope="session")
def module() -> Iterator[tuple[Any, Any, Any]]:
    """Qt application, panel's parent widget and module widget, loaded once."""
    application, _ = host.start()
    parent, widget = host.load_module(ROOT / "DefaceCompare" / "DefaceCompare.py")
    parent.resize(520, 860)
    parent.show()
    yield application, parent, widget
    widget.cleanup()
    parent.close()


@pytest.fixture
def panel(module: tuple[Any, Any, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The panel on an empty scene; an error in a slot, which Qt would only print, fails the test."""
    errors: list[Any] = []
    monkeypatch.setattr(sys, "excepthook", lambda kind, error, trace: errors.append(error))
    slicer.mrmlScene.Clear()
    slicer.app.shown_messages.clear()
    slicer.app.temporaryPath = str(tmp_path / "slicer")
    (tmp_path / "slicer").mkdir()
    for box in module[2].panel.ui.methodsWidget.findChildren(qt.QtWidgets.QCheckBox):
        box.checked = box.enabled
    yield module[2].panel
    assert errors == []


def spin(until: Callable[[], bool], seconds: float = 20.0) -> None:
    """Run the event loop until something is so."""
    end = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < end, "the event loop ran out of time"
        slicer.app.processEvents()
        time.sleep(0.01)


def alive(process_id: int) -> bool:
    """Whether a process still runs (a dead one that nobody has waited for does not)."""
    try:
        return Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def click(button: Any) -> None:
    """Click as a user does: on the middle of a shown widget."""
    qt.QtTest.QTest.mouseClick(button, qt.QtCore.Qt.MouseButton.LeftButton)


def load_ct() -> Any:
    """A small CT in the scene."""
    values = np.full((8, 9, 10), -1000, np.int16)
    values[2:6, 2:7, 2:8] = 40
    return add_volume(slicer.mrmlScene, sitk.GetImageFromArray(values), "planning CT")


@pytest.fixture
def child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Put a PythonSlicer on the PATH that, like Slicer's, starts the interpreter as a process of its own."""

    def install(behaviour: str) -> Path:
        marker, program = tmp_path / "child", tmp_path / "child.py"
        library = str(ROOT / "DefaceCompare")
        program.write_text(CHILD.format(library=library, marker=str(marker), behaviour=behaviour))
        launcher = tmp_path / "bin" / "PythonSlicer"
        launcher.parent.mkdir()
        launcher.write_text(f'#!/bin/sh\n"{sys.executable}" "{program}" "$@"\nexit $?\n')
        launcher.chmod(0o755)
        monkeypatch.setenv("PATH", f"{launcher.parent}{os.pathsep}{os.environ['PATH']}")
        return marker

    return install


def test_compare_says_what_is_missing_until_a_volume_is_there(panel: Any) -> None:
    button = panel.ui.compareButton
    assert not button.enabled
    assert button.toolTip == "Choose a CT or an MR volume."
    click(button)
    assert not panel.running
    panel.ui.ctSelector.setCurrentNode(load_ct())
    assert button.enabled
    boxes = panel.ui.methodsWidget.findChildren(qt.QtWidgets.QCheckBox)
    for box in boxes:
        box.checked = False
    assert (button.enabled, button.toolTip) == (False, "Tick at least one method.")
    boxes[0].checked = True
    assert button.enabled


def test_every_registered_method_has_a_box_and_says_why_if_it_cannot_run(panel: Any) -> None:
    boxes = panel.ui.methodsWidget.findChildren(qt.QtWidgets.QCheckBox)
    assert [box.text for box in boxes] == [defacer.title for defacer in REGISTRY]
    for box, defacer in zip(boxes, REGISTRY, strict=True):
        assert box.enabled == (not defacer.available())
        assert box.enabled or defacer.available() in box.toolTip


def test_a_finished_run_brings_volumes_and_tables_and_leaves_no_file(panel: Any, child: Callable[[str], Path]) -> None:
    marker = child("finishes")
    panel.ui.ctSelector.setCurrentNode(load_ct())
    click(panel.ui.compareButton)
    assert panel.ui.cancelButton.visible
    assert panel.ui.compareButton.toolTip == "A comparison is running."
    spin(lambda: not panel.running)
    assert slicer.app.shown_messages == []
    assert panel.ui.statusLabel.text == "Compared: no verdict from one case."
    volumes = [
        node for node in slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode") if node.GetAttribute("DefaceCompare.Method")
    ]
    ticked = [defacer.key for defacer in REGISTRY if not defacer.available()]
    assert [node.GetAttribute("DefaceCompare.Method") for node in volumes] == sorted(ticked)
    assert panel.ui.resultTable.model().rowCount() == 1
    assert panel.ui.resultTable.model().columnCount() == 2 + len(ticked)
    panel.ui.tableComboBox.setCurrentIndex(2)
    assert panel.ui.resultTable.mrmlTableNode().GetName() == "case-001 volume, methods side by side"
    assert not Path(marker.read_text().split()[1]).exists()
    assert list(Path(slicer.app.temporaryPath).iterdir()) == []


def test_cancel_kills_the_child_and_leaves_no_file_and_no_node(panel: Any, child: Callable[[str], Path]) -> None:
    marker = child("hangs")
    panel.ui.ctSelector.setCurrentNode(load_ct())
    before = slicer.mrmlScene.GetNumberOfNodes()
    click(panel.ui.compareButton)
    spin(lambda: panel.ui.statusLabel.text == "reading")
    process_id = int(marker.read_text().split()[0])
    click(panel.ui.cancelButton)
    spin(lambda: not panel.running)
    spin(lambda: not alive(process_id))
    assert slicer.mrmlScene.GetNumberOfNodes() == before
    assert list(Path(slicer.app.temporaryPath).iterdir()) == []
    assert panel.ui.statusLabel.text == "Cancelled. Nothing was kept."
    assert panel.ui.compareButton.enabled


def test_closing_the_scene_ends_a_running_comparison(panel: Any, child: Callable[[str], Path]) -> None:
    marker = child("hangs")
    panel.ui.ctSelector.setCurrentNode(load_ct())
    click(panel.ui.compareButton)
    spin(lambda: panel.ui.statusLabel.text == "reading")
    slicer.mrmlScene.Clear()
    assert not panel.running
    assert list(Path(slicer.app.temporaryPath).iterdir()) == []
    process_id = int(marker.read_text().split()[0])
    spin(lambda: not alive(process_id))
    assert panel.ui.compareButton.toolTip == "Choose a CT or an MR volume."


def test_a_refused_case_shows_the_one_sentence(panel: Any, child: Callable[[str], Path]) -> None:
    child("refuses")
    panel.ui.ctSelector.setCurrentNode(load_ct())
    click(panel.ui.compareButton)
    spin(lambda: not panel.running)
    assert slicer.app.shown_messages == ["case.json names an image that is not in the folder"]
    assert panel.ui.statusLabel.text == "Not compared."
    assert list(Path(slicer.app.temporaryPath).iterdir()) == []


def test_a_volume_under_a_transform_is_refused_before_anything_starts(panel: Any, child: Callable[[str], Path]) -> None:
    marker = child("finishes")
    ct = load_ct()
    transform = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode", "registration")
    ct.SetAndObserveTransformNodeID(transform.GetID())
    panel.ui.ctSelector.setCurrentNode(ct)
    click(panel.ui.compareButton)
    assert not panel.running
    (message,) = slicer.app.shown_messages
    assert "harden the transform" in message
    assert not marker.exists()
    assert list(Path(slicer.app.temporaryPath).iterdir()) == []


def test_choices_come_back_with_the_scene(panel: Any, module: tuple[Any, Any, Any]) -> None:
    ct, other = load_ct(), load_ct()
    panel.ui.ctSelector.setCurrentNode(other)
    panel.ui.methodsWidget.findChildren(qt.QtWidgets.QCheckBox)[0].checked = False
    panel.set_parameter_node(None)
    panel.ui.ctSelector.setCurrentNode(ct)
    module[2].enter()
    assert panel.ui.ctSelector.currentNode().GetID() == other.GetID()
    assert not panel.ui.methodsWidget.findChildren(qt.QtWidgets.QCheckBox)[0].checked
