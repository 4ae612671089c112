"""Where a structure set lies among the images and doses that are here: in which frame of reference, on which series."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from .choose_structures import Candidate
from .contour_slices import planes_of
from .header import Header
from .references import frames_of, referenced_series, series_by_contours, series_references
from .rtstruct import Surroundings, frames_of_structures
from .series import Series


@dataclass(frozen=True)
class Place:
    """Where structures are used, or the reason why they cannot be.

    Parameters
    ----------
    frame : str
        Frame of reference; ``""`` if there is none.
    series : Series, optional
        The one in it that they were drawn on; None if none of it is here.
    notes : tuple of str
        What must be said of the images that the set refers to.
    others : tuple of str
        Further frames in which structures of the set lie.
    """

    frame: str = ""
    series: Series | None = None
    reason: str = ""
    notes: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    around: Surroundings = field(default_factory=Surroundings)

    @property
    def series_uid(self) -> str:
        """SeriesInstanceUID of the series that they were drawn on, ``""`` if it is not here."""
        return self.series.uid if self.series is not None else ""


@dataclass(frozen=True)
class Here:
    """What a patient's folder holds that structures can lie on.

    Parameters
    ----------
    series : sequence of Series
        The best first.
    all_series : frozenset of str
        SeriesInstanceUIDs, also of those that make no volume.
    series_of, frame_of : mapping of SOPInstanceUID to SeriesInstanceUID, or FrameOfReferenceUID
    dose_frames : sequence of str
        Frames of reference of the doses, the chosen one's first.
    linked : mapping of FrameOfReferenceUID to any name
        Frames that registrations join have the same name.
    """

    series: Sequence[Series]
    all_series: frozenset[str]
    series_of: Mapping[str, str]
    frame_of: Mapping[str, str]
    dose_frames: Sequence[str]
    linked: Mapping[str, str]

    def link(self, frame: str) -> str:
        """The name that a frame shares with those it is joined to."""
        return self.linked.get(frame, frame)


def place(candidate: Candidate, here: Here) -> Place:
    """Find the frame of reference in which structures are used.

    Of several frames the dose's comes first, then the one with the most structures; each structure goes by its own.
    """
    header = candidate.headers[0]
    around = _surroundings(header, here)
    counts = frames_of_header(candidate, around)
    image_links = {here.link(one.frame) for one in here.series}
    links = image_links if here.series else {here.link(frame) for frame in here.dose_frames}
    usable = {frame: count for frame, count in counts.items() if here.link(frame) in links}
    if not usable:
        return Place(reason=_why_not(candidate, here, counts))
    dose_links = [here.link(frame) for frame in here.dose_frames]
    order = {frame: number for number, frame in enumerate(counts)}
    frame = min(usable, key=lambda one: (here.link(one) not in dose_links[:1], -usable[one], order[one]))
    series_uid = _drawn_on(header, frame, here)
    others = tuple(one for one in counts if one and here.link(one) != here.link(frame))
    series = next((one for one in here.series if one.uid == series_uid), None)
    return Place(frame, series, "", _reference_notes(candidate, here, series_uid), others, replace(around, series_uid=series_uid))


def frames_of_header(candidate: Candidate, around: Surroundings) -> Counter[str]:
    """How many structures of a candidate lie in each frame; where none is drawn, the frames that the set speaks of."""
    header = candidate.headers[0]
    if candidate.segmentation:
        own = header.text("FrameOfReferenceUID") or around.default_frame
        return Counter({around.same_frames.get(own, own): 1})
    drawn = frames_of_structures(header, around)
    stated = [around.same_frames.get(frame, frame) for frame in (*sorted(frames_of(header)), around.default_frame) if frame]
    return drawn if set(drawn) - {""} else Counter(stated)


def _surroundings(header: Header, here: Here) -> Surroundings:
    """Frames that are called otherwise here, and where structures lie that state none.

    A series that states no frame of reference has one of its own here; what the structure set calls it does not matter.
    """
    by_uid = {one.uid: one for one in here.series}
    real = {one.frame for one in here.series if one.states_frame}
    same: dict[str, str] = {}
    frames: dict[str, None] = {}
    for reference in series_references(header):
        series = by_uid.get(reference.series)
        if series is None:
            continue
        frames[series.frame] = None
        if not series.states_frame and reference.frame and reference.frame not in real:
            same.setdefault(reference.frame, series.frame)
    default = next(iter(frames)) if len(frames) == 1 else ""
    return Surroundings(here.frame_of, same, {}, "", default, planes_of(here.series))


def _drawn_on(header: Header, frame: str, here: Here) -> str:
    """The series of a frame that structures were drawn on: that of most contours, else the best that the set names."""
    in_frame = [one.uid for one in here.series if one.frame == frame]
    named = [uid for uid in in_frame if uid in referenced_series(header)]
    if len(named) < 2:
        return next(iter(named), "")
    votes = series_by_contours(header, {image: uid for image, uid in here.series_of.items() if uid in named})
    return max(named, key=lambda uid: votes[uid])


def _reference_notes(candidate: Candidate, here: Here, series_uid: str) -> tuple[str, ...]:
    """What must be said of the series that a set refers to."""
    named = referenced_series(candidate.headers[0])
    absent = [uid for uid in named if uid not in here.all_series]
    unusable = [uid for uid in named if uid in here.all_series and uid not in {one.uid for one in here.series}]
    notes = []
    if absent and here.series:
        what = "an image series that is" if len(named) == 1 else f"{len(named)} image series, {len(absent)} of which are"
        used = "" if series_uid else "; it was used because it lies in the same frame of reference"
        notes.append(f"{candidate.name} references {what} not in the folder{used}")
    if unusable:
        notes.append(f"{candidate.name} references {len(unusable)} image series that cannot be used as a volume")
    return tuple(notes)


def _why_not(candidate: Candidate, here: Here, counts: Mapping[str, int]) -> str:
    named = referenced_series(candidate.headers[0])
    verb = "lie" if len(candidate.headers) > 1 else "lies"
    if not here.series:
        if not here.dose_frames:
            return f"{candidate.name} {verb} in a frame of reference of nothing else here"
        return f"{candidate.name} and the dose lie in different frames of reference"
    absent = sum(uid not in here.all_series for uid in named)
    if named and absent == len(named):
        what = "an image series that is" if len(named) == 1 else f"{len(named)} image series that are"
        return f"{candidate.name} references {what} not in the folder and lies in another frame of reference; it was not used"
    if not any(counts):
        return f"nothing tells in which frame of reference {candidate.name} {verb}; it was not used"
    return f"{candidate.name} {verb} in another frame of reference than every image; it was not used"
