"""The report in a real browser: what one clicks does what it says, and what one reads is what the tables hold.

Skipped without a Chromium (``DEFACE_COMPARE_CHROMIUM``, the system's, or Playwright's own).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import made_study
from deface_compare.cohort.summary import SummaryRow, find, read_summary
from deface_compare.measurement import Measurement, Scope
from deface_compare.output.folder import SLICE_INDEX, OutputFolder
from deface_compare.quality.case_slices import jpeg_bytes, lines_svg
from deface_compare.study.pool import pool
from deface_compare.utility.dvh import DVH
from deface_compare.utility.dvh_table import DvhTable
from deface_compare.words import interval, number
from made_study import METHODS, change_rows, failed_rows, make_out

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed (pip install playwright)")

CASES = 12
WIDTHS_PX = (1440, 1280, 390)
FIRST_SCREEN_PX = 900
MOST_SCREENS = 8
SLOWEST_MS = 180_000
"""On a machine that does ten other things, too."""


def chromium_path() -> str | None:
    return os.environ.get("DEFACE_COMPARE_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")


def new_page(browser: Any, **choices: Any) -> Any:
    opened = browser.new_page(**choices)
    opened.set_default_timeout(SLOWEST_MS)
    return opened


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A made study of patients (not synthetic) with DVHs, slices and faces."""
    out = make_out(tmp_path_factory.mktemp("browser") / "out", CASES, synthetic=False, fails=True)
    folder = OutputFolder(out)
    for k in range(1, CASES + 1):
        case, table = f"case-{k:03d}", DvhTable()
        for structure, share in (("GTV", 0.9), ("Cavity_Oral", 0.3)):
            planned = DVH(np.linspace(0, 60 + k, 500, dtype=np.float32), 10.0, "builtin-slab-x4")
            for method in METHODS:
                kept = share if method == "quickshear" else 0.99
                edited = DVH(np.linspace(0, (60 + k) * kept, 500, dtype=np.float32), 10.0, "builtin-slab-x4")
                for policy in ("mask", "follow"):
                    table.add(structure, method, policy, planned, edited)
        table.write(folder.dvh(case), case)
        slices = folder.make_private(folder.slices(case))
        index = '{"image": "CT", "planes": [["sagittal", "sagittal"]], "legend": [["GTV", "#ff5252"]]}'
        (slices / SLICE_INDEX).write_text(index, encoding="utf-8")
        for number_, name in enumerate(("original", *METHODS)):
            (slices / f"sagittal_{name}.jpg").write_bytes(jpeg_bytes(np.full((320, 320), 50 * number_, np.uint8)))
            (slices / f"sagittal_{name}_edit.svg").write_text(lines_svg([]), encoding="utf-8")
        (slices / "sagittal_planned.svg").write_text(lines_svg([([np.array([[9.0, 9], [99, 9]])], "#fff", "")]), encoding="utf-8")
    pool([out], out)
    return out


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as started:
        try:
            opened = started.chromium.launch(executable_path=chromium_path(), args=["--no-sandbox", "--disable-dev-shm-usage"])
        except playwright.Error as error:
            pytest.skip(f"no Chromium can be started here: {str(error).splitlines()[0]}")
        yield opened
        opened.close()


@pytest.fixture
def page(out: Path, browser: Any) -> Iterator[Any]:
    opened = new_page(browser, viewport={"width": 1440, "height": FIRST_SCREEN_PX})
    troubles: list[str] = []
    opened.on("pageerror", lambda error: troubles.append(str(error)))
    opened.on("request", lambda request: None if request.url.startswith(("file:", "data:")) else troubles.append(request.url))
    opened.goto((out / "report.html").as_uri())
    yield opened
    opened.close()
    assert troubles == []


@pytest.fixture(scope="module")
def rows(out: Path) -> list[SummaryRow]:
    return read_summary(out / "summary.csv")


def cell(page: Any, structure: str, arm: int) -> Any:
    return page.locator(f'#heat-map button[data-structure="{structure}"][data-arm="{arm}"]')


