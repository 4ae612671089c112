"""Exported structures: what keeps its bytes, what is drawn anew, clipped or dropped."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from pydicom.dataset import Dataset

from deface_compare.export.written.structure_clip import DEVICE, EXTERNAL, OTHER, role_of
from deface_compare.export.written.structure_set import drop_other_frames, roles_of
from deface_compare.readers import read_case
from export_patient import (
    DEEP,
    DEVICES,
    LEAVING,
    OUTER,
    STUDY,
    copied,
    edit,
    export,
    manifest,
    source,
)
from exported_contours import contours, points_mm

pytestmark = pytest.mark.xdist_group("export")


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


def _interpreted(data: Dataset, number: int, *kinds: str) -> None:
    """State the kind of a structure, or several contradicting ones."""
    first = next(each for each in data.RTROIObservationsSequence if each.ReferencedROINumber == number)
    first.RTROIInterpretedType = kinds[0]
    for kind in kinds[1:]:
        other = deepcopy(first)
        other.RTROIInterpretedType = kind
        data.RTROIObservationsSequence.append(other)


def test_the_strictest_role_holds_where_numbers_and_statements_collide(exported_case: Path) -> None:
    data = pydicom.dcmread(source(exported_case) / "RTSTRUCT.dcm")
    _interpreted(data, 7, "EXTERNAL", "ORGAN")  # Brain
    _interpreted(data, 8, "BOLUS", "EXTERNAL", "")  # GTV
    data.StructureSetROISequence[5].ROINumber = 1  # Nose shares the number of BODY, and comes last
    structures = read_case(source(exported_case)).structure_set
    assert structures is not None
    roles = roles_of(data, structures.structures)
    assert roles == {1: EXTERNAL, 2: EXTERNAL, 3: DEVICE, 4: DEVICE, 5: OTHER, 7: EXTERNAL, 8: DEVICE}


def test_a_second_drawing_of_the_skin_and_one_in_two_items_are_drawn_anew_too(exported_case: Path, tmp_path: Path) -> None:
    """What measurements set aside as another drawing of one organ is an outer contour all the same."""

    def change(data: Dataset) -> None:
        data.StructureSetROISequence[0].ROIName, data.StructureSetROISequence[1].ROIName = "External", "BODY"
        for number in (1, 2):
            _interpreted(data, number, "")
        whole = data.ROIContourSequence[1]
        half = deepcopy(whole)
        half.ContourSequence = list(whole.ContourSequence)[1::2]
        whole.ContourSequence = list(whole.ContourSequence)[::2]
        data.ROIContourSequence.append(half)

    case = copied(exported_case, tmp_path, lambda patient: edit(patient / "RTSTRUCT.dcm", change))
    assert export(case, tmp_path / "export", "--accept-risk", "--dose-policy", "mask") == 0
    told = {entry["number"]: entry for entry in manifest(tmp_path / "export")["clipped_structures"]}  # type: ignore[attr-defined]
    assert (told[1]["what"], told[2]["what"]) == ("redrawn", "redrawn")
    assert told[1]["planes"] == told[2]["planes"] > 5
    before, after = source(case) / "RTSTRUCT.dcm", tmp_path / "export" / "RTSTRUCT.dcm"
    front = [min(points_mm(contours(path)["BODY"])[:, 1]) for path in (before, after)]
    assert front[0] < -110
    assert front[1] > -100
