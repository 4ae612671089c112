"""The names of structures that were read back, against what the planned ones became."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ...case import Structure, StructureSet
from ...structures.organs import is_place_holder

GENERIC = "ROI_"
"""How names begin that tell nothing of a structure."""


class SharedNames:
    """What planned names became where headers were cleaned.

    Parameters
    ----------
    planned : StructureSet or None
        The source's.
    written : mapping of int to str
        What was written instead of each name, in the structures' order; empty where names stay.
    by_tool : bool
        Another program chose the names: any, but none that means another organ.
    """

    def __init__(self, planned: StructureSet | None, written: Mapping[int, str], *, by_tool: bool = False) -> None:
        self._planned = planned.structures if planned else ()
        self._by_tool = by_tool
        names = list(written.values())
        fits = len(names) == len(self._planned)
        self._names = names if fits else [each.name for each in self._planned]
        self.called = {each.name: name for each, name in zip(self._planned, self._names, strict=True)}
        unnamed = {e.standard_name for e, n in zip(self._planned, self._names, strict=True) if fits and n.startswith(GENERIC)}
        self.unnamed = set() if by_tool else {name for name in unnamed if not is_place_holder(name)}
        """Standard names that no written structure has: their planned ones were not shared (by a tool: known after `faults`)."""

    def faults(self, read: Sequence[Structure]) -> list[str]:
        """What is wrong with the structures that were read back."""
        if [each.name for each in read] != self._names:
            return ["the structures that are read back are not those of the source"]
        if self._by_tool:
            differ = [(one, other) for one, other in self._pairs(read) if one.standard_name != other.standard_name]
            self.unnamed |= {one.standard_name for one, other in differ if is_place_holder(other.standard_name)}
        pairs = [(one, other) for one, other in self._pairs(read) if one.standard_name not in self.unnamed]
        wrong = sum(one.standard_name != other.standard_name for one, other in pairs)
        return [f"{wrong} structures have another standard name when they are read back"] if wrong and self._is_renamed else []

    def _pairs(self, read: Sequence[Structure]) -> Iterator[tuple[Structure, Structure]]:
        return zip(self._planned, read, strict=True)

    @property
    def _is_renamed(self) -> bool:
        return [each.name for each in self._planned] != self._names
