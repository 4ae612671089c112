"""Which of several files a user means: by name or path, by a pattern, or by what an object is called."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from fnmatch import fnmatchcase

from .header import Header


def named_by_user(headers: Sequence[Header], wanted: str, called: Callable[[Header], Collection[str]]) -> list[Header]:
    """The files that a user's text names.

    What is written exactly so goes before what is written so but for capitals, and that before patterns (``*`` and ``?``) and
    labels: ``[1]`` and ``*`` may stand in a file's name.

    Parameters
    ----------
    wanted : str
        A file's name, the end of its path or all of it, a pattern of one of these, or a label.
    called : callable
        The labels of a file's object.
    """
    text = wanted.strip()
    folded = text.casefold()
    for same in (
        lambda header: text in _own_names(header) or header.path.as_posix().endswith(f"/{text}"),
        lambda header: folded in {name.casefold() for name in _own_names(header)},
    ):
        found = [header for header in headers if text and same(header)]
        if found:
            return found
    return [header for header in headers if _is_like(header, folded, called(header))]


def _own_names(header: Header) -> tuple[str, ...]:
    return header.path.name, str(header.path), header.path.as_posix(), str(header.path.resolve())


def _is_like(header: Header, folded: str, labels: Collection[str]) -> bool:
    """Whether a pattern fits a file's name or path, or a label is the text."""
    fits = any(fnmatchcase(name.casefold(), folded) for name in _own_names(header))
    return fits or folded in {label.strip().casefold() for label in labels if label.strip()}
