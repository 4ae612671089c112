"""How many of a set's structures were measured, and why the others were not: by standard name or place holder only."""

from __future__ import annotations

from ..case import Case, Structure
from ..structures.count import StructureCount
from ..structures.organs import EXCLUDE, EXTERNAL
from .baseline import Baseline
from .dose_sampling import DoseSamples

HELPER, OUTLINE = "helper, excluded", "body outline, excluded"


def count_structures(case: Case, baseline: Baseline) -> StructureCount:
    """Count the structures of a case that have numbers on an image or in the dose; empty without a structure set."""
    if case.structure_set is None:
        return {}
    sets = (case.structure_set, *case.other_structure_sets)
    structures = [structure for one in sets for structure in one.structures]
    reasons: dict[str, list[str]] = {}
    for structure in structures:
        reason = _reason(structure, baseline)
        if reason:
            reasons.setdefault(reason, []).append(structure.standard_name)
    missing = sum(map(len, reasons.values()))
    return {"total": len(structures), "measured": len(structures) - missing, "not_measured": reasons}


def _reason(structure: Structure, baseline: Baseline) -> str:
    """Why a structure has no number at all; ``""`` if it has one."""
    if structure.group in (EXCLUDE, EXTERNAL):
        return HELPER if structure.group == EXCLUDE else OUTLINE
    name = structure.standard_name
    found = [image if isinstance(image, str) else image.regions[name] for image in baseline.images.values()]
    dose = baseline.dose.get(name, baseline.dose_reason or "the case has no dose")
    if isinstance(dose, DoseSamples) or not all(isinstance(each, str) for each in found):
        return ""
    return next((each for each in (*found, dose) if isinstance(each, str)), "")
