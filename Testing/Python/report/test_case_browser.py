"""What the report says of single cases and of cohorts: the list of cases, success and AUC as published."""

from __future__ import annotations

from dataclasses import replace

from deface_compare.cohort.arm_names import ArmNames
from deface_compare.cohort.arms import Arm
from deface_compare.cohort.summary import SummaryRow
from deface_compare.measurement import Measurement, Scope
from deface_compare.report.by_cohort import auc_by_cohort, success_by_cohort
from deface_compare.report.case_browser import case_lines

ARM = Arm("quickshear", "", "background", "none")
NAMES = ArmNames([ARM], {"quickshear": "Quickshear (ours)"})


def scope(case: str) -> Scope:
    return Scope(case, *ARM)


def manifest(*cases: str, unreadable: dict[str, str] | None = None, warnings: dict[str, list[str]] | None = None) -> dict:
    told = [
        {"id": c, "cohort": c.partition("/")[0] if "/" in c else "cohort", "notes": [], "warnings": warnings or {}} for c in cases
    ]
    return {"cases": told, "unreadable": unreadable or {}}


def test_a_case_tells_success_by_image_its_numbers_and_why_it_failed() -> None:
    rows = [
        scope("case-001").row("success", defaced=1.0, image="CT"),
        scope("case-001").row("success", defaced=0.0, image="MR_T1"),
        scope("case-001").row("cosine_similarity_own", defaced=0.413, image="CT"),
        scope("case-001").row("face_surface_moved_p95", defaced=18.04, image="CT"),
        scope("case-002").missing("success", "no face lies in the scan", image="CT", status="failed"),
        scope("case-003").row("success", defaced=1.0, image="CT"),
    ]
    told = manifest("case-001", "case-002", "case-003", unreadable={"case-000": "truncated"})
    lines = case_lines(rows, told, NAMES, "CT")
    assert [line.id for line in lines] == ["case-000", "case-001", "case-002", "case-003"]
    assert lines[1].cells[0].success == (("CT", "✓"), ("MR_T1", "✗"))
    assert lines[1].cells[0].small == "similarity 0.41, moved 18.0 mm"
    assert lines[2].remarks == ("Quickshear (ours) failed: no face lies in the scan",)
    assert [line.conspicuous for line in lines] == [True, True, True, False]


def test_a_warning_of_a_method_stands_at_its_case() -> None:
    rows = [scope("case-001").row("success", defaced=1.0, image="CT")]
    (line,) = case_lines(rows, manifest("case-001", warnings={"quickshear": ["takes the trunk"]}), NAMES, "CT")
    assert line.remarks == ("Quickshear (ours): takes the trunk",)
    assert line.conspicuous


def test_a_warning_that_most_cases_have_singles_out_none() -> None:
    cases = [f"case-{k:03d}" for k in range(1, 6)]
    told = manifest(*cases, warnings={"quickshear": ["goes on for 3.1 cc below the neck"]})
    told["cases"][3]["warnings"] = {"quickshear": ["goes on for 12 cc below the neck", "takes the trunk"]}
    told["cases"][4]["warnings"] = {}
    rows = [scope(case).row("success", defaced=1.0, image="CT") for case in cases]
    lines = case_lines(rows, told, NAMES, "CT")
    assert [line.conspicuous for line in lines] == [False, False, False, True, False]
    assert lines[0].remarks == ("Quickshear (ours): goes on for 3.1 cc below the neck",)  # told all the same


def test_success_is_counted_by_cohort_and_image_and_a_failed_scan_is_no_success() -> None:
    rows: list[Measurement] = []
    for k in range(4):
        case = f"brain/case-{k}"
        rows.append(scope(case).row("success", defaced=float(k > 0), image="MR_T1"))
        rows.append(scope(case).row("Dmean", original=2.0, defaced=1.0, image="DOSE", structure="Brain", dose_policy="mask"))
    rows.append(scope("hn/case-0").missing("success", "no face", image="CT", status="failed"))
    rows.append(scope("hn/case-0").missing("Dmean", "no", image="DOSE", structure="Brain", dose_policy="mask", status="failed"))
    rows.append(scope("hn/case-0").row("Dmax", original=2.0, defaced=1.0, image="DOSE", structure="Brain", dose_policy="mask"))
    rows.append(scope("hn/case-1").missing("success", "not verified", image="CT"))  # not known to have worked
    rows.append(scope("hn/case-2").missing("success", "no face", image="CT", status="no face"))  # nothing to deface
    table = success_by_cohort(rows, manifest(*{row.case: 0 for row in rows}), NAMES)
    assert table is not None
    assert table.columns[1:] == ("brain · MR_T1", "brain · DOSE", "hn · CT", "hn · DOSE")
    assert [cell.text for cell in table.rows[0][1:]] == ["3/4", "4/4", "0/2", "0/1"]
    # Wilson's interval of 3/4 is 30.1 to 95.4 % (Newcombe 1998, method 3)
    assert table.rows[0][1].small == "75.0\u00a0% [30,\u00a095]"


def test_the_auc_of_each_cohort_stands_under_its_own_name() -> None:
    row = SummaryRow("brain", *ARM, "", "CT", "privacy", "", "auc_headline", "", 88, 0, 0.61, 0.55, 0.67)
    table = auc_by_cohort([row, replace(row, cohort="hn", image="PET", value=0.4)], NAMES)
    assert table is not None
    assert (table.columns[1:], [cell.text for cell in table.rows[0][1:]]) == (("brain · CT", "hn · PET"), ["0.61", "≤ chance"])
    assert auc_by_cohort([], NAMES) is None


def test_a_line_of_the_list_counts_the_images_that_worked_and_names_those_that_did_not() -> None:
    rows = [scope("case-001").row("success", defaced=float(image != "MR_T1"), image=image) for image in ("CT", "MR_T1", "PET")]
    (line,) = case_lines(rows, manifest("case-001"), NAMES, "CT")
    assert line.cells[0].told == [("2/3", "✓"), ("MR_T1", "✗")]
    (nothing,) = case_lines([scope("case-001").missing("success", "x", image="CT")], manifest("case-001"), NAMES, "CT")
    assert nothing.cells[0].told == [("", "–")]
