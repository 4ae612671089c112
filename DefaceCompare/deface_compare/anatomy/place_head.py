"""Where the head lies, by two witnesses: the fit of its outline, and one that this fit did not use."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import SimpleITK as sitk

from ..case import CT, Case, CaseImage
from ..errors import FaceNotFound
from .inside import AGREES_MM, Place, inside_place
from .planned_places import planned_place
from .register_head import Fit, HeadSearch

LOWEST_DICE = 0.90
"""Below this overlap of outlines there is no head like the average head here (16 real heads: 0.932-0.977; a trunk: 0.85)."""
LOWEST_WITNESSED_DICE = 0.80
"""The same where a second witness agrees: a scan of a part of the head overlaps less (docs/design.md#second-witness)."""
MOST_STARTS = 4
"""So many of the outline's places are asked about where the best one is no head."""
INSIDE = {CT: "bone"}
"""What the inside is called in a sentence; on MR: "inner edges"."""
PLANNED = "planned organs"


@dataclass(frozen=True)
class PlacedHead:
    """The average head's place in a scan.

    Parameters
    ----------
    fit : Fit
    witnesses : tuple of str
        What agrees with the outline's fit within `AGREES_MM`; empty where nothing else speaks: then nothing may be claimed.
    notes : tuple of str
    """

    fit: Fit
    witnesses: tuple[str, ...]
    notes: tuple[str, ...]


def place_head(case: Case, image: CaseImage, search: HeadSearch, outline: sitk.Image) -> PlacedHead:
    """Lay the average head on the patient, and ask second witnesses whether it lies there.

    Parameters
    ----------
    case : Case
        For the planned organs.
    image : CaseImage
    search : HeadSearch
    outline : SimpleITK.Image
        uint8 on the working grid, the filled patient.

    Raises
    ------
    FaceNotFound
        If no place of the average head covers the patient's outline, or a witness that speaks contradicts every place.
    """
    best = search.best_coarse_fit()
    if search.overlap(best.transform) < LOWEST_DICE:
        best = search.coarse_fits()[0]  # a scan of a part of the head: no start is left out
    if search.overlap(best.transform) < LOWEST_DICE:
        return _partial_head(case, image, search, outline)
    fit = search.refined(best.transform)
    places = _places(case, image, outline, fit)
    wrong = {name: place for name, place in places.items() if not place.agrees}
    for name, place in wrong.items():
        again = search.refined(place.corrected(fit.affine))
        if again.dice >= LOWEST_WITNESSED_DICE and _all_agree(found := _places(case, image, outline, again)):
            moved = f"the outline alone lay {place.distance_mm:.0f} mm off ({name}); the head was laid anew from there"
            return PlacedHead(again, tuple(found), (moved, *_told(found)))
    if wrong:
        said = " and ".join(f"{name} {place.distance_mm:.0f} mm" for name, place in wrong.items())
        raise FaceNotFound(
            f"image {image.key}: it is not certain where the head lies, since its outline contradicts what it holds:"
            f" {said} apart, at most {AGREES_MM:g} mm are allowed"
        )
    return PlacedHead(fit, tuple(places), _told(places))


def _partial_head(case: Case, image: CaseImage, search: HeadSearch, outline: sitk.Image) -> PlacedHead:
    """A scan whose outline is not like a whole head's: a part of a head counts if a second witness knows where it belongs."""
    for fit in _starts(search):
        for name, place in _places(case, image, outline, fit).items():
            again = search.refined(place.corrected(fit.affine))
            found = _places(case, image, outline, again)
            if again.dice >= LOWEST_WITNESSED_DICE and found and _all_agree(found):
                note = f"the scan shows a part of a head (overlap {again.dice:.2f}), placed by its {name}"
                return PlacedHead(again, tuple(found), (note, *_told(found)))
    overlap = search.overlap(search.coarse_fits()[0].transform)
    raise FaceNotFound(
        f"image {image.key} shows no head like the average head (overlap {overlap:.2f}, at least {LOWEST_DICE} needed),"
        " and nothing inside it confirms which part of a head it is"
    )


def place_by_inside(case: Case, image: CaseImage, search: HeadSearch, outline: sitk.Image) -> sitk.AffineTransform | None:
    """Where the inside alone lays the head: for a head of whose outline a part may be cut away.

    Returns
    -------
    SimpleITK.AffineTransform or None
        Patient mm to average-head mm, from an outline's coarse place slid to where a witness points, if every witness that
        speaks then agrees. Scale and turn are the outline's own: good enough to look whether a face is there, no more.
    """
    for fit in search.coarse_fits()[:MOST_STARTS]:
        for place in _places(case, image, outline, fit).values():
            laid = place.corrected(fit.affine)
            found = _places(case, image, outline, Fit(laid, fit.dice))
            if found and _all_agree(found):
                return laid
    return None


def _starts(search: HeadSearch) -> Iterator[Fit]:
    """The best place of the outline first, then the best ones from every height."""
    yield search.coarse_fits()[0]
    yield from search.coarse_fits(everywhere=True)[:MOST_STARTS]


def _places(case: Case, image: CaseImage, outline: sitk.Image, fit: Fit) -> dict[str, Place]:
    """What each witness that speaks says of a fit."""
    inside, planned = inside_place(image, outline, fit.affine), planned_place(case, image, fit.affine)
    found = {INSIDE.get(image.modality, "inner edges"): inside, PLANNED: planned}
    return {name: place for name, place in found.items() if place is not None}


def _all_agree(places: dict[str, Place]) -> bool:
    return all(place.agrees for place in places.values())


def _told(places: dict[str, Place]) -> tuple[str, ...]:
    if not places:
        return ("not verified: nothing but the outline says where the head lies",)
    return tuple(f"{name}: {place.distance_mm:.0f} mm from where the outline lays the head" for name, place in places.items())
