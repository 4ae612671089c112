"""Names of BIDS files: entities, suffix and ending (``sub-01_ses-2_acq-fast_T1w.nii.gz``)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

NIFTI_ENDINGS = (".nii.gz", ".nii")
ENDINGS = (*NIFTI_ENDINGS, ".json", ".tsv")
"""Endings of the files that are read."""
ENTITY = re.compile(r"(?P<key>[a-z]+)-(?P<value>[A-Za-z0-9+]+)")
LABEL = re.compile(r"[A-Za-z0-9+]+")
"""What a label may hold (BIDS 1.11, common principles: entities)."""
ORDER = (
    *("sub", "tpl", "ses", "cohort", "sample", "task", "tracksys", "acq", "nuc", "voi", "ce", "trc", "stain", "rec", "dir"),
    *("run", "mod", "echo", "flip", "inv", "mt", "part", "proc", "hemi", "space", "split", "recording", "chunk", "atlas", "seg"),
    *("scale", "res", "den", "label", "desc"),
)
"""The order of entities in a name (BIDS schema 2.0.1, rules.entities)."""


@dataclass(frozen=True)
class BidsName:
    """One name.

    Parameters
    ----------
    entities : mapping of str to str
        Short key to value, in the order of the name.
    suffix : str
        ``T1w``.
    ending : str
        With its dot.
    """

    entities: Mapping[str, str]
    suffix: str
    ending: str

    def with_entities(self, suffix: str = "", ending: str = "", **changed: str) -> BidsName:
        """The same with other entities, in the order of the specification; an empty value takes one away."""
        kept = {key: value for key, value in {**self.entities, **changed}.items() if value}
        known = {key: kept[key] for key in ORDER if key in kept}
        return BidsName(known | kept, suffix or self.suffix, ending or self.ending)

    def __str__(self) -> str:
        return "_".join([*(f"{key}-{value}" for key, value in self.entities.items()), self.suffix]) + self.ending


def parse_name(path: Path) -> BidsName | None:
    """The parts of a file's name; None if it is no name of BIDS."""
    ending = next((each for each in ENDINGS if path.name.endswith(each)), "")
    *pairs, suffix = path.name[: len(path.name) - len(ending)].split("_") if ending else [""]
    found = [ENTITY.fullmatch(pair) for pair in pairs]
    if not LABEL.fullmatch(suffix) or not all(found):
        return None
    entities = {match["key"]: match["value"] for match in found if match}
    return BidsName(entities, suffix, ending) if len(entities) == len(pairs) else None
