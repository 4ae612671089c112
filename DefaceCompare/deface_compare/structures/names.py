"""Which organ or target a planned structure name means: AAPM TG-263 names by rules and ``data/structure_names.csv``.

A name is cut into words; helper structures are set aside by their words and signs; sides and words without meaning are taken
off; what is left must be a spelling of the table. So an unknown name stays unknown; it is never matched by resemblance, but
for single slips inside words of seven letters or more.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .name_words import Entry, Vocabulary, vocabulary_in_use, words_of
from .organs import EXCLUDE, GROUPS, MAY, OTHER, PAIR, PAIRED_GROUPS, further_organs, sides_of
from .target_names import DISTANCE, MENTIONED, read_target

MAPPED, EXCLUDED, AMBIGUOUS, UNKNOWN = "mapped", "excluded", "ambiguous", "unknown"

GLUED_LETTERS = "lrdg"
"""Single letters that mean a side also where they are glued to a word."""
LEAST_PART = 4
"""Shorter parts (``on``) take glued sides in English only: ``ron``, but not ``don``."""
LEAST_INSIDE = 5
"""Helper words of so many letters are found inside words, too."""
ENGLISH_SIDES = ("left", "right", "lt", "rt", "l", "r")
JOINERS = re.compile(
    r"\s*[-–+\\^&]\s*|\s+(?:minus|moins|meno|menos|ohne|zonder|hors|sauf|senza|and|in|sub|et|und|or|not)\s+", re.IGNORECASE
)
"""Signs and words between the two operands of a derived structure: ``Brain - Brainstem``."""
DOSE_LEVEL = re.compile(r"^\s*(?:v|d|d?max|d?min|d?mean)?\s*\d+(?:[.,]\d+)?\s*(?:c?gy|%)?\s*(?:iso\w*)?\s*$", re.IGNORECASE)
"""``50``, ``45Gy``, ``95 %``, ``V20``, ``max 29``."""
DOSE_VOLUME = re.compile(r"(?<![^\W\d_])[vd]\s?(?:\d\d|\d+\s*(?:gy|%))", re.IGNORECASE)
"""The part of an organ that gets a dose: ``Brain V12``."""
CODE = re.compile(r"^\W*(?:[a-z]|[xzq]\d+|[a-z]{1,3}\d{3,})\W*$", re.IGNORECASE)
"""A single letter, or a helper's number: ``R``, ``x11``, ``phy421``."""
SHRUNK = re.compile(r"[a-z]\s?-0\d\b", re.IGNORECASE)
"""TG-263's mark of a structure made smaller: ``Brainstem-03``."""
NO_LETTER = r"(?<![^\W\d_])"
"""A word begins here."""
_LEFT, _RIGHT = "l|left|lt|li|links|g|gauche|sx|sin", "r|right|rt|re|rechts|d|droite?|dx|der"
_JOINED = r"(?:\s*[+&/]\s*|\s+(?:and|et|und|e|en|y)\s+)"
LEFT_AND_RIGHT = re.compile(
    rf"{NO_LETTER}(?:(?:{_LEFT}){_JOINED}(?:{_RIGHT})|(?:{_RIGHT}){_JOINED}(?:{_LEFT}))(?![^\W\d_])", re.IGNORECASE
)
"""Both sides in one structure: ``Parotid L+R``."""
SCAN = re.compile(
    NO_LETTER + r"(?:t[12](?:w|c|ce|gd)?|v(?:er|ersion)?\.?\s?\d|in toto|i?pet|tep|flair|[ckm]vct|cbct)(?![^\W_])", re.IGNORECASE
)
"""The image that a structure was drawn on, or its version: no part of an organ's name."""
INITIALS = re.compile(r"[\s_(-]([A-Z]{2}|[a-z]{2}(?=\)))\W*$")
"""Who drew it: ``Brainstem_JD``, ``left parotid (dn)``."""
NO_INITIALS = re.compile("a[cnp]|bm|c[ace]|e[dx]|fl|g[mp]|h[dr]|ir|l[dnv]|md|nt|ol|p[clo]|rv|si|t[lv]|wm|xx", re.IGNORECASE)
"""Two letters that mean a part or another structure: anterior chamber, grey matter, normal tissue ..."""
SUBGLAND = re.compile(r"\bsub[\s_-]*(?:mand|max|ling)", re.IGNORECASE)
"""Sub-mandibular is a gland, not a part of the mandible."""
CONSTRICTORS = re.compile(r"([Cc]onstrict(?:or|eur)|pcm|PCM)s(?![^\W_])|(CONSTRICT(?:OR|EUR))S(?![^\W_])")
"""The plural of the whole muscle; the S of ``Constrictor_S`` is *superior*."""
ASIDE = re.compile(r"^\s*_|~\s*$|^\s*~")
"""TG-263's marks of structures that are not for evaluation, or drawn in part."""


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
        One of `organs.GROUPS`, a further organ's or a user's own (of an ambiguous name: what it resembles), ``exclude`` or
        ``other``.
    side : str
        Patient's ``L`` or ``R``, ``B`` (both in one), or ``""``.
    status : str
        ``mapped``; ``excluded`` (a helper: PRV, ring, cropped, expanded, couch); ``ambiguous`` (a careful reader would ask);
        ``unknown`` (no organ that a table names).
    """

    name: str
    tg263: str
    group: str
    side: str
    status: str


def read_structure_name(name: str, vocabulary: Vocabulary | None = None) -> StructureName:
    """Read one planned structure name.

    Parameters
    ----------
    vocabulary : Vocabulary, optional
        Default is the built-in one, or the user's on top of it (`name_words.user_names`).
    """
    known = vocabulary or vocabulary_in_use()
    target = read_target(name, words_of(name), known)
    if target is not None:
        return StructureName(name, target.tg263, target.group, target.side, target.status)
    plain = _plain(name)
    letters = [word for word in words_of(plain) if not word.isdigit()]
    if any(sign.search(name) for sign in (ASIDE, DOSE_LEVEL, DOSE_VOLUME, CODE, SHRUNK, DISTANCE)):
        return StructureName(name, "", EXCLUDE, "", EXCLUDED)
    found = _organ([word for word in letters if word not in known.doubt], known)
    if found is None:
        found = _drawn_by(plain, known)
    if found is not None:
        return _named(name, *found, doubtful="?" in name or bool(known.doubt & set(letters)))
    if _is_helper(letters, known) or "opt" in letters or _is_derived(plain, known) or _is_wrapped("".join(letters), known):
        return StructureName(name, "", EXCLUDE, "", EXCLUDED)
    return StructureName(name, "", OTHER, _side_alone(letters, known), UNKNOWN)


def _plain(name: str) -> str:
    """The name without what is said of its image and version; two sides as the word for both."""
    glands = SUBGLAND.sub(lambda found: re.sub(r"[\s_-]", "", found.group().lower()), name)
    muscles = CONSTRICTORS.sub(lambda found: found.group(1) or found.group(2), glands)
    return SCAN.sub(" ", LEFT_AND_RIGHT.sub(" both ", muscles))


def _drawn_by(name: str, known: Vocabulary) -> tuple[Entry, str] | None:
    """The organ in front of somebody's initials."""
    initials = INITIALS.search(name)
    if initials is None or NO_INITIALS.fullmatch(initials.group(1)):
        return None
    if initials.group(1).casefold() in {*known.helper, *known.doubt, *known.sides}:
        return None
    return _organ([word for word in words_of(name[: initials.start()]) if not word.isdigit()], known)


