"""A DICOM patient by command line, and through nodes as Slicer's own reader loads it: the same numbers; SlicerRT's beside."""

from __future__ import annotations

import inspect
import math
import re
import runpy
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk

from places import ROOT, SLICER_HOST
from small_patient import small_patient

slicer = pytest.importorskip("slicer", reason="slicer-core is not installed (pip install .[slicer])")
sys.path.insert(0, str(SLICER_HOST))

import scene_host  # noqa: E402
import scripted_module  # noqa: E402
import slicerrt_stand_in  # noqa: E402
from deface_compare.case import Case, Structure  # noqa: E402
from deface_compare.cli.main import main  # noqa: E402
from deface_compare.errors import UnusableInput  # noqa: E402
from deface_compare.measurement import OK, Measurement  # noqa: E402
from deface_compare.measurement_table import read_measurements  # noqa: E402
from deface_compare.progress import Cancelled  # noqa: E402
from deface_compare.readers import read_case  # noqa: E402
from deface_compare.sample.make_sample import write_patient  # noqa: E402
from deface_compare.settings import Settings  # noqa: E402
from deface_compare.structures.mask import structure_mask  # noqa: E402
from deface_compare.table_cells import stored  # noqa: E402
from DefaceCompareLib.nodes.compare import Comparison, compare_nodes  # noqa: E402
from DefaceCompareLib.nodes.report import report_to_nodes  # noqa: E402
from DefaceCompareLib.nodes.sample import SampleNodes  # noqa: E402
from DefaceCompareLib.nodes.structures import add_structures  # noqa: E402
from DefaceCompareLib.slicerrt.rows import FILE_NAME, add_slicerrt_rows  # noqa: E402
from DefaceCompareLib.slicerrt.study import NOT_MEASURED, add_slicerrt_rows_to_output  # noqa: E402

pytestmark = [pytest.mark.slicer_core, pytest.mark.xdist_group("slicer_numbers")]

METHODS = ("quickshear",)

MEASURED = ("Brain", "Eye L", "Mandible", "Parotid L", "PTV")
"""Planned names of the structures that SlicerRT is asked for; all 17 take three times as long."""


MEAN_GY, CHANGE_GY = 0.3, 0.1  # measured 0.21 (brain)
"""Measured 0.09 and 0.06 Gy (Eye_L)."""


@dataclass(frozen=True)
class BothWays:
    """One patient, compared twice."""

    case: Case
    out: Path
    arguments: list[str]
    by_command: list[Measurement]
    by_nodes: Comparison


def load_volume(scene: Any, files: tuple[Path, ...], name: str) -> Any:
    """Load DICOM with Slicer's own volume reader."""
    storage = slicer.vtkMRMLVolumeArchetypeStorageNode()
    storage.SetFileName(str(files[0]))
    storage.SetSingleFile(len(files) == 1)
    for file in files:
        storage.AddFileName(str(file))
    node = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", name)
    assert storage.ReadData(node)
    return node


def load_dose(scene: Any, file: Path) -> Any:
    """Load an RTDOSE as SlicerRT does: Slicer's reader, times the file's scaling, single precision, marked as a dose."""
    node = load_volume(scene, (file,), "dose")
    stored = slicer.util.arrayFromVolume(node)
    slicer.util.updateVolumeFromArray(node, (stored * float(pydicom.dcmread(file).DoseGridScaling)).astype(np.float32))
    node.SetAttribute("DicomRtImport.DoseVolume", "1")
    return node


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BothWays]:
    """A synthetic patient's DICOM folder by command, and its volumes as Slicer loads them by nodes."""
    folder = tmp_path_factory.mktemp("numbers")
    patient = small_patient()
    write_patient(patient, 1, folder / "patient")
    for image in ("MR", "PET"):
        shutil.rmtree(folder / "patient" / image)
    given = ["--methods", ",".join(METHODS), "--face-model", "none", "--no-report"]
    arguments = ["case", str(folder / "patient"), "--out", str(folder / "out"), *given]
    assert main(arguments) == 0
    case = read_case(folder / "patient", "case-001")
    scene = scene_host.bootstrap().scene
    scene.Clear()
    assert case.structure_set is not None
    assert case.dose is not None
    images = {image.key: load_volume(scene, image.sources, image.key) for image in case.images}
    plan = add_structures(scene, case.structure_set.structures, "plan")
    dose = load_dose(scene, case.dose.sources[0])
    compared = compare_nodes(images, plan, dose, METHODS, Settings(face_model="none"))
    rows = read_measurements(folder / "out" / "measurements.csv")
    yield BothWays(case, folder / "out", arguments, rows, compared)
    scene.Clear()


