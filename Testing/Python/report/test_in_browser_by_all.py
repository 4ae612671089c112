"""The report for everybody: by keyboard, by a reader of the screen, in small windows, on paper, with names of any kind.

Skipped without a Chromium, as `test_in_browser`.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import made_study
from deface_compare.case_report import CaseReport
from deface_compare.output.folder import OutputFolder
from deface_compare.study.pool import pool
from made_study import METHODS, make_out

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed (pip install playwright)")

CASES = 6
SLOWEST_MS = 180_000
LEAST_CONTRAST = 4.5
"""Of text with its ground: Web Content Accessibility Guidelines 2.2, criterion 1.4.3."""
TITLES = {
    "tool_a": "<b>Bold</b> & <script>throw new Error('run')</script>",
    "tool_b": "مزيل الوجه (إصدار ٢)",
    "tool_c": "A very long name of a tool that its authors did not wish to shorten, version 12.3.4-beta+build.20240101",
    "tool_d": "Defacer_without_any_place_at_which_a_line_could_break_although_there_is_no_room_🙂",
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    path = os.environ.get("DEFACE_COMPARE_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    with playwright.sync_playwright() as started:
        try:
            opened = started.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-dev-shm-usage"])
        except playwright.Error as error:
            pytest.skip(f"no Chromium can be started here: {str(error).splitlines()[0]}")
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = make_out(tmp_path_factory.mktemp("all") / "out", CASES, synthetic=False, images=("CT",))
    pool([out], out)
    return out


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study of tools of others whose names are of every kind."""
    out = tmp_path_factory.mktemp("named") / "out"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(made_study, "METHODS", tuple(TITLES))
        for tool in TITLES:
            patch.setitem(made_study.LIKENESS, tool, 0.5)
            patch.setitem(made_study.ALTERED_PERCENT, tool, {"Lens_L": 30.0, "Cavity_Oral": 9.0})
        make_out(out, CASES, synthetic=False, images=("CT",))
    for case in OutputFolder(out).finished_cases():
        report = CaseReport.read(case)
        methods = {key: {**told, "title": TITLES[key]} for key, told in report.methods.items()}
        replace(report, methods=methods).write(case)
    pool([out], out)
    return out


def opened(browser: Any, out: Path, width_px: int = 1440, **choices: Any) -> Any:
    page = browser.new_page(viewport={"width": width_px, "height": 900}, **choices)
    page.set_default_timeout(SLOWEST_MS)
    page.goto((out / "report.html").as_uri())
    page.wait_for_selector("#heat-map table")
    return page


def test_a_cell_that_is_pressed_by_a_key_keeps_the_focus_and_is_told_as_pressed(browser: Any, out: Path) -> None:
    page = opened(browser, out)
    button = page.locator('#heat-map button[data-structure="Eye"][data-arm="0"]')
    button.focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.dataset.structure") == "Eye"
    assert button.get_attribute("aria-pressed") == "true"
    assert page.locator('#heat-map button[aria-pressed="true"]').count() == 1
    page.close()


def test_a_dose_policy_that_is_chosen_by_a_key_keeps_the_focus(browser: Any, out: Path) -> None:
    page = opened(browser, out)
    page.locator("#map-metric button", has_text="ΔDmean").click()
    page.locator("#map-policy button", has_text="follow").focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.dataset.value") == "follow"
    assert page.locator('#map-policy button[aria-pressed="true"]').inner_text() == "follow"
    page.close()


def test_the_patients_of_a_method_are_one_stop_of_the_tabulator_and_arrows_lead_through_them(browser: Any, out: Path) -> None:
    page = opened(browser, out)
    assert page.locator('#chart-patients [tabindex="0"]').count() == len(METHODS)
    assert page.locator("#chart-patients svg").get_attribute("role") == "group"
    dots = page.locator("#chart-patients g.strip").first.locator("[data-case]")
    dots.first.focus()
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.dataset.case") == "case-002"
    page.keyboard.press("End")
    wanted = page.evaluate("document.activeElement.dataset.case")
    assert wanted == f"case-{CASES:03d}"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.textContent") == wanted  # the heading of the case that opens
    assert {dot.get_attribute("role") for dot in dots.all()} == {"button"}
    page.close()


