"""The report's second table, and how many structures were measured, on a cohort of made numbers."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from deface_compare.case_report import CaseReport
from deface_compare.measurement import Measurement, Scope
from deface_compare.output.folder import OutputFolder
from deface_compare.study.pool import pool
from made_study import METHODS, make_out

COUNT = {
    "total": 20,
    "measured": 17,
    "not_measured": {"helper, excluded": ["structure-03", "structure-04"], "the structure has no closed contours": ["Lips"]},
}


def _rows(case: str, structure: str, percent: float) -> list[Measurement]:
    rows = []
    for method in METHODS:
        scope = Scope(case, method, "", "background", "none")
        rows.append(
            scope.row("intact_volume", original=10.0, defaced=9.0, change_percent=percent, image="CT", structure=structure)
        )
        rows.append(scope.row("Dmean", original=40.0, defaced=38.5, image="DOSE", structure=structure, dose_policy="mask"))
    return rows


def _made(out: Path, cases: int) -> Path:
    """A made study whose patients also have a larynx, a stoma of the user's own, and a structure of unknown name."""
    make_out(out, cases)
    for folder in OutputFolder(out).finished_cases():
        report = CaseReport.read(folder)
        rows = [row for name in ("Larynx", "Stoma", "structure-07") for row in _rows(report.case_id, name, -12.5)]
        replace(report, measurements=(*report.measurements, *rows), structures=COUNT).write(folder)
    pool([out], out)
    return out


@pytest.fixture(scope="module")
def six(tmp_path_factory: pytest.TempPathFactory) -> str:
    return (_made(tmp_path_factory.mktemp("six") / "out", 6) / "report.html").read_text(encoding="utf-8")


def _tables(page: str) -> dict[str, list[str]]:
    """Caption of each table, and the names of its lines."""
    found: dict[str, list[str]] = {}
    for caption, body in re.findall(
        r"<(?:figcaption|summary)>(.*?)</(?:figcaption|summary)>.*?<tbody>(.*?)</tbody>", page, re.DOTALL
    ):
        found[caption] = re.findall(r'<th scope="row">(?:<i[^>]*></i>)?([^<]*)', body)
    return found


def _maps(page: str) -> dict[str, dict]:
    """The heat maps of a page by title."""
    data = json.loads(page[page.index('id="data">') + 10 :].split("</script>")[0])
    return {each["title"]: each for each in data["maps"]}


def test_the_nine_groups_and_targets_come_first_and_the_rest_is_a_second_group(six: str) -> None:
    maps = _maps(six)
    volume, dose = maps["Δ intact volume (%) · CT"], maps["Δ Dmean (Gy)"]
    assert {"Brain", "Eye", "Parotid", "PTV", "Larynx", "Stoma"} <= set(volume["cells"][""])
    assert volume["further"] == ["Larynx", "Stoma"]
    assert dose["further"] == ["Larynx", "Stoma"]
    assert [cell["t"] for cell in volume["cells"][""]["Larynx"]] == ["−12.5"] * len(METHODS)


def test_structures_of_unknown_names_are_told_by_count_and_enter_no_table(six: str) -> None:
    assert all("structure-07" not in cells for each in _maps(six).values() for cells in each["cells"].values())
    assert "6 structures of 6 cases have names that no table knows" in six


def test_the_foot_tells_how_many_structures_were_measured_and_why_not_all(six: str) -> None:
    assert "<dt>Structures measured</dt><dd>102 of 120<small>" in six
    assert "12 × helper, excluded; 6 × the structure has no closed contours" in six
    assert "structures measured 102 of 120" in six[six.index("<footer>") :]


def test_one_case_whose_defacing_failed_still_shows_its_planned_dose(tmp_path: Path) -> None:
    out = make_out(tmp_path / "out", 1)
    (folder,) = OutputFolder(out).finished_cases()
    report = CaseReport.read(folder)
    planned = [
        Scope(report.case_id, method, "", "background", "none").missing(
            metric, "no face", original=gray, image="DOSE", structure="SpinalCord", dose_policy=policy, status="failed"
        )
        for method in METHODS
        for policy in ("keep", "mask")
        for metric, gray in (("Dmean", 31.25), ("D0.03cc", 44.5))
    ]
    others = [row for row in report.measurements if row.domain != "dose"]
    replace(report, measurements=(*others, *planned)).write(folder)
    pool([out], out)
    page = (out / "report.html").read_text(encoding="utf-8")
    assert _tables(page)["Planned dose (Gy)"] == ["SpinalCord"]
    line = page[page.index("Planned dose (Gy)") :]
    assert re.findall(r'<td class="">([^<]+)', line[: line.index("</tbody>")]) == ["31.25", "44.50"]


def test_one_case_tells_its_own_names_and_shows_its_unnamed_structures(tmp_path: Path) -> None:
    page = (_made(tmp_path / "out", 1) / "report.html").read_text(encoding="utf-8")
    assert "17 of 20<small>not measured: 2 × helper, excluded (structure-03, structure-04)" in page
    assert "structure-07" in _maps(page)["Δ intact volume (%) · CT"]["further"]
    assert "names that no table knows" not in page