def keyed(rows: list[Measurement]) -> dict[tuple[str, ...], Measurement]:
    """Rows by what they are about."""
    return {(r.method, r.dose_policy, r.image, r.structure, r.metric): r for r in rows}


def test_nodes_and_command_alter_the_same_voxels(both: BothWays) -> None:
    for (method, key), node in both.by_nodes.nodes.volumes.items():
        by_command = sitk.GetArrayFromImage(sitk.ReadImage(str(both.out / "cases" / "case-001" / method / f"{key}.nrrd")))
        original = both.case.image(key).array()
        altered = [int((array != original).sum()) for array in (by_command, slicer.util.arrayFromVolume(node))]
        assert altered[0] == altered[1] > 0
        np.testing.assert_array_equal(slicer.util.arrayFromVolume(node), by_command)
    assert {method for method, _ in both.by_nodes.nodes.volumes} == set(METHODS)


def test_nodes_and_command_give_the_same_rows_to_every_decimal_that_a_file_keeps(both: BothWays) -> None:
    by_command, by_nodes = keyed(both.by_command), keyed(list(both.by_nodes.report.measurements))
    assert by_nodes.keys() == by_command.keys()
    compared = 0
    for key, row in by_nodes.items():
        other = by_command[key]
        assert (row.unit, row.engine, row.status) == (other.unit, other.engine, other.status)
        for value, expected in ((row.original, other.original), (row.defaced, other.defaced)):
            if not math.isnan(expected):
                assert stored(value, row.unit) == expected, key
                compared += 1
            else:
                assert math.isnan(value)
    assert compared > 500


def as_labelmap(structure: Structure, grid: sitk.Image) -> Structure:
    """The same structure as voxels: slicer-core alone cannot turn contours into voxels (SlicerRT brings that)."""
    mask = structure_mask(structure, grid)
    array = np.zeros(grid.GetSize()[::-1], np.uint8)
    if mask is not None:
        array[mask.box.slices] = mask.inside
    image = sitk.GetImageFromArray(array)
    image.CopyInformation(grid)
    return replace(structure, contours=None, labelmap=image)


@dataclass(frozen=True)
class Measured:
    """The patient with labelmaps, SlicerRT's rows, and what the scene and the case held before and after."""

    case: Case
    rows: list[Measurement]
    builtin: list[Measurement]
    calls: list[list[str]]
    nodes: tuple[int, int]
    measurements: tuple[bytes, bytes]


@pytest.fixture(scope="module")
def slicerrt(both: BothWays) -> Measured:
    """The finished output measured by SlicerRT (its stand-in)."""
    assert both.case.structure_set is not None
    grid = both.case.image("CT").image
    half = [step / 2 for step in grid.GetSpacing()]
    double = [2 * count for count in grid.GetSize()]
    fine = sitk.Resample(grid, double, sitk.Transform(), sitk.sitkNearestNeighbor, grid.GetOrigin(), half, grid.GetDirection())
    drawn = tuple(as_labelmap(s, fine) for s in both.case.structure_set.structures if s.name in MEASURED)
    case = replace(both.case, structure_set=replace(both.case.structure_set, structures=drawn))
    file, scene = both.out / "cases" / "case-001" / "measurements.csv", slicer.mrmlScene
    builtin = [row for row in both.by_command if row.domain == "dose"]
    with pytest.MonkeyPatch.context() as patch:
        logic = slicerrt_stand_in.install(scene, patch)
        nodes, before = scene.GetNumberOfNodes(), file.read_bytes()
        rows = add_slicerrt_rows(both.out, case, scene)
    return Measured(case, rows, builtin, logic.calls, (nodes, scene.GetNumberOfNodes()), (before, file.read_bytes()))