def test_the_hover_text_of_the_heat_map_is_the_summary_s_row(page: Any, rows: list[SummaryRow]) -> None:
    for k, method in enumerate(METHODS):
        for structure in ("Lens", "Cavity_Oral", "Eye"):
            (row,) = find(rows, method=method, structure=structure, metric="intact_volume", unit="%", image="CT", cohort="cohort")
            if not page.locator(f'#heat-map button[data-structure="{structure}"]').count():
                continue
            told = cell(page, structure, k).get_attribute("data-hover").split("\n")[1]
            spread = interval(row.low, row.high, "%", signed=True)
            mark = "*" if row.p_holm < 0.05 else ""
            assert told.startswith(f"median {number(row.value, '%', signed=True)}{mark} %, {spread}, n\u00a0{row.n}"), method
    shown = cell(page, "Lens", 0)
    shown.hover()
    assert page.locator(".tip").inner_text().replace("\n", "") == shown.get_attribute("data-hover").replace("\n", "")


def test_the_switches_of_the_heat_map_change_number_policy_and_view(page: Any, rows: list[SummaryRow]) -> None:
    before = cell(page, "Lens", 0).inner_text()
    page.locator("#map-view button", has_text="worst patient").click()
    assert cell(page, "Lens", 0).inner_text() != before
    page.locator("#map-view button", has_text="median").click()
    page.locator("#map-metric button", has_text="ΔDmean").click()
    (row,) = find(rows, method="quickshear", structure="Lens", metric="Dmean", unit="Gy", dose_policy="follow")
    page.locator("#map-policy button", has_text="follow").click()
    assert cell(page, "Lens", 0).inner_text().rstrip("*") == number(row.value, "Gy", signed=True)
    assert "Gy" in page.locator("#map-note").inner_text()
    page.locator("#map-other").select_option(label="Δ median (HU) · CT")
    (row,) = find(rows, method="quickshear", structure="Lens", metric="median", unit="HU", image="CT")
    assert cell(page, "Lens", 0).inner_text().rstrip("*") == number(row.value, "HU", signed=True)


def test_a_click_on_a_cell_shows_its_patients_and_a_click_on_a_dot_opens_the_case(page: Any, rows: list[SummaryRow]) -> None:
    cell(page, "Cavity_Oral", 0).click()
    assert page.locator("#patients-title").inner_text() == "Cavity_Oral: every patient"
    dots = page.locator("#chart-patients g.strip.lit .marker")
    (row,) = find(rows, method="quickshear", structure="Cavity_Oral", metric="intact_volume", unit="%", image="CT")
    assert dots.count() == row.n == CASES
    wanted = dots.nth(4).get_attribute("data-case")
    dots.nth(4).dispatch_event("click")
    assert page.locator("#case-detail h3").inner_text() == wanted


def test_the_structure_picker_policy_and_method_change_the_dvh_and_its_hover_reads_the_curves(page: Any) -> None:
    chart = page.locator("#chart-dvh")
    page.locator("#dvh-structure select").select_option("Cavity_Oral")
    first = chart.locator("path.curve[data-arm='0']").get_attribute("d")
    page.locator("#dvh-structure select").select_option("GTV")
    assert chart.locator("path.curve[data-arm='0']").get_attribute("d") != first
    page.locator("#dvh-arm button", has_text="Quickshear").click()
    assert chart.locator("path.curve.lit").count() == 1
    page.locator("#dvh-policy button", has_text="follow").click()
    glass = chart.locator(".glass")
    glass.scroll_into_view_if_needed()
    glass.hover(position={"x": 5, "y": 50})
    told = glass.get_attribute("data-hover").split("\n")
    assert told[0].endswith(" Gy")
    assert told[-1].startswith("original ")
    assert f"n {CASES}" in told[-1]


def test_the_trade_off_names_each_point_and_its_hover_has_two_lines_with_intervals(page: Any) -> None:
    points = page.locator("#chart-tradeoff g.point")
    assert points.count() >= 3
    for k in range(points.count()):
        cost, auc = points.nth(k).get_attribute("data-hover").split("\n")
        assert "%" in cost
        assert "[" in cost
        assert auc.startswith("AUC ")
        assert "[" in auc
    labels = page.locator("#chart-tradeoff text.label").all_text_contents()
    assert "Quickshear" in labels
    page.locator("#tradeoff-choice button", has_text="HU").click()
    assert "HU" in points.first.get_attribute("data-hover")
    assert "HU" in page.locator("#chart-tradeoff .axes").text_content()


