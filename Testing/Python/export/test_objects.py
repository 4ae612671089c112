"""An exported set as a whole: references, validators, what our reader finds in it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset

from deface_compare.export.written.uid_map import UidMap
from deface_compare.readers import read_case
from export_patient import (
    STUDY,
    export,
    objects,
    source,
)

pytestmark = pytest.mark.xdist_group("export")


def test_an_export_in_the_clinic_keeps_uids_and_a_kept_dose_its_bytes(exported_case: Path, tmp_path: Path) -> None:
    assert export(exported_case, tmp_path / "kept", "--accept-risk", "--keep-uids") == 0
    before, kept = objects(source(exported_case)), objects(tmp_path / "kept")
    assert {data.SOPInstanceUID for data in before.values()} == {data.SOPInstanceUID for data in kept.values()}
    assert kept["RTDOSE_1.dcm"].PixelData == before["RTDOSE.dcm"].PixelData
    assert kept["RTDOSE_1.dcm"].DoseGridScaling == before["RTDOSE.dcm"].DoseGridScaling
    assert kept["RTDOSE_1.dcm"].DoseComment == "test"


def test_a_frame_that_is_kept_stays_and_all_else_gets_the_same_new_uid_again() -> None:
    frame, study, series = (STUDY.uid(word) for word in ("frame", "study", "series"))
    one, other = (UidMap(b"salt", version, {frame, study}, {frame}) for version in ("quickshear", "surface_blur"))
    assert one.new(frame) == frame
    assert one.new(study) == other.new(study) != study
    assert one.new(series) != other.new(series)
    assert one.new(series) == UidMap(b"salt", "quickshear", {frame, study}).new(series)
    assert UidMap(b"pepper", "quickshear").new(series) != one.new(series)
    assert one.new("1.2.840.10008.1.2.1") == "1.2.840.10008.1.2.1"
    assert one.new(one.made("frame of a series")) == one.made("frame of a series")


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