def test_slicerrt_gives_extra_rows_beside_the_same_measurements(both: BothWays, slicerrt: Measured) -> None:
    assert slicerrt.nodes[0] == slicerrt.nodes[1]
    assert slicerrt.measurements[0] == slicerrt.measurements[1]
    about = [(r.method, r.dose_policy, r.structure, r.metric) for r in slicerrt.builtin]
    assert [(r.method, r.dose_policy, r.structure, r.metric) for r in slicerrt.rows] == about
    assert {row.engine for row in slicerrt.rows} == {"SlicerRT-x2"}
    assert [row.note for row in slicerrt.rows if row.status == OK and not row.synthetic] == []
    # each structure by itself, so that no call is long: for the original, and for what quickshear leaves (mask, follow are one)
    assert all(len(call) == 1 for call in slicerrt.calls)
    assert len(slicerrt.calls) == 2 * len({tuple(call) for call in slicerrt.calls})
    kept = [row for row in slicerrt.rows if row.dose_policy == "keep" and row.status == OK]
    assert len(kept) == len(METHODS) * len(MEASURED) * 9
    assert {row.change for row in kept} == {0.0}
    others = {row.note for row in slicerrt.rows if row.status != OK and row.structure == "Lens_L"}
    assert others == {"SlicerRT: the structure is no single segment"}


def test_slicerrt_and_the_built_in_engine_agree_on_what_a_method_changes(slicerrt: Measured) -> None:
    pairs = zip(slicerrt.builtin, slicerrt.rows, strict=True)
    means = [(ours, theirs) for ours, theirs in pairs if ours.metric == "Dmean" and theirs.status == OK]
    assert len(means) == len(METHODS) * len(MEASURED) * 3
    for ours, theirs in means:
        # slabs x4 against labelmaps of 2 x 2 x 2.5 mm, in a dose that falls from 60 to 0 Gy within 60 mm
        assert theirs.defaced == pytest.approx(ours.defaced, abs=MEAN_GY), theirs
        assert theirs.change == pytest.approx(ours.change, abs=CHANGE_GY), theirs
    assert max(abs(theirs.change) for _, theirs in means) > 0.5  # Gy; measured 0.93


def test_a_finished_output_with_slicerrt_rows_brings_their_table(both: BothWays, slicerrt: Measured) -> None:
    (nodes,) = report_to_nodes(both.out, slicer.mrmlScene)
    table = nodes.tables["dose SlicerRT-x2"]
    assert table.GetNumberOfRows() == len(slicerrt.rows)
    assert {table.GetTable().GetColumnByName("engine").GetValue(row) for row in range(len(slicerrt.rows))} == {"SlicerRT-x2"}
    engines = nodes.tables["dose"].GetTable().GetColumnByName("engine")
    assert all(engines.GetValue(row).startswith("builtin") for row in range(engines.GetNumberOfValues()))


def test_cancelled_slicerrt_leaves_no_file_and_no_node(
    both: BothWays, slicerrt: Measured, monkeypatch: pytest.MonkeyPatch
) -> None:
    slicerrt_stand_in.install(slicer.mrmlScene, monkeypatch)
    target = both.out / "cases" / "case-001" / FILE_NAME
    target.unlink(missing_ok=True)
    nodes = slicer.mrmlScene.GetNumberOfNodes()
    with pytest.raises(Cancelled):
        add_slicerrt_rows(both.out, slicerrt.case, slicer.mrmlScene, progress=lambda done, total, text: False)
    assert not target.exists()
    assert slicer.mrmlScene.GetNumberOfNodes() == nodes


