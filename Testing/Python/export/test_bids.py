"""A BIDS derivative: voxels bit for bit outside the edit, nobody named, refused like DICOM, checked by other readers."""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

from bids_set import DESCRIP, PERSON, add_image, add_subject, average_t1, make_dataset
from deface_compare.case import CaseImage
from deface_compare.cli.main import main
from deface_compare.errors import UnusableInput
from deface_compare.export.bids.coarse_mask import coarse_mask
from deface_compare.export.bids.stored_volume import edited_volume, faults
from deface_compare.geometry.boxes import Patch
from deface_compare.readers import read_case
from deface_compare.readers.files.nifti import read_stored
from deface_compare.study.report_again import report_again
from deface_compare.study.run import run_study

pytestmark = pytest.mark.xdist_group("bids")

METHOD = "quickshear"
FORBIDDEN = [*PERSON.values(), DESCRIP, "11:23:45", "Frankenstein", "Erika"]
"""What of a person stands in the source, whole and in parts."""


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """OUT of a data set of two subjects; the second one's T2w was defaced before. Nobody may change it."""
    from deface_compare.settings import Settings

    root = make_dataset(tmp_path_factory.mktemp("bids") / "raw", DatasetDOI="doi:10.0.2.3/dfjj.10")
    add_subject(root, "sub-one", 1)
    add_subject(root, "sub-two", 2)
    add_image(root / "sub-two" / "anat", "sub-two_T2w", {"DeidentificationMethod": ["pydeface"]}, average_t1(3))
    (root / "participants.tsv").write_text("participant_id\tweight\tage\nsub-one\t70\t61\nsub-two\t82\t44\n", encoding="utf-8")
    out = root.parent / "OUT"
    run_study(root, out, methods=[METHOD], settings=Settings(face_model="none"))
    return out


