"""An exported patient read by programs that are not ours: plastimatch and Slicer's own volume reader."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk

from deface_compare import compare
from deface_compare.anatomy.find_heads import find_heads
from deface_compare.cli.main import main
from deface_compare.export import export_case as export_module
from deface_compare.export.options import ExportOptions
from deface_compare.readers import read_case
from deface_compare.settings import Settings
from export_patient import DEEP, LEAVING, METHOD, compare_patient, export, objects, write_patient
from exported_contours import contours
from form_faults import without_meta
from places import SLICER_HOST

pytestmark = pytest.mark.xdist_group("export")

PROVE = os.environ.get("DEFACE_COMPARE_PROVE") == "1"
PLASTIMATCH = Path(sys.executable).with_name("plastimatch")


def masks(patient: Path, folder: Path) -> dict[str, np.ndarray]:
    """CT and structures as plastimatch reads them, on the CT's grid."""
    source = folder / "input"
    source.mkdir(parents=True)
    for path in [*(patient / "CT").glob("*.dcm"), patient / "RTSTRUCT.dcm"]:
        (source / path.name).symlink_to(path)
    options = ("--output-prefix", folder / "masks", "--prefix-format", "nrrd", "--output-img", folder / "ct.nrrd")
    command = [PLASTIMATCH, "convert", "--input", source, *options]
    subprocess.run([str(part) for part in command], check=True, capture_output=True)
    found = {path.stem: sitk.GetArrayFromImage(sitk.ReadImage(str(path))) for path in (folder / "masks").glob("*.nrrd")}
    return found | {"CT": sitk.GetArrayFromImage(sitk.ReadImage(str(folder / "ct.nrrd")))}


def test_plastimatch_finds_the_same_grid_and_the_same_deep_structures(
    exported_case: Path, masked_export: Path, tmp_path: Path
) -> None:
    if not PLASTIMATCH.is_file():
        pytest.skip("plastimatch has no wheel for this platform")
    before, after = masks(exported_case.parents[2] / "patient", tmp_path / "a"), masks(masked_export, tmp_path / "b")
    assert before["CT"].shape == after["CT"].shape
    for name in DEEP:
        assert before[name].sum() > 100
        np.testing.assert_array_equal(before[name], after[name])
    assert after["BODY"].sum() < 0.95 * before["BODY"].sum()
    for name in LEAVING:
        assert name not in after or not after[name].any()
    changed = before["CT"] != after["CT"]
    assert changed.any()
    # what plastimatch calls BODY holds the tissue that is left, and no more than the voxels that are half air
    head = after["CT"] > -500
    assert (head & (after["BODY"] > 0)).sum() > 0.95 * head.sum()  # measured 0.99
    assert ((after["BODY"] > 0) & ~head).sum() < 0.05 * head.sum()


def without_head(patient: Path) -> None:
    """Every object as archives without files write it: no preamble, no mark, no meta information."""
    for path in patient.rglob("*.dcm"):
        path.write_bytes(without_meta(path.read_bytes()))


def test_a_patient_whose_files_have_no_preamble_is_exported_as_dicom_files(
    exported_case: Path, masked_export: Path, tmp_path: Path
) -> None:
    patient = write_patient(tmp_path / "patient")
    without_head(patient)
    case = compare_patient(patient, tmp_path / "out")
    assert export(case, tmp_path / "export", "--accept-risk", "--dose-policy", "mask") == 0
    found, wanted = objects(tmp_path / "export"), objects(masked_export)  # dcmread refuses files without the mark
    assert found.keys() == wanted.keys()
    for name, data in found.items():
        assert data.get("PixelData") == wanted[name].get("PixelData"), name
    assert contours(tmp_path / "export" / "RTSTRUCT.dcm") == contours(masked_export / "RTSTRUCT.dcm")


