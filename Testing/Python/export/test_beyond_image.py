"""A CT that ends above the mouth while structures and dose go on: what lies beyond it was never defaced, and does not leave."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from pydicom.dataset import Dataset

import synthetic_head
from deface_compare.export.beyond_image import dose_beyond, is_beyond
from deface_compare.export.checked.verification import Verifier
from deface_compare.export.written.written_set import SetWriter
from deface_compare.output.finished_case import open_finished_case
from deface_compare.progress import silent
from deface_compare.readers import read_case
from export_patient import (
    DEEP,
    METHOD,
    OPTIONS,
    SPACINGS_MM,
    compare_patient,
    edit,
    export,
    known_heads,
    manifest,
    source,
    write_patient,
)
from exported_contours import contours, points_mm

LOWEST_MM = -40.0
"""The CT is cut here: under the nose tip (-25), above the mouth (-55)."""
SLACK_MM = 0.5 * SPACINGS_MM[0][2] + 0.3
"""The last slice reaches half its thickness further."""


@pytest.fixture(scope="module")
def cut_case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small patient, compared without its CT's lowest slices."""
    folder = tmp_path_factory.mktemp("cut")
    patient = write_patient(folder / "patient")
    for path in sorted((patient / "CT").glob("*.dcm")):
        if float(pydicom.dcmread(path, stop_before_pixels=True).ImagePositionPatient[2]) < LOWEST_MM:
            path.unlink()
    return compare_patient(patient, folder / "out")


@pytest.fixture(scope="module")
def cut_export(cut_case: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cut_export") / "export"
    assert export(cut_case, folder, "--accept-risk", "--dose-policy", "mask") == 0
    return folder


def test_no_contour_at_the_skin_is_left_beyond_the_image_and_deep_ones_are_byte_for_byte_there(
    cut_case: Path, cut_export: Path
) -> None:
    before, after = contours(source(cut_case) / "RTSTRUCT.dcm"), contours(cut_export / "RTSTRUCT.dcm")
    lost = {}
    for name in before:
        z = np.array([points_mm([each])[0, 2] for each in before[name]])
        left = np.array([points_mm([each])[0, 2] for each in after[name]])
        below = int((z < LOWEST_MM - SLACK_MM).sum())
        assert not (left < LOWEST_MM - SLACK_MM).any(), name
        lost[name] = below
    assert lost["BODY"] == lost["Skin"] == 8  # planes of 8 mm below the CT: mouth, chin and neck
    for name in DEEP:
        assert before[name] == after[name]
    told = {entry["number"]: entry["planes"] for entry in manifest(cut_export)["clipped_structures"]}  # type: ignore[attr-defined]
    assert told[1] >= 8


def test_no_dose_is_left_beyond_the_image_and_inside_it_is_as_the_policy_says(cut_case: Path, cut_export: Path) -> None:
    before, after = read_case(source(cut_case), "x"), read_case(cut_export, "x")
    assert before.dose is not None
    assert after.dose is not None
    ct = before.image("CT").image
    assert dose_beyond(ct, before.dose.image).sum() > 5000  # voxels of 5 mm: measured 5532
    assert not dose_beyond(ct, after.dose.image).any()
    planned = open_finished_case(cut_case, METHOD, "mask").dose_patch
    assert planned is not None
    inside = ~dose_beyond(ct, before.dose.image)
    wanted = sitk.GetArrayFromImage(planned.whole(before.dose.image))
    scaling = float(pydicom.dcmread(source(cut_case) / "RTDOSE.dcm").DoseGridScaling)
    found = sitk.GetArrayFromImage(after.dose.image)
    assert np.abs(found[inside] - wanted[inside]).max() <= 0.5 * scaling + 1e-5


def test_a_kept_dose_that_reaches_beyond_the_image_is_refused(
    cut_case: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert export(cut_case, tmp_path / "export") == 2
    said = capsys.readouterr().err
    assert "mm beyond image CT, where nothing was defaced (see --dose-policy mask or follow)" in said
    assert list(tmp_path.iterdir()) == []


def _old_plane(data: Dataset) -> None:
    """An outer contour's plane at the chin, as it was planned."""
    square = [-30.0, -60.0, -88.0, 30.0, -60.0, -88.0, 30.0, 40.0, -88.0, -30.0, 40.0, -88.0]
    data.ROIContourSequence[0].ContourSequence[0].ContourData = square


def test_an_outer_contour_planted_beyond_the_image_is_found_far_from_any_edit(cut_case: Path, tmp_path: Path) -> None:
    finished = open_finished_case(cut_case, METHOD, "mask")
    heads, _ = known_heads(finished.case, finished.settings)
    written = SetWriter(finished, OPTIONS, tmp_path, dict.fromkeys(finished.patches, False)).write(silent, 0, 1)
    edit(tmp_path / "RTSTRUCT.dcm", _old_plane)
    found = Verifier(finished, OPTIONS, written, heads).run()
    assert "structure 1 draws the head beyond image CT, where nothing was defaced" in found.faults
    assert "there is dose beyond image CT, where nothing was defaced" in found.accepted  # it was not cut on this way here


def test_an_image_ends_half_a_voxel_beyond_its_outermost_voxels() -> None:
    image = synthetic_head.grid((4.0, 4.0, 8.0))
    end = np.array(image.GetOrigin()) - 0.5 * np.array(image.GetSpacing())
    asked = np.array([end + 0.01, end - (0.0, 0.0, 0.2), end - (0.0, 0.0, 0.5), end - (0.5, 0.0, 0.0)])
    assert is_beyond(image, asked).tolist() == [False, False, True, True]
