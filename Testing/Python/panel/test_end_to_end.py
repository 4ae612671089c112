"""Clicks on a synthetic patient with the real command as child process: from nodes and from a folder, against CLI and logic."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Iterator
from dataclasses import astuple, replace
from pathlib import Path
from typing import Any

import pytest

from deface_compare.cli.main import main
from deface_compare.measurement import Measurement
from deface_compare.measurement_table import read_measurements
from deface_compare.privacy.networks.models import CACHE_VARIABLE
from deface_compare.readers import read_case
from deface_compare.sample.make_sample import write_patient
from deface_compare.sample.patient import sample_patient
from deface_compare.table_cells import stored
from panel_host import click, install_launcher, require_host

slicer = pytest.importorskip("slicer", reason="slicer-core is not installed (pip install .[slicer])")
pytestmark = [pytest.mark.slicer_core, pytest.mark.xdist_group("panel")]

NOT_IN_SLICER = ("pandas", "plotly", "jinja2", "markupsafe", "dask", "distributed", "rich", "onnx", "onnxruntime", "insightface")
"""Packages that a fresh Slicer 5.12 does not have."""

FACE_SCORES = ("cosine_similarity_own", "cosine_similarity_reference", "cosine_similarity_reconstructed")
"""What a face model computes."""

LONGEST_RUN_S = 240.0
"""A hung child fails the test; measured 8 s of CPU for one method."""

SAME_DOSE_GY = 1e-6
"""DICOM's dose and the node's are both float32; measured 0."""

ALTERED = ("edited_volume", "target_altered_volume", "brain_voxels_altered")
"""What counts altered voxels."""

PRIVACY_TABLE = 0
"""Its entry in the list of tables."""

DOMAINS = ("quality", "privacy", "volume", "intensity", "dose")


@pytest.fixture(scope="module")
def patient(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A coarse synthetic patient as DICOM: CT, structure set, plan and dose."""
    folder = tmp_path_factory.mktemp("patient") / "coarse"
    coarse = sample_patient(1, seed=1, site="brain", ct_size=(64, 64, 54), ct_spacing_mm=(4.0, 4.0, 5.0))
    write_patient(coarse, 1, folder)
    for extra in ("MR", "PET"):
        for file in (folder / extra).iterdir():
            file.unlink()
        (folder / extra).rmdir()
    return folder


@pytest.fixture(scope="module")
def slicer_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder for temporary files, and a PythonSlicer on the PATH that has the packages of a fresh Slicer only."""
    folder = tmp_path_factory.mktemp("slicer")
    (folder / "temporary").mkdir()
    (folder / "models").mkdir()
    start = (
        "import sys, runpy\n"
        f"for name in {NOT_IN_SLICER!r}: sys.modules[name] = None\n"
        "assert sys.argv.pop(1) == '-m'\n"
        "runpy.run_module(sys.argv.pop(1), run_name='__main__', alter_sys=True)\n"
    )
    (folder / "start.py").write_text(start)
    require_host().start()
    with pytest.MonkeyPatch.context() as patch:
        install_launcher(folder, patch, f'"{sys.executable}" "{folder / "start.py"}" "$@"')
        patch.setenv(CACHE_VARIABLE, str(folder / "models"))
        patch.setattr(slicer.app, "temporaryPath", str(folder / "temporary"))
        yield folder


@pytest.fixture(scope="module")
def nodes(patient: Path, panel_widget: Any) -> Any:
    """The patient's nodes in an otherwise empty scene, as SlicerRT would load them."""
    from DefaceCompareLib.nodes.structures import add_structures
    from DefaceCompareLib.nodes.volumes import add_volume

    slicer.mrmlScene.Clear()
    slicer.app.shown_messages.clear()
    case = read_case(patient)
    assert case.structure_set is not None
    assert case.dose is not None
    ct = add_volume(slicer.mrmlScene, case.images[0].image, "Synthetic CT")
    ct.SetAttribute("DefaceCompare.Synthetic", "1")
    add_volume(slicer.mrmlScene, case.dose.image, "Synthetic dose").SetAttribute("DicomRtImport.DoseVolume", "1")
    add_structures(slicer.mrmlScene, case.structure_set.structures, "Synthetic structures")
    return ct


