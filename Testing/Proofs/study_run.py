"""A study in a process of its own, as a user starts it; and what two output folders differ in."""

from __future__ import annotations

import csv
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

NOT_COMPARED = ("timings.json",)
"""Files that hold seconds."""
CHEAP = ("--methods", "quickshear,biometric_mask", "--face-model", "none")
DONE, UNUSABLE, SOME_UNREADABLE = 0, 2, 3


def start_study(patients: Path, out: Path, *options: str) -> subprocess.Popen[str]:
    """``deface-compare study`` in a session of its own, its progress on a pipe."""
    command = [sys.executable, "-m", "deface_compare", "study", str(patients), "--out", str(out), *options]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True)


def finish_study(patients: Path, out: Path, *options: str) -> tuple[int, str]:
    """Run a study to its end; exit code and what it said."""
    process = start_study(patients, out, *options)
    said = process.communicate()[1]
    return process.returncode, said


def difference(out: Path, other: Path) -> list[str]:
    """Names of the files that only one of two output folders has, or that differ in a byte."""
    one, two = _bytes(out), _bytes(other)
    return sorted(name for name in one.keys() | two.keys() if one.get(name) != two.get(name))


def _bytes(out: Path) -> dict[str, bytes]:
    found = (path for path in out.rglob("*") if path.is_file() and path.name not in NOT_COMPARED)
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in found}


def cases_of(out: Path) -> dict[str, int]:
    """Each case of ``measurements.csv``, and how many of its rows stand there twice."""
    with (out / "measurements.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    identity = [
        tuple(row[name] for name in ("case", "method", "image", "structure", "metric", "unit", "dose_policy")) for row in rows
    ]
    doubled = Counter(key[0] for key, times in Counter(identity).items() if times > 1)
    return {case: doubled[case] for case in sorted({row["case"] for row in rows})}


def expect(holds: bool, words: str, details: Sequence[object] = ()) -> None:
    """End the proof with what does not hold."""
    if not holds:
        raise SystemExit(f"does not hold: {words} {list(details)[:5]}")
