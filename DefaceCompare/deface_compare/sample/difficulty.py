"""What makes a head hard to deface: the switches of the synthetic cohort."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

from ..errors import UnusableInput


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
    Difficulty.CHILD: "a child's head, 0.8 of the adult's size",
    Difficulty.CUT_AT_ORBITS: "CT that ends at the eyes",
    Difficulty.WHOLE_BODY: "CT and PET from vertex to pelvis",
    Difficulty.OBLIQUE: "MR in oblique slices",
}


def difficulties_named(names: Iterable[str]) -> tuple[Difficulty, ...]:
    """The difficulties of these names, in the order of `Difficulty`, each once.

    Raises
    ------
    UnusableInput
        If a name is unknown; the sentence lists those that exist.
    """
    wanted = set(names)
    unknown = sorted(wanted - {each.value for each in Difficulty})
    if unknown:
        known = ", ".join(each.value for each in Difficulty)
        raise UnusableInput(f"there is no difficulty called {unknown[0]!r}; choose from {known}")
    return tuple(each for each in Difficulty if each.value in wanted)
