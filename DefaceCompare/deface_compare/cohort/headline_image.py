"""Which image of a cohort its headline is about."""

from __future__ import annotations

from collections.abc import Sequence

from ..case import CT, MR, PET
from ..measurement import Measurement

IMAGE_ORDER = ("CT", "MR_T1", "MR_T1C", "MR", "MR_T2", "MR_FLAIR", "PET")
"""Which image the verdict is about, if several are equally frequent: T1 shows skin best among the sequences."""


def headline_image(rows: Sequence[Measurement]) -> str:
    """The image that most cases have; where several are equally frequent, the first of `IMAGE_ORDER`."""
    cases: dict[str, set[str]] = {}
    for row in rows:
        if row.image.partition("_")[0] in (CT, MR, PET):
            cases.setdefault(row.image, set()).add(row.case)
    if not cases:
        return ""
    rank = {image: place for place, image in enumerate(IMAGE_ORDER)}
    return min(cases, key=lambda image: (-len(cases[image]), rank.get(image, len(rank)), image))