def test_one_method_at_a_time_is_lit_in_roc_and_cmc(page: Any) -> None:
    page.locator("#curves-arm button", has_text="Surface blur").click()
    assert page.locator("#chart-curves path.lit").get_attribute("data-arm") == str(METHODS.index("surface_blur"))
    page.locator("#curves-kind button", has_text="CMC").click()
    assert "Rank k" in page.locator("#chart-curves").text_content()


def test_a_line_of_the_list_opens_its_case_with_what_changed_most_and_its_dvhs(page: Any, out: Path) -> None:
    page.locator('#case-table tr[data-case="case-003"]').click()
    detail = page.locator("#case-detail")
    assert detail.locator("h3").inner_text() == "case-003"
    assert detail.locator("svg").count() == 1
    assert detail.locator("img").count() == 0  # patients are not shown in the report
    assert detail.locator("a").get_attribute("href") == "identifiable/cases.html#case-003"
    page.locator("#case-filter").fill("case-007")
    assert page.locator("#case-table tbody tr:visible").count() == 1


def test_the_wipe_of_the_identifiable_page_uncovers_the_chosen_method(browser: Any, out: Path) -> None:
    page = new_page(browser, viewport={"width": 1280, "height": 800})
    page.goto(f"{(out / 'identifiable' / 'cases.html').as_uri()}#case-005")
    assert page.locator("#case-detail h3").inner_text() == "case-005"
    figure = page.locator("figure.wipe")
    figure.locator("input[type=range]").fill("20")
    assert "20%" in figure.locator("img.after").evaluate("each => each.style.clipPath")
    page.locator("#case-detail .tools button", has_text="Average face").first.click()
    assert figure.locator("img.after").get_attribute("src") == "slices/case-005/sagittal_average_face.jpg"
    assert figure.locator("img.after").evaluate("each => each.decode().then(() => each.naturalWidth)") == 320
    box = figure.locator(".frame").bounding_box()
    page.mouse.click(box["x"] + 0.75 * box["width"], box["y"] + 40)
    assert abs(float(figure.locator("input").input_value()) - 75) <= 1
    page.locator("label", has_text="contours and isodoses").locator("input").uncheck()
    assert figure.locator("img.lines").first.is_hidden()
    page.keyboard.press("n")
    assert page.locator("#case-detail h3").inner_text() == "case-006"
    page.close()


def test_the_navigation_leads_to_each_part(page: Any) -> None:
    links = page.locator("nav a").all()
    assert len(links) > 1
    for link in links:
        link.click()
        target = link.get_attribute("href")
        page.wait_for_function("id => Math.abs(document.querySelector(id).getBoundingClientRect().top) < innerHeight", arg=target)


def test_five_questions_are_answered_on_the_first_screen(page: Any) -> None:
    """Which method? Does it leak? Which organ? Which patient? On how many?"""
    assert page.locator("h1").bounding_box()["y"] < 150
    cards = page.locator(".card")
    assert cards.count() == len(METHODS)
    for card in cards.all():
        box = card.bounding_box()
        assert box["y"] + box["height"] < FIRST_SCREEN_PX
        words = card.inner_text()
        for asked in ("Recognised?", "Organs lost", "Dose, worst patient", "case-0", "Worked", f"/{CASES} scans", "rest on"):
            assert asked in words, asked
    weak = page.locator('.card[data-method="Average face"]').inner_text()
    assert "organs and dose rest on 11/12 patients" in weak


@pytest.mark.parametrize("width_px", WIDTHS_PX)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_wider_than_the_window_and_the_report_is_short(browser: Any, out: Path, width_px: int, scheme: str) -> None:
    page = new_page(browser, viewport={"width": width_px, "height": FIRST_SCREEN_PX}, color_scheme=scheme)
    page.goto((out / "report.html").as_uri())
    page.wait_for_selector("#chart-dvh svg")
    assert page.evaluate("document.documentElement.scrollWidth") <= width_px
    if width_px == WIDTHS_PX[0]:
        assert page.evaluate("document.documentElement.scrollHeight") <= MOST_SCREENS * FIRST_SCREEN_PX
    for chart in page.locator(".chart").all():
        figure = chart.locator("svg").first
        assert figure.bounding_box()["width"] <= width_px
    page.close()


