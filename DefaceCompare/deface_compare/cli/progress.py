"""How the command line tells where it is: a bar for people, JSON lines for programs."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ..progress import ALREADY_FINISHED, Progress

FIRST_ESTIMATE_S = 5.0
"""The time left is told when there are so many seconds to judge by."""


@contextmanager
def progress_of(kind: str) -> Iterator[Progress]:
    """A progress function, ``human`` (stderr) or ``json`` (stdout); what it shows is cleared away at the end."""
    if kind == "json":
        yield json_lines()
    elif sys.stderr.isatty():
        with _bar() as progress:
            yield progress
    else:
        yield plain_lines()


def json_lines() -> Progress:
    """One ``{"done": ..., "total": ..., "text": ...}`` a line; the first also names the process, for who may have to end it."""
    extra: dict[str, int] = {"process": os.getpid()}

    def tell(done: int, total: int, text: str) -> bool:
        print(json.dumps({"done": done, "total": total, "text": text, **extra}), flush=True)
        extra.clear()
        return True

    tell(0, 0, "starting")
    return tell


def plain_lines() -> Progress:
    """One line a step on stderr, with the time that is left; repeated ones once."""
    last, left = [""], TimeLeft()

    def tell(done: int, total: int, text: str) -> bool:
        remaining = left.words(done, total, text)
        if text != last[0]:
            percent = 100 * done // total if total else 0
            print(f"[{percent:3d} %{remaining and ', '}{remaining}] {text}", file=sys.stderr, flush=True)
            last[0] = text
        return True

    return tell


class TimeLeft:
    """How long work will still take, at the pace so far; steps that were found finished do not count."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began: tuple[float, int] | None = None

    def words(self, done: int, total: int, text: str) -> str:
        """``1 h 05 min left``, or ``""`` while nobody can tell.

        Parameters
        ----------
        done, total : int
            Steps.
        text : str
            What was done last.
        """
        now = self._clock()
        if self._began is None or text.endswith(ALREADY_FINISHED):
            self._began = (now, done)
        since, first = self._began
        if done <= first or done >= total or now - since < FIRST_ESTIMATE_S:
            return ""
        minutes = round((now - since) / (done - first) * (total - done) / 60)
        if minutes < 1:
            return "less than 1 min left"
        return f"{minutes} min left" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min left"


@contextmanager
def _bar() -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    left = TimeLeft()
    texts = (TextColumn(f"{{task.{name}}}", markup=False) for name in ("fields[left]", "description"))
    columns = (BarColumn(bar_width=24), TaskProgressColumn(), TimeElapsedColumn(), *texts)
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("starting", total=None, left="")

        def tell(done: int, total: int, text: str) -> bool:
            bar.update(task, completed=done, total=total or None, description=text, left=left.words(done, total, text))
            return True

        yield tell
