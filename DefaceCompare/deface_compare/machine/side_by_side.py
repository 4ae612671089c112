"""One case on several cores: work that is done beside what the calling thread does, with the same results in the same order.

Threads, not processes: SimpleITK, VTK, ONNX Runtime, scipy and numpy let another thread run while they compute, and a case's
images lie in memory once. What is handed over waits in one queue. Helpers take it from there, in order; the calling thread,
when it needs a result, does it itself if nobody has begun it, else what waits behind it. So one thread does everything one after
the other, when it is asked for, and nobody is idle while there is work.

Two kinds of work differ in what may run at once. Work of `SideBySide.later` is done one piece at a time: pieces ask SimpleITK for
parts of the same images, and ITK notes in an image which part a filter wants of it. Work of `each` shares nothing that changes.
What draws is handed over to nobody: an OpenGL context belongs to the thread that made it.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Generic, TypeVar

Found = TypeVar("Found")
Item = TypeVar("Item")
LOOK_UP_S = 0.2
"""How long a thread waits before it looks up: Ctrl-C does not reach one that waits for good on Windows."""


class Later(Generic[Found]):
    """A piece of work that waits, is being done, or is done."""

    def __init__(self, owner: SideBySide, work: Callable[[], Found], *, alone: bool, mine: bool = False) -> None:
        self._owner, self._work, self.alone, self.mine = owner, work, alone, mine
        self.begun = self.done = False
        self._found: Found | None = None
        self._failure: BaseException | None = None

    def result(self) -> Found:
        """What the work gave, done here if nobody has begun it; what it raised is raised here."""
        self._owner.finish(self)
        if self._failure is not None:
            raise self._failure
        found: Found = self._found  # type: ignore[assignment]
        return found

    def run(self) -> None:
        """Do it; called once, by `SideBySide`. What ends the process (Ctrl-C) is raised here, too."""
        try:
            self._found = self._work()
        except Exception as failure:
            self._failure = failure
        except BaseException as end:
            self._failure = end
            raise
        finally:
            del self._work  # and with it what it holds


class SideBySide:
    """The helpers of one calling thread, as a context: at its end nothing is being done any more, and what waits is dropped.

    Parameters
    ----------
    threads : int
        How many work, the calling one among them.
    """

    def __init__(self, threads: int = 1) -> None:
        self.threads = max(1, threads)
        self._turn = threading.Condition()
        self._waiting: deque[Later[Any]] = deque()
        self._alone_begun = self._closed = False
        self._helpers: list[threading.Thread] = []

    def __enter__(self) -> SideBySide:
        self._helpers = [threading.Thread(target=self._help, daemon=True) for _ in range(self.threads - 1)]
        for helper in self._helpers:
            helper.start()
        return self

    def __exit__(self, *failure: object) -> None:
        with self._turn:
            self._closed = True
            self._waiting.clear()
            self._turn.notify_all()
        for helper in self._helpers:
            while helper.is_alive():
                helper.join(LOOK_UP_S)

    def later(self, work: Callable[[], Found]) -> Later[Found]:
        """Hand over work that must not run beside other work of this kind; what was handed over first begins first."""
        return self._add(Later(self, work, alone=True))

    def mine(self, work: Callable[[], Found]) -> Later[Found]:
        """The same for work that only the calling thread may do: when its result is asked for."""
        return Later(self, work, alone=True, mine=True)

    def shared(self, work: Callable[[], Found]) -> Later[Found]:
        """Hand over work that may run beside any other."""
        return self._add(Later(self, work, alone=False))

    def finish(self, wanted: Later[Any]) -> None:
        """Work in the calling thread until `wanted` is done."""
        while True:
            with self._turn:
                if wanted.done:
                    return
                task = self._take(wanted)
                if task is None:
                    self._turn.wait(LOOK_UP_S)
                    continue
            self._do(task)

    def _add(self, task: Later[Found]) -> Later[Found]:
        with self._turn:
            self._waiting.append(task)
            self._turn.notify_all()
        return task

    def _take(self, wanted: Later[Any] | None = None) -> Later[Any] | None:
        """The next piece that may begin, `wanted` before others; no other where there are no helpers, or soon an answer."""
        others = self._waiting if self._helpers and (wanted is None or wanted.alone) else ()
        for task in (wanted, *others):
            if task is None or task.begun or (task.alone and self._alone_begun):
                continue
            if not task.mine:
                self._waiting.remove(task)
            task.begun = True
            self._alone_begun |= task.alone
            return task
        return None

    def _do(self, task: Later[Any]) -> None:
        try:
            task.run()
        finally:
            with self._turn:
                task.done = True
                if task.alone:
                    self._alone_begun = False
                self._turn.notify_all()

    def _help(self) -> None:
        while True:
            with self._turn:
                task = self._take()
                if task is None:
                    if self._closed:
                        return
                    self._turn.wait()
                    continue
            self._do(task)


_HERE: ContextVar[SideBySide | None] = ContextVar("_HERE", default=None)
"""Who helps the thread that runs; a helper has none of its own."""


@contextmanager
def side_by_side(threads: int) -> Iterator[SideBySide]:
    """So many threads for what the calling thread does inside; `each` finds them."""
    with SideBySide(threads) as beside:
        before = _HERE.set(beside)
        try:
            yield beside
        finally:
            _HERE.reset(before)


def each(work: Callable[[Item], Found], items: Sequence[Item]) -> list[Found]:
    """The work's result for each item, in their order; where this thread has helpers they take their share.

    The work must share nothing that changes.
    """
    beside = _HERE.get()
    if beside is None or beside.threads == 1:
        return [work(item) for item in items]
    begun = [beside.shared(lambda item=item: work(item)) for item in items]  # type: ignore[misc]
    return [task.result() for task in begun]
