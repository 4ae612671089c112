"""The cheap study on a real Dask scheduler with three workers, one killed in the middle of a case: the bytes of a local run."""

from __future__ import annotations

import argparse
import os
import shutil
import threading
from pathlib import Path

from coarse_patients import make_coarse_patients
from dask_cluster import DaskCluster, wait_for_a_growing_case
from record import record
from study_run import CHEAP, DONE, cases_of, difference, expect, finish_study


def main() -> None:
    """Run the proof."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", type=int, default=8)
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--work", type=Path, default=Path("build/proofs/dask"))
    arguments = parser.parse_args()
    work = arguments.work.resolve()
    before = os.times()
    patients = make_coarse_patients(work / "patients", arguments.patients)
    code, said = finish_study(patients, work / "local", *CHEAP)
    expect(code == DONE, f"the local study ended with {code}", said.splitlines()[-3:])
    out = work / "cluster"
    shutil.rmtree(out, ignore_errors=True)
    with DaskCluster(work / "dask") as dask:
        for _ in range(arguments.workers):
            dask.add_worker()
        ended: list[tuple[int, str]] = []
        study = threading.Thread(target=lambda: ended.append(finish_study(patients, out, *CHEAP, "--scheduler", dask.address)))
        study.start()
        wait_for_a_growing_case(out)
        dask.kill_worker(0)  # with fewer workers than cases every one of them is in the middle of one
        study.join()
    code, said = ended[0]
    expect(code == DONE, f"the study on the cluster ended with {code}", said.splitlines()[-3:])
    expect(not difference(out, work / "local"), "the cluster wrote other bytes", difference(out, work / "local"))
    used = os.times()
    record(
        "dask",
        {
            f"cases on a scheduler with {arguments.workers} workers, one killed: files equal to a local run's": len(
                cases_of(out)
            ),
            "CPU s of this call": round(
                used.children_user + used.children_system - before.children_user - before.children_system
            ),
        },
    )


if __name__ == "__main__":
    main()
