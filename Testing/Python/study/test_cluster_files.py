"""The files for SLURM and Kubernetes do what their page says, as far as one computer can show it."""

from __future__ import annotations

import os
import shutil
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from coarse_patients import make_doses
from deface_compare.cli.main import main, make_parser
from places import ROOT

yaml = pytest.importorskip("yaml")

CLUSTER = ROOT / "Resources" / "Cluster"
LOOPBACK = "tcp://127.0.0.1:"
STUDY = ("--methods", "quickshear", "--face-model", "none")
SECONDS_TO_START, SECONDS_TO_RUN = 60, 300
STAND_IN = """#!/bin/bash
# stands for srun: two tasks on this computer
[ "$1" = --overlap ] && shift
"$@" & "$@" & wait
"""


@pytest.fixture(scope="module")
def patients(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_doses(tmp_path_factory.mktemp("cohort") / "patients", 3)


@pytest.fixture(scope="module")
def local(patients: Path, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The table of a run in one process."""
    out = tmp_path_factory.mktemp("local") / "OUT"
    assert main(["study", str(patients), "--out", str(out), *STUDY]) == 0
    return (out / "measurements.csv").read_bytes()


def with_tools(folder: Path) -> dict[str, str]:
    """An environment whose PATH has dask, deface-compare, python3 and a stand-in for srun."""
    tools = folder / "bin"
    tools.mkdir()
    runs = {
        "dask": f'exec {sys.executable} -m dask "$@"',
        "deface-compare": f'exec {sys.executable} -m deface_compare "$@"',
        "python3": f'exec {sys.executable} "$@"',
    }
    for name, text in {**{name: f"#!/bin/bash\n{run}\n" for name, run in runs.items()}, "srun": STAND_IN}.items():
        (tools / name).write_text(text)
        (tools / name).chmod(0o755)
    return {**os.environ, "PATH": f"{tools}:/usr/bin:/bin"}


@pytest.mark.skipif(sys.platform == "win32" or not shutil.which("bash"), reason="a job of SLURM is a bash script")
def test_the_job_of_slurm_gives_the_table_of_a_local_run(patients: Path, local: bytes, tmp_path: Path) -> None:
    script = CLUSTER / "slurm.sh"
    assert script.stat().st_mode & stat.S_IXUSR
    out = tmp_path / "OUT"
    environment = with_tools(tmp_path) | {"COHORT": str(patients), "OUT": str(out), "SLURM_JOB_ID": "7"}
    ended = subprocess.run(
        ["bash", str(script), *STUDY], env=environment, capture_output=True, text=True, timeout=SECONDS_TO_RUN, check=False
    )
    assert ended.returncode == 0, ended.stderr
    assert (out / "measurements.csv").read_bytes() == local
    assert not list(out.glob(".dask-*"))


@pytest.mark.skipif(not shutil.which("bash"), reason="a job of SLURM is a bash script")
def test_the_job_of_slurm_says_what_it_needs(tmp_path: Path) -> None:
    environment = {key: value for key, value in os.environ.items() if key not in ("COHORT", "OUT")}
    ended = subprocess.run(
        ["bash", str(CLUSTER / "slurm.sh")], env=environment, capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert ended.returncode != 0
    assert "the folder of the patients" in ended.stderr


def objects() -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((CLUSTER / "kubernetes.yaml").read_text(encoding="utf-8")))


def containers() -> dict[str, dict[str, Any]]:
    found = [each["spec"]["template"]["spec"] for each in objects() if "template" in each["spec"]]
    return {container["name"]: container for spec in found for container in spec["containers"]}


def test_every_pod_of_kubernetes_runs_without_rights() -> None:
    pods = [each["spec"]["template"]["spec"] for each in objects() if "template" in each["spec"]]
    assert len(pods) == 3
    for pod in pods:
        assert pod["securityContext"]["runAsNonRoot"]
        assert not pod["automountServiceAccountToken"]
        for container in pod["containers"]:
            rights = container["securityContext"]
            assert (rights["allowPrivilegeEscalation"], rights["readOnlyRootFilesystem"]) == (False, True)
            assert rights["capabilities"] == {"drop": ["ALL"]}
            assert {"cpu", "memory"} <= set(container["resources"]["limits"])


def test_the_study_of_kubernetes_is_a_command_that_exists() -> None:
    arguments = make_parser().parse_args(containers()["study"]["args"])
    assert arguments.scheduler == "tcp://deface-scheduler:8786"
    services = [each["metadata"]["name"] for each in objects() if each["kind"] == "Service"]
    assert services == ["deface-scheduler"]


def test_the_processes_of_kubernetes_give_the_table_of_a_local_run(patients: Path, local: bytes, tmp_path: Path) -> None:
    found = containers()
    environment = with_tools(tmp_path)
    port = free_port()
    at = {"tcp://deface-scheduler:8786": f"{LOOPBACK}{port}", "8786": str(port), "/tmp": str(tmp_path)}
    scheduler = [at.get(word, word) for word in found["scheduler"]["command"]] + ["--host", "127.0.0.1"]
    worker = [at.get(word, word) for word in found["worker"]["command"]]
    study = ["deface-compare", *found["study"]["args"][:-2], *STUDY]
    places = {"/data/COHORT": str(patients), "/data/OUT": str(tmp_path / "OUT")}
    started = [subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) for command in (scheduler, worker)]
    try:
        wait_for_a_listener(port)
        command = [places.get(word, at.get(word, word)) for word in study]
        ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=SECONDS_TO_RUN, check=False)
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait(SECONDS_TO_START)
    assert ended.returncode == 0, ended.stderr
    assert (tmp_path / "OUT" / "measurements.csv").read_bytes() == local


def wait_for_a_listener(port: int) -> None:
    """Until the scheduler answers."""
    end = time.monotonic() + SECONDS_TO_START
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=SECONDS_TO_START).close()
        except OSError:
            assert time.monotonic() < end, "the scheduler did not start"
            time.sleep(0.1)
        else:
            return


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
