"""Cohort statistics against worked textbook examples and scipy's neighbours."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from deface_compare.cohort.method_tests import method_test_rows
from deface_compare.cohort.patient_table import patient_table
from deface_compare.cohort.statistics import (
    NO_CHANGE,
    average_by_case,
    compare_all,
    compare_methods,
    holm,
    summarise_all,
    summarise_changes,
    wilson_interval,
)
from deface_compare.cohort.summary import describe_all
from deface_compare.measurement import Measurement, Scope
from deface_compare.settings import DEFAULT_METHODS, DOSE_POLICIES, Tolerances
from deface_compare.utility.dose_rows import dose_metrics


def _cases(values: list[float]) -> dict[str, float]:
    return {f"case-{i:03d}": value for i, value in enumerate(values, 1)}


def test_a_summary_has_the_quartiles_and_counts_what_failed() -> None:
    summary = summarise_changes(_cases([0, 1, 2, 3, 4, 5, 6, 7, 8, -20, math.nan]), tolerance=5.0)
    assert (summary.n, summary.failed) == (10, 1)
    assert (summary.median, summary.low, summary.high) == (3.5, 1.25, 5.75)
    assert summary.largest == 20
    assert summary.beyond_tolerance == pytest.approx(0.4)


def test_all_zero_changes_print_no_change_and_have_no_p_value() -> None:
    summary = summarise_changes(_cases([0.0] * 12))
    assert summary.note == NO_CHANGE
    assert math.isnan(summary.p_value)


def test_fewer_than_ten_cases_give_no_p_value() -> None:
    assert math.isnan(summarise_changes(_cases([1.0, 2, 3, 4, 5, 6, 7, 8, 9])).p_value)


def test_ten_changes_of_one_sign_have_the_exact_signed_rank_p_value() -> None:
    # The smallest two-sided p of n pairs is 2 / 2^n.
    assert summarise_changes(_cases([float(i) for i in range(1, 11)])).p_value == pytest.approx(2 / 2**10)


def test_samples_handled_together_have_the_percentiles_of_each_alone() -> None:
    generator = np.random.default_rng(1)
    samples = [generator.normal(size=size) * 10 for size in (1, 2, 6, 6, 7, 12, 12, 0)]
    for values, summary in zip(samples, summarise_all([_cases(list(each)) for each in samples], [math.nan] * 8), strict=True):
        expected = [*np.percentile(values, (25, 50, 75)), np.percentile(np.abs(values), 95)] if len(values) else [math.nan] * 4
        assert np.array_equal([summary.low, summary.median, summary.high, summary.p95], expected, equal_nan=True)


def test_the_interval_of_a_rate_is_scipys_to_the_last_bit() -> None:
    for n in (1, 2, 3, 6, 10, 17, 40, 185, 999):
        for successes in {0, 1, n // 3, n // 2, n - 1, n}:
            assert wilson_interval(successes, n) == stats.binomtest(successes, n).proportion_ci(method="wilson")[:]


def test_holm_matches_the_worked_example() -> None:
    # Holm 1979: sorted p times (m, m-1, ...), made monotone.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert math.isnan(holm([math.nan, 0.01])[0])
    assert holm([math.nan, 0.01])[1] == pytest.approx(0.01)


def test_methods_are_compared_on_the_cases_that_both_have() -> None:
    values = _cases([float(i) for i in range(12)])
    shifted = {case: value + 1 + 0.01 * value for case, value in values.items()}
    del shifted["case-012"]
    comparison = compare_methods({"a": values, "b": shifted, "c": dict(values)})
    pair = comparison.pairs[0]
    assert (pair.first, pair.second, pair.n) == ("a", "b", 11)
    assert pair.p_value == pytest.approx(2 / 2**11)
    assert pair.p_holm == pytest.approx(2 * 2 / 2**11)
    assert comparison.pairs[1].note == "no difference"
    assert comparison.n == 11
    assert comparison.friedman_p < 0.001


def test_left_and_right_are_averaged_before_testing() -> None:
    averaged = average_by_case([("a", 1.0), ("a", 3.0), ("b", math.nan), ("b", 4.0), ("c", math.nan)])
    assert averaged["a"] == 2
    assert averaged["b"] == 4
    assert math.isnan(averaged["c"])


def test_random_differences_are_found_significant_as_often_as_they_should() -> None:
    rng = np.random.default_rng(1)
    p_values = [summarise_changes(_cases(list(rng.normal(size=15)))).p_value for _ in range(400)]
    # Expected 5 %; binomial standard error 1.1 points; measured 4.5 %.
    assert np.mean(np.array(p_values) < 0.05) == pytest.approx(0.05, abs=0.035)


def test_tests_made_together_are_those_made_one_by_one() -> None:
    rng = np.random.default_rng(3)
    samples = [rng.normal(0.2, 1, count) for count in (10, 17, 17, 50, 51, 185, 185)]
    samples += [np.round(values, 1) for values in samples]
    samples += [np.where(values > 1, 0.0, values) for values in samples]
    summaries = summarise_all([_cases(values.tolist()) for values in samples], [math.nan] * len(samples))
    for values, summary in zip(samples, summaries, strict=True):
        tied = 0 in values or len(np.unique(np.abs(values))) < len(values)
        method = "exact" if len(values) <= 50 and not tied else "approx"
        assert summary.p_value == pytest.approx(stats.wilcoxon(values, zero_method="pratt", method=method).pvalue, rel=1e-12)
    tables = [rng.normal(0, 1, (4, cases)) + 0.1 * np.arange(4)[:, None] for cases in (10, 30, 30, 185)]
    tables += [np.round(table) for table in tables]
    named = [{f"m{k}": _cases(row.tolist()) for k, row in enumerate(table)} for table in tables]
    for table, comparison in zip(tables, compare_all(named), strict=True):
        assert comparison.friedman_p == pytest.approx(stats.friedmanchisquare(*table).pvalue, rel=1e-12)


def _simulated_rows(patients: int) -> list[Measurement]:
    """Rows of the ten published organs under four methods, as `utility_rows` makes them."""
    rng = np.random.default_rng(5)
    organs = ("Brain", "Brainstem", "Bone_Mandible", "GTV", "Cavity_Oral", "OpticChiasm", "Eye_L", "Eye_R", "Lens_L", "Parotid_L")
    metrics = [(metric, "CT", "") for metric in ("intact_volume", "tissue_volume", "median", "mean")]
    metrics += [(metric, "DOSE", policy) for metric in dose_metrics() for policy in DOSE_POLICIES]
    rows = []
    for number in range(patients):
        for method in DEFAULT_METHODS:
            scope = Scope(f"case-{number:03d}", method, "", "background", "none")
            changes = rng.normal(0, 1, (len(organs), len(metrics)))
            for organ, of_organ in zip(organs, changes, strict=True):
                for (metric, image, policy), change in zip(metrics, of_organ.tolist(), strict=True):
                    rows.append(
                        scope.row(metric, original=10.0, defaced=10 + change, image=image, structure=organ, dose_policy=policy)
                    )
    return rows


def test_a_cohorts_table_is_tested_on_every_number_of_every_organ() -> None:
    rows = _simulated_rows(12)
    table = patient_table(rows)
    summary = [*describe_all(table, "cohort", Tolerances()), *method_test_rows(table, "cohort")]
    # 185 patients (229 400 rows) take 2.0 s on a core that others use, too
    assert len(rows) == 12 * 4 * 10 * (4 + 3 * len(dose_metrics()))
    assert len([row for row in summary if not math.isnan(row.p_value)]) > 1000
