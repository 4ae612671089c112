"""What the user chooses about an export."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..settings import DOSE_POLICIES, KEEP
from .headers.own_tool import HeaderTool
from .headers.retained import DEFAULT_RETAINED, NOTHING, RETAINED

KEEP_FRAMES, MAP_FRAMES = FRAMES = ("keep", "map")
"""Whether frames of reference keep their UIDs or get new ones."""
BASIC, BY_TOOL, NO_CHANGE = HEADERS = ("basic", "tool", "none")
"""What becomes of names, dates and the like in the headers: the basic profile of PS3.15 and a search for what is left; the site's
own program and the same search; or nothing, for which another tool is needed."""
KEEP_LABELS, NUMBER_LABELS = LABELS = ("keep", "number")
"""Of subjects and sessions of a BIDS derivative. ``keep``: it fits to its source. ``number``: labels that lead to somebody stay
behind."""


@dataclass(frozen=True)
class ExportOptions:
    """How a defaced patient is written.

    Parameters
    ----------
    method : str
        Key of the method whose result is written.
    dose_policy : str
        ``keep`` (grid untouched), ``mask`` (0 Gy where an image voxel was removed) or ``follow``.
    keep_uids : bool
        Write the source's own UIDs: for work inside the clinic only.
    frame : str
        ``map`` gives frames of reference new UIDs as well; ``keep`` lets other data of the clinic still match.
    accept_risk : bool
        Write although a series' privacy check is not passed, or the dose draws the face.
    headers : str
        ``basic``: names, dates and identifiers go, and what is left is searched for; ``tool``: another program takes them away,
        and what it left is searched for; ``none``: they remain.
    retain : tuple of str
        What stays with ``basic``: ``dates`` (moved), ``characteristics``, ``device``.
    tool : HeaderTool, optional
        The program of ``tool``.
    """

    method: str
    dose_policy: str = KEEP
    keep_uids: bool = False
    frame: str = MAP_FRAMES
    accept_risk: bool = False
    headers: str = NO_CHANGE
    retain: tuple[str, ...] = DEFAULT_RETAINED
    tool: HeaderTool | None = None

    def __post_init__(self) -> None:
        if self.dose_policy not in DOSE_POLICIES:
            raise ValueError(f"dose policy must be one of {', '.join(DOSE_POLICIES)}, not {self.dose_policy!r}")
        if self.frame not in FRAMES:
            raise ValueError(f"frame must be one of {', '.join(FRAMES)}, not {self.frame!r}")
        if self.headers not in HEADERS:
            raise ValueError(f"headers must be one of {', '.join(HEADERS)}, not {self.headers!r}")
        if set(self.retain) - set(RETAINED):
            raise ValueError(f"retain must be some of {', '.join(RETAINED)}, not {', '.join(self.retain)}")
        if (self.headers == BY_TOOL) != (self.tool is not None):
            raise ValueError(f"headers {self.headers!r} and a tool for headers: the one needs the other")
        if self.tool is not None and (self.retain != DEFAULT_RETAINED or self.keep_uids or self.frame == KEEP_FRAMES):
            raise ValueError("what a tool for headers keeps is its own matter: retain, keep_uids and frame are not for it")

    @property
    def cleans_headers(self) -> bool:
        """Whether names, dates and identifiers go, so that they are searched for."""
        return self.headers != NO_CHANGE

    def arguments(self, case: Path, to: Path) -> list[str]:
        """What follows ``deface-compare`` in a child process that exports `case` into `to` and tells its steps as JSON lines."""
        chosen = ["export", str(case), "--method", self.method, "--to", str(to), "--dose-policy", self.dose_policy]
        flags = {"--keep-uids": self.keep_uids, "--accept-risk": self.accept_risk}
        kept = ["--headers", self.headers]
        kept += ["--retain", ",".join(self.retain) or NOTHING] if self.headers == BASIC else []
        kept += ["--headers-tool", str(self.tool.file)] if self.tool is not None else []
        return [*chosen, "--frame", self.frame, *kept, *(flag for flag, on in flags.items() if on), "--progress", "json"]
