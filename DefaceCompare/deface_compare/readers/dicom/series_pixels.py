"""The voxels of a series: every slice by its own header, in the smallest type that holds all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...case import StoredForm
from ...errors import UnusableInput
from .header import Header, naming, value_of
from .jpeg2000 import refuse_other_sign
from .modality_map import Line, modality_map
from .negatives import is_inverted, tell_slopes_below_zero
from .padding import fill_padding, padded_voxels
from .real_world import real_world, real_world_line
from .slice_pixels import GREY, NEGATIVE, PALETTE, SlicePixels
from .stored_pixels import (
    allocated_pixels_of,
    fitting_bits_below,
    is_longer_than_stated,
    lost_bits,
    stated_bits_below,
    within_bits,
)

CT_TYPES = (np.dtype(np.int16), np.dtype(np.int32))
OTHER_TYPES = (np.dtype(np.int16), np.dtype(np.uint16), np.dtype(np.int32))


@dataclass(frozen=True)
class SeriesPixels:
    """The values of a series, shape (slices, rows, columns), how they came from the files, and what a reader must know."""

    values: NDArray[np.generic]
    form: StoredForm
    notes: tuple[str, ...]


def read_series_pixels(headers: Sequence[Header], name: str, factor: float = 1.0) -> SeriesPixels:
    """Read the pixels of a series and bring them to the values that its headers state.

    Parameters
    ----------
    headers : sequence of Header
        In order, of one size.
    name : str
        What the series is called in sentences.
    factor : float
        On the values that slope and intercept give.

    Raises
    ------
    UnusableInput
        If a file cannot be decoded, or the headers do not tell what its integers stand for.
    """
    _refuse_half_stated(headers, name)
    notes: list[str] = []
    mapped = headers[0].text("Modality") != "PT" and real_world(headers).alone
    _judge_interpretation(headers, name, notes)
    slices, bits_below = _slices(headers, name, notes)
    if mapped:
        for each in slices:
            each.stored_as = real_world_line(each.data)
    inverted = is_inverted(slices, name, notes)
    tell_slopes_below_zero(slices, notes)
    for each in slices:
        if inverted and each.is_negative:
            each.stored_as = each.stored_as.inverted(each.data)
        each.stored_as = each.stored_as.scaled(factor)
    values = _values(slices)
    padding = _fill_padding(values, slices, notes)
    _tell_doubly_stated(slices, name, notes)
    return SeriesPixels(values, StoredForm(bits_below, inverted, factor, padding, real_world=mapped), tuple(notes))


def _refuse_half_stated(headers: Sequence[Header], name: str) -> None:
    """A slope in some slices only: the others' values are unknown."""
    for keyword in ("RescaleSlope", "RescaleIntercept", "ModalityLUTSequence"):
        stating = sum(value_of(header.dataset, keyword) not in (None, "") for header in headers)
        if 0 < stating < len(headers):
            raise UnusableInput(
                f"{name} states {keyword} in {stating} of its {len(headers)} slices only, so the values of the others are"
                " unknown; export it again"
            )


def _judge_interpretation(headers: Sequence[Header], name: str, notes: list[str]) -> None:
    """Tell of slices that say of no grey picture that they are one.

    Raises
    ------
    UnusableInput
        If integers stand for colours.
    """
    stated = {header.text("PhotometricInterpretation").upper() for header in headers}
    if PALETTE in stated:
        raise UnusableInput(f"{name} holds numbers of colours ({PALETTE}), not values of a scan")
    odd = sorted(stated - {NEGATIVE, GREY, ""})
    if odd:
        notes.append(f"PhotometricInterpretation {', '.join(odd)} is none of a grey picture: taken for {GREY}")
    if "" in stated:
        notes.append(f"slices state no PhotometricInterpretation: taken for {GREY}")


def _slices(headers: Sequence[Header], name: str, notes: list[str]) -> tuple[list[SlicePixels], int]:
    """All slices, and how many unused bits lie below their stored ones."""
    with naming(headers[0].path):
        allocated = allocated_pixels_of(headers)
    _judge_lengths(headers, notes)
    bits_below = _bits_below(headers, allocated, name, notes)
    slices, lost = [], 0
    for header, raw in zip(headers, allocated, strict=True):
        with naming(header.path):
            stored = within_bits(raw, header.dataset, bits_below)
            refuse_other_sign(header, stored)
            padded = padded_voxels(header.dataset, stored, raw)
            slices.append(SlicePixels(header, stored, modality_map(header.dataset, name), padded))
            lost |= 0 if bits_below else lost_bits(raw, header.dataset, padded)
    _judge_lost_bits(lost, name, notes)
    _refuse_doubtful_signs(slices, name)
    return slices, bits_below


def _judge_lengths(headers: Sequence[Header], notes: list[str]) -> None:
    """Tell of bytes after the pixels of some slices; where all slices have them, their headers are wrong.

    Raises
    ------
    UnusableInput
        If all slices hold more pixels than they say.
    """
    longer = [header for header in headers if is_longer_than_stated(header)]
    if len(longer) == len(headers):
        raise UnusableInput(
            f"{longer[0].path.name} and all slices of its series hold more pixels than they say (rows, columns or bits); export"
            " them again from their archive"
        )
    if longer:
        notes.append(f"{len(longer)} of {len(headers)} slices hold bytes after their last pixel, which were not read")


