"""What is found of an object once, although many ask: voxels are sorted or mapped by the million for it."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

Found = TypeVar("Found")


class FoundOnce:
    """Remembers what was found of objects, by the question that was asked; an object takes what is known of it with it.

    Objects are told apart by what they are, not by what they are equal to. A thread that asks what another one is just finding
    waits for it.
    """

    def __init__(self) -> None:
        self._known: dict[int, dict[Hashable, _Answer]] = {}
        self._lock = threading.Lock()

    def of(self, subject: object, question: Hashable, find: Callable[[], Found]) -> Found:
        """The answer to a question on an object: `find` is called the first time.

        Parameters
        ----------
        subject : object
            Can be referred to weakly.
        question : hashable
            ``None`` where there is only one.
        """
        answer = self._answer(subject, question)
        with answer.lock:
            if not answer.found:
                answer.found.append(find())
        found: Found = answer.found[0]
        return found

    def _answer(self, subject: object, question: Hashable) -> _Answer:
        key = id(subject)
        with self._lock:
            if key not in self._known:
                self._known[key] = {}
                weakref.finalize(subject, self._known.pop, key, None).atexit = False
            return self._known[key].setdefault(question, _Answer())


class _Answer:
    """What was found, in a list that is empty until then; whoever finds it holds the lock."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.found: list[Any] = []
