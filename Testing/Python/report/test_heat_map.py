"""The heat map: its cells are the rows of the summary, its dots the patients behind them, and nothing is left out."""

from __future__ import annotations

import math

import pytest

from deface_compare.cohort.arm_names import ArmNames
from deface_compare.cohort.arms import Arm
from deface_compare.cohort.patient_table import patient_table
from deface_compare.cohort.summary import describe_all
from deface_compare.measurement import Measurement, Scope
from deface_compare.report.heat_map import HeatMap, heat_map_data, heat_maps
from deface_compare.settings import Settings

ARM = Arm("quickshear", "", "background", "none")
NAMES = ArmNames([ARM], {"quickshear": "Quickshear (ours)"})


def patients(percents: list[float], structure: str = "Eye_L") -> list[Measurement]:
    return [
        Scope(f"case-{k:03d}", *ARM).row(
            "intact_volume", original=10.0, defaced=10.0 + p / 10, change_percent=p, image="CT", structure=structure
        )
        for k, p in enumerate(percents, start=1)
    ]


def maps_of(rows: list[Measurement], cases: list[str]) -> list[HeatMap]:
    table = patient_table(rows)
    return heat_maps(describe_all(table, "cohort", Settings().tolerances), table, "CT", Settings().tolerances, cases)


def test_a_cell_holds_median_quartiles_worst_patient_and_every_patient() -> None:
    cases = [f"case-{k:03d}" for k in range(1, 6)]
    (percent, _) = maps_of(patients([-1.0, -2.0, -4.0, -8.0]), cases)
    cell = percent.cells[""]["Eye"][ARM]
    assert (cell.median, cell.median_text, cell.spread) == (-3.0, "−3.0", "[−5.0,\u00a0−1.8], n\u00a04")  # linear interpolation
    assert (cell.worst, cell.worst_text, cell.worst_case) == (-8.0, "−8.0", "case-004")
    assert cell.values[:4] == (-1.0, -2.0, -4.0, -8.0)
    assert math.isnan(cell.values[4])  # case-005 has no eye
    (data, _) = heat_map_data([percent, percent], NAMES, cases)
    assert data["cells"][""]["Eye"][0] == {
        "m": -3, "t": "−3.0", "s": cell.spread, "w": -8, "wt": "−8.0", "c": 3, "n": 4, "v": [-1, -2, -4, -8, None],
    }  # fmt: skip


@pytest.mark.parametrize(("count", "marked"), [(12, "−5.0*"), (4, "−5.0")])
def test_a_median_that_differs_from_no_change_bears_a_mark(count: int, marked: str) -> None:
    (percent, _) = maps_of(patients([-5.0] * count), [])
    assert percent.cells[""]["Eye"][ARM].median_text == marked


def test_every_metric_has_its_map_and_the_four_main_ones_stand_first_with_their_tolerance() -> None:
    rows = patients([-1.0])
    scope = Scope("case-001", *ARM)
    for metric, unit in (("median", "HU"), ("mean", "HU"), ("mean_absolute_difference", "HU"), ("altered_fraction", "%")):
        rows.append(scope.row(metric, original=1.0, defaced=3.0, unit=unit, image="CT", structure="Eye_L"))
    for metric in ("Dmax", "Dmean", "D95%", "V20Gy_percent"):
        for policy in ("mask", "follow"):
            where = {"image": "DOSE", "structure": "GTV", "dose_policy": policy}
            rows.append(scope.row(metric, original=60.0, defaced=50.0, **where))
    found = maps_of(rows, ["case-001"])
    assert [(each.main, each.tolerance) for each in found[:4]] == [
        ("Δ intact volume", 5.0),
        ("Δ HU", 20.0),
        ("ΔDmean", 1.0),
        ("ΔD95%", 1.0),
    ]
    assert {each.metric for each in found} == {row.metric for row in rows}
    assert list(found[2].cells) == ["mask", "follow"]
    assert not any(each.main for each in found[4:])


@pytest.mark.parametrize(
    ("image", "unit", "main"), [("MR_T1", "a.u.", "Δ intensity"), ("PT", "SUV", "Δ intensity"), ("CT", "HU", "Δ HU")]
)
def test_an_image_without_hounsfield_units_has_its_intensity_among_the_main_maps(image: str, unit: str, main: str) -> None:
    scope = Scope("case-001", *ARM)
    rows = [
        scope.row(metric, original=90.0, defaced=60.0, unit=unit, image=image, structure="Brain") for metric in ("median", "mean")
    ]
    table = patient_table(rows)
    found = heat_maps(describe_all(table, "cohort", Settings().tolerances), table, image, Settings().tolerances, ["case-001"])
    assert [(each.main, each.metric, each.unit) for each in found] == [(main, "mean", unit), ("", "median", unit)]


def test_what_failed_is_said_in_its_cell() -> None:
    rows = [Scope("case-001", *ARM).missing("intact_volume", "no face", image="CT", structure="Eye_L", status="failed")]
    (only,) = maps_of(rows, ["case-001"])
    assert only.cells[""]["Eye"][ARM].median_text == "failed"


def test_the_worst_dice_is_the_lowest_and_a_metric_without_a_unit_has_no_empty_brackets() -> None:
    rows = [
        Scope(f"case-{k:03d}", *ARM).row("resegmented_dice", defaced=dice, image="CT", structure="Brain")
        for k, dice in enumerate((0.98, 0.71, 0.93), start=1)
    ]
    (only,) = maps_of(rows, ["case-001", "case-002", "case-003"])
    cell = only.cells[""]["Brain"][ARM]
    assert (cell.worst_text, cell.worst_case) == ("0.71", "case-002")
    assert (only.title, only.ideal) == ("resegmented dice · CT", 1.0)


def test_a_relative_dose_has_its_maps_under_a_title_of_their_own() -> None:
    where = {"image": "DOSE", "structure": "GTV", "dose_policy": "mask"}
    rows = [
        Scope(f"case-{k:03d}", *ARM).row("Dmean", original=1.0, defaced=0.9, unit=unit, **where)
        for k, unit in enumerate(("relative", "Gy"), start=1)
    ]
    assert sorted((each.main, each.unit) for each in maps_of(rows, [])) == [("ΔDmean", "Gy"), ("ΔDmean, relative", "relative")]
