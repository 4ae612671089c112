"""A study that is given the parts of one patient, or a cohort with some, says so before anything is computed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from deface_compare.cli.main import main
from deface_compare.errors import UnusableInput
from deface_compare.readers.found_files import SAME_AGAIN
from deface_compare.study.parts_of_patients import refused_parts
from deface_compare.study.patients import find_patients
from dicom_set import head_hu, square, uid, write_dose, write_series, write_structures

Person = dict[str, object]


def person(number: int) -> Person:
    return {"PatientID": f"ID-{number}", "PatientName": f"Family{number}^Given", "StudyInstanceUID": uid(f"study {number}")}


def refused(cohort: Path) -> dict[Path, str]:
    return refused_parts(cohort, find_patients(cohort).folders)


def write_parts(folder: Path, number: int = 1, *, one_study: bool = True) -> None:
    """One patient's CT, MR, PET and plan, each in a folder of its own."""
    told = person(number)
    stored = (head_hu() + 1100).astype(np.uint16)
    for modality in ("CT", "MR", "PT"):
        own: Person = {} if one_study else {"StudyInstanceUID": uid(f"study of {modality} {number}")}
        series, frame = f"{modality} {number}", f"frame of {modality} {number}"
        values = head_hu() if modality == "CT" else stored
        write_series(folder / modality, values, modality=modality, series=series, frame=frame, extra={**told, **own})
    drawn = {"Brain": [("CLOSED_PLANAR", square(8, 4, -9, 5))]}
    write_structures(folder / "RT" / "rs.dcm", drawn, series=f"CT {number}", frame=f"frame of CT {number}", extra=told)


def write_whole(folder: Path, number: int) -> None:
    """One patient's CT and dose in one folder."""
    told = person(number)
    write_series(folder, head_hu(), series=f"CT {number}", frame=f"frame of CT {number}", extra=told)
    stored = np.full((5, 6, 7), 3000, np.uint16)
    write_dose(folder / f"rd{number}.dcm", stored, [0.0, 4.0, 8.0, 12.0, 16.0], frame=f"frame of CT {number}", extra=told)


@pytest.mark.parametrize("one_study", [True, False])
def test_the_folder_of_one_patient_is_no_cohort(tmp_path: Path, one_study: bool, capsys: pytest.CaptureFixture[str]) -> None:
    write_parts(tmp_path / "cohort", one_study=one_study)
    with pytest.raises(UnusableInput, match="looks like the folder of one patient: its 4 parts hold different objects"):
        refused(tmp_path / "cohort")
    assert main(["study", str(tmp_path / "cohort"), "--out", str(tmp_path / "out")]) == 2
    assert "compare it with `case`" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_loose_files_that_belong_to_the_folders_make_one_patient(tmp_path: Path) -> None:
    write_parts(tmp_path)
    (tmp_path / "RT" / "rs.dcm").rename(tmp_path / "rs.dcm")
    (tmp_path / "RT").rmdir()
    with pytest.raises(UnusableInput, match="its 4 parts"):
        refused(tmp_path)


def test_patients_are_patients_also_if_they_share_frames_of_copied_phantoms(tmp_path: Path) -> None:
    for number in (1, 2, 3):
        write_whole(tmp_path / f"patient {number}", number)
    assert refused(tmp_path) == {}


def test_repeat_scans_of_one_person_are_scans(tmp_path: Path) -> None:
    """Two CT of one person in two folders: each is a case, the person is matched."""
    write_whole(tmp_path / "first", 1)
    told = {**person(1), "StudyInstanceUID": uid("second study")}
    write_series(tmp_path / "second", head_hu(), series="CT again", frame="frame again", extra=told)
    assert refused(tmp_path) == {}


def test_the_parts_of_one_patient_in_a_cohort_are_refused_with_the_reason_and_the_others_stay(tmp_path: Path) -> None:
    write_whole(tmp_path / "whole", 7)
    write_parts(tmp_path, 1)
    found = refused(tmp_path)
    assert sorted(folder.name for folder in found) == ["CT", "MR", "PT", "RT"]
    said = "holds a part of one patient only: 4 folders hold different objects of one person; put them into one folder, or list"
    said += " them in persons.csv if each is a scan of its own"
    assert set(found.values()) == {said}


def test_a_table_of_persons_says_that_folders_are_sessions(tmp_path: Path) -> None:
    write_parts(tmp_path)
    (tmp_path / "persons.csv").write_text("folder,person\nCT,A\nMR,A\nPT,A\n", encoding="utf-8")
    assert refused(tmp_path) == {}


def test_a_loose_plan_of_one_of_the_patients_is_a_part_of_it(tmp_path: Path) -> None:
    write_whole(tmp_path / "first", 1)
    write_whole(tmp_path / "second", 2)
    drawn = {"Brain": [("CLOSED_PLANAR", square(8, 4, -9, 5))]}
    write_structures(tmp_path / "rs.dcm", drawn, series="CT 1", frame="frame of CT 1", extra=person(1))
    assert [folder.name for folder in refused(tmp_path)] == ["first"]


def test_a_study_lists_refused_parts_and_compares_the_rest(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_whole(tmp_path / "cohort" / "whole", 7)
    write_parts(tmp_path / "cohort", 1)
    options = ("--methods", "quickshear", "--face-model", "none")
    assert main(["study", str(tmp_path / "cohort"), "--out", str(tmp_path / "out"), *options]) == 3
    assert capsys.readouterr().out.count("holds a part of one patient only") == 4


def test_links_to_the_cohort_itself_or_into_a_patient_are_no_patients(tmp_path: Path) -> None:
    cohort = tmp_path / "cohort"
    write_parts(cohort / "p1")
    write_whole(tmp_path / "elsewhere", 2)
    for name, target in (("loop", "."), ("up", ".."), ("a part", "p1/CT"), ("p2", "../elsewhere")):
        (cohort / name).symlink_to(target)
    found = find_patients(cohort)
    assert [path.name for path in found.folders] == ["p1", "p2"]
    assert found.left_out == {SAME_AGAIN: 3}
