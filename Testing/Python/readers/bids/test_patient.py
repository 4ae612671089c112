"""Patients of a BIDS data set: which images are read as what, in which unit, and what is told."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from bids_set import PERSON, PET, TECHNICAL, add_image, average_t1, make_dataset, with_scaling
from deface_compare.errors import UnusableInput
from deface_compare.readers import read_case
from deface_compare.readers.bids.names import parse_name
from deface_compare.readers.bids.outside import outside_files
from deface_compare.readers.bids.suv import bids_pet_scale
from deface_compare.study.parts_of_patients import holds_one_patient
from deface_compare.study.patients import find_patients


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_dataset(tmp_path / "set")


def test_each_suffix_is_read_as_its_kind_of_image(root: Path) -> None:
    anat = root / "sub-01" / "anat"
    for suffix in ("T1w", "T2w", "FLAIR", "PDw", "ce-gad_T1w"):
        add_image(anat, f"sub-01_{suffix}")
    add_image(root / "sub-01" / "pet", "sub-01_trc-FDG_pet", PET)
    ct = sitk.Cast(average_t1(), sitk.sitkInt16) - 1024
    add_image(root / "sub-01" / "ct", "sub-01_ct", {}, ct)
    case = read_case(root / "sub-01")
    assert [image.key for image in case.images] == ["CT", "MR_T1", "MR_T1C", "MR_T2", "MR_FLAIR", "MR", "PET"]
    assert [image.unit for image in case.images] == ["HU", *["a.u."] * 5, "Bq/ml"]
    assert case.id == "sub-01"


def test_what_shows_no_head_as_it_is_stays_behind_and_is_counted(root: Path) -> None:
    add_image(root / "sub-01" / "anat", "sub-01_T1w", {})
    add_image(root / "sub-01" / "anat", "sub-01_T1map")
    add_image(root / "sub-01" / "anat", "sub-01_part-phase_T1w")
    add_image(root / "sub-01" / "func", "sub-01_task-rest_bold")
    case = read_case(root / "sub-01")
    assert [image.key for image in case.images] == ["MR_T1"]
    assert sum(case.left_out.values()) == 3
    assert len(case.left_out) == 3  # each for a reason of its own


def test_the_first_of_several_runs_is_read_and_the_others_are_told(root: Path) -> None:
    for run in (10, 2, 1):
        add_image(root / "sub-01" / "anat", f"sub-01_run-{run}_T1w")
    add_image(root / "sub-01" / "anat", "sub-01_acq-fast_run-1_T1w")
    case = read_case(root / "sub-01")
    assert [path.name for path in case.images[0].sources] == ["sub-01_run-1_T1w.nii.gz"]
    assert any("sub-01_run-1_T1w.nii.gz is read, and 3 more of its kind are not" in note for note in case.notes)


def test_subjects_and_their_sessions_are_patients_and_nothing_else_is(root: Path) -> None:
    for name in ("sub-01/ses-b", "sub-01/ses-a", "sub-02"):
        add_image(root / name / "anat", f"{name.replace('/', '_')}_T1w")
    add_image(root / "derivatives" / "tool" / "sub-09" / "anat", "sub-09_T1w")
    (root / "code").mkdir()
    found = [path.relative_to(root).as_posix() for path in find_patients(root).folders]
    assert found == ["sub-01/ses-a", "sub-01/ses-b", "sub-02"]
    persons = [read_case(root / name).person for name in found]
    assert persons[0] == persons[1] != persons[2]
    assert read_case(root / "sub-01" / "ses-a").id == "sub-01_ses-a"
    with pytest.raises(UnusableInput, match="holds 2 sessions"):
        read_case(root / "sub-01")
    assert [holds_one_patient(root / each) for each in ("", "sub-01", "sub-01/ses-a", "sub-02")] == [False, False, True, True]


def test_a_sidecar_nearer_to_the_image_counts_and_what_it_does_not_say_is_inherited(root: Path) -> None:
    path = add_image(root / "sub-01" / "pet", "sub-01_pet", {"InjectedRadioactivity": 150})
    (root / "pet.json").write_text(json.dumps(PET), encoding="utf-8")
    (root / "sub-02_pet.json").write_text(json.dumps({"Units": "a.u."}), encoding="utf-8")  # of another subject
    (root / "participants.tsv").write_text("participant_id\tweight\nsub-01\t70\n", encoding="utf-8")
    image = read_case(root / "sub-01").image("PET")
    stored = sitk.GetArrayFromImage(sitk.ReadImage(str(path))).astype(float)
    left = 150e6 * 2 ** (-3600 / 6586.2)
    assert image.unit == "SUVbw"
    np.testing.assert_allclose(image.array(), stored * 70e3 / left, rtol=1e-5)
    assert {file.name for file in outside_files(root / "sub-01")} == {"pet.json", "participants.tsv"}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"ImageDecayCorrected": False}, "ImageDecayCorrected is not true"),
        ({"InjectedRadioactivityUnits": "n/a"}, "names no unit of activity"),
        ({"InjectedRadioactivity": "n/a"}, "InjectedRadioactivity is no number"),
        ({"InjectedRadioactivity": 0}, "is not above 0"),
        ({"TracerRadionuclide": "Xx99"}, "no nuclide whose half-life is known"),
        ({"InjectionStart": None}, "InjectionStart is no number"),
    ],
)
def test_a_pet_without_what_suv_need_stays_in_becquerels_and_says_why(change: dict[str, object], reason: str) -> None:
    scale = bids_pet_scale(PET | change, {"weight": "70"})
    assert (scale.factor, scale.unit) == (1.0, "Bq/ml")
    assert reason in scale.notes[0]


def test_suv_need_a_weight_and_units_of_kilobecquerels_count() -> None:
    assert "no body weight" in bids_pet_scale(PET, {"weight": "n/a"}).notes[0]
    expected = 80e3 / (300e6 * 2 ** (-3600 / 6586.2))
    assert bids_pet_scale(PET, {"Weight": "80"}).factor == pytest.approx(expected)
    assert bids_pet_scale(PET | {"Units": "kBq/mL", "PatientWeight": 80}, {}).factor == pytest.approx(1000 * expected)
    assert bids_pet_scale(PET | {"TracerRadionuclide": "[18F]"}, {"weight": "80"}).factor == pytest.approx(expected)


def test_images_of_one_machine_share_a_frame_and_those_of_another_do_not(root: Path) -> None:
    one, other = {"DeviceSerialNumber": "1"}, {"DeviceSerialNumber": "2"}
    for name, told in {"T1w": one, "T2w": one, "FLAIR": other}.items():
        add_image(root / "sub-01" / "anat", f"sub-01_{name}", told)
    for name in ("T1w", "T2w"):
        add_image(root / "sub-02" / "anat", f"sub-02_{name}")
    frames = [image.frame_of_reference_uid for image in read_case(root / "sub-01").images]
    assert frames[0] == frames[1] != frames[2]
    assert len({image.frame_of_reference_uid for image in read_case(root / "sub-02").images}) == 1


def test_masks_and_segmentations_of_derivatives_become_structures(root: Path) -> None:
    add_image(root / "sub-01" / "anat", "sub-01_T1w")
    place = root / "derivatives" / "segmenter" / "sub-01" / "anat"
    mask = sitk.Cast(average_t1() > 100, sitk.sitkUInt8)
    add_image(place, "sub-01_label-Brain_mask", image=mask)
    add_image(place, "sub-01_space-MNI152_label-Skull_mask", image=mask)  # on a template
    add_image(place, "sub-01_run-2_label-Skull_mask", image=mask)  # of another image
    add_image(place, "sub-01_desc-aseg_dseg", image=mask)
    (place / "sub-01_desc-aseg_dseg.tsv").write_text("index\tname\n0\tUnknown\n1\tParotid_L\n", encoding="utf-8")
    structures = read_case(root / "sub-01").structure_set
    assert structures is not None
    assert [structure.name for structure in structures.structures] == ["Parotid_L", "Brain"]
    assert len(outside_files(root / "sub-01")) == 2


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("sub-01_desc-defaced_T1w", {}),
        ("sub-01_T1w", {"DeidentificationMethod": ["pydeface 2.0"]}),
        ("sub-01_T1w", {"DeidentificationMethodCodeSequence": [{"CodeValue": "113102", "CodingSchemeDesignator": "DCM"}]}),
    ],
)
def test_an_image_that_was_defaced_before_is_known_by_name_or_sidecar(root: Path, name: str, told: dict[str, object]) -> None:
    add_image(root / "sub-01" / "anat", name, told)
    assert read_case(root / "sub-01").images[0].defaced_before


def test_a_mask_beside_the_image_marks_it_and_is_not_read_itself(root: Path) -> None:
    add_image(root / "sub-01" / "anat", "sub-01_T1w", PERSON | TECHNICAL)
    assert not read_case(root / "sub-01").images[0].defaced_before
    add_image(root / "sub-01" / "anat", "sub-01_mod-T1w_defacemask", image=sitk.Cast(average_t1() > 0, sitk.sitkUInt8))
    case = read_case(root / "sub-01")
    assert len(case.images) == 1
    assert case.images[0].defaced_before == "a _defacemask lies beside it"


def test_a_subject_without_an_image_and_a_set_without_a_subject_are_told(root: Path) -> None:
    with pytest.raises(UnusableInput, match="without a subject's folder"):
        find_patients(root)
    add_image(root / "sub-01" / "func", "sub-01_task-rest_bold")
    with pytest.raises(UnusableInput, match="holds no image that is compared"):
        read_case(root / "sub-01")
    (root / "sub-02" / "anat").mkdir(parents=True)
    with pytest.raises(UnusableInput, match="it is empty"):
        read_case(root / "sub-02")


def test_one_damaged_image_does_not_cost_the_others(root: Path) -> None:
    add_image(root / "sub-01" / "anat", "sub-01_T1w")
    (root / "sub-01" / "anat" / "sub-01_T2w.nii.gz").write_bytes(b"no image")
    case = read_case(root / "sub-01")
    assert [image.key for image in case.images] == ["MR_T1"]
    assert any("image MR_T2 is not read" in note for note in case.notes)


def test_a_sidecar_that_is_no_json_is_named(root: Path) -> None:
    add_image(root / "sub-01" / "anat", "sub-01_T1w")
    (root / "T1w.json").write_text("{", encoding="utf-8")
    with pytest.raises(UnusableInput, match=r"T1w\.json is not valid JSON"):
        read_case(root / "sub-01")


def test_a_folder_is_bids_only_with_a_description(tmp_path: Path) -> None:
    path = add_image(tmp_path / "sub-01" / "anat", "sub-01_T1w")
    with_scaling(path, 1.0, 0.0)
    with pytest.raises(UnusableInput, match="holds no images"):
        read_case(tmp_path / "sub-01")


@pytest.mark.parametrize(
    "name", ["T1w.json", "sub-01_ses-2_acq-a_run-01_T1w.nii.gz", "sub-01_mod-T1w_desc-defaced_defacemask.nii.gz"]
)
def test_a_name_is_written_as_it_was_read(name: str) -> None:
    assert str(parse_name(Path(name))) == name


@pytest.mark.parametrize("name", ["sub-01_T1w.nrrd", "sub_01_T1w.nii.gz", "sub-01_sub-02_T1w.nii", "sub-01_.nii.gz", "x.txt"])
def test_other_names_are_none_of_bids(name: str) -> None:
    assert parse_name(Path(name)) is None


def test_entities_stand_in_the_order_of_the_specification() -> None:
    name = parse_name(Path("sub-01_run-2_T1w.nii.gz"))
    assert name is not None
    assert str(name.with_entities(desc="defaced", acq="x", ses="1")) == "sub-01_ses-1_acq-x_run-2_desc-defaced_T1w.nii.gz"
