"""``--jobs auto``: as many processes as cores, memory and tasks allow."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest

from deface_compare.cli.main import make_parser
from deface_compare.errors import UnusableInput
from deface_compare.machine import fitting_processes as fitting
from deface_compare.machine.cgroup_limits import CgroupLimits, cgroup_limits
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
    rows = [line.split("|") for line in (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8").splitlines()]
    cases = [row for row in rows if len(row) > 3 and row[1].startswith((" sample case,", " large case,"))]
    peaks = [re.match(r" ([\d.]+) (MB|GB)", row[3]) for row in cases]
    largest = max(float(peak[1]) * {"MB": 2**20, "GB": 2**30}[peak[2]] for peak in peaks if peak)
    assert len(cases) >= 2
    assert largest == fitting.PEAK_BYTES


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


def _write(folder: Path, **files: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("_", ".", 1)).write_text(text + "\n")


def test_a_container_of_kubernetes_or_docker_has_its_own_cores_and_memory(tmp_path: Path) -> None:
    (tmp_path / "own").write_text("0::/\n")
    _write(tmp_path / "groups", cpu_max="250000 100000", memory_max=str(4 * GB), memory_current=str(3 * GB))
    _write(tmp_path / "groups", memory_stat=f"anon {1 * GB}\ninactive_file {2 * GB}")
    limits = cgroup_limits(tmp_path / "own", tmp_path / "groups")
    assert limits == CgroupLimits(2.5, 3 * GB)  # 4 GB, of which 1 GB is held and 2 GB only hold files


def test_a_job_of_slurm_is_bound_by_the_groups_above_it(tmp_path: Path) -> None:
    (tmp_path / "own").write_text("0::/system.slice/slurmstepd.scope/job_7/step_0/user/task_0\n")
    job = tmp_path / "groups" / "system.slice" / "slurmstepd.scope" / "job_7"
    _write(job, cpu_max="400000 100000", memory_max=str(8 * GB), memory_current="0")
    _write(job / "step_0" / "user" / "task_0", cpu_max="max 100000", memory_max="max")
    assert cgroup_limits(tmp_path / "own", tmp_path / "groups") == CgroupLimits(4.0, 8 * GB)


def test_control_groups_of_the_first_version_count_too(tmp_path: Path) -> None:
    (tmp_path / "own").write_text("5:cpu,cpuacct:/docker/abc\n4:memory:/docker/abc\n0::/\n")
    (tmp_path / "groups" / "cpu,cpuacct").mkdir(parents=True)  # inside a container the group itself is the root
    (tmp_path / "groups" / "cpu,cpuacct" / "cpu.cfs_quota_us").write_text("150000\n")
    (tmp_path / "groups" / "cpu,cpuacct" / "cpu.cfs_period_us").write_text("100000\n")
    memory = tmp_path / "groups" / "memory" / "docker" / "abc"
    _write(memory, memory_limit_in_bytes=str(2 * GB), memory_usage_in_bytes=str(GB))
    _write(memory.parent, memory_limit_in_bytes="9223372036854771712")
    assert cgroup_limits(tmp_path / "own", tmp_path / "groups") == CgroupLimits(1.5, GB)


def test_without_limits_or_control_groups_there_are_none(tmp_path: Path) -> None:
    assert cgroup_limits(tmp_path / "none", tmp_path / "nowhere") == CgroupLimits()
    (tmp_path / "own").write_text("1:cpu:/\n0::/\n")
    _write(tmp_path / "groups", cpu_max="max 100000", memory_max="max")
    (tmp_path / "groups" / "cpu").mkdir()
    (tmp_path / "groups" / "cpu" / "cpu.cfs_quota_us").write_text("-1\n")
    (tmp_path / "groups" / "cpu" / "cpu.cfs_period_us").write_text("100000\n")
    assert cgroup_limits(tmp_path / "own", tmp_path / "groups") == CgroupLimits()


def test_auto_takes_a_container_by_its_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fitting, "cgroup_limits", lambda: CgroupLimits(0.5, 1))
    assert fitting.cores_and_free_bytes() == (1, 1)
    assert fitting.fitting_processes("auto", 9) == 1