def test_a_printed_report_shows_whole_charts_drawn_for_the_page(browser: Any, out: Path) -> None:
    page = new_page(browser, viewport={"width": 1440, "height": FIRST_SCREEN_PX})
    page.goto((out / "report.html").as_uri())
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    for chart in ("tradeoff", "dvh"):
        assert page.locator(f"#chart-{chart} svg").first.get_attribute("viewBox").split()[2] == "690"
    assert page.locator("nav").is_hidden()
    assert page.pdf(format="A4", prefer_css_page_size=True)[:4] == b"%PDF"
    page.close()


def opened(browser: Any, out: Path) -> Any:
    pool([out], out)
    page = new_page(browser, viewport={"width": 1440, "height": FIRST_SCREEN_PX})
    page.goto((out / "report.html").as_uri())
    return page


def test_a_structure_that_a_method_failed_on_is_not_called_unchanged(browser: Any, tmp_path: Path) -> None:
    def change(rows: list[Measurement]) -> list[Measurement]:
        return [new for row in rows for new in (failed_rows([row]) if (row.structure, row.method) == BRAIN_FAILS else [row])]

    page = opened(browser, change_rows(make_out(tmp_path / "out", 3, images=("CT",)), change))
    shown = cell(page, "Brain", 0)
    assert shown.inner_text() == "failed"
    assert shown.get_attribute("data-hover") == "Quickshear, Brain\nfailed, n\u00a00, 3 failed"
    page.close()


BRAIN_FAILS = ("Brain", "quickshear")


def test_a_method_that_failed_on_all_opens_no_row_of_what_the_others_left_unchanged(browser: Any, tmp_path: Path) -> None:
    def change(rows: list[Measurement]) -> list[Measurement]:
        return [new for row in rows for new in (failed_rows([row]) if row.method == "quickshear" else [row])]

    page = opened(browser, change_rows(make_out(tmp_path / "out", 3, images=("CT",)), change))
    assert "unchanged by every method that has numbers" in page.locator("#heat-map").inner_text()
    assert not cell(page, "Brain", 0).count()
    assert cell(page, "Lens", 0).inner_text() == "failed"
    page.close()


def test_of_a_case_on_which_all_failed_nothing_is_said_to_be_unchanged(browser: Any, tmp_path: Path) -> None:
    page = opened(browser, change_rows(make_out(tmp_path / "out", 2, images=("CT",)), failed_rows))
    assert "not measured" in page.locator("#case-detail").inner_text()
    assert "nothing changed" not in page.locator("#case-detail").inner_text()
    assert "unchanged" not in page.locator("#heat-map").inner_text()
    page.close()


def test_no_label_of_the_trade_off_covers_the_title_of_its_axis_and_eight_tools_have_eight_marks(
    browser: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tools = tuple(f"tool_{k}" for k in range(8))
    monkeypatch.setattr(made_study, "METHODS", tools)
    for tool in tools:
        monkeypatch.setitem(made_study.LIKENESS, tool, 0.8)
        monkeypatch.setitem(made_study.ALTERED_PERCENT, tool, {"Parotid_L": 9.0})
    page = opened(browser, make_out(tmp_path / "out", 8, images=("CT",)))
    title = page.locator("#chart-tradeoff .axes text.title").last.bounding_box()
    labels = [label.bounding_box() for label in page.locator("#chart-tradeoff text.label").all()]
    assert len(labels) == len(tools)
    apart = [box["x"] > title["x"] + title["width"] or box["y"] > title["y"] + title["height"] for box in labels]
    assert all(apart)
    marks = [
        (each.get_attribute("d"), each.get_attribute("fill")) for each in page.locator("#chart-tradeoff .point .marker").all()
    ]
    assert len(set(marks)) == len(tools)
    page.close()


def test_the_worst_dice_is_shown_as_the_largest_loss(browser: Any, tmp_path: Path) -> None:
    def with_dice(rows: list[Measurement]) -> list[Measurement]:
        scope = Scope(rows[0].case, "quickshear", "", "background", "none")
        dice = {"Brain": 0.99, "Parotid_L": 0.6}
        return rows + [scope.row("resegmented_dice", defaced=value, image="CT", structure=organ) for organ, value in dice.items()]

    page = opened(browser, change_rows(make_out(tmp_path / "out", 3, images=("CT",)), with_dice))
    page.locator("#map-other").select_option(label="resegmented dice · CT")
    first = page.locator("#heat-map tbody tr th").first
    assert first.inner_text() == "Parotid"
    assert cell(page, "Parotid", 0).get_attribute("data-hover").endswith("worst 0.60 (case-001)")
    page.close()