def test_a_case_is_opened_by_a_button_that_says_which_one_is_open(browser: Any, out: Path) -> None:
    page = opened(browser, out)
    page.locator("#case-table button", has_text="case-004").focus()
    page.keyboard.press("Enter")
    assert page.locator("#case-detail h3").inner_text() == "case-004"
    assert page.locator('#case-table button[aria-pressed="true"]').all_inner_texts() == ["case-004"]
    page.close()


def test_everything_that_takes_the_focus_has_a_name(browser: Any, out: Path) -> None:
    page = opened(browser, out)
    nameless = page.evaluate(
        """() => [...document.querySelectorAll('button, a, input, select, [tabindex="0"], svg, img, nav')].filter((each) =>
          !(each.getAttribute('aria-label') || each.alt || each.textContent.trim() || each.labels?.length))
          .map((each) => each.outerHTML)"""
    )
    assert nameless == []
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_number_in_the_darkest_cell_can_be_read(browser: Any, out: Path, scheme: str) -> None:
    page = opened(browser, out, color_scheme=scheme)
    contrasts = page.evaluate(
        """() => {
          const context = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
          const light = (colour) => {
            context.fillStyle = colour; context.fillRect(0, 0, 1, 1);
            const [r, g, b] = [...context.getImageData(0, 0, 1, 1).data].map((c) => c / 255).map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
            return 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05;
          };
          return ['loss', 'gain'].map((kind) => {
            const button = document.querySelector('#heat-map button');
            button.style.background = cellColour(kind === 'loss' ? -1 : 1, 1);
            const [one, other] = [getComputedStyle(button).color, getComputedStyle(button).backgroundColor].map(light);
            return Math.max(one, other) / Math.min(one, other);
          });
        }"""  # noqa: E501
    )
    assert min(contrasts) >= LEAST_CONTRAST
    page.close()


@pytest.mark.parametrize("width_px", [1440, 390])
def test_names_of_any_kind_run_nothing_and_are_nowhere_wider_than_the_window(browser: Any, named: Path, width_px: int) -> None:
    troubles: list[str] = []
    page = opened(browser, named, width_px)
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.reload()
    page.wait_for_selector("#chart-tradeoff svg text.label")
    assert page.evaluate("document.documentElement.scrollWidth") <= width_px
    for card in page.locator(".card h2").all():
        assert card.evaluate("each => each.scrollWidth <= each.clientWidth")
    frame = page.locator("#chart-tradeoff svg").bounding_box()
    for label in page.locator("#chart-tradeoff text.label").all():
        box = label.bounding_box()
        assert frame["x"] - 1 <= box["x"]
        assert box["x"] + box["width"] <= frame["x"] + frame["width"] + 1
    assert troubles == []
    assert TITLES["tool_a"] in page.locator(".card h2").all_inner_texts()[0] + " ".join(
        page.locator(".card h2").all_inner_texts()
    )
    page.close()


def test_a_name_that_is_read_from_the_right_turns_no_number_round(browser: Any, named: Path) -> None:
    page = opened(browser, named)
    hover = page.locator('#heat-map button[data-structure="Lens"][data-arm="1"]').get_attribute("data-hover")
    assert hover.startswith("\u2068مزيل الوجه\u2069, Lens\n")
    page.close()


def test_what_the_map_folds_is_printed_and_its_rows_stay_on_one_page(browser: Any, out: Path) -> None:
    page = opened(browser, out)
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("#heat-map tr.same details").evaluate("each => each.open")
    assert page.locator("#heat-map").evaluate("each => getComputedStyle(each).breakInside") == "avoid"
    assert page.locator("#heat-map thead").evaluate("each => getComputedStyle(each).display") == "table-header-group"
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert not page.locator("#heat-map tr.same details").evaluate("each => each.open")
    page.close()
