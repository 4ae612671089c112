"""What one method leaves of a case: its defaced images, its edit, its logs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import SimpleITK as sitk

from ..case import Case
from ..case_report import image_hash
from ..defacers.defacing import Defacing
from ..measurement import NO_FACE
from ..storage.atomic import write_text, written
from ..storage.native_names import native_name
from .folder import OutputFolder
from .kept_edit import keep_edit

COMPRESSION_LEVEL = 1
"""gzip level of the defaced images: the fastest one, since every method writes every image."""


def write_defacing(case: Case, defacing: Defacing, out: Path | None) -> dict[str, Any]:
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
        "no_face": [key for key, missing in defacing.unavailable.items() if missing.status == NO_FACE],
        "unavailable": {key: missing.reason for key, missing in defacing.unavailable.items()},
        "images": images,
    }


def _save_logs(case: Case, defacing: Defacing, out: Path) -> None:
    """What tools in child processes said; they may name the patient."""
    for key, text in defacing.logs.items():
        folder = OutputFolder(out)
        path = folder.make_private(folder.logs(case.id)) / f"{defacing.method}_{key}.txt"
        write_text(path, text)


def _write_image(image: sitk.Image, path: Path) -> None:
    """Write NRRD under a temporary name, so that a half-written image never bears a defaced name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with written(path) as temporary:
        sitk.WriteImage(image, native_name(temporary), True, compressionLevel=COMPRESSION_LEVEL)
