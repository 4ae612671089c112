"""Are written contours those of the source, byte for byte, where they draw no face, and does none leave the new surface?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from typing import Any

from pydicom.dataset import Dataset

from ...case import Structure
from ...readers.dicom.contour_item import contour_points
from ..written.head_surface import HeadSurface
from ..written.planned_outline import PlannedOutline
from ..written.structure_clip import EXTERNAL, OTHER, draws_beyond, leaves_surface
from ..written.structure_set import roles_of
from .drawn_together import DrawnTogether


class ContourCheck:
    """Checks a written structure set against its source.

    Parameters
    ----------
    source : pydicom.Dataset
        The RTSTRUCT that the export came from.
    structures : collection of Structure
        The same as read.
    surface : HeadSurface
        Of the written image that they were drawn on.
    image : str
        That image's key.
    """

    def __init__(self, source: Dataset, structures: Collection[Structure], surface: HeadSurface, image: str) -> None:
        self._stored = stored_contours(source)
        self._roles = roles_of(source, structures)
        self._surface, self._image = surface, image
        self._outline = PlannedOutline(source, self._roles)
        self.touching: set[int] = set()
        """ROI numbers of what lies at the skin as planned, once `faults` was asked."""

    @property
    def structures(self) -> int:
        """How many structures have contours items in the source."""
        return len(self._stored)

    def faults(self, written: Dataset, clipped: Collection[int], together: DrawnTogether) -> list[str]:
        """What is wrong, each one sentence; all written contours are added to `together`.

        Parameters
        ----------
        clipped : collection of int
            ROI numbers of the structures that were changed on purpose.
        """
        left = stored_contours(written)
        faults = [f"contours of structure {n} changed" for n in left if n not in clipped and left[n] != self._stored.get(n)]
        for item in written.get("ROIContourSequence") or []:
            number = int(item.ReferencedROINumber)
            points = [points for contour in item.get("ContourSequence") or [] if len(points := contour_points(contour))]
            role = self._roles.get(number, OTHER)
            if any(leaves_surface(each, role, self._surface) for each in points):
                faults.append(f"structure {number} leaves the surface of the defaced image")
            if any(draws_beyond(each, role, self._surface, self._outline.is_touched_by) for each in points):
                faults.append(f"structure {number} draws the head beyond image {self._image}, where nothing was defaced")
            if role == EXTERNAL or any(self._outline.is_touched_by(each) for each in points):
                self.touching.add(number)
            together.add_contours(points)
        return faults


def stored_contours(data: Dataset) -> dict[int, list[bytes]]:
    """The contours of each structure as they stand in the file, by ROI number; one may stand in several items."""
    found: dict[int, list[bytes]] = defaultdict(list)
    for item in data.get("ROIContourSequence") or []:
        found[int(item.ReferencedROINumber)] += [_stored(contour) for contour in item.get("ContourSequence") or []]
    return dict(found)


def _stored(contour: Any) -> bytes:
    """A contour's coordinates as they stand in the file."""
    element = contour.get_item("ContourData") if "ContourData" in contour else None
    value = element.value if element is not None else b""
    return value.strip(b" \0") if isinstance(value, bytes) else str(value).encode()
