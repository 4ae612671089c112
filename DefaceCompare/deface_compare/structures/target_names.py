"""Names of targets: GTV, CTV and PTV with nodes, primaries, dose levels and sides."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .name_words import Vocabulary

KINDS = re.compile(r"^(left|right|lt|rt|l|r)?(?:all|total|tot|pre|op|chemo|the|old|sum)*(gtv|ctv|ptv)(.*)$")
MENTIONED = re.compile(r"gtv|ctv|ptv|.itv")
DISTANCE = re.compile(r"\d\s*(?:mm|cm)\b|[+]\s*\d", re.IGNORECASE)
"""An expansion: ``+5``, ``3mm``."""
SIZE = "<"
"""``GTV GG < 1cm``: a size, no expansion."""
NODAL = re.compile(r"^(?:n\d*|nd|nod|nodal|nodale|lns?|lk|ganglions?|ganglios?|adp|ggs?|g|gg[divxg]+|nodes?.*)$")
PRIMARY = re.compile(r"^(?:p|t|primaire|primary|prim|primario|tumor|tumour|primarius)$")
SUBSITES = ("larynx", "pharynx", "nasopharynx", "oropharynx", "hypopharynx", "tongue", "tonsil")
"""A GTV named after one of these is the primary."""
SIDE_WORDS = {
    **dict.fromkeys(("l", "lt", "left", "lft", "li", "links", "linke", "gauche", "gche", "gch", "ghe", "izq", "izda"), "L"),
    **dict.fromkeys(("izquierda", "izquierdo", "sx", "sinistra", "sinistro", "esq", "venstre", "lneck", "lb", "nl"), "L"),
    **dict.fromkeys(("r", "rt", "right", "rgt", "re", "rechts", "rechte", "droite", "droit", "dte", "drt", "der", "dcha"), "R"),
    **dict.fromkeys(("derecha", "derecho", "dx", "destra", "destro", "dir", "hojre", "rneck", "rb", "nr", "d"), "R"),
}
"""Words of a target's name that tell its side. A lone G does not: it stands for *ganglion* as often as for *gauche*."""
NODE_SIDE = re.compile(r"gg[ivx]*([dg])$")
"""French node levels with a side: ``ggIIID``."""
NODE_CODE = re.compile(r"^(?:i{1,3}|iv|v)?g\d$", re.IGNORECASE)
"""French node levels without more (``IIG2``): a nodal GTV, or not."""
ALLOWED = frozenset({"et", "high", "dose", "in", "boost", "initial", "final", "post", "plan"})
"""Helper words that a target's own name may hold."""
LEAST_GLUED = 4
"""Helper words of fewer letters are not looked for inside words."""
IN_DOUBT = frozenset({"gh"})
"""Endings of which nobody knows what they mean (``PTV63 GH``)."""


@dataclass(frozen=True)
class TargetName:
    """How a target's name is read (see `structure_names.StructureName`)."""

    tg263: str
    group: str
    side: str
    status: str


def read_target(name: str, words: list[str], known: Vocabulary) -> TargetName | None:
    """Read a GTV, CTV or PTV name; None if the name is not one (a derived name that only mentions a target is not)."""
    letters = [word for word in words if not word.isdigit()]
    if NODE_CODE.match(name.strip()):
        return TargetName("GTV", "gtv", "", "ambiguous")
    match = KINDS.match("".join(letters))
    if match is None or (DISTANCE.search(name) and SIZE not in name):
        return None
    before, kind, rest = match.groups()
    helper = ((known.helper - ALLOWED) | {"opt"}) & set(letters)
    organs = [word for word in letters if len(word) > 3 and word in known.parts and word not in SUBSITES]
    glued = rest.endswith("opt") or any(len(word) >= LEAST_GLUED and rest.endswith(word) for word in known.helper - ALLOWED)
    if helper or glued or organs or MENTIONED.search(rest) or any(word.startswith(known.helper_starts) for word in letters):
        return None
    if (known.doubt - ALLOWED) & set(letters) or ("sib" in letters and kind == "gtv") or IN_DOUBT & set(letters):
        return TargetName(kind.upper(), kind, "", "ambiguous")
    tail = [word for word in (word.split(kind, 1)[1] if kind in word else word for word in letters) if word]
    suffix = ""
    if kind == "gtv":
        primary = any(PRIMARY.match(word) or word in SUBSITES for word in tail)
        suffix = "n" if any(map(NODAL.match, tail)) else "p" if primary else ""
    return TargetName(kind.upper() + suffix, kind, _side(before, tail, rest), "mapped")


def _side(before: str | None, tail: list[str], rest: str) -> str:
    told = {"L" if before.startswith("l") else "R"} if before else set()
    told |= {SIDE_WORDS[word] for word in tail if word in SIDE_WORDS}
    if match := NODE_SIDE.search(rest):
        told.add("L" if match.group(1) == "g" else "R")
    return told.pop() if len(told) == 1 else ""
