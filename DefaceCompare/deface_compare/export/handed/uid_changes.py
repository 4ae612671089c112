"""What a program did with UIDs, found by laying each object that it gave back over the one that it got."""

from __future__ import annotations

from collections.abc import Iterator

from pydicom.datadict import keyword_for_tag
from pydicom.dataset import Dataset

from ..written.uid_map import NEVER_MAPPED, STANDARD_ROOT, stored_vr


class UidChanges:
    """UIDs that were given, and those that stand in their places.

    Parameters
    ----------
    title : str
        Of the program.
    """

    def __init__(self, title: str) -> None:
        self._title = title
        self.found: dict[str, str] = {}
        self._before: dict[str, str] = {}
        self._faults: dict[str, None] = {}

    @property
    def faults(self) -> list[str]:
        """One UID that became two, or two that became one: by keyword, once each."""
        return list(self._faults)

    def add(self, given: Dataset, returned: Dataset) -> None:
        """Learn from one pair of objects."""
        for keyword, old, new in _walked(given, returned):
            if self.found.setdefault(old, new) != new:
                self._faults[f"{self._title} gave one {keyword} two new values, so that objects no longer agree"] = None
            elif self._before.setdefault(new, old) != old:
                self._faults[f"{self._title} gave two values of {keyword} one new value"] = None


def _walked(given: Dataset, returned: Dataset) -> Iterator[tuple[str, str, str]]:
    """UIDs of things that stand at the same place of both; sequences of which items were taken out are left out."""
    for tag in list(given.keys()):
        if tag not in returned or tag.is_private:
            continue
        kind = stored_vr(given, tag)
        if kind == "SQ" and stored_vr(returned, tag) == "SQ":
            mine, theirs = list(given[tag].value or []), list(returned[tag].value or [])
            for one, other in zip(mine, theirs, strict=True) if len(mine) == len(theirs) else ():
                yield from _walked(one, other)
        elif kind == "UI" and keyword_for_tag(tag) not in NEVER_MAPPED:
            old, new = (str(data[tag].value or "") for data in (given, returned))
            if old and new and given[tag].VM == returned[tag].VM == 1 and not old.startswith(STANDARD_ROOT):
                yield keyword_for_tag(tag), old, new
