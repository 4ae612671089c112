"""Left and right, and percent of the prescription, in the cohort's table."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from deface_compare.cohort.patient_table import patient_table
from deface_compare.cohort.summary import SummaryRow, describe_all, describe_sides, find, read_summary, write_summary
from deface_compare.errors import UnusableInput
from deface_compare.measurement import Measurement, Scope
from deface_compare.settings import Settings

TOLERANCES = Settings().tolerances
LEFT_GY, RIGHT_GY = (-1.0, -2.0, -6.0), (-3.0, -4.0, -5.0)


def rows() -> list[Measurement]:
    """The mean dose of both parotids of three patients, prescribed 50 Gy."""
    found = []
    for number, changes in enumerate(zip(LEFT_GY, RIGHT_GY, strict=True)):
        scope = Scope(f"case-{number}", "quickshear", "", "background", "none")
        for structure, change in zip(("Parotid_L", "Parotid_R"), changes, strict=True):
            found.append(
                scope.row(
                    "Dmean",
                    original=20.0,
                    defaced=20.0 + change,
                    change_percent=2.0 * change,
                    image="DOSE",
                    structure=structure,
                    dose_policy="mask",
                )
            )
    return found


def medians(summary: list[SummaryRow], unit: str) -> dict[str, float]:
    return {row.structure: row.value for row in find(summary, metric="Dmean", unit=unit)}


def test_left_and_right_stand_beside_their_mean() -> None:
    means = describe_all(patient_table(rows()), "cohort", TOLERANCES)
    sides = describe_sides(rows(), "cohort", TOLERANCES)
    assert medians(means, "Gy") == {"Parotid": -3.0}  # of -2, -3, -5.5
    assert medians(sides, "Gy") == {"Parotid_L": -2.0, "Parotid_R": -4.0}


def test_a_change_in_percent_of_the_prescription_has_a_unit_that_says_so() -> None:
    means = describe_all(patient_table(rows()), "cohort", TOLERANCES)
    assert medians(means, "% of prescription") == {"Parotid": -6.0}
    assert medians(means, "%") == {}


def test_sides_make_no_test_of_the_means_weaker() -> None:
    generator = np.random.default_rng(3)
    found = []
    for number in range(12):
        scope = Scope(f"case-{number}", "quickshear", "", "background", "none")
        for structure in ("Parotid_L", "Parotid_R", "Brain"):
            percent = float(generator.normal(-2.0, 1.0))
            found.append(
                scope.row("intact_volume", original=9.0, defaced=9.0, change_percent=percent, image="CT", structure=structure)
            )
    alone = describe_all(patient_table(found), "cohort", TOLERANCES)
    beside = [*alone, *describe_sides(found, "cohort", TOLERANCES)]
    brain = find(beside, structure="Brain", unit="%")
    assert len(brain) == 1
    assert brain[0].p_holm == pytest.approx(min(1.0, 2 * brain[0].p_value))  # Brain and Parotid: two tests, not four


def test_a_summary_is_read_as_it_was_written_but_for_decimals_beyond_those_of_its_unit(tmp_path: Path) -> None:
    summary = [*describe_all(patient_table(rows()), "cohort", TOLERANCES), *describe_sides(rows(), "cohort", TOLERANCES)]
    write_summary(tmp_path / "summary.csv", summary)
    for row, told in zip(summary, read_summary(tmp_path / "summary.csv"), strict=True):
        assert (row.structure, row.metric, row.unit, row.n, row.note) == (
            told.structure,
            told.metric,
            told.unit,
            told.n,
            told.note,
        )
        for one, other in ((row.value, told.value), (row.low, told.low), (row.high, told.high)):
            assert math.isnan(one) == math.isnan(other)
            if not math.isnan(one):
                assert abs(one - other) <= 0.5e-4


def test_a_summary_of_the_first_version_is_read_with_its_units_of_now(tmp_path: Path) -> None:
    head = "cohort,method,variant,fill,protect,dose_policy,image,domain,structure,metric,unit,n,failed,value,low,high,interval,"
    head += "p_value,p_holm,engine,note\n"
    dose = "cohort,quickshear,,background,none,mask,DOSE,dose,Parotid,Dmean,%,3,0,-6.0,-8.5,-4.0,IQR,,,builtin,\n"
    volume = "cohort,quickshear,,background,none,mask,DOSE,dose,Parotid,V20Gy_percent,%,3,0,-6.0,-8.5,-4.0,IQR,,,builtin,\n"
    (tmp_path / "summary.csv").write_text(head + dose + volume)
    assert [row.unit for row in read_summary(tmp_path / "summary.csv")] == ["% of prescription", "%"]
    (tmp_path / "summary.csv").write_text("a,b\n1,2\n")
    with pytest.raises(UnusableInput, match="is no summary of a study: it has no column cohort"):
        read_summary(tmp_path / "summary.csv")