def _named(name: str, entry: Entry, side: str, doubtful: bool) -> StructureName:
    if entry.status == UNKNOWN:
        return StructureName(name, "", OTHER, entry.side or side, UNKNOWN)
    contradicts = bool(entry.side and side and side != entry.side)
    sides = sides_of(entry.group)
    side = entry.side or ("" if side == "B" and not sides else side)
    status = AMBIGUOUS if doubtful or contradicts else entry.status
    if side in ("L", "R") and not sides and entry.group != "gtv":
        status = AMBIGUOUS
    if not side and sides == PAIR:
        status = AMBIGUOUS
    tg263 = entry.tg263 if entry.side else _with_side(entry, side)
    if not tg263:
        tg263, status = entry.tg263, AMBIGUOUS
    return StructureName(name, tg263, entry.group, side, status)


def _with_side(entry: Entry, side: str) -> str:
    """The name of an organ's side, or of both in one; ``""`` where TG-263 has none for both."""
    if entry.group in GROUPS and entry.group not in PAIRED_GROUPS:
        return entry.tg263  # half a mandible is one, too
    if side in ("L", "R"):
        return f"{entry.tg263}_{side}"
    if side != "B":
        return entry.tg263
    if entry.group in PAIRED_GROUPS:
        return f"{entry.tg263}s" if entry.group not in ("lens", "optic_nerve") else ""
    known = further_organs().get(entry.tg263)
    return entry.tg263 if known is None or known.sides == MAY else known.both


