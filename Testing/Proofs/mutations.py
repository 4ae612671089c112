"""The long proof that damaged DICOM is refused, never crashed on, never other in silence: 10,000 damaged files, resumable.

    python Testing/Proofs/mutations.py [--count 10000]

One file of a small patient at a time is damaged by seed, the patient is read and, where its images are still what they were, the
finished case is exported. A line a mutation goes to a log of this very code; a second run goes on where the first one ended.

What is read must have the values, names, volumes and partners of the intact patient, or those that the damaged file plainly
states, or a sentence must tell what is otherwise. Exit code 1 if any mutation did not, led to an exception that is no refusal,
took more than 10 CPU seconds, left partial output, or a process took more than 2 GB. `Testing/Python/export/test_mutations.py`
runs the first ones in `make test`.
"""

from __future__ import annotations

import argparse
import faulthandler
import json
import subprocess
import sys
import tempfile
import time
import warnings
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Python" / "helpers"))

from deface_compare.output.code_mark import code_mark
from record import CODE_DIGITS, record

SLOWEST_S, KILLED_AFTER_S = 10.0, 60.0
"""CPU seconds a mutation may take; wall seconds after which its process is ended from within."""
MOST_MB = 2000.0
BATCH = 250
"""Mutations a process: what one leaks or leaves behind cannot sum up."""


def run_batch(first: int, count: int) -> None:
    """In a child process: one JSON line a mutation on stdout."""
    import pytest

    from export_mutations import MutationTarget, most_memory_mb

    warnings.simplefilter("ignore")  # pydicom warns of each odd value
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        target = MutationTarget(Path(folder), patch)
        for seed in range(first, first + count):
            faulthandler.dump_traceback_later(KILLED_AFTER_S, exit=True)
            begin = time.process_time()
            outcome = target.try_one(seed)
            seconds = time.process_time() - begin
            fault = outcome.fault or (f"took {seconds:.1f} s" if seconds > SLOWEST_S else "")
            fault = fault or (f"{most_memory_mb():.0f} MB" if most_memory_mb() > MOST_MB else "")
            line = {"seed": seed, "what": outcome.what, "kind": outcome.kind, "file": outcome.file, "told": outcome.told}
            print(json.dumps({**line, "fault": fault, "seconds": round(seconds, 2), "mb": round(most_memory_mb())}), flush=True)
        faulthandler.cancel_dump_traceback_later()


def main() -> int:
    """Run what the log lacks; print what came out."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--work", type=Path, default=Path("build/proofs/mutations"))
    parser.add_argument("--batch", type=int, nargs=2, metavar=("FIRST", "COUNT"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.batch:
        run_batch(*arguments.batch)
        return 0
    arguments.work.mkdir(parents=True, exist_ok=True)
    path = arguments.work / f"{code_mark()[:CODE_DIGITS]}.jsonl"
    known = read_log(path)
    while (first := next((seed for seed in range(arguments.count) if seed not in known), None)) is not None:
        end = next((seed for seed in range(first, first + BATCH) if seed in known or seed >= arguments.count), first + BATCH)
        command = [sys.executable, str(Path(__file__).resolve()), "--batch", str(first), str(end - first)]
        with path.open("a", encoding="utf-8") as log:
            ended = subprocess.run(command, stdout=log, stderr=subprocess.PIPE, text=True, check=False)
        known = read_log(path)
        stopped = next((seed for seed in range(first, end) if seed not in known), None)
        if stopped is not None:
            fault = f"the process ended with {ended.returncode}: {ended.stderr[-2000:]}"
            with path.open("a", encoding="utf-8") as log:
                log.write(json.dumps({"seed": stopped, "what": "stopped", "fault": fault, "seconds": 0.0, "mb": 0}) + "\n")
            known = read_log(path)
            if stopped == first:
                print(f"mutation {stopped} or the preparation before it {fault}", file=sys.stderr)
    return told([known[seed] for seed in range(arguments.count)])


def read_log(path: Path) -> dict[int, dict[str, object]]:
    """The log's lines by seed; a line that was cut is left out."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    found = {}
    for line in lines:
        if line.endswith("}"):
            entry = json.loads(line)
            found[int(entry["seed"])] = entry
    return found


def told(entries: list[dict[str, object]]) -> int:
    """Record counts, print faults; 1 if there is a fault."""
    slowest, largest = (max(float(str(entry[key])) for entry in entries) for key in ("seconds", "mb"))
    faulty = [entry for entry in entries if entry["fault"]]
    for entry in faulty:
        print(f"{entry['seed']} {entry.get('kind')} {entry.get('file')}: {str(entry['fault']).strip().splitlines()[-1]}")
    counts = ", ".join(f"{count} {what}" for what, count in sorted(Counter(str(entry["what"]) for entry in entries).items()))
    figure = f"{len(entries)} damaged files"
    record("mutations", {figure: f"{len(faulty)} faults ({counts}); slowest {slowest:.1f} CPU s, most {largest:.0f} MB"})
    return 1 if faulty else 0


if __name__ == "__main__":
    sys.exit(main())
