"""Marks of an earlier defacing in headers and file names, as their tools and archives write them, and words that only look so."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from pydicom.config import IGNORE
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.tag import Tag

from deface_compare.errors import UnusableInput
from deface_compare.readers import read_case
from deface_compare.readers.choices import ReadingChoices
from deface_compare.readers.earlier_defacing import named_defacing, stated_defacing
from deface_compare.settings import Settings
from deface_compare.study.check import check_patient
from deface_compare.words import DEFACED_BEFORE

FILE = Path("slice.dcm")


def header(**values: object) -> Dataset:
    data = Dataset()
    data.SOPInstanceUID, data.Modality, data.SeriesDescription = "1.2.3", "CT", "Head 1.0 H30s"
    for keyword, value in values.items():
        setattr(data, keyword, value)
    return data


def code(value: str, scheme: str, meaning: str) -> Dataset:
    item = Dataset()
    item.add(DataElement("CodeValue", "SH", value, validation_mode=IGNORE))  # mri_reface's has 20 characters, SH allows 16
    item.CodingSchemeDesignator, item.CodeMeaning = scheme, meaning
    return item


@pytest.mark.parametrize(
    ("values", "attribute"),
    [
        ({"DeidentificationMethod": "mri_reface 0.3.5"}, "DeidentificationMethod"),
        ({"DeidentificationMethod": ["CTP default", "Defaced with pydeface"]}, "DeidentificationMethod"),
        ({"DeidentificationMethod": ["DefaceCompare 1.0", "defacing method quickshear"]}, "DeidentificationMethod"),
        ({"DeidentificationMethod": "DefaceCompare 1.0"}, "DeidentificationMethod"),
        ({"SeriesDescription": "T1w_deFaced"}, "SeriesDescription"),
        ({"SeriesDescription": "CT HEAD (DEFACED)"}, "SeriesDescription"),
        ({"SeriesDescription": "CuratAI de-identified"}, "SeriesDescription"),
        ({"SeriesDescription": "Face removed"}, "SeriesDescription"),
        ({"DerivationDescription": "re-faced by mri_reface"}, "DerivationDescription"),
        ({"ImageComments": "de-faced with AFNI"}, "ImageComments"),
    ],
)
def test_a_text_that_names_a_defacer_is_a_mark(values: dict[str, object], attribute: str) -> None:
    assert stated_defacing(FILE, header(**values)) == f"{attribute} says so"


@pytest.mark.parametrize(
    "codes",
    [
        [code("113100", "DCM", "Basic Application Confidentiality Profile"), code("113102", "DCM", "any")],
        [code("replace_recognizable", "mri_reface", "Replace face, ears, and artifacts in air")],
        [code("1", "99LOCAL", "Face blurred")],
    ],
)
def test_a_code_of_defacing_is_a_mark(codes: list[Dataset]) -> None:
    data = header(PatientIdentityRemoved="YES", DeidentificationMethodCodeSequence=Sequence(codes))
    assert stated_defacing(FILE, data) == "DeidentificationMethodCodeSequence says so"


def test_no_recognisable_features_is_a_mark_together_with_a_removed_identity() -> None:
    assert stated_defacing(FILE, header(RecognizableVisualFeatures="NO")) == ""
    both = header(RecognizableVisualFeatures="NO", PatientIdentityRemoved="YES")
    assert stated_defacing(FILE, both) == "RecognizableVisualFeatures is NO"


def test_a_private_creator_that_names_a_defacer_is_a_mark() -> None:
    data = header()
    data.private_block(0x0099, "SIEMENS CSA HEADER", create=True)
    assert stated_defacing(FILE, data) == ""
    data.private_block(0x0099, "mri_reface", create=True)
    assert stated_defacing(FILE, data) == "a private creator names a defacer"


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"PatientIdentityRemoved": "YES", "DeidentificationMethod": "Per DICOM PS 3.15 AnnexE. Details in 0012,0064"},
        {"DeidentificationMethodCodeSequence": Sequence([code("113100", "DCM", "Basic Application Confidentiality Profile")])},
        {"SeriesDescription": "t1_mprage not defaced"},
        {"SeriesDescription": "T1 undefaced"},
        {"SeriesDescription": "before defacing"},
        {"SeriesDescription": "3D surface coil preface interface Facial bones"},
        {"SeriesDescription": "FACE 2mm", "ImageComments": "facet joints"},
    ],
)
def test_other_headers_are_none(values: dict[str, object]) -> None:
    assert stated_defacing(FILE, header(**values)) == ""


def test_a_damaged_mark_is_one_sentence() -> None:
    data = header()
    place = Tag(0x0008103E)
    data[place] = RawDataElement(place, "LO", 3, b"a\\b", 0, False, True)
    data[Tag(0x00120064)] = RawDataElement(Tag(0x00120064), "SQ", 3, b"\x01\x02\x03", 0, False, True)
    with pytest.raises(UnusableInput, match=r"slice\.dcm has damaged values in its header"):
        stated_defacing(FILE, data)


@pytest.mark.parametrize(
    "name",
    [
        "T1_deFaced.nii",
        "ct_defaced.nii.gz",
        "sub-01_desc-defaced_T1w.nii.gz",
        "sub-01_T1w_refaced.nii.gz",
        "T1.reface.nii",
        "pydeface_out.nii.gz",
        "DEFACED.nrrd",
    ],
)
def test_names_that_defacers_give_are_marks(tmp_path: Path, name: str) -> None:
    assert named_defacing(tmp_path / name) == "its file's name says so"


@pytest.mark.parametrize(
    "name", ["T1.nii", "surface.nrrd", "sub-01_T1w.nii.gz", "facemask_ct.nrrd", "T1_undefaced.nii", "not_defaced.nrrd"]
)
def test_other_names_are_none(tmp_path: Path, name: str) -> None:
    assert named_defacing(tmp_path / name) == ""


@pytest.mark.parametrize("mask", ["sub-01_mod-T1w_defacemask.nii.gz", "sub-01_T1w_defacemask.nii.gz"])
def test_a_bids_mask_marks_the_image_that_it_belongs_to(tmp_path: Path, mask: str) -> None:
    for name in (mask, "sub-01_T1w.nii.gz", "sub-01_FLAIR.nii.gz", "sub-01_acq-x_T1w.nii.gz"):
        (tmp_path / name).touch()
    assert named_defacing(tmp_path / mask) == "it is a mask of a defacer by its name"
    assert named_defacing(tmp_path / "sub-01_T1w.nii.gz") == "a _defacemask lies beside it"
    assert named_defacing(tmp_path / "sub-01_FLAIR.nii.gz") == ""
    assert named_defacing(tmp_path / "sub-01_acq-x_T1w.nii.gz") == ""


def test_check_says_which_images_were_defaced_before_also_without_looking_for_heads(tmp_path: Path) -> None:
    voxels = np.random.default_rng(1).normal(100, 20, (8, 8, 8)).astype(np.int16)
    for name in ("ct.nrrd", "t1_deFaced.nrrd"):
        sitk.WriteImage(sitk.GetImageFromArray(voxels), str(tmp_path / name))
    (tmp_path / "case.json").write_text(json.dumps({"images": {"CT": "ct.nrrd", "MR_T1": "t1_deFaced.nrrd"}}))
    checked = check_patient(tmp_path, "case-001", Settings(), ReadingChoices(), faces=False)
    assert [(image.key, image.face) for image in checked.images] == [("CT", "not looked for"), ("MR_T1", "defaced before")]
    assert checked.images[1].face_note == f"{DEFACED_BEFORE} (its file's name says so)"


def test_of_a_patients_files_only_the_marked_ones_count(tmp_path: Path) -> None:
    voxels = np.random.default_rng(1).normal(100, 20, (8, 8, 8)).astype(np.int16)
    for name in ("ct.nrrd", "t1_deFaced.nrrd"):
        sitk.WriteImage(sitk.GetImageFromArray(voxels), str(tmp_path / name))
    (tmp_path / "case.json").write_text(json.dumps({"images": {"CT": "ct.nrrd", "MR_T1": "t1_deFaced.nrrd"}}))
    told = {image.key: image.defaced_before for image in read_case(tmp_path, "case-001").images}
    assert told == {"CT": "", "MR_T1": "its file's name says so"}
