"""What hangs together: sets that share members, and things that are joined pair by pair."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def connected(uids: Sequence[set[str]]) -> list[set[str]]:
    """Sets that share UIDs, put together."""
    merged: list[set[str]] = []
    for own in uids:
        touching = [each for each in merged if each & own]
        merged = [each for each in merged if not any(each is one for one in touching)]
        merged.append(own.union(*touching))
    return merged


def components(count: int, edges: Iterable[tuple[int, int]]) -> list[int]:
    """For each of `count` things the first one that it is joined to."""
    first = list(range(count))
    for i, k in edges:
        low, high = sorted((first[i], first[k]))
        if low != high:
            first = [low if each == high else each for each in first]
    return first
