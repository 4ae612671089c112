"""``study.json``: what a study consists of, for whoever reads its tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from ..cohort.cohort import Cohort, PooledCase
from ..cohort.patient_table import SIMILARITIES
from ..cohort.summary import SummaryRow
from ..defacers import REGISTRY, external_methods
from ..measurement import FAILED, NO_FACE, NOT_AVAILABLE
from ..natural_order import natural
from ..output.code_mark import PACKAGES, package_version
from ..privacy.networks.models import Model, known_models
from ..table_cells import FORMAT, FORMAT_KEY
from ..version import __version__
from ..words import SYNTHETIC_WARNING, without_warning
from .made_with import differing

DEFACED_ELSEWHERE = {"reference": "defaced elsewhere", "limits": "as that tool states", "licence": "as that tool states"}
"""What is told of a method that is not built in."""


def make_manifest(pooled: Cohort, summary: Sequence[SummaryRow]) -> dict[str, Any]:
    """What ``study.json`` holds; nothing in it depends on the clock or on where the files lie."""
    rows = pooled.rows
    status = Counter(row.status for row in rows)
    return {
        "program": "DefaceCompare",
        "version": __version__,
        FORMAT_KEY: FORMAT,
        "cohort": pooled.cohort,
        "synthetic": pooled.synthetic,
        "settings": pooled.settings.as_dict(),
        "differing": differing(pooled.cases),
        "methods": method_entries(pooled),
        "images": list(dict.fromkeys(row.image for row in rows if row.image)),
        "cases": [
            {
                "id": case.id,
                "cohort": case.cohort,
                "synthetic": case.synthetic,
                "notes": _notes(case),
                "warnings": _warnings(case),
                "structures": dict(case.report.structures),
                "files_not_read": dict(case.report.left_out),
            }
            for case in pooled.cases
        ],
        "unreadable": {case: pooled.unreadable[case] for case in sorted(pooled.unreadable, key=natural)},
        "counts": {
            "cases": len(pooled.cases),
            "unreadable": len(pooled.unreadable),
            "measurements": len(rows),
            "failed": status[FAILED],
            "not_available": status[NOT_AVAILABLE],
            "no_face": status[NO_FACE],
            "summary": len(summary),
        },
        "face_model": _face_model(pooled),
        "packages": {name: package_version(name) for name in PACKAGES},
    }


def method_entries(pooled: Cohort) -> list[dict[str, str]]:
    """Every method that ran, as the cases tell it and, for built-in ones, as the method itself does."""
    titles = {key: told["title"] for case in pooled.cases for key, told in case.report.methods.items()}
    listed = []
    for key, variant in dict.fromkeys((arm.method, arm.variant) for arm in pooled.arms):
        known = {method.key: method for method in (*REGISTRY, *external_methods())}.get(key)
        words = {name: getattr(known, name, DEFACED_ELSEWHERE[name]) for name in DEFACED_ELSEWHERE}
        listed.append({"key": key, "title": titles[key], "variant": variant, **words})
    return listed


def _notes(case: PooledCase) -> list[str]:
    """The case's notes without the warning that every page of a synthetic patient carries anyway."""
    return [note for note in case.report.notes if note != SYNTHETIC_WARNING]


def _warnings(case: PooledCase) -> dict[str, list[str]]:
    """What each method warned of, where it did."""
    return {key: told["warnings"] for key, told in case.report.methods.items() if told.get("warnings")}


def _face_model(pooled: Cohort) -> dict[str, Any]:
    """The face recognition models of the cases that have a score, the commonest first, or why nothing was scored."""
    keys = {case.id: case.report.settings.face_models for case in pooled.cases}
    scores = [row for row in pooled.rows if row.metric in SIMILARITIES and keys[row.case][0] in known_models()]
    seen = {record.case for record in pooled.records}  # a model that found no face in any defaced scan has scored all the same
    if not scores and not seen:
        return {"reason": "no face score was asked for"}
    scored = dict.fromkeys(row.case for row in scores if row.status != NOT_AVAILABLE)
    scored |= dict.fromkeys(case.id for case in pooled.cases if case.id in seen and keys[case.id][0] in known_models())
    found = Counter(key for case in scored for key in keys[case])
    if not found:
        return {"reason": without_warning(scores[0].note) if scores else "no face score was asked for"}
    models = [_told(known_models()[key]) for key, _ in found.most_common()]
    if len(models) == 1:
        return models[0]
    return {**models[0], "name": " or ".join(model["name"] for model in models), "models": models}


def _told(model: Model) -> dict[str, Any]:
    return {"key": model.key, "name": model.title, "licence": model.licence, "sha256": model.sha256, "loss": model.loss}
