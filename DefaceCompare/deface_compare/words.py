"""Words and numbers as the report and the panel write them."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence

SYNTHETIC_WARNING = "SYNTHETIC: made-up people; they test the pipeline and are no evidence about a method"

DEFACED_BEFORE = "this scan was defaced before: nothing to compare"
"""Begins the reason of an image whose face was removed, replaced or blurred before it came here."""

DOSE_SENTENCE = "DVH of the edited dose grid under the planned contours; dose was not recalculated on the defaced image."

NO_VERDICT_FROM_ONE_CASE = "no verdict from one case"

LINKAGE_SENTENCE = "same-scan linkage, not a photo attack"

BANNED = (
    r"anonymi[sz]ed",
    r"\bsafe\b",
    r"\bprivate\b",
    r"\bpreserved\b",
    r"no measurable change",
    r"prevents re-identification",
    r"\bpassed\b(?! \()",
)
"""Patterns that no page or panel may show: they promise what no measurement here can. "passed" needs its criterion in
brackets right behind it."""

DECIMALS = {"%": 1, "% of prescription": 1, "HU": 1, "Gy": 2, "cc": 2, "mm": 1, "voxels": 0, "SUVbw": 2, "a.u.": 1, "": 2}

NOTHING = "–"

RIGHT_TO_LEFT = ("R", "AL")
"""Unicode's bidirectional classes of letters that are written from the right (Unicode Standard Annex 9)."""


def decimals(unit: str) -> int:
    """How many decimals a number of this unit deserves."""
    return DECIMALS.get(unit, 2)


def number(value: float, unit: str = "", *, signed: bool = False) -> str:
    """A number with the decimals that its unit deserves, a true minus sign, and an en dash for NaN."""
    if math.isnan(value):
        return NOTHING
    places = decimals(unit) if abs(value) < 1000 or unit != "cc" else 0
    text = f"{value:+.{places}f}" if signed else f"{value:.{places}f}"
    if float(text) == 0.0:
        text = f"{0.0:.{places}f}"
    return text.replace("-", "−")


def interval(low: float, high: float, unit: str = "", *, signed: bool = False) -> str:
    """``[low, high]`` that no line break can part."""
    return f"[{number(low, unit, signed=signed)},\u00a0{number(high, unit, signed=signed)}]"


def count(n: int) -> str:
    """``n 12`` that no line break can part."""
    return f"n\u00a0{n}"


def counted(n: int, thing: str) -> str:
    """``1 patient``, ``12 patients``."""
    return f"{n} {noun(n, thing)}"


def noun(n: int, thing: str) -> str:
    """The word behind a count: ``patient`` of one, ``patients`` of all others."""
    return thing if n == 1 else f"{thing}s"


def is_or_are(n: int) -> str:
    """``is 1``, ``are 12``."""
    return f"{'is' if n == 1 else 'are'} {n}"


def isolated(text: str) -> str:
    """Words that are read from the right, so marked that they turn nothing round that stands beside them; others as they are."""
    turns = any(unicodedata.bidirectional(letter) in RIGHT_TO_LEFT for letter in text)
    return f"\u2068{text}\u2069" if turns else text


def synthetic_words(made: int, patients: int) -> str:
    """The SYNTHETIC warning of a table in which so many of the patients are made; ``""`` where none is."""
    if not made:
        return ""
    if made == patients:
        return SYNTHETIC_WARNING
    return f"SYNTHETIC: {made} of {patients} cases are made-up people; what they are counted in is no evidence about a method"


def without_warning(note: str) -> str:
    """A row's note without the SYNTHETIC warning, which a page prints once."""
    return note.replace(f"{SYNTHETIC_WARNING}; ", "").replace(SYNTHETIC_WARNING, "")


def auc_number(value: float) -> str:
    """An AUC with two decimals; below 0.5 it reads ``≤ chance``."""
    return NOTHING if math.isnan(value) else "≤ chance" if value < 0.5 else f"{value:.2f}"


def auc_words(value: float, low: float, high: float) -> str:
    """An AUC with its interval."""
    return auc_number(value) if math.isnan(low) else f"{auc_number(value)} [{low:.2f}, {high:.2f}]"


def listed(words: Sequence[str]) -> str:
    """``A``, ``A and B``, ``A, B and C``."""
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))
