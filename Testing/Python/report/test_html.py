"""The report: whole, offline, in plain words, with no face of a patient."""

from __future__ import annotations

import json
import re
import shutil
import stat
import sys
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from deface_compare.errors import UnusableInput
from deface_compare.privacy.networks.models import known_model
from deface_compare.privacy.render import write_png
from deface_compare.report import cases_page, html
from deface_compare.study.pool import pool
from deface_compare.words import BANNED, DOSE_SENTENCE, SYNTHETIC_WARNING, auc_words, number
from made_study import METHODS, make_out

LARGEST_REPORT_MB = 1.0


class Page(HTMLParser):
    """Visible text and every address that a browser would load."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text: list[str] = []
        self.loads: list[str] = []
        self.hidden = 0
        self.whole = text
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.hidden += tag in ("script", "style")
        self.loads += [value or "" for name, value in attrs if name in ("src", "href", "data", "srcset")]

    def handle_endtag(self, tag: str) -> None:
        self.hidden -= tag in ("script", "style")

    def handle_data(self, data: str) -> None:
        if not self.hidden and data.strip():
            self.text.append(" ".join(data.split()))

    @property
    def words(self) -> str:
        return "\n".join(self.text)


def report_of(out: Path) -> Page:
    pool([out], out)
    return Page((out / "report.html").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def six(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = make_out(tmp_path_factory.mktemp("six") / "out", 6, fails=True)
    renders = out / "identifiable" / "renders" / "case-001"
    renders.mkdir(parents=True)
    face = np.zeros((64, 64, 3), np.uint8)
    face[16:48, 16:48] = 200
    for method in ("original", *METHODS):
        write_png(renders / f"CT_{method}.png", face)
    pool([out], out)
    return out


@pytest.fixture(scope="module")
def page(six: Path) -> Page:
    return Page((six / "report.html").read_text(encoding="utf-8"))


def test_no_banned_word_stands_on_a_page(page: Page, tmp_path: Path) -> None:
    one = report_of(make_out(tmp_path / "one", 1, synthetic=False, images=("MR_T1",)))
    for words in (page.words, one.words):
        for pattern in BANNED:
            assert not re.search(pattern, words, re.IGNORECASE), pattern


def test_the_page_loads_nothing_from_elsewhere(page: Page) -> None:
    files = {"measurements.csv", "summary.csv", "study.json"}  # links, not loaded
    assert all(address.startswith(("#", "data:")) or address in files for address in page.loads)
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", page.whole)  # but for the name of SVG's elements


def test_six_cases_stay_below_one_megabyte_without_pictures(six: Path) -> None:
    assert (six / "report.html").stat().st_size < LARGEST_REPORT_MB * 1e6


def test_a_synthetic_cohort_says_so_in_the_words_of_its_rows(page: Page) -> None:
    assert SYNTHETIC_WARNING in page.words
    assert SYNTHETIC_WARNING == SYNTHETIC_WARNING


def test_faces_of_synthetic_heads_are_shown_and_faces_of_patients_never(page: Page, tmp_path: Path) -> None:
    assert sum(address.startswith("data:image/") for address in page.loads) == len(METHODS)  # a card each
    assert page.whole.count("data:image/jpeg") == len(METHODS) + 1 + len(METHODS)  # and in the case: original, methods
    real = make_out(tmp_path / "real", 1, synthetic=False, images=("CT",))
    renders = real / "identifiable" / "renders" / "case-001"
    renders.mkdir(parents=True)
    write_png(renders / "CT_original.png", np.full((16, 16, 3), 128, np.uint8))
    found = report_of(real)
    assert "data:image/" not in found.whole
    assert "renders/" not in found.whole
    assert "identifiable/cases.html" in found.whole
    assert SYNTHETIC_WARNING not in found.words


def test_one_case_has_no_verdict_and_no_summary(tmp_path: Path) -> None:
    out = make_out(tmp_path / "one", 1)
    words = report_of(out).words
    assert "No verdict from one case" in words
    assert "beaten" not in words
    assert not (out / "summary.csv").exists()


def test_every_dose_table_stands_under_the_sentence_about_recalculation(page: Page) -> None:
    assert DOSE_SENTENCE in page.words


def test_the_verdict_says_who_is_not_judged_and_each_dose_policy_has_its_own(page: Page) -> None:
    """One of six failures of average face: 5 of 6 are not surely more than half."""
    assert "average face" in page.words.lower()
    assert re.search(r"is not judged: worked on \d of 6 scans: not surely on more than half\.", page.words)
    assert "Whole packages, by dose policy" in page.words
    assert "Largest |ΔDmean| of any organ or target, dose policy “mask” (Gy)" in page.words
    assert "Dose policy “follow”: Pareto set" in page.words


def test_a_failure_is_listed_with_its_reason(page: Page) -> None:
    assert "the registration found no face" in page.words


def test_the_report_of_the_same_cases_has_the_same_bytes(six: Path) -> None:
    names = ("report.html", "summary.csv", "study.json", "measurements.csv")
    before = {name: (six / name).read_bytes() for name in names}
    pool([six], six)
    assert {name: (six / name).read_bytes() for name in names} == before


def test_the_clock_changes_no_byte_of_the_report(six: Path) -> None:
    page, clock = six / "report.html", six / "cases" / "case-001" / "timings.json"
    pool([six], six)
    before, seconds = page.read_bytes(), clock.read_text() if clock.is_file() else None
    clock.write_text(json.dumps(dict.fromkeys(METHODS, 123.0)))
    found = pool([six], six)
    assert max(found.seconds.values()) > 1.0  # the last screen has them
    assert page.read_bytes() == before
    clock.unlink() if seconds is None else clock.write_text(seconds)


def test_two_centres_are_pooled_without_mixing_up_their_cases(tmp_path: Path) -> None:
    first, second = (make_out(tmp_path / n, k, seed=k, images=("MR_T1",)) for n, k in (("here", 3), ("there", 4)))
    report = pool([first, second], tmp_path / "both")
    assert [case["id"] for case in report.manifest["cases"]][:1] + [case["id"] for case in report.manifest["cases"]][-1:] == [
        "here/case-001",
        "there/case-004",
    ]
    assert {row.cohort for row in report.summary} == {"pooled", "here", "there"}
    assert json.loads((tmp_path / "both" / "study.json").read_text())["counts"]["cases"] == 7


def test_an_empty_folder_cannot_be_pooled(tmp_path: Path) -> None:
    with pytest.raises(UnusableInput, match="no finished case"):
        pool([tmp_path], tmp_path / "out")


def test_an_auc_below_one_half_reads_at_most_chance() -> None:
    assert auc_words(0.43, 0.31, 0.55) == "≤ chance [0.31, 0.55]"
    assert auc_words(0.5, 0.4, 0.6).startswith("0.50")


def test_a_number_that_rounds_to_zero_has_no_sign() -> None:
    assert number(-0.001, "%", signed=True) == "0.0"
    assert number(-1.25, "Gy", signed=True) == "−1.25"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no modes of files")
def test_similarity_matrices_lie_on_the_identifiable_page_only(six: Path) -> None:
    page = six / "identifiable" / "faces.html"
    assert stat.S_IMODE(page.stat().st_mode) == 0o600
    assert stat.S_IMODE(page.parent.stat().st_mode) == 0o700
    kept, shared = (text.read_text(encoding="utf-8") for text in (page, six / "report.html"))
    assert kept.count(">Similarity, ") >= len(METHODS)
    assert '"matrices":' in kept
    assert '"matrices":' not in shared


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no modes of files")
def test_faces_of_patients_are_linked_on_the_page_that_only_their_owner_can_read(tmp_path: Path) -> None:
    out = make_out(tmp_path / "real", 2, synthetic=False, images=("CT",))
    renders = out / "identifiable" / "renders" / "case-002"
    renders.mkdir(parents=True)
    for method in ("original", "quickshear"):
        write_png(renders / f"CT_{method}.png", np.full((16, 16, 3), 128, np.uint8))
    pool([out], out)
    page = out / "identifiable" / "cases.html"
    text = page.read_text(encoding="utf-8")
    assert stat.S_IMODE(page.stat().st_mode) == 0o600
    assert "renders/case-002/CT_original.png" in text
    assert "renders/case-002/CT_quickshear.png" in text
    assert "data:image/" not in text


def test_the_page_names_the_face_model_its_licence_and_its_hash(page: Page) -> None:
    model = known_model("sface")
    assert f"{model.title}{model.licence} · sha256 {model.sha256[:12]}…" in page.words.replace("\n", "")
    assert "ArcFace" not in page.words.replace("ArcFace AUC", "")  # SFace is never called so


def test_the_page_of_cases_draws_the_data_of_the_report_which_are_found_once(
    six: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: list[int] = []
    found = html.heat_maps
    monkeypatch.setattr(html, "heat_maps", lambda *asked: counted.append(1) or found(*asked))  # type: ignore[func-returns-value]
    out = tmp_path / "out"
    shutil.copytree(six, out)
    pool([out], out)
    assert len(counted) == 1
    pages = [(out / name).read_text(encoding="utf-8") for name in ("report.html", "identifiable/cases.html")]
    drawn, of_cases = (json.loads(re.search(r">(\{\"arms\":.*?)</script>", page, re.DOTALL).group(1)) for page in pages)  # type: ignore[union-attr]
    assert {name for name in drawn if of_cases.get(name) != drawn[name]} == {"pictures", *cases_page.NOT_HERE}
