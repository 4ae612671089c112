"""Comparisons one after the other, each as a child process; one that fails does not stop the next."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import slicer
import slicer.util
from slicer.i18n import tr as _

from deface_compare.errors import DefaceCompareError
from deface_compare.progress import Cancelled
from deface_compare.words import NO_VERDICT_FROM_ONE_CASE

from .case.patient import Patient
from .child_run import Answers, ChildRun

PRIVATE_PREFIX = ".DefaceCompare-"
"""Name of the folder (mode 0700) in which a run works; it is gone when the run is."""


@dataclass(frozen=True)
class Job:
    """One patient to be compared; all choices as they were when it was asked for.

    Parameters
    ----------
    name : str
        What the patient is called.
    patient : Patient
    case_folder : callable
        ``case_folder(private) -> Path``: what the command line reads, written into a private folder where need be.
    arguments : callable
        ``arguments(folder, out) -> list of str``: the command line.
    segmentation : vtkMRMLSegmentationNode, optional
        The structure set, where the patient is one of nodes.
    results : Path, optional
        Where the results are kept; None: nowhere.
    structures : str
        Which structure set of a folder the user chose; empty: none.
    redrawn : callable
        ``redrawn(private) -> mapping``: by method, where structures lie that were drawn again on its image.
    """

    name: str
    patient: Patient
    case_folder: Callable[[Path], Path]
    arguments: Callable[[Path, Path], list[str]]
    segmentation: Any | None
    results: Path | None
    structures: str = ""
    redrawn: Callable[[Path], Mapping[str, Path]] = lambda private: {}


@dataclass(frozen=True)
class Events:
    """Who is told what: where a run is, what it made (raising refuses it), and the last sentence of all."""

    step: Callable[[int, int, str], None]
    finished: Callable[[Job, Path, Path], None]
    ended: Callable[[str], None]


class Comparisons:
    """The queue.

    Parameters
    ----------
    events : Events
    """

    def __init__(self, events: Events) -> None:
        self._events = events
        self._run: ChildRun | None = None
        self._jobs: list[Job] = []
        self._number = 0
        self._failed: list[str] = []
        self.stopped = False
        """Whether the user wants no more of what runs."""

    @property
    def running(self) -> bool:
        """Whether a comparison is at work."""
        return self._run is not None

    def start(self, jobs: Sequence[Job]) -> None:
        """Compare these patients in turn."""
        self._jobs, self._number, self._failed, self.stopped = list(jobs), 0, [], False
        self._next()

    def _next(self) -> None:
        while self._number < len(self._jobs):
            job = self._jobs[self._number]
            try:
                self._launch(job)
            except DefaceCompareError as error:
                self._failed.append(self._told(job, str(error)))
                self._number += 1
                continue
            self._step(0, 0, _("Starting …"))
            return
        self._end()

    def _launch(self, job: Job) -> None:
        beside = job.results.parent if job.results is not None else slicer.app.temporaryPath
        private = Path(tempfile.mkdtemp(prefix=PRIVATE_PREFIX, dir=beside))
        try:
            folder, out = job.case_folder(private), private / "out"
            answers = Answers(
                self._step,
                lambda told: self._on_finished(job, out, folder),
                lambda sentence: self._on_failed(job, sentence),
                self._on_cancelled,
            )
            self._run = ChildRun(job.arguments(folder, out), private, answers)
        except BaseException:
            shutil.rmtree(private)
            raise

    def _step(self, done: int, total: int, text: str) -> None:
        job = self._jobs[self._number]
        of_many = _("{number} of {count}, {name}: ").format(number=self._number + 1, count=len(self._jobs), name=job.name)
        self._events.step(done, total, f"{of_many if len(self._jobs) > 1 else ''}{text}")

    def _on_finished(self, job: Job, out: Path, folder: Path) -> None:
        try:
            self._events.finished(job, out, folder)
        except Cancelled:
            self._on_cancelled()
            return
        except DefaceCompareError as error:
            self._failed.append(self._told(job, str(error)))
        self._go_on()

    def _on_failed(self, job: Job, sentence: str) -> None:
        self._failed.append(self._told(job, sentence))
        self._go_on()

    def _go_on(self) -> None:
        self._run = None
        self._number += 1
        self._next()

    def _told(self, job: Job, sentence: str) -> str:
        return f"{job.name}: {sentence}" if len(self._jobs) > 1 else sentence

    def _on_cancelled(self) -> None:
        self._run = None
        kept = self._number - len(self._failed)
        told = (
            _("Cancelled. Nothing was kept.") if not kept else _("Cancelled. {count} patients were compared.").format(count=kept)
        )
        self._events.ended(told)

    def cancel(self) -> None:
        """Kill the running comparison, if there is one, and start none of the others."""
        if self._run is not None:
            self.stopped = True
            self._run.cancel()

    def close(self) -> None:
        """End at once and leave nothing behind."""
        if self._run is not None:
            self.stopped = True
            self._run.abandon()
            self._run = None
            self._events.ended(_("Cancelled."))

    def _end(self) -> None:
        """Say how it went: in one sentence, and of many in a message that calls the user back."""
        self._run = None
        count, done = len(self._jobs), len(self._jobs) - len(self._failed)
        if count == 1:
            self._events.ended(_("Compared: {limit}.").format(limit=NO_VERDICT_FROM_ONE_CASE) if done else _("Not compared."))
        else:
            self._events.ended(_("Compared {done} of {count} patients.").format(done=done, count=count))
        if self._failed:
            slicer.util.errorDisplay("\n".join(self._failed))
        elif count > 1:
            slicer.util.infoDisplay(_("All {count} patients are compared.").format(count=count))