@pytest.fixture(scope="module")
def derivative(study: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both cases; nobody may change it."""
    folder = tmp_path_factory.mktemp("derivative") / "defaced"
    assert share(study, folder, "--accept-risk") == 0
    return folder


def share(out: Path, to: Path, *options: str) -> int:
    return main(["share", str(out), "--method", METHOD, "--to", str(to), "--format", "bids", *options])


def raw_of(study: Path) -> Path:
    return study.parent / "raw"


def nifti_files(derivative: Path) -> list[Path]:
    return sorted(derivative.rglob("*_desc-defaced_*.nii.gz"))


def read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def test_the_next_step_of_such_a_study_is_a_derivative(study: Path) -> None:
    assert report_again(study).lines()[-1].endswith(f"share {study} --method {METHOD} --to SHARED --format bids --accept-risk")


def test_the_names_are_those_of_a_derivative(derivative: Path) -> None:
    found = [path.relative_to(derivative).as_posix() for path in sorted(derivative.rglob("sub-one*.nii.gz"))]
    assert found == [
        "sub-one/anat/sub-one_desc-defaced_T1w.nii.gz",
        "sub-one/anat/sub-one_mod-T1w_desc-defaced_defacemask.nii.gz",
        "sub-one/pet/sub-one_desc-defaced_pet.nii.gz",
        "sub-one/pet/sub-one_mod-pet_desc-defaced_defacemask.nii.gz",
    ]


def test_nibabel_reads_the_sources_numbers_wherever_the_mask_is_zero(study: Path, derivative: Path) -> None:
    nibabel = pytest.importorskip("nibabel")
    images = [path for path in nifti_files(derivative) if "defacemask" not in path.name]
    assert len(images) == 4
    for path in images:
        source = raw_of(study) / path.relative_to(derivative).with_name(path.name.replace("_desc-defaced", ""))
        new, old = nibabel.load(path), nibabel.load(source)
        suffix = path.name.rpartition("_")[2]
        mask = nibabel.load(
            path.with_name(path.name.replace(f"desc-defaced_{suffix}", f"mod-{suffix[:-7]}_desc-defaced_defacemask.nii.gz"))
        )
        stored, before = new.dataobj.get_unscaled(), old.dataobj.get_unscaled()
        assert stored.dtype == before.dtype
        np.testing.assert_array_equal(new.affine, old.affine)
        np.testing.assert_array_equal(mask.affine, old.affine)
        assert (new.dataobj.slope, new.dataobj.inter) == (old.dataobj.slope, old.dataobj.inter)
        outside = np.asarray(mask.dataobj) == 0
        assert 0.3 < outside.mean() < 1
        np.testing.assert_array_equal(stored[outside], before[outside])
        assert (stored != before).any()


def test_the_altered_voxels_are_those_that_were_measured(study: Path, derivative: Path) -> None:
    measured = sitk.GetArrayFromImage(sitk.ReadImage(str(next((study / "cases" / "case-001").rglob("MR_T1*.nrrd")))))
    written = sitk.GetArrayFromImage(sitk.ReadImage(str(derivative / "sub-one/anat/sub-one_desc-defaced_T1w.nii.gz")))
    np.testing.assert_array_equal(written, measured)


def test_the_bids_validator_finds_no_error(derivative: Path) -> None:
    pytest.importorskip("bids_validator_deno")
    deno = pytest.importorskip("deno")
    bundle = Path(sys.modules["bids_validator_deno"].__file__ or "").with_name("bids-validator.js")
    command = [deno.find_deno_bin(), "run", "--allow-read", "--allow-env", str(bundle), str(derivative), "--format", "json"]
    said = json.loads(subprocess.run(command, capture_output=True, check=False).stdout)
    assert sorted(said["summary"]["subjects"]) == ["one", "two"]
    assert [issue for issue in said["issues"]["issues"] if issue["severity"] == "error"] == []


def test_the_path_checker_of_bids_knows_every_name_of_the_anatomy(derivative: Path) -> None:
    checker = pytest.importorskip("bids_validator").BIDSValidator()
    assert checker.is_bids("/sub-one/anat/sub-one_T1w.nii.gz")
    assert checker.is_top_level("/dataset_description.json")
    assert not checker.is_bids("/sub-one/anat/sub-one_face.nii.gz")


def test_sidecars_say_what_was_done_in_the_fields_of_the_specification(derivative: Path) -> None:
    told = read_json(derivative / "sub-one/anat/sub-one_desc-defaced_T1w.json")
    assert told["DeidentificationMethod"][1] == f"defacing method {METHOD}"
    code = told["DeidentificationMethodCodeSequence"]
    assert [(item["CodeValue"], item["CodingSchemeDesignator"]) for item in code] == [("113102", "DCM")]
    assert told["DefacingPrivacyCheck"].startswith("not assessed")
    assert told["MagneticFieldStrength"] == 3
    about = read_json(derivative / "dataset_description.json")
    assert about["DatasetType"] == "derivative"
    assert about["GeneratedBy"][0]["Name"] == "DefaceCompare"
    assert about["SourceDatasets"] == [{"DOI": "doi:10.0.2.3/dfjj.10"}]
    assert about["License"] == "CC0"


def test_nothing_of_the_person_is_in_any_byte(study: Path, derivative: Path) -> None:
    paths = [path for path in derivative.rglob("*") if path.is_file()]
    assert len(paths) > 16
    for path in paths:
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        assert [text for text in FORBIDDEN if text.encode() in content] == []
        assert str(study.parent).encode() not in content
        assert b"61" not in content or path.name != "participants.tsv"
    source = (raw_of(study) / "sub-one" / "pet" / "sub-one_pet.json").read_bytes()
    assert all(text.encode() in source for text in ("Mustermann", "11:23:45"))  # the search finds what is there


def test_suv_can_be_computed_again_and_stay(study: Path, derivative: Path) -> None:
    before = read_case(raw_of(study) / "sub-one").image("PET")
    after = read_case(derivative / "sub-one").image("PET")
    assert (before.unit, after.unit) == ("SUVbw", "SUVbw")
    same = after.array() == before.array()
    assert same.mean() > 0.5
    mask = sitk.GetArrayFromImage(sitk.ReadImage(str(derivative / "sub-one/pet/sub-one_mod-pet_desc-defaced_defacemask.nii.gz")))
    assert same[mask == 0].all()


def test_the_derivative_is_known_as_defaced_when_it_is_read(derivative: Path) -> None:
    case = read_case(derivative / "sub-two")
    assert {image.key: bool(image.defaced_before) for image in case.images} == {"MR_T1": True, "PET": True}


def test_an_image_that_no_edit_altered_is_left_behind(derivative: Path) -> None:
    assert not list(derivative.rglob("*T2w*"))
    told = read_json(derivative / "defacing_manifest.json")["cases"]["case-002"]
    assert told["left_behind"]["images that were not altered"] == 1


def test_without_accepting_the_risk_nothing_is_written(study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert share(study, tmp_path / "to") == 2
    assert "privacy check of MR_T1: not assessed" in capsys.readouterr().err
    assert not list(tmp_path.rglob("*.nii.gz"))
    refused = read_json(tmp_path / "to" / "defacing_manifest.json")["refused"]
    assert set(refused) == {"case-001", "case-002"}
    assert not any("sub-one" in reason for reason in refused.values())


def test_numbered_labels_leave_the_sources_behind(study: Path, tmp_path: Path) -> None:
    assert share(study, tmp_path / "to", "--accept-risk", "--labels", "number") == 0
    content = b"".join(path.read_bytes() + path.name.encode() for path in (tmp_path / "to").rglob("*") if path.is_file())
    assert b"sub-001" in content
    assert b"sub-one" not in content


def test_a_second_run_writes_nothing_again_and_a_missing_file_is_written_again(
    study: Path, derivative: Path, tmp_path: Path
) -> None:
    to = tmp_path / "to"
    shutil.copytree(derivative, to)
    before = {path: path.stat().st_mtime_ns for path in nifti_files(to)}
    assert share(study, to, "--accept-risk") == 0
    assert {path: path.stat().st_mtime_ns for path in nifti_files(to)} == before
    lost = to / "sub-one" / "anat" / "sub-one_desc-defaced_T1w.nii.gz"
    content = lost.read_bytes()
    lost.unlink()
    assert share(study, to, "--accept-risk") == 0
    assert lost.read_bytes() == content


def test_files_that_somebody_changed_are_not_overwritten(study: Path, derivative: Path, tmp_path: Path) -> None:
    to = tmp_path / "to"
    shutil.copytree(derivative, to)
    changed = to / "sub-one" / "anat" / "sub-one_desc-defaced_T1w.json"
    changed.write_text("{}", encoding="utf-8")
    assert share(study, to, "--accept-risk") == 3
    assert changed.read_text(encoding="utf-8") == "{}"
    assert list(read_json(to / "defacing_manifest.json")["refused"]) == ["case-001"]


def test_another_choice_and_other_content_are_not_mixed(
    study: Path, derivative: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert share(study, derivative, "--labels", "number") == 2
    assert "must not be mixed" in capsys.readouterr().err
    (tmp_path / "mine.txt").touch()
    assert share(study, tmp_path) == 2
    assert "holds something else" in capsys.readouterr().err
    assert share(study, tmp_path / "new", "--dose-policy", "mask") == 2
    assert "a BIDS derivative holds no dose" in capsys.readouterr().err


def test_dicom_export_points_to_the_derivative(study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", str(study / "cases" / "case-001"), "--method", METHOD, "--to", str(tmp_path / "to")]) == 2
    assert "share OUT --format bids writes a derivative" in capsys.readouterr().err


def test_a_changed_source_is_refused(study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(study.parent, tmp_path / "all")
    out = tmp_path / "all" / "OUT"
    key = out / "identifiable" / "key.csv"
    key.write_text(key.read_text(encoding="utf-8").replace(str(study.parent), str(tmp_path / "all")), encoding="utf-8")
    add_image(tmp_path / "all" / "raw" / "sub-one" / "anat", "sub-one_T1w", PERSON, average_t1(9))
    assert share(out, tmp_path / "to", "--accept-risk") == 3
    assert "has changed since it was compared" in capsys.readouterr().err
    assert not (tmp_path / "to" / "sub-one").exists()


def _image(path: Path) -> CaseImage:
    return CaseImage("MR", "MR", sitk.ReadImage(str(path)), "a.u.", sources=(path,))


def _patch(image: CaseImage, value: float = 7) -> Patch:
    return Patch((2, 3, 4), np.full((3, 2, 2), value, image.array().dtype))


def test_a_written_file_with_one_wrong_voxel_is_found(tmp_path: Path) -> None:
    source = add_image(tmp_path, "sub-01_T1w")
    image = _image(source)
    patch = _patch(image)
    written = tmp_path / "new.nii"
    content = edited_volume(source, image, patch).content
    written.write_bytes(content)
    assert faults(written, source, image, patch) == []
    for at, kind in ((352, "outside the edit"), (352 + 2 * _place(image, (2, 3, 4)), "values that were measured")):
        wrong = bytearray(content)
        wrong[at] ^= 1
        written.write_bytes(wrong)
        assert any(kind in fault for fault in faults(written, source, image, patch))
    wrong = bytearray(content)
    wrong[280] ^= 1  # the first number of the sform
    written.write_bytes(wrong)
    assert "place" in faults(written, source, image, patch)[0]


def _place(image: CaseImage, index: tuple[int, int, int]) -> int:
    x, y, z = index
    width, height, _ = image.image.GetSize()
    return x + width * (y + height * z)


def test_header_texts_and_extensions_do_not_come_along(tmp_path: Path) -> None:
    source = add_image(tmp_path, "sub-01_T1w")
    content = bytearray(gzip.decompress(source.read_bytes()))
    extension = (16 + 32).to_bytes(4, "little") + (2).to_bytes(4, "little") + b"PatientName=Mustermann".ljust(40, b"\0")
    whole = content[:348] + b"\1\0\0\0" + extension + content[352:]
    whole[108:112] = np.float32(352 + len(extension)).tobytes()
    source = tmp_path / "sub-02_T1w.nii"
    source.write_bytes(whole)
    image = _image(source)
    assert b"Mustermann" in read_stored(source).head
    new = edited_volume(source, image, _patch(image)).content
    assert b"Mustermann" not in new
    (tmp_path / "new.nii").write_bytes(new)
    assert faults(tmp_path / "new.nii", source, image, _patch(image)) == []


def test_an_image_without_an_edit_is_refused(tmp_path: Path) -> None:
    source = add_image(tmp_path, "sub-01_T1w")
    image = _image(source)
    same = Patch((0, 0, 0), image.array()[:2, :2, :2].copy())
    with pytest.raises(UnusableInput, match="was not altered"):
        edited_volume(source, image, same)


def test_the_mask_holds_every_altered_voxel_and_draws_no_face() -> None:
    """A sphere's shell as altered voxels: the mask's border says little of where the sphere's skin lies."""
    grid = sitk.Image([96, 96, 96], sitk.sitkUInt8)
    z, y, x = np.meshgrid(*[np.arange(96)] * 3, indexing="ij")
    radius = np.sqrt((x - 48.0) ** 2 + (y - 48.0) ** 2 + (z - 48.0) ** 2)
    altered = (radius > 36) & (radius < 40) & (y < 40)
    mask = coarse_mask(altered, grid)
    assert mask[altered].all()
    border = mask & ~(np.roll(mask, 1, 1) & np.roll(mask, -1, 1) & np.roll(mask, 1, 2) & np.roll(mask, -1, 2))
    on_skin = np.abs(radius[border] - 40) < 1.5
    own = altered & ~(np.roll(altered, 1, 1) & np.roll(altered, -1, 1))
    assert on_skin.mean() < 0.25 < (np.abs(radius[own] - 40) < 1.5).mean()
    assert mask.sum() < 0.5 * mask.size
