"""Which of several structure sets is read: the user's, the plan's, else approved and newest; an unusable one costs nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytest

from deface_compare.case import Case
from deface_compare.cli.main import main
from deface_compare.measurement import NOT_AVAILABLE, OK, Measurement
from deface_compare.measurement_table import read_measurements
from deface_compare.readers import read_case
from deface_compare.readers.choices import ReadingChoices
from deface_compare.settings import Settings
from deface_compare.utility.baseline import ImageBaseline, RegionOnImage, utility_baseline
from dicom_set import head_hu, square, uid, write_dose, write_plan, write_series, write_structures

CLOSED = "CLOSED_PLANAR"
OLD, NEW = "20250101", "20260101"
PLANES = (-18, -15, -12, -9)
HALVES = {"old.dcm": 5.0, "new.dcm": 3.0}
"""Half the edge of the brain's square, mm: the volume tells which set was read."""


def brain(half: float) -> list[tuple[str, list[float]]]:
    return [(CLOSED, square(8, 4, z, half)) for z in PLANES]


def write_patient(folder: Path, planned: str = "") -> None:
    write_series(folder, head_hu())
    for name, date in (("old.dcm", OLD), ("new.dcm", NEW)):
        extra: dict[str, object] = {"StructureSetDate": date, "StructureSetLabel": f"Label {name}"}
        write_structures(folder / name, {"Brain": brain(HALVES[name])}, extra=extra)
    write_dose(folder / "rd.dcm", np.full((10, 12, 12), 3000, np.uint16), [4.0 * k for k in range(10)])
    if planned:
        write_plan(folder / "rp.dcm", 60.0, structures=planned)


def volume_cc(case: Case, name: str = "Brain", image: str = "CT") -> float:
    baseline = utility_baseline(case, Settings()).images[image]
    assert isinstance(baseline, ImageBaseline), baseline
    region = baseline.regions[name]
    assert isinstance(region, RegionOnImage), region
    return region.volumes.planned_cc


def expected_cc(name: str) -> float:
    """A square column of four planes, 3 mm each."""
    return (2 * HALVES[name]) ** 2 * 12 / 1000


def row_notes(case: Case) -> tuple[str, ...]:
    assert case.structure_set is not None
    return case.structure_set.structures[0].notes


@pytest.mark.parametrize("planned", ["old.dcm", "new.dcm"])
def test_the_structure_set_of_the_plan_wins_over_the_newest(tmp_path: Path, planned: str) -> None:
    write_patient(tmp_path, planned)
    case = read_case(tmp_path)
    assert volume_cc(case) == pytest.approx(expected_cc(planned), rel=0.02)  # measured equal
    assert f"structure set {planned} was used: it is the one of the plan" in case.notes
    assert not any("plan" in note for note in row_notes(case))


def test_the_plan_of_the_chosen_dose_tells_not_another_plan(tmp_path: Path) -> None:
    write_patient(tmp_path, "old.dcm")
    write_plan(tmp_path / "other.dcm", 50.0, plan="other", structures="new.dcm", approval="APPROVED")
    assert volume_cc(read_case(tmp_path)) == pytest.approx(expected_cc("old.dcm"), rel=0.02)


def test_a_dose_may_name_its_structure_set_itself(tmp_path: Path) -> None:
    write_patient(tmp_path, "old.dcm")
    plan = pydicom.dcmread(tmp_path / "rp.dcm")
    dose = pydicom.dcmread(tmp_path / "rd.dcm")
    dose.ReferencedStructureSetSequence = plan.ReferencedStructureSetSequence
    dose.save_as(tmp_path / "rd.dcm")
    (tmp_path / "rp.dcm").unlink()
    assert volume_cc(read_case(tmp_path)) == pytest.approx(expected_cc("old.dcm"), rel=0.02)