@pytest.fixture(scope="module")
def panel(nodes: Any, slicer_folder: Path, panel_widget: Any) -> Any:
    """The panel after one click on Compare with what it offers by itself; one method."""
    panel_widget.enter()
    choose_quickshear(panel_widget.panel)
    run(panel_widget.panel)
    return panel_widget.panel


@pytest.fixture(scope="module")
def kept(panel: Any, patient: Path, slicer_folder: Path) -> Path:
    """The results of the same patient from its folder, kept where the user said."""
    panel.ui.patientComboBox.setCurrentIndex(1)
    panel.ui.casePathEdit.currentPath = str(patient)
    panel.ui.resultsPathEdit.currentPath = str(slicer_folder / "kept")
    run(panel)
    panel.ui.resultsPathEdit.currentPath = ""
    panel.ui.patientComboBox.setCurrentIndex(0)
    return slicer_folder / "kept"


def choose_quickshear(panel: Any) -> None:
    """Tick one method; the face model stays what the panel offers, which a fresh Slicer does not have."""
    for key, box in panel.methods._boxes.items():
        box.checked = key == "quickshear"


def run(panel: Any) -> None:
    """Click on Compare and wait."""
    assert panel.ui.compareButton.enabled, panel.ui.compareButton.toolTip
    click(panel.ui.compareButton)
    end = time.monotonic() + LONGEST_RUN_S
    while panel.running and time.monotonic() < end:
        slicer.app.processEvents()
        time.sleep(0.02)
    assert slicer.app.shown_messages == []
    assert panel.ui.statusLabel.text == "Compared: no verdict from one case."


def _as_kept(row: Measurement) -> Measurement:
    numbers = {name: stored(getattr(row, name), row.unit) for name in ("original", "defaced", "change")}
    return replace(row, **numbers, change_percent=stored(row.change_percent, "%"))


def plain(rows: list[Measurement]) -> list[tuple[object, ...]]:
    """Rows that can be compared: with the decimals that a file keeps, NaN as None, sorted by domain as the tables are."""
    in_order = [_as_kept(row) for row in sorted(rows, key=lambda row: DOMAINS.index(row.domain))]
    return [tuple(None if isinstance(v, float) and math.isnan(v) else v for v in astuple(row)) for row in in_order]


def test_one_click_compares_nodes_with_the_packages_of_a_fresh_slicer(panel: Any, slicer_folder: Path) -> None:
    assert panel.ui.resultTable.rowCount > 3
    assert list((slicer_folder / "temporary").iterdir()) == []
    names = [node.GetName() for node in slicer.util.getNodesByClass("vtkMRMLTableNode")]
    original = panel.ui.ctSelector.currentNode().GetName()
    assert {f"{original}: {domain}" for domain in DOMAINS} <= set(names)


def test_without_face_model_and_packages_every_score_says_why_and_the_panel_where_to_install_them(panel: Any) -> None:
    assert panel.ui.faceModelComboBox.currentIndex == 0
    scores = [row for row in panel.results.rows if row.metric in FACE_SCORES]
    assert {row.metric for row in scores} == set(FACE_SCORES)
    assert {(row.status, math.isnan(row.defaced)) for row in scores} == {("not available", True)}
    assert all("face model not installed" in row.note for row in scores)
    assert "section Install" in panel.ui.summaryLabel.text
    panel.ui.tableComboBox.setCurrentIndex(PRIVACY_TABLE)
    table = panel.ui.resultTable
    cells = [table.item(row, column) for row in range(table.rowCount) for column in range(table.columnCount)]
    tips = {cell.toolTip() for cell in cells if cell.text() == "not available"}
    assert any("section Install" in tip for tip in tips)
    told = "\n".join([panel.ui.summaryLabel.text, panel.ui.faceModelComboBox.toolTip, *tips])
    assert "deface-compare" not in told
    assert "pip install" not in told


