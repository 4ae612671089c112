"""What is found of an object once, although many ask: voxels are sorted or mapped by the million for it."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

Found = TypeVar("Found")


class FoundOnce:
    """Remembers what was found of objects, by the question that was asked; an object takes what is known of it with it.

    Objects are told apart by what they are, not by what they are equal to.
    """

    def __init__(self) -> None:
        self._known: dict[int, dict[Hashable, Any]] = {}

    def of(self, subject: object, question: Hashable, find: Callable[[], Found]) -> Found:
        """The answer to a question on an object: `find` is called the first time.

        Parameters
        ----------
        subject : object
            Can be referred to weakly.
        question : hashable
            ``None`` where there is only one.
        """
        key = id(subject)
        if key not in self._known:
            self._known[key] = {}
            weakref.finalize(subject, self._known.pop, key, None).atexit = False
        known = self._known[key]
        if question not in known:
            known[question] = find()
        found: Found = known[question]
        return found
