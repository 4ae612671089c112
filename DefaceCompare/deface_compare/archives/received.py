"""What an archive sends to us by C-STORE, while a C-GET or C-MOVE runs."""

from __future__ import annotations

from threading import Lock
from typing import Any

from .archive import Keep

STORED, CANNOT_KEEP, NOT_ASKED = 0x0000, 0xA700, 0x0122
"""Answers to C-STORE: success, out of resources, SOP class not supported (PS3.4 table B.2-1)."""


class Received:
    """Takes objects that were asked for, and no others: whoever reaches our port might send some.

    Parameters
    ----------
    wanted : set of str
        SOP instance UIDs.
    keep : callable
        Gets each once.
    """

    def __init__(self, wanted: frozenset[str], keep: Keep) -> None:
        self._wanted, self._keep = wanted, keep
        self._lock = Lock()
        self._error: BaseException | None = None

    def store(self, event: Any) -> int:
        """Handle pynetdicom's ``EVT_C_STORE``; the bytes are kept as they came."""
        uid = str(event.request.AffectedSOPInstanceUID)
        if uid not in self._wanted:
            return NOT_ASKED
        with self._lock:
            if self._error is None:
                try:
                    self._keep(uid, event.encoded_dataset())
                except BaseException as error:  # pynetdicom would log it and go on: told by `raise_error`
                    self._error = error
        return STORED if self._error is None else CANNOT_KEEP

    def raise_error(self) -> None:
        """Raise what went wrong while an object was kept."""
        if self._error is not None:
            raise self._error
