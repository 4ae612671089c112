"""Where the heads of a case are: one in each frame of reference, found on the image that shows the whole face."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from ..case import Case, CaseImage
from ..errors import FaceNotFound, NoFaceInScan
from ..geometry.grids import field_of_view
from ..measurement import FAILED, NO_FACE, NOT_AVAILABLE, Missing
from ..settings import Settings
from ..words import DEFACED_BEFORE
from .cut_face import CUT_SHARE, cut_share
from .face_region import face_region
from .find_head import FACE_MARGIN_MM, HALVES, face_extent, find_head
from .head import Head, Point
from .outline import least_outline_on_grid, outline_on_grid

NO_REGISTRATION = "not available: no registration to a frame in which a head was found"


def best_head(case: Case, images: Sequence[CaseImage], settings: Settings) -> tuple[Head, dict[str, str]]:
    """Find the head of one frame of reference.

    A CT that ends at the eyes must not decide where the face ends in an MR that goes down to the chin.

    Parameters
    ----------
    case : Case
    images : sequence of CaseImage
        All in one frame of reference; the first one that holds a full face is taken, else the first one that holds a part of it.
    settings : Settings

    Returns
    -------
    head : Head
    reasons : dict of image key to str
        Why an image cannot be edited with this head: it shows parts of the face that the head's image does not.

    Raises
    ------
    FaceNotFound
        If no face was found in any image; the sentence holds the reasons of all.
    NoFaceInScan
        If every image is known to hold no part of a face.
    """
    partial: list[Head] = []
    failures: list[FaceNotFound] = []
    for image in images:
        try:
            head = find_head(case, image, settings)
        except FaceNotFound as failure:
            failures.append(failure)
            continue
        if head.face_extent == "full":
            less = ", ".join(f"{each.image_key} holds its {each.face_extent} part only" for each in partial)
            note = (f"the face was searched here, since {less}",) if less else ()
            return replace(head, notes=(*head.notes, *note)), {}
        partial.append(head)
    if not partial:
        error = NoFaceInScan if all(isinstance(failure, NoFaceInScan) for failure in failures) else FaceNotFound
        raise error("; ".join(map(str, failures)))
    chosen = partial[0]
    return chosen, {image.key: _more(image, chosen) for image in images if _shows_more(image, chosen, images)}


def _more(image: CaseImage, head: Head) -> str:
    return f"image {image.key} shows parts of the face that image {head.image_key}, on which the head was found, does not"


def _shows_more(image: CaseImage, head: Head, images: Sequence[CaseImage]) -> bool:
    """Does an image hold face landmarks that the head's own image ends before?"""
    own = next(each for each in images if each.key == head.image_key)
    marks = [head.landmarks_mm[name] for names in HALVES.values() for name in names]
    return any(_margin_mm(image, mark) > 0.0 and _margin_mm(own, mark) < -FACE_MARGIN_MM for mark in marks)


def _margin_mm(image: CaseImage, point_mm: Point) -> float:
    """How far inside the field of view a point lies, along its nearest axis; negative outside."""
    index = np.array(image.image.TransformPhysicalPointToContinuousIndex(point_mm))
    inside = np.minimum(index + 0.5, np.array(image.image.GetSize()) - 0.5 - index)
    return float(np.min(inside * np.array(image.image.GetSpacing())))


def find_heads(case: Case, settings: Settings) -> tuple[dict[str, Head], dict[str, Missing]]:
    """Search one head in each frame of reference, on its first image that shows a full face, else on the first that shows a part.

    Returns
    -------
    heads : dict of image key to Head
        Images of one frame share one `Head`; an image that shows none of the face is not among them.
    reasons : dict of image key to Missing
        Why an image has none: ``no face`` where two witnesses place the head, and the image shows none of its face.
    """
    heads: dict[str, Head] = {}
    reasons = {image.key: _defaced_before(image.defaced_before) for image in case.images if image.defaced_before}
    for frame in _frames(case):
        images = [image for image in frame if image.key not in reasons]
        if not images:
            continue
        try:
            head, beyond = best_head(case, images, settings)
        except FaceNotFound as failure:
            missing = Missing(NO_FACE if isinstance(failure, NoFaceInScan) else FAILED, str(failure))
            if missing.status == FAILED and images[0] is not case.primary:
                missing = Missing(NOT_AVAILABLE, f"{NO_REGISTRATION}, and its own search failed: {failure}")
            reasons.update({each.key: missing for each in images})
            continue
        found = {key: Missing(FAILED, reason) for key, reason in beyond.items()}
        found |= {each.key: _no_face(each, head) for each in images if each.key not in found and _faceless(each, head)}
        found |= _cut(images, head, found)
        heads.update({each.key: head for each in images if each.key not in found})
        reasons.update(found)
    return heads, reasons


def _defaced_before(how: str) -> Missing:
    return Missing(NO_FACE, f"{DEFACED_BEFORE} ({how})")


def _cut(images: Sequence[CaseImage], head: Head, found: Mapping[str, Missing]) -> dict[str, Missing]:
    """The other images of a frame from which the face is cut that the head's own image shows."""
    if not head.witnesses or head.face_extent != "full":
        return {}
    cut = {}
    for image in images:
        if image.key == head.image_key or image.key in found:
            continue
        region, seen = face_region(head), field_of_view(image.image, head.grid)
        share = cut_share(region, head.outline, least_outline_on_grid(image, head.grid), seen)
        if share >= CUT_SHARE:  # or it has a cavity there that is open in no slice
            share = cut_share(region, head.outline, outline_on_grid(image, head.grid)[1], seen)
        if share >= CUT_SHARE:
            cut[image.key] = _defaced_before(f"the face that image {head.image_key} shows is cut away here, {share:.0%} of it")
    return cut


def _faceless(image: CaseImage, head: Head) -> bool:
    """Whether an image is known to show none of a face that lies in another image of its frame."""
    if image.key == head.image_key or not head.witnesses:
        return False
    seen = field_of_view(image.image, head.grid)
    return face_extent(face_region(head), dict(head.landmarks_mm), head.outline, seen) == "none"


def _no_face(image: CaseImage, head: Head) -> Missing:
    return Missing(NO_FACE, f"image {image.key} holds no face between brow and chin: the face lies in image {head.image_key}")


def _frames(case: Case) -> Iterator[list[CaseImage]]:
    """The images of each frame of reference, the primary's first."""
    for uid in dict.fromkeys(image.frame_of_reference_uid for image in case.images):
        yield [image for image in case.images if image.frame_of_reference_uid == uid]
