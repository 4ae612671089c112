"""A long proof that is a test file: run at full length, file by file; what has held with this very code is not run again.

``python Testing/Proofs/pytest_proof.py NAME FILE…``
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from record import record, recorded_with_this_code

TESTS = Path(__file__).resolve().parents[1] / "Python"


def main() -> int:
    """Run the files of one proof; 1 if a test failed."""
    name, *files = sys.argv[1:]
    failed = 0
    for file in files:
        figure = f"{file} at full length"
        if recorded_with_this_code(name, figure).startswith("0 failed"):
            print(f"{name}: {figure}: held already with this code", flush=True)
            continue
        before = os.times()
        command = [sys.executable, "-m", "pytest", "-n", "2", "--dist", "loadgroup", str(TESTS / file)]
        done = subprocess.run(command, env={**os.environ, "DEFACE_COMPARE_PROVE": "1"}, stdout=subprocess.PIPE, text=True)
        print(done.stdout, flush=True)
        used = os.times()
        seconds = used.children_user + used.children_system - before.children_user - before.children_system
        last = done.stdout.strip().splitlines()[-1].strip("= ")
        record(name, {figure: f"{'0 failed' if done.returncode == 0 else 'FAILED'}: {last}; {seconds:.0f} CPU s"})
        failed += done.returncode != 0
    return int(failed > 0)


if __name__ == "__main__":
    raise SystemExit(main())
