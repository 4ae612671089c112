"""How many threads a case gets: a share of the cores, and never a part of what its results are made from."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from deface_compare.cli import main as cli
from deface_compare.cli.arguments import threads as threads_of
from deface_compare.errors import UnusableInput
from deface_compare.machine import fitting_threads as fitting
from deface_compare.machine.cgroup_limits import CgroupLimits


@pytest.mark.parametrize(
    ("cores", "processes", "threads"), [(1, 1, 1), (2, 1, 2), (2, 2, 1), (8, 1, 2), (8, 4, 2), (8, 5, 1), (4, 8, 1)]
)
def test_auto_shares_the_cores_between_the_cases(
    monkeypatch: pytest.MonkeyPatch, cores: int, processes: int, threads: int
) -> None:
    monkeypatch.setattr(fitting, "usable_cores", lambda: cores)
    assert fitting.fitting_threads("auto", processes) == threads
    assert fitting.fitting_threads(7, processes) == 7  # a number is taken as it is


@pytest.mark.parametrize(("limit", "cores"), [(None, 8), (0.5, 1), (2.5, 3), (99.0, 8)])
def test_a_containers_limit_counts(monkeypatch: pytest.MonkeyPatch, limit: float | None, cores: int) -> None:
    monkeypatch.setattr(fitting.os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    monkeypatch.setattr(fitting, "cgroup_limits", lambda: CgroupLimits(cores=limit))
    assert fitting.usable_cores() == cores


@pytest.mark.parametrize("wanted", [0, -1])
def test_no_thread_is_refused(wanted: int) -> None:
    with pytest.raises(UnusableInput, match="the number of threads must be at least 1, or auto"):
        fitting.fitting_threads(wanted)


@pytest.mark.parametrize("text", ["0", "two", ""])
def test_the_command_line_refuses_what_is_no_number_of_threads(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(argparse.ArgumentTypeError):
        threads_of(text)
    assert threads_of("auto") == "auto"
    assert threads_of("3") == 3
    with pytest.raises(SystemExit) as end:
        cli.main(["case", str(Path("PATIENT")), "--out", "OUT", "--threads", text])
    assert end.value.code == 2
    assert "--threads" in capsys.readouterr().err
