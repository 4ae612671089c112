"""The cohort table against numbers worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from deface_compare.cohort.arms import Arm
from deface_compare.cohort.method_tests import method_test_rows
from deface_compare.cohort.patient_table import organ, patient_table, unnamed_structures
from deface_compare.cohort.summary import describe_all, find, write_summary
from deface_compare.measurement import Scope
from deface_compare.settings import Settings

TOLERANCES = Settings().tolerances


def scope(case: str, method: str = "quickshear") -> Scope:
    return Scope(case, method, "", "background", "none")


def volume(case: str, structure: str, percent: float, method: str = "quickshear"):
    return scope(case, method).row(
        "intact_volume", original=10.0, defaced=10.0 + percent / 10, change_percent=percent, image="CT", structure=structure
    )


def test_a_median_with_its_quartiles_is_the_one_worked_out_by_hand() -> None:
    percents = [-1.0, -2.0, -4.0, -8.0]  # median -3, quartiles by linear interpolation -5 and -1.75
    rows = [volume(f"case-{k}", "Brain", percent) for k, percent in enumerate(percents)]
    (row,) = find(describe_all(patient_table(rows), "cohort", TOLERANCES), metric="intact_volume", unit="%")
    assert (row.value, row.low, row.high) == (-3.0, -5.0, -1.75)  # exact in binary floating point
    assert (row.n, row.failed, row.interval) == (4, 0, "IQR")
    assert "1/4 patients beyond 5 %" in row.note


def test_left_and_right_are_averaged_before_the_median_over_patients() -> None:
    rows = [volume("a", "Eye_L", -10.0), volume("a", "Eye_R", -30.0), volume("b", "Eye_L", -40.0)]
    (row,) = find(describe_all(patient_table(rows), "cohort", TOLERANCES), metric="intact_volume", unit="%")
    assert row.structure == "Eye"
    assert (row.n, row.value) == (2, -30.0)  # median of -20 and -40


def test_several_targets_count_as_one_and_their_union_stays_apart() -> None:
    assert organ("GTV_2") == organ("GTV") == "GTV"
    assert organ("GTV_all") == "GTV_all"
    assert organ("Parotid_R") == "Parotid"


def test_structures_without_a_standard_name_are_never_put_together() -> None:
    """``structure-07`` of one patient is not that of another; a single patient's own table has it."""
    rows = [volume("a", "structure-07", -10.0), volume("b", "structure-07", -30.0), volume("a", "Larynx", -5.0)]
    assert {item.structure for item in patient_table(rows)} == {"Larynx"}
    assert unnamed_structures(rows) == (2, 2)
    assert {item.structure for item in patient_table(rows[:1])} == {"structure-07"}


def test_a_planned_number_of_a_patient_that_failed_is_no_number_of_the_cohort() -> None:
    failed = [
        scope("b").missing(
            "Dmean", "no face", original=40.0, image="DOSE", structure="Larynx", dose_policy="mask", status="failed"
        ),
        scope("b").missing("planned_volume", "no face", original=9.0, image="CT", structure="Larynx", status="failed"),
    ]
    good = [
        scope("a").row("Dmean", original=30.0, defaced=28.0, image="DOSE", structure="Larynx", dose_policy="mask"),
        scope("a").row("planned_volume", original=8.0, image="CT", structure="Larynx"),
    ]
    summary = describe_all(patient_table([*good, *failed]), "cohort", TOLERANCES)
    found = {(row.metric, row.unit): (row.n, row.failed, row.value) for row in summary}
    assert found == {("Dmean", "Gy"): (1, 1, -2.0), ("planned_volume", "cc"): (1, 1, 8.0)}


def test_further_organs_change_no_p_value_of_the_headline() -> None:
    generator = np.random.default_rng(1)
    changes = generator.normal(-2.0, 1.0, (12, 3))
    rows = [
        volume(f"case-{k}", name, float(changes[k, n])) for k in range(12) for n, name in enumerate(("Brain", "Brainstem", "PTV"))
    ]
    further = [volume(f"case-{k}", name, -1.0 - k / 7) for k in range(12) for name in ("Larynx", "SpinalCord", "Lips")]
    alone = {row.structure: row.p_holm for row in describe_all(patient_table(rows), "c", TOLERANCES) if row.unit == "%"}
    both = {row.structure: row.p_holm for row in describe_all(patient_table(rows + further), "c", TOLERANCES) if row.unit == "%"}
    assert {name: both[name] for name in alone} == alone
    assert not math.isnan(both["Larynx"])


