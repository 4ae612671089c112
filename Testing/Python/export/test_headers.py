"""Headers without identity: planted values are gone, what DICOM needs is there, differences of time and numbers stay."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset

from deface_compare.export.headers.retained import RETAINED
from deface_compare.readers import read_case
from deface_compare.structures.region import regions
from export_patient import COARSE_MM, compare_patient, export, manifest, objects, write_patient
from planted_headers import KINDS, Planted, plant

pytestmark = [pytest.mark.xdist_group("export"), pytest.mark.filterwarnings("ignore")]

BASIC = ("--accept-risk", "--dose-policy", "mask", "--headers", "basic")


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Planted]]:
    """A finished case of a patient in whose headers hundreds of names, dates and identifiers stand; and what they are."""
    folder = tmp_path_factory.mktemp("planted")
    patient = write_patient(folder / "patient", COARSE_MM)
    values = plant(patient)
    return compare_patient(patient, folder / "out"), values


@pytest.fixture(scope="module")
def cleaned(planted: tuple[Path, list[Planted]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """That case exported with clean headers; nobody may change it."""
    folder = tmp_path_factory.mktemp("cleaned") / "export"
    assert export(planted[0], folder, *BASIC) == 0
    return folder


def test_no_planted_value_is_left_in_any_byte(planted: tuple[Path, list[Planted]], cleaned: Path) -> None:
    values = planted[1]
    assert len(values) > 500
    assert {each.kind for each in values} == set(KINDS)
    content = b"".join(path.read_bytes() for path in cleaned.rglob("*") if path.is_file()).lower()
    assert [each for each in values if each.text.lower().encode() in content] == []


def test_the_same_values_are_left_without_cleaning(planted: tuple[Path, list[Planted]], tmp_path: Path) -> None:
    assert export(planted[0], tmp_path / "export", *BASIC[:3]) == 0
    content = b"".join(path.read_bytes() for path in (tmp_path / "export").rglob("*") if path.is_file()).lower()
    left = [each for each in planted[1] if each.text.lower().encode() in content]
    assert len(left) > 300
    assert "Names, dates and other identifying header fields are as in the source" in str(manifest(tmp_path / "export")["notes"])


def test_every_object_says_what_was_done_and_names_the_case(cleaned: Path) -> None:
    for data in objects(cleaned).values():
        codes = {str(item.CodeValue) for item in data.DeidentificationMethodCodeSequence}
        assert codes == {"113100", "113102", "113105", "113107", "113108"}
        assert data.PatientName == data.PatientID == "case-001"
        assert data.LongitudinalTemporalInformationModified == "MODIFIED"
        assert "PatientIdentityRemoved" not in data  # a risk was accepted
        assert not data.PatientBirthDate
        assert data.PatientWeight == 70.0


def test_cleaned_objects_pass_dciodvfy(cleaned: Path, coarse_case: Path, tmp_path: Path) -> None:
    program = shutil.which("dciodvfy")
    if program is None:
        pytest.skip("dciodvfy (Debian package dicom3tools) is not installed")
    assert export(coarse_case, tmp_path / "export", *BASIC) == 0
    firsts = {path.parent if path.parent != tmp_path / "export" else path: path for path in (tmp_path / "export").rglob("*.dcm")}
    assert len(firsts) >= len(KINDS)
    for path in firsts.values():
        said = subprocess.run([program, str(path)], capture_output=True, text=True, check=False)
        assert "Error" not in said.stdout + said.stderr, f"{path.name}: {said.stderr}"


def test_references_lead_to_the_same_objects(cleaned: Path) -> None:
    everything = objects(cleaned)
    plan, dose, sets = everything["RTPLAN_1.dcm"], everything["RTDOSE_1.dcm"], everything["RTSTRUCT.dcm"]
    assert dose.ReferencedRTPlanSequence[0].ReferencedSOPInstanceUID == plan.SOPInstanceUID
    assert plan.ReferencedStructureSetSequence[0].ReferencedSOPInstanceUID == sets.SOPInstanceUID
    frames = {str(data.FrameOfReferenceUID) for name, data in everything.items() if name.startswith(("CT/", "MR"))}
    assert {str(item.FrameOfReferenceUID) for item in everything["REG_1.dcm"].RegistrationSequence} == frames


def test_times_keep_their_differences_and_suv_and_dvh_stay(coarse_case: Path, tmp_path: Path) -> None:
    assert export(coarse_case, tmp_path / "export", *BASIC) == 0
    before, after = read_case(coarse_case.parents[2] / "patient", "x"), read_case(tmp_path / "export", "x")
    assert after.image("PET").unit == "SUVbw"
    assert after.image("PET").stored_form.factor == pytest.approx(before.image("PET").stored_form.factor, rel=1e-12)
    assert before.structure_set is not None
    assert after.structure_set is not None
    assert [region.name for region in regions(before.structure_set)] == [region.name for region in regions(after.structure_set)]
    assert manifest(tmp_path / "export")["verified"]["DVH"]["numbers"] > 10  # type: ignore[index]
    old = dcmread(next((coarse_case.parents[2] / "patient" / "PET").glob("*.dcm")))
    new = dcmread(next((tmp_path / "export" / "PET").glob("*.dcm")))
    assert new.StudyDate != old.StudyDate
    assert new.StudyTime != old.StudyTime
    assert _minutes(new, "RadiopharmaceuticalStartTime") - _minutes(new) == 540 - 600
    assert new.RadiopharmaceuticalInformationSequence[0].RadiopharmaceuticalStartDateTime[:8] == new.StudyDate


def _minutes(data: Dataset, keyword: str = "") -> int:
    value = data.RadiopharmaceuticalInformationSequence[0][keyword].value if keyword else data.SeriesTime
    return 60 * int(value[:2]) + int(value[2:4])


def test_two_exports_are_alike_to_the_byte(coarse_case: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        assert export(coarse_case, tmp_path / name, *BASIC) == 0
    one, two = ({p.relative_to(tmp_path / n): p.read_bytes() for p in (tmp_path / n).rglob("*.dcm")} for n in ("one", "two"))
    assert one == two


def test_a_structure_keeps_a_name_of_the_field_gets_its_standard_name_or_a_number(cleaned: Path) -> None:
    names = [str(roi.ROIName) for roi in objects(cleaned)["RTSTRUCT.dcm"].StructureSetROISequence]
    assert names == ["BODY", "Skin", "Bolus", "Thermo_Mask", "PTV_skin", "ROI_6", "ROI_7", "GTV"]


def test_a_patient_without_dates_has_no_suv_and_is_refused(
    coarse_case: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert export(coarse_case, tmp_path / "export", *BASIC, "--retain", "nothing") == 2
    assert "SUV need --retain dates,characteristics" in capsys.readouterr().err
    assert not (tmp_path / "export").exists()


def test_a_device_stays_only_on_demand(coarse_case: Path, tmp_path: Path) -> None:
    assert export(coarse_case, tmp_path / "export", *BASIC, "--retain", ",".join(RETAINED)) == 0
    for data in objects(tmp_path / "export").values():
        assert data.StationName == "SAMPLE"
        assert "113109" in {str(item.CodeValue) for item in data.DeidentificationMethodCodeSequence}


def test_a_wrong_option_is_one_sentence(coarse_case: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        export(coarse_case, tmp_path / "export", *BASIC, "--retain", "address")
    assert "'address' is none of dates, characteristics, device, nothing" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="2"):
        export(coarse_case, tmp_path / "export", *BASIC, "--retain", "nothing,dates")
    assert "nothing goes alone; leave it out to retain something" in capsys.readouterr().err
