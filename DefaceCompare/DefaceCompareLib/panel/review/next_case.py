"""The case that will probably be asked for next, read and drawn while the reviewer looks at another."""

from __future__ import annotations

import shutil
import tempfile
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import slicer

import qt
from deface_compare.cohort.review import ReviewCase
from deface_compare.errors import NotAvailable, UnusableInput

from ...ahead.loaded_case import loading
from ...ahead.parts import REFUSED, Part, read_part, write_part
from ...ahead.read_case import REQUEST
from ..child_run import Answers, ChildRun
from .loaded_case import LoadedCase

PAUSE_MS = 150
"""Between two steps in Slicer itself: what the reviewer does meanwhile comes first."""
READER = "DefaceCompareLib.ahead.read_case"
"""The module that a process of its own runs."""
PREFIX = ".DefaceCompare-"
"""Of the private folders (mode 0700) through which the other process hands on what it has read."""

Then = Callable[[LoadedCase | None, Exception | None], None]
"""Told a whole case, or why there is none."""


class NextCase:
    """Loads one case at a time: in a process of its own, or where Slicer's Python is not found, in steps of the event loop.

    What the process has read comes one file a turn of the event loop: no turn takes longer than copying one image.
    """

    def __init__(self) -> None:
        self._case: ReviewCase | None = None
        self._methods: tuple[str, ...] = ()
        self._loaded = LoadedCase()
        self._error: Exception | None = None
        self._then: Then | None = None
        self._steps: Iterator[Part] | None = None
        self._run: ChildRun | None = None
        self._folder: Path | None = None
        self._files: deque[str] = deque()

    def prepare(self, case: ReviewCase, methods: Sequence[str]) -> None:
        """Begin to load a case; what was loaded of another one is let go."""
        if (case, tuple(methods)) == (self._case, self._methods):
            return
        self.forget()
        self._case, self._methods = case, tuple(methods)
        try:
            self._begin_process(case)
        except NotAvailable:
            self._steps = loading(case, methods)
            self._go_on_later(self._steps)

    def take(self, case: ReviewCase, methods: Sequence[str], then: Then) -> None:
        """Hand over a case: at once if it is loaded, or can be loaded here only; else when it is.

        Parameters
        ----------
        case : ReviewCase
        methods : sequence of str
        then : callable
            ``then(loaded, error)``; whoever asks for another case before is not told of this one.
        """
        self.prepare(case, methods)
        self._then = then
        if self._steps is not None:
            while self._step():
                pass
        self._hand_over()

    @property
    def waited_for(self) -> bool:
        """Whether somebody waits for the case."""
        return self._then is not None

    def forget(self) -> None:
        """Let go of what was loaded, and end the process that loads."""
        run, folder = self._run, self._folder
        self._case, self._methods, self._loaded, self._error = None, (), LoadedCase(), None
        self._then = self._steps = self._run = self._folder = None
        self._files.clear()
        if run is not None:
            run.abandon()
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)

    def _hand_over(self) -> None:
        if self._then is None or not (self._error or self._loaded.complete):
            return
        then, loaded, error = self._then, self._loaded, self._error
        if loaded.complete:
            self._run = None  # it has told all and ends by itself; to wait for that is to wait until a gigabyte is let go of
        self.forget()
        then(None if error else loaded, error)

    # --- in a process of its own -------------------------------------------------------------------------------------

    def _begin_process(self, case: ReviewCase) -> None:
        folder, beside = (Path(tempfile.mkdtemp(prefix=PREFIX, dir=slicer.app.temporaryPath)) for _ in range(2))
        try:
            write_part(folder / REQUEST, (case, self._methods))
            answers = Answers(
                lambda done, total, name: self._on_file(folder, name),
                lambda told: self._on_end(folder, ""),
                lambda sentence: self._on_end(folder, sentence),
                lambda: None,
            )
            self._run = ChildRun([str(folder)], beside, answers, module=READER)
        except BaseException:
            shutil.rmtree(folder)
            shutil.rmtree(beside)
            raise
        self._folder = folder

    def _on_file(self, folder: Path, name: str) -> None:
        if folder == self._folder and name:
            self._files.append(name)
            if len(self._files) == 1:
                qt.QTimer.singleShot(0, lambda: self._read_one(folder))

    def _read_one(self, folder: Path) -> None:
        if folder != self._folder or not self._files:
            return
        part = read_part(folder / self._files[0])
        self._files.popleft()
        if part.kind == REFUSED:
            self._error = UnusableInput(part.content)
        else:
            self._loaded.take(part)
        if self._files:
            qt.QTimer.singleShot(0, lambda: self._read_one(folder))
        self._hand_over()

    def _on_end(self, folder: Path, sentence: str) -> None:
        """The process has ended: its files are there to be read; one that failed without a word of ours is told."""
        if folder == self._folder:
            self._run = None
            if sentence:
                self._error = UnusableInput(f"The case could not be loaded: {sentence}")
                self._hand_over()

    # --- in Slicer itself --------------------------------------------------------------------------------------------

    def _go_on_later(self, steps: Iterator[Part]) -> None:
        def go_on() -> None:
            if steps is self._steps and self._step():
                self._go_on_later(steps)

        qt.QTimer.singleShot(PAUSE_MS, go_on)

    def _step(self) -> bool:
        """One step; whether there was one. What goes wrong is told to the one who asks for the case."""
        assert self._steps is not None
        try:
            self._loaded.take(next(self._steps))
        except StopIteration:
            return False
        except Exception as error:
            self._error = error
            return False
        return True
