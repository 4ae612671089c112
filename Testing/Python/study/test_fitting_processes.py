"""``--jobs auto``: as many processes as cores, memory and tasks allow."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from deface_compare import fitting_processes as fitting
from deface_compare.cli.main import make_parser
from deface_compare.errors import UnusableInput
from places import ROOT

GB = 10**9


@pytest.mark.parametrize(
    ("cores", "free_gb", "tasks", "processes"),
    [(8, 64, 185, 8), (8, 6, 185, 3), (64, 256, 5, 5), (4, 1, 185, 1), (4, 64, 0, 1)],
)
def test_auto_is_bound_by_cores_by_memory_and_by_the_number_of_tasks(
    monkeypatch: pytest.MonkeyPatch, cores: int, free_gb: int, tasks: int, processes: int
) -> None:
    monkeypatch.setattr(fitting, "cores_and_free_bytes", lambda: (cores, free_gb * GB))
    assert fitting.fitting_processes("auto", tasks) == processes
    assert fitting.fitting_processes(7, tasks) == 7  # a number is taken as it is


def test_the_memory_of_a_process_is_the_largest_that_the_page_of_benchmarks_has() -> None:
    page = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    line = next(line for line in page.splitlines() if line.startswith("| large case, 512×512×150, the same"))
    assert f"{fitting.PEAK_BYTES // 10**6} MB" in line


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux itself")
def test_cores_and_memory_are_what_the_system_says() -> None:
    cores, free_bytes = fitting.cores_and_free_bytes()
    assert 1 <= cores <= len(os.sched_getaffinity(0))
    total_kb = next(int(line.split()[1]) for line in Path("/proc/meminfo").read_text().splitlines() if "MemTotal" in line)
    assert 0 < free_bytes <= total_kb * 1024


@pytest.mark.parametrize("wanted", [0, -1, "many"])
def test_no_process_and_other_words_are_refused(wanted: int) -> None:
    with pytest.raises(UnusableInput, match="the number of jobs must be at least 1, or auto"):
        fitting.fitting_processes(wanted, 3)


def test_auto_without_the_package_that_counts_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psutil", None)
    with pytest.raises(UnusableInput, match="--jobs auto needs the package psutil; install it, or give a number"):
        fitting.fitting_processes("auto", 3)


@pytest.mark.parametrize(
    "words", [["study", "COHORT", "--out", "OUT"], ["share", "OUT", "--method", "m", "--to", "F"], ["sample", "COHORT"]]
)
def test_the_commands_take_auto_or_a_number(words: list[str]) -> None:
    assert make_parser().parse_args([*words, "--jobs", "auto"]).jobs == "auto"
    assert make_parser().parse_args([*words, "--jobs", "3"]).jobs == 3
    with pytest.raises(SystemExit):
        make_parser().parse_args([*words, "--jobs", "some"])
