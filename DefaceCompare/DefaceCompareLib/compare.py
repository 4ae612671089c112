"""The one flow: a case is defaced by each method in turn, checked and measured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import SimpleITK as sitk

from .anatomy.best_head import best_head
from .anatomy.head import Head
from .case import Case, CaseImage
from .case_faces import CaseFaces
from .case_report import CaseReport, image_hash, input_hashes
from .defacers.deface import NO_REGISTRATION, deface
from .defacers.defacing import Defacer, Defacing
from .errors import FaceNotFound
from .export.kept_edit import keep_edit
from .measurement import Measurement, Scope
from .output_folders import case_folder, identifiable_folder
from .progress import Progress, report_step, silent
from .quality import OriginalSkin, quality_rows
from .quality_dose import dose_quality_rows
from .settings import Settings
from .utility.baseline import Baseline, utility_baseline
from .utility.dvh_table import DvhTable
from .utility.rows import utility_rows

SYNTHETIC_NOTE = "SYNTHETIC: tests the pipeline; AUC depends on the chosen deformation; not evidence about a method"
"""Stands on every row and page of synthetic patients: they are deformations of the average head that methods register to."""
COMPRESSION_LEVEL = 1
"""gzip level of the defaced images: the fastest one, since every method writes every image."""


def compare_case(
    case: Case, methods: Sequence[Defacer], settings: Settings, progress: Progress = silent, out: Path | None = None
) -> CaseReport:
    """Deface one patient by every method and measure what it costs and what it protects.

    Parameters
    ----------
    case : Case
    methods : sequence of Defacer
        Run, measured, written and freed one at a time.
    settings : Settings
    progress : callable
        ``progress(done, total, text) -> bool``; False raises `Cancelled`.
    out : Path, optional
        Where to write ``cases/<id>/`` and ``identifiable/``; nothing is written if it is None.

    Returns
    -------
    CaseReport
        A method or image that failed is a row with the reason, never a missing row.

    Raises
    ------
    UnusableInput
        If an image cannot be measured at all (constant, NaN).
    Cancelled
        If `progress` answers False.
    """
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)  # results must not depend on the number of cores
    total = 2 + len(methods)
    report_step(progress, 0, total, f"{case.id}: finding the head")
    heads, reasons = find_heads(case, settings)
    baseline = utility_baseline(case, settings)
    report_step(progress, 1, total, f"{case.id}: drawing the original face")
    faces = CaseFaces(case, heads, reasons, settings, out)
    skins: dict[str, OriginalSkin] = {}
    rows: list[Measurement] = []
    curves = DvhTable()
    told: dict[str, dict[str, Any]] = {}
    seconds: dict[str, float] = {}
    for number, method in enumerate(methods):
        report_step(progress, 2 + number, total, f"{case.id}: {method.title}")
        defacing = deface(method, case, heads, settings, reasons)
        scope = _scope(case, defacing)
        rows += quality_rows(case, heads, defacing, scope, settings, skins)
        rows += dose_quality_rows(case, heads, defacing, scope)
        rows += faces.rows(defacing, scope)
        rows += utility_rows(case, baseline, defacing, scope, settings, curves)
        told[defacing.method] = _what_it_did(case, defacing, out)
        seconds[defacing.method] = defacing.seconds
    report = CaseReport(
        case_id=case.id,
        synthetic=case.synthetic,
        measurements=tuple(rows),
        methods=told,
        settings=settings,
        inputs=input_hashes(case),
        seconds=seconds,
        notes=_notes(case, heads, reasons, baseline),
    )
    if out is not None:
        faces.write()
        curves.write(case_folder(out, case.id) / "dvh.csv")
        report.write(out)
    report_step(progress, total, total, f"{case.id}: done")
    return report


def find_heads(case: Case, settings: Settings) -> tuple[dict[str, Head], dict[str, str]]:
    """Search one head in each frame of reference, on its first image that shows a full face, else on the first that shows a part.

    Returns
    -------
    heads : dict of image key to Head
        Images of one frame share one `Head`.
    reasons : dict of image key to str
        Why an image has none.
    """
    heads: dict[str, Head] = {}
    reasons: dict[str, str] = {}
    for images in _frames(case):
        try:
            head, beyond = best_head(case, images, settings)
        except FaceNotFound as failure:
            reason = str(failure)
            if images[0] is not case.primary:
                reason = f"{NO_REGISTRATION}, and its own search failed: {reason}"
            reasons.update({each.key: reason for each in images})
            continue
        heads.update({each.key: head for each in images if each.key not in beyond})
        reasons.update(beyond)
    return heads, reasons


def _frames(case: Case) -> Iterator[list[CaseImage]]:
    """The images of each frame of reference, the primary's first."""
    for uid in dict.fromkeys(image.frame_of_reference_uid for image in case.images):
        yield [image for image in case.images if image.frame_of_reference_uid == uid]


def _scope(case: Case, defacing: Defacing) -> Scope:
    note = SYNTHETIC_NOTE if case.synthetic else ""
    return Scope(case.id, defacing.method, defacing.variant, defacing.fill, defacing.protect, note)


def _what_it_did(case: Case, defacing: Defacing, out: Path | None) -> dict[str, Any]:
    """One method's entry in ``case_report.json``; its defaced images are written on the way."""
    images: dict[str, Any] = {}
    for key, patch in defacing.patches.items():
        own_frame = case.image(key).own_frame
        edited = defacing.edited_image(case.image(key))
        edited = edited if own_frame is None else own_frame.put_back(edited)
        images[key] = {"box_offset": list(patch.offset), "box_size": list(patch.values.shape[::-1]), "sha256": image_hash(edited)}
        if out is not None:
            images[key]["file"] = f"cases/{case.id}/{defacing.method}/{key}.nrrd"
            _write_image(edited, out / images[key]["file"])
    if out is not None:
        _save_logs(case, defacing, out)
        keep_edit(out, case, defacing)
    return {
        "title": defacing.title,
        "variant": defacing.variant,
        "status": defacing.status,
        "note": defacing.note,
        "warnings": list(defacing.warnings),
        "parameters": dict(defacing.parameters),
        "unavailable": dict(defacing.unavailable),
        "images": images,
    }


def _save_logs(case: Case, defacing: Defacing, out: Path) -> None:
    """What tools in child processes said; they may name the patient."""
    for key, text in defacing.logs.items():
        path = identifiable_folder(out, "logs", case.id) / f"{defacing.method}_{key}.txt"
        temporary = path.with_name(path.name + ".part")
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)


def _write_image(image: sitk.Image, path: Path) -> None:
    """Write NRRD under a temporary name, so that a half-written image never bears a defaced name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"part-{path.name}")
    sitk.WriteImage(image, str(temporary), True, compressionLevel=COMPRESSION_LEVEL)
    temporary.replace(path)


def _notes(case: Case, heads: Mapping[str, Head], reasons: Mapping[str, str], baseline: Baseline) -> tuple[str, ...]:
    """What a reader of this case's numbers must know, each thing once."""
    notes = [SYNTHETIC_NOTE] if case.synthetic else []
    notes += case.notes
    notes += [f"{image.key}: {note}" for image in case.images for note in image.notes]
    notes += case.structure_set.notes if case.structure_set else ()
    notes += case.dose.notes if case.dose else ()
    for head in {id(head): head for head in heads.values()}.values():
        notes += [f"{head.image_key}: {note}" for note in (*head.notes, f"face in the scan: {head.face_extent}")]
    notes += [f"{key}: {reason}" for key, reason in reasons.items()]
    notes += baseline.notes
    return tuple(dict.fromkeys(notes))
