"""The structures of a patient: the first candidate that can be used, read, with what its rows must say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from ...case import StructureSet
from ...errors import UnusableInput
from ...structures.naming import beside, structure_notes
from .choose_structures import Candidate, Candidates
from .header import Header
from .place_structures import Here, Place, place
from .prescription import target_prescriptions_gy
from .registration import Joins
from .rtstruct import read_structure_set, target_names
from .seg import read_segmentations


@dataclass(frozen=True)
class FoundStructures:
    """The structures of a patient before registrations join frames.

    Parameters
    ----------
    candidate : Candidate, optional
        None where there is none that can be used.
    reason : str
        Why there is none although there are files of structures.
    notes, remarks : tuple of str
        What the case, and every row of the structures, must say.
    unjoined : tuple of StructureSet and other StructureSets, optional
        As read when they were tried, where no registration joins frames: read once.
    """

    candidate: Candidate | None = None
    place: Place = field(default_factory=Place)
    reason: str = ""
    notes: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    unjoined: tuple[StructureSet, tuple[StructureSet, ...]] | None = None

    def read(
        self, joins: Joins, doses: Sequence[Header], plans: Sequence[Header]
    ) -> tuple[StructureSet | None, tuple[StructureSet, ...]]:
        """The structure set in the frame of reference of its images, and its structures in other frames, one set a frame.

        Raises
        ------
        UnusableInput
            If contours are damaged.
        """
        if self.candidate is None:
            return None, ()
        own, others = self._read(joins, doses, plans) if joins or self.unjoined is None else self.unjoined
        return self._remarked(own), tuple(map(self._remarked, others))

    def _read(
        self, joins: Joins, doses: Sequence[Header], plans: Sequence[Header]
    ) -> tuple[StructureSet, tuple[StructureSet, ...]]:
        def target(frame: str) -> str:
            return joins[frame][0] if frame in joins else frame

        own = target(self.place.frame)
        found = self.read_in(own, joins, doses, plans)
        frames = dict.fromkeys(target(frame) for frame in self.place.others)
        elsewhere = [self.read_in(frame, joins, doses, plans) for frame in frames if frame != own]
        taken, others = list(found.structures), []
        for one in elsewhere:
            structures = beside(taken, one.structures)
            taken += structures
            others += [replace(one, structures=structures, notes=structure_notes(structures))] if structures else []
        return found, tuple(others)

    def _remarked(self, one: StructureSet) -> StructureSet:
        """A set of which every row says what must be said of it."""
        structures = tuple(replace(each, notes=(*each.notes, *self.remarks)) for each in one.structures)
        return replace(one, structures=structures, remarks=self.remarks)

    def read_in(self, frame: str, joins: Joins, doses: Sequence[Header], plans: Sequence[Header]) -> StructureSet:
        """The structures in one frame of reference."""
        assert self.candidate is not None
        if self.candidate.segmentation:
            return read_segmentations(self.candidate.headers, frame, self.place.series)
        header = self.candidate.headers[0]
        prescribed = target_prescriptions_gy(header, target_names(header), doses, plans)
        return read_structure_set(header, frame, prescribed, replace(self.place.around, joins=joins))


def find_structures(
    found: Candidates, here: Here, joins: Joins, doses: Sequence[Header], plans: Sequence[Header]
) -> FoundStructures:
    """The first candidate that can be used: one that can be placed and read, and of which a structure is drawn.

    Where none is drawn, the first that can be read is taken: its rows give the reasons. Candidates of one rank are not chosen
    between.
    """
    if found.reason:
        return FoundStructures(reason=found.reason, notes=(found.reason,))
    tried: dict[str, str] = {}
    empty: FoundStructures | None = None
    for rank in dict.fromkeys(candidate.rank for candidate in found.ordered):
        equal = [candidate for candidate in found.ordered if candidate.rank == rank]
        usable = []
        for candidate in equal:
            one, drawn = _tried(candidate, here, joins, doses, plans, tried)
            if one is not None and drawn:
                usable.append(one)
            elif one is not None:
                empty = empty or one
                tried[candidate.name] = "none of its structures is drawn"
        if len(usable) > 1:
            names = ", ".join(one.candidate.name for one in usable if one.candidate is not None)
            reason = f"{len(usable)} structure sets and no rule to choose one; choose with --structures: {names}"
            return FoundStructures(reason=reason, notes=(reason,))
        if usable:
            return _told(usable[0], found, tried, doses)
    if empty is not None and empty.candidate is not None:
        return _told(empty, found, {name: why for name, why in tried.items() if name != empty.candidate.name}, doses)
    reason = "; ".join(tried.values())
    return FoundStructures(reason=reason, notes=(reason,) if reason else ())


def _tried(
    candidate: Candidate,
    here: Here,
    joins: Joins,
    doses: Sequence[Header],
    plans: Sequence[Header],
    tried: dict[str, str],
) -> tuple[FoundStructures | None, bool]:
    """A candidate with its place, and whether a structure of it is drawn; None, and the reason in `tried`, if it is unusable."""
    try:
        where = place(candidate, here)
        reason = where.reason if not candidate.contradicted else f"{candidate.contradicted}: none of them was used"
        if reason:
            tried[candidate.name] = reason
            return None, False
        found = FoundStructures(candidate, where, notes=where.notes)
        own, elsewhere = found._read(joins, doses, plans)
    except UnusableInput as damage:
        tried[candidate.name] = str(damage)
        return None, False
    drawn = any(not structure.problem for one in (own, *elsewhere) for structure in one.structures)
    return found if joins else replace(found, unjoined=(own, elsewhere)), drawn


def _told(chosen: FoundStructures, found: Candidates, tried: Mapping[str, str], doses: Sequence[Header]) -> FoundStructures:
    """A choice with what must be said of it."""
    candidate = chosen.candidate
    assert candidate is not None
    notes = [*chosen.notes, *(f"{name} was not used: {why}" for name, why in tried.items())]
    remarks: list[str] = []
    sets = [one for one in found.ordered if not one.segmentation]
    segmentations = [one for one in found.ordered if one.segmentation and one is not candidate]
    if found.planned_uids and not candidate.planned:
        where = "could not be used" if any(one.planned for one in found.ordered) else "is not here"
        how = "chosen by the user" if found.wanted else f"the one that it refers to {where}"
        remarks.append(f"{candidate.name} is not the one of the plan: {how}")
    elif len(found.planned_uids) > 1:
        remarks.append(
            f"{candidate.name} is the one of a plan, but the plans behind the dose were made on {len(found.planned_uids)}"
        )
    elif found.wanted:
        notes.append(f"{candidate.name} was chosen by the user")
    elif candidate.planned and len(sets) > 1:
        notes.append(f"{candidate.name} was used: it is the one of the plan")
    elif not candidate.segmentation and len(sets) > 1:
        remarks.append(f"{candidate.name} was used (approved, then newest): no plan says which")
    if not found.planned_uids and _of_other_studies(candidate, doses):
        remarks.append(
            f"{candidate.name} and the dose are of different studies, and no plan joins them: they may not belong together"
        )
    if candidate.rejected:
        remarks.append(f"{candidate.name} was rejected (ApprovalStatus)")
    if segmentations:
        count = sum(len(one.headers) for one in segmentations)
        instead = "those of one series were" if candidate.segmentation else f"the {candidate.name} was"
        notes.append(f"{count} DICOM segmentation{'s' * (count > 1)} (SEG) not used: {instead} read")
    return replace(chosen, notes=(*notes, *remarks), remarks=tuple(remarks))


def _of_other_studies(candidate: Candidate, doses: Sequence[Header]) -> bool:
    """Whether structures and doses state studies, and none in common: those of another course may lie in the same frame."""
    own, others = ({header.text("StudyInstanceUID") for header in headers} - {""} for headers in (candidate.headers, doses))
    return bool(own and others) and not own & others
