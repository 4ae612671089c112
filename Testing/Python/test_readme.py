"""The README's command lines: the program takes each, and they run one after the other as they stand there."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from deface_compare.cli.main import make_parser
from places import MODULE, ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```\n(.*?)```", README, re.DOTALL)
LINES = [line for block in BLOCKS for line in block.splitlines() if line.startswith("deface-compare ")]


def test_every_command_line_of_the_readme_is_one_that_the_program_takes() -> None:
    assert len(LINES) >= 8
    for line in LINES:
        make_parser().parse_all(shlex.split(line, comments=True)[1:])


def test_the_first_minutes_are_an_installation_and_three_lines() -> None:
    first, second = BLOCKS[:2]
    assert first == "pip install .\n"
    assert [line.split()[1] for line in second.splitlines()] == ["models", "sample", "study"]


def test_the_two_commands_of_the_readme_are_targets_of_the_makefile() -> None:
    targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    told = re.findall(r"^make (\w+)", README, re.MULTILINE)
    assert told == ["demo", "test"]
    assert set(told) <= set(targets)


@pytest.mark.example
def test_the_command_lines_of_the_readme_run_as_they_are_written(tmp_path: Path) -> None:
    program = tmp_path / "bin" / "deface-compare"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m deface_compare "$@"\n')
    program.chmod(0o755)
    folder = tmp_path / "any folder"
    folder.mkdir()
    environment = {**os.environ, "PYTHONPATH": str(MODULE), "PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}"}
    script = "\n".join(["set -e", *LINES])
    done = subprocess.run(["sh", "-c", script], cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (folder / "OUT" / "report.html").is_file()
    assert (folder / "ONE" / "cases" / "case-001" / "dvh.csv").is_file()
    assert list((folder / "EXPORT").rglob("*.dcm"))
    assert f"Report: {folder / 'OUT' / 'report.html'}" in done.stdout
