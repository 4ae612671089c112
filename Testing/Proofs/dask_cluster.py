"""A Dask scheduler and its workers as processes of their own on loopback, as on a cluster."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

SCHEDULER, WORKER = "distributed.cli.dask_scheduler", "distributed.cli.dask_worker"
SECONDS_TO_START = 60


class DaskCluster:
    """A running scheduler; workers are added and killed one by one. Use as a context manager."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = folder / "scheduler.json"
        self._scheduler: subprocess.Popen[bytes] | None = None
        self.workers: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> DaskCluster:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._file.unlink(missing_ok=True)
        listen = ("--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(self._file))
        self._scheduler = self._start(SCHEDULER, *listen)
        until = time.monotonic() + SECONDS_TO_START
        while not self._file.is_file():
            if time.monotonic() > until:
                raise TimeoutError("the scheduler did not start")
            time.sleep(0.05)
        return self

    def __exit__(self, *_: object) -> None:
        for process in (*self.workers, self._scheduler):
            if process is not None and process.poll() is None:
                process.kill()
                process.wait()

    @property
    def address(self) -> str:
        """``tcp://127.0.0.1:…``"""
        return str(json.loads(self._file.read_text())["address"])

    def add_worker(self) -> int:
        """Start a single-threaded worker without a nanny: what is killed stays dead. Returns its place in `workers`."""
        options = ("--nthreads", "1", "--no-nanny", "--no-dashboard", "--local-directory", str(self._folder))
        self.workers.append(self._start(WORKER, self.address, *options))
        return len(self.workers) - 1

    def kill_worker(self, number: int) -> None:
        """kill -9."""
        os.kill(self.workers[number].pid, signal.SIGKILL)
        self.workers[number].wait()

    def _start(self, module: str, *arguments: str) -> subprocess.Popen[bytes]:
        log = (self._folder / f"{module.rpartition('.')[2]}.log").open("ab")
        with log:
            return subprocess.Popen([sys.executable, "-m", module, *arguments], stdout=log, stderr=log)


def wait_for_a_growing_case(out: Path, seconds: float = SECONDS_TO_START) -> str:
    """Wait until a worker is in the middle of a case; its id."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        growing = sorted((out / ".unfinished").glob("case-*")) if (out / ".unfinished").is_dir() else []
        if growing:
            return growing[0].name
        time.sleep(0.01)
    raise TimeoutError("no worker began a case")
