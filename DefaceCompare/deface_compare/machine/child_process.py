"""Another program as a child process: watched, timed, and nothing that it started outlives it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

GRACE_S = 3.0
"""How long a program may take to end after SIGTERM before it is killed."""
LONGEST_LOG = 200_000
"""Characters of a program's output that are kept, the last ones."""


def run_child(arguments: list[str], environment: Mapping[str, str], folder: Path, log: Path, time_limit_s: float) -> int | None:
    """Run a program to its end or to the time limit; nothing that it started outlives the call.

    Parameters
    ----------
    arguments : list of str
    environment : mapping of str to str
        All that the child sees.
    folder : Path
        Its working folder.
    log : Path
        Takes both of its output streams.
    time_limit_s : float

    Returns
    -------
    int or None
        The exit code; None if it was killed at the time limit.

    Raises
    ------
    OSError
        If it cannot be started.
    """
    with log.open("wb") as stream:
        child = subprocess.Popen(
            arguments,
            env=dict(environment),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            with _ending_on_sigterm():
                return child.wait(timeout=time_limit_s)
        except subprocess.TimeoutExpired:
            return None
        finally:
            _end_group(child)


def said_in(log: Path) -> str:
    """The end of what a program said, `LONGEST_LOG` characters at most; empty where it was not even started."""
    said = log.read_text(encoding="utf-8", errors="replace") if log.is_file() else ""
    return said[-LONGEST_LOG:]


def _end_group(child: subprocess.Popen[bytes]) -> None:
    """End the child and whatever it left running: politely, then not."""
    if os.name == "nt":
        subprocess.run(["taskkill", "/F", "/T", "/PID", str(child.pid)], capture_output=True, check=False)
        child.wait()
        return
    with contextlib.suppress(ProcessLookupError):  # the group is empty: all of it ended by itself
        os.killpg(child.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):  # then SIGKILL follows
            child.wait(timeout=GRACE_S)
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


@contextlib.contextmanager
def _ending_on_sigterm() -> Iterator[None]:
    """Turn SIGTERM into an exit that runs the clean-up: whoever is cancelled must not leave a program running."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(number: int, frame: object) -> None:
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
