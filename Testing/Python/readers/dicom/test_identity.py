"""Whose files a folder holds: one person's, several persons', or nobody can tell."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset

from deface_compare.errors import UnusableInput
from deface_compare.readers import read_case
from dicom_set import head_hu, square, uid, write_dose, write_plan, write_series, write_structures

Person = dict[str, object]
ANNA: Person = {"PatientID": "1001", "PatientName": "Smith^Anna", "PatientBirthDate": "19500312", "PatientSex": "F"}
BERT: Person = {"PatientID": "2002", "PatientName": "Jones^Bert", "PatientBirthDate": "19611105", "PatientSex": "M"}


def write_two(folder: Path, first: Person, second: Person, *, related: bool = False) -> None:
    """A CT and an MR that say different things of their patient, in studies and frames of their own, or in one."""
    own: Person = {} if related else {"StudyInstanceUID": uid("second study")}
    write_series(folder, head_hu(), extra=first)
    values = (head_hu() + 1100).astype(np.uint16)
    write_series(folder, values, modality="MR", series="mr", frame="mr frame", extra={**second, **own})


def issued(person: Person, issuer: str) -> Person:
    return {**person, "IssuerOfPatientID": issuer}


@pytest.mark.parametrize(
    "text", ["REDACTED", "***", "999999", "1111", "MASKED", "NOT AVAILABLE", "PHI REMOVED", "undefined", "keine Angabe", "XXXX"]
)
def test_a_place_holder_in_id_and_name_joins_nobody(tmp_path: Path, text: str) -> None:
    person: Person = {"PatientID": text, "PatientName": text, "PatientBirthDate": "", "PatientSex": ""}
    write_two(tmp_path, person, person, related=False)
    with pytest.raises(UnusableInput, match="2 groups of files of which nothing tells whether they are of one patient"):
        read_case(tmp_path)


@pytest.mark.parametrize("patient_id", ["ANON", "", "anonymous", "0000", "ANON_PATIENT", "unknown", "No Name"])
@pytest.mark.parametrize("related", [True, False])
def test_two_persons_with_an_id_that_tells_nobody_are_not_one_case(tmp_path: Path, patient_id: str, related: bool) -> None:
    write_two(tmp_path, {**ANNA, "PatientID": patient_id}, {**BERT, "PatientID": patient_id}, related=related)
    with pytest.raises(UnusableInput, match="the folder holds 2 patients") as told:
        read_case(tmp_path)
    said = str(told.value)
    assert "PatientBirthDate, PatientSex, PatientName" in said
    assert not any(word in said for word in ("Smith", "Anna", "Jones", "Bert", "1950", "1961"))


@pytest.mark.parametrize(
    ("second", "differing"),
    [
        ({"PatientID": "1002"}, "PatientID"),
        ({"PatientID": "01001"}, "PatientID"),
        ({"PatientBirthDate": "19500313"}, "PatientBirthDate"),
        ({"PatientSex": "M"}, "PatientSex"),
        ({"PatientName": "Jones^Bert"}, "PatientName"),
        ({"PatientName": "Smith^Berta", "PatientBirthDate": ""}, "PatientName"),
        ({"IssuerOfPatientID": "Other clinic", "PatientName": "Smith"}, "IssuerOfPatientID"),
    ],
)
def test_one_differing_statement_is_a_doubt_and_a_doubt_is_refused(tmp_path: Path, second: Person, differing: str) -> None:
    write_two(tmp_path, issued(ANNA, "Clinic"), {**issued(ANNA, "Clinic"), **second})
    with pytest.raises(UnusableInput, match=f"not the same {differing} "):
        read_case(tmp_path)


@pytest.mark.parametrize(
    "second",
    [
        {},
        {"PatientName": "SMITH^ANNA"},
        {"PatientName": "Smith, Anna"},
        {"PatientName": "Smith^Anna^Maria"},
        {"PatientName": "Jones^Anna"},
        {"PatientName": ""},
        {"PatientName": "ANONYMOUS", "PatientBirthDate": ""},
        {"PatientBirthDate": ""},
        {"PatientBirthDate": "19000101"},
        {"PatientSex": "O"},
        {"PatientID": " 1001 "},
        {"PatientID": ""},
        {"PatientID": "", "PatientName": "Smith^Anna", "PatientBirthDate": ""},
        {"PatientID": "77", "OtherPatientIDs": "1001"},
        {"PatientID": "77", "IssuerOfPatientID": "Other clinic"},
    ],
    ids=str,
)
def test_one_person_may_be_told_in_many_ways(tmp_path: Path, second: Person) -> None:
    write_two(tmp_path, issued(ANNA, "Clinic"), {**ANNA, **second})
    case = read_case(tmp_path)
    assert len(case.images) == 2
    assert case.person == "1001 of Clinic born 19500312"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Müller^Jörg", "Mueller^Joerg", True),
        ("Müller^Jörg", "MULLER^JORG", True),
        ("Müller^Jörg", "Miller^Jörg", True),
        ("Yamada^Tarou=山田^太郎=やまだ^たろう", "Yamada^Tarou", True),
        ("Müller^Jörg", "Möller^Georg", False),
    ],
)
def test_a_name_is_one_in_several_spellings_and_alphabets(tmp_path: Path, one: str, other: str, same: bool) -> None:
    """The number and birth date are equal; "Miller" shares the first name, so a clerk may have mistyped."""
    unicode: Person = {"SpecificCharacterSet": "ISO_IR 192"}
    write_two(tmp_path, {**ANNA, **unicode, "PatientName": one}, {**ANNA, **unicode, "PatientName": other})
    if same:
        assert len(read_case(tmp_path).images) == 2
    else:
        with pytest.raises(UnusableInput, match="PatientName"):
            read_case(tmp_path)


def test_another_id_in_a_sequence_links_two_numbers(tmp_path: Path) -> None:
    item = Dataset()
    item.PatientID = "1001"
    write_two(tmp_path, ANNA, {**ANNA, "PatientID": "77", "OtherPatientIDsSequence": [item]})
    assert len(read_case(tmp_path).images) == 2


NOBODY: Person = {"PatientID": "ANON", "PatientName": ""}


def test_images_that_tell_nobody_are_one_patient_only_if_something_joins_them(tmp_path: Path) -> None:
    write_two(tmp_path / "apart", NOBODY, NOBODY)
    with pytest.raises(UnusableInput, match="2 groups of files of which nothing tells whether they are of one patient"):
        read_case(tmp_path / "apart")
    write_two(tmp_path / "together", NOBODY, NOBODY, related=True)
    case = read_case(tmp_path / "together")
    assert len(case.images) == 2
    assert case.person == ""


def test_structures_plan_and_dose_without_a_patient_belong_to_the_images_that_they_refer_to(tmp_path: Path) -> None:
    write_series(tmp_path, head_hu(), extra=ANNA)
    blank: Person = {"PatientID": "", "PatientName": "", "StudyInstanceUID": uid("planning study"), "FrameOfReferenceUID": ""}
    write_structures(tmp_path / "rs.dcm", {"Brain": [("CLOSED_PLANAR", square(8, 4, -9, 5))]}, extra=blank)
    plan = pydicom.dcmread(write_plan(tmp_path / "rp.dcm", 60.0, structures="rs.dcm"))
    plan.PatientID = plan.PatientName = ""
    plan.StudyInstanceUID = uid("another study")
    plan.save_as(tmp_path / "rp.dcm")
    write_dose(tmp_path / "rd.dcm", np.full((5, 6, 7), 3000, np.uint16), [0.0, 4.0, 8.0, 12.0, 16.0], extra=ANNA)
    case = read_case(tmp_path)
    assert case.structure_set is not None
    assert case.dose is not None
    assert case.dose.prescription_gy == 60.0


@pytest.mark.parametrize("what", ["RTSTRUCT", "RTDOSE", "RTPLAN"])
def test_an_object_of_another_person_is_refused_whatever_it_refers_to(tmp_path: Path, what: str) -> None:
    write_series(tmp_path, head_hu(), extra=ANNA)
    write_structures(tmp_path / "rs.dcm", {"Brain": [("CLOSED_PLANAR", square(8, 4, -9, 5))]}, extra=ANNA)
    write_dose(tmp_path / "rd.dcm", np.full((5, 6, 7), 3000, np.uint16), [0.0, 4.0, 8.0, 12.0, 16.0], extra=ANNA)
    write_plan(tmp_path / "rp.dcm", 60.0, structures="rs.dcm")
    for path in tmp_path.glob("r*.dcm"):
        data = pydicom.dcmread(path)
        person = BERT if data.Modality == what else ANNA
        for keyword, value in {**person, "PatientID": "ANON"}.items():
            setattr(data, keyword, value)
        data.save_as(path)
    with pytest.raises(UnusableInput, match="holds 2 patients"):
        read_case(tmp_path)


def test_two_patients_of_the_same_placeholder_are_two_persons_in_the_key(tmp_path: Path) -> None:
    """Repeat scans are found by the person: an ID that everybody has must not make a cohort of one person."""
    for name, person in (("a", ANNA), ("b", BERT), ("c", NOBODY)):
        write_series(tmp_path / name, head_hu(), extra={**person, "PatientID": "ANON"})
    persons = [read_case(tmp_path / name).person for name in "abc"]
    assert persons == ["anna smith born 19500312", "bert jones born 19611105", ""]


def test_repeat_scans_have_one_key_however_letters_and_slices_differ(tmp_path: Path) -> None:
    """Two keys would make two persons of one, and the risk of being recognised look smaller."""
    person = {**ANNA, "PatientID": "ab-1001"}
    write_series(tmp_path / "first", head_hu(), extra={**ANNA, "PatientID": "AB-1001"})
    few, many = head_hu()[:6], (np.concatenate([head_hu()] * 2) + 1100).astype(np.uint16)
    write_series(tmp_path / "second", few, extra=person)
    undated = {**person, "PatientBirthDate": ""}
    write_series(tmp_path / "second", many, modality="MR", series="mr", frame="mr frame", extra=undated)
    first, second = (read_case(tmp_path / name).person for name in ("first", "second"))
    assert (first, second) == ("AB-1001 born 19500312",) * 2