def test_a_failure_is_counted_in_every_unit_of_its_metric() -> None:
    rows = [volume("a", "Brain", -1.0), scope("b").missing("intact_volume", "no", image="CT", structure="Brain", status="failed")]
    summary = describe_all(patient_table(rows), "cohort", TOLERANCES)
    assert [(row.unit, row.n, row.failed) for row in summary] == [("%", 1, 1), ("cc", 1, 1)]


def test_the_dose_policy_keep_stays_out_of_the_table() -> None:
    rows = [scope("a").row("Dmean", original=2.0, defaced=2.0, image="DOSE", structure="Brain", dose_policy="keep")]
    assert patient_table(rows) == {}


def test_a_success_rate_is_over_all_scans_with_a_face() -> None:
    rows = [scope(str(k)).row("success", defaced=1.0, image="CT") for k in range(6)]
    rows += [scope("6").missing("success", "not verified", image="CT")]
    rows += [scope("7").missing("success", "no face", image="CT", status="no face")]
    (row,) = describe_all(patient_table(rows), "cohort", TOLERANCES)
    assert (row.value, row.n) == (pytest.approx(600 / 7), 7)
    assert row.note == "6/7 scans with a face; 1 more show no face; 1 not available"


def test_a_method_that_ran_nowhere_has_no_success_rate() -> None:
    rows = [scope(str(k)).missing("success", "not installed", image="CT") for k in range(3)]
    (row,) = describe_all(patient_table(rows), "cohort", TOLERANCES)
    assert (row.n, math.isnan(row.value)) == (0, True)


def test_a_success_rate_counts_failed_scans_as_no_success() -> None:
    rows = [scope(str(k)).row("success", defaced=1.0, image="CT") for k in range(8)]
    rows += [scope("8").row("success", defaced=0.0, image="CT"), scope("9").missing("success", "x", image="CT", status="failed")]
    (row,) = describe_all(patient_table(rows), "cohort", TOLERANCES)
    assert (row.metric, row.value, row.n, row.note) == ("success_rate", 80.0, 10, "8/10 scans with a face")
    # Wilson's interval of 8/10 is 49.0 to 94.3 % (Brown, Cai, DasGupta 2001, table of the score interval).
    assert (row.low, row.high) == (pytest.approx(49.0, abs=0.05), pytest.approx(94.3, abs=0.05))


def test_planned_volume_is_described_and_never_tested() -> None:
    rows = [
        scope(str(k), m).row("planned_volume", original=5.0 + k, image="CT", structure="Brain") for k in range(12) for m in "ab"
    ]
    table = patient_table(rows)
    assert all(math.isnan(row.p_value) for row in describe_all(table, "cohort", TOLERANCES))
    assert method_test_rows(table, "cohort") == []


def test_methods_are_compared_by_signed_ranks_from_ten_patients_on() -> None:
    def rows(patients: int):
        return [
            volume(f"{k:02d}", "Brain", -float(k + 1) * factor, m) for k in range(patients) for m, factor in (("a", 1), ("b", 2))
        ]

    assert method_test_rows(patient_table(rows(9)), "cohort") == []
    (row,) = [row for row in method_test_rows(patient_table(rows(10)), "cohort") if row.unit == "%"]
    assert row.method == "a − b"
    assert row.value == 5.5  # median of 1 .. 10
    # All ten differences have one sign: exact two-sided p = 2 / 2**10.
    assert row.p_value == pytest.approx(2 / 1024, rel=1e-12)
    assert row.p_holm == row.p_value


def test_the_table_is_written_with_the_columns_that_others_script_against(tmp_path) -> None:
    write_summary(tmp_path / "summary.csv", describe_all(patient_table([volume("a", "Brain", -1.0)]), "cohort", TOLERANCES))
    header = (tmp_path / "summary.csv").read_text().splitlines()[0]
    assert header == (
        "cohort,method,variant,fill,protect,dose_policy,image,domain,structure,metric,unit,n,failed,value,low,high,interval,"
        "p_value,p_holm,engine,note"
    )


def test_arms_of_one_method_with_different_fills_stay_apart() -> None:
    rows = [
        volume("a", "Brain", -1.0),
        Scope("a", "quickshear", "", "zero", "none").row("edited_volume", defaced=1.0, image="CT"),
    ]
    arms = {arm for item in patient_table(rows).values() for arm in item}
    assert arms == {Arm("quickshear", "", "background", "none"), Arm("quickshear", "", "zero", "none")}
