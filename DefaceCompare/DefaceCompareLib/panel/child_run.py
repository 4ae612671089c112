"""One command line as a child process: the panel stays alive, Cancel is a kill, nothing is left behind."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import slicer.util

from deface_compare.errors import NotAvailable

from .install.hint import in_this_panel

PACKAGE_PARENT = Path(__file__).resolve().parents[2]
"""The folder that holds both packages; the child must find it."""

PROGRAM = "deface-compare: "
"""What the command line puts before its sentences."""

SECONDS_FOR_A_KILLED_CHILD = 5.0
"""How long the panel waits for a killed process before it removes the folder."""


@dataclass(frozen=True)
class Answers:
    """Who is told what: steps, success (with the command's result), one sentence of failure, or a cancelled run's end."""

    progress: Callable[[int, int, str], None]
    finished: Callable[[dict[str, Any]], None]
    failed: Callable[[str], None]
    cancelled: Callable[[], None]


class ChildRun:
    """``PythonSlicer -m deface_compare ARGUMENTS --progress json``, or another module that tells its steps likewise.

    Parameters
    ----------
    arguments : sequence of str
        A command of ``deface-compare`` and its options.
    folder : Path
        A private temporary folder to which the child writes; removed when the run ends, however it ends.
    answers : Answers
        Called on the main thread; the folder is still there when `Answers.finished` is called.
    module : str, optional
        Run in place of the command line, with the arguments alone.

    Raises
    ------
    NotAvailable
        If PythonSlicer is not on the PATH.
    """

    def __init__(self, arguments: Sequence[str], folder: Path, answers: Answers, module: str = "") -> None:
        self._folder = folder
        self._answers = answers
        self._last_words: list[str] = []
        self._told: dict[str, Any] = {}
        self._process_ids: set[int] = set()
        self._cancelled = False
        self._process: Any = slicer.util.launchConsoleProcess(
            command_line(arguments, module),
            useStartupEnvironment=False,
            updateEnvironment={
                "PYTHONPATH": os.pathsep.join([str(PACKAGE_PARENT), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep),
                "PYTHONSAFEPATH": "1",  # else a re.py in the folder that Slicer was started from is taken for Python's own
            },
            blocking=False,
            logCallback=self._on_line,
            completedCallback=self._on_completed,
        )

    def cancel(self) -> None:
        """Kill the child; `Answers.cancelled` follows when it is gone."""
        self._cancelled = True
        self._kill()

    def abandon(self) -> None:
        """Kill the child and remove its folder now, without telling anybody (the panel itself is going away)."""
        self._cancelled = True
        self._answers = Answers(lambda done, total, text: None, lambda told: None, lambda sentence: None, lambda: None)
        self._kill()
        with contextlib.suppress(subprocess.TimeoutExpired):  # a child that will not die must not hold the panel
            self._process.wait(timeout=SECONDS_FOR_A_KILLED_CHILD)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _kill(self) -> None:
        """Kill the launcher and the interpreter behind it: PythonSlicer does not pass a signal on."""
        self._process.kill()
        for process_id in self._process_ids:
            with contextlib.suppress(ProcessLookupError):  # ended by itself in the meantime
                os.kill(process_id, signal.SIGTERM)

    def _on_line(self, line: str) -> None:
        step = parse_json_line(line)
        if step is not None and not is_progress(step):
            self._told = step
            return
        if step is None:
            self._last_words = [*self._last_words, line][-20:] if line.strip() else self._last_words
            return
        if "process" in step:
            self._process_ids.add(int(step["process"]))
            if self._cancelled:
                self._kill()
        if not self._cancelled and "total" in step:
            self._answers.progress(int(step["done"]), int(step["total"]), str(step["text"]))

    def _on_completed(self, return_code: int) -> None:
        self._process.stdout.close()
        try:
            if self._cancelled:
                self._answers.cancelled()
            elif return_code == 0:
                self._answers.finished(self._told)
            else:
                self._answers.failed(self._why(return_code))
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _why(self, return_code: int) -> str:
        """The child's one sentence: its last line, without the program's name before it."""
        if not self._last_words:
            return f"The command ended with code {return_code}."
        return in_this_panel(self._last_words[-1].removeprefix(PROGRAM))


def command_line(arguments: Sequence[str], module: str = "") -> list[str]:
    """The command of the child process.

    Raises
    ------
    NotAvailable
        If PythonSlicer is not on the PATH (Slicer puts it there).
    """
    python = shutil.which("PythonSlicer")
    if python is None:
        raise NotAvailable("PythonSlicer was not found on the PATH: start Slicer with its own launcher.")
    if module:
        return [python, "-m", module, *arguments]
    return [python, "-m", "deface_compare", *arguments, "--progress", "json"]


def parse_json_line(line: str) -> dict[str, Any] | None:
    """Read one JSON object a line, as ``--progress json`` prints them; None for any other line."""
    if not line.startswith("{"):
        return None
    try:
        step = json.loads(line)
    except json.JSONDecodeError:
        return None
    return step if isinstance(step, dict) else None


def is_progress(step: dict[str, Any]) -> bool:
    """Whether a JSON line tells a step or the process; what else a command prints is its result."""
    return {"done", "total", "text"} <= step.keys() or "process" in step
