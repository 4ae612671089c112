"""Slices that lie like one scan's and state what is not one scan's: nothing else shows that they are of several."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from .header import Header

ONE_A_SERIES = ("ConvolutionKernel", "KVP", "ContrastBolusAgent", "ImageType")
"""What slices of one scan state alike: another one tells of a second reconstruction, acquisition or a picture among them."""


def mixed_slices(headers: Sequence[Header]) -> list[str]:
    """That slices which lie like one scan's may be of several."""
    notes = []
    for keyword in ONE_A_SERIES:
        stated = Counter(header.number(keyword) or header.text(keyword).strip().casefold() for header in headers)
        if len(stated) > 1:
            few = min(stated.values())
            does = "states" if few == 1 else "state"
            notes.append(
                f"{few} of its {len(headers)} slices {does} another {keyword} than the others: they may be of another scan"
            )
    return notes
