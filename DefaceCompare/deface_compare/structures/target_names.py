"""Names of targets: GTV, CTV and PTV with nodes, primaries, dose levels and sides."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .name_words import Vocabulary
from .organs import GROUPS, OTHER, TARGET_GROUPS

KIND = re.compile(r"gtv|ctv|ptv")
MENTIONED = re.compile(r"gtv|ctv|ptv|.itv")
DISTANCE = re.compile(r"\d\s*(?:mm|cm)\b|[+]\s*\d", re.IGNORECASE)
"""An expansion: ``+5``, ``3mm``."""
SIGNS = re.compile(r"[-–+^&\\]")
"""One organ cut out of another, or both together: ``larynx - GTV`` is not the larynx's GTV."""
SIZE = "<"
"""``GTV GG < 1cm``: a size, no expansion."""
NODAL = re.compile(r"^(?:n\d*|nd|nod|nodal|nodale|lns?|lk|ganglions?|ganglios?|adp|ggs?|g|gg[divxg]+|nodes?.*)$")
PRIMARY = re.compile(r"^(?:p|t|primaire|primary|prim|primario|tumor|tumour|primarius)$")
ADJECTIVES = (
    *("all", "total", "tot", "the", "whole", "main", "gross", "bulky", "bulk", "large", "small", "big", "dominant", "index"),
    *(
        "pre",
        "post",
        "op",
        "operative",
        "operatif",
        "operatoire",
        "preop",
        "postop",
        "chemo",
        "chimio",
        "induction",
        "old",
        "new",
    ),
    *("initial", "initiale", "final", "finale", "residual", "residuel", "residuelle", "residu", "recurrent", "recurrence"),
    *("recidive", "recidiva", "relapse", "persistent", "boost", "high", "low", "mid", "middle", "intermediate", "risk", "dose"),
    *("hr", "ir", "lr", "elective", "electif", "elektiv", "prophylactic", "prophylactique", "sib", "plan", "replan", "adaptive"),
    *(
        "adapted",
        "hypoxic",
        "metabolic",
        "avid",
        "active",
        "solid",
        "cystic",
        "necrotic",
        "enhancing",
        "edema",
        "oedema",
        "local",
    ),
    *("locoregional", "regional", "metastatic", "metastasis", "meta", "mets", "met", "satellite", "first", "second", "third"),
    *("anterior", "posterior", "lateral", "medial", "superior", "inferior", "upper", "lower", "bilateral", "neck", "lymph", "ln"),
    *(
        "mri",
        "mr",
        "irm",
        "ct",
        "pet",
        "tep",
        "flair",
        "clinical",
        "tumor",
        "tumour",
        "tumeur",
        "definitive",
        "macroscopic",
        "subclinical",
        "central",
    ),
    *("makro", "macro", "rest", "resttumor", "and", "et"),
)
"""Words that may stand before a target's kind and leave it a target: ``bulky GTV``, ``Post-op GTV``, ``High risk CTV``."""
GLUED = re.compile(rf"^(left|right|lt|rt|l|r)?(?:{'|'.join(sorted(ADJECTIVES, key=len, reverse=True))}|n)*$")
"""What may be glued before the kind: a side, adjectives, the n of nodes."""
PLANNING = re.compile(r"^p$")
"""Glued before GTV or CTV a P is the *planning* target of some countries and the *primary* of others: ``PGTV``."""
LEAST_ADJECTIVE = 3
"""Before a GTV, any other word of so many letters that no table knows is an adjective, too (a place, an observer)."""
SUMMED = frozenset({"sum", "sums", "summed", "summe", "somme", "suma", "summa", "smooth", "smoothed", "merged", "dvh", "diff"})
"""Words of planning helpers made of targets: ``sum_ptvs_smooth``."""
OVERLAPPED = frozenset({
    *("spinal_cord", "spinal_canal", "submandibular_gland", "cochlea", "ear_internal", "ear_middle", "lacrimal_gland", "cornea"),
    *("retina", "optic_tract", "pituitary", "hippocampus", "brachial_plexus", "pharyngeal_constrictor", "lens", "eye"),
    *("pharyngeal_constrictor_superior", "pharyngeal_constrictor_middle", "pharyngeal_constrictor_inferior"),
})  # fmt: skip
"""Further organs that a CTV or PTV meets rather than comes from: with their name it is a planner's overlap."""
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
ALLOWED = frozenset(
    {"et", "and", "high", "dose", "in", "boost", "initial", "final", "post", "plan", "residual", "rest", "central"}
)
"""Helper words that a target's own name may hold."""
ORGAN_GROUPS = tuple(group for group in GROUPS if group not in TARGET_GROUPS)
LEAST_ORGAN = 4
"""Shorter words are no organ's name beside a target's kind."""
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
    letters = _without_radiotherapy([word for word in words if not word.isdigit()])
    if NODE_CODE.match(name.strip()):
        return TargetName("GTV", "gtv", "", "ambiguous")
    at = next((k for k, word in enumerate(letters) if KIND.search(word)), None)
    if at is None or (DISTANCE.search(name) and SIZE not in name):
        return None
    glued, kind, rest = _parted(letters, at)
    if PLANNING.match(glued) and kind != "ptv":
        return TargetName(kind.upper(), kind, "", "ambiguous")
    before = GLUED.match(glued)
    site = kind == "gtv" and not SIGNS.search(name) and _is_site([word for word in letters[:at] if word not in SIDE_WORDS], known)
    if before is None or not (site or all(_is_adjective(word, kind, known) for word in letters[:at])):
        return None
    if _is_planners(kind, letters, rest, known):
        return None
    if rest == "s" and kind != "gtv":
        return TargetName(kind.upper(), kind, "", "ambiguous")
    if (known.doubt - ALLOWED) & set(letters) or ("sib" in letters and kind == "gtv") or IN_DOUBT & set(letters):
        return TargetName(kind.upper(), kind, "", "ambiguous")
    tail = [word for word in (word.split(kind, 1)[1] if kind in word else word for word in letters) if word]
    suffix = ""
    if kind == "gtv":
        primary = site or any(PRIMARY.match(word) or word in SUBSITES for word in tail)
        suffix = "n" if any(map(NODAL.match, tail)) else "p" if primary else ""
    return TargetName(kind.upper() + suffix, kind, _side(before.group(1), tail, rest), "mapped")


