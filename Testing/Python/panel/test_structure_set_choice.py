"""A folder with several structure sets: the panel asks which, and every reading of that patient follows the answer."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dicom_set import head_hu, square, write_series, write_structures
from panel_host import click, spin

slicer = pytest.importorskip("slicer", reason="slicer-core is not installed (pip install .[slicer])")
pytestmark = [pytest.mark.slicer_core, pytest.mark.xdist_group("panel")]

PLANES = (-24, -21, -18, -15)


def write_patient(folder: Path, sets: dict[str, float]) -> Path:
    """A CT and structure sets whose brains lie at different places (x, mm)."""
    write_series(folder, head_hu())
    for number, (name, x) in enumerate(sets.items(), 1):
        drawn = {"Brain": [("CLOSED_PLANAR", square(x, -6, z, 4)) for z in PLANES]}
        extra: dict[str, object] = {"StructureSetDate": f"2025010{number}", "StructureSetLabel": f"set {number}"}
        write_structures(folder / name, drawn, extra=extra)
    return folder


def structure_list(panel: Any) -> Any:
    return panel.case.structure_sets._list


def arguments(marker: Path) -> list[str]:
    told: list[str] = json.loads(marker.read_text())["arguments"]
    return told


def compared(panel: Any) -> None:
    for key in panel.methods._boxes:
        getattr(panel.methods, f"methodBox_{key}").checked = key == "quickshear"
    click(panel.ui.compareButton)
    spin(lambda: not panel.running)


def test_the_list_is_there_only_for_a_folder_with_several_structure_sets(panel: Any, tmp_path: Path) -> None:
    several = write_patient(tmp_path / "several", {"one.dcm": 4.0, "two.dcm": 8.0})
    single = write_patient(tmp_path / "single", {"one.dcm": 4.0})
    chooser = structure_list(panel)
    assert chooser.isHidden()
    panel.ui.patientComboBox.setCurrentIndex(1)
    panel.ui.casePathEdit.currentPath = str(several)
    assert not chooser.isHidden()
    entries = [chooser.itemText(index) for index in range(chooser.count)]
    assert entries[1:] == ["set 1  20250101  one.dcm", "set 2  20250102  two.dcm"]
    assert chooser.currentIndex == 0
    assert entries[0].startswith("automatic")
    panel.ui.casePathEdit.currentPath = str(single)
    assert chooser.isHidden()
    panel.ui.patientComboBox.setCurrentIndex(0)
    assert chooser.isHidden()


def test_the_chosen_set_is_compared_and_shown_and_kept_for_its_own_folder(
    panel: Any, child: Callable[[str], Path], tmp_path: Path
) -> None:
    marker = child("refuses")
    folder = write_patient(tmp_path / "patient [1]", {"one [1].dcm": 4.0, "two.dcm": 8.0})
    other = write_patient(tmp_path / "other", {"one.dcm": 4.0, "two.dcm": 8.0})
    panel.ui.patientComboBox.setCurrentIndex(1)
    panel.ui.casePathEdit.currentPath = str(folder)
    compared(panel)
    assert "--structures" not in arguments(marker)
    chooser = structure_list(panel)
    chooser.setCurrentIndex(1)
    chooser.activated.emit(1)
    compared(panel)
    told = arguments(marker)
    assert told[told.index("--structures") + 1] == "one [[]1].dcm"
    patient = panel.jobs.patient_of_folder(folder)
    assert patient is not None
    assert patient.centre_of("Brain")[0] == pytest.approx(-4.0)  # RAS
    panel.ui.casePathEdit.currentPath = str(other)
    assert chooser.currentIndex == 0
    panel.ui.casePathEdit.currentPath = str(folder)
    assert chooser.currentIndex == 1
    chooser.setCurrentIndex(0)
    chooser.activated.emit(0)
    compared(panel)
    assert "--structures" not in arguments(marker)
    assert patient.centre_of("Brain")[0] == pytest.approx(-8.0)  # the newest
    slicer.app.shown_messages.clear()


def test_sets_of_one_file_name_are_named_by_their_paths(panel: Any, child: Callable[[str], Path], tmp_path: Path) -> None:
    marker = child("refuses")
    folder = write_patient(tmp_path / "patient", {"a/rs.dcm": 4.0, "b/rs.dcm": 8.0})
    panel.ui.patientComboBox.setCurrentIndex(1)
    panel.ui.casePathEdit.currentPath = str(folder)
    chooser = structure_list(panel)
    chooser.setCurrentIndex(2)
    chooser.activated.emit(2)
    compared(panel)
    told = arguments(marker)
    assert told[told.index("--structures") + 1] == str((folder / "b" / "rs.dcm").resolve())
    slicer.app.shown_messages.clear()
