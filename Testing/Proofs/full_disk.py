"""A disk that is full before the study ends (needs root, for a small tmpfs): one sentence, nothing torn, and it goes on.

Without root the limit on file sizes stands for the disk, in ``Testing/Python/study/test_full_disk.py``.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
from pathlib import Path

from coarse_patients import make_coarse_patients
from record import record
from study_run import CHEAP, DONE, UNUSABLE, cases_of, difference, expect, finish_study

STEP_KB = 700
"""So much larger is the disk on each trial, until the study fits."""


def main() -> None:
    """Run the proof."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", type=int, default=4)
    parser.add_argument("--work", type=Path, default=Path("build/proofs/full_disk"))
    arguments = parser.parse_args()
    patients = make_coarse_patients(arguments.work / "patients", arguments.patients)
    clean = arguments.work / "clean"
    code, said = finish_study(patients, clean, *CHEAP)
    expect(code == DONE, f"the undisturbed study ended with {code}", said.splitlines()[-3:])
    disk = arguments.work / "disk"
    disk.mkdir(exist_ok=True)
    size_kb, full = 1500, 0
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size_kb}k", "tmpfs", str(disk)], check=True)
    try:
        while True:
            code, said = finish_study(patients, disk / "out", *CHEAP)
            if code == DONE:
                break
            full += 1
            expect(code == UNUSABLE, f"a full disk ended with {code}", said.splitlines()[-3:])
            sentence = said.strip().splitlines()[-1]
            expect("nothing more can be written" in sentence and "Traceback" not in said, "no clear sentence", [sentence])
            size_kb += STEP_KB
            subprocess.run(["mount", "-o", f"remount,size={size_kb}k", str(disk)], check=True)
        expect(full > 0, "the disk was never full")
        expect(not difference(disk / "out", clean), "other bytes after a full disk", difference(disk / "out", clean))
        shutil.rmtree(disk / "out")
    finally:
        subprocess.run(["umount", str(disk)], check=True)
    record(
        "full disk",
        {
            "times the disk of a study was full, each told in one sentence (exit code 2)": full,
            "then with room: files equal to an undisturbed run's": len(cases_of(clean)),
        },
    )


if __name__ == "__main__":
    main()
