"""Output folders with made-up but realistic numbers, for the tests of pooling and report (no patient, no image)."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from deface_compare.case_report import CaseReport
from deface_compare.defacers import REGISTRY
from deface_compare.measurement import Measurement, Scope
from deface_compare.output.folder import OutputFolder
from deface_compare.privacy.face_prints import FacePrint, FacePrints, save_face_prints
from deface_compare.settings import Settings
from deface_compare.words import SYNTHETIC_WARNING

METHODS = ("quickshear", "biometric_mask", "average_face", "surface_blur")
ORGANS_CC = {
    "Brain": 1310.0,
    "Brainstem": 26.0,
    "Bone_Mandible": 62.0,
    "Cavity_Oral": 71.0,
    "OpticChiasm": 0.6,
    "Eye_L": 7.9,
    "Eye_R": 8.1,
    "Lens_L": 0.18,
    "Lens_R": 0.19,
    "OpticNrv_L": 0.7,
    "OpticNrv_R": 0.7,
    "Parotid_L": 27.0,
    "Parotid_R": 28.0,
    "GTV": 38.0,
    "PTV": 160.0,
    "External": 4200.0,
}
ALTERED_PERCENT = {
    "quickshear": {"Cavity_Oral": 71.0, "Bone_Mandible": 48.0, "Eye_L": 40.0, "Eye_R": 41.0, "Lens_L": 96.0, "Lens_R": 97.0},
    "biometric_mask": {"Cavity_Oral": 44.0, "Bone_Mandible": 30.0, "Parotid_L": 6.0, "Parotid_R": 6.0},
    "average_face": {"Lens_L": 22.0, "Lens_R": 21.0, "Cavity_Oral": 5.0, "Bone_Mandible": 4.0},
    "surface_blur": {"Lens_L": 30.0, "Lens_R": 31.0, "Eye_L": 9.0, "Eye_R": 9.0, "Cavity_Oral": 2.0},
}
LIKENESS = {"quickshear": 0.1, "biometric_mask": 0.85, "average_face": 0.25, "surface_blur": 0.55}
"""How much of a face a method leaves, 0 to 1."""
FACE_LENGTH, VIEWS = 64, 5


def make_out(
    out: Path,
    cases: int,
    *,
    seed: int = 1,
    synthetic: bool = True,
    images: tuple[str, ...] = ("CT", "MR_T1"),
    fails: bool = False,
    name: str = "case-{:03d}",
) -> Path:
    """Write an output folder as ``study`` leaves it before pooling.

    Parameters
    ----------
    fails : bool
        Let average_face fail on the second case.
    name : str
        Of a case, with its number.
    """
    generator = np.random.default_rng(seed)
    (out / "identifiable" / "face_prints").mkdir(parents=True)
    for number in range(1, cases + 1):
        case = name.format(number)
        failed = {"average_face"} if fails and number == 2 else set()
        rows = [row for method in METHODS for row in _rows(generator, case, method, images, synthetic, method in failed)]
        titles = {method.key: {"title": method.title} for method in REGISTRY}
        methods = {method: titles.get(method, {"title": method}) for method in METHODS}
        notes = [SYNTHETIC_WARNING] if synthetic else []
        seconds = dict.fromkeys(METHODS, 3.5)
        report = CaseReport(case, synthetic, tuple(rows), methods, Settings(), {}, seconds, (*notes, "no PET"))
        report.write(OutputFolder(out).make_case(case))
        save_face_prints(out / "identifiable" / "face_prints" / f"{case}.npz", _prints(generator, images, failed))
    with (out / "identifiable" / "key.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows(
            [("case", "person", "source"), *((name.format(k), f"P{k}", "") for k in range(1, cases + 1))]
        )
    return out


def _rows(
    generator: np.random.Generator, case: str, method: str, images: tuple[str, ...], synthetic: bool, failed: bool
) -> list[Measurement]:
    scope = Scope(case, method, "", "background", "none", synthetic)
    rows: list[Measurement] = []
    for image in images:
        if failed:
            rows += [
                scope.missing(m, "the registration found no face", image=image, status="failed") for m in ("success", "median")
            ]
            continue
        rows += _quality(generator, scope, image) + _privacy(generator, scope, method, image)
        for organ, planned in ORGANS_CC.items():
            percent = ALTERED_PERCENT[method].get(organ, 0.0)
            percent = min(100.0, max(0.0, percent + generator.normal(0, 4))) if percent else 0.0
            rows += _utility(generator, scope, image, organ, planned, percent, method)
    return rows


def _quality(generator: np.random.Generator, scope: Scope, image: str) -> list[Measurement]:
    gone, whole = float(generator.random() > 0.1), 1.0
    return [
        scope.row("success", defaced=gone * whole, image=image),
        scope.row("done_as_intended", defaced=gone, image=image),
        scope.row("data_whole", defaced=whole, image=image),
        scope.row("face_covered_fraction", defaced=generator.normal(85, 6), image=image),
        scope.row("face_surface_moved_p95", defaced=abs(generator.normal(20, 5)), image=image),
        scope.row("brain_voxels_altered", defaced=0.0, image=image),
        scope.row("edited_volume", defaced=generator.normal(400, 50), image=image),
        scope.row("target_altered_volume", defaced=0.0, image=image),
    ]


def _privacy(generator: np.random.Generator, scope: Scope, method: str, image: str) -> list[Measurement]:
    cosine = LIKENESS[method] * 0.6 + 0.3 + generator.normal(0, 0.04)
    detected = float(generator.random() < 0.3 + LIKENESS[method])
    own = (
        scope.row("cosine_similarity_own", defaced=cosine, image=image)
        if detected
        else scope.missing("cosine_similarity_own", "no face detected", image=image)
    )
    return [
        own,
        scope.row("cosine_similarity_reference", defaced=cosine + 0.05, image=image),
        scope.row("face_detected", original=1.0, defaced=detected, image=image),
        scope.row("face_surface_distance", original=0.0, defaced=abs(generator.normal(6, 1)), image=image),
    ]


def _utility(
    generator: np.random.Generator, scope: Scope, image: str, organ: str, planned: float, percent: float, method: str
) -> list[Measurement]:
    lost = planned * percent / 100
    drop = -9.0 * percent if method in ("quickshear", "biometric_mask") else 0.8 * percent
    unit = "HU" if image == "CT" else "a.u."
    place = {"image": image, "structure": organ}
    rows = [
        scope.row("planned_volume", original=planned, **place),
        scope.row("intact_volume", original=planned, defaced=planned - lost, change_percent=-percent, **place),
        scope.row("tissue_volume", original=planned, defaced=planned - 0.8 * lost, change_percent=-0.8 * percent, **place),
        scope.row("median", original=40.0, defaced=40.0 + drop, change_percent=drop / 0.4, unit=unit, **place),
        scope.row("mean_absolute_difference", defaced=abs(drop), unit=unit, **place),
        scope.row("altered_fraction", defaced=percent, **place),
    ]
    if image != "CT":
        return rows
    for policy in ("keep", "mask", "follow"):
        change = 0.0 if policy == "keep" or organ == "GTV" else -0.12 * percent * abs(generator.normal(1, 0.2))
        for metric, dose in (("Dmean", 21.0), ("Dmax", 58.0), ("D95%", 9.0)):
            where = {"image": "DOSE", "structure": organ, "dose_policy": policy, "engine": "builtin-slab-x4"}
            rows.append(scope.row(metric, original=dose, defaced=dose + change, change_percent=change / 0.6, **where))
    return rows


def _prints(generator: np.random.Generator, images: tuple[str, ...], failed: set[str]) -> FacePrints:
    prints = {}
    for image in images:
        face = generator.normal(size=(1, FACE_LENGTH)) + 0.1 * generator.normal(size=(VIEWS, FACE_LENGTH))
        found = np.ones(VIEWS, bool)
        no_levels = np.empty((0, FACE_LENGTH), np.float32)
        nothing = no_levels, no_levels, np.full(FACE_LENGTH, np.nan, np.float32)
        prints[image, "original"] = FacePrint(*[_unit(face)] * 4, found, *nothing)
        control = _unit(face + 0.3 * generator.normal(size=face.shape))
        prints[image, "rerendered"] = FacePrint(*[control] * 4, found, *nothing)
        for method in METHODS:
            if method in failed:
                continue
            left, noise = LIKENESS[method], generator.normal(size=(1, FACE_LENGTH))
            own = _unit(0.35 * left * face + noise)
            if generator.random() > 0.3 + left:
                own = np.full_like(own, np.nan)
            reference = _unit((0.2 + 0.4 * left) * face + noise)
            prints[image, method] = FacePrint(
                own, reference, own, own, np.isfinite(own[:, 0]), no_levels, no_levels, reference[0]
            )
    return FacePrints("sface", "0" * 64, prints)


def _unit(vectors: np.ndarray) -> np.ndarray:
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def change_rows(
    out: Path, change: Callable[[list[Measurement]], list[Measurement]], face_models: Mapping[str, str] | None = None
) -> Path:
    """Write the finished cases of an output folder anew, with other rows.

    Parameters
    ----------
    change : callable
        From the rows of a case to those that it shall have.
    face_models : mapping of case id to key, optional
        Of cases that were scored by another model than the default one.
    """
    for folder in OutputFolder(out).finished_cases():
        report = CaseReport.read(folder)
        model = (face_models or {}).get(report.case_id, report.settings.face_model)
        settings = replace(report.settings, face_model=model)
        replace(report, measurements=tuple(change(list(report.measurements))), settings=settings).write(folder)
    return out


def failed_rows(rows: Iterable[Measurement], reason: str = "the registration found no face") -> list[Measurement]:
    """The rows of a method that failed: the original's numbers stay known."""
    nothing = {"defaced": math.nan, "change": math.nan, "change_percent": math.nan}
    return [replace(row, **nothing, status="failed", note=reason) for row in rows]  # type: ignore[arg-type]