def test_without_a_dose_the_approved_plan_tells(tmp_path: Path) -> None:
    write_patient(tmp_path)
    (tmp_path / "rd.dcm").unlink()
    for name, approval in (("old.dcm", "APPROVED"), ("new.dcm", "REJECTED")):
        write_plan(tmp_path / f"rp_{name}", 60.0, plan=f"plan of {name}", structures=name, approval=approval)
    assert volume_cc(read_case(tmp_path)) == pytest.approx(expected_cc("old.dcm"), rel=0.02)


def test_a_choice_without_a_plan_is_told_in_the_case_and_in_the_rows(tmp_path: Path) -> None:
    write_patient(tmp_path)
    case = read_case(tmp_path)
    said = "structure set new.dcm was used (approved, then newest): no plan says which"
    assert volume_cc(case) == pytest.approx(expected_cc("new.dcm"), rel=0.02)
    assert said in case.notes
    assert said in row_notes(case)
    dose = utility_baseline(case, Settings()).dose["Brain"]
    assert not isinstance(dose, str)
    assert said in dose.original.warnings


def test_a_set_that_is_not_the_plans_says_so_in_every_row_even_if_it_is_the_only_one(tmp_path: Path) -> None:
    write_patient(tmp_path, "lost.dcm")
    (tmp_path / "old.dcm").unlink()
    case = read_case(tmp_path)
    said = "structure set new.dcm is not the one of the plan: the one that it refers to is not here"
    assert said in row_notes(case)
    assert said in case.notes


@pytest.mark.parametrize("wanted", ["old.dcm", "OLD*", "Label old.dcm"])
def test_the_user_chooses_by_file_or_label(tmp_path: Path, wanted: str) -> None:
    write_patient(tmp_path, "new.dcm")
    case = read_case(tmp_path, choices=ReadingChoices(structures=wanted))
    assert volume_cc(case) == pytest.approx(expected_cc("old.dcm"), rel=0.02)
    assert "structure set old.dcm is not the one of the plan: chosen by the user" in row_notes(case)


@pytest.mark.parametrize(("wanted", "count"), [("nothing", "none"), ("*.dcm", "2")])
def test_a_choice_that_names_no_single_set_is_a_reason_in_the_rows(tmp_path: Path, wanted: str, count: str) -> None:
    write_patient(tmp_path)
    case = read_case(tmp_path, choices=ReadingChoices(structures=wanted))
    assert case.structure_set is None
    assert case.missing_structures.startswith(f"--structures names {count} of 2 structure sets and segmentations")


def test_equal_sets_are_not_chosen_between_and_the_images_are_still_a_case(tmp_path: Path) -> None:
    write_patient(tmp_path)
    for name in ("old.dcm", "new.dcm"):
        write_structures(tmp_path / name, {"Brain": brain(HALVES[name])})
    case = read_case(tmp_path)
    assert case.structure_set is None
    assert "2 structure sets and no rule to choose one; choose with --structures" in case.missing_structures
    assert [image.key for image in case.images] == ["CT"]


def _unusable(path: Path, fault: str) -> None:
    """Spoil the newest set."""
    data = pydicom.dcmread(path)
    if fault == "another frame":
        data.FrameOfReferenceUID = uid("elsewhere")
        for item in (*data.ReferencedFrameOfReferenceSequence, *data.StructureSetROISequence):
            keyword = "FrameOfReferenceUID" if "FrameOfReferenceUID" in item else "ReferencedFrameOfReferenceUID"
            setattr(item, keyword, uid("elsewhere"))
    elif fault == "no contours":
        del data.ROIContourSequence
    elif fault == "no structures":
        del data.ROIContourSequence, data.StructureSetROISequence
    elif fault == "open contours":
        for contour in data.ROIContourSequence[0].ContourSequence:
            contour.ContourGeometricType = "OPEN_PLANAR"
    elif fault == "no ROI number":
        del data.StructureSetROISequence[0].ROINumber
    elif fault == "odd coordinates":
        data.ROIContourSequence[0].ContourSequence[0].ContourData = [1.0, 2.0, 3.0, 4.0]
    data.save_as(path)
    if fault == "truncated":
        path.write_bytes(path.read_bytes()[:-100])


