"""What makes a head hard to deface: the switches of the synthetic cohort."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

from ..errors import UnusableInput
from ..near_names import did_you_mean


class Difficulty(str, Enum):
    """One difficulty; its value is the name on the command line. All can be combined."""

    SHELL_TOUCHING = "shell-touching"
    SHELL_OFF = "shell-off"
    BOLUS = "bolus"
    BITE_BLOCK = "bite-block"
    FRAME = "frame"
    DENTAL_STREAKS = "dental-streaks"
    CONTRAST = "contrast"
    CRANIECTOMY = "craniectomy"
    MAXILLECTOMY = "maxillectomy"
    TRACHEOSTOMY = "tracheostomy"
    THICK_MR = "thick-mr"
    CHILD = "child"
    CUT_AT_ORBITS = "cut-at-orbits"
    WHOLE_BODY = "whole-body"
    OBLIQUE = "oblique"
    NECK_EXTENDED = "neck-extended"
    MOUTH_OPEN = "mouth-open"
    FULL_MASK = "full-mask"
    SHOULDERS = "shoulders"
    CUT_AT_CROWN = "cut-at-crown"
    CUT_AT_BROW = "cut-at-brow"
    CUT_UNDER_ORBITS = "cut-under-orbits"
    HAIR = "hair"


DESCRIPTIONS: dict[Difficulty, str] = {
    Difficulty.SHELL_TOUCHING: "thermoplastic shell that touches the skin",
    Difficulty.SHELL_OFF: "thermoplastic shell 4 mm off the skin",
    Difficulty.BOLUS: "10 mm of bolus on cheek and nose, planned as a structure",
    Difficulty.BITE_BLOCK: "bite block between the teeth that stands out of the mouth",
    Difficulty.FRAME: "stereotactic frame with posts and pins",
    Difficulty.DENTAL_STREAKS: "streaks of dental fillings on CT, also in the air",
    Difficulty.CONTRAST: "contrast in the vessels",
    Difficulty.CRANIECTOMY: "missing skull bone, resection cavity with air",
    Difficulty.MAXILLECTOMY: "missing upper jaw, open to the mouth and through the cheek",
    Difficulty.TRACHEOSTOMY: "tracheal tube with its flange on the neck",
    Difficulty.THICK_MR: "T2 and FLAIR in slices of 5.5 mm instead of T1",
    Difficulty.CHILD: "a child of 2 to 4 years",
    Difficulty.CUT_AT_ORBITS: "CT that ends at the eyes",
    Difficulty.WHOLE_BODY: "CT and PET from vertex to pelvis",
    Difficulty.OBLIQUE: "MR in oblique slices",
    Difficulty.NECK_EXTENDED: "neck extended by 20 to 40 degrees, head and mandible following",
    Difficulty.MOUTH_OPEN: "mouth open by 10 to 18 degrees about the condyles, with a bite block",
    Difficulty.FULL_MASK: "thermoplastic mask from vertex to shoulders that touches the skin and bridges its hollows",
    Difficulty.SHOULDERS: "shoulders in the CT",
    Difficulty.CUT_AT_CROWN: "CT that ends 30 mm below the vertex",
    Difficulty.CUT_AT_BROW: "CT that ends at the brow",
    Difficulty.CUT_UNDER_ORBITS: "CT that ends under the orbits: nose, mouth, chin and neck",
    Difficulty.HAIR: "hair: a faint veil over the scalp, on CT and MR",
}

COMBINATIONS: dict[str, tuple[Difficulty, ...]] = {
    "planning-mask": (Difficulty.NECK_EXTENDED, Difficulty.FULL_MASK, Difficulty.SHOULDERS, Difficulty.CUT_AT_CROWN),
}
"""Names for several difficulties at once: a head-and-neck patient on the couch in a full mask. Together they lead the search by
outlines 60 mm down (docs/validation.md#difficult-sample-heads)."""


def difficulties_named(names: Iterable[str]) -> tuple[Difficulty, ...]:
    """The difficulties of these names, also those of `COMBINATIONS`, in the order of `Difficulty`, each once.

    Raises
    ------
    UnusableInput
        If a name is unknown; the sentence lists those that exist.
    """
    wanted = set(names)
    unknown = sorted(wanted - {each.value for each in Difficulty} - set(COMBINATIONS))
    if unknown:
        known = [*(each.value for each in Difficulty), *COMBINATIONS]
        near = did_you_mean(unknown[0], known)
        raise UnusableInput(f"there is no difficulty called {unknown[0]!r}{near}; choose from {', '.join(known)}")
    combined = {each for name in wanted & set(COMBINATIONS) for each in COMBINATIONS[name]}
    return tuple(each for each in Difficulty if each.value in wanted or each in combined)
