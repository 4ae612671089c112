"""The table of a site's own program for headers, and the options beside it: what is not understood is one sentence."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from deface_compare.case import Case
from deface_compare.errors import UnusableInput
from deface_compare.export import export_case as export_module
from deface_compare.export.headers.own_tool import HeaderTool, read_header_tool
from deface_compare.export.options import ExportOptions
from export_patient import METHOD, export
from header_tool_table import table


def test_another_table_is_another_export_and_the_mark_hides_the_command(tmp_path: Path) -> None:
    tool = read_header_tool(table(tmp_path))
    assert tool.mark(b"a") == read_header_tool(table(tmp_path)).mark(b"a")
    assert len({tool.mark(b"a"), tool.mark(b"b"), replace(tool, time_limit_s=5.0).mark(b"a")}) == 3


def test_the_arguments_of_a_child_process_name_the_table(tmp_path: Path) -> None:
    tool = read_header_tool(table(tmp_path))
    options = ExportOptions(METHOD, headers="tool", tool=tool)
    arguments = options.arguments(Path("CASE"), Path("TO"))
    assert arguments[arguments.index("--headers-tool") + 1] == str((tmp_path / "tool.toml").resolve())
    assert "--retain" not in arguments


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[a]\ncommand = ['x', '{input}', '{output}']\n[b]\ncommand = ['x']\n", r"holds 2 tables \(a, b\)"),
        ("[a]\ntitle = 'A'\n", "has no command"),
        ("[a]\ncommand = ['x', '{output}']\n", r"must hold \{input\}"),
        ("[a]\ncommand = ['x', '{input}']\n", r"must hold \{output\}, the folder for its files, or in_place must be true"),
        ("[a]\ncommand = ['x', '{input}', '{output}']\nin_place = true\n", "leave one of the two out"),
        ("[a]\ncommand = ['x', '{input}', '{key}']\n", "may hold {here}, {input}, {output}"),
        ("[a]\ncommand = ['x', '{input}', '{output}']\nin_place = 'no'\n", "in_place must be true or false"),
        ("[a]\ncommand = ['x', '{input}', '{output}']\nexit_codes = [true]\n", "exit_codes must be a list of whole numbers"),
        ("[a]\ncommand = ['x', '{input}', '{output}']\nkeeps = ['names']\n", "keeps must be a list of some of times, device"),
        ("[a]\ncommand = ['x', '{input}', '{output}']\ntypes = {}\n", "unknown entries: types"),
    ],
)
def test_a_table_that_is_not_understood_is_one_sentence(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "tool.toml").write_text(text, encoding="utf-8")
    with pytest.raises(UnusableInput, match=reason):
        read_header_tool(tmp_path / "tool.toml")


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("--headers", "tool"), "--headers tool needs --headers-tool FILE.toml"),
        (("--headers", "basic", "--headers-tool", "FILE"), "--headers basic and --headers-tool contradict one another"),
        (("--headers-tool", "FILE", "--retain", "device"), "--retain is for --headers basic"),
        (("--headers-tool", "FILE", "--keep-uids"), "--keep-uids is not for --headers tool"),
        (("--headers-tool", "FILE", "--frame", "keep"), "--frame keep is not for --headers tool"),
        (("--headers-tool", "nowhere.toml"), "nowhere.toml cannot be read as a text file"),
    ],
)
def test_options_that_contradict_one_another_are_one_sentence(
    tmp_path: Path, options: tuple[str, ...], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = str(table(tmp_path))
    assert export(tmp_path / "case", tmp_path / "export", *(file if each == "FILE" else each for each in options)) == 2
    assert reason in capsys.readouterr().err
    assert not (tmp_path / "export").exists()


def test_a_program_that_is_not_there_is_told_before_anything_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*arguments: object) -> Case:
        raise AssertionError

    monkeypatch.setattr(export_module, "open_finished_case", never)
    tool = HeaderTool("t", "T", ("nowhere", "{input}", "{output}"), install="pip install t")
    with pytest.raises(UnusableInput, match=r"T: nowhere is not on the PATH \(install it: pip install t"):
        export_module.export_with(tmp_path, tmp_path / "export", ExportOptions(METHOD, headers="tool", tool=tool))
