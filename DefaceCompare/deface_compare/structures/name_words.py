"""The vocabulary of structure names: ``data/structure_names.csv``, with a user's own table on top.

A row of the table is a part of a name and what it means. Rows of the group ``word`` tell words: ``concept`` (an idea in one
language: ``nerf`` is a *nerve*), ``side``, ``noise``, ``doubt``, ``helper``, ``helper_start``. Other rows tell organs, either
spelled out (``sehnerv``) or as concepts in braces (``{optic}{nerve}``: every word for the one before every word for the other).
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache
from itertools import product
from pathlib import Path

from ..data import data_text
from ..errors import UnusableInput

COLUMNS = ("part", "tg263", "group", "side", "status")
"""Columns that a table must have; ``language`` is for readers only."""
CONCEPT = re.compile(r"\{(\w+)\}")
LETTERS = str.maketrans({"ł": "l", "Ł": "L", "ø": "o", "Ø": "O", "œ": "oe", "Œ": "OE", "ß": "ss", "ı": "i", "æ": "ae", "Æ": "AE"})
"""Letters that Unicode does not split into a base letter and an accent."""
LEAST_MENDED = 7
"""Words of fewer letters are never taken for misspelt (but for two letters exchanged): too many other words are near."""
LEAST_EXCHANGED = 6
"""Words of fewer letters are not mended at all."""
UMLAUTS = re.compile("([aou])e")
"""Umlauts in two letters: ``Mundhoehle``."""


@dataclass(frozen=True)
class Entry:
    """What a spelled-out part means."""

    tg263: str
    group: str
    side: str
    status: str


@dataclass(frozen=True)
class Vocabulary:
    """The table: name parts that mean an organ, and words by what they tell."""

    parts: Mapping[str, Entry]
    sides: Mapping[str, str]
    sides_longest_first: tuple[str, ...]
    noise: frozenset[str]
    doubt: frozenset[str]
    helper: frozenset[str]
    helper_starts: tuple[str, ...]
    long_words: Mapping[tuple[str, int], Mapping[str, object]]
    """Words that may be misspelt, and what each means, by first letter and length."""
    known: frozenset[str]
    """All words and parts: none of them is a misspelling of another one."""
    _mended: dict[str, str] = field(default_factory=dict, repr=False, compare=False)

    def mended(self, word: str) -> str:
        """The word that is meant: itself, or a long word that one slip makes it of, if all such words mean the same.

        A slip is one letter left out, put in or mistaken, or two exchanged, and never the first letter.
        """
        if word in self.known or len(word) < LEAST_EXCHANGED or not word.isascii():
            return word
        if word not in self._mended:
            plain = UMLAUTS.sub(r"\1", word)
            near = [bucket for size in (-1, 0, 1) if (bucket := self.long_words.get((word[0], len(word) + size)))]
            meant = {other: idea for bucket in near for other, idea in bucket.items() if _is_slip(word, other)}
            one = min(meant, default=word) if len(set(meant.values())) == 1 else word
            self._mended[word] = plain if plain in self.known else one
        return self._mended[word]


def vocabulary_of(rows: Iterable[Mapping[str, str]]) -> Vocabulary:
    """Make a vocabulary from rows of the table; later rows win."""
    rows = list(rows)
    words: dict[str, dict[str, str]] = {}
    concepts: dict[str, list[str]] = {}
    for row in rows:
        if row["group"] == "word":
            words.setdefault(row["status"], {})["".join(words_of(row["part"]))] = row["side"]
        if row["group"] == "word" and row["status"] == "concept":
            concepts.setdefault(row["tg263"], []).append("".join(words_of(row["part"])))
    parts: dict[str, Entry] = {}
    for row in rows:
        if row["group"] != "word":
            entry = Entry(row["tg263"], row["group"], row["side"], row["status"])
            parts.update(dict.fromkeys(_spelled(row["part"], concepts), entry))
    sides = words.get("side", {})
    ideas: dict[str, object] = dict(parts)
    for concept, spelled in concepts.items():
        ideas.update((word, parts.get(word, concept)) for word in spelled)
    long_words: dict[tuple[str, int], dict[str, object]] = {}
    for word, idea in ideas.items():
        if len(word) >= LEAST_EXCHANGED and word.isascii():
            long_words.setdefault((word[0], len(word)), {})[word] = idea
    return Vocabulary(
        parts=parts,
        sides=sides,
        sides_longest_first=tuple(sorted(sides, key=lambda side: (-len(side), side))),
        noise=frozenset(words.get("noise", {})),
        doubt=frozenset(words.get("doubt", {})),
        helper=frozenset(words.get("helper", {})),
        helper_starts=tuple(words.get("helper_start", {})),
        long_words=long_words,
        known=frozenset({*ideas, *(word for kind in words.values() for word in kind)}),
    )


def _spelled(part: str, concepts: Mapping[str, list[str]]) -> Iterator[str]:
    """All spellings of a part; concepts in braces are replaced by each of their words."""
    pieces = CONCEPT.split(part)
    choices = [concepts.get(piece, []) if k % 2 else ["".join(words_of(piece))] for k, piece in enumerate(pieces)]
    for chosen in product(*choices):
        yield "".join(chosen)


def _is_slip(wrong: str, word: str) -> bool:
    """Whether one slip of the pen makes `wrong` of `word`; their lengths differ by one at most."""
    first = next((k for k, (a, b) in enumerate(zip(wrong, word, strict=False)) if a != b), min(len(wrong), len(word)))
    if len(wrong) == len(word):
        exchanged = word[:first] + word[first + 1 : first + 2] + word[first : first + 1] + word[first + 2 :]
        if wrong == exchanged:
            return True
    if max(len(word), len(wrong)) < LEAST_MENDED or wrong[-1] != word[-1]:
        return False
    return wrong[first + (len(wrong) >= len(word)) :] == word[first + (len(wrong) <= len(word)) :]


def words_of(name: str) -> list[str]:
    """Words in lower case without accents, cut at separators, case changes and digits."""
    plain = unicodedata.normalize("NFKD", name).translate(LETTERS)
    plain = "".join(c for c in plain if not unicodedata.combining(c) or c in "\u3099\u309a")
    cut = re.sub(r"(?<=[a-zа-я])(?=[A-ZА-Я])", " ", plain)
    return re.findall(r"[^\W\d_]+|\d+", cut.casefold())


def read_table(path: Path) -> list[dict[str, str]]:
    """Read a user's table: a CSV file with the columns ``part,tg263,group,side,status``.

    Raises
    ------
    UnusableInput
        If the file cannot be read or lacks a column.
    """
    try:
        rows = list(csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines()))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UnusableInput(f"the table of structure names {path.name} cannot be read; give a CSV file in UTF-8") from error
    missing = [column for column in COLUMNS if rows and rows[0].get(column) is None]
    if missing or not rows:
        raise UnusableInput(f"the table of structure names {path.name} must have rows with the columns {','.join(COLUMNS)}")
    _refuse_two_meanings(rows, path.name)
    return rows


def _refuse_two_meanings(rows: Sequence[Mapping[str, str]], name: str) -> None:
    """Raise `UnusableInput` if a spelling stands in a table twice and means two things: the last one would win in silence."""
    meant: dict[str, tuple[int, tuple[str, ...]]] = {}
    for line, row in enumerate(rows, 2):
        meaning = tuple(row.get(column) or "" for column in COLUMNS[1:])
        before, known = meant.setdefault("".join(words_of(row["part"] or "")), (line, meaning))
        if known != meaning:
            raise UnusableInput(
                f"the table of structure names {name} gives one spelling two meanings (lines {before} and {line})"
            )


@cache
def built_in_rows() -> tuple[Mapping[str, str], ...]:
    """The rows of ``data/structure_names.csv``."""
    text = data_text("structure_names.csv")
    return tuple(csv.DictReader(text.splitlines()))


@cache
def built_in() -> Vocabulary:
    """The vocabulary of ``data/structure_names.csv``."""
    return vocabulary_of(built_in_rows())


_IN_USE: ContextVar[Vocabulary | None] = ContextVar("structure names in use", default=None)


def vocabulary_in_use() -> Vocabulary:
    """The built-in vocabulary, or the one that `user_names` put on top of it."""
    return _IN_USE.get() or built_in()


@contextmanager
def user_names(path: Path | None) -> Iterator[None]:
    """Read names with a user's table on top of the built-in one; None changes nothing. A word means what the user says only.

    Raises
    ------
    UnusableInput
        If the table cannot be used.
    """
    if path is None:
        yield
        return
    own = read_table(path)
    told = {"".join(words_of(row["part"])) for row in own if row["group"] == "word"}
    others = (row for row in built_in_rows() if row["group"] != "word" or "".join(words_of(row["part"])) not in told)
    token = _IN_USE.set(vocabulary_of((*others, *own)))
    try:
        yield
    finally:
        _IN_USE.reset(token)