def _judge_lost_bits(lost: int, name: str, notes: list[str]) -> None:
    """Tell of one bit above the stored ones, which is likely an overlay; more of them are part of the values.

    Raises
    ------
    UnusableInput
        If pixels use several such bits.
    """
    if lost.bit_count() > 1:
        raise UnusableInput(f"{name} holds numbers beyond its stored bits (BitsStored); export it again from its archive")
    if lost:
        notes.append("pixels use one bit above the stored ones (BitsStored): it was taken for an overlay and left out")


def _refuse_doubtful_signs(slices: Sequence[SlicePixels], name: str) -> None:
    """Raise `UnusableInput` if some slices are signed, and others, which are not, use the bit of the sign."""
    signed = sum(bool(int(each.data.PixelRepresentation)) for each in slices)
    unsigned = [each for each in slices if not int(each.data.PixelRepresentation)]
    if signed and any(int(each.stored.max()) >> (int(each.data.BitsStored) - 1) for each in unsigned):
        raise UnusableInput(
            f"{name} states signed pixels in {signed} of its {len(slices)} slices only, and the others may be so, too;"
            " export it again from its archive"
        )


def _bits_below(headers: Sequence[Header], allocated: Sequence[NDArray[np.integer]], name: str, notes: list[str]) -> int:
    """Where the stored bits lie: as HighBit says, or lowest where the pixels show that it errs."""
    stated = {stated_bits_below(header.dataset) for header in headers}
    if stated == {0}:
        return 0
    fitting = set.intersection(*(fitting_bits_below(raw, header.dataset) for header, raw in zip(headers, allocated, strict=True)))
    if len(stated) > 1 or not fitting:
        raise UnusableInput(f"{name} states a HighBit that its pixels do not follow; export it again from its archive")
    (below,) = stated
    if below in fitting:
        return below
    notes.append("HighBit is not one less than BitsStored, but the pixels are stored as if it were")
    return 0


def _values(slices: Sequence[SlicePixels]) -> NDArray[np.generic]:
    """The values of all slices, shape (slices, rows, columns)."""
    kind = _type(slices)
    values = np.empty((len(slices), *slices[0].stored.shape), kind)
    for plane, each in zip(values, slices, strict=True):
        if kind.kind == "f":
            plane[...] = each.stored_as.values(each.stored)
        elif isinstance(each.stored_as, Line) and each.stored_as.slope == 1:
            wide = np.int32 if each.stored.dtype.itemsize < 4 else np.int64
            np.add(each.stored, wide(each.stored_as.intercept), out=plane, dtype=wide, casting="unsafe")
        else:
            plane[...] = np.rint(each.stored_as.values(each.stored))
    return values


def _type(slices: Sequence[SlicePixels]) -> np.dtype:
    """The smallest type that holds all values: whole for CT and MR if they are (of MR the files' own before others)."""
    modality = slices[0].header.text("Modality")
    if modality == "PT" or not all(each.stored_as.is_whole for each in slices):
        return np.dtype(np.float32)
    extremes = np.concatenate([each.stored_as.values(_extremes(each)) for each in slices])
    low, high = float(extremes.min()), float(extremes.max())
    for kind in CT_TYPES if modality == "CT" else (slices[0].stored.dtype, *OTHER_TYPES):
        if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max:
            return np.dtype(kind)
    return np.dtype(np.float64)


def _extremes(each: SlicePixels) -> NDArray[np.integer]:
    """Stored integers among which the least and the largest value are."""
    return np.array([each.stored.min(), each.stored.max()]) if isinstance(each.stored_as, Line) else np.unique(each.stored)


def _fill_padding(values: NDArray[np.generic], slices: Sequence[SlicePixels], notes: list[str]) -> float | None:
    """Give voxels beyond the field of view the value of air, where the padding value is none; the value given, or None."""
    padded = {k: each.padded for k, each in enumerate(slices) if each.padded is not None and each.padded.any()}
    is_ct = slices[0].header.text("Modality") == "CT"
    return fill_padding(values, padded, notes, is_ct=is_ct, begins_below_zero=_begins_below_zero(slices))


def _begins_below_zero(slices: Sequence[SlicePixels]) -> bool:
    """Whether the least stored integers stand for values below 0, as a CT's do although it may hold none without padding."""
    return any(isinstance(each.stored_as, Line) and each.stored_as.intercept < 0 for each in slices)


def _tell_doubly_stated(slices: Sequence[SlicePixels], name: str, notes: list[str]) -> None:
    """That a lookup table was used although there are slope and intercept, too."""
    both = [each for each in slices if each.data.get("ModalityLUTSequence") and each.data.get("RescaleSlope") not in (None, "")]
    for each in both:
        line = Line(float(each.data.RescaleSlope), float(each.data.get("RescaleIntercept") or 0))
        if not np.array_equal(line.values(each.stored), modality_map(each.data, name).values(each.stored)):
            notes.append("the headers state values twice: the modality lookup table was used, not slope and intercept")
            return
