"""The result of one case: its rows and how they came about."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import SimpleITK as sitk

from .case import DOSE_IMAGE, Case
from .errors import UnusableInput
from .measurement import Measurement
from .measurement_table import measurement_table, read_measurements, write_measurements
from .settings import Settings
from .storage.atomic import write_text
from .table_cells import FORMAT, FORMAT_KEY
from .version import __version__

if TYPE_CHECKING:
    import pandas

REPORT, MEASUREMENTS, TIMINGS = "case_report.json", "measurements.csv", "timings.json"
"""The files of a case. The report comes last; the timings stand apart, since its bytes must not depend on the clock."""


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
    structures: Mapping[str, Any] = field(default_factory=dict)
    """How many structures were measured, and why the others were not (`structures.count`); empty without a structure set."""
    left_out: Mapping[str, int] = field(default_factory=dict)
    """How many of the patient's files were not used, by reason."""
    version: str = __version__

    @property
    def table(self) -> pandas.DataFrame:
        """The rows as a table, one number a row (docs/measurements.md)."""
        return measurement_table(self.measurements)

    def write(self, folder: Path) -> None:
        """Write measurements, timings and, last, ``case_report.json``, whose presence means *finished*.

        Parameters
        ----------
        folder : Path
            ``OUT/cases/<id>``; it must be there.
        """
        write_measurements(folder / MEASUREMENTS, self.measurements)
        _write_json(folder / TIMINGS, dict(self.seconds))
        content = {
            "program": "DefaceCompare",
            "version": self.version,
            FORMAT_KEY: FORMAT,
            "case": self.case_id,
            "synthetic": self.synthetic,
            "settings": self.settings.as_dict(),
            "inputs": dict(self.inputs),
            "methods": {key: dict(value) for key, value in self.methods.items()},
            "notes": list(self.notes),
            "structures": dict(self.structures),
            "files_not_read": dict(self.left_out),
        }
        _write_json(folder / REPORT, content)

    @classmethod
    def read(cls, folder: Path, *, measurements: bool = True) -> CaseReport:
        """Read what `write` wrote.

        Parameters
        ----------
        folder : Path
            ``OUT/cases/<id>``.
        measurements : bool
            False leaves the rows out, which a case has hundreds of.

        Raises
        ------
        UnusableInput
            If the folder is no finished case, or a file of it is damaged.
        """
        path = folder / REPORT
        if not path.is_file():
            raise UnusableInput(f"{folder} is no finished case: it holds no {REPORT}; give OUT/cases/<id>")
        timings = folder / TIMINGS
        try:
            told = json.loads(path.read_text(encoding="utf-8"))
            refuse_later_format(path, told)
            if measurements and not (folder / MEASUREMENTS).is_file():
                raise UnusableInput(f"{folder / MEASUREMENTS} is missing; compare case {folder.name} again")
            return cls(
                case_id=str(told["case"]),
                synthetic=bool(told["synthetic"]),
                measurements=tuple(read_measurements(folder / MEASUREMENTS)) if measurements else (),
                methods=told["methods"],
                settings=Settings.from_dict(told["settings"]),
                inputs=told["inputs"],
                seconds=json.loads(timings.read_text(encoding="utf-8")) if timings.is_file() else {},
                notes=tuple(told["notes"]),
                structures=told.get("structures", {}),
                left_out=told.get("files_not_read", {}),
                version=str(told["version"]),
            )
        except KeyError as error:
            raise UnusableInput(f"{path} is damaged (no {error.args[0]}); compare the case again") from error
        except (ValueError, TypeError, StopIteration) as error:
            raise UnusableInput(f"{path} is damaged ({error}); compare the case again") from error


def refuse_later_format(path: Path, told: Mapping[str, Any]) -> None:
    """Refuse tables of a version to come.

    Raises
    ------
    UnusableInput
        If ``case_report.json`` or ``study.json`` names a later format than this version writes.
    """
    written = told.get(FORMAT_KEY, 1)
    if written > FORMAT:
        raise UnusableInput(f"{path} is of tables of format {written}, this version reads up to {FORMAT}; update deface-compare")


def input_hashes(case: Case) -> dict[str, str]:
    """SHA-256 of geometry and voxels of every image and the dose."""
    images = {image.key: image.image for image in case.images}
    if case.dose is not None:
        images[DOSE_IMAGE] = case.dose.image
    return {key: image_hash(image) for key, image in images.items()}


def image_hash(image: sitk.Image) -> str:
    """SHA-256 of an image's geometry and voxels, whatever file it came from."""
    digest = hashlib.sha256(repr((image.GetSize(), image.GetSpacing(), image.GetOrigin(), image.GetDirection())).encode())
    digest.update(image.GetPixelIDTypeAsString().encode())
    digest.update(sitk.GetArrayViewFromImage(image).data)
    return digest.hexdigest()


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    write_text(path, json.dumps(content, indent=1, sort_keys=True, default=str) + "\n")
