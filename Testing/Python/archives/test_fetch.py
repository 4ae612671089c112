"""A cohort from an archive: whole patients or none."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from pydicom.dataset import FileDataset

from archive_contents import Contents, equal_objects, patient_objects
from deface_compare.archives.address import parse_address
from deface_compare.archives.fetch import FetchedPatient, fetch_cohort
from deface_compare.archives.wanted import Wanted, wanted_studies
from deface_compare.cli.main import main
from deface_compare.errors import UnusableInput
from deface_compare.study.patients import find_patients
from dicom_set import uid
from dimse_stand_in import dimse_stand_in, free_port

StandIn = Callable[[Contents], str]


@pytest.fixture
def contents(tmp_path: Path) -> Contents:
    """Two patients, one of whose ids begins with the other's; archives take ids for patterns."""
    return Contents([*patient_objects(tmp_path / "source", "ID-7"), *patient_objects(tmp_path / "source", "ID-78")])


def fetched(address: str, to: Path, *ids: str) -> list[FetchedPatient]:
    return fetch_cohort(parse_address(address), to, [Wanted(each) for each in ids], timeout_s=20)


def files_of(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def needed(contents: Contents, patient_id: str) -> list[FileDataset]:
    return [each for each in contents.objects if each.PatientID == patient_id and each.Modality != "SR"]


def test_a_patient_comes_with_every_object_that_is_read_and_nothing_else(
    stand_in: StandIn, contents: Contents, tmp_path: Path
) -> None:
    patients = fetched(stand_in(contents), tmp_path / "cohort", "ID-7")
    assert [(each.name, each.objects, each.new, each.problem) for each in patients] == [("ID-7", 6, 6, "")]
    assert equal_objects(files_of(tmp_path / "cohort"), needed(contents, "ID-7"))
    assert find_patients(tmp_path / "cohort").folders == (tmp_path / "cohort" / "ID-7",)
    assert find_patients(tmp_path / "cohort").left_out == {}


def test_what_is_there_whole_is_not_fetched_again(stand_in: StandIn, contents: Contents, tmp_path: Path) -> None:
    address = stand_in(contents)
    fetched(address, tmp_path / "cohort", "ID-7")
    files = files_of(tmp_path / "cohort")
    files[0].unlink()
    files[1].write_bytes(files[1].read_bytes()[:-100])
    contents.given.clear()
    assert [each.new for each in fetched(address, tmp_path / "cohort", "ID-7")] == [2]
    assert sorted(contents.given) == sorted(path.stem for path in files[:2])
    assert equal_objects(files_of(tmp_path / "cohort"), needed(contents, "ID-7"))
    contents.given.clear()
    assert [each.new for each in fetched(address, tmp_path / "cohort", "ID-7")] == [0]
    assert contents.given == []


def test_a_transfer_that_breaks_goes_on_where_it_was(stand_in: StandIn, contents: Contents, tmp_path: Path) -> None:
    contents.breaks = 1
    patients = fetched(stand_in(contents), tmp_path / "cohort", "ID-7")
    assert [each.problem for each in patients] == [""]
    assert contents.breaks == 0
    assert equal_objects(files_of(tmp_path / "cohort"), needed(contents, "ID-7"))


def test_a_patient_of_whom_one_object_does_not_come_is_never_taken_for_a_whole_one(
    stand_in: StandIn, contents: Contents, tmp_path: Path
) -> None:
    lost = next(each for each in contents.objects if each.PatientID == "ID-7" and each.Modality == "CT")
    contents.lost = {str(lost.SOPInstanceUID)}
    address = stand_in(contents)
    broken, whole = fetched(address, tmp_path / "cohort", "ID-7", "ID-78")
    assert broken.problem
    assert (broken.objects, broken.here) == (6, 5)
    assert whole.problem == ""
    assert find_patients(tmp_path / "cohort").folders == (tmp_path / "cohort" / "ID-78",)
    contents.lost.clear()
    assert [(each.new, each.problem) for each in fetched(address, tmp_path / "cohort", "ID-7")] == [(1, "")]
    assert equal_objects(files_of(tmp_path / "cohort" / "ID-7"), needed(contents, "ID-7"))


def test_an_archive_that_counts_other_than_it_lists_gives_no_patient(
    stand_in: StandIn, contents: Contents, tmp_path: Path
) -> None:
    contents.count_error = 1
    (patient,) = fetched(stand_in(contents), tmp_path / "cohort", "ID-7")
    assert "counts 6 objects of a CT series and lists 5" in patient.problem
    with pytest.raises(UnusableInput, match="no patient"):
        find_patients(tmp_path / "cohort")


def test_a_patient_who_is_not_there_is_told(stand_in: StandIn, contents: Contents, tmp_path: Path) -> None:
    unknown, other_case = fetched(stand_in(contents), tmp_path / "cohort", "NOBODY", "id-7")
    assert "exactly this id" in unknown.problem
    assert "exactly this id" in other_case.problem


def test_studies_of_one_patient_come_into_one_folder(stand_in: StandIn, contents: Contents, tmp_path: Path) -> None:
    for each in contents.objects:
        if each.PatientID == "ID-78":
            each.PatientID = "ID-7"
    studies = wanted_studies([uid("study ID-7"), uid("study ID-78"), "1.2.3"])
    patient, unknown = fetch_cohort(parse_address(stand_in(contents)), tmp_path / "cohort", studies, timeout_s=20)
    assert (patient.name, patient.objects, patient.problem) == ("ID-7", 12, "")
    assert "no such study" in unknown.problem
    assert equal_objects(files_of(tmp_path / "cohort" / "ID-7"), needed(contents, "ID-7"))


def test_a_second_study_of_a_patient_who_is_there_is_added(web: StandIn, contents: Contents, tmp_path: Path) -> None:
    for each in contents.objects:
        each.PatientID = "ID-7"
    address = parse_address(web(contents))
    for study, objects in (("study ID-7", 6), ("study ID-78", 12)):
        fetch_cohort(address, tmp_path / "cohort", wanted_studies([uid(study)]), timeout_s=20)
        assert len(files_of(tmp_path / "cohort" / "ID-7")) == objects


def test_a_folder_of_other_files_is_left_alone(web: StandIn, contents: Contents, tmp_path: Path) -> None:
    (tmp_path / "cohort" / "ID-7").mkdir(parents=True)
    (tmp_path / "cohort" / "ID-7" / "notes.txt").write_text("mine")
    (patient,) = fetched(web(contents), tmp_path / "cohort", "ID-7")
    assert "move it away" in patient.problem
    assert [path.name for path in files_of(tmp_path / "cohort")] == ["notes.txt"]


@pytest.mark.filterwarnings("ignore:Invalid value for VR UI")
@pytest.mark.parametrize("strange", ["../../out", "1.2/../../x", ".."])
def test_an_answer_that_is_no_uid_never_becomes_a_path(strange: str, web: StandIn, contents: Contents, tmp_path: Path) -> None:
    contents.objects[0].SOPInstanceUID = strange
    (patient,) = fetched(web(contents), tmp_path / "cohort", "ID-7")
    assert "no UID" in patient.problem
    assert files_of(tmp_path / "cohort") == []


@pytest.mark.parametrize("name", ["../x", ".hidden", "A/B", "..", "a:b"])
def test_an_id_with_signs_of_paths_stays_one_folder_in_the_cohort(name: str, web: StandIn, tmp_path: Path) -> None:
    objects = patient_objects(tmp_path / "source", "ID-7")
    for each in objects:
        each.PatientID = name
    (patient,) = fetched(web(Contents(objects)), tmp_path / "cohort", name)
    assert patient.problem == ""
    assert [path.parent for path in [patient.folder] if path] == [tmp_path / "cohort"]
    assert find_patients(tmp_path / "cohort").folders == (patient.folder,)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # pynetdicom leaves a socket that never connected
def test_a_wrong_password_an_unknown_title_and_a_dead_port_are_told_apart(
    web: StandIn, contents: Contents, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = web(contents)
    monkeypatch.setenv("DEFACE_COMPARE_PASSWORD", "wrong")
    with pytest.raises(UnusableInput, match="known users"):
        fetched(address, tmp_path / "cohort", "ID-7")
    with dimse_stand_in(contents, gets=False) as dicom:
        with pytest.raises(UnusableInput, match="rejects STRANGER"):
            fetched(dicom.replace("TESTER", "STRANGER"), tmp_path / "cohort", "ID-7")
        (patient,) = fetched(dicom, tmp_path / "cohort", "ID-7")
        assert "add &listen=PORT" in patient.problem
    with pytest.raises(UnusableInput, match="cannot be reached"):
        fetched(f"dicom://PACS@127.0.0.1:{free_port()}", tmp_path / "cohort", "ID-7")


def test_the_command_tells_whole_and_broken_patients_and_no_id_where_programs_read(
    web: StandIn, contents: Contents, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    address, ids, cohort = web(contents), tmp_path / "ids.txt", str(tmp_path / "cohort")
    ids.write_text("ID-7\nNOBODY\n")
    command = ["fetch", address, "--patients", str(ids), "--to", cohort, "--progress", "json"]
    assert main(command) == 3
    told = capfd.readouterr()
    assert json.loads(told.out.splitlines()[-1]) == {
        "whole": 1,
        "files": 6,
        "fetched": 6,
        "not_whole": {"2": {"listed": 0, "here": 0}},
    }
    assert "ID-7" not in told.out + told.err
    assert "NOBODY" not in told.out
    assert "deface-compare: patient NOBODY: the archive knows no patient with exactly this id" in told.err
    assert main(["fetch", address, "--study", uid("study ID-7"), "--to", cohort]) == 0
    assert main(["fetch", address, "--study", "1.2.3", "--to", cohort]) == 2
    assert "not a secret" not in "".join(capfd.readouterr())