def _without_radiotherapy(letters: list[str]) -> list[str]:
    """The words without the RT of ``pre-RT``, which is no side."""
    return [word for k, word in enumerate(letters) if not (word == "rt" and k and letters[k - 1] in ("pre", "post"))]


def _parted(letters: list[str], at: int) -> tuple[str, str, str]:
    """What is glued before the kind, the kind, and all letters after it."""
    found = KIND.search(letters[at])
    assert found is not None
    return letters[at][: found.start()], found.group(), letters[at][found.end() :] + "".join(letters[at + 1 :])


def _is_adjective(word: str, kind: str, known: Vocabulary) -> bool:
    """Whether a word before the kind leaves the name a target's."""
    if word in ADJECTIVES or word in SIDE_WORDS or word in known.noise | known.doubt or NODAL.match(word) or PRIMARY.match(word):
        return True
    return kind == "gtv" and len(word) >= LEAST_ADJECTIVE and word not in known.known


def _is_site(words: list[str], known: Vocabulary) -> bool:
    """Whether words before a GTV spell a place that no headline organ is: ``base of tongue GTV``."""
    entries = [known.parts.get("".join(tried)) for tried in (words, [word for word in words if word not in known.noise])]
    return any(entry is not None and entry.group not in (*GROUPS, OTHER) for entry in entries)


def _is_planners(kind: str, letters: list[str], rest: str, known: Vocabulary) -> bool:
    """Whether words make a planning helper of a target: cut, summed, evaluated, or its overlap with an organ."""
    helper = ((known.helper - ALLOWED) | {"opt"} | SUMMED) & set(letters)
    glued = rest.endswith("opt") or any(
        (len(word) >= LEAST_GLUED or word in SUMMED) and rest.endswith(word) for word in (known.helper | SUMMED) - ALLOWED
    )
    starts = any(word.startswith(known.helper_starts) for word in letters)
    return bool(helper or glued or starts or MENTIONED.search(rest)) or _names_organ(kind, letters, known)


def _names_organ(kind: str, letters: list[str], known: Vocabulary) -> bool:
    """Whether neighbouring words spell an organ of the headline, or for CTV and PTV one that they overlap with."""
    meant = (*ORGAN_GROUPS, *(OVERLAPPED if kind != "gtv" else ()))
    for first in range(len(letters)):
        for last in range(first + 1, len(letters) + 1):
            spelled = "".join(letters[first:last])
            entry = known.parts.get(spelled)
            if entry is not None and entry.group in meant and len(spelled) >= LEAST_ORGAN and spelled not in SUBSITES:
                return True
    return False


def _side(before: str | None, tail: list[str], rest: str) -> str:
    told = {"L" if before.startswith("l") else "R"} if before else set()
    told |= {SIDE_WORDS[word] for word in tail if word in SIDE_WORDS}
    if match := NODE_SIDE.search(rest):
        told.add("L" if match.group(1) == "g" else "R")
    return told.pop() if len(told) == 1 else ""
