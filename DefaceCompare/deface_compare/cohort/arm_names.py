"""What methods are called and drawn in, the same in every table, chart, page and panel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..words import isolated
from .arms import Arm

METHOD_COLOURS: Mapping[str, str] = {
    "quickshear": "#0072b2",
    "biometric_mask": "#d55e00",
    "average_face": "#009e73",
    "surface_blur": "#cc79a7",
    "eye_line": "#e69f00",
}
"""Of the built-in methods by key: a method has its colour in every study, whatever it is compared with.

Okabe and Ito's palette, which eyes of every kind tell apart (Color Universal Design, 2008)."""
OTHER_COLOURS = ("#56b4e9", "#8c6d31", "#6b6ecf", "#4d4d4d", "#b3de69", "#882255", "#44aa99", "#ddcc77")
"""Of all other arms, in their order: the palette's sky blue, then seven that were added (the last three are Paul Tol's)."""


class ArmNames:
    """Titles and colours of the arms.

    Parameters
    ----------
    arms : sequence of Arm
        In the order of tables.
    titles : mapping of method key to title
    """

    def __init__(self, arms: Sequence[Arm], titles: Mapping[str, str]) -> None:
        self.arms = tuple(arms)
        self._titles = titles
        self._colours: dict[Arm, str] = {}
        others = 0
        for arm in self.arms:
            colour = METHOD_COLOURS.get(arm.method, "")
            if not colour or colour in self._colours.values():  # a second arm of one method needs a colour of its own
                colour = OTHER_COLOURS[others % len(OTHER_COLOURS)]
                others += 1
            self._colours[arm] = colour

    def title(self, arm: Arm) -> str:
        """The method's title, with what tells it from other arms of the same method."""
        return isolated(" · ".join([self._titles.get(arm.method, arm.method), *self._details(arm)]))

    def short_title(self, arm: Arm) -> str:
        """The title without what stands in brackets: for sentences, and where there is little room.

        Where another method has the same one, the whole title.
        """
        return isolated(" · ".join([self._own_title(arm.method), *self._details(arm)]))

    def detail(self, arm: Arm) -> str:
        """What stands in brackets and `short_title` leaves out."""
        return isolated(self._titles.get(arm.method, arm.method).removeprefix(self._own_title(arm.method)).strip(" ()"))

    def _own_title(self, method: str) -> str:
        """The title without its brackets, as far as it is this method's alone."""
        titles = {arm.method: self._titles.get(arm.method, arm.method) for arm in self.arms}
        whole = self._titles.get(method, method)
        short = whole.partition(" (")[0]
        alike = sum(title.partition(" (")[0] == short for title in titles.values())
        return whole if alike > 1 else short

    def _details(self, arm: Arm) -> list[str]:
        same = [other for other in self.arms if other.method == arm.method]
        details = [arm.variant] if arm.variant else []
        details += [arm.fill] if len({other.fill for other in same}) > 1 else []
        details += [f"protect {arm.protect}"] if len({other.protect for other in same}) > 1 else []
        return details

    def colour(self, arm: Arm) -> str:
        """The arm's colour as #rrggbb."""
        return self._colours[arm]