@pytest.mark.shared
def test_a_real_ct_is_exported_without_an_error_for_dciodvfy(
    shared_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its source has five: no frame of reference, no KVP, no acquisition number, no laterality, an empty ImageType."""
    program, entities = shutil.which("dciodvfy"), shutil.which("dcentvfy")
    if program is None or entities is None:
        pytest.skip("dciodvfy and dcentvfy (Debian package dicom3tools) are not installed")
    source, out = shared_data / "ct_head_headsq" / "dicom", tmp_path / "out"
    # searched once, not in the comparison and again in the export
    heads = find_heads(read_case(source, "x"), Settings(face_model="none"))
    monkeypatch.setattr(compare, "find_heads", lambda case, settings: heads)
    monkeypatch.setattr(export_module, "find_heads", lambda case, settings: heads)
    assert main(["case", str(source), "--out", str(out), "--methods", METHOD, "--no-report", "--face-model", "none"]) == 0
    options = ExportOptions(METHOD, accept_risk=True)
    done = export_module.export_with(out / "cases" / "case-001", tmp_path / "export", options)
    added = (
        "CT: added to the headers, since DICOM requires it: AcquisitionNumber, FrameOfReferenceUID, ImageType, KVP, Laterality"
    )
    assert added in done.notes
    assert any(note.startswith("the headers name persons") for note in done.notes)
    paths = sorted((tmp_path / "export").rglob("*.dcm"))
    assert len(paths) == 93
    for path in paths if PROVE else paths[::8]:
        said = subprocess.run([program, str(path)], capture_output=True, text=True, check=False)
        assert "Error" not in said.stdout + said.stderr, said.stderr
    said = subprocess.run([entities, *map(str, paths)], capture_output=True, text=True, check=False)
    assert said.stdout + said.stderr == ""
    before, after = (sitk.GetArrayFromImage(sitk.ReadImage([str(p) for p in files])) for files in (_sorted(source), paths))
    changed = before != after
    assert 0.2 < changed.mean() < 0.5  # measured 0.38: air in front of the plane, too, gets the fill


def _sorted(folder: Path) -> list[Path]:
    """Slices from below upwards, as the export numbers them."""
    return sorted(folder.glob("*.dcm"), key=lambda path: float(pydicom.dcmread(path).ImagePositionPatient[2]))


@pytest.mark.slicer_core
def test_slicer_reads_the_exported_series_where_our_reader_does(masked_export: Path) -> None:
    slicer = pytest.importorskip("slicer", reason="slicer-core is not installed (pip install .[slicer])")
    sys.path.insert(0, str(SLICER_HOST))
    import scene_host

    scene = scene_host.bootstrap().scene
    case = read_case(masked_export, "x")
    for key in ("CT", "MR_T1", "PET"):
        ours = case.image(key) if key != "MR_T1" else None
        node, paths = _by_slicer(slicer, scene, masked_export / key)
        array = slicer.util.arrayFromVolume(node)
        headers = [pydicom.dcmread(path) for path in paths]
        stored = [h.pixel_array * float(h.get("RescaleSlope") or 1) + float(h.get("RescaleIntercept") or 0) for h in headers]
        np.testing.assert_allclose(array, np.stack(stored), rtol=1e-5, atol=0.51)  # PET: slices with a slope each, in float32
        ras = np.array(slicer.util.arrayFromVTKMatrix(_ijk_to_ras(slicer, node)))
        np.testing.assert_allclose(ras[:3, 3] * (-1, -1, 1), [float(v) for v in headers[0].ImagePositionPatient], atol=1e-4)
        if ours is not None:
            np.testing.assert_allclose(ras[:3, 3] * (-1, -1, 1), ours.image.GetOrigin(), atol=1e-4)  # measured 1e-5
            np.testing.assert_allclose(np.diag(ras)[:3] * (-1, -1, 1), ours.image.GetSpacing(), atol=1e-6)


def _by_slicer(slicer: Any, scene: Any, folder: Path) -> tuple[Any, list[Path]]:
    """The volume node that Slicer's archetype reader makes of a series."""
    paths = sorted(folder.glob("*.dcm"))
    storage = slicer.vtkMRMLVolumeArchetypeStorageNode()
    storage.ResetFileNameList()
    storage.SetFileName(str(paths[0]))
    for path in paths:
        storage.AddFileName(str(path))
    storage.SetSingleFile(0)
    node = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", folder.name)
    assert storage.ReadData(node)
    return node, paths


def _ijk_to_ras(slicer: Any, node: Any) -> Any:
    import vtk

    matrix = vtk.vtkMatrix4x4()
    node.GetIJKToRASMatrix(matrix)
    return matrix
