"""Searches every written file for what the source holds of an identity: values, raw bytes in several alphabets, file names."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from functools import cached_property
from pathlib import Path

from pydicom import dcmread
from pydicom.dataset import Dataset

from .identity_wanted import FEWEST_DIGITS, UIDS, Wanted, folded, values_of, words_in

CHARACTER_SETS = (
    *("latin-1", "utf-8"),
    *("iso8859-2", "iso8859-5", "iso8859-7", "iso8859-8", "iso8859-9", "shift_jis", "iso2022_jp", "euc_kr", "gb18030", "cp1252"),
)
"""Bytes are read in each of these; but for the first two only where something is looked for that ASCII lacks."""
ASCII_SETS = 2
LONG_NUMBERS = re.compile(rb"[0-9.\-+eE\\ ]{48,}")
"""Coordinates and the like: digits in them are chance."""
GLUED_FROM = 6
"""Words of so many letters are also found inside others (``MuellerCT``)."""
FREE_TEXT_VRS = frozenset({"PN", "LO", "SH", "ST", "LT", "UT", "UC", "AE", "UN"})
CODED = frozenset({"CodeMeaning", "CodeValue", "CodingSchemeDesignator", "DeidentificationMethod", "DerivationDescription"})
"""Texts of the standard's codes, and the export's own: a person may be called like a word of theirs."""
NUMBER_VRS, FEWEST_ANYWHERE = frozenset({"DS"}), 7
"""Measured numbers, and from how many digits a number is looked for in them, too: shorter ones are equal by chance."""
TIMED_VRS = frozenset({"TM", "DT"})


class IdentitySearch:
    """Looks for what is wanted.

    Parameters
    ----------
    wanted : Wanted
    own : collection of str
        Texts that the export itself wrote.
    """

    def __init__(self, wanted: Wanted, own: Collection[str] = ()) -> None:
        self._wanted = wanted
        self._own = sorted((folded(text) for text in own if text), key=len, reverse=True)

    def __len__(self) -> int:
        return len(self._wanted)

    def faults(self, folder: Path, known: Mapping[Path, Collection[str]] | None = None) -> list[str]:
        """One sentence for each attribute of the source whose value is left, with the first file that holds it; no value.

        Parameters
        ----------
        known : mapping of Path to keywords, optional
            What was found in files that were searched already.
        """
        found: dict[str, list[str]] = {}
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            name = path.relative_to(folder).as_posix()
            left = self.in_file(path) if known is None or path not in known else known[path]
            for keyword in dict.fromkeys((*self.in_text(name), *left)):
                found.setdefault(keyword, []).append(name)
        where = {keyword: f"{n[0]} and {len(n) - 1} more files" if len(n) > 1 else n[0] for keyword, n in found.items()}
        return [f"{names}: a value of the source's {keyword} is left" for keyword, names in where.items()]

    def in_file(self, path: Path) -> Iterator[str]:
        """Keywords of what is left in one file."""
        raw = path.read_bytes()
        try:
            data = dcmread(path)
        except Exception:  # no DICOM (the manifest): its bytes are all
            yield from self.in_bytes(raw)
            return
        yield from self.in_read(raw, data)

    def in_read(self, raw: bytes, data: Dataset) -> Iterator[str]:
        """Keywords of what is left in a DICOM file that was read: in its bytes and in its values."""
        pixels = data.get("PixelData")
        yield from self.in_bytes(raw.replace(bytes(pixels), b"") if pixels else raw)
        for keyword, vr, value in values_of(data):
            if not isinstance(value, (bytes, bytearray)) and (vr == "IS" or not isinstance(value, (int, float))):
                yield from self._in_value(keyword, vr, str(value))

    def _in_value(self, keyword: str, vr: str, text: str) -> Iterator[str]:
        plain = self._without_own(folded(text))
        yield from self.in_text(plain)
        if vr not in NUMBER_VRS:
            fewest = FEWEST_DIGITS if vr == "IS" else 0
            met = re.findall(r"(?<![0-9.])\d+(?![0-9])", plain)
            yield from (self._wanted.numbers[n] for n in met if len(n) >= fewest and n in self._wanted.numbers)
        if vr in FREE_TEXT_VRS and keyword not in CODED:
            yield from (self._wanted.common[word] for word in words_in(plain) if word in self._wanted.common)
        if vr in TIMED_VRS:
            digits = re.sub(r"\D", "", plain.split(".")[0].split("+")[0])
            if vr == "DT" and digits[:8] in self._wanted.numbers:
                yield self._wanted.numbers[digits[:8]]
            of_day = (digits[8:] if vr == "DT" else digits)[:6]
            if of_day in self._wanted.times:
                yield self._wanted.times[of_day]
        elif vr in FREE_TEXT_VRS:
            for hour, minute, second in re.findall(r"(?<!\d)(\d\d):(\d\d):(\d\d)(?!\d)", text):
                if hour + minute + second in self._wanted.times:
                    yield self._wanted.times[hour + minute + second]

    def in_bytes(self, raw: bytes) -> Iterator[str]:
        """Keywords of what is left in bytes, read in each alphabet and as two bytes a letter."""
        without = LONG_NUMBERS.sub(b" ", raw)
        for uid in UIDS.findall(raw.decode("latin-1")):
            if uid in self._wanted.uids:
                yield self._wanted.uids[uid]
        for codec in CHARACTER_SETS if self._foreign else CHARACTER_SETS[:ASCII_SETS]:
            yield from self.in_text(without.decode(codec, "ignore"))
        yield from self.in_text(without.replace(b"\0", b"").decode("latin-1"))

    def in_text(self, text: str) -> Iterator[str]:
        """Keywords of what is left in a text."""
        plain = self._without_own(folded(text))
        for word, keyword in self._long.items():
            if word in plain:
                yield keyword
        for pattern, known in ((self._short, self._wanted.words), (self._numbers, self._wanted.numbers)):
            if pattern is not None:
                yield from (known[found] for found in set(pattern.findall(plain)) if found in known)
        for uid in UIDS.findall(plain):
            if uid in self._wanted.uids:
                yield self._wanted.uids[uid]

    def _without_own(self, plain: str) -> str:
        for text in self._own:
            plain = plain.replace(text, " ")
        return plain

    @cached_property
    def _foreign(self) -> bool:
        return any(not word.isascii() for word in self._wanted.words)

    @cached_property
    def _long(self) -> Mapping[str, str]:
        return {w: k for w, k in self._wanted.words.items() if len(w) >= GLUED_FROM or not w.isascii()}

    @cached_property
    def _short(self) -> re.Pattern[str] | None:
        """Short words between anything that is no letter."""
        words = [re.escape(word) for word in self._wanted.words if word not in self._long]
        return re.compile(rf"(?<![a-z])(?:{'|'.join(sorted(words))})(?![a-z])") if words else None

    @cached_property
    def _numbers(self) -> re.Pattern[str] | None:
        """Numbers between anything that is no digit; a dot before digits makes them a part of a UID or of a fraction."""
        long = [number for number in self._wanted.numbers if not number.isdigit() or len(number) >= FEWEST_ANYWHERE]
        numbers = sorted(map(re.escape, long), key=len, reverse=True)
        return re.compile(rf"(?<![0-9.])(?:{'|'.join(numbers)})(?![0-9])") if numbers else None
