"""A patient one of whose scans shows no face: that scan leaves as it is, the others defaced, and the dose with them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytest

import export_patient as patients
import synthetic_head
from deface_compare import compare
from deface_compare.anatomy.head import Head
from deface_compare.case import Case
from deface_compare.export import export_case as export_module
from deface_compare.measurement import Missing
from deface_compare.settings import Settings

FACELESS = "CT"


def heads_elsewhere(case: Case, settings: Settings) -> tuple[dict[str, Head], dict[str, Missing]]:
    """Stands for a search that finds the face in every image but the primary one."""
    heads = {image.key: synthetic_head.head() for image in case.images if image.key != FACELESS}
    return heads, {FACELESS: Missing("no face", "image CT holds no face between brow and chin")}


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The patient's folder and the export; nobody may change them."""
    folder = tmp_path_factory.mktemp("no_face")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(patients, "known_heads", heads_elsewhere)
        patch.setattr(compare, "find_heads", heads_elsewhere)
        patch.setattr(export_module, "find_heads", heads_elsewhere)
        case = patients.compared(folder, patients.COARSE_MM)
        assert patients.export(case, folder / "export", "--dose-policy", "mask", "--accept-risk") == 0
    return patients.source(case), folder / "export"


def test_the_scan_without_a_face_is_exported_voxel_for_voxel_and_the_others_defaced(exported: tuple[Path, Path]) -> None:
    source, export = exported
    altered = {}
    for key in (FACELESS, "MR_T1", "PET"):
        before = [pydicom.dcmread(path).pixel_array for path in sorted((source / key[:3].rstrip("_")).glob("*.dcm"))]
        after = [pydicom.dcmread(path).pixel_array for path in sorted((export / key).glob("*.dcm"))]
        assert len(before) == len(after)
        altered[key] = sum(int((a != b).sum()) for a, b in zip(before, after, strict=True))
    assert altered[FACELESS] == 0
    assert min(altered["MR_T1"], altered["PET"]) > 50


def test_its_dose_is_edited_by_the_image_that_shows_the_face(exported: tuple[Path, Path]) -> None:
    source, export = exported
    before = pydicom.dcmread(source / "RTDOSE.dcm").pixel_array
    (after,) = (data.pixel_array for name, data in patients.objects(export).items() if data.Modality == "RTDOSE")
    assert np.count_nonzero(before) > np.count_nonzero(after) > 0


def test_the_outer_contour_is_cut_by_the_edit_of_the_image_that_shows_the_face(exported: tuple[Path, Path]) -> None:
    source, export = exported
    lowest_y = {}
    for name, folder in (("before", source), ("after", export)):
        (data,) = (data for data in patients.objects(folder).values() if data.Modality == "RTSTRUCT")
        numbers = {item.ROIName: item.ROINumber for item in data.StructureSetROISequence}
        (body,) = (item for item in data.ROIContourSequence if item.ReferencedROINumber == numbers["BODY"])
        planes = [np.array(contour.ContourData, float).reshape(-1, 3) for contour in body.ContourSequence]
        lowest_y[name] = min(float(plane[:, 1].min()) for plane in planes if plane[0, 2] < 0)
    assert lowest_y["after"] > lowest_y["before"] + 20.0  # the face lies towards -y
