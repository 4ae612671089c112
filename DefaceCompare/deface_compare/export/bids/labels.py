"""What subjects and sessions are called in a derivative: as in the source, or numbered."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ...readers.bids.dataset import session_of, sessions_of, subject_of
from ..options import KEEP_LABELS


def labels_of(sources: Sequence[Path], how: str) -> dict[Path, tuple[str, str]]:
    """Subject and session (``""`` for none) of each patient's folder.

    Parameters
    ----------
    sources : sequence of Path
        In the order of the cases' ids.
    how : str
        One of `export.options.LABELS`.
    """
    own = {source: (subject_of(source), session_of(sessions_of(source)[0])) for source in sources}
    if how == KEEP_LABELS:
        return own
    numbers: dict[str, int] = {}
    visits: dict[str, list[str]] = {}
    found = {}
    for source, (subject, session) in own.items():
        number = numbers.setdefault(subject, len(numbers) + 1)
        seen = visits.setdefault(subject, [])
        seen.append(session)
        found[source] = (f"sub-{number:03d}", f"ses-{len(seen):02d}" if session else "")
    return found
