"""How many threads a case gets: a share of the cores, and never a part of what its results are made from."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

import pytest

from coarse_patients import make_doses
from deface_compare.cli import main as cli
from deface_compare.cli.arguments import threads as threads_of
from deface_compare.errors import UnusableInput
from deface_compare.machine import fitting_threads as fitting
from deface_compare.machine.cgroup_limits import CgroupLimits
from deface_compare.study import run as study
from deface_compare.study.job import CaseJob, CaseOutcome


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


@pytest.mark.parametrize(
    ("patients", "options", "threads"),
    [
        (1, ("--jobs", "2"), [2]),  # alone on two cores
        (3, ("--jobs", "2"), [1, 1, 2]),  # the last one has nobody beside it
        (2, (), [2, 2]),  # one after the other
        (2, ("--threads", "5"), [5, 5]),
    ],
)
def test_a_study_shares_the_cores_between_cases_that_are_compared_at_once(
    patients: int, options: tuple[str, ...], threads: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fitting, "usable_cores", lambda: 2)
    given: list[int] = []

    def look(client: object, run: object, jobs: Sequence[CaseJob], *_: object) -> list[CaseOutcome]:
        given.extend(job.threads for job in jobs)
        return [job.failed("looked at") for job in jobs]

    monkeypatch.setattr(study, "cluster", lambda *_: nullcontext())
    monkeypatch.setattr(study, "run_on_cluster", look)
    monkeypatch.setattr(study, "run_here", lambda *parts: look(None, *parts))
    source = make_doses(tmp_path / "patients", patients)
    assert cli.main(["study", str(source), "--out", str(tmp_path / "out"), "--face-model", "none", *options]) == 2
    assert given == threads


def test_results_made_with_other_threads_are_finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    patient = make_doses(tmp_path / "patients", 1) / "patient-001"
    command = ["case", str(patient), "--out", str(tmp_path / "out"), "--methods", "quickshear", "--face-model", "none"]
    cli.main([*command, "--threads", "1"])
    monkeypatch.setattr("deface_compare.study.job.compare_case", None)  # nobody may call it
    before = (tmp_path / "out/measurements.csv").read_bytes()
    cli.main([*command, "--threads", "2"])
    assert (tmp_path / "out/measurements.csv").read_bytes() == before