def test_a_scene_closed_while_slicerrt_works_ends_it_with_a_sentence(
    both: BothWays, slicerrt: Measured, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = slicer.vtkMRMLScene()  # the other tests still need theirs
    slicer.vtkSlicerSegmentationsModuleLogic().SetMRMLScene(other)
    slicerrt_stand_in.install(other, monkeypatch)
    target = both.out / "cases" / "case-001" / FILE_NAME
    target.unlink(missing_ok=True)

    def close(done: int, total: int, text: str) -> bool:
        other.Clear()
        return True

    with pytest.raises(UnusableInput, match="scene was closed"):
        add_slicerrt_rows(both.out, slicerrt.case, other, progress=close)
    assert not target.exists()


def run_batch(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> int | None:
    """Run the batch script as ``Slicer --python-script`` does; the code with which it ends Slicer."""
    scene_host.bootstrap()
    script = ROOT / "DefaceCompare" / "Scripts" / "deface_compare_batch.py"
    monkeypatch.setattr(sys, "argv", [str(script), *arguments])
    monkeypatch.setattr(slicer.app, "exit_code", None)
    runpy.run_path(str(script), run_name="__main__")
    return slicer.app.exit_code


def test_the_batch_script_adds_slicerrts_rows_where_slicerrt_is(
    both: BothWays, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for file in both.out.rglob(FILE_NAME):
        file.unlink()
    before = (both.out / "measurements.csv").read_bytes()
    assert run_batch(both.arguments, monkeypatch) == 0  # the case is finished: not computed again
    assert not list(both.out.rglob(FILE_NAME))
    logic = slicerrt_stand_in.install(slicer.mrmlScene, monkeypatch)
    assert run_batch(both.arguments, monkeypatch) == 0
    pooled = read_measurements(both.out / FILE_NAME)
    assert len(pooled) == sum(row.domain == "dose" for row in both.by_command)
    # contours need SlicerRT's own conversion, which slicer-core lacks: each row says so, with SlicerRT's words
    assert {row.note for row in pooled if row.structure == "Brain"} == {
        "SlicerRT: Unable to acquire binary labelmap from segmentation"
    }
    assert {row.status for row in pooled} == {"not available"}
    assert (both.out / "measurements.csv").read_bytes() == before
    asked = len(logic.calls)
    assert run_batch(both.arguments, monkeypatch) == 0
    assert len(logic.calls) == asked  # the case has its rows and keeps them
    assert "Traceback" not in capsys.readouterr().err


def test_a_case_whose_patient_is_gone_gets_rows_that_say_so(
    both: BothWays, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    slicerrt_stand_in.install(slicer.mrmlScene, monkeypatch)
    out = tmp_path / "out"
    shutil.copytree(both.out, out, ignore=shutil.ignore_patterns(FILE_NAME))
    (out / "identifiable" / "edits" / "case-001" / "sources.json").unlink()
    rows = add_slicerrt_rows_to_output(out, slicer.mrmlScene)
    assert {row.note for row in rows if row.structure == "Brain"} == {NOT_MEASURED}
    assert "compare it again" in capsys.readouterr().err
    assert (out / FILE_NAME).is_file()


def test_the_batch_script_has_one_worker(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_batch(["study", "cohort", "--out", "out", "--jobs", "2"], monkeypatch) == 2
    assert "one worker" in capsys.readouterr().err
    assert run_batch(["study"], monkeypatch) == 2


def test_the_script_of_the_documentation_runs_in_ten_lines(
    both: BothWays, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = (ROOT / "docs" / "slicer_scripting.md").read_text(encoding="utf-8")
    (script,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert len([line for line in script.splitlines() if line.strip()]) <= 10
    scripted_module.install()
    monkeypatch.syspath_prepend(str(ROOT / "DefaceCompare"))
    import DefaceCompare

    parameters = inspect.signature(DefaceCompare.DefaceCompareLogic.compare)
    asked: list[dict[str, Any]] = []

    def compare(self: Any, *arguments: Any, **options: Any) -> list[Measurement]:
        asked.append(parameters.bind(self, *arguments, **options).arguments)
        return list(both.by_nodes.report.measurements)

    nodes = SampleNodes(ct="ct", mr="mr", segmentation="plan", dose="dose")
    monkeypatch.setattr(DefaceCompare.DefaceCompareLogic, "compare", compare)
    monkeypatch.setattr("DefaceCompareLib.nodes.sample.load_sample_patient", lambda: nodes)
    exec(script, {})
    assert (asked[0]["ct"], asked[0]["segmentation"], asked[0]["dose"]) == ("ct", "plan", "dose")
    assert "quickshear Eye_L" in capsys.readouterr().out
