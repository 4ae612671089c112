"""Environments of other programs for the benchmarks: each in a folder of its own, never ours."""

from __future__ import annotations

import json
import os
import subprocess
import venv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS")
ONE_THREAD = dict.fromkeys(THREADS, "1")
"""Environment variables under which every program of a benchmark works with one thread."""


def environment(folder: Path, name: str, packages: Sequence[str]) -> Path:
    """The Python of one program's environment, made if need be."""
    home = folder / name
    python = home / "bin" / "python"
    if not (home / "ready").exists():
        venv.create(home, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *packages], check=True)
        (home / "ready").touch()
    return python


def told_by(python: Path, script: Path, *arguments: object) -> dict[str, Any]:
    """What a script in another environment prints last: one JSON object."""
    command = [str(python), str(script), *map(str, arguments)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env={**os.environ, **ONE_THREAD})
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer
