"""Which of a patient's structure sets and segmentations are candidates, and in what order they are tried."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydicom.dataset import Dataset

from .header import Header
from .named_by_user import named_by_user
from .prescription import plan_uids, structure_set_uid
from .references import referenced_series
from .scan import IMAGE_MODALITIES, Scan
from .series import Series

APPROVED, REJECTED = "APPROVED", "REJECTED"
"""ApprovalStatus (PS3.3 C.8.8.16)."""
TRUST = {APPROVED: 1.0, REJECTED: -1.0}
"""Of a structure set by its ApprovalStatus; every other one has 0."""

NAMING = ("StructureSetLabel", "StructureSetName", "SeriesDescription")
"""Attributes by which a user may name a structure set."""


@dataclass(frozen=True)
class Candidate:
    """One structure set, or the segmentations of one series, which are read together.

    Parameters
    ----------
    planned : bool
        Whether the plan behind the dose refers to it.
    rank : tuple
        Candidates of a higher rank are tried first.
    contradicted : str
        How it contradicts another object of its SOPInstanceUID; ``""`` if it does not.
    """

    headers: tuple[Header, ...]
    planned: bool
    rank: tuple[bool | float | str, ...]
    contradicted: str = ""

    @property
    def name(self) -> str:
        """What sentences call it."""
        more = len(self.headers) - 1
        noun = "segmentation" if self.segmentation else "structure set"
        return f"{noun} {self.headers[0].path.name}{f' and {more} more' if more else ''}"

    @property
    def rejected(self) -> bool:
        """Whether somebody said that these structures are not to be used."""
        return any(header.text("ApprovalStatus") == REJECTED for header in self.headers)

    @property
    def segmentation(self) -> bool:
        """Whether these are segmentations."""
        return self.headers[0].text("Modality") == "SEG"


@dataclass(frozen=True)
class Candidates:
    """All candidates, the best first; or none of them, and why."""

    ordered: tuple[Candidate, ...]
    planned_uids: frozenset[str] = frozenset()
    """The structure sets that the plan or dose refers to, here or not."""
    wanted: bool = False
    """The user chose."""
    reason: str = ""


def candidates(scan: Scan, series: Sequence[Series], doses: Sequence[Header], wanted: str = "") -> Candidates:
    """The structure sets that may be read: the user's choice, else the plan's, else those of a series that is here.

    Then come approved ones, then the newest, those that were rejected last. Segmentations come after structure sets, those of
    CT first.

    Parameters
    ----------
    doses : sequence of Header
        The chosen dose's files: their plans tell the structure set.
    wanted : str
        The user's own choice: a file name (``*`` and ``?`` allowed), a label, name or series description.
    """
    planned = planned_sets(doses, scan.plans)
    if wanted:
        return _wanted(scan, planned, wanted)
    reason = _lost_without_another(scan, planned)
    if reason:
        return Candidates((), planned, reason=reason)
    here = {one.uid: one for one in series}
    found = [_of_structure_set(header, scan, here, planned) for header in scan.structure_sets]
    groups: dict[tuple[str, str], list[Header]] = {}
    for header in scan.segmentations:
        groups.setdefault(_lies_on(header), []).append(header)
    found += [_of_segmentations(uid, headers, here) for (uid, _), headers in groups.items()]
    return Candidates(tuple(sorted(found, key=lambda one: one.rank, reverse=True)), planned)


def _lost_without_another(scan: Scan, planned: frozenset[str]) -> str:
    """Why none is used beside a damaged one, ``""`` if another one may be: the plan's, or one of another date."""
    for damage in scan.damaged:
        if damage.modality == "RTSTRUCT" and not any(
            header.text("SOPInstanceUID") in planned or drawn_at(header.dataset) != drawn_at(damage.dataset)
            for header in scan.structure_sets
        ):
            beside = " and it may be the right one: choose another one with --structures" if scan.structure_sets else ""
            return f"structure set {damage}; no structures were used{beside}"
    lost = scan.lost("SEG")
    if lost and not scan.structure_sets:
        return f"segmentation {'; '.join(lost)}; no structures were used"
    return ""


def drawn_at(structure_set: Dataset) -> str:
    """When a structure set was drawn, as text that sorts: digits only, since old files write ``2026.01.31``, ``10:15:00``."""
    stated = (str(structure_set.get(f"StructureSet{part}") or "") for part in ("Date", "Time"))
    return " ".join(re.sub(r"\D", "", text) for text in stated)


def planned_sets(doses: Sequence[Header], plans: Sequence[Header]) -> frozenset[str]:
    """SOPInstanceUIDs of the structure sets behind a dose, as its plans or it itself tell.

    Without a dose those of the approved plans count, else those of all plans, where all of them name the same one.
    """
    by_uid = {plan.text("SOPInstanceUID"): plan for plan in plans}
    behind = {uid: by_uid[uid] for dose in doses for uid in plan_uids(dose) if uid in by_uid}
    told = {structure_set_uid(plan) for plan in behind.values()} - {""} or {structure_set_uid(dose) for dose in doses} - {""}
    if doses:
        return frozenset(told)
    approved = {structure_set_uid(plan) for plan in plans if plan.text("ApprovalStatus") == APPROVED} - {""}
    named = approved or {structure_set_uid(plan) for plan in plans} - {""}
    return frozenset(named) if len(named) == 1 else frozenset()


def _of_structure_set(header: Header, scan: Scan, here: Mapping[str, Series], planned: frozenset[str]) -> Candidate:
    is_planned = header.text("SOPInstanceUID") in planned
    of_image_here = any(uid in here for uid in referenced_series(header))
    drawn = drawn_at(header.dataset)
    rank = (is_planned, True, of_image_here, TRUST.get(header.text("ApprovalStatus"), 0.0), 0.0, drawn)
    twins = scan.twin_of(header)
    return Candidate((header,), is_planned, rank, twins.told() if twins is not None else "")


def _of_segmentations(uid: str, headers: Sequence[Header], here: Mapping[str, Series]) -> Candidate:
    image = here.get(uid)
    order = float(-IMAGE_MODALITIES.index(image.modality)) if image is not None else float(-len(IMAGE_MODALITIES))
    volume_mm3 = image.volume_mm3 if image is not None else 0.0
    return Candidate(tuple(headers), False, (False, False, image is not None, False, order, volume_mm3, ""))


def _lies_on(header: Header) -> tuple[str, str]:
    """Series and frame of reference of a segmentation: those of one series and frame are read together."""
    return next(iter(referenced_series(header)), ""), header.text("FrameOfReferenceUID")


def _wanted(scan: Scan, planned: frozenset[str], wanted: str) -> Candidates:
    """The structure set, or the segmentations of one series, that the user names."""
    everything = [*scan.structure_sets, *scan.segmentations]
    found = named_by_user(everything, wanted, labels_of)
    together = len({(header.text("Modality"), *_lies_on(header)) for header in found}) == 1
    if found and (len(found) == 1 or (together and found[0].text("Modality") == "SEG")):
        return Candidates((Candidate(tuple(found), found[0].text("SOPInstanceUID") in planned, ()),), planned, wanted=True)
    names = ", ".join(header.path.name for header in found or everything) or "there is none"
    reason = f"--structures names {len(found) or 'none'} of {len(everything)} structure sets and segmentations ({names})"
    return Candidates((), planned, wanted=True, reason=reason)


def labels_of(header: Header) -> set[str]:
    """What a structure set or segmentation is called."""
    return {header.text(keyword) for keyword in NAMING} - {""}
