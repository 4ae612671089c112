"""The result of one case: its rows and how they came about."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import SimpleITK as sitk

from . import __version__
from .case import Case
from .measurement import Measurement, write_measurements
from .settings import Settings


@dataclass(frozen=True)
class CaseReport:
    """All numbers of one case.

    Parameters
    ----------
    case_id : str
    synthetic : bool
    measurements : tuple of Measurement
        Every method's rows, in the order of the methods.
    methods : mapping of method key to what it did
        Title, variant, status, note, warnings, parameters, and for each defaced image its file, box and SHA-256.
    settings : Settings
    inputs : mapping of image key to SHA-256 of geometry and voxels
    seconds : mapping of method key to seconds (kept out of `case_report.json`, whose bytes must not depend on the clock)
    notes : tuple of str
        What a reader of the numbers must know about this case.
    """

    case_id: str
    synthetic: bool
    measurements: tuple[Measurement, ...]
    methods: Mapping[str, Mapping[str, Any]]
    settings: Settings
    inputs: Mapping[str, str]
    seconds: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    version: str = __version__

    def write(self, out: Path) -> None:
        """Write ``cases/<id>/``: measurements, timings and, last, ``case_report.json``, whose presence means *finished*."""
        folder = out / "cases" / self.case_id
        folder.mkdir(parents=True, exist_ok=True)
        write_measurements(folder / "measurements.csv", self.measurements)
        _write_json(folder / "timings.json", dict(self.seconds))
        content = {
            "program": "DefaceCompare",
            "version": self.version,
            "case": self.case_id,
            "synthetic": self.synthetic,
            "settings": self.settings.as_dict(),
            "inputs": dict(self.inputs),
            "methods": {key: dict(value) for key, value in self.methods.items()},
            "notes": list(self.notes),
        }
        _write_json(folder / "case_report.json", content)


def input_hashes(case: Case) -> dict[str, str]:
    """SHA-256 of geometry and voxels of every image and the dose."""
    images = {image.key: image.image for image in case.images}
    if case.dose is not None:
        images["DOSE"] = case.dose.image
    return {key: image_hash(image) for key, image in images.items()}


def image_hash(image: sitk.Image) -> str:
    """SHA-256 of an image's geometry and voxels, whatever file it came from."""
    digest = hashlib.sha256(repr((image.GetSize(), image.GetSpacing(), image.GetOrigin(), image.GetDirection())).encode())
    digest.update(image.GetPixelIDTypeAsString().encode())
    digest.update(sitk.GetArrayViewFromImage(image).data)
    return digest.hexdigest()


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    temporary = path.with_name(path.name + ".part")
    temporary.write_text(json.dumps(content, indent=1, sort_keys=True, default=str) + "\n", encoding="utf-8")
    temporary.replace(path)