def test_the_face_goes_and_the_back_of_the_head_stays_voxel_for_voxel(panel: Any, nodes: Any) -> None:
    defaced = slicer.util.getNode(f"{nodes.GetName()} defaced (Quickshear (ours))")
    before, after = (slicer.util.arrayFromVolume(node) for node in (nodes, defaced))
    assert (before.dtype, before.shape) == (after.dtype, after.shape)
    slices, rows, columns = before.shape
    nose = (slice(None), slice(0, rows // 6), slice(columns // 3, 2 * columns // 3))
    back = (slice(slices // 2, slices), slice(rows // 2, rows))  # the plane runs back as it descends: not below the ears
    assert (before[nose] != after[nose]).any()
    assert (before[back] == after[back]).all()
    window = [node.GetDisplayNode().GetWindow() for node in (nodes, defaced)]
    assert window[0] == window[1]


def test_logic_and_panel_give_the_same_rows(panel: Any, nodes: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    by_command = plain(list(panel.results.rows))
    without_packages(monkeypatch)
    logic = sys.modules["DefaceCompare"].DefaceCompareLogic()
    segmentation, dose = slicer.util.getNode("Synthetic structures"), slicer.util.getNode("Synthetic dose")
    by_logic = logic.compare(nodes, segmentation, dose, ["quickshear"])
    assert by_command == plain(by_logic)
    assert len(by_logic) > 100
    assert {row.domain for row in by_logic} == set(DOMAINS)
    assert all(row.synthetic for row in by_logic)


def without_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take from this process what the child does not have either."""
    for name in NOT_IN_SLICER:
        monkeypatch.setitem(sys.modules, name, None)


def test_a_folder_gives_the_bytes_of_the_command_line(
    kept: Path, patient: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_packages(monkeypatch)
    arguments = ["case", str(patient), "--out", str(tmp_path / "cli"), "--methods", "quickshear"]
    assert main([*arguments, "--no-report"]) == 0
    for name in (
        "measurements.csv",
        "notes.csv",
        "cases/case-001/measurements.csv",
        "cases/case-001/notes.csv",
        "cases/case-001/dvh.csv",
        "cases/case-001/case_report.json",
    ):
        assert (kept / name).read_bytes() == (tmp_path / "cli" / name).read_bytes(), name
    assert (kept / "identifiable").stat().st_mode & 0o777 == 0o700


def test_nodes_and_folder_agree_in_altered_voxels_and_doses(kept: Path, panel: Any) -> None:
    from DefaceCompareLib.nodes.run import runs_of_scene

    from_folder = {_place(row): row for row in read_measurements(kept / "measurements.csv")}
    from_nodes = {_place(row): row for row in runs_of_scene(slicer.mrmlScene)[0].rows()}
    assert from_nodes.keys() == from_folder.keys()
    doses = [place for place, row in from_nodes.items() if row.domain == "dose"]
    assert len(doses) > 100
    for place in doses:
        assert from_nodes[place].status == from_folder[place].status
        assert from_nodes[place].defaced == pytest.approx(from_folder[place].defaced, abs=SAME_DOSE_GY, nan_ok=True)
    altered = [place for place, row in from_nodes.items() if row.metric in ALTERED]
    assert {place[3] for place in altered} == set(ALTERED)
    for place in altered:
        assert from_nodes[place].defaced == from_folder[place].defaced


def test_a_folders_patient_comes_into_the_scene_with_its_original_and_its_views(kept: Path, panel: Any) -> None:
    click(panel.ui.sideBySideButton)
    assert panel.ui.sideBySideButton.checked
    assert slicer.app.shown_messages == []
    click(panel.ui.sideBySideButton)
    assert panel.ui.exportCasePathEdit.currentPath == str(kept / "cases" / "case-001")


def _place(row: Measurement) -> tuple[str, ...]:
    return row.method, row.image, row.structure, row.metric, row.dose_policy
