"""Damages DICOM files on purpose, by seed: cut, swapped tags, wrong VR, huge lengths, lost or foreign references, odd values."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

PREAMBLE_BYTES = 132
LONG_VRS = frozenset({b"OB", b"OW", b"SQ", b"UN", b"UT", b"UC", b"UR", b"OF", b"OD", b"OL"})
VRS = (
    b"AE",
    b"CS",
    b"DA",
    b"DS",
    b"FD",
    b"FL",
    b"IS",
    b"LO",
    b"OB",
    b"OW",
    b"PN",
    b"SQ",
    b"SS",
    b"UI",
    b"UL",
    b"UN",
    b"US",
    b"ZZ",
)
DELIMITERS = frozenset({0xE000, 0xE00D, 0xE0DD})
UNDEFINED = 0xFFFFFFFF
ODD_TEXTS = (b"NaN", b"inf", b"-1", b"0", b"1e308", b"1e-300", b"99999999999999", b"\xff\xfe\x00", b"\\\\\\", b"x", b"1.2.3", b"")
ODD_NUMBERS = (0, 1, 0x7FFF, 0x8000, 0xFFFF)
PIXELS = b"\xe0\x7f\x10\x00"


@dataclass(frozen=True)
class Place:
    """Where one element lies in the bytes of an explicit little endian file."""

    tag_at: int
    vr: bytes
    length_at: int
    length_bytes: int
    value_at: int
    length: int

    @property
    def end(self) -> int:
        return self.value_at + (0 if self.length == UNDEFINED else self.length)


def places(content: bytes) -> list[Place]:
    """All elements of a file, those in sequences included."""
    return list(_walk(content, PREAMBLE_BYTES, len(content)))


def _walk(content: bytes, position: int, end: int) -> Iterator[Place]:
    while position + 8 <= end:
        group, element = struct.unpack_from("<HH", content, position)
        if group == 0xFFFE and element in DELIMITERS:
            position += 8
            continue
        vr = content[position + 4 : position + 6]
        long = vr in LONG_VRS
        length_at, length_bytes = (position + 8, 4) if long else (position + 6, 2)
        length = int.from_bytes(content[length_at : length_at + length_bytes], "little")
        place = Place(position, vr, length_at, length_bytes, length_at + length_bytes, length)
        yield place
        position = place.value_at if vr == b"SQ" or length == UNDEFINED else place.end


def mutated(content: bytes, seed: int) -> tuple[bytes, str]:
    """One damaged copy of a file and what was done to it; the same seed does the same."""
    random = np.random.default_rng(seed)
    found = [place for place in places(content) if content[place.tag_at : place.tag_at + 4] != PIXELS or random.random() < 0.5]
    kind = KINDS[int(random.integers(len(KINDS)))]
    return kind(content, found, random), kind.__name__.strip("_")


def _one(found: list[Place], random: np.random.Generator, vrs: tuple[bytes, ...] = ()) -> Place:
    chosen = [place for place in found if not vrs or place.vr in vrs] or found
    return chosen[int(random.integers(len(chosen)))]


def _truncated(content: bytes, found: list[Place], random: np.random.Generator) -> bytes:
    return content[: int(random.integers(len(content)))]


def _swapped_tags(content: bytes, found: list[Place], random: np.random.Generator) -> bytes:
    one, other = _one(found, random).tag_at, _one(found, random).tag_at
    result = bytearray(content)
    result[one : one + 4], result[other : other + 4] = content[other : other + 4], content[one : one + 4]
    return bytes(result)


def _wrong_vr(content: bytes, found: list[Place], random: np.random.Generator) -> bytes:
    at = _one(found, random).tag_at + 4
    return content[:at] + VRS[int(random.integers(len(VRS)))] + content[at + 2 :]


def _wrong_length(content: bytes, found: list[Place], random: np.random.Generator) -> bytes:
    place = _one(found, random)
    most = (1 << 8 * place.length_bytes) - 1
    wanted = (most, most - 1, most // 2, place.length + 2, max(0, place.length - 2), int(random.integers(most)))
    length = wanted[int(random.integers(len(wanted)))] & most
    return content[: place.length_at] + length.to_bytes(place.length_bytes, "little") + content[place.value_at :]


def _lost_element(content: bytes, found: list[Place], random: np.random.Generator) -> bytes:
    place = _one(found, random)
    return content[: place.tag_at] + content[place.end :]


def _lost_reference(content: bytes, found: list[Place], random: np.random.Generator) -> bytes:
    place = _one(found, random, (b"UI",))
    return content[: place.tag_at] + content[place.end :]


def _foreign_reference(content: bytes, found: list[Place], random: np.random.Generator) -> bytes:
    place = _one(found, random, (b"UI",))
    uid = f"1.2.3.{random.integers(1 << 60)}".encode()[: place.length].ljust(place.length, b"\0")
    return content[: place.value_at] + uid + content[place.value_at + place.length :]


def _odd_value(content: bytes, found: list[Place], random: np.random.Generator) -> bytes:
    place = _one(found, random, (b"DS", b"IS", b"US", b"UI", b"CS", b"LO"))
    if place.vr == b"US":
        odd = int(ODD_NUMBERS[int(random.integers(len(ODD_NUMBERS)))]).to_bytes(2, "little")
        return content[: place.value_at] + odd + content[place.value_at + 2 :]
    text = ODD_TEXTS[int(random.integers(len(ODD_TEXTS)))]
    text = text + b" " * (len(text) % 2)
    length = len(text).to_bytes(place.length_bytes, "little")
    return content[: place.length_at] + length + text + content[place.end :]


def _flipped_bits(content: bytes, found: list[Place], random: np.random.Generator) -> bytes:
    result = bytearray(content)
    header = found[-1].value_at
    for at in random.integers(0, header if random.random() < 0.8 else len(content), int(random.integers(1, 9))):
        result[int(at)] ^= 1 << int(random.integers(8))
    return bytes(result)


def _zeroed_span(content: bytes, found: list[Place], random: np.random.Generator) -> bytes:
    begin = int(random.integers(len(content)))
    length = int(random.integers(1, 400))
    return content[:begin] + bytes(min(length, len(content) - begin)) + content[begin + length :]


def _inserted_bytes(content: bytes, found: list[Place], random: np.random.Generator) -> bytes:
    at = _one(found, random).tag_at
    return content[:at] + random.bytes(int(random.integers(1, 64))) + content[at:]


def _doubled_element(content: bytes, found: list[Place], random: np.random.Generator) -> bytes:
    place = _one(found, random)
    return content[: place.end] + content[place.tag_at : place.end] + content[place.end :]


KINDS: tuple[Callable[[bytes, list[Place], np.random.Generator], bytes], ...] = (
    _truncated,
    _swapped_tags,
    _wrong_vr,
    _wrong_length,
    _lost_element,
    _lost_reference,
    _foreign_reference,
    _odd_value,
    _odd_value,
    _flipped_bits,
    _zeroed_span,
    _inserted_bytes,
    _doubled_element,
)
