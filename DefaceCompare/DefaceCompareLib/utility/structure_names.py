"""Which organ or target a planned structure name means: AAPM TG-263 names by rules and ``data/structure_names.csv``.

A name is cut into words, helper structures are set aside by their words, a side is taken off either end, and what is left
must be an entry of the table exactly. So an unknown name stays unknown; it is never matched by resemblance.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

GROUPS = (
    "brain",
    "brainstem",
    "mandible",
    "gtv",
    "oral_cavity",
    "optic_chiasm",
    "eye",
    "lens",
    "optic_nerve",
    "parotid",
    "external",
    "ctv",
    "ptv",
)
"""Organ and target groups, in table order."""
TARGET_GROUPS = ("gtv", "ctv", "ptv")
PAIRED_GROUPS = ("eye", "lens", "optic_nerve", "parotid")
SIDED_GROUPS = (*PAIRED_GROUPS, "mandible")
"""Groups whose names may carry a side (half mandibles are drawn, too)."""
MAPPED, EXCLUDED, AMBIGUOUS, UNKNOWN = "mapped", "excluded", "ambiguous", "unknown"

TARGET = re.compile(r"^(?:left|right|lt|rt|l|r|all|total|pre|op|chemo)*(gtv|ctv|ptv)(.*)$")
TARGET_WORDS = re.compile(r"gtv|ctv|ptv")
DISTANCE = re.compile(r"\d\s*(?:mm|cm)\b|[+]\s*\d", re.IGNORECASE)
"""An expansion: ``+5``, ``3mm``."""
NODAL = re.compile(r"^(?:n\d*|nd|nod|node|nodes|ln|gg|adp|ggd|ggg)$|^gg")
LETTERS = str.maketrans({"ł": "l", "Ł": "L", "ø": "o", "Ø": "O", "œ": "oe", "Œ": "OE"})
"""Letters that Unicode does not split into a base letter and an accent."""
PRIMARY = re.compile(r"^(?:p|t|primaire|primary|prim)$")


@dataclass(frozen=True)
class StructureName:
    """How a planned name is read.

    Parameters
    ----------
    name : str
        As planned.
    tg263 : str
        TG-263 name, ``""`` unless `status` is ``mapped`` (or ``ambiguous``: what it resembles).
    group : str
        One of `GROUPS`, else ``other``.
    side : str
        Patient's ``L`` or ``R``, ``B`` (both in one), or ``""``.
    status : str
        ``mapped``; ``excluded`` (a helper: PRV, ring, cropped, expanded, couch); ``ambiguous`` (a careful reader would ask);
        ``unknown`` (no organ of the comparison).
    """

    name: str
    tg263: str
    group: str
    side: str
    status: str


@dataclass(frozen=True)
class _Entry:
    tg263: str
    group: str
    side: str
    status: str


@dataclass(frozen=True)
class _Vocabulary:
    """The table: name parts that mean an organ, and words by what they tell."""

    parts: dict[str, _Entry]
    sides: tuple[tuple[str, str], ...]
    """(word, L or R), longest first."""
    noise: tuple[str, ...]
    """Words that do not change which organ is meant: automatic contours, the word gland."""
    doubt: frozenset[str]
    helper: frozenset[str]
    helper_starts: tuple[str, ...]


@cache
def _vocabulary() -> _Vocabulary:
    text = files("DefaceCompareLib").joinpath("data/structure_names.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    words = {
        kind: [(row["part"], row["side"]) for row in rows if row["group"] == "word" and row["status"] == kind]
        for kind in ("side", "noise", "doubt", "helper", "helper_start")
    }
    return _Vocabulary(
        parts={
            "".join(_words(row["part"])): _Entry(row["tg263"], row["group"], row["side"], row["status"])
            for row in rows
            if row["group"] != "word"
        },
        sides=tuple(sorted(words["side"], key=lambda pair: -len(pair[0]))),
        noise=tuple(word for word, _ in words["noise"]),
        doubt=frozenset(word for word, _ in words["doubt"]),
        helper=frozenset(word for word, _ in words["helper"]),
        helper_starts=tuple(word for word, _ in words["helper_start"]),
    )


def read_structure_name(name: str) -> StructureName:
    """Read one planned structure name."""
    words = _words(name)
    target = _read_target(name, words)
    if target is not None:
        return target
    letters = [word for word in words if not word.isdigit()]
    if _is_helper(name, letters):
        return StructureName(name, "", "other", "", EXCLUDED)
    doubtful = bool(_vocabulary().doubt & set(letters))
    match = _match("".join(word for word in letters if word not in _vocabulary().doubt), "")
    if match is None:
        status = EXCLUDED if "opt" in letters else UNKNOWN
        return StructureName(name, "", "other", "", status)
    entry, side = match
    return _named(name, entry, side, doubtful)


def _named(name: str, entry: _Entry, side: str, doubtful: bool) -> StructureName:
    side = entry.side or side
    status = AMBIGUOUS if doubtful else entry.status
    if side in ("L", "R") and entry.group not in (*SIDED_GROUPS, "gtv"):
        status = AMBIGUOUS
    if not side and entry.group in PAIRED_GROUPS:
        status = AMBIGUOUS
    paired = entry.group in PAIRED_GROUPS and side in ("L", "R") and not entry.side
    return StructureName(name, f"{entry.tg263}_{side}" if paired else entry.tg263, entry.group, side, status)


def _words(name: str) -> list[str]:
    """Words in lower case without accents, cut at separators, case changes and digits."""
    plain = (
        unicodedata.normalize("NFKD", name)
        .replace("ł", "l")
        .replace("Ł", "L")
        .replace("ø", "o")
        .replace("Ø", "O")
        .replace("œ", "oe")
        .replace("Œ", "OE")
    )
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    cut = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", plain)
    return re.findall(r"[^\W\d_]+|\d+", cut.casefold())


def _match(letters: str, side: str) -> tuple[_Entry, str] | None:
    """Take sides and noise off both ends until an entry of the table is left; a reading with a side wins."""
    entry = _vocabulary().parts.get(letters)
    if entry is not None and (side or entry.group not in PAIRED_GROUPS or entry.side):
        return entry, side
    if not side:
        for word, meaning in _vocabulary().sides:
            for rest in _without(letters, word):
                found = _match(rest, meaning)
                if found is not None:
                    return found
    for word in _vocabulary().noise:
        for rest in _without(letters, word):
            found = _match(rest, side)
            if found is not None:
                return found
    return None if entry is None else (entry, side)


def _without(letters: str, word: str) -> list[str]:
    rests = []
    if len(letters) > len(word):
        if letters.startswith(word):
            rests.append(letters[len(word) :])
        if letters.endswith(word):
            rests.append(letters[: -len(word)])
    return rests


def _is_helper(name: str, words: list[str]) -> bool:
    return bool(
        DISTANCE.search(name)
        or _vocabulary().helper & set(words)
        or any(word.startswith(_vocabulary().helper_starts) for word in words)
        or TARGET_WORDS.search("".join(words))
        or name.strip().isdigit()
    )


def _read_target(name: str, words: list[str]) -> StructureName | None:
    """Read GTV, CTV, PTV names; None if the name is not one (a derived name that only mentions a target is not)."""
    letters = [word for word in words if not word.isdigit()]
    match = TARGET.match("".join(letters))
    if match is None or (DISTANCE.search(name) and "<" not in name):
        return None
    kind, rest = match.group(1), match.group(2)
    helper = (_vocabulary().helper - {"et", "high", "dose"}) & set(letters)
    organs = [word for word in letters if len(word) > 3 and word in _vocabulary().parts]
    if helper or organs or TARGET_WORDS.search(rest) or any(word.startswith(_vocabulary().helper_starts) for word in letters):
        return None
    if _vocabulary().doubt & set(letters) or ("sib" in letters and kind == "gtv"):
        return StructureName(name, kind.upper(), kind, "", AMBIGUOUS)
    suffix = ""
    if kind == "gtv":
        tail = [word for word in (_tail(word, kind) for word in letters) if word]
        suffix = "n" if any(map(NODAL.match, tail)) else "p" if any(map(PRIMARY.match, tail)) else ""
    return StructureName(name, kind.upper() + suffix, kind, "", MAPPED)


def _tail(word: str, kind: str) -> str:
    return word.split(kind, 1)[1] if kind in word else word