def _organ(words: list[str], known: Vocabulary) -> tuple[Entry, str] | None:
    """The entry that the words spell, with the side that they tell; sides may stand anywhere as words, or glued to an end."""
    mended = [known.mended(word) for word in words]
    for tried in (words, mended) if mended != words else (words,):
        found = _with_side_words(tried, known)
        if found is None or not sides_of(found[0].group):
            found = _spelled(tried, known) or found  # the I of Musc_Constrict_I is no izquierdo
        if found is not None:
            return found
    return None


def _with_side_words(words: list[str], known: Vocabulary) -> tuple[Entry, str] | None:
    """Take one word for the side; one that makes a paired organ of the rest wins over none."""
    for k, word in enumerate(words):
        side = known.sides.get(word)
        leads = k == 0 and len(word) == 1 and word.isascii() and word not in GLUED_LETTERS
        if side is None or len(words) == 1 or leads:
            continue
        found = _spelled(words[:k] + words[k + 1 :], known)
        if found is not None and not found[1]:
            return found[0], side
    return None


def _spelled(words: list[str], known: Vocabulary) -> tuple[Entry, str] | None:
    """The entry that words spell, without noise words if need be; a glued side is taken off if the organ needs one."""
    for tried in (words, [word for word in words if word not in known.noise]):
        letters = "".join(tried)
        alone = len(tried) == 1
        for mend in (False, True) if alone or all(len(word) >= LEAST_PART for word in tried) else (False,):
            entry = known.parts.get(known.mended(letters) if mend else letters)
            needs_side = entry is None or (not entry.side and sides_of(entry.group) == PAIR)
            glued = _unglued(letters, known, mend) if needs_side and (alone or not mend) else None
            if glued is not None:
                return glued
            if entry is not None:
                return entry, ""
    return _without_glued_noise("".join(words), known)


def _unglued(letters: str, known: Vocabulary, mend: bool = False) -> tuple[Entry, str] | None:
    for side in known.sides_longest_first:
        if not (letters.startswith(side) or letters.endswith(side)):
            continue
        if len(side) == 1 and side.isascii() and side not in GLUED_LETTERS:
            continue
        for rest in _rests(letters, side):
            entry = known.parts.get(known.mended(rest) if mend else rest)
            if entry is not None and not entry.side and (len(rest) >= LEAST_PART or side in ENGLISH_SIDES or not side.isascii()):
                return entry, known.sides[side]
    return None


def _without_glued_noise(letters: str, known: Vocabulary) -> tuple[Entry, str] | None:
    for noise in known.noise:
        for rest in _rests(letters, noise):
            entry = known.parts.get(rest)
            if entry is not None and (entry.side or sides_of(entry.group) != PAIR):
                return entry, ""
            glued = _unglued(rest, known)
            if glued is not None:
                return glued
    return None


def _rests(letters: str, word: str) -> list[str]:
    """What is left of letters without a word at either end."""
    rests = []
    if len(letters) > len(word):
        if letters.endswith(word):
            rests.append(letters[: -len(word)])
        if letters.startswith(word):
            rests.append(letters[len(word) :])
    return rests


def _side_alone(letters: list[str], known: Vocabulary) -> str:
    """The side of a name whose organ is unknown, if a word of it, or the end of its only word, tells one."""
    if len(letters) < 2:
        return next((side for word, side in known.sides.items() if len(word) > 2 and letters and letters[0].endswith(word)), "")
    told = {known.sides[word] for word in letters if word in known.sides and (len(word) > 1 or word in GLUED_LETTERS)}
    return told.pop() if len(told) == 1 else ""


def _is_helper(words: list[str], known: Vocabulary) -> bool:
    joined = "".join(words)
    return bool(
        known.helper & set(words)
        or any(word.startswith(known.helper_starts) for word in words)
        or any(start in joined for start in known.helper_starts if len(start) >= LEAST_INSIDE)
        or MENTIONED.search(joined)
        or "prv" in joined
    )


def _is_derived(name: str, known: Vocabulary) -> bool:
    """Whether a name joins two organs, at least one of the headline: one cut out of the other, or both together."""
    pieces = [words_of(piece) for piece in JOINERS.split(name)]
    found = [_organ([word for word in piece if not word.isdigit()], known) for piece in pieces if piece]
    groups = [organ[0].group for organ in found if organ is not None]
    return len(groups) > 1 and any(group in GROUPS for group in groups)


def _is_wrapped(letters: str, known: Vocabulary) -> bool:
    """Whether a helper word is glued to an organ: ``optbrain``, ``parotidavoid``."""
    for word in {*known.helper, *known.helper_starts, "opt", "z", "x", "zz", "xx"} - {"sub"}:
        for rest in _rests(letters, word):
            if len(word) > 1 or letters.startswith(word):
                found = _spelled([rest], known)
                if found is not None and len(rest) >= LEAST_PART:
                    return True
    return False
