"""Texts without what could name somebody: only words of the field stay."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import cache

from ...data import data_text

WORD_LIST = "technical_words.txt"
COMMENT = "#"
DATE_LIKE = re.compile(r"\d{1,4}\s?[-./:]\s?\d{1,2}\s?[-./:]\s?\d{1,4}")
"""Numbers in the spelling of a date or a clock."""
PIECE = re.compile(r"[^\W_]+")
SHORT_NUMBER = re.compile(r"\d{1,3}(?:mm|cm|d|w|min|s|h|mv|kv|ms|mhz|gy|hz|t)?|[tb]\d{1,3}[a-z]?|\d?[tm]?e\d|p\d|\dd")
"""Numbers of a protocol: ``3D``, ``5mm``, ``b1000`` has four digits and goes."""
MOST_NUMBERS = 2
"""A text with more numbers could spell a telephone number or a date."""


def folded(text: str) -> str:
    """Lower case without accents, so that spellings of one name are equal."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in plain if not unicodedata.combining(letter))


@cache
def technical_words() -> frozenset[str]:
    """The words of the list, in lower case."""
    lines = data_text(WORD_LIST).splitlines()
    return frozenset(piece for line in lines if not line.startswith(COMMENT) for piece in _pieces(line))


def _pieces(text: str) -> list[str]:
    return [folded(piece) for piece in PIECE.findall(text)]


def is_technical(text: str, forbidden: Iterable[str] = ()) -> bool:
    """Whether all words of a text are of the field and none is a part of the patient's identity."""
    return cleaned_text(text, forbidden) == text.strip()


def cleaned_text(text: str, forbidden: Iterable[str] = ()) -> str:
    """The words of a text that are of the field; the text itself where all are.

    Parameters
    ----------
    text : str
    forbidden : iterable of str
        Parts of names and identifiers of the patient's objects, in lower case: they go although they are words of the field.
    """
    stays, without = technical_words(), DATE_LIKE.sub(" ", text)
    barred = frozenset(forbidden)
    pieces = PIECE.findall(without)
    numbers = [piece for piece in pieces if any(c.isdigit() for c in piece) and folded(piece) not in stays]
    kept = [
        piece
        for piece in pieces
        if folded(piece) not in barred
        and (folded(piece) in stays or (len(numbers) <= MOST_NUMBERS and SHORT_NUMBER.fullmatch(folded(piece))))
    ]
    return text.strip() if without == text and kept == pieces and text.isascii() else " ".join(kept)
