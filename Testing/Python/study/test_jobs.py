"""A study in one process, in several, and on a cluster that loses a worker: the same bytes; nobody stops for a broken case."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from distributed import KilledWorker

from coarse_patients import make_coarse_patients
from dask_cluster import DaskCluster, wait_for_a_growing_case
from deface_compare.cli import main as cli
from deface_compare.errors import UnusableInput
from deface_compare.settings import Settings
from deface_compare.study import workers as study_workers
from deface_compare.study.job import CaseJob, CaseOutcome, run_case
from study_run import difference

OPTIONS = ("--methods", "quickshear", "--face-model", "none")


@pytest.fixture(scope="module")
def patients(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The average head on a coarse grid, a dose without images, and a folder that holds nothing."""
    source = make_coarse_patients(tmp_path_factory.mktemp("study") / "patients", 1)
    (source / "whole").unlink()
    z, y, x = np.mgrid[:20, :24, :24]
    distance = (z - 10) ** 2 + (y - 12) ** 2 + (x - 12) ** 2
    grids = {"dose": 60 * np.exp(-distance / 100).astype(np.float32), "structures/Brain": (distance < 49).astype(np.uint8)}
    folder = source / "patient-002"
    (folder / "structures").mkdir(parents=True)
    for name, array in grids.items():
        sitk.WriteImage(sitk.GetImageFromArray(array), str(folder / f"{name}.nrrd"))
    described = {"images": {}, "dose": "dose.nrrd", "structures": "structures", "synthetic": True}
    (folder / "case.json").write_text(json.dumps(described))
    (source / "patient-003").mkdir()
    return source


@pytest.fixture(scope="module")
def local(patients: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The study in this process."""
    out = tmp_path_factory.mktemp("local") / "out"
    assert cli.main(["study", str(patients), "--out", str(out), *OPTIONS]) == 3  # the empty folder is listed
    return out


def test_a_broken_case_is_listed_and_the_others_are_compared(local: Path) -> None:
    manifest = json.loads((local / "study.json").read_text())
    assert [case["id"] for case in manifest["cases"]] == ["case-001", "case-002"]
    assert list(manifest["unreadable"]) == ["case-003"]
    assert (local / "cases/case-001/quickshear/MR_T1.nrrd").is_file()
    assert not (local / ".unfinished").exists()


def test_two_workers_write_the_bytes_of_one_process(patients: Path, local: Path, tmp_path: Path) -> None:
    assert cli.main(["study", str(patients), "--out", str(tmp_path / "out"), *OPTIONS, "--jobs", "2"]) == 3
    assert difference(tmp_path / "out", local) == []


def test_a_worker_draws_without_further_threads() -> None:
    with study_workers.cluster(1, None) as client:
        assert client.submit(os.environ.get, "LP_NUM_THREADS").result(timeout=60) == "0"


def test_a_cluster_that_loses_a_worker_in_the_middle_of_a_case_writes_the_same_bytes(
    patients: Path, local: Path, tmp_path: Path
) -> None:
    out, codes = tmp_path / "out", []
    with DaskCluster(tmp_path / "dask") as dask:
        command = ["study", str(patients), "--out", str(out), *OPTIONS, "--scheduler", dask.address]
        study = threading.Thread(target=lambda: codes.append(cli.main(command)))
        study.start()
        first = dask.add_worker()
        assert wait_for_a_growing_case(out) == "case-001"
        dask.kill_worker(first)
        dask.add_worker()
        study.join()
    assert codes == [3]
    assert difference(out, local) == []


def test_no_scheduler_at_an_address_is_one_sentence(
    patients: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(study_workers, "SECONDS_TO_CONNECT", 1)
    nobody = "tcp://127.0.0.1:9"  # the discard port
    assert cli.main(["study", str(patients), "--out", str(tmp_path / "out"), "--scheduler", nobody]) == 2
    assert f"no Dask scheduler answers at {nobody}" in capsys.readouterr().err


class Future:
    """What Dask hands back for one case."""

    def __init__(self, status: str, error: Exception | None = None) -> None:
        self.status, self._error = status, error

    def result(self) -> CaseOutcome:
        assert self._error is not None
        raise self._error


def test_a_case_whose_worker_dies_again_and_again_is_listed_and_a_lost_scheduler_ends_the_run(tmp_path: Path) -> None:
    job = CaseJob(tmp_path / "anna", "case-001", tmp_path / "out", (), Settings())
    outcome = study_workers.outcome_of(Future("error", KilledWorker("case", None, 3)), job)
    assert (outcome.id, outcome.reason) == (
        "case-001",
        "its worker died 4 times (too little memory, or a library that crashes)",
    )
    with pytest.raises(UnusableInput, match="scheduler was lost; start it again and run the same command"):
        study_workers.outcome_of(Future("lost"), job)


def test_a_worker_with_other_code_refuses_its_cases(tmp_path: Path) -> None:
    job = CaseJob(tmp_path / "anna", "case-001", tmp_path / "out", (), Settings(), code="of another version")
    assert run_case(job).reason.endswith("has other code or libraries; install the same on all machines")
