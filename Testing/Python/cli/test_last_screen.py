"""What a person reads when a study ends, and how the page is made again."""

from __future__ import annotations

import io
import re
import shlex
from dataclasses import replace
from pathlib import Path

import pytest

from deface_compare.cli.last_screen import show
from deface_compare.cli.main import main
from deface_compare.cohort.answer import dose_words, recognised_words
from deface_compare.errors import UnusableInput
from deface_compare.study.last_screen import last_screen, plain_table, shown_width
from deface_compare.study.pool import pool
from deface_compare.study.report_again import report_again
from deface_compare.study.study_report import StudyReport
from deface_compare.words import NOTHING
from made_study import make_out


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> StudyReport:
    """Six made patients; average_face fails on one."""
    out = make_out(tmp_path_factory.mktemp("study") / "a folder", 6, fails=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("deface_compare.study.pool.write_report", lambda path, _: path.write_text("page"))
        patch.setattr("deface_compare.study.pool.write_face_page", lambda *_: None)
        return pool([out], out)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_last_screen_is_the_answer_and_a_row_for_each_method_in_its_order(made: StudyReport) -> None:
    screen = made.screen()
    assert screen.sentences == made.answer.sentences
    assert [row[0] for row in screen.rows] == [made.answer.names.title(facts.arm) for facts in made.answer.facts]
    for row, facts in zip(screen.rows, made.answer.facts, strict=True):
        cells = dict(zip(screen.headings, row, strict=True))
        assert cells["Recognised?"] == recognised_words(facts.recognised)
        assert facts.worst_dose is not None
        assert cells["Dose: worst patient"] == dose_words(facts.worst_dose)
        assert facts.worked is not None
        assert cells["Worked"] == f"{facts.worked.k}/6"
        assert cells["s a case"] == "3.5"


def test_in_a_log_it_is_plain_and_no_line_is_longer_than_the_table(made: StudyReport) -> None:
    log = io.StringIO()
    show(made, log)
    lines = log.getvalue().splitlines()
    assert "\x1b" not in log.getvalue()
    begin = next(k for k, line in enumerate(lines) if line.startswith("Method"))
    table = lines[begin : lines.index("", begin)]
    assert max(map(len, table)) <= 160
    words = " ".join(log.getvalue().replace("\u00a0", " ").split())
    for facts in made.answer.facts:
        assert facts.worst_dose is not None
        assert f"{facts.worst_dose.structure} {facts.worst_dose.metric}" in words


def test_in_a_terminal_it_has_colours_and_says_the_same(made: StudyReport, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    terminal = Terminal()
    show(made, terminal)
    assert "\x1b[31m" in terminal.getvalue()  # linked
    for heading in made.screen().headings:
        assert heading in terminal.getvalue()
    assert made.screen().next_step[1] in terminal.getvalue()


def test_the_report_is_named_by_its_absolute_path_with_the_command_that_opens_it(
    made: StudyReport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(made.out.parent)
    monkeypatch.setattr("sys.platform", "linux")
    lines = StudyReport(**{**vars(made), "out": Path(made.out.name)}).lines()
    assert f"Report: {made.out / 'report.html'}" in lines
    assert f"Open it: xdg-open '{made.out / 'report.html'}'" in lines


def test_the_next_step_says_why_a_risk_must_be_accepted_and_is_a_command_that_share_takes(made: StudyReport) -> None:
    told, command = made.lines()[-2:]
    assert told.startswith("Next: sharing of case-001 needs --accept-risk because the privacy check of CT is not passed (")
    assert "a synthetic head says nothing about a method" in told
    from deface_compare.cli.main import make_parser

    arguments = make_parser().parse_all(shlex.split(command)[1:])
    assert (shlex.split(command)[1], arguments.out, arguments.method) == ("share", made.out, made.answer.facts[0].arm.method)
    assert arguments.accept_risk


def test_report_makes_the_page_again_of_the_cases_that_the_study_names(
    made: StudyReport, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    written: list[Path] = []
    monkeypatch.setattr("deface_compare.study.pool.write_report", lambda path, _: written.append(path))
    monkeypatch.setattr("deface_compare.study.pool.write_face_page", lambda *_: None)
    before = {path.name: path.read_bytes() for path in made.out.iterdir() if path.suffix in (".csv", ".json")}
    assert len(before) == 4
    assert main(["report", str(made.out)]) == 0
    assert written == [made.out / "report.html"]
    assert {path.name: path.read_bytes() for path in made.out.iterdir() if path.suffix in (".csv", ".json")} == before
    assert f"Report: {made.out / 'report.html'}" in capsys.readouterr().out


def test_report_refuses_a_folder_of_pooled_tables_and_an_empty_one(tmp_path: Path) -> None:
    with pytest.raises(UnusableInput, match="holds no finished case"):
        report_again(tmp_path)
    (tmp_path / "measurements.csv").write_text("")
    with pytest.raises(UnusableInput, match="pooled tables only; run `pool` on the folders behind them"):
        report_again(tmp_path)


def test_no_organ_lost_is_another_word_than_no_organ_measured(made: StudyReport) -> None:
    none_lost = replace(made.answer.facts[0], organs_lost=())
    unmeasured = replace(made.answer.facts[1], organs_lost=(), beyond_tolerance=None)
    answer = replace(made.answer, facts=(none_lost, unmeasured, *made.answer.facts[2:]))
    screen = last_screen(answer, Path("out"), {}, (), ())
    lost = [row[screen.headings.index("Organs lost")] for row in screen.rows]
    assert lost[:2] == ["none", NOTHING]
    assert none_lost.organs_measured


@pytest.mark.parametrize("columns", [40, 60, 80, 100])
def test_in_a_narrow_terminal_no_number_is_parted_from_its_digits_or_its_unit(
    made: StudyReport, monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    terminal = Terminal()
    show(made, terminal)
    block = re.sub(r"\x1b\[\d+m", "", terminal.getvalue()).partition("Order:")[0]
    screen = made.screen()
    assert max(len(line) for line in block.splitlines()) <= columns
    for number in re.findall(r"−\d+\.\d+\xa0%", "".join(map("".join, screen.rows))):
        assert number in block
    for title in (row[0].split()[0] for row in screen.rows):
        assert re.search(rf"^{re.escape(title)}", block, re.MULTILINE)


def test_columns_of_the_plain_table_stand_under_each_other_in_any_script() -> None:
    lines = plain_table(("Method", "n"), [("顔除去", "7"), ("\u2068مزيل\u2069", "8"), ("Ours", "9")], [18, 4])
    assert {shown_width(line[: re.search(r"\d|n$|-$", line).start()]) for line in lines[2:]} == {8}
