"""Exported structures, dose, plan and registration; the study; what is refused and what is removed after verification."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRBigEndian

from DefaceCompareLib.case import Dose
from DefaceCompareLib.cli import main, make_parser
from DefaceCompareLib.defacers.edit import Patch
from DefaceCompareLib.errors import UnusableInput
from DefaceCompareLib.export.dose_grid import edited_dose, grid_bytes
from DefaceCompareLib.export.dvh_check import dvh_faults
from DefaceCompareLib.export.finished_case import FinishedCase, open_finished_case
from DefaceCompareLib.export.image_slice import read_object
from DefaceCompareLib.export.object_file import write_object
from DefaceCompareLib.export.options import ExportOptions
from DefaceCompareLib.export.structure_clip import DEVICE, EXTERNAL, OTHER, role_of
from DefaceCompareLib.export.structure_set import drop_other_frames
from DefaceCompareLib.export.verification import Verifier, dose_matches
from DefaceCompareLib.export.written_set import SetWriter, WrittenSet
from DefaceCompareLib.measurement import read_measurements
from DefaceCompareLib.progress import Progress, silent
from DefaceCompareLib.readers import read_case
from DefaceCompareLib.writers.dicom_rt import write_rtdose
from export_patient import (
    DEEP,
    DEVICES,
    LEAVING,
    METHOD,
    OUTER,
    STUDY,
    copied,
    dose,
    edit,
    export,
    head_known,
    known_heads,
    manifest,
    objects,
)

TAG_OF_CONTOURS = 0x30060050
OPTIONS = ExportOptions(METHOD, "mask", accept_risk=True)


pytestmark = pytest.mark.xdist_group("export")


def source(finished: Path) -> Path:
    return finished.parents[2] / "patient"


def contours(path: Path) -> dict[str, list[bytes]]:
    """ContourData of each structure as its bytes in the file."""
    data = pydicom.dcmread(path)
    names = {roi.ROINumber: str(roi.ROIName) for roi in data.StructureSetROISequence}
    found: dict[str, list[bytes]] = {}
    for item in data.ROIContourSequence:
        drawn = item.get("ContourSequence") or []
        found[names[item.ReferencedROINumber]] = [each.get_item(TAG_OF_CONTOURS).value for each in drawn]
    return found


def points_mm(values: list[bytes]) -> np.ndarray:
    return np.concatenate([np.array(value.strip().split(b"\\"), float).reshape(-1, 3) for value in values])


def test_contours_of_deep_structures_are_the_same_bytes(exported_case: Path, masked_export: Path) -> None:
    before, after = contours(source(exported_case) / "RTSTRUCT.dcm"), contours(masked_export / "RTSTRUCT.dcm")
    assert list(before) == list(after)
    for name in DEEP:
        assert before[name] == after[name]
        assert before[name]


def test_outer_contours_follow_the_defaced_image_and_what_draws_the_face_is_clipped(
    exported_case: Path, masked_export: Path
) -> None:
    before, after = contours(source(exported_case) / "RTSTRUCT.dcm"), contours(masked_export / "RTSTRUCT.dcm")
    original = sitk.ReadImage(str(source(exported_case) / "CT" / "CT_0020.dcm"))
    defaced = read_case(masked_export, "x").image("CT").image
    assert original.GetSize()[:2] == defaced.GetSize()[:2]
    tissue = sitk.GetArrayFromImage(sitk.SignedMaurerDistanceMap(defaced > -300, squaredDistance=False, useImageSpacing=True))
    for name in (*OUTER, *DEVICES, *LEAVING):
        assert before[name] != after[name], name
        if not after[name]:
            continue
        where = points_mm(after[name])
        where = where[where[:, 1] < 0]  # the front: ears and back of the head were not touched
        index = [defaced.TransformPhysicalPointToContinuousIndex(point) for point in where.tolist()]
        x, y, z = np.rint(np.array(index)).astype(int).T
        held = (z >= 0) & (z < tissue.shape[0]) & (y >= 0) & (y < tissue.shape[1]) & (x >= 0) & (x < tissue.shape[2])
        outside = tissue[z[held], y[held], x[held]]
        if name not in DEVICES:
            assert outside.max() < 8.0, name  # measured 4.0: a voxel is 4 x 4 x 6 mm
    assert min(points_mm(before["BODY"])[:, 1]) < -110
    assert after["Nose"] == []
    told = {entry["number"]: entry["what"] for entry in manifest(masked_export)["clipped_structures"]}  # type: ignore[attr-defined]
    assert told == {1: "redrawn", 2: "redrawn", 3: "clipped", 4: "clipped", 5: "dropped", 6: "dropped"}


def test_a_thermoplastic_mask_no_longer_passes_by_the_face(exported_case: Path, masked_export: Path) -> None:
    nose_mm = np.array([0.0, -114.0, -25.0])
    for name in DEVICES:
        before = points_mm(contours(source(exported_case) / "RTSTRUCT.dcm")[name])
        after = points_mm(contours(masked_export / "RTSTRUCT.dcm")[name])
        assert np.linalg.norm(before - nose_mm, axis=1).min() < 16
        assert np.linalg.norm(after - nose_mm, axis=1).min() > 40


@pytest.mark.parametrize(
    ("name", "group", "interpreted", "role"),
    [
        ("BODY", "external", "", EXTERNAL),
        ("Kontur", "other", "EXTERNAL", EXTERNAL),
        ("Bolus_5mm", "exclude", "", DEVICE),
        ("Gesichtsmaske", "other", "", DEVICE),
        ("thing", "other", "BOLUS", DEVICE),
        ("CouchSurface", "exclude", "", DEVICE),
        ("bite block", "exclude", "", DEVICE),
        ("Orbite_G", "eye", "ORGAN", OTHER),
        ("Acetabulum", "other", "", OTHER),
        ("PTV_skin", "ptv", "PTV", OTHER),
    ],
)
def test_a_structure_is_known_as_outer_contour_or_device_by_name_or_type(name, group, interpreted, role) -> None:
    assert role_of(name, group, interpreted) == role


def test_structures_of_another_frame_are_left_out(exported_case: Path) -> None:
    data = pydicom.dcmread(source(exported_case) / "RTSTRUCT.dcm")
    data.StructureSetROISequence[7].ReferencedFrameOfReferenceUID = STUDY.uid("MR frame")
    assert drop_other_frames(data, {STUDY.frame_of_reference_uid}) == [8]
    for sequence, keyword in (("StructureSetROISequence", "ROINumber"), ("ROIContourSequence", "ReferencedROINumber")):
        assert [int(item[keyword].value) for item in data[sequence].value] == [1, 2, 3, 4, 5, 6, 7]


def test_an_export_in_the_clinic_keeps_uids_and_a_kept_dose_its_bytes(exported_case: Path, tmp_path: Path) -> None:
    assert export(exported_case, tmp_path / "kept", "--accept-risk", "--keep-uids") == 0
    before, kept = objects(source(exported_case)), objects(tmp_path / "kept")
    assert {data.SOPInstanceUID for data in before.values()} == {data.SOPInstanceUID for data in kept.values()}
    assert kept["RTDOSE_1.dcm"].PixelData == before["RTDOSE.dcm"].PixelData
    assert kept["RTDOSE_1.dcm"].DoseGridScaling == before["RTDOSE.dcm"].DoseGridScaling
    assert kept["RTDOSE_1.dcm"].DoseComment == "test"


def test_a_masked_dose_is_zero_where_the_image_went_and_says_so(exported_case: Path, masked_export: Path) -> None:
    before, edited = pydicom.dcmread(source(exported_case) / "RTDOSE.dcm"), pydicom.dcmread(masked_export / "RTDOSE_1.dcm")
    assert before.DoseGridScaling == edited.DoseGridScaling
    assert edited.DoseComment == "defaced: 0 Gy where the image was removed; test"
    changed = before.pixel_array != edited.pixel_array
    assert changed.sum() > 1000
    assert (edited.pixel_array[changed] == 0).all()


def test_a_second_export_has_the_same_bytes(exported_case: Path, masked_export: Path, tmp_path: Path) -> None:
    assert export(exported_case, tmp_path / "again", "--accept-risk", "--dose-policy", "mask") == 0
    one, other = (
        {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        for folder in (masked_export, tmp_path / "again")
    )
    assert one == other


def test_a_dose_of_32_bits_finer_than_float32_is_edited_and_verified(tmp_path: Path) -> None:
    """Real planning systems store more digits than our float32 grid holds: untouched voxels keep theirs."""
    write_rtdose(dose(), tmp_path / "dose.dcm", STUDY, plan_uid="1.2.3", bits=32)

    def finer(data: Dataset) -> None:
        digits = np.random.default_rng(5).integers(0, 200, data.pixel_array.shape, dtype=np.uint32)
        data.PixelData = (data.pixel_array + digits).astype("<u4").tobytes()

    edit(tmp_path / "dose.dcm", finer)
    before = pydicom.dcmread(tmp_path / "dose.dcm")
    scaling = float(before.DoseGridScaling)
    values = (before.pixel_array * scaling).astype(np.float32)
    grid = sitk.GetImageFromArray(values)
    box = values[5:30, 3:20, 8:40].copy()
    box[:10] *= np.float32(0.5)
    patch = Patch((8, 3, 5), box)
    after = edited_dose(tmp_path / "dose.dcm", Dose(image=grid, sources=(tmp_path / "dose.dcm",)), patch, "follow")
    stored = np.frombuffer(after.PixelData, "<u4").reshape(before.pixel_array.shape)
    expected = np.zeros(stored.shape, bool)
    expected[5:15, 3:20, 8:40] = values[5:15, 3:20, 8:40] > 0
    np.testing.assert_array_equal(stored[~expected], before.pixel_array[~expected])
    off_gy = np.abs(stored[expected] * scaling - 0.5 * values[expected])
    assert off_gy.max() < scaling  # measured 0.5 steps
    assert dose_matches(before.pixel_array, stored, patch, scaling)
    for spoilt in ((0, 0, 0), (6, 5, 10), (20, 5, 10)):
        wrong = stored.copy()
        wrong[spoilt] += 2000
        assert not dose_matches(before.pixel_array, wrong, patch, scaling)


def test_a_kept_dose_in_big_endian_keeps_its_values(exported_case: Path, tmp_path: Path) -> None:
    before = pydicom.dcmread(source(exported_case) / "RTDOSE.dcm")
    turned = pydicom.dcmread(source(exported_case) / "RTDOSE.dcm")
    turned.PixelData = before.pixel_array.astype(">u2").tobytes()
    turned.file_meta.TransferSyntaxUID = ExplicitVRBigEndian
    pydicom.dcmwrite(tmp_path / "big.dcm", turned, implicit_vr=False, little_endian=False, force_encoding=True)
    read = read_object(tmp_path / "big.dcm")
    read.PixelData = grid_bytes(read)
    write_object(read, tmp_path / "little.dcm")
    np.testing.assert_array_equal(pydicom.dcmread(tmp_path / "little.dcm").pixel_array, before.pixel_array)
    assert pydicom.dcmread(tmp_path / "little.dcm").PixelData == before.PixelData


def test_a_summed_dose_is_exported_untouched_only(exported_case: Path, tmp_path: Path) -> None:
    read = read_case(source(exported_case), "x").dose
    assert read is not None
    summed = replace(read, image=read.image * 2.0)
    patch = Patch((0, 0, 0), np.zeros((2, 2, 2), np.float32))
    with pytest.raises(UnusableInput, match=r"is not the grid of one file .* export it with --dose-policy keep"):
        edited_dose(source(exported_case) / "RTDOSE.dcm", summed, patch, "mask")


def test_plan_and_dose_refer_to_each_other_as_before(masked_export: Path) -> None:
    everything = objects(masked_export)
    plan, dose, sets = everything["RTPLAN_1.dcm"], everything["RTDOSE_1.dcm"], everything["RTSTRUCT.dcm"]
    assert dose.ReferencedRTPlanSequence[0].ReferencedSOPInstanceUID == plan.SOPInstanceUID
    assert plan.ReferencedStructureSetSequence[0].ReferencedSOPInstanceUID == sets.SOPInstanceUID
    drawn_on = {str(item.ReferencedSOPInstanceUID) for roi in sets.ROIContourSequence for item in _images_of(roi)}
    assert drawn_on <= {str(data.SOPInstanceUID) for name, data in everything.items() if name.startswith("CT/")}


def _images_of(roi: Dataset) -> list[Dataset]:
    return [image for contour in roi.get("ContourSequence") or [] for image in contour.ContourImageSequence]


def test_every_written_object_passes_dciodvfy_and_dcentvfy(masked_export: Path) -> None:
    program, entities = shutil.which("dciodvfy"), shutil.which("dcentvfy")
    if program is None or entities is None:
        pytest.skip("dciodvfy and dcentvfy (Debian package dicom3tools) are not installed")
    names = sorted(masked_export.rglob("*.dcm"))
    for path in names:
        said = subprocess.run([program, str(path)], capture_output=True, text=True, check=False)
        assert "Error" not in said.stdout + said.stderr, f"{path.name}: {said.stderr}"
    said = subprocess.run([entities, *map(str, names)], capture_output=True, text=True, check=False)
    assert said.stdout + said.stderr == ""


def test_what_was_written_is_read_back_as_the_same_patient(exported_case: Path, masked_export: Path) -> None:
    before, after = read_case(source(exported_case), "x"), read_case(masked_export, "x")
    assert [image.key for image in before.images] == [image.key for image in after.images]
    for one, other in zip(before.images, after.images, strict=True):
        assert one.image.GetSize() == other.image.GetSize()
        np.testing.assert_array_equal(one.image.GetOrigin(), other.image.GetOrigin())
        np.testing.assert_array_equal(one.image.GetDirection(), other.image.GetDirection())
        assert one.unit == other.unit
    assert before.structure_set is not None
    assert after.structure_set is not None
    assert [s.name for s in before.structure_set.structures] == [s.name for s in after.structure_set.structures]
    assert before.dose is not None
    assert after.dose is not None
    assert before.dose.prescription_gy == after.dose.prescription_gy == 60.0


def test_a_risk_is_refused_until_it_is_accepted(exported_case: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert export(exported_case, tmp_path / "export") == 2
    told = capsys.readouterr().err
    assert "privacy check of CT: not assessed" in told
    assert "the dose ends at 100 % of the skin that was taken away and so draws the face" in told
    assert "--accept-risk writes it all the same" in told
    assert list(tmp_path.iterdir()) == []


Spoil = Callable[[Path], None]


def _wrong_voxel(folder: Path) -> None:
    path = folder / "CT" / "CT_0020.dcm"

    def change(data: Dataset) -> None:
        values = data.pixel_array.copy()
        values[-1, -1] += 1
        data.PixelData = values.tobytes()

    edit(path, change)


def _undefaced_slice(folder: Path) -> None:
    def change(data: Dataset) -> None:
        data.PixelData = (data.pixel_array + 700).astype("<i2").tobytes()

    edit(folder / "PET" / "PET_0012.dcm", change)


def _wrong_dose(folder: Path) -> None:
    def change(data: Dataset) -> None:
        values = data.pixel_array.copy()
        values[10, 20, 20] += 1
        data.PixelData = values.tobytes()

    edit(folder / "RTDOSE_1.dcm", change)


def _moved_contour(folder: Path) -> None:
    def change(data: Dataset) -> None:
        contour = data.ROIContourSequence[7].ContourSequence[0]
        contour.ContourData = [float(value) + 0.5 for value in contour.ContourData]

    edit(folder / "RTSTRUCT.dcm", change)


def _old_body(folder: Path) -> None:
    """The original outer contour in the place of the clipped one."""
    square = [-70.0, -90.0, -48.0, 70.0, -90.0, -48.0, 70.0, 50.0, -48.0, -70.0, 50.0, -48.0]

    def change(data: Dataset) -> None:
        data.ROIContourSequence[0].ContourSequence[0].ContourData = square

    edit(folder / "RTSTRUCT.dcm", change)


def _old_uid(folder: Path) -> None:
    edit(folder / "RTPLAN_1.dcm", lambda data: setattr(data, "StudyDescription", STUDY.study_uid))


def _lost_slice(folder: Path) -> None:
    (folder / "CT" / "CT_0020.dcm").unlink()


@pytest.fixture(scope="module")
def written(exported_case: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[FinishedCase, WrittenSet]:
    """A set as it is before its verification."""
    finished = open_finished_case(exported_case, METHOD, "mask")
    writer = SetWriter(finished, OPTIONS, tmp_path_factory.mktemp("written"), dict.fromkeys(finished.patches, False))
    return finished, writer.write(silent, 0, 1)


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda folder: None, ""),
        (_wrong_voxel, "CT_0020.dcm: a voxel outside the edit is not the source's"),
        (_undefaced_slice, "PET_0012.dcm: a voxel"),
        (_wrong_dose, "the dose grid is not what it should be"),
        (_moved_contour, "contours of structure 8 changed"),
        (_old_body, "structure 1 leaves the surface of the defaced image"),
        (_old_uid, "a UID of the input is left"),
        (_lost_slice, "names what is not there"),
    ],
)
def test_what_was_written_wrongly_is_found(
    written: tuple[FinishedCase, WrittenSet], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spoil: Spoil, why: str
) -> None:
    finished, sound = written
    shutil.copytree(sound.folder, tmp_path / "set")
    spoilt = replace(
        sound,
        folder=tmp_path / "set",
        objects=[replace(each, path=tmp_path / "set" / each.path.relative_to(sound.folder)) for each in sound.objects],
    )
    spoil(spoilt.folder)
    # reading back, and drawing, is proven by whole exports
    monkeypatch.setattr(Verifier, "_read_back", lambda self: [])
    heads, _ = known_heads(finished.case, finished.settings)
    faults = Verifier(finished, OPTIONS, spoilt, heads).run().faults
    assert any(why in fault for fault in faults) if why else faults == []


@pytest.mark.parametrize("key", ["CT", "MR_T1", "PET"])
def test_an_original_slice_in_the_place_of_a_defaced_one_is_found(
    written: tuple[FinishedCase, WrittenSet], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    finished, sound = written
    slices = [each for each in sound.objects if each.key == key]
    changed = [pydicom.dcmread(e.path).PixelData != pydicom.dcmread(e.source).PixelData for e in slices]
    planted = slices[changed.index(True)]
    path = tmp_path / planted.path.name
    shutil.copy(planted.path, path)
    edit(path, lambda data: setattr(data, "PixelData", pydicom.dcmread(planted.source).PixelData))
    objects = [replace(each, path=path) if each is planted else each for each in sound.objects]
    for name in ("_read_back", "_references", "_contours"):
        monkeypatch.setattr(Verifier, name, lambda self: [])
    heads, _ = known_heads(finished.case, finished.settings)
    faults = Verifier(finished, OPTIONS, replace(sound, objects=objects), heads).run().faults
    assert faults == [f"{path.name}: a voxel of the edit is not what was measured"]


def test_an_image_that_was_not_defaced_stays_behind_and_is_counted(exported_case: Path, tmp_path: Path) -> None:
    finished = open_finished_case(exported_case, METHOD, "mask")
    without = replace(finished, patches={key: patch for key, patch in finished.patches.items() if key != "PET"})
    writer = SetWriter(without, OPTIONS, tmp_path, dict.fromkeys(without.patches, False))
    assert writer.written.left_out == {"PT": len(finished.case.image("PET").sources)}
    assert "PET" not in {each.key for each in writer.write(silent, 0, 1).objects}


def test_an_export_that_fails_its_verification_is_removed_with_exit_code_two(
    exported_case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write = SetWriter.write

    def write_and_spoil(self: SetWriter, progress: Progress, done: int, total: int) -> WrittenSet:
        written = write(self, progress, done, total)
        _wrong_dose(written.folder)
        return written

    monkeypatch.setattr(SetWriter, "write", write_and_spoil)
    assert export(exported_case, tmp_path / "export", "--accept-risk", "--dose-policy", "mask") == 2
    told = capsys.readouterr().err
    assert "the export of case-001 did not pass its verification and was removed: RTDOSE_1.dcm: the dose grid is not what" in told
    assert list(tmp_path.iterdir()) == []


def test_a_dvh_that_is_not_the_measured_one_is_a_fault(exported_case: Path, masked_export: Path) -> None:
    rows = [row for row in read_measurements(exported_case / "measurements.csv") if row.method == METHOD]
    settings = open_finished_case(exported_case, METHOD, "mask").settings
    back = read_case(masked_export, "case-001")
    faults, compared = dvh_faults(back, settings, rows, "mask", {"PTV_skin"}, 0.0)
    assert faults == []
    assert compared >= 10
    chosen = next(row for row in rows if row.structure.startswith("GTV") and row.dose_policy == "mask" and row.metric == "D95%")
    changed = [replace(row, defaced=row.defaced + 1e-9) if row is chosen else row for row in rows]
    (fault,) = dvh_faults(back, settings, changed, "mask", {"PTV_skin"}, 0.0)[0]
    assert fault.startswith(f"D95% of {chosen.structure} is ")


def test_a_study_is_exported_case_by_case_and_told_as_json(
    exported_case: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    finished = copied(exported_case, tmp_path)
    broken = finished.parent / "case-002"
    broken.mkdir()
    (broken / "case_report.json").write_text("{")
    arguments = replace(OPTIONS, frame="keep").arguments(finished.parents[1], tmp_path / "shared")
    capsys.readouterr()
    with head_known():
        assert main(arguments) == 3
    printed = capsys.readouterr()
    lines = [json.loads(line) for line in printed.out.splitlines()]
    assert lines[-2]["total"] == 200
    result = lines[-1]
    assert result["exported"]["case-001"]["files"] == len(list((tmp_path / "shared" / "case-001").rglob("*.dcm")))
    assert list(result["refused"]) == ["case-002"]
    assert "case_report.json is damaged" in printed.err
    assert sorted(path.name for path in (tmp_path / "shared").iterdir()) == ["case-001"]
    data = pydicom.dcmread(tmp_path / "shared" / "case-001" / "CT" / "CT_0001.dcm")
    assert data.FrameOfReferenceUID == STUDY.frame_of_reference_uid
    assert data.StudyInstanceUID not in {STUDY.study_uid, ""}


def test_the_arguments_of_a_child_process_say_what_the_options_say() -> None:
    options = ExportOptions("surface_blur", "follow", keep_uids=True, frame="keep", accept_risk=True)
    read = make_parser().parse_args(options.arguments(Path("CASE"), Path("TO")))
    assert ExportOptions(read.method, read.dose_policy, read.keep_uids, read.frame, read.accept_risk) == options
    assert (read.case, read.to, read.progress) == (Path("CASE"), Path("TO"), "json")


@pytest.mark.parametrize(
    ("change", "options", "why"),
    [
        (lambda case: (case / METHOD / "PET.nrrd").unlink(), [], "the defaced image PET (PET.nrrd) is missing"),
        (lambda case: (case / METHOD / "CT.nrrd").write_bytes(b"x"), [], "the defaced image CT (CT.nrrd) is damaged"),
        (
            lambda case: shutil.copy(case / METHOD / "PET.nrrd", case / METHOD / "CT.nrrd"),
            [],
            "is not the one that was measured; compare the case again",
        ),
        (
            lambda case: _wrong_voxel_of_source(case),
            [],
            "the patient behind case case-001 has changed since it was compared",
        ),
        (
            lambda case: shutil.rmtree(case.parents[1] / "identifiable" / "edits"),
            [],
            "does not say what it was read from",
        ),
        (lambda case: (case / "measurements.csv").unlink(), [], "measurements.csv is missing; compare case case-001 again"),
        (
            lambda case: (case.parents[1] / "identifiable" / "edits" / "case-001" / "sources.json").write_text("["),
            [],
            "sources.json is damaged; compare the case again",
        ),
        (
            lambda case: (case.parents[1] / "identifiable" / "edits" / "case-001" / f"{METHOD}.npz").write_bytes(b"PK spoilt"),
            ["--dose-policy", "follow"],
            "the dose that quickshear edited (quickshear.npz) is damaged",
        ),
        (
            lambda case: _other_version(case),
            [],
            "is of another version of DefaceCompare",
        ),
        (lambda case: None, ["--method", "surface_blur"], "was not compared with surface_blur, but with quickshear"),
    ],
)
def test_a_case_that_is_no_longer_what_was_measured_is_refused(
    exported_case: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], change: Spoil, options: list[str], why: str
) -> None:
    finished = copied(exported_case, tmp_path / "copy")
    change(finished)
    assert export(finished, tmp_path / "export", "--accept-risk", *options) == 2
    assert why in capsys.readouterr().err
    assert not (tmp_path / "export").exists()


def _other_version(case: Path) -> None:
    report = json.loads((case / "case_report.json").read_text(encoding="utf-8"))
    report["settings"]["a setting of the future"] = 1
    (case / "case_report.json").write_text(json.dumps(report), encoding="utf-8")


def _wrong_voxel_of_source(finished: Path) -> None:
    patient = finished.parents[2] / "patient"

    def change(data: Dataset) -> None:
        data.PixelData = data.PixelData[:-2] + b"\x01\x00"

    edit(patient / "CT" / "CT_0020.dcm", change)


def test_a_folder_in_use_and_a_place_inside_the_patient_are_refused(
    exported_case: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "file").write_text("mine")
    assert export(exported_case, tmp_path / "used", "--accept-risk") == 2
    assert "is not an empty folder" in capsys.readouterr().err
    assert export(exported_case, source(exported_case) / "export", "--accept-risk") == 2
    assert "lies inside the patient's own folder" in capsys.readouterr().err
    assert (tmp_path / "used" / "file").read_text() == "mine"
