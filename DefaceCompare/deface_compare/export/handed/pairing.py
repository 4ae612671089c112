"""Which object that a program gave back is which that it got: by what it holds, since programs rename files and UIDs."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Sequence

from .content import Known

MOST_NAMED = 3
"""So many files are named in a sentence; more are counted."""
Key = Callable[[Known], Hashable]


class Pairing:
    """Pairs of objects, and what has none.

    An object is known by all that it holds; of several alike (slices of air) the series decides, which others of it have made
    known, then the number. What is left is paired by less, so that one can say what became of it; `changed` says that it is not
    what it was. A wrong pair cannot pass: each file is compared with its source afterwards.

    Parameters
    ----------
    given, returned : sequence of Known
    """

    def __init__(self, given: Sequence[Known], returned: Sequence[Known]) -> None:
        self.pairs: list[tuple[Known, Known]] = []
        self.given, self.returned = list(given), list(returned)
        self._series: dict[str, str] = {}
        self._pair_by(lambda one: one.content)
        for _ in range(2):  # a series that is known by a number's help tells more
            self._pair_by(lambda one: one.content, lambda one: one.series)
            self._pair_by(lambda one: one.content, lambda one: one.series, lambda one: one.number)
        self._pair_by(lambda one: (one.content.sop_class, one.content.place, one.content.body))
        self._pair_by(lambda one: (one.content.sop_class, one.content.place), lambda one: one.series)
        self._pair_by(lambda one: (one.content.sop_class, one.content.place))
        self._pair_by(lambda one: (one.content.sop_class, one.content.body), lambda one: one.series)
        self._pair_by(lambda one: (one.content.sop_class, one.content.body))
        self._pair_by(lambda one: one.content.sop_class, lambda one: one.series, lambda one: one.number)
        self._pair_by(lambda one: one.content.sop_class)

    def _pair_by(self, what: Key, series: Key | None = None, number: Key | None = None) -> None:
        """Pair those that are the only ones of their key on both sides."""
        groups: dict[Hashable, tuple[list[Known], list[Known]]] = defaultdict(lambda: ([], []))
        for side, objects in enumerate((self.given, self.returned)):
            for one in objects:
                its_series = "" if series is None else one.series if side else self._series.get(one.series)
                if its_series is not None:
                    groups[what(one), its_series, number(one) if number else ""][side].append(one)
        found = [(mine[0], theirs[0]) for mine, theirs in groups.values() if len(mine) == len(theirs) == 1]
        for one, other in found:
            self._series.setdefault(one.series, other.series)
        self.pairs += found
        taken = {id(one) for pair in found for one in pair}
        self.given = [one for one in self.given if id(one) not in taken]
        self.returned = [one for one in self.returned if id(one) not in taken]

    def faults(self, title: str, names: Callable[[Known], str]) -> list[str]:
        """What has no partner, in sentences; empty if all have one.

        Parameters
        ----------
        names : callable
            What an object that was given is called; what a program calls its files may name the patient and is not told.
        """
        mine, theirs = (Counter(one.content for one in side) for side in (self.given, self.returned))
        missing = [one for one in self.given if mine[one.content] > theirs[one.content]]
        unclear = [one for one in self.given if mine[one.content] == theirs[one.content]]
        extra = (theirs - mine).total()
        told = []
        if missing:
            lost = (mine - theirs).total()
            one_of = "one of " if lost < len(missing) else ""
            told.append(f"{title} did not give back {one_of}{_named([names(one) for one in missing])}")
        if unclear:
            told.append(f"{_named([names(one) for one in unclear])} cannot be told apart in what {title} gave back")
        if extra:
            objects = "an object" if extra == 1 else f"{extra} objects"
            told.append(f"{title} gave back {objects} more than it got")
        return told


def changes(given: Known, returned: Known) -> list[str]:
    """What of an object that may not change did."""
    before, after = given.content, returned.content
    voxels = "Rows=|" not in before.place
    words = {
        "place": "where its voxels lie",
        "meaning": "what its stored numbers stand for",
        "body": "its voxels" if voxels else "numbers inside its sequences",
    }
    return [what for name, what in words.items() if getattr(before, name) != getattr(after, name)]


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return ", ".join(sorted(names)[:MOST_NAMED]) + more