FAULTS = ["another frame", "no contours", "no structures", "open contours", "no ROI number", "odd coordinates", "truncated"]


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("planned", ["", "new.dcm"])
def test_an_unusable_newest_set_does_not_cost_the_rows_of_a_good_older_one(tmp_path: Path, fault: str, planned: str) -> None:
    write_patient(tmp_path, planned)
    _unusable(tmp_path / "new.dcm", fault)
    case = read_case(tmp_path)
    assert volume_cc(case) == pytest.approx(expected_cc("old.dcm"), rel=0.02)
    assert any("structure set new.dcm" in note for note in case.notes)
    if planned:
        assert any(note.startswith("structure set old.dcm is not the one of the plan") for note in row_notes(case))


@pytest.mark.parametrize("fault", ["another frame", "no contours", "open contours"])
def test_a_set_that_the_user_chose_is_not_replaced(tmp_path: Path, fault: str) -> None:
    write_patient(tmp_path)
    _unusable(tmp_path / "new.dcm", fault)
    case = read_case(tmp_path, choices=ReadingChoices(structures="new.dcm"))
    baseline = utility_baseline(case, Settings())
    image = baseline.images["CT"]
    assert isinstance(image, str) or isinstance(image.regions["Brain"], str)


def test_the_command_line_reads_the_named_set(tmp_path: Path) -> None:
    write_patient(tmp_path / "patient", "new.dcm")
    out = tmp_path / "out"
    options = ("--methods", "quickshear", "--face-model", "none", "--no-report", "--structures", "old.dcm")
    main(["case", str(tmp_path / "patient"), "--out", str(out), *options])  # a box is no head: the code may say so
    rows: list[Measurement] = read_measurements(out / "measurements.csv")
    planned = [row for row in rows if row.structure == "Brain" and row.metric == "planned_volume"]
    assert planned
    assert {row.status for row in planned} <= {OK, NOT_AVAILABLE, "failed"}
    assert planned[0].original == pytest.approx(expected_cc("old.dcm"), rel=0.02)


@pytest.mark.parametrize(
    ("planned", "study", "told"),
    [("", "second course", True), ("", "study", False), ("old.dcm", "second course", False)],
    ids=["no plan, another study", "no plan, one study", "the plan joins two studies"],
)
def test_structures_of_another_study_than_the_dose_are_told_where_no_plan_joins_them(
    tmp_path: Path, planned: str, study: str, told: bool
) -> None:
    """A second course may be planned in the frame of reference of the first."""
    write_patient(tmp_path, planned)
    (tmp_path / "new.dcm").unlink()
    data = pydicom.dcmread(tmp_path / "old.dcm")
    data.StudyInstanceUID = uid(study)
    data.save_as(tmp_path / "old.dcm")
    case = read_case(tmp_path)
    sentence = "structure set old.dcm and the dose are of different studies, and no plan joins them: they may not belong together"
    assert (sentence in case.notes, sentence in row_notes(case)) == (told, told)


@pytest.mark.filterwarnings("ignore:Invalid value for VR DA")
@pytest.mark.parametrize("dates", [("20250101", "2025.06.01"), ("2025.01.01", "20250601")])
def test_the_newest_set_is_told_by_dates_in_old_writing_too(tmp_path: Path, dates: tuple[str, str]) -> None:
    write_patient(tmp_path)
    for name, date in zip(("old.dcm", "new.dcm"), dates, strict=True):
        data = pydicom.dcmread(tmp_path / name)
        data.StructureSetDate = date
        data.save_as(tmp_path / name)
    assert volume_cc(read_case(tmp_path)) == pytest.approx(expected_cc("new.dcm"), rel=0.02)
