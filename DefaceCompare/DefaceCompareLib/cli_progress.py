"""How the command line tells where it is: a bar for people, JSON lines for programs."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from .progress import Progress


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
    """One line a step on stderr, repeated ones once."""
    last = [""]

    def tell(done: int, total: int, text: str) -> bool:
        if text != last[0]:
            print(f"[{100 * done // total if total else 0:3d} %] {text}", file=sys.stderr, flush=True)
            last[0] = text
        return True

    return tell


@contextmanager
def _bar() -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    columns = (BarColumn(bar_width=24), TaskProgressColumn(), TimeElapsedColumn(), TextColumn("{task.description}", markup=False))
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("starting", total=None)

        def tell(done: int, total: int, text: str) -> bool:
            bar.update(task, completed=done, total=total or None, description=text)
            return True

        yield tell
