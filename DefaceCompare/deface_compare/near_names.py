"""Which known name a mistyped one is close to."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

CUTOFF = 0.6
"""Likeness (`difflib.SequenceMatcher.ratio`) from which a name is offered: difflib's own default."""


def near_name(wanted: str, known: Iterable[str]) -> str:
    """The known name that is closest to a mistyped one, ``""`` if none is close; case and ``-`` for ``_`` do not count."""
    plain = {_plain(name): name for name in known}
    found = difflib.get_close_matches(_plain(wanted), plain, n=1, cutoff=CUTOFF)
    return plain[found[0]] if found else ""


def did_you_mean(wanted: str, known: Iterable[str]) -> str:
    """``; did you mean quickshear?``, to follow a sentence about a name that is not known; ``""`` if none is close."""
    near = near_name(wanted, known)
    return f"; did you mean {near}?" if near else ""


def nearest_or_all(wanted: str, known: Iterable[str]) -> str:
    """``; did you mean quickshear?``, or where none is close ``; choose one of a, b``."""
    listed = list(known)
    return did_you_mean(wanted, listed) or f"; choose one of {', '.join(listed)}"


def _plain(name: str) -> str:
    return name.lower().replace("-", "_")
