"""The stand-in host is strict: what desktop Slicer would refuse fails here too."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import pytest

slicer = pytest.importorskip("slicer", reason="slicer-core is not installed (pip install .[slicer])")
pytest.importorskip(
    "PySide6.QtWidgets", reason="PySide6 is not installed, or Qt's system libraries are missing", exc_type=ImportError
)

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Testing" / "SlicerHost"))

import host  # noqa: E402
import qmrml  # noqa: E402
import qt  # noqa: E402
import scene_host  # noqa: E402

pytestmark = pytest.mark.slicer_core


def test_a_widget_class_without_stand_in_raises(tmp_path: Path) -> None:
    host.start()
    page = tmp_path / "page.ui"
    page.write_text('<ui version="4.0"><widget class="qMRMLPlotView" name="plot"/></ui>')
    with pytest.raises(LookupError, match="qMRMLPlotView"):
        slicer.util.loadUI(str(page))


def test_a_signal_that_does_not_exist_raises() -> None:
    host.start()
    with pytest.raises(ValueError, match="no signal"):
        qmrml.qMRMLNodeComboBox().connect("currentNodeSwitched(vtkMRMLNode*)", print)
    with pytest.raises(ValueError, match="no signal"):
        qt.QPushButton("button").connect("pushed()", print)


def test_a_method_that_does_not_exist_raises() -> None:
    host.start()
    with pytest.raises(AttributeError):
        qmrml.qMRMLTableView().setTable(None)
    with pytest.raises(AttributeError):
        slicer.app.moduleManager()


@pytest.mark.parametrize(("arguments", "code"), [(["methods"], 0), (["case", "no-such-folder", "--out", "unused"], 2)])
def test_the_batch_script_ends_slicer_with_the_exit_code_of_the_command(
    arguments: list[str], code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    app = scene_host.bootstrap()
    script = ROOT / "DefaceCompare" / "Scripts" / "deface_compare_batch.py"
    monkeypatch.setattr(sys, "argv", [str(script), *arguments])
    monkeypatch.setattr(app, "exit_code", None)
    runpy.run_path(str(script), run_name="__main__")
    assert app.exit_code == code
    assert "Traceback" not in capsys.readouterr().err
