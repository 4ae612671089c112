"""One click on a synthetic patient: the real command as child process, and the same rows as the logic in process."""

from __future__ import annotations

import math
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import astuple
from pathlib import Path
from typing import Any

import pytest

slicer = pytest.importorskip("slicer", reason="slicer-core is not installed (pip install .[slicer])")
pytest.importorskip(
    "PySide6.QtWidgets", reason="PySide6 is not installed, or Qt's system libraries are missing", exc_type=ImportError
)

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Testing" / "SlicerHost"))

import host  # noqa: E402
import qt  # noqa: E402
from DefaceCompareLib.measurement import COLUMNS, Measurement  # noqa: E402
from DefaceCompareLib.sample.patient import sample_patient  # noqa: E402
from DefaceCompareLib.slicer_bridge.report_nodes import DOMAINS  # noqa: E402
from DefaceCompareLib.slicer_bridge.sample_nodes import SampleNodes, sample_to_nodes  # noqa: E402

pytestmark = pytest.mark.slicer_core

NOT_IN_SLICER = ("pandas", "plotly", "jinja2", "markupsafe", "dask", "distributed", "rich", "onnx")
"""Packages that a fresh Slicer 5.12 does not have."""

LONGEST_RUN_S = 240.0
"""A hung child fails the test; measured 14 s of one idle core for one method."""


@pytest.fixture(scope="module")
def synthetic() -> SampleNodes:
    """A synthetic patient in an otherwise empty scene."""
    host.start()
    slicer.mrmlScene.Clear()
    patient = sample_patient(1, seed=1, site="brain", ct_size=(86, 86, 68), ct_spacing_mm=(3.0, 3.0, 4.0))
    return sample_to_nodes(patient, slicer.mrmlScene)


@pytest.fixture(scope="module")
def panel(synthetic: SampleNodes, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The panel after one click on Compare; its PythonSlicer has the packages of a fresh Slicer only."""
    folder = tmp_path_factory.mktemp("slicer")
    launcher = folder / "bin" / "PythonSlicer"
    launcher.parent.mkdir()
    (folder / "temporary").mkdir()
    start = (
        "import sys, runpy\n"
        f"for name in {NOT_IN_SLICER!r}: sys.modules[name] = None\n"
        "assert sys.argv.pop(1) == '-m'\n"
        "runpy.run_module(sys.argv.pop(1), run_name='__main__', alter_sys=True)\n"
    )
    (folder / "start.py").write_text(start)
    launcher.write_text(f'#!/bin/sh\n"{sys.executable}" "{folder / "start.py"}" "$@"\nexit $?\n')
    launcher.chmod(0o755)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{launcher.parent}{os.pathsep}{os.environ['PATH']}")
        patch.setattr(slicer.app, "temporaryPath", str(folder / "temporary"))
        slicer.app.shown_messages.clear()
        parent, widget = host.load_module(ROOT / "DefaceCompare" / "DefaceCompare.py")
        widget.panel.set_parameter_node(slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScriptedModuleNode"))
        for box in widget.panel.ui.methodsWidget.findChildren(qt.QtWidgets.QCheckBox):
            box.checked = box.text.startswith("Quickshear")
        parent.show()
        qt.QtTest.QTest.mouseClick(widget.panel.ui.compareButton, qt.QtCore.Qt.MouseButton.LeftButton)
        end = time.monotonic() + LONGEST_RUN_S
        while widget.panel.running and time.monotonic() < end:
            slicer.app.processEvents()
            time.sleep(0.02)
        yield widget.panel
        widget.cleanup()
        parent.close()
    assert list((folder / "temporary").iterdir()) == []


def plain(rows: list[Measurement]) -> list[tuple[object, ...]]:
    """Rows that can be compared: NaN as None, sorted by domain as the tables are."""
    in_order = sorted(rows, key=lambda row: DOMAINS.index(row.domain))
    return [tuple(None if isinstance(v, float) and math.isnan(v) else v for v in astuple(row)) for row in in_order]


def rows_of_tables(tables: list[Any]) -> list[Measurement]:
    """The measurements that table nodes hold."""
    return [
        Measurement(**{column: table.GetTable().GetColumnByName(column).GetValue(number) for column in COLUMNS})
        for table in tables
        for number in range(table.GetNumberOfRows())
    ]


def test_the_panel_offers_what_the_scene_holds(panel: Any, synthetic: SampleNodes) -> None:
    chosen = [panel.ui.ctSelector, panel.ui.mrSelector, panel.ui.segmentationSelector, panel.ui.doseSelector]
    names = [selector.currentNode().GetName() if selector.currentNode() else None for selector in chosen]
    assert names == [synthetic.ct.GetName(), None, synthetic.segmentation.GetName(), synthetic.dose.GetName()]


def test_one_click_compares_with_the_packages_of_a_fresh_slicer(panel: Any) -> None:
    assert slicer.app.shown_messages == []
    assert panel.ui.statusLabel.text == "Compared: no verdict from one case."
    assert panel.ui.resultTable.model().rowCount() > 5


def test_logic_panel_and_command_line_give_the_same_rows(panel: Any, synthetic: SampleNodes) -> None:
    by_command = rows_of_tables([slicer.util.getNode(f"case-001 {domain}") for domain in DOMAINS])
    logic = sys.modules["DefaceCompare"].DefaceCompareLogic()
    by_logic = logic.compare(synthetic.ct, synthetic.segmentation, synthetic.dose, ["quickshear"])
    assert plain(by_command) == plain(by_logic)
    assert len(by_logic) > 100
    assert {row.domain for row in by_logic} == set(DOMAINS)
    assert all(row.note.startswith("SYNTHETIC") for row in by_logic)


def test_the_face_goes_and_the_back_of_the_head_stays_voxel_for_voxel(panel: Any, synthetic: SampleNodes) -> None:
    defaced = slicer.util.getNode(f"{synthetic.ct.GetName()} defaced (Quickshear (ours))")
    before, after = (slicer.util.arrayFromVolume(node) for node in (synthetic.ct, defaced))
    assert (before.dtype, before.shape) == (after.dtype, after.shape)
    slices, rows, columns = before.shape
    nose = (slice(None), slice(0, rows // 6), slice(columns // 3, 2 * columns // 3))
    back = (slice(slices // 2, slices), slice(rows // 2, rows))  # the plane runs back as it descends: not below the ears
    assert (before[nose] != after[nose]).any()
    assert (before[back] == after[back]).all()
    window = [node.GetDisplayNode().GetWindow() for node in (synthetic.ct, defaced)]
    assert window[0] == window[1]
