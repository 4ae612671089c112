"""The names of structures that were read back, against what the planned ones became."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

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
    """

    def __init__(self, planned: StructureSet | None, written: Mapping[int, str]) -> None:
        self._planned = planned.structures if planned else ()
        names = list(written.values())
        fits = len(names) == len(self._planned)
        self._names = names if fits else [each.name for each in self._planned]
        self.called = {each.name: name for each, name in zip(self._planned, self._names, strict=True)}
        unnamed = {e.standard_name for e, n in zip(self._planned, self._names, strict=True) if fits and n.startswith(GENERIC)}
        self.unnamed = {name for name in unnamed if not is_place_holder(name)}
        """Standard names that no written structure has: their planned ones could not be shared."""

    def faults(self, read: Sequence[Structure]) -> list[str]:
        """What is wrong with the structures that were read back."""
        if [each.name for each in read] != self._names:
            return ["the structures that are read back are not those of the source"]
        pairs = [(one, other) for one, other in zip(self._planned, read, strict=True) if one.standard_name not in self.unnamed]
        wrong = sum(one.standard_name != other.standard_name for one, other in pairs)
        return [f"{wrong} structures have another standard name when they are read back"] if wrong and self._is_renamed else []

    @property
    def _is_renamed(self) -> bool:
        return [each.name for each in self._planned] != self._names
