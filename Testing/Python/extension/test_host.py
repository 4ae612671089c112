"""The stand-in host is strict: what desktop Slicer would refuse fails here too."""

from __future__ import annotations

import functools
import json
import re
import runpy
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest

from places import MODULE, ROOT, SLICER_HOST

slicer = pytest.importorskip("slicer", reason="slicer-core is not installed (pip install .[slicer])")
pytest.importorskip(
    "PySide6.QtWidgets", reason="PySide6 is not installed, or Qt's system libraries are missing", exc_type=ImportError
)

sys.path.insert(0, str(SLICER_HOST))

import vtk  # noqa: E402

import ctk  # noqa: E402
import host  # noqa: E402
import qmrml  # noqa: E402
import qt  # noqa: E402
import scene_host  # noqa: E402
from views_on_screen import settle  # noqa: E402

pytestmark = [pytest.mark.slicer_core, pytest.mark.xdist_group("panel")]

UI = ElementTree.parse(MODULE / "Resources" / "UI" / "DefaceCompare.ui").getroot()
FOUR_UP, ONE_UP_RED = 3, 6
"""vtkMRMLLayoutNode: SlicerLayoutFourUpView and SlicerLayoutOneUpRedSliceView."""
API = json.loads((SLICER_HOST / "slicer_api.json").read_text(encoding="utf-8"))
PANEL = "\n".join(path.read_text(encoding="utf-8") for path in (MODULE / "DefaceCompareLib" / "panel").rglob("*.py"))
SOURCES = "\n".join(
    path.read_text(encoding="utf-8")
    for path in (
        MODULE / "DefaceCompare.py",
        *(MODULE / "DefaceCompareLib").rglob("*.py"),
    )
)
OF_EVERY_QWIDGET = {
    "layout",
    "geometry",
    "toolTip",
    "enabled",
    "minimumSize",
    "maximumSize",
    "visible",
    "connect",
    "blockSignals",
    "setFocus",
    "parentWidget",
}


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


def test_a_signal_gives_functions_what_they_name_and_other_callables_everything() -> None:
    host.start()
    seen: list[Any] = []
    button = qt.QPushButton("button")

    class Receiver:
        def plain(self) -> None:
            seen.append("method")

        def __call__(self, *arguments: Any) -> None:
            seen.append(arguments)

    receiver = Receiver()
    button.connect("clicked(bool)", receiver.plain)
    button.connect("clicked(bool)", lambda checked, group="kept": seen.append((checked, group)))
    button.connect("clicked(bool)", functools.partial(receiver, "bound"))
    button.connect("clicked(bool)", receiver)
    button.click()
    assert seen == ["method", (False, "kept"), ("bound", False), (False,)]


def test_a_cpp_object_gets_no_new_attribute_and_loses_no_slot() -> None:
    host.start()
    label = qt.QLabel()
    label.text = "a property"
    assert label.text == "a property"
    with pytest.raises(AttributeError, match="no new attributes"):
        label.organ = "Eye_L"
    with pytest.raises(AttributeError, match="can not be overwritten"):
        label.setText = print
    with pytest.raises(AttributeError, match="no new attributes"):
        qmrml.qMRMLWidget().case = "case-001"

    class Derived(qt.QLabel):
        pass

    derived = Derived()
    derived.organ = "Eye_L"  # a class that Python derives may have its own
    assert derived.organ == "Eye_L"


def test_the_modules_code_cannot_use_what_only_the_stand_in_has() -> None:
    host.start()
    combo = qmrml.qMRMLNodeComboBox()
    asked = {"__name__": "DefaceCompareLib.panel.case.case_choice", "combo": combo}
    assert eval("combo.currentNode()", asked) is None
    for name in ("addItem", "currentText", "count"):
        assert hasattr(combo, name)  # the stand-in is a combo box, the real one is not
        with pytest.raises(AttributeError, match="was not read upstream"):
            eval(f"combo.{name}", asked)


def test_a_child_added_to_a_folded_section_shows_when_it_is_unfolded() -> None:
    host.start()
    section, folds = ctk.ctkCollapsibleButton(), []
    section.setLayout(qt.QtWidgets.QVBoxLayout())
    section.connect("contentsCollapsed(bool)", folds.append)
    section.show()
    section.setCollapsed(True)
    section.setCollapsed(True)
    label = qt.QLabel("late")
    section.layout().addWidget(label)
    assert label.isHidden()
    section.setCollapsed(False)
    assert not label.isHidden()
    assert folds == [True, False]


