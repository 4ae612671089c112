"""kill -9 at random moments of a study, resumed each time: the same bytes in the end as undisturbed.

``python Testing/Proofs/kills.py [--kills 50] [--patients 20]``; stopped anywhere it continues where it was.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import time
from pathlib import Path

import psutil

from coarse_patients import make_coarse_patients
from deface_compare.progress import ALREADY_FINISHED
from record import record
from study_run import CHEAP, DONE, cases_of, difference, expect, finish_study, start_study

LONGEST_LINES = {1: 9, 2: 2}
"""The process is killed after so many lines of progress at most, by number of workers: about one case and a half."""
LONGEST_WAIT_S = 2.0
"""And so many seconds later at most."""


def kill_often(patients: Path, clean: Path, folder: Path, kills: int, seed: int, options: tuple[str, ...] = CHEAP) -> int:
    """Kill a study `kills` times, resume it each time; each time it ends it must equal `clean`. Returns how often it ended.

    Parameters
    ----------
    folder : Path
        Holds the study under trial and how far the proof is.
    """
    folder.mkdir(parents=True, exist_ok=True)
    state_file = folder / "state.json"
    state = json.loads(state_file.read_text()) if state_file.is_file() else {"kills": 0, "ended": 0}
    out = folder / "out"
    while state["kills"] < kills:
        draw = random.Random(f"{seed} {state['kills']}")
        jobs = draw.choice((1, 1, 2))
        process = start_study(patients, out, *options, "--jobs", str(jobs))
        if _killed(process, draw, jobs):
            state["kills"] += 1
        else:
            _check(process.returncode, clean, out, state)
        state_file.write_text(json.dumps(state))
        print(f"{state['kills']} kills, {len(list(out.glob('cases/*/case_report.json')))} cases finished", flush=True)
    code, said = finish_study(patients, out, *options)
    _check(code, clean, out, state, said)
    return int(state["ended"])


def _killed(process: subprocess.Popen[str], draw: random.Random, jobs: int) -> bool:
    """Wait for a random moment, then kill the run, or first one of its workers; False if it ended before."""
    assert process.stderr is not None
    lines = draw.randint(0, LONGEST_LINES[jobs])
    while lines:
        line = process.stderr.readline()
        if not line:
            process.wait()
            return False
        lines -= not line.rstrip().endswith(ALREADY_FINISHED)
    time.sleep(draw.uniform(0, LONGEST_WAIT_S))
    workers = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
    if workers and draw.random() < 0.5:
        draw.choice(workers).send_signal(signal.SIGKILL)
        time.sleep(draw.uniform(0, LONGEST_WAIT_S))
    if process.poll() is not None:
        return False
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stderr.close()
    return True


def _check(code: int, clean: Path, out: Path, state: dict[str, int], said: str = "") -> None:
    """A study that ended must equal the undisturbed one; the next begins anew."""
    expect(code == DONE, f"a resumed study ended with {code}", said.splitlines()[-3:])
    expect(not difference(out, clean), "a resumed study has other bytes", difference(out, clean))
    expect(not any(cases_of(out).values()), "rows are doubled", list(cases_of(out).items()))
    state["ended"] += 1
    shutil.rmtree(out)


def main() -> None:
    """Run the proof."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--patients", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--work", type=Path, default=Path("build/proofs/kills"))
    arguments = parser.parse_args()
    began, cpu = time.monotonic(), os.times()
    patients = make_coarse_patients(arguments.work / "patients", arguments.patients)
    code, said = finish_study(patients, arguments.work / "clean", *CHEAP)
    expect(code == DONE, f"the undisturbed study ended with {code}", said.splitlines()[-3:])
    cases = len(cases_of(arguments.work / "clean"))
    expect(cases == arguments.patients, f"{cases} cases of {arguments.patients} are in the table")
    ended = kill_often(patients, arguments.work / "clean", arguments.work / "trial", arguments.kills, arguments.seed)
    used = os.times()
    record(
        "kills",
        {
            "kill -9 during a study of 20 coarse cases, resumed each time": arguments.kills,
            "studies that ended among them, all files byte-identical to an undisturbed one": ended,
            "cases lost or rows doubled": 0,
            "CPU s of this call": round(used.children_user + used.children_system - cpu.children_user - cpu.children_system),
            "wall-clock min of this call": round((time.monotonic() - began) / 60, 1),
        },
    )


if __name__ == "__main__":
    main()
