"""The voxels of a series: every slice by its own header, in the smallest type that holds all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from ...case import StoredForm
from ...errors import UnusableInput
from .header import Header, naming
from .modality_map import Line, ModalityMap, modality_map
from .padding import beyond_view, fill_padding, padded_voxels
from .real_world import real_world, real_world_line
from .stored_pixels import (
    allocated_pixels_of,
    fitting_bits_below,
    is_longer_than_stated,
    lost_bits,
    stated_bits_below,
    within_bits,
)

NEGATIVE, GREY, PALETTE = "MONOCHROME1", "MONOCHROME2", "PALETTE COLOR"
"""PhotometricInterpretation of pictures that are shown with their smallest values white, with their largest, and in colours."""
LEAST_CONTRAST = 0.05
"""Of the values' standard deviation: a border nearer than this to the mean is neither air nor tissue. An object that fills a
share p of a dark picture lies sqrt(p / (1 - p)) above its border: a brain in the view of a body's PET (1 %)
0.1; 26 real heads (CT, T1, FLAIR; seen from three sides) 0.49 at least."""
CLEAR_CONTRAST = 0.25
"""The same where headers do not say that a picture is a negative: half of what the real heads have."""
RIM_SHARE = 32
"""The border that is taken for air is one of so many rows or columns wide."""
CT_TYPES = (np.dtype(np.int16), np.dtype(np.int32))
OTHER_TYPES = (np.dtype(np.int16), np.dtype(np.uint16), np.dtype(np.int32))


@dataclass(frozen=True)
class SeriesPixels:
    """The values of a series, shape (slices, rows, columns), how they came from the files, and what a reader must know."""

    values: NDArray[np.generic]
    form: StoredForm
    notes: tuple[str, ...]


@dataclass
class _Slice:
    header: Header
    stored: NDArray[np.integer]
    stored_as: ModalityMap
    padded: NDArray[np.bool_] | None

    @property
    def data(self) -> Dataset:
        return self.header.dataset

    @property
    def is_negative(self) -> bool:
        return self.header.text("PhotometricInterpretation").upper() == NEGATIVE


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
    inverted = _is_inverted(slices, name, notes)
    _tell_slopes_below_zero(slices, notes)
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
        stating = sum(header.dataset.get(keyword) not in (None, "") for header in headers)
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


def _slices(headers: Sequence[Header], name: str, notes: list[str]) -> tuple[list[_Slice], int]:
    """All slices, and how many unused bits lie below their stored ones."""
    with naming(headers[0].path):
        allocated = allocated_pixels_of(headers)
    _judge_lengths(headers, notes)
    bits_below = _bits_below(headers, allocated, name, notes)
    slices, lost = [], 0
    for header, raw in zip(headers, allocated, strict=True):
        with naming(header.path):
            stored = within_bits(raw, header.dataset, bits_below)
            padded = padded_voxels(header.dataset, stored, raw)
            slices.append(_Slice(header, stored, modality_map(header.dataset, name), padded))
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


def _refuse_doubtful_signs(slices: Sequence[_Slice], name: str) -> None:
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


def _is_inverted(slices: Sequence[_Slice], name: str, notes: list[str]) -> bool:
    """Whether slices marked MONOCHROME1 hold negatives: DICOM says no (it is a matter of display), some exports do.

    Air around the head decides: it is dark.
    """
    negatives = [each for each in slices if each.is_negative]
    if not negatives:
        return False
    contrast = _border_contrast(negatives)
    if abs(contrast) < LEAST_CONTRAST:
        raise UnusableInput(
            f"{name} is marked {NEGATIVE}, and its border does not show whether air is dark; export it as MONOCHROME2"
        )
    how = "as negatives, and were inverted" if contrast > 0 else "as they are"
    notes.append(f"{len(negatives)} slices are marked {NEGATIVE}: the air around the head shows that they are stored {how}")
    return contrast > 0


def _tell_slopes_below_zero(slices: Sequence[_Slice], notes: list[str]) -> None:
    """Tell of slopes below 0, which few files have, and of air that they make brighter than the head."""
    falling = [each for each in slices if not each.is_negative and isinstance(each.stored_as, Line) and each.stored_as.slope < 0]
    if falling:
        bright = _border_contrast(falling) >= CLEAR_CONTRAST
        wrong = ": it makes the air around the head brighter than the head and is likely wrong" if bright else ""
        notes.append(f"{len(falling)} slices have a slope below 0 (RescaleSlope), used as the file states it{wrong}")


def _border_contrast(slices: Sequence[_Slice]) -> float:
    """By how many standard deviations of the values the border of slices lies above their mean."""
    border, everything = (np.concatenate(parts) for parts in zip(*map(_border_and_all, slices), strict=True))
    return float(np.median(border) - everything.mean()) / max(float(everything.std()), np.finfo(float).tiny)


def _border_and_all(each: _Slice) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The values of a slice's border and of all of it, without padding, thinned."""
    rim = np.zeros(each.stored.shape, bool)
    rows, columns = (max(1, size // RIM_SHARE) for size in each.stored.shape)
    rim[:rows], rim[-rows:], rim[:, :columns], rim[:, -columns:] = True, True, True, True
    kept = np.ones(each.stored.shape, bool) if each.padded is None else ~beyond_view(each.padded)
    values = each.stored_as.values(each.stored)
    return values[rim & kept], values[kept][::4]


def _values(slices: Sequence[_Slice]) -> NDArray[np.generic]:
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


def _type(slices: Sequence[_Slice]) -> np.dtype:
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


def _extremes(each: _Slice) -> NDArray[np.integer]:
    """Stored integers among which the least and the largest value are."""
    return np.array([each.stored.min(), each.stored.max()]) if isinstance(each.stored_as, Line) else np.unique(each.stored)


def _fill_padding(values: NDArray[np.generic], slices: Sequence[_Slice], notes: list[str]) -> float | None:
    """Give voxels beyond the field of view the value of air, where the padding value is none; the value given, or None."""
    padded = {k: each.padded for k, each in enumerate(slices) if each.padded is not None and each.padded.any()}
    is_ct = slices[0].header.text("Modality") == "CT"
    return fill_padding(values, padded, notes, is_ct=is_ct, begins_below_zero=_begins_below_zero(slices))


def _begins_below_zero(slices: Sequence[_Slice]) -> bool:
    """Whether the least stored integers stand for values below 0, as a CT's do although it may hold none without padding."""
    return any(isinstance(each.stored_as, Line) and each.stored_as.intercept < 0 for each in slices)


def _tell_doubly_stated(slices: Sequence[_Slice], name: str, notes: list[str]) -> None:
    """That a lookup table was used although there are slope and intercept, too."""
    both = [each for each in slices if each.data.get("ModalityLUTSequence") and each.data.get("RescaleSlope") not in (None, "")]
    for each in both:
        line = Line(float(each.data.RescaleSlope), float(each.data.get("RescaleIntercept") or 0))
        if not np.array_equal(line.values(each.stored), modality_map(each.data, name).values(each.stored)):
            notes.append("the headers state values twice: the modality lookup table was used, not slope and intercept")
            return
