"""Codes of the standard's own schemes: their meaning is looked up, so that nothing else can stand there."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from functools import cache

from pydicom.dataset import Dataset

from .words import cleaned_text

CODE = ("CodeValue", "CodingSchemeDesignator", "CodeMeaning")
"""What a code is made of; its version and others are words of their own."""
SNOMED_RT, CODE_OF_SNOMED_RT = frozenset({"SRT", "SNM3", "99SDM"}), re.compile(r"[A-Z]\d?-[0-9A-F]{4,5}")
"""The older SNOMED, of which the standard carries no list any more, and the shape of its codes: ``C-111A1``."""
BRACKETS = re.compile(r"[\^\[\]]")
"""Isotopes are written ``^18^Fluorine``."""


def clean_code(item: Dataset, forbidden: Collection[str]) -> bool:
    """Make a code of what the standard knows, in place; False where nothing may be told of it."""
    value, scheme, meaning = (str(item.get(keyword) or "") for keyword in CODE)
    known = _meanings().get((scheme, value))
    plain = BRACKETS.sub(" ", meaning)
    if known is None:
        older = scheme in SNOMED_RT and CODE_OF_SNOMED_RT.fullmatch(value) is not None
        return older and cleaned_text(plain, forbidden).split() == plain.split()
    if " ".join(plain.split()).casefold() != " ".join(BRACKETS.sub(" ", known).split()).casefold():
        item.CodeMeaning = known
    return True


@cache
def _meanings() -> Mapping[tuple[str, str], str]:
    """What each code of the standard's context groups means, by scheme and value."""
    from pydicom.sr.codedict import codes  # large: read only where headers are cleaned

    found: dict[tuple[str, str], str] = {}
    for scheme in codes.schemes():
        for concept in getattr(codes, scheme).concepts.values():
            found[(concept.scheme_designator, concept.value)] = concept.meaning
    return found