def test_a_method_that_does_not_exist_raises() -> None:
    host.start()
    with pytest.raises(AttributeError):
        qmrml.qMRMLNodeComboBox().setChart(None)
    with pytest.raises(AttributeError):
        slicer.app.moduleManager()


def test_a_3d_view_that_comes_back_shows_its_last_picture_until_another_is_asked_for() -> None:
    _application, app = host.start()
    app.scene.Clear()
    manager = app.layoutManager()
    manager.setLayout(FOUR_UP)
    settle()
    view = manager.threeDWidget("View1").threeDView()
    source = vtk.vtkSphereSource()
    source.Update()
    model = app.scene.AddNewNodeByClass("vtkMRMLModelNode", "first")
    model.SetAndObservePolyData(source.GetOutput())
    model.CreateDefaultDisplayNodes()
    settle()
    assert [len(points) for points in view.seen] == [50]
    manager.setLayout(ONE_UP_RED)
    settle()
    app.scene.RemoveNode(model)
    manager.setLayout(FOUR_UP)
    settle()
    assert [len(points) for points in view.seen] == [50]  # what is gone is still on the screen
    view.scheduleRender()
    settle()
    assert view.seen == []


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


def used(prefix: str) -> set[str]:
    """Names that module, panel and bridge use behind a prefix."""
    return set(re.findall(rf"(?<![\w.]){re.escape(prefix)}\.(\w+)", SOURCES))


def test_every_slicer_and_qt_name_that_the_module_uses_was_read_in_a_named_upstream_file() -> None:
    assert used("slicer.util") <= set(API["slicer.util"]["members"])
    assert used("slicer.packaging") == set(API["slicer.packaging"]["members"])
    assert {f"SampleDataLogic.{name}" for name in used("SampleData.SampleDataLogic")} == set(API["SampleData"]["members"])
    assert used("slicer.app") <= set(API["slicer.app"])
    assert used("slicer.app.layoutManager()") <= set(API["layoutManager"])
    assert {name for name in used("slicer.modules") if name != "__dict__"} <= set(API["slicer.modules"])
    assert used("qt") == set(API["qt"])
    assert used("ctk") == set(API["ctk"])
    for part in ("ctk", "slicer.app", "layoutManager", "slicer.modules", "qt"):
        assert all(re.match(r"(Slicer|CTK|Qt): ?\w", told) for told in API[part].values())


def test_the_panel_uses_only_widget_members_that_were_read_upstream() -> None:
    known = API["widgets"]
    classes = {widget.get("name", ""): widget.get("class", "") for widget in UI.iter("widget")}
    for widget in UI.iter("widget"):
        name = widget.get("class", "")
        if name in known:
            given = {element.get("name") for element in widget.findall("property")}
            assert given - OF_EVERY_QWIDGET <= set(known[name]["properties"]), name
        else:
            assert name.startswith("Q"), name
    for name, member in re.findall(r"\bui\.(\w+)\.(\w+)", PANEL):
        of_class = known.get(classes[name])
        if of_class is not None:
            assert member in {*of_class["properties"], *of_class["methods"]} | OF_EVERY_QWIDGET, f"{name}.{member}"
    assert {e.findtext("signal") for e in UI.iter("connection")} <= set(known["qMRMLWidget"]["signals"])


def test_the_stand_ins_offer_no_more_than_was_read_upstream() -> None:
    for cls in (*ctk.STAND_INS, *qmrml.STAND_INS):
        known = API["widgets"][cls.__name__]
        own = {
            name
            for base in cls.__mro__
            if base.__module__ in ("ctk", "qmrml")
            for name in vars(base)
            if not name.startswith("_") and name not in ("SIGNALS", "connect", "disconnect", "staticMetaObject")
        }
        signals = {signal.partition("(")[0] for base in cls.__mro__ for signal in getattr(base, "SIGNALS", ())}
        drawing = {
            "paintEvent",
            "mousePressEvent",
            "paint",
            "eventFilter",
            "childEvent",
            "setCollapsed",
            "setText",
            "toggled",
            "clicked",
            "Dirs",
            "Files",
        }
        assert own - signals - drawing <= {*known["properties"], *known["methods"]}, cls.__name__
